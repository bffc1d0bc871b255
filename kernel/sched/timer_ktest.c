/* SPDX-License-Identifier: Apache-2.0 */
/* Timers whose functions take long, on another CPU. With one CPU there is nothing to see. */
#include "sched/timer.h"

#include "arch/cpu.h"
#include "core/cpus.h"
#include "core/ipi.h"
#include "core/time.h"
#include "sched/thread.h"
#include "tests/harness/test.h"

enum { NS_PER_MS = 1000000, LONG_NS = 20 * NS_PER_MS };
enum { NOT_YET, BEGUN, DONE };

struct slow {
    struct timer timer;
    uint32_t progress, times; /* atomic */
};

static void take_long(struct timer *timer)
{
    struct slow *s = CONTAINER_OF(timer, struct slow, timer);
    uint64_t end_ns = time_now_ns() + LONG_NS;
    __atomic_add_fetch(&s->times, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&s->progress, BEGUN, __ATOMIC_SEQ_CST);
    for (; time_now_ns() < end_ns; cpu_relax()) ipi_poll();
    __atomic_store_n(&s->progress, DONE, __ATOMIC_SEQ_CST);
}

static void arm_soon(void *slow) { timer_arm(&((struct slow *)slow)->timer, time_now_ns() + NS_PER_MS); }

static uint32_t progress_of(struct slow *s) { return __atomic_load_n(&s->progress, __ATOMIC_SEQ_CST); }

/* Returns on CPU 0, while the function runs on CPU 1. False: there is no such CPU. */
static bool begin_on_other_cpu(struct slow *s)
{
    if (cpus_online() < 2) return false;
    *s = (struct slow){ 0 };
    timer_init(&s->timer, take_long);
    EXPECT_OK(thread_set_affinity(thread_current(), cpu_set_of(0)));
    struct thread *t = thread_create_stopped("arms", arm_soon, s);
    EXPECT(t != NULL);
    if (!t) return false;
    t->affinity = cpu_set_of(1);
    thread_start(t);
    thread_join(t);
    while (progress_of(s) == NOT_YET) cpu_relax();
    return true;
}

static void end(void) { EXPECT_OK(thread_set_affinity(thread_current(), CPU_SET_ALL)); }

TEST(a_timer_armed_anew_while_it_fires_elsewhere_has_returned_when_it_is_cancelled)
{
    struct slow s;
    if (!begin_on_other_cpu(&s)) return;
    timer_arm(&s.timer, time_now_ns() + 1000ull * LONG_NS);
    timer_cancel(&s.timer);
    EXPECT_EQ(progress_of(&s), DONE);
    EXPECT(!timer_is_armed(&s.timer));
    end();
}

TEST(a_timer_armed_anew_while_it_fires_elsewhere_fires_again)
{
    struct slow s;
    if (!begin_on_other_cpu(&s)) return;
    timer_arm(&s.timer, time_now_ns());
    uint64_t end_ns = time_now_ns() + 200ull * LONG_NS;
    while (__atomic_load_n(&s.times, __ATOMIC_SEQ_CST) < 2 && time_now_ns() < end_ns) cpu_relax();
    timer_cancel(&s.timer);
    EXPECT_EQ(s.times, 2);
    EXPECT_EQ(progress_of(&s), DONE);
    end();
}
