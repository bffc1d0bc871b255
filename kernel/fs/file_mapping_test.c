/* SPDX-License-Identifier: Apache-2.0 */
/* What mappings of files see and are told: every way in which a page of a file becomes another one, with
 * the test in the place of the address spaces. */
#include "fs/file_mapping.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/tmpfs.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_vm.h"
#include "tests/harness/test.h"
#include "vm/space.h"

#define A(value) ((uint64_t)(value))

enum { PUNCH = LINUX_FALLOC_PUNCH_HOLE | LINUX_FALLOC_KEEP_SIZE, PAGES = 4 };

/* One file, mapped. */
static int64_t fd;
static struct file *file;
static struct backing *backing;
static struct mapping *mapping;

static uint8_t area[PAGES * PAGE_BYTES] ALIGNED(PAGE_BYTES);
static uint8_t lower[PAGES * PAGE_BYTES + 8] ALIGNED(PAGE_BYTES);

static void start(void)
{
    fake_process_start("", 0);
    fd = sys_open(A("/f"), LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    file = fd_get(process_current()->files, (uint32_t)fd);
    backing = &file->backing;
    mapping = backing->mapping;
    __atomic_store_n(&mapping->area_count, 1, __ATOMIC_RELAXED);
    fake_revocation_count = 0;
    fake_revocation_hook = NULL;
}

static void stop(void)
{
    EXPECT_EQ(sys_close(A(fd)), 0);
    file_put(file);
    fake_revocation_hook = NULL;
    fake_process_stop();
    EXPECT_EQ(fake_heap_frames(), 0);
}

/* The file shows an archive's data that begins `offset` bytes off a page border. */
static void start_with_lower(size_t offset, size_t bytes)
{
    start();
    for (size_t i = 0; i < sizeof(lower); i++) lower[i] = (uint8_t)(i * 5 + i / 253 + 1);
    tmpfs_set_lower(file->vnode, lower + offset, bytes);
}

static const uint8_t *bytes_of(const struct backing_page *page) { return direct_map(page->frame); }

static struct backing_page page_at(uint64_t index)
{
    struct backing_page page = { 0 };
    EXPECT_OK(backing->ops->page(backing, index, false, &page));
    return page;
}

static bool are_zeros(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i]) return false;
    return true;
}

static void expect_revocation(uint32_t number, uint64_t first, uint64_t end, bool copies_too)
{
    if (number >= fake_revocation_count) {
        test_fail(__FILE__, __LINE__, "only %u revocations", fake_revocation_count);
        return;
    }
    const struct fake_revocation *r = &fake_revocations[number];
    EXPECT(r->mapping == mapping);
    EXPECT_EQ(r->first, first);
    EXPECT_EQ(r->end, end);
    EXPECT_EQ(r->copies_too, copies_too);
}

/* ---- what a page shows ---- */

TEST(holes_show_one_frame_of_zeros_until_somebody_wants_to_write)
{
    start();
    EXPECT_EQ(sys_ftruncate(A(fd), 3 * PAGE_BYTES), 0);
    struct backing_page page = page_at(1);
    EXPECT(!page.is_own);
    EXPECT(are_zeros(bytes_of(&page), PAGE_BYTES));
    EXPECT_EQ(page_at(2).frame.raw, page.frame.raw);
    EXPECT_EQ(fake_heap_frames(), 0);

    EXPECT_OK(backing->ops->own(backing, 1));
    EXPECT_EQ(fake_revocation_count, 1);
    expect_revocation(0, 1, 2, false);
    struct backing_page own = page_at(1);
    EXPECT(own.is_own && own.frame.raw != page.frame.raw);
    EXPECT(are_zeros(bytes_of(&own), PAGE_BYTES));
    EXPECT(!page_at(2).is_own);

    EXPECT_OK(backing->ops->own(backing, 1));
    EXPECT_EQ(page_at(1).frame.raw, own.frame.raw);
    EXPECT_EQ(fake_revocation_count, 1);
    stop();
}

TEST(a_page_of_the_archive_is_lent_where_it_lies_and_copied_when_it_is_to_be_own)
{
    start_with_lower(0, 2 * PAGE_BYTES + 100);
    EXPECT(bytes_of(&(struct backing_page){ .frame = page_at(1).frame, .is_own = false }) ==
           lower + PAGE_BYTES);
    EXPECT(!page_at(1).is_own);
    struct backing_page page;
    EXPECT_ERR(backing->ops->page(backing, 2, false, &page), ERR_NOT_SUPPORTED);
    EXPECT_EQ(fake_heap_frames(), 0);

    for (uint64_t i = 1; i < 3; i++) {
        EXPECT_OK(backing->ops->own(backing, i));
        page = page_at(i);
        size_t whole = i == 1 ? PAGE_BYTES : 100;
        EXPECT(page.is_own);
        EXPECT(memcmp(bytes_of(&page), lower + i * PAGE_BYTES, whole) == 0);
        EXPECT(are_zeros(bytes_of(&page) + whole, PAGE_BYTES - whole));
    }
    EXPECT_EQ(fake_revocation_count, 2);
    stop();
}

