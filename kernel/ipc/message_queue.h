/* SPDX-License-Identifier: Apache-2.0 */
/* msgget(2) and its like. Errors are Linux's. Threads only. */
#pragma once
#include "abi/linux/ipc.h"
#include "lib/base.h"

int64_t message_queue_get(int32_t key, uint32_t flags);
/* `address` is of the bytes behind the type. */
int64_t message_queue_send(uint32_t id, int64_t type, uint64_t address, uint64_t bytes, uint32_t flags);
/* The number of bytes; `message` is the user's structure, type first. */
int64_t message_queue_receive(uint32_t id, uint64_t message, uint64_t bytes, int64_t type, uint32_t flags);
int64_t message_queue_control(uint32_t id, uint32_t operation, uint64_t address);

/* Removes all, at the machine's end: nobody uses them any more. */
void message_queue_fini(void);
