/* SPDX-License-Identifier: Apache-2.0 */
/* Page tables against a table of what each 4 KiB page of a window should translate to. The window
 * crosses the edge of a root entry, so that tables of every level come and go. */
#include "mm/page_table.h"

#include <stdlib.h>
#include <string.h>

#include "arch/features.h"
#include "arch/paging.h"
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/page_table_internal.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

#define WINDOW_BASE  ((512ull << 30) - GIANT_BYTES)
#define WINDOW_BYTES (3ull << 30)
#define ACCESS_FLAGS \
    (PAGE_WRITE | PAGE_EXEC | PAGE_USER | PAGE_GLOBAL | PAGE_UNCACHED | PAGE_WRITE_COMBINE | PAGE_BORROWED)
enum {
    WINDOW_PAGES = WINDOW_BYTES / PAGE_BYTES,
    SMALL_LEAVES_MAX = 8192,
};

static struct {
    struct page_table pt;
    uint64_t paddr[WINDOW_PAGES]; /* UINT64_MAX: not mapped */
    uint16_t flags[WINDOW_PAGES];
    uint64_t free_frames; /* before anything was mapped */
    uint64_t random;
} model;

static uint64_t next_random(uint64_t below)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random % below;
}

static void start(void)
{
    fake_machine_start(64ull << 20);
    cpu_features.giant_pages = true;
    alloc_fail_countdown = 0;
    model.random = 0x13198a2e03707344;
    memset(model.paddr, 0xff, sizeof(model.paddr));
    kernel_page_table.root = frame_alloc_zeroed();
    uint64_t *kernel = direct_map(kernel_page_table.root);
    for (uint32_t i = 0; i < PAGE_TABLE_ENTRIES; i++) kernel[i] = 0xabc000 + i * 16;
    EXPECT_OK(page_table_create_user(&model.pt));
    model.free_frames = frame_free_count();
}

/* ---- comparing ---- */

static bool page_agrees(uint64_t page)
{
    paddr_t paddr;
    uint32_t flags;
    uint64_t offset = next_random(PAGE_BYTES);
    if (!page_table_translate(&model.pt, WINDOW_BASE + page * PAGE_BYTES + offset, &paddr, &flags, NULL))
        return model.paddr[page] == UINT64_MAX;
    return paddr.raw == model.paddr[page] + offset && flags == model.flags[page];
}

static void check_pages(uint64_t first, uint64_t count)
{
    uint64_t wrong = 0;
    for (uint64_t i = first; i < first + count && i < WINDOW_PAGES; i++) wrong += !page_agrees(i);
    EXPECT_EQ(wrong, 0);
}

/* The counts in the entries, which decide when a table is freed, and what no translation shows. */
static void check_counts(uint64_t entry, uint32_t level)
{
    const uint64_t *table = pte_table(entry);
    uint64_t present = 0;
    for (uint32_t i = 0; i < PAGE_TABLE_ENTRIES; i++) {
        if (!(table[i] & PTE_USED)) continue;
        present++;
        /* At level 1 the bit selects a memory type. */
        if (level - 1 == 1) EXPECT(!(table[i] & PTE_LEAF));
        if (!pte_is_leaf(table[i], level - 1)) check_counts(table[i], level - 1);
    }
    EXPECT(present > 0);
    EXPECT_EQ(field_get(entry, PTE_COUNT), present);
}

static void check_all(void)
{
    check_pages(0, WINDOW_PAGES);
    const uint64_t *root = direct_map(model.pt.root);
    for (uint32_t i = 0; i < PAGE_TABLE_KERNEL_HALF; i++)
        if (root[i] & PTE_PRESENT) check_counts(root[i], PAGE_TABLE_LEVELS);
}

/* ---- operations on both ---- */

struct range {
    uint64_t page, count;
};
static const struct range all = { 0, WINDOW_PAGES };

/* Two edges, each of them inside a leaf of 1 GiB: of four splits the last one fails. */
enum { SPLITS_KEPT_MAX = 3 };

/* Edges of every alignment, lengths of every scale. */
static struct range random_range(void)
{
    static const uint64_t scales[] = { 1, 8, 512, 2048, 262144 };
    uint64_t scale = scales[next_random(5)];
    uint64_t page = next_random(WINDOW_PAGES), count = 1 + next_random(scale * 2);
    if (next_random(3)) page = align_down(page, MIN(scale, 262144ull));
    if (next_random(3)) count = align_up(count, scale);
    return (struct range){ page, MIN(count, WINDOW_PAGES - page) };
}

