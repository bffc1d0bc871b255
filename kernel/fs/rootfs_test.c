/* SPDX-License-Identifier: Apache-2.0 */
/* The tree an archive becomes: contents in place, changes above them, and archives that are refused. */
#include "fs/rootfs.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "fs/path.h"
#include "fs/tmpfs.h"
#include "lib/cpio_write.h"
#include "lib/string.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_vm.h"
#include "tests/harness/test.h"

#include <stdio.h>

#define A(value) ((uint64_t)(value))
#define CWD      A(LINUX_AT_FDCWD)

/* ---- archives ---- */

enum { ARCHIVE_MAX = 1 << 20 };

static uint8_t archive[ARCHIVE_MAX] ALIGNED(PAGE_BYTES);
static size_t archive_bytes;
static struct cpio_writer writer;

static err_t append(struct cpio_sink *sink, const void *bytes, size_t count)
{
    (void)sink;
    ASSERT(archive_bytes + count <= ARCHIVE_MAX);
    memcpy(archive + archive_bytes, bytes, count);
    archive_bytes += count;
    return OK;
}

static void archive_start(void)
{
    static struct cpio_sink sink = { append };
    archive_bytes = 0;
    cpio_writer_init(&writer, &sink);
}

static void add(struct cpio_entry entry)
{
    entry.name_bytes = (uint32_t)strlen(entry.name);
    if (entry.nlink == 0) entry.nlink = 1;
    entry.mtime_s = 1000;
    EXPECT_OK(cpio_write_entry(&writer, &entry));
}

static void add_directory(const char *name, uint32_t permissions)
{
    add((struct cpio_entry){ .name = name, .type = CPIO_DIRECTORY, .permissions = permissions });
}

static void add_file(const char *name, const void *data, size_t bytes)
{
    add((struct cpio_entry){ .name = name,
                             .type = CPIO_REGULAR,
                             .permissions = 0644,
                             .data = data,
                             .data_bytes = (uint32_t)bytes });
}

static void add_symlink(const char *name, const char *target)
{
    add((struct cpio_entry){ .name = name,
                             .type = CPIO_SYMLINK,
                             .permissions = 0777,
                             .data = (const uint8_t *)target,
                             .data_bytes = (uint32_t)strlen(target) });
}

static void add_hard_link(const char *name, const char *text)
{
    add((struct cpio_entry){ .name = name,
                             .type = CPIO_REGULAR,
                             .permissions = 0600,
                             .nlink = 3,
                             .inode = 77,
                             .data = (const uint8_t *)text,
                             .data_bytes = (uint32_t)strlen(text) });
}

static void start(void)
{
    EXPECT_OK(cpio_write_end(&writer));
    fake_process_start(archive, archive_bytes);
}

static uint8_t pattern[3 * PAGE_BYTES + 100];

static void start_with_big_file(void)
{
    for (size_t i = 0; i < sizeof(pattern); i++) pattern[i] = (uint8_t)(i * 7 + i / 251);
    archive_start();
    add_file("big", pattern, sizeof(pattern));
    start();
}

static struct vnode *vnode_at(const char *path)
{
    struct vnode *v = NULL;
    struct path_from from = { .context = process_current()->fs };
    EXPECT_OK(path_get_vnode(&from, path, WALK_FOLLOW, &v));
    return v;
}

static int64_t read_at(const char *path, uint64_t offset, void *out, size_t bytes)
{
    int64_t fd = sys_open(A(path), LINUX_O_RDONLY, 0);
    if (fd < 0) return fd;
    int64_t got = sys_pread64(A(fd), A(out), bytes, offset);
    EXPECT_EQ(sys_close(A(fd)), 0);
    return got;
}

static void expect_text(const char *path, const char *text)
{
    char got[64] = { 0 };
    EXPECT_EQ(read_at(path, 0, got, sizeof(got) - 1), strlen(text));
    EXPECT_STR(got, text);
}

/* ---- what an archive becomes ---- */

TEST(files_links_and_missing_directories_of_an_archive_are_there)
{
    archive_start();
    add_directory("etc", 0750);
    add_file("etc/motd", "hello", 5);
    add_file("deep/in/nowhere", "x", 1);
    add_symlink("etc/link", "motd");
    add_symlink("absolute", "/etc/link");
    start();

    expect_text("/etc/motd", "hello");
    expect_text("/etc/link", "hello");
    expect_text("/absolute", "hello");
    expect_text("/deep/in/nowhere", "x");
    struct linux_stat s;
    EXPECT_EQ(sys_stat(A("/etc"), A(&s)), 0);
    EXPECT_EQ(s.st_mode, LINUX_S_IFDIR | 0750);
    EXPECT_EQ(s.st_mtime_s, 1000);
    EXPECT_EQ(s.st_nlink, 2);
    EXPECT_EQ(sys_stat(A("/deep/in"), A(&s)), 0);
    EXPECT_EQ(s.st_mode, LINUX_S_IFDIR | 0755);
    fake_process_stop();
}

