/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a task as one atomic word: its state, and the generation that tells this task from those that
 * had the word before it. Every change but the first is a row of task_state_after, made in one
 * compare-and-swap. docs/executor.md draws it.
 *
 * A step that changes nothing is a swap all the same: what a waker wrote before it found the task QUEUED must
 * be seen by the poll that follows, and only a write to the same word, before the executor's own, orders the two. */
#pragma once
#include "lib/base.h"

enum task_state {
    TASK_ENDED,   /* or never begun: nobody has the word, and a wake does nothing */
    TASK_IDLE,    /* waits for a wake */
    TASK_QUEUED,  /* in its executor's queue, once */
    TASK_RUNNING, /* its poll runs */
    TASK_WOKEN,   /* its poll runs and must run again */
    TASK_STATES,
};

enum task_step {
    TASK_WAKE, /* anybody, any context */
    TASK_TAKE, /* the executor, before the poll */
    TASK_PUT,  /* the executor, after a poll that is pending */
    TASK_END,  /* the executor, after a poll that is done */
    TASK_STEPS,
};

enum { TASK_NEVER = TASK_STATES };

static const uint8_t task_state_after[TASK_STEPS][TASK_STATES] = {
    /* from ENDED, IDLE, QUEUED, RUNNING, WOKEN; NEVER: cannot happen */
    [TASK_WAKE] = { TASK_ENDED, TASK_QUEUED, TASK_QUEUED, TASK_WOKEN, TASK_WOKEN },
    [TASK_TAKE] = { TASK_NEVER, TASK_NEVER, TASK_RUNNING, TASK_NEVER, TASK_NEVER },
    [TASK_PUT] = { TASK_NEVER, TASK_NEVER, TASK_NEVER, TASK_IDLE, TASK_QUEUED },
    [TASK_END] = { TASK_NEVER, TASK_NEVER, TASK_NEVER, TASK_ENDED, TASK_ENDED },
};

static inline uint64_t task_word(uint32_t generation, enum task_state state)
{
    return (uint64_t)generation << 32 | state;
}
static inline uint32_t task_word_generation(uint64_t word) { return (uint32_t)(word >> 32); }
static inline enum task_state task_word_state(uint64_t word) { return (enum task_state)(uint32_t)word; }

/* A new task gets the word of one that ended, QUEUED for its first poll; nobody else may do the same
 * meanwhile. Returns its generation, never 0. */
static inline uint32_t task_state_renew(uint64_t *word)
{
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    ASSERT(task_word_state(old) == TASK_ENDED);
    uint32_t generation = task_word_generation(old) + 1;
    generation += generation == 0;
    __atomic_store_n(word, task_word(generation, TASK_QUEUED), __ATOMIC_RELEASE);
    return generation;
}

/* Returns the state before the step; TASK_ENDED also when the word belongs to another generation by now, which
 * the step then left alone. Whoever turns IDLE or WOKEN into QUEUED puts the task into the queue. */
static inline enum task_state task_state_step(uint64_t *word, uint32_t generation, enum task_step step)
{
    uint64_t old = __atomic_load_n(word, __ATOMIC_RELAXED);
    for (;;) {
        if (task_word_generation(old) != generation) return TASK_ENDED;
        enum task_state before = task_word_state(old), after = task_state_after[step][before];
        ASSERT((uint32_t)after != TASK_NEVER);
        if (after == TASK_ENDED && before == TASK_ENDED) return TASK_ENDED;
        if (__atomic_compare_exchange_n(word, &old, task_word(generation, after), false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return before;
    }
}