TEST(data_off_page_borders_is_not_lent_but_can_be_read_and_owned)
{
    start_with_lower(8, 2 * PAGE_BYTES);
    struct backing_page page;
    EXPECT_ERR(backing->ops->page(backing, 0, false, &page), ERR_NOT_SUPPORTED);
    EXPECT_OK(backing->ops->read(backing, 0, area));
    EXPECT(memcmp(area, lower + 8, PAGE_BYTES) == 0);
    EXPECT_OK(backing->ops->own(backing, 1));
    page = page_at(1);
    EXPECT(memcmp(bytes_of(&page), lower + 8 + PAGE_BYTES, PAGE_BYTES) == 0);
    stop();
}

TEST(there_is_nothing_beyond_the_last_page_of_a_file)
{
    start();
    EXPECT_EQ(sys_pwrite64(A(fd), A("xyz"), 3, PAGE_BYTES), 3);
    struct backing_page page;
    memset(area, 0xff, PAGE_BYTES);
    EXPECT_OK(backing->ops->read(backing, 1, area));
    EXPECT(memcmp(area, "xyz", 3) == 0 && are_zeros(area + 3, PAGE_BYTES - 3));
    EXPECT_ERR(backing->ops->page(backing, 2, false, &page), ERR_IO);
    EXPECT_ERR(backing->ops->own(backing, 2), ERR_IO);
    EXPECT_ERR(backing->ops->read(backing, 2, area), ERR_IO);
    EXPECT_EQ(sys_fallocate(A(fd), LINUX_FALLOC_KEEP_SIZE, 0, 4 * PAGE_BYTES), 0);
    EXPECT_ERR(backing->ops->page(backing, 2, false, &page), ERR_IO);
    EXPECT(!file_backing_has_page(backing, 2));
    stop();
}

TEST(a_page_is_in_memory_when_it_holds_data_whoever_made_it)
{
    start_with_lower(0, PAGE_BYTES + 1);
    EXPECT_EQ(sys_ftruncate(A(fd), 4 * PAGE_BYTES), 0);
    EXPECT_OK(backing->ops->own(backing, 3));
    EXPECT(file_backing_has_page(backing, 0));
    EXPECT(file_backing_has_page(backing, 1));
    EXPECT(!file_backing_has_page(backing, 2));
    EXPECT(file_backing_has_page(backing, 3));
    EXPECT(!file_backing_has_page(backing, 4));
    stop();
}

/* ---- when it becomes another ---- */

static uint64_t hook_frames;

static void check_page_is_shown(const struct fake_revocation *r)
{
    struct backing_page page = page_at(r->first);
    EXPECT(page.is_own);
    EXPECT(memcmp(bytes_of(&page) + 7, "new", 3) == 0);
}

TEST(a_write_that_fills_a_hole_is_told_once_the_page_can_be_seen)
{
    start();
    EXPECT_EQ(sys_ftruncate(A(fd), 3 * PAGE_BYTES), 0);
    EXPECT_EQ(sys_pwrite64(A(fd), A("early"), 5, 0), 5);
    EXPECT_EQ(fake_revocation_count, 0); /* nobody has been shown what it replaces */
    EXPECT(!page_at(1).is_own);
    fake_revocation_hook = check_page_is_shown;
    EXPECT_EQ(sys_pwrite64(A(fd), A("new"), 3, PAGE_BYTES + 7), 3);
    EXPECT_EQ(fake_revocation_count, 1);
    expect_revocation(0, 1, 2, false);
    EXPECT_EQ(sys_pwrite64(A(fd), A("again"), 5, PAGE_BYTES + 7), 5);
    EXPECT_EQ(fake_revocation_count, 1); /* in place: everybody sees it */
    stop();
}

