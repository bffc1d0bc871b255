/* SPDX-License-Identifier: Apache-2.0 */
/* The frame allocator against a byte per frame: whatever is handed out must be free in the model, and
 * a refusal is checked by looking for what could have been given. */
#include "mm/frame.h"

#include <stdlib.h>
#include <string.h>

#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "tests/fakes/fake_log.h"
#include "tests/fakes/fake_mm.h"
#include "tests/fakes/fake_panic.h"

enum {
    BLOCK = HUGE_BYTES / PAGE_BYTES,
    KERNEL_START = 0x100000,
    KERNEL_END = 0x140000,
    HELD_MAX = 4096,
};
enum state { NOT_OURS, FREE, USED };

static struct {
    struct boot_info info;
    uint8_t *state;
    uint64_t frames; /* in the model */
    uint64_t free_frames;
    struct held {
        uint64_t first, count;
    } held[HELD_MAX];
    uint32_t held_count;
    uint64_t random;
} model;

static uint64_t next_random(uint64_t below)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random % below;
}

/* ---- machines ---- */

static void map_clear(void) { model.info = (struct boot_info){ .protocol = "test" }; }
static void map_ram(uint64_t base, uint64_t bytes) { fake_map_add(&model.info, base, bytes, BOOT_RANGE_RAM); }

static void mark(uint64_t start, uint64_t end, enum state state)
{
    for (uint64_t i = start; i < end && i < model.frames; i++) {
        model.free_frames += (state == FREE) - (model.state[i] == FREE);
        model.state[i] = (uint8_t)state;
    }
}

static bool holds_metadata(uint64_t frame)
{
    /* Nothing else writes to a machine's memory before the first allocation. */
    const uint64_t *words = direct_map(PADDR(frame << PAGE_SHIFT));
    for (uint32_t i = 0; i < PAGE_BYTES / 8; i++)
        if (words[i]) return true;
    return false;
}

/* Starts the machine of the map. `bytes` is its end. */
static void machine_start(uint64_t bytes)
{
    fake_ram_create(bytes);
    frame_init(&model.info, PADDR(KERNEL_START), PADDR(KERNEL_END));

    free(model.state);
    model.frames = bytes >> PAGE_SHIFT;
    model.state = calloc(1, model.frames);
    model.free_frames = 0;
    model.held_count = 0;
    model.random = 0x9e3779b97f4a7c15;
    for (uint32_t i = 0; i < model.info.range_count; i++) {
        const struct boot_range *r = &model.info.ranges[i];
        if (r->kind != BOOT_RANGE_RAM) continue;
        mark((r->base.raw + PAGE_BYTES - 1) >> PAGE_SHIFT, (r->base.raw + r->bytes) >> PAGE_SHIFT, FREE);
    }
    mark(0, 2, NOT_OURS);
    mark(KERNEL_START >> PAGE_SHIFT, KERNEL_END >> PAGE_SHIFT, NOT_OURS);
    if (model.info.initrd_bytes)
        mark(model.info.initrd.raw >> PAGE_SHIFT,
             (model.info.initrd.raw + model.info.initrd_bytes + PAGE_BYTES - 1) >> PAGE_SHIFT, NOT_OURS);
    /* The metadata is one run of the lowest frames that have room for it. */
    uint64_t missing = model.free_frames - frame_free_count();
    uint64_t place = 0;
    while (place < model.frames && !(model.state[place] == FREE && holds_metadata(place))) place++;
    mark(place, place + missing, NOT_OURS);
}

static void simple_machine(uint64_t bytes)
{
    map_clear();
    map_ram(0, bytes);
    machine_start(bytes);
}

/* ---- what the model knows ---- */

static uint64_t first_not_free(uint64_t from, uint64_t to)
{
    while (from < to && model.state[from] == FREE) from++;
    return from;
}

static uint64_t model_whole_blocks(void)
{
    uint64_t count = 0;
    for (uint64_t b = 0; b + BLOCK <= model.frames; b += BLOCK)
        count += first_not_free(b, b + BLOCK) == b + BLOCK;
    return count;
}