TEST(names_with_one_inode_in_the_archive_are_one_file_whichever_brings_the_data)
{
    archive_start();
    add_hard_link("one", "");
    add_hard_link("two", "");
    add_hard_link("dir/three", "shared");
    start();

    expect_text("/one", "shared");
    int64_t fd = sys_open(A("/two"), LINUX_O_WRONLY, 0);
    EXPECT_EQ(sys_write(A(fd), A("S"), 1), 1);
    EXPECT_EQ(sys_close(A(fd)), 0);
    expect_text("/dir/three", "Shared");
    struct linux_stat s;
    EXPECT_EQ(sys_stat(A("/one"), A(&s)), 0);
    EXPECT_EQ(s.st_nlink, 3);
    fake_process_stop();
}

TEST(a_later_archive_entry_replaces_a_file_and_joins_a_directory)
{
    archive_start();
    add_directory("d", 0700);
    add_file("d/f", "old", 3);
    add_directory("d", 0711);
    add_file("d/f", "newer", 5);
    start();
    expect_text("/d/f", "newer");
    struct linux_stat s;
    EXPECT_EQ(sys_stat(A("/d"), A(&s)), 0);
    EXPECT_EQ(s.st_mode, LINUX_S_IFDIR | 0711);
    EXPECT_EQ(s.st_nlink, 2);
    fake_process_stop();
}

TEST(dev_and_proc_hide_what_the_archive_has_there)
{
    archive_start();
    add_directory("dev", 0700);
    add_file("dev/null", "not a device", 12);
    add_file("proc", "not a directory", 15);
    start();
    struct linux_stat s;
    EXPECT_EQ(sys_stat(A("/dev/null"), A(&s)), 0);
    EXPECT_EQ(s.st_mode, LINUX_S_IFCHR | 0666);
    EXPECT_EQ(s.st_rdev, 0x103);
    EXPECT_EQ(sys_stat(A("/proc/self/fd"), A(&s)), 0);
    EXPECT_EQ(sys_rmdir(A("/dev")), ERR_BUSY.code);
    EXPECT_EQ(sys_rename(A("/dev"), A("/dev2")), ERR_BUSY.code);
    EXPECT_EQ(sys_mkdir(A("/d"), 0755), 0);
    EXPECT_EQ(sys_rename(A("/d"), A("/dev/d")), ERR_CROSS_DEVICE.code);
    EXPECT_EQ(sys_link(A("/dev/null"), A("/d/null")), ERR_CROSS_DEVICE.code);
    fake_process_stop();
}

/* ---- the lower half and what is written over it ---- */

TEST(contents_are_read_where_they_lie_in_the_archive)
{
    start_with_big_file();
    struct vnode *v = vnode_at("/big");
    const void *data;
    EXPECT_EQ(vnode_peek(v, 10, &data), sizeof(pattern) - 10);
    EXPECT((const uint8_t *)data >= archive && (const uint8_t *)data < archive + archive_bytes);
    EXPECT_EQ(vnode_peek(v, sizeof(pattern), &data), 0);
    EXPECT_EQ(fake_heap_frames(), 0);

    struct backing_page page;
    EXPECT_OK(tmpfs_mapped_page(v, 2, false, &page));
    EXPECT(memcmp((void *)page.frame.raw, pattern + 2 * PAGE_BYTES, PAGE_BYTES) == 0);
    EXPECT(!page.is_own);
    /* Not whole: what follows is not the file's. */
    EXPECT_ERR(tmpfs_mapped_page(v, 3, false, &page), ERR_NOT_SUPPORTED);
    EXPECT_ERR(tmpfs_mapped_page(v, 4, false, &page), ERR_IO);
    vnode_put(v);
    fake_process_stop();
}

