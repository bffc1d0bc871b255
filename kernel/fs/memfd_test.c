/* SPDX-License-Identifier: Apache-2.0 */
/* What the comparison with Linux cannot show of files without a place in the tree: seals that meet a
 * mapping half made, failing allocations, and what counts against which limit. */
#include "fs/memfd.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/file_mapping.h"
#include "fs/tmpfs.h"
#include "lib/string.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_vm.h"
#include "tests/harness/test.h"
#include "vm/space.h"

#define A(value) ((uint64_t)(value))

static struct file *open_sealable(void)
{
    struct file *file = NULL;
    EXPECT_OK(memfd_open("x", true, &file));
    return file;
}

TEST(a_file_cannot_be_sealed_while_a_mapping_that_may_write_is_being_made)
{
    struct file *file = open_sealable();
    struct backing *backing;
    uint32_t flags = SPACE_SHARED;
    EXPECT_OK(file_backing_open(file, &flags, &backing));
    EXPECT_ERR(memfd_add_seals(file, LINUX_F_SEAL_WRITE), ERR_BUSY);
    EXPECT_OK(memfd_add_seals(file, LINUX_F_SEAL_FUTURE_WRITE));
    file_backing_settle(file, flags);
    EXPECT_OK(memfd_add_seals(file, LINUX_F_SEAL_WRITE));
    backing_put(backing);

    flags = SPACE_SHARED | SPACE_WRITE;
    EXPECT_ERR(file_backing_open(file, &flags, &backing), ERR_NOT_PERMITTED);
    flags = SPACE_SHARED;
    EXPECT_OK(file_backing_open(file, &flags, &backing));
    EXPECT_EQ(flags, SPACE_SHARED); /* it never becomes writable */
    file_backing_settle(file, flags);
    EXPECT_EQ(backing->mapping->writable_count, 0);
    backing_put(backing);
    file_put(file);
}

TEST(every_failing_allocation_of_memfd_create_leaves_nothing_behind)
{
    fake_process_start("", 0);
    uint64_t blocks = fake_heap_blocks(), n = 0;
    int64_t fd;
    do {
        fake_heap_fail_at(++n);
        fd = sys_memfd_create(A("name"), 0);
        fake_heap_fail_at(0);
        if (fd < 0) {
            EXPECT_EQ(fd, ERR_NO_MEMORY.code);
            EXPECT_EQ(fake_heap_blocks(), blocks);
        }
    } while (fd < 0);
    EXPECT_EQ(n, 4); /* the name, the vnode and the file failed */
    EXPECT_EQ(fd, 3);
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_EQ(fake_heap_blocks(), blocks);
    fake_process_stop();
}

TEST(huge_pages_are_refused_as_by_a_linux_without_them)
{
    fake_process_start("", 0);
    uint64_t of_2m = 21ull << 26;
    EXPECT_EQ(sys_memfd_create(A("x"), LINUX_MFD_HUGETLB), ERR_NO_SYSCALL.code);
    EXPECT_EQ(sys_memfd_create(A("x"), LINUX_MFD_HUGETLB | of_2m), ERR_NO_SYSCALL.code);
    EXPECT_EQ(sys_memfd_create(A("x"), of_2m), ERR_INVALID.code);
    EXPECT_EQ(sys_memfd_create(0, LINUX_MFD_HUGETLB), ERR_FAULT.code);
    EXPECT_EQ(sys_memfd_create(A("x"), 0), 3); /* no number is lost */
    fake_process_stop();
}

TEST(files_without_a_file_system_leave_room_for_those_that_have_one)
{
    static uint8_t data[10 * PAGE_BYTES];
    fake_heap_total_frames = 16; /* so that named files may hold 8 pages */
    fake_process_start("", 0);
    int64_t memfd = sys_memfd_create(A("x"), 0);
    EXPECT_EQ(sys_write(A(memfd), A(data), sizeof(data)), sizeof(data));
    EXPECT_EQ(tmpfs_pages_used(), 0);
    int64_t named = sys_open(A("/f"), LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    EXPECT_EQ(sys_write(A(named), A(data), 8 * PAGE_BYTES), 8 * PAGE_BYTES);
    EXPECT_EQ(sys_fallocate(A(memfd), 0, 0, 1ull << 62), ERR_NO_SPACE.code); /* and soon */
    EXPECT_EQ(sys_close(A(memfd)), 0);
    EXPECT_EQ(tmpfs_pages_used(), 8);
    fake_process_stop();
    fake_heap_total_frames = 1 << 20;
}

TEST(shared_memory_is_a_file_of_zeros_that_cannot_be_sealed)
{
    struct file *file;
    char name[64];
    size_t length;
    EXPECT_OK(memfd_open_shared_memory(3 * PAGE_BYTES, &file));
    struct backing_page page;
    EXPECT_OK(file->backing.ops->page(&file->backing, 2, false, &page));
    EXPECT_ERR(file->backing.ops->page(&file->backing, 3, false, &page), ERR_IO);
    EXPECT_OK(file->backing.ops->own(&file->backing, 2));
    EXPECT_EQ(fake_heap_frames(), 2); /* with the tree's node */
    EXPECT_ERR(memfd_add_seals(file, LINUX_F_SEAL_GROW), ERR_NOT_PERMITTED);
    fs_lock();
    EXPECT_OK(file_write_name_locked(file, NULL, name, sizeof(name), &length));
    fs_unlock();
    EXPECT_EQ(length, strlen("/dev/zero (deleted)"));
    EXPECT(memcmp(name, "/dev/zero (deleted)", length) == 0);
    file_put(file);
    EXPECT_EQ(fake_heap_frames(), 0);
}