/* Whether the allocator must find this run: short ones inside a block, others from a block's start. */
static bool model_has_run(uint64_t count, uint64_t align)
{
    bool is_short = count < BLOCK && align <= BLOCK;
    uint64_t step = is_short ? align : MAX(align, (uint64_t)BLOCK);
    uint64_t length = is_short ? count : (count + BLOCK - 1) / BLOCK * BLOCK;
    for (uint64_t at = 0; at + length <= model.frames; at += step) {
        if (is_short && at / BLOCK != (at + count - 1) / BLOCK) continue;
        if (first_not_free(at, at + length) == at + length) return true;
    }
    return false;
}

static bool take(paddr_t first, uint64_t count, uint64_t align)
{
    uint64_t at = first.raw >> PAGE_SHIFT;
    bool good = first.raw % (align * PAGE_BYTES) == 0 && at + count <= model.frames &&
                first_not_free(at, at + count) == at + count;
    EXPECT(good);
    if (!good) return false;
    mark(at, at + count, USED);
    model.held[model.held_count++] = (struct held){ at, count };
    return true;
}

static void check_counts(void)
{
    EXPECT_EQ(frame_free_count(), model.free_frames);
    EXPECT_EQ(frame_free_huge_count(), model_whole_blocks());
}

/* ---- random operations ---- */

static void random_kept(void)
{
    paddr_t got = frame_alloc_kept(next_random(BLOCK));
    if (!is_paddr_none(got)) take(got, 1, 1);
}

/* A certain frame is refused only when it is not free, or free with its whole block. */
static void random_take(void)
{
    uint64_t at = next_random(model.frames), block = at / BLOCK * BLOCK;
    bool is_whole = block + BLOCK <= model.frames && first_not_free(block, block + BLOCK) == block + BLOCK;
    if (frame_take(PADDR(at << PAGE_SHIFT)))
        take(PADDR(at << PAGE_SHIFT), 1, 1);
    else
        EXPECT(model.state[at] != FREE || is_whole || frame_free_in_block(PADDR(block << PAGE_SHIFT)) == 0);
}

static void random_alloc(void)
{
    if (model.held_count == HELD_MAX) return;
    uint64_t count = 1, align = 1;
    paddr_t got;
    switch (next_random(10)) {
    case 8: return random_kept();
    case 9: return random_take();
    case 0:
    case 1:
    case 2:
    case 3: got = frame_alloc(); break;
    case 4:
    case 5:
        got = frame_alloc_huge();
        count = align = BLOCK;
        break;
    case 6:
        count = 1 + next_random(BLOCK);
        align = 1ull << next_random(10);
        got = frame_alloc_run(count, align * PAGE_BYTES);
        break;
    default:
        count = 1 + next_random(6 * BLOCK);
        align = 1ull << next_random(12);
        got = frame_alloc_run(count, align * PAGE_BYTES);
    }
    if (is_paddr_none(got))
        EXPECT(!model_has_run(count, align));
    else
        take(got, count, align);
}

/* Gives back a random holding, whole or a part of it, in one of the ways that fit. */
static void random_free(void)
{
    if (model.held_count == 0) return;
    struct held *h = &model.held[next_random(model.held_count)];
    uint64_t first = h->first, count = h->count;
    if (count == BLOCK && first % BLOCK == 0 && next_random(2)) {
        /* Single frames may have gone before: then it is no whole block any more. */
        frame_free_run(PADDR(first << PAGE_SHIFT), count);
    } else if (count > 1 && next_random(3) == 0) {
        count = 1 + next_random(count);
        if (count == 1)
            frame_free(PADDR(first << PAGE_SHIFT));
        else
            frame_free_run(PADDR(first << PAGE_SHIFT), count);
    } else if (count == 1) {
        frame_free(PADDR(first << PAGE_SHIFT));
    } else {
        frame_free_run(PADDR(first << PAGE_SHIFT), count);
    }
    mark(first, first + count, FREE);
    h->first += count;
    h->count -= count;
    if (h->count == 0) *h = model.held[--model.held_count];
}