TEST(nobody_is_told_when_no_area_shows_the_file)
{
    start_with_lower(0, 2 * PAGE_BYTES);
    __atomic_store_n(&mapping->area_count, 0, __ATOMIC_RELAXED);
    EXPECT_EQ(sys_pwrite64(A(fd), A("new"), 3, PAGE_BYTES), 3);
    EXPECT_EQ(sys_fallocate(A(fd), PUNCH, 0, 2 * PAGE_BYTES), 0);
    EXPECT_EQ(sys_ftruncate(A(fd), 1), 0);
    EXPECT_EQ(fake_revocation_count, 0);
    stop();
}

static void own_meanwhile(void)
{
    fake_user_hook = NULL;
    EXPECT_OK(backing->ops->own(backing, 0));
    struct backing_page page = page_at(0);
    memcpy(direct_map(page.frame), "mapped", 6);
}

TEST(a_write_whose_bytes_come_from_a_mapping_of_the_same_page_uses_the_page_that_appeared)
{
    start_with_lower(0, 100);
    fake_user_hook = own_meanwhile;
    EXPECT_EQ(sys_pwrite64(A(fd), A("written"), 7, 10), 7);
    struct backing_page page = page_at(0);
    EXPECT(memcmp(bytes_of(&page), "mapped", 6) == 0);
    EXPECT(memcmp(bytes_of(&page) + 6, lower + 6, 4) == 0);
    EXPECT(memcmp(bytes_of(&page) + 10, "written", 7) == 0);
    EXPECT(memcmp(bytes_of(&page) + 17, lower + 17, 83) == 0);
    EXPECT_EQ(fake_heap_frames(), 1);
    EXPECT_EQ(fake_revocation_count, 0);
    stop();
}

TEST(a_hole_that_a_shared_area_touches_gets_a_page)
{
    start();
    EXPECT_EQ(sys_ftruncate(A(fd), 3 * PAGE_BYTES), 0);
    struct backing_page page;
    EXPECT_ERR(backing->ops->page(backing, 1, true, &page), ERR_NOT_SUPPORTED);
    EXPECT_OK(backing->ops->own(backing, 1));
    EXPECT_OK(backing->ops->page(backing, 1, true, &page));
    EXPECT(page.is_own && are_zeros(bytes_of(&page), PAGE_BYTES));
    EXPECT_EQ(fake_revocation_count, 0);
    stop();
}

static void check_nothing_is_freed(const struct fake_revocation *r)
{
    struct backing_page page;
    EXPECT_EQ(fake_heap_frames(), hook_frames);
    if (r->copies_too) EXPECT_ERR(backing->ops->page(backing, r->first, false, &page), ERR_IO);
}

TEST(a_truncation_takes_whole_pages_back_with_their_copies_before_it_frees_them)
{
    start();
    EXPECT_EQ(sys_pwrite64(A(fd), A(area), 3 * PAGE_BYTES, 0), 3 * PAGE_BYTES);
    uint8_t *last = direct_map(page_at(1).frame);
    memset(last, 'x', PAGE_BYTES);
    fake_revocation_count = 0;
    hook_frames = fake_heap_frames();
    fake_revocation_hook = check_nothing_is_freed;
    EXPECT_EQ(sys_ftruncate(A(fd), PAGE_BYTES + 10), 0);
    expect_revocation(0, 1, 2, false); /* the page with the end in it may be the archive's */
    EXPECT_EQ(fake_revocations[1].first, 2);
    EXPECT(fake_revocations[1].end > 1ull << 50 && fake_revocations[1].copies_too);
    EXPECT_EQ(fake_heap_frames(), hook_frames - 1);
    EXPECT(direct_map(page_at(1).frame) == last);
    EXPECT(last[9] == 'x' && are_zeros(last + 10, PAGE_BYTES - 10));
    stop();
}

TEST(a_page_of_the_archive_that_is_cut_in_the_middle_is_not_lent_any_more)
{
    start_with_lower(0, 2 * PAGE_BYTES);
    EXPECT(!page_at(1).is_own);
    EXPECT_EQ(sys_ftruncate(A(fd), PAGE_BYTES + 10), 0);
    expect_revocation(0, 1, 2, false);
    struct backing_page page;
    EXPECT_ERR(backing->ops->page(backing, 1, false, &page), ERR_NOT_SUPPORTED);
    EXPECT_EQ(sys_ftruncate(A(fd), 2 * PAGE_BYTES), 0);
    EXPECT_OK(backing->ops->own(backing, 1));
    page = page_at(1);
    EXPECT(memcmp(bytes_of(&page), lower + PAGE_BYTES, 10) == 0);
    EXPECT(are_zeros(bytes_of(&page) + 10, PAGE_BYTES - 10));
    stop();
}

