/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/frame.h"

#include "config.h"
#include "mm/alloc_fail.h"
#include "tests/fakes/fake_mm.h"
#include "tests/fakes/fake_panic.h"
#include "tests/harness/test.h"

enum { BLOCK = HUGE_BYTES / PAGE_BYTES };

static paddr_t frame_of(paddr_t block, uint64_t index) { return PADDR(block.raw + (index << PAGE_SHIFT)); }
static paddr_t block_of(paddr_t frame) { return PADDR(align_down(frame.raw, HUGE_BYTES)); }

/* The block, of which only the frame `index` is in use. */
static paddr_t keep(uint64_t index)
{
    paddr_t frame = frame_alloc_kept(index);
    EXPECT(!is_paddr_none(frame));
    EXPECT_EQ(frame.raw % HUGE_BYTES, index << PAGE_SHIFT);
    return block_of(frame);
}

/* Takes frames until one is of the block, or there are none; how many came before. */
static uint64_t count_until(paddr_t block, bool runs)
{
    uint64_t count = 0;
    for (paddr_t f;; count++) {
        f = runs ? frame_alloc_run(2, PAGE_BYTES) : frame_alloc();
        if (is_paddr_none(f) || block_of(f).raw == block.raw) return count;
    }
}

TEST(kept_frames_are_taken_one_by_one_and_free_as_one_piece)
{
    fake_machine_start(64ull << 20);
    uint64_t free = frame_free_count(), blocks = frame_free_huge_count();
    for (uint64_t first = 0; first < BLOCK; first += BLOCK - 1) {
        paddr_t block = keep(first);
        EXPECT_EQ(frame_free_count(), free - 1);
        EXPECT_EQ(frame_free_huge_count(), blocks - 1);
        EXPECT(!frame_take(frame_of(block, first)));
        for (uint64_t i = 0; i < BLOCK; i++) EXPECT(i == first || frame_take(frame_of(block, i)));
        EXPECT_EQ(frame_free_in_block(block), 0);
        EXPECT_EQ(frame_free_count(), free - BLOCK);
        frame_free_huge(block);
        EXPECT_EQ(frame_free_count(), free);
        EXPECT_EQ(frame_free_huge_count(), blocks);
        EXPECT(!frame_take(block)); /* it is whole */
        EXPECT_PANIC(frame_free_huge(block), "free");
        EXPECT_PANIC(frame_free(block), "free");
    }
}

TEST(kept_frames_come_last_for_everybody_else_but_they_come)
{
    for (int runs = 0; runs < 2; runs++) {
        fake_machine_start(32ull << 20);
        uint64_t free = frame_free_count();
        paddr_t block = keep(7);
        /* Runs of two leave at most one frame of a block. */
        uint64_t before = count_until(block, runs) * (runs ? 2 : 1);
        EXPECT(before + (runs ? 64u : 0) >= free - BLOCK);
        EXPECT(frame_free_count() > 0);
        while (!is_paddr_none(runs ? frame_alloc_run(1, PAGE_BYTES) : frame_alloc())) {}
        EXPECT_EQ(frame_free_count(), 0);
        EXPECT_EQ(frame_free_in_block(block), 0);
    }
}

TEST(kept_blocks_stay_kept_while_their_frames_come_and_go)
{
    fake_machine_start(32ull << 20);
    uint64_t free = frame_free_count(), blocks = frame_free_huge_count();
    paddr_t block = keep(0);
    for (uint64_t i = 1; i < BLOCK; i++) EXPECT(frame_take(frame_of(block, i)));
    for (uint64_t i = 100; i < 200; i++) frame_free(frame_of(block, i));
    EXPECT_EQ(frame_free_in_block(block), 100);
    EXPECT_EQ(frame_free_count(), free - BLOCK + 100);
    paddr_t others[64];
    for (uint32_t i = 0; i < 64; i++) EXPECT(block_of(others[i] = frame_alloc()).raw != block.raw);
    for (uint64_t i = 100; i < 200; i++) EXPECT(frame_take(frame_of(block, i)));
    for (uint32_t i = 0; i < 64; i++) frame_free(others[i]);
    for (uint64_t i = 0; i < BLOCK; i++) frame_free(frame_of(block, i));
    EXPECT_EQ(frame_free_count(), free);
    EXPECT_EQ(frame_free_huge_count(), blocks);
}

