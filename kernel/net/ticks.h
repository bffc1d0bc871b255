/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's timers. Each of its parts wants to be called in fixed intervals; here it is, but only while it has something
 * to wait for, so that an idle machine has no ticks. What only forgets old entries (ARP, fragments) never arms the
 * clock: the calls it missed are made up for when something else happens. Under the stack's lock. */
#pragma once
#include "net/stack.h"

/* Calls what is due, and arms the clock for the next. */
void ticks_run(void) REQUIRES(net_mutex);
/* Somebody may wait now who did not: looked at when the lock is given up. */
extern bool ticks_are_asked_for GUARDED_BY(net_mutex);
void ticks_update(void) REQUIRES(net_mutex);
/* For lwIP's start. */
void ticks_start(void) REQUIRES(net_mutex);

/* Ends connections whose TCP_USER_TIMEOUT is over; called every 250 ms once one has asked for that. */
void tcp_endpoints_expire(void) REQUIRES(net_mutex);
extern bool ticks_look_at_patience GUARDED_BY(net_mutex);

/* Data came over a connection: its confirmation may be delayed. */
void ticks_ask_for_ack(void) REQUIRES(net_mutex);