TEST(a_punched_hole_leaves_private_copies_and_frees_pages_after_they_were_taken_back)
{
    start();
    EXPECT_EQ(sys_pwrite64(A(fd), A(area), 4 * PAGE_BYTES, 0), 4 * PAGE_BYTES);
    uint8_t *first = direct_map(page_at(0).frame);
    memset(first, 'x', PAGE_BYTES);
    fake_revocation_count = 0;
    hook_frames = fake_heap_frames();
    fake_revocation_hook = check_nothing_is_freed;
    EXPECT_EQ(sys_fallocate(A(fd), PUNCH, 100, 3 * PAGE_BYTES - 100), 0);
    EXPECT_EQ(fake_revocation_count, 1);
    expect_revocation(0, 1, 3, false);
    EXPECT_EQ(fake_heap_frames(), hook_frames - 2);
    EXPECT(direct_map(page_at(0).frame) == first && first[99] == 'x');
    EXPECT(are_zeros(first + 100, PAGE_BYTES - 100));
    EXPECT(!page_at(1).is_own && page_at(3).is_own);
    stop();
}

TEST(what_a_mapping_stored_behind_the_end_of_a_file_is_gone_when_the_file_grows)
{
    for (int way = 0; way < 4; way++) {
        start();
        uint32_t flags = SPACE_SHARED | SPACE_WRITE;
        struct backing *opened;
        EXPECT_EQ(sys_pwrite64(A(fd), A("0123456789"), 10, 0), 10);
        EXPECT_OK(file_backing_open(file, &flags, &opened));
        uint8_t *page = direct_map(page_at(0).frame);
        memset(page + 10, 'x', PAGE_BYTES - 10);
        switch (way) {
        case 0: EXPECT_EQ(sys_ftruncate(A(fd), 2 * PAGE_BYTES), 0); break;
        case 1: EXPECT_EQ(sys_pwrite64(A(fd), A("end"), 3, 20), 3); break;
        case 2: EXPECT_EQ(sys_pwrite64(A(fd), A("end"), 3, 2 * PAGE_BYTES), 3); break;
        case 3: EXPECT_EQ(sys_fallocate(A(fd), 0, 0, 2 * PAGE_BYTES), 0); break;
        }
        EXPECT(memcmp(page, "0123456789", 10) == 0);
        EXPECT(are_zeros(page + 10, 10));
        EXPECT(are_zeros(page + 23, PAGE_BYTES - 23));
        file_backing_settle(file, flags);
        backing_put(opened);
        stop();
    }
}

/* ---- opening ---- */

TEST(an_unlinked_file_lives_as_long_as_a_mapping_holds_it)
{
    start();
    EXPECT_EQ(sys_pwrite64(A(fd), A("kept"), 4, 0), 4);
    uint32_t flags = 0;
    struct backing *opened;
    EXPECT_OK(file_backing_open(file, &flags, &opened));
    EXPECT_EQ(sys_unlink(A("/f")), 0);
    EXPECT_EQ(sys_close(A(fd)), 0);
    file_put(file);
    EXPECT_EQ(fake_heap_frames(), 1);
    EXPECT_OK(opened->ops->read(opened, 0, area));
    EXPECT(memcmp(area, "kept", 4) == 0);
    backing_put(opened);
    EXPECT_EQ(fake_heap_frames(), 0);
    fake_process_stop();
}

TEST(a_program_that_runs_is_not_written_and_one_that_is_written_does_not_run)
{
    start();
    int64_t other = sys_open(A("/f"), LINUX_O_RDONLY, 0);
    struct file *program = fd_get(process_current()->files, (uint32_t)other);
    EXPECT_ERR(file_start_running(program), ERR_TEXT_BUSY); /* the test has it open */
    file_put(file);
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_OK(file_start_running(program));
    EXPECT_EQ(sys_close(A(other)), 0);

    EXPECT_EQ(sys_open(A("/f"), LINUX_O_RDWR, 0), ERR_TEXT_BUSY.code);
    EXPECT_EQ(sys_open(A("/f"), LINUX_O_WRONLY, 0), ERR_TEXT_BUSY.code);
    EXPECT_EQ(sys_open(A("/f"), LINUX_O_RDONLY | LINUX_O_TRUNC, 0), ERR_TEXT_BUSY.code);
    EXPECT_EQ(sys_truncate(A("/f"), 0), ERR_TEXT_BUSY.code);
    EXPECT_EQ(sys_open(A("/f"), LINUX_O_RDONLY, 0), fd);
    EXPECT_EQ(sys_close(A(fd)), 0);
    file_put(program);
    fd = sys_open(A("/f"), LINUX_O_RDWR, 0);
    file = fd_get(process_current()->files, (uint32_t)fd);
    EXPECT_EQ(sys_truncate(A("/f"), 0), 0);
    stop();
}

