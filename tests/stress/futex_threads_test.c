/* SPDX-License-Identifier: Apache-2.0 */
/* Futexes under the locks that programs build on them, with real threads and ThreadSanitizer watching: what a lock
 * guards is plain data, so two owners at a time are a reported race. A wake-up that is lost is a wait that ends by its
 * time limit; a wake of one who is gone is a use of freed memory. */
#include "process/futex.h"

#include "abi/linux/futex.h"
#include <stdio.h>
#include <stdlib.h>

#include "core/time.h"
#include "tests/fakes/fake_futex_threads.h"
#include "tests/harness/test.h"

enum { THREADS = 6, ROUNDS = 4000, PATIENCE_S = 60 };
#define ANY LINUX_FUTEX_BITSET_ANY

static uint64_t lost; /* atomic: operations that failed and should not have */

static uint64_t patience(void) { return time_now_ns() + PATIENCE_S * 1000000000ull; }
static uaddr_t at(const uint32_t *word) { return UADDR((uint64_t)word); }

static void wait_while(const uint32_t *word, uint32_t value)
{
    err_t e = futex_wait(at(word), false, value, ANY, patience());
    if (e.code != ERR_TIMED_OUT.code) return;
    fprintf(stderr, "a wake-up was lost\n"); /* and the lock that it stood for stays taken */
    abort();
}

static void run_threads(void (*entry)(struct fake_futex_thread *self))
{
    struct fake_futex_thread *threads[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) threads[i] = fake_futex_start(i + 1, entry);
    for (uint32_t i = 0; i < THREADS; i++) fake_futex_join(threads[i]);
}

/* ---- a mutex of three states: 0 free, 1 taken, 2 taken and somebody may sleep ---- */

struct mutex3 {
    uint32_t word;
};

