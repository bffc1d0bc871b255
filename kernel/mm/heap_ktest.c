/* SPDX-License-Identifier: Apache-2.0 */
/* The heap in the kernel: threads that take turns, and a timer that breaks in on them at any instruction and
 * allocates too; and the report of leaks with the names of this image's functions. */
#include "mm/heap.h"

#include "core/log.h"
#include "core/time.h"
#include "lib/string.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "tests/harness/test.h"

enum { THREADS = 3, HELD_MAX = 64, ROUNDS = 4000, PERIOD_NS = 20000 };

struct user {
    uint64_t random;
    uint32_t held_count, damaged;
    struct held {
        uint8_t *bytes;
        uint32_t size;
        uint8_t fill;
    } held[HELD_MAX];
};

static struct user users[THREADS + 1]; /* the last is the timer's */
static uint64_t interruptions;
static bool is_ending;

static uint64_t next_random(struct user *u, uint64_t below)
{
    u->random ^= u->random << 13;
    u->random ^= u->random >> 7;
    u->random ^= u->random << 17;
    return u->random % below;
}

/* Mostly one size, so that it is one cache that all of them use. */
static uint32_t random_size(struct user *u)
{
    uint64_t kind = next_random(u, 100);
    return (uint32_t)(kind < 80   ? 1 + next_random(u, 16)
                      : kind < 95 ? next_random(u, 600)
                                  : next_random(u, 9000));
}

static void release(struct user *u, struct held h)
{
    for (uint32_t i = 0; i < h.size; i++) u->damaged += h.bytes[i] != h.fill;
    heap_free(h.bytes);
}

static void step(struct user *u)
{
    if (u->held_count < HELD_MAX && next_random(u, 2)) {
        struct held h = { .size = random_size(u), .fill = (uint8_t)next_random(u, 256) };
        h.bytes = heap_alloc(h.size);
        if (!h.bytes) return;
        memset(h.bytes, h.fill, h.size);
        u->held[u->held_count++] = h;
    } else if (u->held_count) {
        uint32_t i = (uint32_t)next_random(u, u->held_count);
        struct held h = u->held[i];
        u->held[i] = u->held[--u->held_count];
        release(u, h);
    }
}

static void release_all(struct user *u)
{
    while (u->held_count) release(u, u->held[--u->held_count]);
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
        if (i % 256 == 0) heap_trim();
    }
    release_all(user);
}

TEST(heap_blocks_stay_apart_under_threads_and_interrupts)
{
    struct heap_stats before = heap_stats();
    struct thread *threads[THREADS];
    struct timer timer;
    timer_init(&timer, break_in);
    interruptions = 0;
    is_ending = false;
    for (uint32_t i = 0; i <= THREADS; i++) users[i] = (struct user){ .random = 88172645463325252ull + i };
    for (uint32_t i = 0; i < THREADS; i++) threads[i] = thread_create("heap", work, &users[i]);
    timer_arm(&timer, time_now_ns() + PERIOD_NS);
    for (uint32_t i = 0; i < THREADS; i++) thread_join(threads[i]);
    is_ending = true;
    timer_cancel(&timer);
    release_all(&users[THREADS]);

    for (uint32_t i = 0; i <= THREADS; i++) EXPECT_EQ(users[i].damaged, 0);
    EXPECT(interruptions > 10);
    struct heap_stats after = heap_stats();
    EXPECT_EQ(after.used_blocks, before.used_blocks);
    EXPECT_EQ(after.used_bytes, before.used_bytes);
    EXPECT_EQ(after.held_pages, before.held_pages);
}

/* ---- leaks ---- */

static char said[400]; /* what is logged while it is listened to */
static size_t said_bytes;
static bool is_listening;

static void listen(struct log_sink *sink, const char *text, size_t bytes)
{
    (void)sink;
    if (!is_listening) return;
    bytes = MIN(bytes, sizeof(said) - 1 - said_bytes);
    memcpy(said + said_bytes, text, bytes);
    said_bytes += bytes;
    said[said_bytes] = 0;
}

static bool was_said(const char *part)
{
    for (const char *at = said; *at; at++)
        if (!strncmp(at, part, strlen(part))) return true;
    return false;
}

static NOINLINE void *plant_a_leak(void)
{
    void *block = heap_alloc(123);
    __asm__ volatile("" : "+r"(block)); /* no tail call: the caller's address is in this function */
    return block;
}

TEST(heap_report_names_the_owner_of_a_planted_leak_and_is_empty_without_one)
{
    static struct log_sink sink = { .write = listen };
    log_add_sink(&sink, false);
    heap_free(heap_alloc(123));
    uint64_t mark = heap_mark();
    is_listening = true;
    EXPECT_EQ(heap_report(mark), 0);
    EXPECT_EQ(said_bytes, 0);
    void *leak = plant_a_leak();
    EXPECT_EQ(heap_report(mark), 1);
    is_listening = false;
    EXPECT(was_said("123 bytes, allocated by plant_a_leak+0x"));
    EXPECT(was_said("1 blocks in use, 123 bytes"));
    heap_free(leak);
    EXPECT_EQ(heap_report(mark), 0);
}
