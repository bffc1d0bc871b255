/* SPDX-License-Identifier: Apache-2.0 */
/* How much of free memory is whole blocks of 2 MiB after ten million random allocations and frees at
 * 90 % fill: this kernel's frame allocator, and a plain buddy system on the same sequence.
 *
 * A third of what is in use is single frames, the rest huge blocks. Each step frees any one of what is held
 * or allocates, as chance has it, within a few pieces of 90 %. */
#include "mm/frame.h"

#include <stdlib.h>

#include "bench/buddy.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

enum {
    BLOCK = HUGE_BYTES / PAGE_BYTES,
    STEPS = 10000000,
    BLOCKS = 4096, /* of the machine: 8 GiB */
    HUGE = BLOCKS * 6 / 10,
    SMALL = BLOCKS * BLOCK * 3 / 10,
    HUGE_SLACK = 2,
    SMALL_SLACK = 128,
    HUGE_ORDER = HUGE_SHIFT - PAGE_SHIFT,
};

struct allocator {
    const char *name;
    uint64_t (*alloc)(bool huge); /* UINT64_MAX: none */
    void (*free)(uint64_t what, bool huge);
    uint64_t (*free_frames)(void);
    uint64_t (*whole_frames)(void);
};

/* ---- the two ---- */

static uint64_t ours_alloc(bool huge) { return (huge ? frame_alloc_huge() : frame_alloc()).raw; }
static void ours_free(uint64_t what, bool huge)
{
    if (huge)
        frame_free_huge(PADDR(what));
    else
        frame_free(PADDR(what));
}
static uint64_t ours_whole(void) { return frame_free_huge_count() * BLOCK; }
static const struct allocator ours = { "CloudKernel", ours_alloc, ours_free, frame_free_count, ours_whole };

static struct buddy buddy;
static uint64_t peer_alloc(bool huge) { return buddy_alloc(&buddy, huge ? HUGE_ORDER : 0); }
static void peer_free(uint64_t what, bool huge) { buddy_free(&buddy, what, huge ? HUGE_ORDER : 0); }
static uint64_t peer_free_frames(void) { return buddy_free_count(&buddy, 0); }
static uint64_t peer_whole(void) { return buddy_free_count(&buddy, HUGE_ORDER); }
static const struct allocator peer = { "buddy", peer_alloc, peer_free, peer_free_frames, peer_whole };

/* ---- the sequence ---- */

static uint64_t state;

static uint64_t next_random(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static uint64_t small_held[SMALL + SMALL_SLACK], huge_held[HUGE + HUGE_SLACK], small_count, huge_count;

/* One step up or down within the slack; to the middle while far from it. */
static bool step(const struct allocator *a, bool huge)
{
    uint64_t *held = huge ? huge_held : small_held, *count = huge ? &huge_count : &small_count;
    uint64_t target = huge ? HUGE : SMALL, slack = huge ? HUGE_SLACK : SMALL_SLACK;
    bool grows = *count < target - slack || (*count < target + slack && next_random(2));
    if (grows) return (held[(*count)++] = a->alloc(huge)) != UINT64_MAX;
    uint64_t i = next_random(*count), what = held[i];
    held[i] = held[--*count];
    a->free(what, huge);
    return true;
}

/* The share of free memory that is whole blocks, in hundred-thousandths. */
static uint64_t run(const struct allocator *a, uint64_t seed)
{
    state = seed;
    small_count = huge_count = 0;
    /* Filled in any order, by what is needed of each. */
    while (small_count < SMALL - SMALL_SLACK || huge_count < HUGE - HUGE_SLACK)
        EXPECT(step(a, next_random(SMALL + HUGE) < HUGE ? huge_count < HUGE : small_count >= SMALL));
    uint64_t refusals = 0;
    for (uint64_t i = 0; i < STEPS; i++) refusals += !step(a, next_random(100) == 0);
    EXPECT_EQ(refusals, 0);
    return a->whole_frames() * 100000 / a->free_frames();
}

TEST(fragmentation_free_memory_is_whole_blocks_after_ten_million_steps_at_90_percent)
{
    static const uint64_t seeds[] = { 1, 88172645463325252, 0x9e3779b97f4a7c15 };
    uint64_t bytes = (uint64_t)BLOCKS * HUGE_BYTES;
    struct buddy_frame *table = aligned_alloc(_Alignof(struct buddy_frame), BLOCKS * BLOCK * sizeof(*table));
    EXPECT(table);
    if (!table) return;
    for (uint32_t i = 0; i < ARRAY_LENGTH(seeds); i++) {
        fake_machine_start(bytes);
        uint64_t mine = run(&ours, seeds[i]);
        buddy_init(&buddy, table, BLOCKS * BLOCK, HUGE_ORDER + 1);
        uint64_t theirs = run(&peer, seeds[i]);
        test_note("seed %llu: whole blocks are %llu.%03llu %% of free memory; buddy: %llu.%03llu %%",
                  (unsigned long long)seeds[i], (unsigned long long)mine / 1000,
                  (unsigned long long)mine % 1000, (unsigned long long)theirs / 1000,
                  (unsigned long long)theirs % 1000);
        EXPECT(mine >= 99500);
    }
    free(table);
}