static void mutex3_lock(struct mutex3 *m)
{
    uint32_t free = 0;
    if (__atomic_compare_exchange_n(&m->word, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    while (__atomic_exchange_n(&m->word, 2, __ATOMIC_ACQUIRE)) wait_while(&m->word, 2);
}

/* The release is a plain store, so that only the kernel's fence orders it before the look for sleepers. */
static void mutex3_unlock(struct mutex3 *m)
{
    uint32_t before = __atomic_load_n(&m->word, __ATOMIC_RELAXED);
    if (before == 1 &&
        __atomic_compare_exchange_n(&m->word, &before, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&m->word, 0, __ATOMIC_RELEASE);
    (void)futex_wake(at(&m->word), false, 1, ANY);
}

static struct mutex3 mutex;
static uint64_t guarded;

static void count_with_mutex(struct fake_futex_thread *self UNUSED)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        mutex3_lock(&mutex);
        guarded++;
        mutex3_unlock(&mutex);
    }
}

TEST(a_mutex_made_of_wait_and_wake_excludes_and_loses_no_wake_up)
{
    guarded = lost = 0;
    run_threads(count_with_mutex);
    EXPECT_EQ(guarded, THREADS * ROUNDS);
    EXPECT_EQ(lost, 0);
}

/* ---- a barrier whose last one wakes some and moves the rest to the mutex's word ---- */

static uint32_t arrived, generation;

static void pass_barrier(void)
{
    mutex3_lock(&mutex);
    uint32_t mine = __atomic_load_n(&generation, __ATOMIC_RELAXED);
    if (++arrived < THREADS) {
        mutex3_unlock(&mutex);
        while (__atomic_load_n(&generation, __ATOMIC_ACQUIRE) == mine) wait_while(&generation, mine);
        /* Who was moved sleeps on the mutex's word, and is woken by the unlock of one who was marked as sleeping. */
        while (__atomic_exchange_n(&mutex.word, 2, __ATOMIC_ACQUIRE)) wait_while(&mutex.word, 2);
        mutex3_unlock(&mutex);
        return;
    }
    arrived = 0;
    __atomic_store_n(&mutex.word, 2, __ATOMIC_RELAXED);
    __atomic_store_n(&generation, mine + 1, __ATOMIC_RELEASE);
    struct futex_requeue request = {
        .from = at(&generation),
        .to = at(&mutex.word),
        .wake_count = 1,
        .move_count = INT32_MAX,
        .has_expected = true,
        .expected = mine + 1,
    };
    if (futex_requeue(&request) < 0) __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
    mutex3_unlock(&mutex);
}

static void pass_barriers(struct fake_futex_thread *self UNUSED)
{
    for (uint32_t i = 0; i < ROUNDS / 4; i++) pass_barrier();
}

TEST(who_is_moved_to_another_word_is_woken_there)
{
    lost = 0;
    run_threads(pass_barriers);
    EXPECT_EQ(generation, ROUNDS / 4);
    EXPECT_EQ(lost, 0);
}

/* ---- time limits that run out just when others wake and move ---- */

static uint32_t words[2];
static uint64_t woken_by, woken; /* atomic: what wakers counted; what sleepers were told */
static uint32_t sleepers_left;   /* atomic */

static void sleep_shortly(struct fake_futex_thread *self)
{
    for (uint32_t i = 0; i < ROUNDS / 4; i++) {
        uint64_t deadline = time_now_ns() + (i * 7 + self->user.tid) % 40 * 1000;
        err_t e = futex_wait(at(&words[0]), false, 0, i % 2 ? 1 : 2, deadline);
        if (!failed(e)) __atomic_add_fetch(&woken, 1, __ATOMIC_RELAXED);
    }
    __atomic_sub_fetch(&sleepers_left, 1, __ATOMIC_RELAXED);
}

static void wake_and_move(struct fake_futex_thread *self)
{
    struct futex_requeue request = { .from = at(&words[0]), .to = at(&words[1]), .move_count = 2 };
    for (uint64_t i = 0; __atomic_load_n(&sleepers_left, __ATOMIC_RELAXED); i++) {
        int64_t count = 0;
        switch (i % 4) {
        case 0: count = futex_wake(at(&words[0]), false, 1, 1); break;
        case 1: (void)futex_requeue(&request); break;
        case 2: count = futex_wake(at(&words[1]), false, INT32_MAX, ANY); break;
        case 3: count = futex_wake_op(at(&words[0]), at(&words[1]), false, 1, 1, self->user.tid << 12); break;
        }
        if (count > 0) __atomic_add_fetch(&woken_by, (uint64_t)count, __ATOMIC_RELAXED);
    }
}

static void sleep_or_wake(struct fake_futex_thread *self)
{
    if (self->user.tid <= THREADS - 2)
        sleep_shortly(self);
    else
        wake_and_move(self);
}

TEST(every_wake_that_was_counted_reached_one_sleeper_and_no_other_did)
{
    sleepers_left = THREADS - 2;
    woken = woken_by = 0;
    run_threads(sleep_or_wake);
    EXPECT_EQ(woken, woken_by);
    EXPECT(woken > 0);
}

/* ---- locks with an owner ---- */

static uint32_t owned;

static err_t own(uint32_t tid, uint64_t deadline)
{
    uint32_t free = 0;
    if (__atomic_compare_exchange_n(&owned, &free, tid, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return OK;
    return futex_lock_pi(at(&owned), false, FUTEX_LOCK, deadline);
}

static void disown(uint32_t tid)
{
    if (__atomic_compare_exchange_n(&owned, &tid, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) return;
    if (failed(futex_unlock_pi(at(&owned), false))) __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
}

static void count_with_owner(struct fake_futex_thread *self)
{
    for (uint32_t i = 0; i < ROUNDS / 4; i++) {
        bool is_short = i % 5 == 0;
        err_t e = own(self->user.tid, is_short ? time_now_ns() + 20000 : patience());
        if (failed(e)) {
            if (!is_short) __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
            continue;
        }
        guarded++;
        self->results++;
        disown(self->user.tid);
    }
    __atomic_add_fetch(&woken, self->results, __ATOMIC_RELAXED);
}

TEST(a_lock_with_an_owner_has_one_and_is_handed_on)
{
    guarded = lost = woken = 0;
    run_threads(count_with_owner);
    EXPECT_EQ(lost, 0);
    EXPECT_EQ(guarded, woken);
    EXPECT_EQ(owned & LINUX_FUTEX_TID_MASK, 0);
}

/* Nobody unlocks: each owner ends, and the next one inherits. */
static void inherit(struct fake_futex_thread *self)
{
    err_t e = own(self->user.tid, patience());
    if (failed(e)) {
        __atomic_add_fetch(&lost, 1, __ATOMIC_RELAXED);
        return;
    }
    guarded += (__atomic_load_n(&owned, __ATOMIC_RELAXED) & LINUX_FUTEX_TID_MASK) == self->user.tid;
    /* The others come to wait, or find the lock of somebody who has ended and stay away. */
    for (;;) {
        spin_lock(&process_tree_lock);
        uint32_t waiting = self->user.futex.waiters;
        spin_unlock(&process_tree_lock);
        if (waiting == THREADS - 1 - __atomic_load_n(&arrived, __ATOMIC_RELAXED)) break;
    }
    __atomic_add_fetch(&arrived, 1, __ATOMIC_RELAXED);
}

TEST(the_lock_of_an_owner_that_ends_goes_to_the_next_and_says_so)
{
    for (uint32_t i = 0; i < 50; i++) {
        guarded = lost = owned = arrived = 0;
        run_threads(inherit);
        EXPECT_EQ(lost, 0);
        EXPECT_EQ(guarded, THREADS);
        EXPECT(owned & LINUX_FUTEX_OWNER_DIED);
    }
}
