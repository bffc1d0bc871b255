/* SPDX-License-Identifier: Apache-2.0 */
/* The three timers that each process has, of setitimer(2) and alarm(2). A program that is executed keeps them. Those of
 * CPU time are as exact as process/cpu_clock.h says, and count the same time. Threads only. */
#pragma once
#include "process/process_timer.h"

enum interval_timer { INTERVAL_REAL, INTERVAL_VIRTUAL, INTERVAL_PROF, INTERVAL_TIMER_COUNT };

struct timer_setting interval_timer_get(enum interval_timer which);
/* Sets it, and tells what it was. */
struct timer_setting interval_timer_set(enum interval_timer which, const struct timer_setting *wanted);
