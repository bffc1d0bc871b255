/* SPDX-License-Identifier: Apache-2.0 */
/* Several CPUs at once; with one CPU there is little to see, and the tests say so by passing quickly. */
#include "arch/cpu.h"
#include "core/cpus.h"
#include "core/time.h"
#include "mm/heap.h"
#include "sched/mutex.h"
#include "sched/semaphore.h"
#include "sched/thread.h"
#include "tests/harness/test.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum { NS_PER_MS = 1000000, CPUS_USED = 8 };

static uint64_t now(void) { return time_now_ns(); }
static uint32_t cpus_used(void) { return MIN(cpus_online(), (uint32_t)CPUS_USED); }

static struct thread *start_on(cpu_set where, void (*entry)(void *), void *argument)
{
    struct thread *t = thread_create_stopped("smp", entry, argument);
    EXPECT(t != NULL);
    t->affinity = where;
    thread_start(t);
    return t;
}

static void note_cpu(void *argument) { *(uint32_t *)argument = (uint32_t)percpu_index() + 1; }

TEST(a_thread_runs_where_its_affinity_says)
{
    for (uint32_t cpu = 0; cpu < cpus_used(); cpu++) {
        uint32_t ran_on = 0;
        thread_join(start_on(cpu_set_of(cpu), note_cpu, &ran_on));
        EXPECT_EQ(ran_on, cpu + 1);
    }
}

TEST(a_thread_that_may_not_stay_moves_at_once)
{
    cpu_set was = thread_affinity(thread_current());
    for (uint32_t cpu = 0; cpu < cpus_used(); cpu++) {
        EXPECT_OK(thread_set_affinity(thread_current(), cpu_set_of(cpu)));
        EXPECT_EQ(percpu_index(), cpu);
    }
    EXPECT_OK(thread_set_affinity(thread_current(), was));
    EXPECT_ERR(thread_set_affinity(thread_current(), CPU_SET_NONE), ERR_INVALID);
}

static uint32_t meeting; /* atomic */

static void meet(void *others)
{
    uint64_t end_ns = now() + 5000ull * NS_PER_MS;
    __atomic_add_fetch(&meeting, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&meeting, __ATOMIC_SEQ_CST) < *(uint32_t *)others && now() < end_ns) cpu_relax();
    EXPECT(__atomic_load_n(&meeting, __ATOMIC_SEQ_CST) >= *(uint32_t *)others);
}

/* None of them ever gives up its CPU, so each must be on one of its own. */
TEST(threads_that_may_run_anywhere_find_the_cpus_without_work)
{
    uint32_t count = cpus_used();
    struct thread *threads[CPUS_USED];
    meeting = 0;
    for (uint32_t i = 0; i < count; i++) threads[i] = start_on(CPU_SET_ALL, meet, &count);
    for (uint32_t i = 0; i < count; i++) thread_join(threads[i]);
}

enum { BALLS = 2000 };
static struct semaphore ping = SEMAPHORE_INIT(ping, 0), pong = SEMAPHORE_INIT(pong, 0);

static void return_balls(void *argument)
{
    (void)argument;
    for (int i = 0; i < BALLS; i++) {
        semaphore_down(&ping);
        semaphore_up(&pong);
    }
}

TEST(no_wake_up_is_lost_between_two_cpus)
{
    struct thread *other = start_on(cpu_set_of(cpus_used() - 1), return_balls, NULL);
    for (int i = 0; i < BALLS; i++) {
        semaphore_up(&ping);
        semaphore_down(&pong);
    }
    thread_join(other);
    EXPECT(!semaphore_try_down(&ping) && !semaphore_try_down(&pong));
}

static struct mutex counted = MUTEX_INIT(counted);
static uint32_t count_under_mutex;

static void count(void *argument)
{
    (void)argument;
    for (int i = 0; i < 500; i++) {
        mutex_lock(&counted);
        count_under_mutex++;
        mutex_unlock(&counted);
        if (i % 16 == 0) thread_yield();
    }
}

TEST(a_mutex_excludes_threads_of_all_cpus)
{
    struct thread *threads[2 * CPUS_USED];
    uint32_t many = 2 * cpus_used();
    count_under_mutex = 0;
    for (uint32_t i = 0; i < many; i++) threads[i] = start_on(CPU_SET_ALL, count, NULL);
    for (uint32_t i = 0; i < many; i++) thread_join(threads[i]);
    EXPECT_EQ(count_under_mutex, many * 500);
}

