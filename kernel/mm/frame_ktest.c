/* SPDX-License-Identifier: Apache-2.0 */
/* The frame allocator in the kernel: threads that take turns, and a timer that breaks in on them at any
 * instruction and allocates too. */
#include "mm/frame.h"

#include "config.h"
#include "core/time.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "tests/harness/test.h"

enum { THREADS = 3, HELD_MAX = 64, ROUNDS = 1500, BLOCK = HUGE_BYTES / PAGE_BYTES, PERIOD_NS = 20000 };

struct user {
    uint64_t random;
    uint32_t held_count;
    struct held {
        paddr_t first;
        uint64_t count;
    } held[HELD_MAX];
};

static struct user users[THREADS + 1]; /* the last is the timer's */
static uint8_t *is_owned;              /* by frame */
static uint64_t owned_frames, twice, interruptions;
static bool is_ending;

static uint64_t next_random(struct user *u, uint64_t below)
{
    u->random ^= u->random << 13;
    u->random ^= u->random >> 7;
    u->random ^= u->random << 17;
    return u->random % below;
}

static void mark(struct held h, uint8_t value)
{
    for (uint64_t i = 0; i < h.count; i++) {
        uint64_t frame = (h.first.raw >> PAGE_SHIFT) + i;
        if (frame >= owned_frames)
            twice++;
        else
            twice += __atomic_exchange_n(&is_owned[frame], value, __ATOMIC_RELAXED) == value;
    }
}

static void step(struct user *u)
{
    if (u->held_count < HELD_MAX && next_random(u, 2)) {
        struct held h = { .count = 1 };
        uint64_t kind = next_random(u, 100);
        if (kind < 2)
            h = (struct held){ frame_alloc_huge(), BLOCK };
        else if (kind < 10)
            h.first = frame_alloc_run(h.count = 1 + next_random(u, 20), PAGE_BYTES);
        else
            h.first = frame_alloc();
        if (is_paddr_none(h.first)) return;
        mark(h, 1);
        u->held[u->held_count++] = h;
    } else if (u->held_count) {
        uint32_t i = (uint32_t)next_random(u, u->held_count);
        struct held h = u->held[i];
        u->held[i] = u->held[--u->held_count];
        mark(h, 0);
        if (h.count == 1)
            frame_free(h.first);
        else
            frame_free_run(h.first, h.count);
    }
}

static void release_all(struct user *u)
{
    while (u->held_count) {
        struct held h = u->held[--u->held_count];
        mark(h, 0);
        frame_free_run(h.first, h.count);
    }
}

static void break_in(struct timer *timer)
{
    interruptions++;
    for (int i = 0; i < 3; i++) step(&users[THREADS]);
    if (!is_ending) timer_arm(timer, time_now_ns() + PERIOD_NS);
}

static void work(void *user)
{
    for (int i = 0; i < ROUNDS; i++) {
        step(user);
        if (i % 16 == 0) thread_yield();
    }
    release_all(user);
}

TEST(frames_stay_whole_under_threads_and_interrupts)
{
    owned_frames = frame_total_count() + GIANT_BYTES / PAGE_BYTES; /* the kernel and holes have frames too */
    paddr_t table = frame_alloc_run(owned_frames / PAGE_BYTES + 1, PAGE_BYTES);
    EXPECT(!is_paddr_none(table));
    if (is_paddr_none(table)) return;
    is_owned = direct_map(table);
    memset(is_owned, 0, owned_frames);
    twice = interruptions = 0;
    is_ending = false;

    struct thread *threads[THREADS];
    struct timer timer;
    timer_init(&timer, break_in);
    for (uint32_t i = 0; i <= THREADS; i++) users[i] = (struct user){ .random = 88172645463325252ull + i };
    for (uint32_t i = 0; i < THREADS; i++) threads[i] = thread_create("frames", work, &users[i]);
    uint64_t free = frame_free_count();
    timer_arm(&timer, time_now_ns() + PERIOD_NS);
    for (uint32_t i = 0; i < THREADS; i++) thread_join(threads[i]);
    is_ending = true;
    timer_cancel(&timer);
    release_all(&users[THREADS]);

    EXPECT_EQ(twice, 0);
    EXPECT(interruptions > 10);
    /* The stacks of the threads came back too. */
    EXPECT(frame_free_count() >= free);
    EXPECT(frame_free_count() <= free + THREADS * (CONFIG_KERNEL_STACK_BYTES / PAGE_BYTES + 1));
    frame_free_run(table, owned_frames / PAGE_BYTES + 1);
}

TEST(an_idle_cpu_fills_the_pool_of_zeroed_blocks)
{
    uint64_t free = frame_free_count();
    for (int i = 0; i < 100 && !frame_pool_count(); i++) thread_sleep_until_ns(time_now_ns() + 5000000);
    uint64_t pooled = frame_pool_count();
    EXPECT(pooled > 0);
    EXPECT_EQ(frame_free_count(), free);
    paddr_t block = frame_alloc_huge_zeroed();
    EXPECT_EQ(frame_pool_count(), pooled - 1);
    const uint64_t *words = direct_map(block);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < HUGE_BYTES / 8; i++) sum |= words[i];
    EXPECT_EQ(sum, 0);
    frame_free_huge(block);
}
