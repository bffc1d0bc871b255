/* SPDX-License-Identifier: Apache-2.0 */
/* The stack as one thing: its lock, its start, and who works off what comes in.
 *
 * lwIP runs wherever somebody has the lock: in the system calls of programs, and in a task of the boot CPU's executor
 * for what devices and timers bring. The task does not wait for the lock: when it is taken, whoever has it wakes the
 * task on giving it up. Packets from this machine to itself are delivered before the lock is given up. */
#pragma once
#include "sched/mutex.h"

extern struct mutex net_mutex;

static inline void net_lock(void) ACQUIRES(net_mutex) { mutex_lock(&net_mutex); }
void net_unlock(void) RELEASES(net_mutex);

/* Sets up lwIP, its task and the loopback interface, at the first call. Threads only, without the lock.
 * ERR_NO_MEMORY. */
err_t net_start(void) EXCLUDES(net_mutex);

/* Makes the task look at devices and timers, soon. After net_start(). Any context. */
void net_wake(void);

/* Frees the connections that have ended and only wait for stray packets (TIME_WAIT): for whoever counts memory. */
void net_forget_ended(void) EXCLUDES(net_mutex);