static void random_operations(uint32_t count)
{
    /* Filling and emptying in turn, so that both ends are met. */
    for (uint32_t i = 0; i < count; i++) {
        uint64_t fill = (i / 512) % 2 ? 35 : 65;
        if (next_random(100) < fill)
            random_alloc();
        else
            random_free();
        EXPECT_EQ(frame_free_count(), model.free_frames);
        if (i % 64 == 0) check_counts();
    }
    while (model.held_count) random_free();
    check_counts();
}

/* ---- tests ---- */

TEST(frame_random_operations_agree_with_a_model)
{
    simple_machine(64ull << 20);
    random_operations(6000);
}

TEST(frame_a_machine_of_4_mib_with_its_initrd_at_the_top_works)
{
    map_clear();
    map_ram(0, 0x9fc00);
    fake_map_add(&model.info, 0xf0000, 0x10000, BOOT_RANGE_RESERVED);
    map_ram(0x100000, 3ull << 20);
    model.info.initrd = PADDR((4ull << 20) - 300001);
    model.info.initrd_bytes = 300001;
    machine_start(4ull << 20);
    EXPECT(frame_free_count() > 700);
    EXPECT_EQ(frame_free_huge_count(), 0);
    random_operations(6000);
}

TEST(frame_a_map_of_128_ranges_with_holes_works)
{
    map_clear();
    model.random = 77;
    uint64_t at = 0;
    for (uint32_t i = 0; i < BOOT_RANGES_MAX; i++) {
        uint64_t bytes = PAGE_BYTES * (1 + next_random(400)) + next_random(3) * 1000;
        if (at < KERNEL_END) bytes = KERNEL_END + PAGE_BYTES;
        map_ram(at, bytes);
        /* Some touch, some leave a gap that is no multiple of a page. */
        at += bytes + (next_random(3) ? next_random(2ull << 20) : 0);
    }
    machine_start(align_up(at, HUGE_BYTES));
    random_operations(5000);
}

TEST(frame_ram_in_several_regions_beyond_a_gib_hole_works)
{
    map_clear();
    map_ram(0, 16ull << 20);
    map_ram((1ull << 30) - (4ull << 20), 8ull << 20); /* across the edge of a region */
    map_ram((3ull << 30) + 12345, 20ull << 20);
    machine_start(4ull << 30);
    uint64_t total = frame_free_count();
    for (paddr_t f; !is_paddr_none(f = frame_alloc_run(1, PAGE_BYTES));) {
        if (!take(f, 1, 1) || model.held_count == HELD_MAX) break;
    }
    while (model.held_count) {
        struct held h = model.held[--model.held_count];
        frame_free_run(PADDR(h.first << PAGE_SHIFT), h.count);
        mark(h.first, h.first + h.count, FREE);
    }
    EXPECT_EQ(frame_free_count(), total);
    check_counts();
}

TEST(frame_every_frame_is_handed_out_once_and_then_none)
{
    simple_machine(16ull << 20);
    uint64_t count = frame_free_count();
    for (uint64_t i = 0; i < count; i++) {
        paddr_t f = frame_alloc();
        EXPECT(!is_paddr_none(f));
        EXPECT_EQ(model.state[f.raw >> PAGE_SHIFT], FREE);
        mark(f.raw >> PAGE_SHIFT, (f.raw >> PAGE_SHIFT) + 1, USED);
    }
    EXPECT(is_paddr_none(frame_alloc()));
    EXPECT(is_paddr_none(frame_alloc_zeroed()));
    EXPECT(is_paddr_none(frame_alloc_huge()));
    EXPECT(is_paddr_none(frame_alloc_run(1, PAGE_BYTES)));
    EXPECT_EQ(frame_free_count(), 0);
    for (uint64_t i = 0; i < model.frames; i++)
        if (model.state[i] == USED) frame_free(PADDR(i << PAGE_SHIFT));
    EXPECT_EQ(frame_free_count(), count);
}

