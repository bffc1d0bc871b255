/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's struct timespec in user memory, as nanoseconds. */
#pragma once
#include "lib/base.h"

/* ERR_FAULT; ERR_INVALID when a field is out of range. Times beyond 64 bits become UINT64_MAX - 1. */
err_t timespec_read(uint64_t address, uint64_t *out_ns);
err_t timespec_write(uint64_t address, uint64_t ns);