static uint32_t random_flags(void)
{
    uint32_t flags = (uint32_t)next_random(1 << 15) & (PAGE_WRITE | PAGE_USER | PAGE_GLOBAL | PAGE_EXEC);
    uint32_t type = (uint32_t)next_random(4);
    return flags | (type == 1 ? PAGE_UNCACHED : type == 2 ? PAGE_WRITE_COMBINE : 0);
}

static bool any_mapped(struct range r)
{
    for (uint64_t i = r.page; i < r.page + r.count; i++)
        if (model.paddr[i] != UINT64_MAX) return true;
    return false;
}

static err_t try_map(struct range r, uint64_t paddr, uint32_t flags)
{
    err_t e = page_table_map(&model.pt, WINDOW_BASE + r.page * PAGE_BYTES, PADDR(paddr), r.count * PAGE_BYTES,
                             flags);
    for (uint64_t i = 0; !failed(e) && i < r.count; i++) {
        model.paddr[r.page + i] = paddr + i * PAGE_BYTES;
        model.flags[r.page + i] = (uint16_t)(flags & ACCESS_FLAGS);
    }
    return e;
}

struct gone {
    uint64_t pages, sum, borrowed;
};

static void count_gone(paddr_t paddr, uint8_t leaf_shift, uint32_t flags, void *context)
{
    struct gone *gone = context;
    uint64_t pages = 1ull << (leaf_shift - PAGE_SHIFT);
    EXPECT(is_aligned(paddr.raw, 1ull << leaf_shift));
    gone->pages += pages;
    if (flags & PAGE_BORROWED) gone->borrowed += pages;
    for (uint64_t i = 0; i < pages; i++) gone->sum += paddr.raw + i * PAGE_BYTES;
}

static err_t try_unmap(struct range r)
{
    struct gone gone = { 0 }, expected = { 0 };
    err_t e = page_table_unmap(&model.pt, WINDOW_BASE + r.page * PAGE_BYTES, r.count * PAGE_BYTES, count_gone,
                               &gone);
    for (uint64_t i = r.page; !failed(e) && i < r.page + r.count; i++) {
        if (model.paddr[i] == UINT64_MAX) continue;
        expected.pages++;
        expected.sum += model.paddr[i];
        expected.borrowed += (model.flags[i] & PAGE_BORROWED) != 0;
        model.paddr[i] = UINT64_MAX;
    }
    EXPECT_EQ(gone.pages, expected.pages);
    EXPECT_EQ(gone.sum, expected.sum);
    EXPECT_EQ(gone.borrowed, expected.borrowed);
    return e;
}

static err_t try_protect(struct range r, uint32_t flags)
{
    err_t e = page_table_protect(&model.pt, WINDOW_BASE + r.page * PAGE_BYTES, r.count * PAGE_BYTES, flags);
    /* Who owns a frame does not change with its protection, and what others hold is not for writing. */
    for (uint64_t i = r.page; !failed(e) && i < r.page + r.count; i++) {
        uint32_t owned = model.flags[i] & PAGE_BORROWED;
        model.flags[i] = (uint16_t)(owned | (owned ? flags & ~PAGE_WRITE : flags));
    }
    return e;
}

static uint64_t random_paddr(struct range r)
{
    uint64_t paddr = next_random(1ull << 20) << PAGE_SHIFT;
    /* Mostly in step with the address, so that large leaves can be used. */
    if (next_random(4))
        paddr = align_down(paddr, GIANT_BYTES) + (WINDOW_BASE + r.page * PAGE_BYTES) % GIANT_BYTES;
    return paddr;
}

static err_t random_operation(struct range *r)
{
    *r = random_range();
    uint32_t flags = random_flags();
    switch (next_random(4)) {
    case 0: return try_unmap(*r);
    case 1: return try_protect(*r, next_random(5) ? flags : PAGE_HIDDEN);
    default: break;
    }
    static const uint32_t limits[] = { 0, 0, PAGE_LEAF_2M, PAGE_LEAF_4K };
    uint32_t limit = limits[next_random(4)];
    uint64_t paddr = random_paddr(*r);
    if (r->count > SMALL_LEAVES_MAX) { /* or its tables would need more memory than the machine has */
        limit = 0;
        paddr = align_down(paddr, GIANT_BYTES) + (WINDOW_BASE + r->page * PAGE_BYTES) % GIANT_BYTES;
    }
    bool is_taken = any_mapped(*r);
    if (next_random(4) == 0) flags |= PAGE_BORROWED;
    err_t e = try_map(*r, paddr, flags | limit);
    if (e.code != ERR_NO_MEMORY.code) EXPECT_EQ(e.code, is_taken ? ERR_EXISTS.code : 0);
    return e;
}

