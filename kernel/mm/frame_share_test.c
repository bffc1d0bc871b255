/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of holders against a model that keeps each holder's leaves. */
#include "mm/frame_share.h"

#include <stdlib.h>
#include <string.h>

#include "mm/alloc_fail.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

enum { PARTS = HUGE_BYTES / PAGE_BYTES, HOLDERS = 6 };

/* What one address space has of the block. */
struct holder {
    bool whole;
    bool part[PARTS];
};

static struct {
    struct holder holder[HOLDERS];
    paddr_t block;
    uint64_t free_before, random;
} model;

static uint64_t next_random(uint64_t below)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random % below;
}

static paddr_t part_frame(uint32_t part) { return PADDR(model.block.raw + ((uint64_t)part << PAGE_SHIFT)); }

static uint32_t holders_of(uint32_t part)
{
    uint32_t count = 0;
    for (uint32_t h = 0; h < HOLDERS; h++) count += model.holder[h].whole || model.holder[h].part[part];
    return count;
}

static void start(void)
{
    fake_machine_start(64ull << 20);
    heap_init();
    alloc_fail_countdown = 0;
    memset(&model, 0, sizeof(model));
    model.random = 0x452821e638d01377;
}

static void begin_block(void)
{
    model.free_before = frame_free_count();
    model.block = frame_alloc_huge();
    memset(model.holder, 0, sizeof(model.holder));
    model.holder[0].whole = true;
}

static void check_counts(void)
{
    for (uint32_t i = 0; i < PARTS; i++) {
        bool is_alone = true;
        for (uint32_t h = 0; h < HOLDERS; h++) is_alone &= !model.holder[h].whole;
        if (holders_of(i) > 0) EXPECT_EQ(frame_share_holders(part_frame(i)), holders_of(i));
        if (is_alone && holders_of(i) > 0)
            EXPECT_EQ(frame_is_shared(part_frame(i), PAGE_SHIFT), holders_of(i) > 1);
    }
    for (uint32_t h = 0; h < HOLDERS; h++) {
        if (!model.holder[h].whole) continue;
        bool is_shared = false;
        for (uint32_t i = 0; i < PARTS; i++) is_shared |= holders_of(i) > 1;
        EXPECT_EQ(frame_is_shared(model.block, HUGE_SHIFT), is_shared);
    }
}

static uint32_t held_frames(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < PARTS; i++) count += holders_of(i) > 0;
    return count;
}

static bool holds_anything(const struct holder *h)
{
    bool any = h->whole;
    for (uint32_t i = 0; i < PARTS; i++) any |= h->part[i];
    return any;
}

/* ---- operations on both ---- */

static void drop_part(struct holder *h, uint32_t part)
{
    bool is_last = holders_of(part) == 1;
    EXPECT_EQ(frame_share_drop(part_frame(part), PAGE_SHIFT), is_last);
    h->part[part] = false;
}

static void drop_whole(struct holder *h)
{
    uint32_t before = held_frames();
    h->whole = false;
    EXPECT_EQ(frame_share_drop(model.block, HUGE_SHIFT), before - held_frames());
}

static void drop_everything(struct holder *h)
{
    if (h->whole) drop_whole(h);
    for (uint32_t i = 0; i < PARTS; i++)
        if (h->part[i]) drop_part(h, i);
}

static void copy_holder(const struct holder *from, struct holder *to)
{
    if (from->whole) {
        EXPECT_OK(frame_share(model.block, HUGE_SHIFT));
        to->whole = true;
    }
    for (uint32_t i = 0; i < PARTS; i++) {
        if (!from->part[i]) continue;
        EXPECT_OK(frame_share(part_frame(i), PAGE_SHIFT));
        to->part[i] = true;
    }
}

static void split_holder(struct holder *h)
{
    EXPECT_OK(frame_share_split(model.block));
    h->whole = false;
    memset(h->part, true, sizeof(h->part));
}

