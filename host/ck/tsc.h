/* SPDX-License-Identifier: Apache-2.0 */
/* The rate of this machine's time stamp counter, which under TCG without counting is the guest's too. */
#pragma once
#include "lib/base.h"

struct tsc_sample {
    uint64_t ticks, ns;
};

/* Both clocks at one moment. */
struct tsc_sample tsc_sample_now(void);
/* kHz since `start`; waits until a few milliseconds have passed, so start early and ask late. */
uint64_t tsc_khz_since(struct tsc_sample start);