/* ---- tests ---- */

TEST(page_table_random_operations_agree_with_a_table)
{
    start();
    struct range r;
    for (uint32_t i = 0; i < 1500; i++) {
        err_t e = random_operation(&r);
        EXPECT(!failed(e) || e.code == ERR_EXISTS.code);
        check_pages(r.page > 3 ? r.page - 3 : 0, MIN(r.count + 6, 2000ull));
        if (i % 50 == 0) check_all();
    }
    EXPECT_OK(try_unmap(all));
    check_all();
    EXPECT_EQ(frame_free_count(), model.free_frames);
}

TEST(page_table_a_change_that_runs_out_of_memory_changes_no_translation)
{
    if (!CONFIG_DEBUG) return;
    start();
    struct range r;
    uint32_t failures = 0, deepest = 0, kept = 0;
    for (uint32_t i = 0; i < 800; i++) {
        /* The same operation with its 1st, 2nd, ... allocation failing, until it passes. */
        uint64_t seed = model.random, n = 1;
        for (;; n++) {
            uint64_t free_frames = frame_free_count();
            model.random = seed;
            alloc_fail_countdown = n;
            err_t e = random_operation(&r);
            bool has_fired = alloc_fail_countdown == 0;
            alloc_fail_countdown = 0;
            if (!has_fired) break;
            /* A range that is taken may be refused for that before memory runs out. */
            EXPECT_ERR(e, ERR_NO_MEMORY);
            uint64_t tables = free_frames - frame_free_count();
            EXPECT(tables <= SPLITS_KEPT_MAX);
            kept += tables > 0;
            check_pages(r.page > 3 ? r.page - 3 : 0, MIN(r.count + 6, 2000ull));
            failures++;
            n += n / 4; /* maps with many tables need not be tried at each */
        }
        deepest = MAX(deepest, (uint32_t)n);
        if (i % 50 == 0) check_all();
    }
    EXPECT(failures > 400 && deepest > 4 && kept > 0);
    EXPECT_OK(try_unmap(all));
    EXPECT_EQ(frame_free_count(), model.free_frames);
}

TEST(page_table_uses_the_largest_leaf_that_fits)
{
    start();
    uint8_t shift;
    uint64_t va = WINDOW_BASE + GIANT_BYTES;
    EXPECT_OK(
        page_table_map(&model.pt, va, PADDR(GIANT_BYTES), GIANT_BYTES + HUGE_BYTES + PAGE_BYTES, PAGE_USER));
    EXPECT(page_table_translate(&model.pt, va + 5, NULL, NULL, &shift) && shift == GIANT_SHIFT);
    EXPECT(page_table_translate(&model.pt, va + GIANT_BYTES, NULL, NULL, &shift) && shift == HUGE_SHIFT);
    EXPECT(page_table_translate(&model.pt, va + GIANT_BYTES + HUGE_BYTES, NULL, NULL, &shift) &&
           shift == PAGE_SHIFT);
    EXPECT(!page_table_translate(&model.pt, va + GIANT_BYTES + HUGE_BYTES + PAGE_BYTES, NULL, NULL, NULL));
    EXPECT_OK(page_table_unmap(&model.pt, va, 2ull * GIANT_BYTES, NULL, NULL));

    EXPECT_OK(page_table_map(&model.pt, va, PADDR(GIANT_BYTES), GIANT_BYTES, PAGE_LEAF_2M));
    EXPECT(page_table_translate(&model.pt, va, NULL, NULL, &shift) && shift == HUGE_SHIFT);
    EXPECT_OK(page_table_unmap(&model.pt, va, GIANT_BYTES, NULL, NULL));

    cpu_features.giant_pages = false;
    EXPECT_OK(page_table_map(&model.pt, va, PADDR(GIANT_BYTES), GIANT_BYTES, 0));
    EXPECT(page_table_translate(&model.pt, va, NULL, NULL, &shift) && shift == HUGE_SHIFT);
    EXPECT_OK(page_table_unmap(&model.pt, va, GIANT_BYTES, NULL, NULL));
    EXPECT_EQ(frame_free_count(), model.free_frames);
}

