/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that two CPUs have to do with; with one CPU there is nothing to see. */
#include "sched/timer.h"

#include "arch/cpu.h"
#include "core/cpus.h"
#include "core/time.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000, WAIT_MS_MAX = 2000, FUNCTION_MS = 5 };

static struct late {
    struct timer timer;
    uint32_t begun, is_armed_again, ended; /* atomic */
} late;

static uint32_t read(const uint32_t *flag) { return __atomic_load_n(flag, __ATOMIC_SEQ_CST); }
static void set(uint32_t *flag) { __atomic_store_n(flag, 1, __ATOMIC_SEQ_CST); }

static bool wait_for(const uint32_t *flag)
{
    uint64_t end_ns = time_now_ns() + WAIT_MS_MAX * (uint64_t)NS_PER_MS;
    while (!read(flag) && time_now_ns() < end_ns) cpu_relax();
    return read(flag);
}

/* As one that waits for a lock which its owner holds meanwhile, and then gets it late. */
static void run_late(struct timer *timer)
{
    struct late *l = CONTAINER_OF(timer, struct late, timer);
    if (read(&l->begun)) return;
    set(&l->begun);
    wait_for(&l->is_armed_again);
    uint64_t end_ns = time_now_ns() + FUNCTION_MS * (uint64_t)NS_PER_MS;
    while (time_now_ns() < end_ns) cpu_relax();
    set(&l->ended);
}

static void arm_here(void *unused)
{
    (void)unused;
    timer_init(&late.timer, run_late);
    timer_arm(&late.timer, time_now_ns());
    wait_for(&late.begun);
}

/* This thread on CPU 0, and on CPU 1 the function of the timer. NULL: there is one CPU alone. */
static struct thread *begin(void)
{
    if (cpus_online() < 2) return NULL;
    late = (struct late){ .begun = 0 };
    EXPECT_OK(thread_set_affinity(thread_current(), cpu_set_of(0)));
    struct thread *other = thread_create_stopped("late", arm_here, NULL);
    EXPECT(other != NULL);
    if (!other) return NULL;
    other->affinity = cpu_set_of(1);
    thread_start(other);
    EXPECT(wait_for(&late.begun));
    return other;
}

static void end(struct thread *other)
{
    thread_join(other);
    EXPECT_OK(thread_set_affinity(thread_current(), CPU_SET_ALL));
}

TEST(a_timer_set_anew_while_its_function_runs_elsewhere_is_cancelled_when_that_has_returned)
{
    struct thread *other = begin();
    if (!other) return;
    timer_arm(&late.timer, time_now_ns() + WAIT_MS_MAX * (uint64_t)NS_PER_MS);
    set(&late.is_armed_again);
    timer_cancel(&late.timer);
    EXPECT_EQ(read(&late.ended), 1);
    EXPECT(!timer_is_armed(&late.timer));
    end(other);
}

TEST(a_timer_set_anew_while_its_function_runs_elsewhere_fires_again)
{
    struct thread *other = begin();
    if (!other) return;
    timer_arm(&late.timer, time_now_ns() + NS_PER_MS);
    set(&late.is_armed_again);
    EXPECT(wait_for(&late.ended));
    uint64_t end_ns = time_now_ns() + WAIT_MS_MAX * (uint64_t)NS_PER_MS;
    while (timer_is_armed(&late.timer) && time_now_ns() < end_ns) cpu_relax();
    EXPECT(!timer_is_armed(&late.timer));
    end(other);
}
