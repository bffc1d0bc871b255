/* SPDX-License-Identifier: Apache-2.0 */
/* shmget(2) and its like: segments are files without names, as MAP_SHARED | MAP_ANONYMOUS memory is, and attached where
 * areas show them, so fork, exec and munmap count by themselves. Errors are Linux's. Threads only. */
#pragma once
#include "abi/linux/ipc.h"
#include "lib/base.h"

int64_t shared_memory_get(int32_t key, uint64_t bytes, uint32_t flags);
int64_t shared_memory_attach(uint32_t id, uint64_t address, uint32_t flags);
int64_t shared_memory_detach(uint64_t address);
int64_t shared_memory_control(uint32_t id, uint32_t operation, uint64_t address);

/* Removes all, at the machine's end: nobody uses them any more. */
void shared_memory_fini(void);
