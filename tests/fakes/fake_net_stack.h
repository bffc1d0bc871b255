/* SPDX-License-Identifier: Apache-2.0 */
/* The stack without a kernel below it, for fuzzers: one thread, a clock of the test's, the host's heap. */
#pragma once

void fake_net_start(void);
/* A quarter of a second passes, for all timers. */
void fake_net_tick(void);
/* Fragments whose others have not come are given up. */
void fake_net_forget_fragments(void);
