/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/frame.h"

#include <string.h>

#include "config.h"
#include "mm/direct_map.h"
#include "tests/fakes/fake_mm.h"
#include "tests/fakes/fake_panic.h"
#include "tests/harness/test.h"

enum { STEPS = HUGE_BYTES / CONFIG_POOL_STEP_BYTES };

static uint64_t fill_pool(void)
{
    uint64_t steps = 0;
    while (frame_pool_fill_step()) steps++;
    return steps;
}

/* A machine whose memory is not zero. */
static void start_dirty(uint64_t bytes)
{
    fake_machine_start(bytes);
    paddr_t blocks[64];
    uint32_t count = 0;
    while (count < 64 && !is_paddr_none(blocks[count] = frame_alloc_huge()))
        memset(direct_map(blocks[count++]), 0xee, HUGE_BYTES);
    while (count) frame_free_huge(blocks[--count]);
}

static bool is_zero(paddr_t block)
{
    const uint8_t *bytes = direct_map(block);
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, HUGE_BYTES - 1) == 0;
}

TEST(pool_fills_to_its_part_of_the_machine_and_no_further)
{
    fake_machine_start(64ull << 20);
    uint64_t free = frame_free_count(), blocks = frame_free_huge_count(), target = blocks / CONFIG_POOL_PART;
    EXPECT(target > 1);
    EXPECT_EQ(frame_pool_count(), 0);
    EXPECT_EQ(fill_pool(), target * STEPS);
    EXPECT_EQ(frame_pool_count(), target);
    EXPECT_EQ(frame_free_count(), free);
    EXPECT_EQ(frame_free_huge_count(), blocks);
}

TEST(pool_is_never_larger_than_configured)
{
    if (CONFIG_DEBUG) return; /* the same again */
    fake_machine_start(2ull << 30);
    fill_pool();
    EXPECT_EQ(frame_pool_count(), CONFIG_POOL_BLOCKS);
}

TEST(pool_blocks_half_zeroed_count_as_free_and_are_given_up)
{
    fake_machine_start(64ull << 20);
    uint64_t free = frame_free_count(), blocks = frame_free_huge_count(), got = 0;
    EXPECT(frame_pool_fill_step());
    EXPECT_EQ(frame_free_count(), free);
    EXPECT_EQ(frame_free_huge_count(), blocks);
    while (!is_paddr_none(frame_alloc_huge())) got++;
    EXPECT_EQ(got, blocks);
    EXPECT(!frame_pool_fill_step());
}

TEST(pool_blocks_are_zero_and_so_are_those_after_it_ran_dry)
{
    start_dirty(64ull << 20);
    fill_pool();
    uint64_t pooled = frame_pool_count(), blocks = frame_free_huge_count();
    for (uint64_t i = 0; i < blocks; i++) {
        paddr_t block = frame_alloc_huge_zeroed();
        EXPECT(!is_paddr_none(block) && is_zero(block));
        EXPECT_EQ(frame_pool_count(), i < pooled ? pooled - i - 1 : 0);
    }
    EXPECT(is_paddr_none(frame_alloc_huge_zeroed()));
}

TEST(pool_blocks_serve_huge_frame_and_run_when_nothing_else_is_left)
{
    fake_machine_start(64ull << 20);
    uint64_t frames = frame_free_count(), blocks = frame_free_huge_count(), got = 0;
    fill_pool();
    uint64_t pooled = frame_pool_count();
    while (got < blocks && !is_paddr_none(frame_alloc_huge())) {
        got++;
        EXPECT_EQ(frame_pool_count(), blocks - got < pooled ? blocks - got : pooled);
    }
    EXPECT_EQ(got, blocks);

    fake_machine_start(64ull << 20);
    fill_pool();
    for (got = 0; !is_paddr_none(frame_alloc()); got++) continue;
    EXPECT_EQ(got, frames);

    fake_machine_start(64ull << 20);
    fill_pool();
    EXPECT(!is_paddr_none(frame_alloc_run(blocks * (HUGE_BYTES / PAGE_BYTES), PAGE_BYTES)));
    EXPECT_EQ(frame_pool_count(), 0);
}

TEST(pool_blocks_come_back_as_ordinary_ones)
{
    fake_machine_start(64ull << 20);
    uint64_t free = frame_free_count(), blocks = frame_free_huge_count();
    fill_pool();
    uint64_t pooled = frame_pool_count();
    paddr_t whole = frame_alloc_huge_zeroed(), parts = frame_alloc_huge_zeroed();
    frame_free_huge(whole);
    frame_free(parts);
    frame_free_run(PADDR(parts.raw + PAGE_BYTES), HUGE_BYTES / PAGE_BYTES - 1);
    EXPECT_EQ(frame_pool_count(), pooled - 2);
    EXPECT_EQ(frame_free_count(), free);
    EXPECT_EQ(frame_free_huge_count(), blocks);
}

TEST(pool_blocks_cannot_be_freed)
{
    fake_machine_start(64ull << 20);
    fill_pool();
    paddr_t block = frame_alloc_huge_zeroed();
    frame_free_huge(block);
    EXPECT_PANIC(frame_free_huge(block), "free");
    /* The pool was filled, and is used, lowest first: the next block is in it. */
    EXPECT_PANIC(frame_free_huge(PADDR(block.raw + HUGE_BYTES)), "free");
    EXPECT_PANIC(frame_free(PADDR(block.raw + HUGE_BYTES)), "free");
    EXPECT_PANIC(frame_free_run(PADDR(block.raw + HUGE_BYTES), 3), "free");
}
