/* SPDX-License-Identifier: Apache-2.0 */
/* semget(2) and its like: sets of semaphores, several of which change in one step. Errors are Linux's. Threads only. */
#pragma once
#include "abi/linux/ipc.h"
#include "lib/base.h"

struct process;

int64_t semaphore_set_get(int32_t key, uint64_t count, uint32_t flags);
/* Until the deadline, UINT64_MAX: for ever. */
int64_t semaphore_set_operate(uint32_t id, const struct linux_sembuf *operations, uint32_t count,
                              uint64_t deadline_ns);
/* `argument` is a value or a user address, as the operation wants it. */
int64_t semaphore_set_control(uint32_t id, uint32_t number, uint32_t operation, uint64_t argument);

/* The process ends: what it did with SEM_UNDO is undone. */
void semaphore_set_undo(struct process *process);

/* Removes all, at the machine's end: nobody uses them any more. */
void semaphore_set_fini(void);
