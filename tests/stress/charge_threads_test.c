/* SPDX-License-Identifier: Apache-2.0 */
/* Charges under threads, with ThreadSanitizer watching: the limit is never passed, not even for a moment,
 * and nobody is refused for the sake of a charge that was itself refused. */
#include "mm/charge.h"

#include <pthread.h>

#include "tests/harness/test.h"

enum { THREADS = 4, ROUNDS = 200000, MACHINE = 1 << 20, LIMIT = 1000 };

static uint64_t taken; /* what the threads together hold; never above what is charged */
static uint64_t excess, refusals, wrong_refusals;

static void *fight_for_the_limit(void *argument)
{
    enum charge_kind kind = (uintptr_t)argument % CHARGE_KIND_COUNT;
    uint64_t frames = 150 + 100 * (uintptr_t)argument; /* not all of them fit at once */
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (!charge_try(kind, frames)) {
            __atomic_add_fetch(&refusals, 1, __ATOMIC_RELAXED);
            continue;
        }
        if (__atomic_add_fetch(&taken, frames, __ATOMIC_RELAXED) > LIMIT)
            __atomic_add_fetch(&excess, 1, __ATOMIC_RELAXED);
        __atomic_sub_fetch(&taken, frames, __ATOMIC_RELAXED);
        charge_drop(kind, frames);
    }
    return NULL;
}

static void *ask_for_too_much(void *argument UNUSED)
{
    for (uint32_t i = 0; i < ROUNDS; i++)
        if (charge_try(CHARGE_ANONYMOUS, LIMIT + 1)) __atomic_add_fetch(&excess, 1, __ATOMIC_RELAXED);
    return NULL;
}

static void *ask_for_what_fits(void *argument UNUSED)
{
    for (uint32_t i = 0; i < ROUNDS; i++) {
        if (charge_try(CHARGE_KERNEL, LIMIT / THREADS))
            charge_drop(CHARGE_KERNEL, LIMIT / THREADS);
        else
            __atomic_add_fetch(&wrong_refusals, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void run(void *(*even)(void *), void *(*odd)(void *))
{
    pthread_t threads[THREADS];
    taken = excess = refusals = wrong_refusals = 0;
    charge_start(MACHINE);
    charge_set_limit(LIMIT);
    for (uintptr_t i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, i % 2 ? odd : even, (void *)i);
    for (uintptr_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    EXPECT_EQ(excess, 0);
    EXPECT_EQ(charge_read().total, 0);
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) EXPECT_EQ(charge_read().kinds[kind], 0);
    EXPECT(charge_read().peak <= LIMIT);
}

TEST(charge_threads_together_never_pass_the_limit)
{
    run(fight_for_the_limit, fight_for_the_limit);
    EXPECT(charge_read().peak > 0);
    test_note("%llu refusals, peak %llu", (unsigned long long)refusals,
              (unsigned long long)charge_read().peak);
}

TEST(charge_threads_are_not_refused_for_what_others_did_not_get)
{
    run(ask_for_too_much, ask_for_what_fits);
    EXPECT_EQ(wrong_refusals, 0);
}
