/* SPDX-License-Identifier: Apache-2.0 */
/* What poll, select and epoll_wait are told of when to stop. */
#pragma once
#include "lib/base.h"

/* When to stop waiting. 0: do not wait at all. */
struct deadline {
    uint64_t ns; /* UINT64_MAX: never */
};

struct deadline deadline_after(uint64_t ns);
/* Milliseconds; below 0: never. */
struct deadline deadline_after_ms(int32_t timeout_ms);
/* A struct timespec in user memory; at address 0: never. ERR_FAULT, ERR_INVALID. */
err_t deadline_read(uint64_t address, struct deadline *out);

/* The signals that are blocked meanwhile, in user memory; at address 0 it is those that are. signal_mask_end follows.
 * ERR_INVALID, ERR_FAULT. */
err_t poll_mask_begin(uint64_t address, uint64_t bytes);