TEST(writing_copies_only_the_touched_page_and_never_changes_the_archive)
{
    start_with_big_file();
    int64_t fd = sys_open(A("/big"), LINUX_O_RDWR, 0);
    EXPECT_EQ(sys_pwrite64(A(fd), A("changed"), 7, PAGE_BYTES + 5), 7);
    EXPECT_EQ(fake_heap_frames(), 2); /* the page, and the node that holds the second page of a file */

    static uint8_t got[sizeof(pattern)];
    EXPECT_EQ(sys_pread64(A(fd), A(got), sizeof(got), 0), sizeof(got));
    EXPECT(memcmp(got + PAGE_BYTES + 5, "changed", 7) == 0);
    memcpy(got + PAGE_BYTES + 5, pattern + PAGE_BYTES + 5, 7);
    EXPECT(memcmp(got, pattern, sizeof(got)) == 0);

    struct vnode *v = vnode_at("/big");
    struct backing_page page;
    EXPECT_OK(tmpfs_mapped_page(v, 0, false, &page));
    EXPECT(!page.is_own);
    EXPECT_OK(tmpfs_mapped_page(v, 1, false, &page));
    EXPECT(page.is_own);
    const void *data;
    EXPECT_EQ(vnode_peek(v, 10, &data), PAGE_BYTES - 10);
    vnode_put(v);
    EXPECT_EQ(sys_close(A(fd)), 0);
    fake_process_stop();
    start(); /* the same bytes again */
    v = vnode_at("/big");
    EXPECT_OK(tmpfs_mapped_page(v, 1, false, &page));
    EXPECT(memcmp((void *)page.frame.raw, pattern + PAGE_BYTES, PAGE_BYTES) == 0);
    vnode_put(v);
    fake_process_stop();
}

TEST(a_file_cut_short_and_grown_again_shows_zeros_where_the_archive_had_data)
{
    start_with_big_file();
    uint8_t got[200];
    EXPECT_EQ(sys_truncate(A("/big"), 100), 0);
    EXPECT_EQ(sys_truncate(A("/big"), sizeof(pattern)), 0);
    EXPECT_EQ(read_at("/big", 0, got, sizeof(got)), sizeof(got));
    EXPECT(memcmp(got, pattern, 100) == 0);
    for (size_t i = 100; i < sizeof(got); i++) EXPECT_EQ(got[i], 0);
    EXPECT_EQ(read_at("/big", PAGE_BYTES, got, 1), 1);
    EXPECT_EQ(got[0], 0);
    EXPECT_EQ(fake_heap_frames(), 0);
    struct linux_stat s;
    EXPECT_EQ(sys_stat(A("/big"), A(&s)), 0);
    EXPECT_EQ(s.st_blocks, 8);
    fake_process_stop();
}

TEST(a_hole_punched_into_the_archive_reads_as_zeros)
{
    start_with_big_file();
    int64_t fd = sys_open(A("/big"), LINUX_O_RDWR, 0);
    EXPECT_EQ(sys_fallocate(A(fd), 3, 100, 2 * PAGE_BYTES), 0);
    static uint8_t got[sizeof(pattern)];
    EXPECT_EQ(sys_pread64(A(fd), A(got), sizeof(got), 0), sizeof(got));
    EXPECT(memcmp(got, pattern, 100) == 0);
    for (size_t i = 100; i < 100 + 2 * PAGE_BYTES; i++) EXPECT_EQ(got[i], 0);
    size_t after = 100 + 2 * PAGE_BYTES;
    EXPECT(memcmp(got + after, pattern + after, sizeof(pattern) - after) == 0);
    EXPECT_EQ(sys_close(A(fd)), 0);
    fake_process_stop();
    EXPECT_EQ(fake_heap_frames(), 0);
}

