/* SPDX-License-Identifier: Apache-2.0 */
/* What the log's text and the records of its lines share. */
#pragma once
#include "config.h"
#include "core/lock.h"

extern struct spinlock log_lock;

/* The last bytes of the log; `log_end` counts every byte ever written, so the ring holds
 * [log_end - min(log_end, size), log_end). Under log_lock; tools/gdb reads these two by name. */
extern char log_ring[CONFIG_LOG_RING_BYTES];
extern uint64_t log_end;

/* A line is about to be appended to the ring: after `prefix` bytes, `bytes` of text. */
void log_record_add_locked(uint32_t priority, uint64_t time_us, size_t prefix, size_t bytes)
    REQUIRES(log_lock);
