/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings of a file of three pages: two of an archive, and a short third one off page borders. Writing
 * through a shared mapping gives it pages of its own. */
#include "vm/area.h"
#include "vm/space_ktest.h"
#include "vm/space_report.h"

static struct {
    struct backing backing;
    struct mapping mapping;
    uint32_t references;
    uint64_t pages; /* before its end */
    paddr_t own[3]; /* PADDR_NONE: the archive's */
    uint8_t archive[2][PAGE_BYTES] ALIGNED(PAGE_BYTES);
} file ALIGNED(PAGE_BYTES);

static void file_get(struct backing *b)
{
    (void)b;
    file.references++;
}
static void file_put(struct backing *b)
{
    (void)b;
    file.references--;
}

static err_t file_page(struct backing *b, uint64_t index, bool is_shared, struct backing_page *out)
{
    (void)b, (void)is_shared;
    if (index >= file.pages) return ERR_IO;
    *out = (struct backing_page){ .is_own = !is_paddr_none(file.own[index]) };
    out->frame = out->is_own ? file.own[index] : index < 2 ? image_to_paddr(file.archive[index]) : PADDR_NONE;
    return is_paddr_none(out->frame) ? ERR_NOT_SUPPORTED : OK;
}

static err_t file_read(struct backing *b, uint64_t index, void *out_page)
{
    struct backing_page page;
    err_t e = file_page(b, index, false, &page);
    if (e.code == ERR_IO.code) return e;
    memset(out_page, 0, PAGE_BYTES);
    if (failed(e))
        memset(out_page, 0x33, 100);
    else
        memcpy(out_page, direct_map(page.frame), PAGE_BYTES);
    return OK;
}

static err_t file_own(struct backing *b, uint64_t index)
{
    if (index >= file.pages) return ERR_IO;
    if (!is_paddr_none(file.own[index])) return OK;
    paddr_t frame = frame_alloc();
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    err_t e = file_read(b, index, direct_map(frame));
    file.own[index] = frame;
    mapping_revoke(&file.mapping, index, index + 1, false);
    return e;
}

static const struct backing_ops file_ops = {
    .get = file_get, .put = file_put, .page = file_page, .own = file_own, .read = file_read
};

static void open_file(void)
{
    open_space();
    file.backing = (struct backing){ &file_ops, &file.mapping };
    mapping_init(&file.mapping);
    file.references = 1;
    file.pages = 3;
    for (int i = 0; i < 3; i++) file.own[i] = PADDR_NONE;
    memset(file.archive[0], 0x11, PAGE_BYTES);
    memset(file.archive[1], 0x22, PAGE_BYTES);
}

static void close_file(void)
{
    for (int i = 0; i < 3; i++)
        if (!is_paddr_none(file.own[i])) frame_free(file.own[i]);
    close_space();
    EXPECT_EQ(file.references, 1);
    EXPECT(!mapping_is_used(&file.mapping));
    EXPECT_EQ(file.mapping.writable_count, 0);
}

static uint64_t map_file(uint64_t pages, uint32_t flags)
{
    uint64_t at;
    EXPECT_OK(space_map(space, 0, pages * PAGE_BYTES, flags, backing_get(&file.backing), 0, &at));
    return at;
}

static const uint8_t *own_bytes(int page) { return direct_map(file.own[page]); }

TEST(a_private_file_page_is_the_file_s_own_until_it_is_written)
{
    open_file();
    paddr_t frame;
    uint64_t at = map_file(4, RW);
    EXPECT_EQ(peek(at) & 0xff, 0x11);
    EXPECT(page_table_translate(&space->page_table, at, &frame, NULL, NULL));
    EXPECT_EQ(frame.raw, image_to_paddr(file.archive[0]).raw);

    poke(at + 512, 0x4444444444444444); /* the fault comes from the middle of the page */
    EXPECT_EQ(peek(at) & 0xff, 0x11);
    EXPECT_EQ(peek(at + 512), 0x4444444444444444);
    EXPECT_EQ(file.archive[0][512], 0x11);
    EXPECT_EQ(peek(at + 2 * PAGE_BYTES) & 0xff, 0x33);
    EXPECT_EQ(peek(at + 2 * PAGE_BYTES + 104), 0);
    EXPECT_ERR(space_fault(space, at + 3 * PAGE_BYTES, 0), ERR_IO);
    EXPECT_EQ(file.references, 2);
    close_file();
}