struct opening_case {
    uint32_t how, flags;
    err_t result;
    bool may_write;
};

TEST(a_mapping_may_write_a_file_when_it_is_shared_and_the_descriptor_may)
{
    const struct opening_case cases[] = {
        { LINUX_O_RDONLY, 0, OK, false },
        { LINUX_O_RDONLY, SPACE_WRITE, OK, false },
        { LINUX_O_RDONLY, SPACE_SHARED, OK, false },
        { LINUX_O_RDONLY, SPACE_SHARED | SPACE_WRITE, ERR_ACCESS, false },
        { LINUX_O_RDWR, SPACE_WRITE, OK, false },
        { LINUX_O_RDWR, SPACE_SHARED, OK, true },
        { LINUX_O_RDWR, SPACE_SHARED | SPACE_WRITE, OK, true },
        { LINUX_O_WRONLY, 0, ERR_ACCESS, false },
        { LINUX_O_WRONLY, SPACE_SHARED | SPACE_WRITE, ERR_ACCESS, false },
        { LINUX_O_RDONLY | LINUX_O_DIRECTORY, 0, ERR_NO_DEVICE, false },
    };
    start();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        const struct opening_case *c = &cases[i];
        bool is_directory = c->how & LINUX_O_DIRECTORY;
        int64_t other = sys_open(A(is_directory ? "/" : "/f"), c->how, 0);
        struct file *f = fd_get(process_current()->files, (uint32_t)other);
        uint32_t flags = c->flags;
        struct backing *opened = NULL;
        EXPECT_ERR(file_backing_open(f, &flags, &opened), c->result);
        EXPECT_EQ(flags, c->flags | (c->may_write ? SPACE_MAY_WRITE : 0));
        if (!is_directory) EXPECT_EQ(mapping->writable_count, c->may_write);
        if (opened) file_backing_settle(f, flags);
        backing_put(opened);
        EXPECT_EQ(mapping->writable_count, 0);
        file_put(f);
        EXPECT_EQ(sys_close(A(other)), 0);
    }
    stop();
}

/* ---- failing ---- */

static void prepare_for_failure(void)
{
    start_with_lower(8, 2 * PAGE_BYTES);
    EXPECT_EQ(sys_ftruncate(A(fd), 4 * PAGE_BYTES), 0);
    fake_revocation_count = 0;
}

/* Each step may fail alone; what a step that failed leaves is as useful as before. */
static bool try_steps(void)
{
    bool all = true;
    all &= !failed(backing->ops->own(backing, 3));
    all &= !failed(backing->ops->own(backing, 0));
    all &= sys_pwrite64(A(fd), A("new"), 3, PAGE_BYTES + 5) == 3;
    all &= sys_pwrite64(A(fd), A("new"), 3, 2 * PAGE_BYTES + 5) == 3;
    all &= sys_fallocate(A(fd), PUNCH, 10, 20) == 0;
    all &= sys_fallocate(A(fd), 0, 0, 4 * PAGE_BYTES) == 0;
    return all;
}

static void retry_steps(void)
{
    EXPECT(try_steps());
    EXPECT_EQ(sys_pread64(A(fd), A(area), sizeof(area), 0), sizeof(area));
    EXPECT(memcmp(area, lower + 8, 10) == 0 && are_zeros(area + 10, 20));
    EXPECT(memcmp(area + 30, lower + 38, PAGE_BYTES - 30 + 5) == 0);
    EXPECT(memcmp(area + PAGE_BYTES + 5, "new", 3) == 0);
    EXPECT(memcmp(area + PAGE_BYTES + 8, lower + PAGE_BYTES + 16, PAGE_BYTES - 8) == 0);
    EXPECT(are_zeros(area + 2 * PAGE_BYTES, 5) && are_zeros(area + 3 * PAGE_BYTES, PAGE_BYTES));
}

TEST(every_failing_allocation_leaves_the_file_as_it_was_and_tells_nobody_of_pages_that_did_not_come)
{
    uint64_t n = 0;
    bool has_failed = true;
    while (has_failed) {
        prepare_for_failure();
        fake_heap_fail_at(++n);
        bool is_whole = try_steps();
        has_failed = fake_heap_has_failed();
        fake_heap_fail_at(0);
        EXPECT_EQ(is_whole, !has_failed);
        EXPECT(fake_heap_frames() >= fake_revocation_count);
        retry_steps();
        stop();
    }
    EXPECT(n > 4);
}