static void end_at_once(void *ended) { __atomic_add_fetch((uint32_t *)ended, 1, __ATOMIC_SEQ_CST); }

TEST(threads_that_end_on_other_cpus_are_freed_once_by_whoever_is_to)
{
    enum { ROUNDS = 200 };
    static uint32_t ended;
    ended = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct thread *joined = start_on(CPU_SET_ALL, end_at_once, &ended);
        struct thread *detached = start_on(CPU_SET_ALL, end_at_once, &ended);
        thread_detach(detached);
        thread_join(joined);
    }
    while (__atomic_load_n(&ended, __ATOMIC_SEQ_CST) < 2 * ROUNDS) thread_sleep_until_ns(now() + NS_PER_MS);
    EXPECT_EQ(ended, 2 * ROUNDS);
}

enum { BURNT_NS = 5 * NS_PER_MS };

static void burn(void *spent_ns)
{
    uint64_t end_ns = now() + BURNT_NS;
    while (now() < end_ns) cpu_relax();
    *(uint64_t *)spent_ns = thread_cpu_time_ns(thread_current());
}

/* On one CPU, where two threads cannot both have had the same time. */
TEST(a_threads_time_is_what_it_spent_on_a_cpu)
{
    uint64_t start_ns = now(), before = thread_cpu_time_ns(thread_current()), spent_ns = 0;
    thread_join(start_on(cpu_set_of(0), burn, &spent_ns));
    uint64_t own_ns = thread_cpu_time_ns(thread_current()) - before;
    EXPECT(spent_ns >= BURNT_NS);
    EXPECT(own_ns > 0 && own_ns + spent_ns <= now() - start_ns);
}

/* ---- page tables ---- */

static struct {
    struct space *space;
    uint64_t at;
    uint32_t least; /* atomic: no smaller number may be read any more */
    bool is_over;   /* atomic */
    uint32_t reads, late;
} shown;

static void read_shown(void *argument)
{
    (void)argument;
    thread_set_space(shown.space, &shown.space->page_table);
    while (!__atomic_load_n(&shown.is_over, __ATOMIC_SEQ_CST)) {
        uint32_t value, least = __atomic_load_n(&shown.least, __ATOMIC_SEQ_CST);
        if (failed(user_copy_in(&value, UADDR(shown.at), sizeof(value)))) continue;
        shown.late += value < least && value;
        shown.reads++;
    }
    thread_set_space(NULL, NULL);
}

static void show(uint32_t value)
{
    uint64_t at;
    EXPECT_OK(space_unmap(shown.space, shown.at, PAGE_BYTES));
    __atomic_store_n(&shown.least, value, __ATOMIC_SEQ_CST);
    EXPECT_OK(
        space_map(shown.space, shown.at, PAGE_BYTES, SPACE_READ | SPACE_WRITE | SPACE_FIXED, NULL, 0, &at));
    EXPECT_OK(user_copy_out(UADDR(shown.at), &value, sizeof(value)));
}

/* The reader has the page in its TLB when the writer takes it away and shows another one. */
TEST(no_cpu_reads_through_a_translation_that_was_taken_back)
{
    heap_trim();
    shown.at = 0x10000000;
    shown.least = 0;
    shown.is_over = false;
    shown.reads = shown.late = 0;
    EXPECT_OK(space_create(&shown.space));
    thread_set_space(shown.space, &shown.space->page_table);
    bool is_alone = cpus_used() == 1;
    struct thread *reader = is_alone ? NULL : start_on(cpu_set_of(cpus_used() - 1), read_shown, NULL);
    for (uint32_t value = 1; value <= UINT8_MAX; value++) show(value); /* bytes, which are not torn */
    __atomic_store_n(&shown.is_over, true, __ATOMIC_SEQ_CST);
    if (reader) thread_join(reader);
    EXPECT_EQ(shown.late, 0);
    EXPECT(is_alone || shown.reads > 0);
    thread_set_space(NULL, NULL);
    space_destroy(shown.space);
    heap_trim();
}
