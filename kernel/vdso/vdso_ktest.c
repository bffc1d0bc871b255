/* SPDX-License-Identifier: Apache-2.0 */
#include "vdso/vdso.h"

#include "arch/cpu.h"
#include "arch/vdso_image.h"
#include "core/time.h"
#include "core/time_page.h"
#include "vm/space_ktest.h"

static uint64_t shown_at(const struct space *of, uint64_t at)
{
    paddr_t frame = PADDR_NONE;
    uint32_t flags = 0;
    EXPECT(page_table_translate(&of->page_table, at, &frame, &flags, NULL));
    EXPECT((flags & (PAGE_BORROWED | PAGE_WRITE)) == PAGE_BORROWED);
    return frame.raw;
}

TEST(vdso_is_the_same_two_frames_in_every_space)
{
    struct space *child;
    uint64_t at;
    open_space();
    EXPECT_OK(vdso_map(space, &at));
    EXPECT_EQ(peek(at), *(const uint64_t *)vdso_image);
    EXPECT(can_read(at - PAGE_BYTES) && !can_write(at) && !can_write(at - PAGE_BYTES));
    EXPECT_OK(space_clone(space, &child));
    enter(child);
    EXPECT_EQ(peek(at), *(const uint64_t *)vdso_image);
    EXPECT(can_read(at - PAGE_BYTES) && !can_write(at) && !can_write(at - PAGE_BYTES));
    EXPECT_EQ(shown_at(space, at), image_to_paddr(vdso_image).raw);
    EXPECT_EQ(shown_at(child, at), shown_at(space, at));
    EXPECT_EQ(shown_at(child, at - PAGE_BYTES), shown_at(space, at - PAGE_BYTES));
    EXPECT_EQ(shown_at(child, at - PAGE_BYTES), image_to_paddr(time_page()).raw);
    enter(space);
    space_destroy(child);
    close_space();
}

TEST(vdso_that_is_written_to_is_a_copy)
{
    uint64_t at;
    open_space();
    EXPECT_OK(vdso_map(space, &at));
    uint64_t before = peek(at);
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, RW));
    poke(at, before + 1);
    EXPECT_EQ(peek(at), before + 1);
    EXPECT_EQ(*(const uint64_t *)vdso_image, before);
    close_space();
}

TEST(vdso_is_not_mapped_over_what_is_there)
{
    uint64_t at;
    open_space();
    map(space->map_top - PAGE_BYTES, PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT_ERR(vdso_map(space, &at), ERR_EXISTS);
    close_space();
}

TEST(vdso_reads_the_clocks_as_the_kernel_does)
{
    const struct time_page *page = time_page();
    for (int turn = 0; turn < 1000; turn++) {
        uint64_t before = time_now_ns(), real_before = time_realtime_ns(), ns = 0, real = 0;
        EXPECT(time_page_read(page, LINUX_CLOCK_MONOTONIC, tsc_read_ordered, &ns));
        EXPECT(time_page_read(page, LINUX_CLOCK_REALTIME, tsc_read_ordered, &real));
        EXPECT(before <= ns && ns <= time_now_ns());
        EXPECT(real_before <= real && real <= time_realtime_ns());
    }
}
