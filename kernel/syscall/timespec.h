/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's struct timespec, also in user memory, as nanoseconds. */
#pragma once
#include "abi/linux/time.h"
#include "lib/base.h"

#define NS_PER_S 1000000000ull

/* ERR_INVALID when a field is out of range. Times beyond 64 bits become UINT64_MAX - 1. */
static inline err_t timespec_decode(struct linux_timespec t, uint64_t *out_ns)
{
    if (t.seconds < 0 || (uint64_t)t.nanoseconds >= NS_PER_S) return ERR_INVALID;
    uint64_t ns;
    if (__builtin_mul_overflow((uint64_t)t.seconds, NS_PER_S, &ns) ||
        add_overflows(ns, (uint64_t)t.nanoseconds, &ns))
        ns = UINT64_MAX - 1; /* centuries: for ever */
    *out_ns = ns;
    return OK;
}
static inline struct linux_timespec timespec_encode(uint64_t ns)
{
    return (struct linux_timespec){ (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S) };
}

/* The same; ERR_FAULT. */
err_t timespec_read(uint64_t address, uint64_t *out_ns);
err_t timespec_write(uint64_t address, uint64_t ns);
