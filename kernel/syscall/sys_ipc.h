/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of System V IPC, and of POSIX message queues. */
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

int64_t sys_mq_open(uint64_t name, uint64_t flags, uint64_t mode, uint64_t attributes);
int64_t sys_mq_unlink(uint64_t name);
int64_t sys_mq_timedsend(uint64_t fd, uint64_t message, uint64_t bytes, uint64_t priority, uint64_t timeout);
int64_t sys_mq_timedreceive(uint64_t fd, uint64_t message, uint64_t bytes, uint64_t priority,
                            uint64_t timeout);
int64_t sys_mq_notify(uint64_t fd, uint64_t event);
int64_t sys_mq_getsetattr(uint64_t fd, uint64_t wanted, uint64_t before);