TEST(a_full_tmpfs_refuses_more_pages_and_takes_them_again_after_an_unlink)
{
    fake_heap_total_frames = 16; /* so files may hold 8 pages */
    archive_start();
    start();
    static uint8_t data[10 * PAGE_BYTES];
    int64_t fd = sys_open(A("/f"), LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    EXPECT_EQ(sys_write(A(fd), A(data), sizeof(data)), 8 * PAGE_BYTES);
    EXPECT_EQ(sys_write(A(fd), A(data), 1), ERR_NO_SPACE.code);
    EXPECT_EQ(sys_fallocate(A(fd), 0, 0, 9 * PAGE_BYTES), ERR_NO_SPACE.code);
    EXPECT_EQ(sys_unlink(A("/f")), 0);
    EXPECT_EQ(tmpfs_pages_used(), 8); /* still open */
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_EQ(tmpfs_pages_used(), 0);
    fd = sys_open(A("/g"), LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    EXPECT_EQ(sys_fallocate(A(fd), 0, 0, 8 * PAGE_BYTES), 0);
    EXPECT_EQ(sys_close(A(fd)), 0);
    fake_process_stop();
    fake_heap_total_frames = 1 << 20;
}

/* ---- bad archives ---- */

static void expect_refused(err_t expected, const char *words)
{
    const char *why = "";
    uint64_t blocks = fake_heap_blocks();
    EXPECT_OK(cpio_write_end(&writer));
    EXPECT_ERR(rootfs_init(archive, archive_bytes, &why), expected);
    if (!strstr(why, words)) test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"", why, words);
    EXPECT_EQ(fake_heap_blocks(), blocks);
}

TEST(an_archive_that_cannot_be_a_tree_is_refused_by_entry_and_reason)
{
    archive_start();
    add_file("file", "x", 1);
    add_file("file/below", "y", 1);
    expect_refused(ERR_NOT_DIRECTORY, "\"file/below\": it lies below something that is no directory");

    archive_start();
    add_directory("dir", 0755);
    add_file("dir", "x", 1);
    expect_refused(ERR_EXISTS, "\"dir\": it would replace a directory");

    char name[300];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    archive_start();
    add_file(name, "x", 1);
    expect_refused(ERR_NAME_TOO_LONG, "its name is too long");
    memcpy(name + 280, "/f", 3);
    archive_start();
    add_file(name, "x", 1);
    expect_refused(ERR_NAME_TOO_LONG, "a directory's name is too long");
}

TEST(a_torn_archive_is_refused_at_every_length_and_leaves_nothing_behind)
{
    archive_start();
    add_directory("d", 0755);
    add_file("d/f", "data", 4);
    add_symlink("d/l", "f");
    add_hard_link("h", "x");
    EXPECT_OK(cpio_write_end(&writer));
    uint64_t blocks = fake_heap_blocks();
    size_t whole = 0;
    for (size_t bytes = 0; bytes < archive_bytes; bytes++) {
        const char *why = NULL;
        err_t e = rootfs_init(archive, bytes, &why);
        EXPECT(!failed(e) || strlen(why) > 10);
        if (!failed(e)) {
            whole++;
            rootfs_fini();
        }
        EXPECT_EQ(fake_heap_blocks(), blocks);
    }
    EXPECT(whole < 512); /* only the padding at the end may be missing */
}

TEST(every_failing_allocation_while_the_tree_is_built_leaves_nothing_behind)
{
    archive_start();
    add_directory("d", 0755);
    add_file("d/missing/f", "data", 4);
    add_symlink("d/l", "f");
    add_hard_link("h1", "");
    add_hard_link("h2", "x");
    EXPECT_OK(cpio_write_end(&writer));
    uint64_t blocks = fake_heap_blocks();
    uint64_t n = 0;
    for (;;) {
        const char *why;
        fake_heap_fail_at(++n);
        err_t e = rootfs_init(archive, archive_bytes, &why);
        bool has_failed = fake_heap_has_failed();
        fake_heap_fail_at(0);
        if (!failed(e)) rootfs_fini();
        EXPECT_EQ(fake_heap_blocks(), blocks);
        if (!has_failed) break;
        EXPECT_ERR(e, ERR_NO_MEMORY);
    }
    EXPECT(n > 30);
}

TEST(a_tree_of_thirty_thousand_names_is_found_again_and_costs_no_pages)
{
    enum { DIRECTORIES = 30, FILES = 100 };
    archive_start();
    char name[64];
    for (int d = 0; d < DIRECTORIES; d++) {
        for (int f = 0; f < FILES; f++) {
            snprintf(name, sizeof(name), "dir%d/file%d", d, f);
            add_file(name, NULL, 0);
        }
    }
    start();
    EXPECT_EQ(sys_mkdir(A("/many"), 0755), 0);
    for (int i = 0; i < 27000; i++) {
        snprintf(name, sizeof(name), "/many/name-%d", i);
        if (sys_mknod(A(name), 0644, 0) != 0) test_fail(__FILE__, __LINE__, "%s", name);
    }
    struct linux_stat s;
    for (int i = 0; i < 27000; i += 7) {
        snprintf(name, sizeof(name), "/many/name-%d", i);
        if (sys_stat(A(name), A(&s)) != 0) test_fail(__FILE__, __LINE__, "%s", name);
    }
    EXPECT_EQ(sys_stat(A("/dir29/file99"), A(&s)), 0);
    EXPECT_EQ(sys_stat(A("/dir29/file100"), A(&s)), ERR_NOT_FOUND.code);
    EXPECT_EQ(fake_heap_frames(), 0);
    fake_process_stop();
}
