/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of System V IPC. */
#pragma once
#include "lib/base.h"

int64_t sys_shmget(uint64_t key, uint64_t bytes, uint64_t flags);
int64_t sys_shmat(uint64_t id, uint64_t address, uint64_t flags);
int64_t sys_shmdt(uint64_t address);
int64_t sys_shmctl(uint64_t id, uint64_t operation, uint64_t address);
int64_t sys_semget(uint64_t key, uint64_t count, uint64_t flags);
int64_t sys_semop(uint64_t id, uint64_t operations, uint64_t count);
int64_t sys_semtimedop(uint64_t id, uint64_t operations, uint64_t count, uint64_t timeout);
int64_t sys_semctl(uint64_t id, uint64_t number, uint64_t operation, uint64_t argument);
int64_t sys_msgget(uint64_t key, uint64_t flags);
int64_t sys_msgsnd(uint64_t id, uint64_t message, uint64_t bytes, uint64_t flags);
int64_t sys_msgrcv(uint64_t id, uint64_t message, uint64_t bytes, uint64_t type, uint64_t flags);
int64_t sys_msgctl(uint64_t id, uint64_t operation, uint64_t address);
