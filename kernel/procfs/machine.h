/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc and sysinfo(2) say of the machine. Threads only. */
#pragma once
#include "lib/base.h"

/* How many threads wanted a CPU on average in the last 1, 5 and 15 minutes, times 2^11. */
void machine_load(uint64_t averages[3]);
/* Of all processes. */
uint32_t machine_threads(void);