static void random_step(void)
{
    struct holder *h = &model.holder[next_random(HOLDERS)], *other = &model.holder[next_random(HOLDERS)];
    switch (next_random(5)) {
    case 0:
        if (holds_anything(h) && !holds_anything(other)) copy_holder(h, other);
        break;
    case 1:
        if (h->whole) split_holder(h);
        break;
    case 2:
        if (next_random(4) == 0) drop_everything(h);
        break;
    default:
        for (uint32_t n = (uint32_t)next_random(300); n > 0; n--) {
            uint32_t part = (uint32_t)next_random(PARTS);
            if (h->part[part]) drop_part(h, part);
        }
    }
}

TEST(holders_of_a_block_come_and_go_whole_and_in_parts)
{
    start();
    for (int round = 0; round < 60; round++) {
        begin_block();
        for (int step = 0; step < 60 && held_frames(); step++) {
            random_step();
            check_counts();
        }
        for (uint32_t h = 0; h < HOLDERS; h++) drop_everything(&model.holder[h]);
        EXPECT_EQ(frame_share_count(), 0);
    }
    EXPECT(frame_free_count() + 8 >= model.free_before); /* slabs the heap keeps */
}

TEST(a_frame_of_4_kib_is_freed_by_its_last_holder)
{
    start();
    paddr_t frame = frame_alloc();
    EXPECT(!frame_is_shared(frame, PAGE_SHIFT));
    EXPECT_OK(frame_share(frame, PAGE_SHIFT));
    EXPECT_OK(frame_share(frame, PAGE_SHIFT));
    EXPECT(frame_is_shared(frame, PAGE_SHIFT));
    EXPECT_EQ(frame_share_drop(frame, PAGE_SHIFT), 0);
    EXPECT_EQ(frame_share_drop(frame, PAGE_SHIFT), 0);
    EXPECT(!frame_is_shared(frame, PAGE_SHIFT));
    EXPECT_EQ(frame_share_count(), 0);
    EXPECT_EQ(frame_share_drop(frame, PAGE_SHIFT), 1);
}

TEST(a_giant_leaf_is_shared_block_by_block)
{
    fake_machine_start(3ull << 30);
    heap_init();
    paddr_t giant = frame_alloc_run(GIANT_BYTES / PAGE_BYTES, GIANT_BYTES);
    EXPECT(!is_paddr_none(giant));
    EXPECT_OK(frame_share(giant, GIANT_SHIFT));
    EXPECT(frame_is_shared(giant, GIANT_SHIFT));
    EXPECT_EQ(frame_share_drop(PADDR(giant.raw + HUGE_BYTES), HUGE_SHIFT), 0); /* split by one holder */
    EXPECT(frame_is_shared(giant, GIANT_SHIFT));
    EXPECT_EQ(frame_share_drop(giant, HUGE_SHIFT), 0);
    for (uint64_t i = 2; i < 512; i++)
        EXPECT_EQ(frame_share_drop(PADDR(giant.raw + i * HUGE_BYTES), HUGE_SHIFT), 0);
    EXPECT(!frame_is_shared(giant, GIANT_SHIFT));
    EXPECT_EQ(frame_share_drop(giant, GIANT_SHIFT), GIANT_BYTES / PAGE_BYTES);
}

TEST(sharing_that_finds_no_memory_changes_nothing)
{
    start();
    begin_block();
    for (uint64_t n = 1;; n++) {
        alloc_fail_countdown = n;
        err_t e = frame_share(model.block, HUGE_SHIFT);
        if (!failed(e)) e = frame_share_split(model.block);
        bool was_enough = alloc_fail_countdown > 0;
        alloc_fail_countdown = 0;
        if (was_enough) break;
        if (frame_is_shared(model.block, HUGE_SHIFT)) EXPECT_EQ(frame_share_drop(model.block, HUGE_SHIFT), 0);
        EXPECT_EQ(frame_share_count(), 0);
        EXPECT(n < 20);
    }
    EXPECT_EQ(frame_share_drop(model.block, HUGE_SHIFT), 0);
    EXPECT_EQ(frame_share_count(), 0); /* counts would outlive the machine */
}