TEST(page_table_a_giant_leaf_splits_only_as_far_as_the_edge_needs)
{
    start();
    uint64_t va = WINDOW_BASE + GIANT_BYTES;
    uint8_t shift;
    EXPECT_OK(page_table_map(&model.pt, va, PADDR(0), GIANT_BYTES, PAGE_USER | PAGE_WRITE | PAGE_EXEC));
    EXPECT_OK(page_table_protect(&model.pt, va + HUGE_BYTES, HUGE_BYTES, PAGE_USER));
    EXPECT(page_table_translate(&model.pt, va, NULL, NULL, &shift) && shift == HUGE_SHIFT);
    EXPECT_OK(page_table_protect(&model.pt, va + PAGE_BYTES, PAGE_BYTES, 0));
    EXPECT(page_table_translate(&model.pt, va, NULL, NULL, &shift) && shift == PAGE_SHIFT);
    EXPECT(page_table_translate(&model.pt, va + HUGE_BYTES, NULL, NULL, &shift) && shift == HUGE_SHIFT);
    /* What was taken from ring 3 can be given back, though its table was split from another leaf. */
    uint32_t flags;
    EXPECT_OK(page_table_protect(&model.pt, va, HUGE_BYTES, PAGE_USER));
    EXPECT(page_table_translate(&model.pt, va + PAGE_BYTES, NULL, &flags, NULL) && flags == PAGE_USER);
}

TEST(page_table_entries_have_the_bits_of_the_manual)
{
    start();
    uint64_t va = WINDOW_BASE;
    EXPECT_OK(page_table_map_leaf(&model.pt, va, PADDR(0x5000), PAGE_SHIFT, PAGE_USER | PAGE_WRITE));
    struct walk w = walk_to(&model.pt, va);
    EXPECT_EQ(*w.entry[1], 0x8000000000005007);
    EXPECT_EQ(*w.entry[4] & 0xfff, 0x007);
    EXPECT_OK(page_table_map_leaf(&model.pt, va + HUGE_BYTES, PADDR(0x400000), HUGE_SHIFT,
                                  PAGE_EXEC | PAGE_GLOBAL));
    w = walk_to(&model.pt, va + HUGE_BYTES);
    EXPECT_EQ(*w.entry[2], 0x0000000000400181);
    EXPECT_OK(page_table_map_leaf(&model.pt, va + PAGE_BYTES, PADDR(0x6000), PAGE_SHIFT, PAGE_UNCACHED));
    w = walk_to(&model.pt, va + PAGE_BYTES);
    EXPECT_EQ(*w.entry[1], 0x8000000000006019);
}

static uint32_t empty_level(uint64_t vaddr)
{
    struct page_place place;
    page_table_look(&model.pt, vaddr, &place);
    return place.is_mapped ? 0 : place.level;
}

TEST(page_table_a_leaf_is_refused_where_anything_is_mapped)
{
    start();
    uint64_t va = WINDOW_BASE;
    EXPECT(empty_level(va) >= 3);
    EXPECT_OK(page_table_map_leaf(&model.pt, va + 5 * PAGE_BYTES, PADDR(0), PAGE_SHIFT, 0));
    EXPECT_ERR(page_table_map_leaf(&model.pt, va + 5 * PAGE_BYTES, PADDR(0), PAGE_SHIFT, 0), ERR_EXISTS);
    EXPECT_ERR(page_table_map_leaf(&model.pt, va, PADDR(0), HUGE_SHIFT, 0), ERR_EXISTS);
    EXPECT_ERR(page_table_map_leaf(&model.pt, va, PADDR(0), GIANT_SHIFT, 0), ERR_EXISTS);
    EXPECT_EQ(empty_level(va), 1);
    EXPECT_OK(page_table_unmap(&model.pt, va, HUGE_BYTES, NULL, NULL));
    EXPECT(empty_level(va) >= 3);
    EXPECT_OK(page_table_map_leaf(&model.pt, va, PADDR(0), HUGE_SHIFT, 0));
    EXPECT_ERR(page_table_map_leaf(&model.pt, va + PAGE_BYTES, PADDR(0), PAGE_SHIFT, 0), ERR_EXISTS);
}