TEST(frame_exhaustion_at_every_count_is_refused_and_heals)
{
    simple_machine(8ull << 20);
    uint64_t total = frame_free_count(), huge = frame_free_huge_count();
    for (uint64_t hold = 0; hold <= total; hold += 1 + hold / 16) {
        paddr_t first = PADDR_NONE;
        for (uint64_t i = 0; i < hold; i++) {
            paddr_t f = frame_alloc();
            *(uint64_t *)direct_map(f) = first.raw;
            first = f;
        }
        EXPECT_EQ(frame_free_count(), total - hold);
        EXPECT(is_paddr_none(frame_alloc_run(total - hold + 1, PAGE_BYTES)));
        while (!is_paddr_none(first)) {
            paddr_t next = PADDR(*(uint64_t *)direct_map(first));
            frame_free(first);
            first = next;
        }
        EXPECT_EQ(frame_free_count(), total);
        EXPECT_EQ(frame_free_huge_count(), huge);
    }
}

TEST(frame_single_frames_leave_other_blocks_whole)
{
    simple_machine(64ull << 20);
    uint64_t whole = frame_free_huge_count();
    paddr_t frames[600];
    for (uint32_t i = 0; i < 600; i++) frames[i] = frame_alloc();
    /* The low, partial block holds some; the rest fit one or two blocks more. */
    EXPECT(frame_free_huge_count() + 2 >= whole);
    for (uint32_t i = 0; i < 600; i++) frame_free(frames[i]);
    EXPECT_EQ(frame_free_huge_count(), whole);
}

TEST(frame_free_memory_stays_in_whole_blocks_at_90_percent_fill)
{
    if (CONFIG_DEBUG) return; /* poisoning 256 MiB over and over says nothing more */
    simple_machine(256ull << 20);
    enum { SMALL = 20000, HUGE = 76, SLACK = 16 };
    static uint64_t frames[SMALL + SLACK], blocks[HUGE + 2];
    uint64_t small = 0, huge = 0;
    /* Each kind goes up and down around its share, and what is freed is any of what is held. */
    for (uint32_t i = 0; i < 1000000; i++) {
        if (next_random(100) == 0) {
            if (huge < HUGE || (huge < HUGE + 2 && next_random(2)))
                blocks[huge++] = frame_alloc_huge().raw;
            else {
                uint64_t k = next_random(huge);
                frame_free_huge(PADDR(blocks[k]));
                blocks[k] = blocks[--huge];
            }
        } else if (small < SMALL - SLACK || (small < SMALL + SLACK && next_random(2))) {
            frames[small++] = frame_alloc().raw;
        } else {
            uint64_t k = next_random(small);
            frame_free(PADDR(frames[k]));
            frames[k] = frames[--small];
        }
    }
    uint64_t in_blocks = frame_free_huge_count() * BLOCK, free_frames = frame_free_count();
    EXPECT(free_frames < (256ull << 8) / 9);
    /* Less than a block's worth may be in the one in use. */
    EXPECT(in_blocks + BLOCK >= free_frames - free_frames / 200);
}

TEST(frame_a_block_split_for_frames_serves_a_huge_allocation_when_idle)
{
    simple_machine(8ull << 20);
    paddr_t all[8];
    uint32_t count = 0;
    uint64_t huge = frame_free_huge_count();
    /* Use up what is free in the partial block, so that the next frame opens a whole one. */
    paddr_t f = PADDR_NONE, hold[BLOCK];
    uint32_t held = 0;
    while (frame_free_huge_count() == huge) hold[held++] = f = frame_alloc();
    frame_free(f);
    EXPECT_EQ(frame_free_huge_count(), huge);
    while (!is_paddr_none(all[count] = frame_alloc_huge())) count++;
    EXPECT_EQ(count, huge);
    EXPECT(held > 1);
}

TEST(frame_parts_of_a_huge_block_can_be_freed_one_by_one)
{
    simple_machine(16ull << 20);
    uint64_t total = frame_free_count(), huge = frame_free_huge_count();
    paddr_t block = frame_alloc_huge();
    frame_free(PADDR(block.raw + 7 * PAGE_BYTES));
    EXPECT_EQ(frame_free_count(), total - BLOCK + 1);
    frame_free_run(block, 7);
    frame_free_run(PADDR(block.raw + 8 * PAGE_BYTES), BLOCK - 8);
    EXPECT_EQ(frame_free_count(), total);
    EXPECT_EQ(frame_free_huge_count(), huge);
}

