/* SPDX-License-Identifier: Apache-2.0 */
/* When a timer of a program expires: once, or again after each interval, in nanoseconds of whatever clock. Expirations
 * are counted when somebody asks, so that a short interval costs no more than a long one. */
#pragma once
#include "lib/base.h"

struct expiry {
    uint64_t next_ns;     /* of the first expiration not taken yet; 0: none is to come */
    uint64_t interval_ns; /* 0: it expires once */
};

/* What lies beyond the clock's range never comes. */
#define EXPIRY_NEVER (UINT64_MAX - 1)
static inline uint64_t expiry_sum(uint64_t a, uint64_t b)
{
    uint64_t result;
    return add_overflows(a, b, &result) ? EXPIRY_NEVER : MIN(result, EXPIRY_NEVER);
}

/* So many are due. */
static inline uint64_t expiry_count(const struct expiry *e, uint64_t now_ns)
{
    if (e->next_ns == 0 || now_ns < e->next_ns) return 0;
    return e->interval_ns ? 1 + (now_ns - e->next_ns) / e->interval_ns : 1;
}

/* Takes those that are due. */
static inline uint64_t expiry_take(struct expiry *e, uint64_t now_ns)
{
    uint64_t count = expiry_count(e, now_ns);
    if (count) e->next_ns = e->interval_ns ? expiry_sum(e->next_ns, count * e->interval_ns) : 0;
    return count;
}

/* How long until the first one that is not due yet; 0: none is to come. */
static inline uint64_t expiry_left_ns(struct expiry e, uint64_t now_ns)
{
    expiry_take(&e, now_ns);
    return e.next_ns ? e.next_ns - now_ns : 0;
}

/* What timer_getoverrun(2) tells of so many expirations beyond the first. */
enum { EXPIRY_OVERRUN_MAX = INT32_MAX };
static inline int32_t expiry_overrun(uint64_t count)
{
    return (int32_t)MIN(count, (uint64_t)EXPIRY_OVERRUN_MAX);
}