TEST(page_table_the_last_page_of_each_half_can_be_mapped)
{
    start();
    uint64_t user_end = 1ull << 47;
    EXPECT_OK(page_table_map(&model.pt, user_end - HUGE_BYTES, PADDR(0), HUGE_BYTES, PAGE_USER));
    EXPECT_OK(page_table_unmap(&model.pt, user_end - PAGE_BYTES, PAGE_BYTES, NULL, NULL));
    EXPECT(!page_table_translate(&model.pt, user_end - 1, NULL, NULL, NULL));
    EXPECT(page_table_translate(&model.pt, user_end - PAGE_BYTES - 1, NULL, NULL, NULL));
    EXPECT(!page_table_translate(&model.pt, user_end, NULL, NULL, NULL));
    EXPECT_OK(page_table_unmap(&model.pt, user_end - HUGE_BYTES, HUGE_BYTES, NULL, NULL));

    struct page_table kernel = { .root = frame_alloc_zeroed() };
    EXPECT_OK(page_table_map(&kernel, 0 - (uint64_t)HUGE_BYTES, PADDR(0), HUGE_BYTES, PAGE_WRITE));
    EXPECT_OK(page_table_protect(&kernel, 0 - (uint64_t)PAGE_BYTES, PAGE_BYTES, 0));
    uint32_t flags;
    EXPECT(page_table_translate(&kernel, UINT64_MAX, NULL, &flags, NULL) && flags == 0);
    EXPECT_OK(page_table_unmap(&kernel, 0 - (uint64_t)HUGE_BYTES, HUGE_BYTES, NULL, NULL));
    frame_free(kernel.root);
    EXPECT_EQ(frame_free_count(), model.free_frames);
}

TEST(page_table_user_tables_share_the_kernel_half_and_free_their_own)
{
    start();
    const uint64_t *user = direct_map(model.pt.root), *kernel = direct_map(kernel_page_table.root);
    for (uint32_t i = 0; i < PAGE_TABLE_ENTRIES; i++)
        EXPECT_EQ(user[i], i < PAGE_TABLE_KERNEL_HALF ? 0 : kernel[i]);
    struct range r;
    for (uint32_t i = 0; i < 60; i++) {
        err_t e = random_operation(&r);
        EXPECT(!failed(e) || e.code == ERR_EXISTS.code);
    }
    struct gone gone = { 0 }, expected = { 0 };
    for (uint64_t i = 0; i < WINDOW_PAGES; i++) {
        if (model.paddr[i] == UINT64_MAX) continue;
        expected.pages++;
        expected.sum += model.paddr[i];
        expected.borrowed += (model.flags[i] & PAGE_BORROWED) != 0;
    }
    EXPECT(expected.pages > 0);
    page_table_destroy_user(&model.pt, count_gone, &gone);
    EXPECT_EQ(gone.pages, expected.pages);
    EXPECT_EQ(gone.sum, expected.sum);
    EXPECT_EQ(gone.borrowed, expected.borrowed);
    EXPECT_EQ(frame_free_count(), model.free_frames + 1); /* the root */
}

static void forgotten_when_gone(paddr_t paddr UNUSED, uint8_t leaf_shift UNUSED, uint32_t flags UNUSED,
                                void *context)
{
    ++*(uint64_t *)context;
    EXPECT(fake_tlb_forgotten_count >= *(uint64_t *)context);
}

TEST(page_table_frames_are_given_back_only_after_the_tlb_forgot_them)
{
    start();
    EXPECT_OK(page_table_map(&model.pt, WINDOW_BASE, PADDR(0), 300 * PAGE_BYTES, PAGE_LEAF_4K));
    uint64_t gone = 0;
    fake_tlb_forgotten_count = 0;
    EXPECT_OK(page_table_unmap(&model.pt, WINDOW_BASE, HUGE_BYTES, forgotten_when_gone, &gone));
    EXPECT_EQ(gone, 300);
    fake_tlb_forgotten_count = 0;
    EXPECT_OK(page_table_map(&model.pt, WINDOW_BASE, PADDR(0), 300 * PAGE_BYTES, PAGE_LEAF_4K));
    EXPECT_EQ(fake_tlb_forgotten_count, 0); /* nothing to forget where nothing was */
    EXPECT_OK(page_table_protect(&model.pt, WINDOW_BASE, HUGE_BYTES, PAGE_WRITE));
    EXPECT_EQ(fake_tlb_forgotten_count, 300);
}
