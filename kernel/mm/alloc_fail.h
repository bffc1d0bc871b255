/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the n-th allocation fail, so that tests can try every failure in turn. Debug builds only. */
#pragma once
#include "lib/base.h"

/* n: the n-th allocation of frames or heap blocks from now on fails; 0: none does. */
extern uint64_t alloc_fail_countdown;

/* A failure may come that is none: nothing is to be done about it. */
static inline bool alloc_is_counted_down(void)
{
    return CONFIG_DEBUG && __atomic_load_n(&alloc_fail_countdown, __ATOMIC_RELAXED) != 0;
}

static inline bool alloc_should_fail(void)
{
    if (!CONFIG_DEBUG || likely(__atomic_load_n(&alloc_fail_countdown, __ATOMIC_RELAXED) == 0)) return false;
    return __atomic_sub_fetch(&alloc_fail_countdown, 1, __ATOMIC_RELAXED) == 0;
}
