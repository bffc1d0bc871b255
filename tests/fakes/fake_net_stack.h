/* SPDX-License-Identifier: Apache-2.0 */
/* The stack without a kernel below it, for fuzzers: one thread, a clock of the test's, the host's heap. */
#pragma once

void fake_net_start(void);
/* A quarter of a second passes, for all timers. */
void fake_net_tick(void);