TEST(frame_runs_up_to_a_gib_are_aligned_and_cross_regions)
{
    simple_machine(4ull << 30);
    uint64_t total = frame_free_count();
    paddr_t giant = frame_alloc_run(FRAME_RUN_MAX, GIANT_BYTES);
    EXPECT(!is_paddr_none(giant) && giant.raw % GIANT_BYTES == 0);
    paddr_t one = frame_alloc_run(1, GIANT_BYTES);
    EXPECT(!is_paddr_none(one) && one.raw % GIANT_BYTES == 0 && one.raw != giant.raw);
    EXPECT_EQ(frame_free_count(), total - FRAME_RUN_MAX - 1);
    EXPECT(is_paddr_none(frame_alloc_run(FRAME_RUN_MAX + 1, PAGE_BYTES)));
    /* Unaligned, it may begin anywhere: here in the first region, to its end and beyond. */
    paddr_t across = frame_alloc_run(FRAME_RUN_MAX - 3, PAGE_BYTES);
    EXPECT(!is_paddr_none(across) || one.raw != 2ull * GIANT_BYTES);
    if (CONFIG_DEBUG) return; /* poisoning would touch all of it */
    frame_free_run(giant, FRAME_RUN_MAX);
    frame_free(one);
    if (!is_paddr_none(across)) frame_free_run(across, FRAME_RUN_MAX - 3);
    EXPECT_EQ(frame_free_count(), total);
}

TEST(frame_metadata_is_below_a_ten_thousandth_and_boot_touches_little_of_a_tib)
{
    map_clear();
    map_ram(0, 3ull << 30);
    fake_map_add(&model.info, 3ull << 30, 1ull << 30, BOOT_RANGE_RESERVED);
    map_ram(4ull << 30, 1020ull << 30);
    fake_ram_create(1024ull << 30);
    frame_init(&model.info, PADDR(KERNEL_START), PADDR(KERNEL_END));
    uint64_t ram = 1023ull << 30;
    uint64_t used = ram - PAGE_BYTES - (KERNEL_END - KERNEL_START) - frame_free_count() * PAGE_BYTES;
    EXPECT(used * 10000 <= ram);
    EXPECT_EQ(frame_total_count(), frame_free_count());
    EXPECT(frame_free_huge_count() >= (ram >> HUGE_SHIFT) - 64);
    paddr_t block = frame_alloc_huge();
    EXPECT(block.raw < GIANT_BYTES);
    frame_free_huge(block);
    fake_ram_destroy();
}

TEST(frame_ram_without_room_for_its_metadata_is_left_out_with_a_warning)
{
    map_clear();
    map_ram(0, 0x9f000);
    map_ram(0x100000, 0x80000);
    for (uint64_t i = 1; i <= 100; i++) map_ram(i << 30, PAGE_BYTES * 4);
    for (uint64_t i = 1; i <= 20; i++) map_ram((100ull << 30) + (i << 30) - PAGE_BYTES, PAGE_BYTES);
    uint64_t lines = fake_log_lines;
    fake_ram_create(121ull << 30);
    frame_init(&model.info, PADDR(KERNEL_START), PADDR(KERNEL_END));
    EXPECT_EQ(fake_log_lines, lines + 1);
    uint64_t count = frame_free_count(), got = 0;
    while (!is_paddr_none(frame_alloc())) got++;
    EXPECT_EQ(got, count);
    EXPECT(got > 16);
}

TEST(frame_a_map_without_ram_is_refused_in_words)
{
    map_clear();
    fake_map_add(&model.info, 0, 1ull << 30, BOOT_RANGE_RESERVED);
    fake_ram_create(1ull << 30);
    EXPECT_PANIC(frame_init(&model.info, PADDR(KERNEL_START), PADDR(KERNEL_END)), "no RAM");
}

TEST(frame_the_initrd_can_be_given_back)
{
    map_clear();
    map_ram(0, 2ull << 30);
    model.info.initrd = PADDR((2ull << 30) - (9ull << 20) - 5);
    model.info.initrd_bytes = 9ull << 20;
    machine_start(2ull << 30);
    uint64_t count = frame_free_count(), total = frame_total_count(), huge = frame_free_huge_count();
    frame_release_range(model.info.initrd, model.info.initrd_bytes);
    EXPECT_EQ(frame_free_count(), count + (9ull << 8) - 1);
    EXPECT_EQ(frame_total_count(), total + (9ull << 8) - 1);
    EXPECT_EQ(frame_free_huge_count(), huge + 3);
}