TEST(kept_blocks_are_bounded_by_those_that_stay_whole)
{
    static const struct {
        uint64_t mib, kept;
    } machines[] = { { 4, 0 }, { 8, 0 }, { 10, 1 }, { 128, 12 } };
    for (uint32_t m = 0; m < ARRAY_LENGTH(machines); m++) {
        fake_machine_start(machines[m].mib << 20);
        uint64_t kept = 0, blocks = frame_free_huge_count();
        while (!is_paddr_none(frame_alloc_kept(3))) kept++;
        EXPECT_EQ(kept, machines[m].kept);
        EXPECT_EQ(frame_free_huge_count(), blocks - kept);
        EXPECT(frame_free_huge_count() + 1 >= kept * CONFIG_KEPT_PART);
    }
}

TEST(kept_blocks_whose_frames_are_all_in_use_do_not_count)
{
    fake_machine_start(128ull << 20);
    uint64_t free = frame_free_count(), full = 0;
    paddr_t blocks[64], last = PADDR_NONE;
    uint64_t rest[FRAME_SET_WORDS];
    for (uint32_t i = 0; i < FRAME_SET_WORDS; i++) rest[i] = ~0ull;
    rest[1] &= ~2ull;
    for (paddr_t f; !is_paddr_none(f = frame_alloc_kept(65)); full++) {
        blocks[full] = last = block_of(f);
        EXPECT(frame_take_set(last, rest, BLOCK - 1));
        EXPECT(!frame_take_set(last, rest, BLOCK - 1));
    }
    /* Until fewer are whole than one would need. */
    EXPECT_EQ(frame_free_huge_count(), CONFIG_KEPT_PART - 1);
    frame_free(frame_of(last, 9));
    for (uint64_t i = 0; i < full; i++) frame_free_run(blocks[i], blocks[i].raw == last.raw ? 9 : BLOCK);
    frame_free_run(frame_of(last, 10), BLOCK - 10);
    EXPECT_EQ(frame_free_count(), free);
}

TEST(kept_sets_are_taken_whole_or_not_at_all)
{
    fake_machine_start(32ull << 20);
    paddr_t block = keep(130);
    uint64_t set[FRAME_SET_WORDS] = { 1ull << 63, 0, 7 }; /* frame 130 is in use */
    EXPECT(!frame_take_set(block, set, 4));
    EXPECT_EQ(frame_free_in_block(block), BLOCK - 1);
    set[2] = 3;
    EXPECT(frame_take_set(block, set, 3));
    EXPECT_EQ(frame_free_in_block(block), BLOCK - 4);
    EXPECT(!frame_take(frame_of(block, 63)) && !frame_take(frame_of(block, 129)));
    EXPECT(frame_take(frame_of(block, 62)) && frame_take(frame_of(block, 131)));
}

TEST(kept_frames_can_be_asked_for_anywhere)
{
    fake_machine_start(32ull << 20);
    uint64_t free = frame_free_count();
    EXPECT(!frame_take(PADDR(0)));
    EXPECT(!frame_take(PADDR(64ull << 20)));
    EXPECT(!frame_take(PADDR(64ull << 40)));
    EXPECT_EQ(frame_free_in_block(PADDR(64ull << 40)), 0);
    /* A block that a CPU takes its frames from. */
    paddr_t frame = frame_alloc(), next = PADDR(frame.raw + 5 * PAGE_BYTES);
    EXPECT(frame_take(next));
    EXPECT(!frame_take(next));
    frame_free(frame);
    frame_free(next);
    EXPECT_EQ(frame_free_count(), free);
}

TEST(kept_frames_are_found_in_regions_not_set_up_before)
{
    if (CONFIG_DEBUG) return; /* poisoning would touch all of it */
    fake_machine_start(3ull << 30);
    uint64_t kept = 0, frames = frame_free_count();
    for (paddr_t f, last = PADDR(0); !is_paddr_none(f = frame_alloc_kept(0)); kept++, last = f)
        EXPECT(f.raw > last.raw);
    EXPECT(kept >= 24 * 12 - 2);
    EXPECT_EQ(frame_free_count(), frames - kept);
    while (!is_paddr_none(frame_alloc())) kept++;
    EXPECT_EQ(kept, frames);
}

TEST(kept_allocations_fail_when_told_to)
{
    if (!CONFIG_DEBUG) return;
    fake_machine_start(32ull << 20);
    alloc_fail_countdown = 1;
    EXPECT(is_paddr_none(frame_alloc_kept(0)));
    EXPECT(!is_paddr_none(frame_alloc_kept(0)));
}
