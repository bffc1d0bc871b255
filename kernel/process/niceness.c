/* SPDX-License-Identifier: Apache-2.0 */
#include "process/niceness.h"

#include "abi/linux/sched.h"
#include "fs/credentials.h"
#include "process/user_thread.h"

/* Per cent of the usual turn. Beyond these a turn would be all switches, or look like a hang to the others. */
enum { TURN_MIN = 5, TURN_MAX = 1000, TURN_USUAL = 100 };

static uint32_t turn_of(const struct niceness *n)
{
    if (n->policy == LINUX_SCHED_IDLE) return TURN_MIN;
    uint32_t turn = TURN_USUAL * 16;
    for (int32_t i = n->value; i > 0 && turn > TURN_MIN * 16; i--) turn = turn * 4 / 5;
    for (int32_t i = n->value; i < 0 && turn < TURN_MAX * 16; i++) turn = turn * 5 / 4;
    turn /= 16;
    turn = MAX(turn, (uint32_t)TURN_MIN);
    return MIN(turn, (uint32_t)TURN_MAX);
}

err_t niceness_may_change_locked(const struct user_thread *t, const struct niceness *wanted)
{
    if (may_use(LINUX_CAP_SYS_NICE)) return OK;
    const struct credentials *own = credentials_current(), *its = t->thread->credentials;
    if (own->uid.effective != its->uid.real && own->uid.effective != its->uid.effective)
        return ERR_NOT_PERMITTED;
    uint64_t most = process_current()->limits[LINUX_RLIMIT_NICE].soft;
    bool is_more = wanted->value < t->niceness.value;
    return is_more && (uint64_t)(NICENESS_MAX + 1 - wanted->value) > most ? ERR_ACCESS : OK;
}

void niceness_set(struct user_thread *t, const struct niceness *n)
{
    t->niceness = *n;
    thread_set_turn(t->thread, turn_of(n));
}

void niceness_inherit(struct user_thread *t)
{
    const struct user_thread *from = user_thread_current();
    struct niceness n = from->niceness;
    if (likely(!n.resets_on_fork)) {
        t->niceness = n;
        thread_set_turn(t->thread, from->thread->turn_percent);
        return;
    }
    n.value = MAX(n.value, (int8_t)0);
    n.resets_on_fork = false;
    niceness_set(t, &n);
}