TEST(frame_zeroed_frames_are_zero)
{
    simple_machine(4ull << 20);
    paddr_t f = frame_alloc();
    memset(direct_map(f), 0xff, PAGE_BYTES);
    frame_free(f);
    while (!is_paddr_none(f = frame_alloc_zeroed())) {
        const uint8_t *bytes = direct_map(f);
        EXPECT(bytes[0] == 0 && memcmp(bytes, bytes + 1, PAGE_BYTES - 1) == 0);
    }
}

TEST(frame_freeing_what_is_free_or_never_was_ours_panics)
{
    simple_machine(32ull << 20);
    paddr_t f = frame_alloc(), other = frame_alloc(), block = frame_alloc_huge(),
            run = frame_alloc_run(700, PAGE_BYTES);
    frame_free(f);
    EXPECT_PANIC(frame_free(f), "free");
    frame_free_huge(block);
    EXPECT_PANIC(frame_free_huge(block), "free");
    EXPECT_PANIC(frame_free(block), "free");
    EXPECT_PANIC(frame_free_huge(PADDR(align_down(other.raw, HUGE_BYTES))), "free");
    frame_free_run(run, 700);
    EXPECT_PANIC(frame_free_run(run, 700), "free");
    EXPECT_PANIC(frame_free(PADDR(64ull << 20)), "free");
    EXPECT_PANIC(frame_free(PADDR(64ull << 30)), "free");
    frame_free(other);
}

TEST(frame_a_second_free_names_both_callers_in_debug_builds)
{
    if (!CONFIG_DEBUG) return;
    simple_machine(4ull << 20);
    paddr_t f = frame_alloc();
    frame_free(f);
    EXPECT_PANIC(frame_free(f), "first freed by symbol");
}

TEST(frame_a_write_to_a_freed_frame_is_caught_in_debug_builds)
{
    if (!CONFIG_DEBUG) return;
    for (uint32_t offset = 0; offset < PAGE_BYTES; offset += 1016) {
        simple_machine(4ull << 20);
        paddr_t f = frame_alloc();
        frame_free(f);
        ((uint8_t *)direct_map(f))[offset] ^= 0x10;
        EXPECT_PANIC(while (!is_paddr_none(frame_alloc())), "after it was freed");
    }
    simple_machine(8ull << 20);
    paddr_t block = frame_alloc_huge();
    frame_free_huge(block);
    ((uint8_t *)direct_map(block))[HUGE_BYTES - 1] = 0;
    EXPECT_PANIC(while (!is_paddr_none(frame_alloc_run(BLOCK, PAGE_BYTES))), "after it was freed");
}

TEST(frame_a_block_whose_frames_came_one_by_one_is_freed_whole)
{
    fake_machine_start(64ull << 20);
    uint32_t taken[32] = { 0 };
    paddr_t full = PADDR_NONE;
    while (is_paddr_none(full)) {
        paddr_t frame = frame_alloc();
        EXPECT(!is_paddr_none(frame));
        if (is_paddr_none(frame)) return;
        uint64_t block = frame.raw >> HUGE_SHIFT;
        /* The last one just now: the block is still the one that the CPU has reserved. */
        if (++taken[block] == HUGE_BYTES / PAGE_BYTES) full = PADDR(block << HUGE_SHIFT);
    }
    uint64_t before = frame_free_count();
    frame_free_huge(full);
    EXPECT_EQ(frame_free_count(), before + HUGE_BYTES / PAGE_BYTES);
    EXPECT(!is_paddr_none(frame_alloc()));
}

TEST(frame_the_nth_allocation_fails_when_told_to)
{
    if (!CONFIG_DEBUG) return;
    simple_machine(8ull << 20);
    alloc_fail_countdown = 3;
    EXPECT(!is_paddr_none(frame_alloc()));
    EXPECT(!is_paddr_none(frame_alloc_huge()));
    EXPECT(is_paddr_none(frame_alloc_run(4, PAGE_BYTES)));
    EXPECT(!is_paddr_none(frame_alloc()));
}
