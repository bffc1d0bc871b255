/* SPDX-License-Identifier: Apache-2.0 */
/* The frame allocator under threads, each of them a CPU, with ThreadSanitizer watching. Every frame has
 * an owner byte: who gets a frame must find nobody there. And it writes to the frame without any
 * synchronisation but the allocator's own, so that a missing order between one owner and the next is a
 * reported race. */
#include "mm/frame.h"

#include <pthread.h>
#include <stdlib.h>

#include "config.h"
#include "mm/direct_map.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

enum { THREADS = 4, HELD_MAX = 2048, BLOCK = HUGE_BYTES / PAGE_BYTES };

struct worker {
    pthread_t thread;
    uint32_t cpu, operations;
    uint64_t random;
    uint64_t refusals, shared; /* shared: frames that somebody else had */
    uint32_t held_count;
    struct held {
        uint64_t first, count;
    } held[HELD_MAX];
};

static struct worker workers[THREADS];
static uint8_t *owners; /* by frame; 0: nobody */
static uint64_t huge_percent;

static uint64_t next_random(struct worker *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % below;
}

static void take(struct worker *w, paddr_t first, uint64_t count)
{
    uint64_t at = first.raw >> PAGE_SHIFT;
    if (is_paddr_none(first)) {
        w->refusals++;
        return;
    }
    for (uint64_t i = at; i < at + count; i++)
        w->shared += __atomic_exchange_n(&owners[i], (uint8_t)(w->cpu + 1), __ATOMIC_RELAXED) != 0;
    *(uint64_t *)direct_map(first) = w->cpu;
    *(uint64_t *)direct_map(PADDR(first.raw + (count - 1) * PAGE_BYTES)) = w->cpu;
    w->held[w->held_count++] = (struct held){ at, count };
}

/* Frames of a block that the worker has a part of, which others want as well. */
static void take_beside(struct worker *w)
{
    uint64_t block = align_down(w->held[next_random(w, w->held_count)].first, BLOCK);
    uint64_t at = block + next_random(w, BLOCK), set[FRAME_SET_WORDS] = { 0 };
    if (next_random(w, 8)) {
        if (frame_take(PADDR(at << PAGE_SHIFT))) take(w, PADDR(at << PAGE_SHIFT), 1);
        return;
    }
    uint64_t first = at - block, count = 1 + next_random(w, BLOCK - first);
    for (uint64_t i = first; i < first + count; i++) set[i / 64] |= 1ull << i % 64;
    if (frame_take_set(PADDR(block << PAGE_SHIFT), set, (uint32_t)count))
        take(w, PADDR(at << PAGE_SHIFT), count);
}

static void allocate(struct worker *w)
{
    uint64_t kind = next_random(w, 100), count;
    if (kind < huge_percent) {
        take(w, frame_alloc_huge(), BLOCK);
    } else if (kind < huge_percent + 2) {
        count = 1 + next_random(w, BLOCK);
        take(w, frame_alloc_run(count, PAGE_BYTES << next_random(w, 9)), count);
    } else if (kind < huge_percent + 3) {
        count = 1 + next_random(w, 4 * BLOCK);
        take(w, frame_alloc_run(count, PAGE_BYTES), count);
    } else if (kind < huge_percent + 4) {
        frame_pool_fill_step();
        paddr_t block = frame_alloc_huge_zeroed();
        for (uint32_t i = 0; i < BLOCK && !is_paddr_none(block); i += 64)
            w->shared += *(uint64_t *)direct_map(PADDR(block.raw + i * PAGE_BYTES)) != 0;
        take(w, block, BLOCK);
    } else if (kind < huge_percent + 6) {
        paddr_t kept = frame_alloc_kept(next_random(w, BLOCK));
        if (!is_paddr_none(kept)) take(w, kept, 1);
    } else if (kind < huge_percent + 20 && w->held_count) {
        take_beside(w);
    } else {
        take(w, frame_alloc(), 1);
    }
}

static void release(struct worker *w)
{
    struct held *h = &w->held[next_random(w, w->held_count)];
    uint64_t count = h->count,
             part = count > 1 && next_random(w, 4) == 0 ? 1 + next_random(w, count - 1) : count;
    for (uint64_t i = h->first; i < h->first + part; i++)
        w->shared += __atomic_exchange_n(&owners[i], 0, __ATOMIC_RELAXED) != w->cpu + 1;
    paddr_t first = PADDR(h->first << PAGE_SHIFT);
    h->first += part;
    h->count -= part;
    if (!h->count) *h = w->held[--w->held_count];
    if (part == 1)
        frame_free(first);
    else if (part == BLOCK && count == BLOCK && first.raw % HUGE_BYTES == 0 && next_random(w, 2))
        frame_free_huge(first);
    else
        frame_free_run(first, part);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    fake_cpu = w->cpu;
    for (uint32_t i = 0; i < w->operations; i++) {
        uint64_t fill = i / 1024 % 2 ? 35 : 65;
        bool grows = !w->held_count || (next_random(w, 100) < fill && w->held_count < HELD_MAX);
        if (grows)
            allocate(w);
        else
            release(w);
    }
    while (w->held_count) release(w);
    return NULL;
}

/* Runs the workers on a machine of so many bytes; nothing may be shared or lost. Returns refusals. */
static uint64_t run(uint64_t bytes, uint32_t operations, uint64_t percent)
{
    fake_machine_start(bytes);
    owners = calloc(1, bytes >> PAGE_SHIFT);
    huge_percent = percent;
    uint64_t frames = frame_free_count(), blocks = frame_free_huge_count(), refusals = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        struct worker *w = &workers[i];
        *w = (struct worker){ .cpu = i, .operations = operations, .random = 88172645463325252ull + i };
        if (i) frame_cpu_start(i);
    }
    for (uint32_t i = 0; i < THREADS; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    for (uint32_t i = 0; i < THREADS; i++) pthread_join(workers[i].thread, NULL);
    for (uint32_t i = 0; i < THREADS; i++) {
        EXPECT_EQ(workers[i].shared, 0);
        refusals += workers[i].refusals;
    }
    EXPECT_EQ(frame_free_count(), frames);
    EXPECT_EQ(frame_free_huge_count(), blocks);
    /* And all of it can still be had. */
    uint64_t had = 0;
    while (!is_paddr_none(frame_alloc())) had++;
    EXPECT_EQ(had, frames);
    free(owners);
    return refusals;
}

TEST(frame_threads_never_share_a_frame_and_lose_none) { EXPECT_EQ(run(8ull << 30, 20000, 3), 0); }

TEST(frame_threads_agree_while_memory_runs_out_all_the_time) { EXPECT(run(8ull << 20, 30000, 3) > 0); }

TEST(frame_threads_set_up_each_region_once)
{
    for (uint32_t round = 0; round < 8; round++) run(5ull << 30, 1500, 90);
}