TEST(a_file_mapped_read_only_cannot_be_written_after_mprotect_without_a_copy)
{
    open_file();
    uint64_t at = map_file(1, SPACE_READ);
    EXPECT_EQ(peek(at) & 0xff, 0x11);
    EXPECT(!can_write(at));
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, RW));
    poke(at, 0);
    EXPECT_EQ(file.archive[0][0], 0x11);
    close_file();
}

TEST(a_shared_write_reaches_the_file_and_every_other_mapping)
{
    open_file();
    uint64_t shared = map_file(3, RW | SPACE_SHARED | SPACE_MAY_WRITE);
    uint64_t view = map_file(3, SPACE_READ | SPACE_SHARED), private = map_file(3, RW);
    EXPECT_EQ(file.mapping.writable_count, 1);
    EXPECT_EQ(peek(view) & 0xff, 0x11);
    EXPECT_EQ(peek(private) & 0xff, 0x11);
    poke(private + PAGE_BYTES, 5); /* a copy, which stays as it is */
    poke(shared, 77);
    poke(shared + PAGE_BYTES, 78);
    poke(shared + 2 * PAGE_BYTES, 79);
    EXPECT_EQ(own_bytes(0)[0], 77);
    EXPECT_EQ(peek(view), 77);
    EXPECT_EQ(peek(private), 77);
    EXPECT_EQ(peek(view + PAGE_BYTES), 78);
    EXPECT_EQ(peek(private + PAGE_BYTES), 5);
    EXPECT_EQ(peek(view + 2 * PAGE_BYTES), 79);
    EXPECT_EQ(file.archive[0][0], 0x11);
    EXPECT_OK(space_protect(space, shared, PAGE_BYTES, SPACE_READ));
    EXPECT(!can_write(shared));
    EXPECT_OK(space_protect(space, shared, PAGE_BYTES, RW));
    poke(shared, 80);
    EXPECT_EQ(own_bytes(0)[0], 80);
    EXPECT_ERR(space_protect(space, view, PAGE_BYTES, RW), ERR_ACCESS);
    close_file();
}

TEST(what_is_cut_off_a_file_leaves_all_mappings_copies_too)
{
    open_file();
    uint64_t shared = map_file(3, RW | SPACE_SHARED | SPACE_MAY_WRITE), private = map_file(3, RW);
    poke(shared + PAGE_BYTES, 78);
    poke(private + PAGE_BYTES, 5);
    EXPECT_EQ(peek(private) & 0xff, 0x11);
    file.pages = 1;
    mapping_revoke(&file.mapping, 1, UINT64_MAX >> PAGE_SHIFT, true);
    EXPECT(!can_read(shared + PAGE_BYTES) && !can_read(private + PAGE_BYTES));
    EXPECT_ERR(space_fault(space, shared + PAGE_BYTES, PF_WRITE), ERR_IO);
    EXPECT_EQ(peek(private) & 0xff, 0x11);
    EXPECT_EQ(space->resident_pages, 1);
    close_file();
}

TEST(pages_of_a_file_do_not_join_whatever_lies_around_them)
{
    open_file();
    uint64_t at = map(0x40000000, HUGE_BYTES - 2 * PAGE_BYTES, RW | SPACE_FIXED), place;
    for (uint64_t i = 0; i < HUGE_BYTES - 2 * PAGE_BYTES; i += PAGE_BYTES) poke(at + i, i);
    uint64_t tail = at + HUGE_BYTES - 2 * PAGE_BYTES;
    EXPECT_OK(
        space_map(space, tail, 2 * PAGE_BYTES, RW | SPACE_FIXED, backing_get(&file.backing), 0, &place));
    poke(tail, 1); /* private copies, perhaps in step with the rest */
    poke(tail + PAGE_BYTES, 2);
    EXPECT_OK(space_protect(space, at, HUGE_BYTES, SPACE_READ));
    EXPECT_OK(space_protect(space, at, HUGE_BYTES, RW));
    uint8_t shift = 0;
    EXPECT(page_table_translate(&space->page_table, tail, NULL, NULL, &shift) && shift == PAGE_SHIFT);
    alloc_fail_countdown = 1;
    mapping_revoke(&file.mapping, 0, 3, true); /* needs no memory */
    alloc_fail_countdown = 0;
    EXPECT_EQ(peek(tail) & 0xff, 0x11);
    close_file();
}

