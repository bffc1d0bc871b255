/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeping and time in a host test of one thread: a sleep runs what the test wants to happen
 * meanwhile, on the same stack, and a sleep that nobody can end stops the program. */
#pragma once
#include "lib/base.h"

/* Runs in every sleep, with the queue unlocked; NULL: nothing will ever wake the sleeper. */
extern void (*fake_wait_meanwhile)(void);
extern bool fake_wait_is_interrupted; /* a signal ends every sleep that one can end */
extern uint64_t fake_wait_sleeps;
extern uint64_t fake_wait_wakes;  /* of whole queues, whether or not somebody slept */
extern uint64_t fake_wait_now_ns; /* both clocks; a sleep with a deadline goes there */

/* sched/timer.h with room for the timer that was armed last: for fake_wait_meanwhile. */
bool fake_wait_has_timer(void);
void fake_wait_fire_timer(void); /* at its deadline or, when that is past, now */
