/* SPDX-License-Identifier: Apache-2.0 */
/* How much a thread wants of a CPU that it shares: each step of niceness is a turn shorter by a fifth, as Linux weighs
 * threads, within bounds; SCHED_IDLE is the shortest turn there is. [linux kernel/sched/core.c, sched_prio_to_weight] */
#pragma once
#include "process/process_id.h"

struct user_thread;

enum { NICENESS_MIN = -20, NICENESS_MAX = 19 };

/* The nearest that there is. */
static inline int8_t niceness_clamp(int32_t value)
{
    value = MIN(value, (int32_t)NICENESS_MAX);
    return (int8_t)MAX(value, (int32_t)NICENESS_MIN);
}

struct niceness {
    int8_t value;
    uint8_t policy; /* LINUX_SCHED_OTHER, BATCH or IDLE */
    bool resets_on_fork;
};

/* ERR_NOT_PERMITTED, the thread is another user's; ERR_ACCESS, less nice than the running thread may make it. */
err_t niceness_may_change_locked(const struct user_thread *thread, const struct niceness *wanted)
    REQUIRES(process_tree_lock);
void niceness_set(struct user_thread *thread, const struct niceness *niceness);
/* Of a new thread: as its maker's. */
void niceness_inherit(struct user_thread *thread);