TEST(a_clone_maps_the_file_too_and_is_told_of_changes)
{
    open_file();
    uint64_t shared = map_file(3, RW | SPACE_SHARED | SPACE_MAY_WRITE), private = map_file(3, RW);
    poke(shared, 77);
    poke(private + PAGE_BYTES, 5);
    struct space *child;
    EXPECT_OK(space_clone(space, &child));
    EXPECT_EQ(file.references, 5);
    enter(child);
    EXPECT_EQ(peek(shared), 77);
    EXPECT_EQ(peek(private + PAGE_BYTES), 5);
    poke(private + PAGE_BYTES, 6);
    poke(shared + PAGE_BYTES, 78);
    enter(space);
    EXPECT_EQ(peek(private + PAGE_BYTES), 5);
    EXPECT_EQ(peek(shared + PAGE_BYTES), 78);
    file.pages = 0;
    mapping_revoke(&file.mapping, 0, 3, true);
    EXPECT(!can_read(shared) && !can_read(private + PAGE_BYTES));
    enter(child);
    EXPECT(!can_read(shared) && !can_read(private + PAGE_BYTES));
    enter(space);
    space_destroy(child);
    close_file();
}

TEST(a_file_that_cannot_be_given_a_page_fails_the_write_and_nothing_else)
{
    open_file();
    uint64_t shared = map_file(3, RW | SPACE_SHARED | SPACE_MAY_WRITE), failures = 0;
    EXPECT_EQ(peek(shared) & 0xff, 0x11);
    for (;; failures++) {
        alloc_fail_countdown = failures + 1;
        bool is_written = can_write(shared);
        alloc_fail_countdown = 0;
        if (is_written) break;
        EXPECT_EQ(peek(shared) & 0xff, 0x11);
    }
    EXPECT(failures > 0);
    close_file();
}

static struct page_sums reported;
static void report(uint64_t address)
{
    struct area_report area;
    EXPECT(space_report_area(space, address, &area, &reported));
    EXPECT(area.backing == &file.backing);
    backing_put(area.backing);
}

TEST(a_report_tells_pages_of_a_file_from_copies_and_who_else_shows_them)
{
    open_file();
    uint64_t private = map_file(3, RW), shared = map_file(2, RW | SPACE_SHARED | SPACE_MAY_WRITE);
    report(private);
    EXPECT_EQ(reported.bytes[0], 0);
    EXPECT_EQ(peek(private) & 0xff, 0x11); /* and its neighbours come along, but for the archive's odd end */
    report(private);
    EXPECT_EQ(reported.bytes[0], 2 * PAGE_BYTES);
    EXPECT_EQ(reported.proportional[0], 2 * PAGE_BYTES);

    poke(shared, 5);
    report(shared);
    EXPECT_EQ(reported.bytes[PAGES_DIRTY], PAGE_BYTES); /* the private view has to ask again */
    EXPECT_EQ(peek(private), 5);
    report(shared);
    EXPECT_EQ(reported.bytes[PAGES_DIRTY | PAGES_SHARED], PAGE_BYTES);
    EXPECT_EQ(reported.proportional[PAGES_DIRTY | PAGES_SHARED], PAGE_BYTES / 2);
    report(private);
    EXPECT_EQ(reported.bytes[PAGES_SHARED], PAGE_BYTES);
    EXPECT_EQ(reported.bytes[0], PAGE_BYTES);

    poke(private, 6);
    report(private);
    EXPECT_EQ(reported.bytes[PAGES_ANONYMOUS | PAGES_DIRTY], PAGE_BYTES);
    report(shared);
    EXPECT_EQ(reported.bytes[PAGES_DIRTY], PAGE_BYTES);
    close_file();
}
