/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that are known to sleep on a futex. Nobody can see whether a thread has gone to sleep yet, but a
 * requeue tells how many it has moved: so each sleeper goes to sleep on a word of its own and is moved to the
 * word of the test, where the order of arrival is then known, too. */
#pragma once
#include "tests/conformance/tasks.h"

enum { SLEEPERS_MAX = 8, PRIVATE = FUTEX_PRIVATE_FLAG };

struct sleeper {
    struct worker worker;
    _Atomic int door;
    unsigned bits;
    int scope; /* PRIVATE or 0 */
};
static struct sleeper sleepers[SLEEPERS_MAX];
static int sleeper_count;

static inline long sleeper_body(void *argument)
{
    struct sleeper *s = argument;
    struct timespec until = after_ms(CLOCK_MONOTONIC, LONG_MS);
    long result = futex(&s->door, FUTEX_WAIT_BITSET | s->scope, 0, &until, NULL, s->bits);
    return result < 0 ? -errno : result;
}
/* One more that sleeps on `word`. */
static inline void add_sleeper(_Atomic int *word, unsigned bits, int scope)
{
    struct sleeper *s = &sleepers[sleeper_count++];
    s->door = 0;
    s->bits = bits;
    s->scope = scope;
    start_worker(&s->worker, sleeper_body, s);
    for (int i = 0; i < LONG_MS; i++) {
        /* Linux may wake a thread late for what it waited for before, which then goes back to its door. */
        pause_ms(1);
        if (futex2(&s->door, FUTEX_CMP_REQUEUE | scope, 0, 1, word, 0) == 1) return;
    }
    give_up("a sleeper cannot be moved");
}
static inline void add_sleepers(int count, _Atomic int *word)
{
    while (count-- > 0) add_sleeper(word, FUTEX_BITSET_MATCH_ANY, PRIVATE);
}
/* The numbers of those that have woken, of which there shall be `count`. */
static inline const char *awake(long count)
{
    static char text[SLEEPERS_MAX + 1];
    for (int turn = 0; turn < LONG_MS; turn++) {
        int length = 0;
        for (int i = 0; i < sleeper_count; i++)
            if (sleepers[i].worker.is_done) text[length++] = (char)('0' + i);
        text[length] = 0;
        if (length >= count) break;
        pause_ms(1);
    }
    return text;
}
/* How many woke by being woken. */
static inline int end_sleepers(void)
{
    int woken = 0;
    for (int i = 0; i < sleeper_count; i++) woken += join_worker(&sleepers[i].worker) == 0;
    sleeper_count = 0;
    return woken;
}
