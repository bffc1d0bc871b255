/* SPDX-License-Identifier: Apache-2.0 */
/* Who has the machine's frames: every frame taken from mm/frame.h is charged to a kind, from boot on, so
 *
 *     frame_free_count() + frames charged == frame_total_count()
 *
 * and what is free is known without a walk. Charge before a frame is taken, drop after it is given back:
 * then the first two never say that more is free than is.
 *
 * Two limits. What the container was given, over all kinds and counted from charge_start(): a program
 * pays for its page tables and open files too. And the machine: only the kernel may use the last of it
 * (the reserve), so that a program that fills memory cannot stop the kernel from ending it.
 *
 * Any context, any CPU, no lock. A charge is made or not made as one step, so one that is refused is
 * never seen by others. */
#pragma once
#include "lib/base.h"

enum charge_kind {
    CHARGE_ANONYMOUS, /* memory of programs, private copies of file pages included */
    CHARGE_FILE,      /* what files hold; page frames of shared memory too */
    CHARGE_KERNEL,    /* heap, page tables, stacks, trees of file pages */
    CHARGE_PINNED,    /* lent to devices */
    CHARGE_GPU,
    CHARGE_KIND_COUNT,
};

/* frames; use the functions */
struct charge_counters {
    uint64_t limits[CHARGE_KIND_COUNT]; /* that `total` may reach for the kind; written by charge_set_limit */
    uint64_t total;                     /* of all kinds; this and the rest are atomic */
    uint64_t kinds[CHARGE_KIND_COUNT];
    uint64_t peak; /* of `total`; brought up to date when it falls */
} ALIGNED(64);
extern struct charge_counters charge_counters;

NOINLINE bool charge_refuse(enum charge_kind kind, uint64_t frames); /* false */
NOINLINE void charge_set_peak(uint64_t total);

/* False, and nothing changes, when a limit is in the way. */
static inline bool charge_try(enum charge_kind kind, uint64_t frames)
{
    struct charge_counters *c = &charge_counters;
    uint64_t limit = __atomic_load_n(&c->limits[kind], __ATOMIC_RELAXED);
    uint64_t seen = __atomic_load_n(&c->total, __ATOMIC_RELAXED);
    do {
        if (unlikely(seen + frames > limit)) return charge_refuse(kind, frames);
    } while (unlikely(!__atomic_compare_exchange_n(&c->total, &seen, seen + frames, true, __ATOMIC_RELAXED,
                                                   __ATOMIC_RELAXED)));
    __atomic_fetch_add(&c->kinds[kind], frames, __ATOMIC_RELAXED);
    return true;
}

static inline void charge_drop(enum charge_kind kind, uint64_t frames)
{
    struct charge_counters *c = &charge_counters;
    uint64_t was = __atomic_fetch_sub(&c->kinds[kind], frames, __ATOMIC_RELAXED);
    DEBUG_ASSERT(was >= frames);
    (void)was;
    uint64_t total = __atomic_fetch_sub(&c->total, frames, __ATOMIC_RELAXED);
    if (unlikely(total > __atomic_load_n(&c->peak, __ATOMIC_RELAXED))) charge_set_peak(total);
}

/* The container begins: what is charged by now is not its own, what follows is. `machine_frames` is
 * frame_total_count(). Before the first call nothing is refused. Another call (tests) begins anew. Nobody may
 * charge meanwhile. */
void charge_start(uint64_t machine_frames);
/* What the container may have, in frames since charge_start(). At any time: a limit below what is charged
 * takes nothing away, but refuses until there is room again. */
#define CHARGE_NO_LIMIT UINT64_MAX
void charge_set_limit(uint64_t frames);

/* The refusal that came last, on whichever CPU; `frames` is 0 when there was none since it was last asked for. */
struct charge_refusal {
    enum charge_kind kind;
    uint64_t frames;
    bool is_container_limit; /* or there is no more in the machine */
};
struct charge_refusal charge_take_refusal(void);

/* All in frames. Where other CPUs charge meanwhile, the numbers are of slightly different moments. */
struct charge_stats {
    uint64_t kinds[CHARGE_KIND_COUNT]; /* since charge_start(), as are: */
    uint64_t total, peak;
    uint64_t limit;     /* CHARGE_NO_LIMIT: the machine's */
    uint64_t boot;      /* charged before that */
    uint64_t machine;   /* all that the allocator manages */
    uint64_t free;      /* of it */
    uint64_t reserve;   /* the last free ones, for the kernel only */
    uint64_t available; /* what a program could still have, by whichever limit is nearer */
};
struct charge_stats charge_read(void);

const char *charge_kind_name(enum charge_kind kind);
