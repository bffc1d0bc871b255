/* SPDX-License-Identifier: Apache-2.0 */
/* Time as drivers see it: supplied by kernel/core/time.c, or by a fake in host tests. */
#pragma once
#include <stdint.h>

/* Nanoseconds since boot; never goes back. Any context. */
uint64_t clock_now_ns(void);

/* One turn of a polling loop: PAUSE in the kernel, a step of fake time in tests. */
void clock_relax(void);
