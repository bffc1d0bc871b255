/* SPDX-License-Identifier: Apache-2.0 */
/* What the comparison with the host cannot show: wild pointers, failing allocations, threads that meet
 * in one file, /proc/self, /dev, descriptors and poll. */
#include "syscall/sys_file.h"

#include "abi/linux/dirent.h"
#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "abi/linux/stat.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/open.h"
#include "lib/string.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_vm.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"

#define A(value) ((uint64_t)(value))
#define CWD      A(LINUX_AT_FDCWD)
#define RDWR_NEW (LINUX_O_RDWR | LINUX_O_CREAT)

static uint8_t area[4 * PAGE_BYTES] ALIGNED(PAGE_BYTES);
static const uint64_t wild[] = { 0, 8, 0x7ffffffff000, 0x800000000000, 0xffff800000000000, UINT64_MAX };

static void start(void) { fake_process_start("", 0); }

static int64_t make_file(const char *path, size_t bytes)
{
    static uint8_t data[4 * PAGE_BYTES];
    for (size_t i = 0; i < bytes; i++) data[i] = (uint8_t)(i * 3 + 1);
    int64_t fd = sys_open(A(path), RDWR_NEW, 0644);
    EXPECT(fd >= 3);
    EXPECT_EQ(sys_write(A(fd), A(data), bytes), bytes);
    return fd;
}

static void expect_link(const char *path, const char *target)
{
    char text[300];
    int64_t bytes = sys_readlink(A(path), A(text), sizeof(text) - 1);
    EXPECT(bytes >= 0);
    text[bytes >= 0 ? bytes : 0] = '\0';
    EXPECT_STR(text, target);
}

/* ---- wild pointers ---- */

TEST(a_read_or_write_that_meets_a_bad_page_moves_what_lies_before_it)
{
    start();
    int64_t fd = make_file("/f", 3 * PAGE_BYTES);
    fake_user_poison(area + PAGE_BYTES, PAGE_BYTES);
    EXPECT_EQ(sys_pread64(A(fd), A(area + 100), 2 * PAGE_BYTES, 0), PAGE_BYTES - 100);
    EXPECT_EQ(sys_pread64(A(fd), A(area + PAGE_BYTES), 1, 0), ERR_FAULT.code);
    EXPECT_EQ(sys_pwrite64(A(fd), A(area + PAGE_BYTES - 7), 100, 50), 7);
    EXPECT_EQ(sys_pwrite64(A(fd), A(area + PAGE_BYTES), 100, 0), ERR_FAULT.code);
    EXPECT_EQ(sys_lseek(A(fd), 5, LINUX_SEEK_SET), 5);
    EXPECT_EQ(sys_read(A(fd), A(area + PAGE_BYTES - 3), 100), 3);
    EXPECT_EQ(sys_lseek(A(fd), 0, LINUX_SEEK_CUR), 8);
    struct linux_iovec vector[2] = { { A(area), 10 }, { A(area + PAGE_BYTES), 10 } };
    EXPECT_EQ(sys_readv(A(fd), A(vector), 2), 10);
    EXPECT_EQ(sys_write(A(fd), A(area + PAGE_BYTES), 0), 0);
    fake_user_poison(NULL, 0);
    EXPECT_EQ(sys_close(A(fd)), 0);
    fake_process_stop();
}

TEST(a_write_that_faults_at_once_leaves_the_file_as_it_was)
{
    start();
    int64_t fd = sys_open(A("/f"), RDWR_NEW, 0644);
    for (size_t i = 0; i < ARRAY_LENGTH(wild); i++)
        EXPECT_EQ(sys_write(A(fd), wild[i], 5000), ERR_FAULT.code);
    EXPECT_EQ(fake_heap_frames(), 0);
    EXPECT_EQ(sys_lseek(A(fd), 0, LINUX_SEEK_END), 0);
    EXPECT_EQ(sys_close(A(fd)), 0);
    fake_process_stop();
}

TEST(a_wild_pointer_is_a_fault_in_every_call_that_takes_one)
{
    start();
    int64_t fd = make_file("/f", 10), directory = sys_open(A("/"), LINUX_O_DIRECTORY, 0);
    EXPECT_EQ(sys_symlink(A("x"), A("/l")), 0);
    for (size_t i = 0; i < ARRAY_LENGTH(wild); i++) {
        uint64_t w = wild[i];
        const int64_t results[] = {
            sys_pread64(A(fd), w, 4, 0),
            sys_pwrite64(A(fd), w, 4, 0),
            sys_readv(A(fd), w, 1),
            sys_writev(A(fd), w, 1),
            sys_open(w, 0, 0),
            sys_stat(w, A(area)),
            sys_stat(A("/f"), w),
            sys_lstat(A("/f"), w),
            sys_fstat(A(fd), w),
            sys_newfstatat(CWD, w, A(area), 0),
            sys_newfstatat(CWD, A("/f"), w, 0),
            sys_statx(CWD, A("/f"), 0, 0, w),
            sys_statfs(A("/"), w),
            sys_fstatfs(A(fd), w),
            sys_mkdir(w, 0),
            sys_rmdir(w),
            sys_unlink(w),
            sys_mknod(w, 0, 0),
            sys_rename(w, A("/f")),
            sys_rename(A("/f"), w),
            sys_link(w, A("/g")),
            sys_link(A("/f"), w),
            sys_symlink(w, A("/g")),
            sys_symlink(A("x"), w),
            sys_readlink(w, A(area), 5),
            sys_readlink(A("/l"), w, 5),
            sys_getcwd(w, 100),
            sys_chdir(w),
            sys_access(w, 0),
            sys_chmod(w, 0),
            sys_chown(w, 0, 0),
            sys_truncate(w, 0),
            sys_getdents64(A(directory), w, 100),
            sys_fcntl(A(fd), LINUX_F_GETLK, w),
            sys_ioctl(A(fd), LINUX_FIONBIO, w),
            sys_ioctl(A(fd), LINUX_FIONREAD, w),
            sys_poll(w, 1, 0),
        };
        for (size_t c = 0; c < ARRAY_LENGTH(results); c++)
            if (results[c] != ERR_FAULT.code)
                test_fail(__FILE__, __LINE__, "call %zu with %#llx gave %lld", c, (unsigned long long)w,
                          (long long)results[c]);
        if (w == 0) continue; /* NULL means none in these */
        EXPECT_EQ(sys_utimensat(CWD, A("/f"), w, 0), ERR_FAULT.code);
        EXPECT_EQ(sys_select(1, w, 0, 0, 0), ERR_FAULT.code);
        EXPECT_EQ(sys_select(0, 0, 0, 0, w), ERR_FAULT.code);
        EXPECT_EQ(sys_ppoll(0, 0, w, 0, 0), ERR_FAULT.code);
        EXPECT_EQ(sys_sendfile(A(fd), A(fd), w, 1), ERR_FAULT.code);
    }
    fake_process_stop();
}

TEST(counts_and_offsets_that_no_file_has_are_refused)
{
    start();
    int64_t fd = make_file("/f", 10);
    EXPECT_EQ(sys_read(A(fd), A(area), UINT64_MAX), ERR_FAULT.code);
    EXPECT_EQ(sys_pread64(A(fd), A(area), 1, A(-1)), ERR_INVALID.code);
    EXPECT_EQ(sys_pwrite64(A(fd), A(area), 10, INT64_MAX - 5), ERR_INVALID.code);
    EXPECT_EQ(sys_pwrite64(A(fd), A(area), 5, INT64_MAX - 5), 5);
    EXPECT_EQ(sys_pread64(A(fd), A(area), 100, INT64_MAX - 101), 96 + 4 - 4 + 4);
    EXPECT_EQ(sys_ftruncate(A(fd), 0), 0);
    EXPECT_EQ(fake_heap_frames(), 0);
    struct linux_iovec huge[2] = { { A(area), LINUX_RW_COUNT_MAX }, { A(area), LINUX_RW_COUNT_MAX } };
    EXPECT_EQ(sys_readv(A(fd), A(huge), 2), 0);
    huge[1].iov_len = UINT64_MAX;
    EXPECT_EQ(sys_readv(A(fd), A(huge), 2), ERR_INVALID.code);
    EXPECT_EQ(sys_readv(A(fd), A(huge), 1025), ERR_INVALID.code);
    EXPECT_EQ(sys_lseek(A(fd), INT64_MAX, LINUX_SEEK_SET), INT64_MAX);
    EXPECT_EQ(sys_read(A(fd), A(area), 1), ERR_INVALID.code);
    EXPECT_EQ(sys_close(A(fd)), 0);
    fake_process_stop();
}

/* ---- failing allocations ---- */

static int64_t run_create(void) { return sys_open(A("/d/new"), RDWR_NEW, 0644); }
static int64_t run_mkdir(void) { return sys_mkdir(A("/d/sub"), 0755); }
static int64_t run_symlink(void) { return sys_symlink(A("target"), A("/d/link")); }
static int64_t run_link(void) { return sys_link(A("/a"), A("/d/hard")); }
static int64_t run_rename(void) { return sys_rename(A("/a"), A("/d/a")); }
static int64_t run_replace(void) { return sys_rename(A("/a"), A("/b")); }
static int64_t run_exchange(void) { return sys_renameat2(CWD, A("/a"), CWD, A("/d"), LINUX_RENAME_EXCHANGE); }
static int64_t run_tmpfile(void)
{
    return sys_open(A("/d"), LINUX_O_RDWR | LINUX_O_DIRECTORY | LINUX_O_TMPFILE_BIT, 0600);
}
static int64_t run_write(void) { return sys_pwrite64(3, A(area), 100, 1ull << 40); }
static int64_t run_proc(void)
{
    char text[40];
    return sys_readlink(A("/proc/self/fd/3"), A(text), sizeof(text));
}

/* The directory's names and the sizes of the files, in one number. */
static uint64_t tree_digest(void)
{
    static const char *const paths[] = { "/a", "/b", "/d", "/d/new", "/d/sub", "/d/link", "/d/hard", "/d/a" };
    uint64_t digest = 1;
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        struct linux_stat s = { 0 };
        int64_t result = sys_lstat(A(paths[i]), A(&s));
        digest = digest * 31 + (uint64_t)result;
        digest = digest * 31 + s.st_ino + s.st_nlink * 7 + (uint64_t)s.st_size + s.st_mode;
    }
    return digest;
}

TEST(a_call_that_runs_out_of_memory_changes_nothing_and_leaks_nothing)
{
    static int64_t (*const calls[])(void) = { run_create,  run_mkdir,    run_symlink, run_link,  run_rename,
                                              run_replace, run_exchange, run_tmpfile, run_write, run_proc };
    for (size_t c = 0; c < ARRAY_LENGTH(calls); c++) {
        uint64_t blocks = fake_heap_blocks(), failures = 0;
        for (uint64_t n = 1;; n++) {
            start();
            EXPECT_EQ(make_file("/a", 10), 3);
            EXPECT_EQ(make_file("/b", 20), 4);
            EXPECT_EQ(sys_mkdir(A("/d"), 0755), 0);
            uint64_t before = tree_digest();
            fake_heap_fail_at(n);
            int64_t result = calls[c]();
            bool has_failed = fake_heap_has_failed();
            fake_heap_fail_at(0);
            if (has_failed && result < 0) {
                EXPECT_EQ(result, ERR_NO_MEMORY.code);
                EXPECT_EQ(tree_digest(), before);
                failures++;
            }
            fake_process_stop();
            EXPECT_EQ(fake_heap_blocks(), blocks);
            EXPECT_EQ(fake_heap_frames(), 0);
            if (!has_failed) {
                EXPECT(result >= 0);
                break;
            }
        }
        EXPECT(failures > 0);
    }
}

/* ---- threads that meet ---- */

static uint64_t hook_turn;
static int64_t hook_fd;

static void truncate_meanwhile(void)
{
    if (++hook_turn != 2) return; /* the first copy is done, the second has its page in hand */
    fake_user_hook = NULL;
    struct file *file = fd_get(process_current()->files, (uint32_t)hook_fd);
    /* Another thread would now wait for the reader; here its wait is where the reader goes on. */
    EXPECT_EQ(file->vnode->pins[0] + file->vnode->pins[1], 1);
    file_put(file);
}

TEST(a_reader_pins_the_file_while_it_copies_and_lets_go_after)
{
    start();
    hook_fd = make_file("/f", 3 * PAGE_BYTES);
    hook_turn = 0;
    fake_user_hook = truncate_meanwhile;
    EXPECT_EQ(sys_pread64(A(hook_fd), A(area), 3 * PAGE_BYTES, 0), 3 * PAGE_BYTES);
    EXPECT(hook_turn >= 2);
    struct file *file = fd_get(process_current()->files, (uint32_t)hook_fd);
    EXPECT_EQ(file->vnode->pins[0] + file->vnode->pins[1], 0);
    file_put(file);
    fake_process_stop();
}

static struct vnode *pinned;
static uint32_t pin_ticket;

static void pin(void)
{
    fs_lock();
    pin_ticket = vnode_pin_locked(pinned);
    fs_unlock();
}

static void unpin(void) { vnode_unpin(pinned, pin_ticket); }

static void unpin_meanwhile(void)
{
    EXPECT_EQ(fake_heap_frames(), 3); /* cut off, but not freed: two pages and no node, or with it */
    unpin();
    fake_wait_meanwhile = NULL;
}

TEST(a_truncation_frees_pages_only_after_readers_that_saw_them_are_gone)
{
    start();
    int64_t fd = make_file("/f", 3 * PAGE_BYTES);
    struct file *file = fd_get(process_current()->files, (uint32_t)fd);
    EXPECT_EQ(fake_heap_frames(), 4);
    pinned = file->vnode;
    pin();
    const void *data;
    EXPECT_EQ(vnode_peek(pinned, PAGE_BYTES, &data), PAGE_BYTES);
    fake_wait_meanwhile = unpin_meanwhile;
    uint64_t sleeps = fake_wait_sleeps;
    EXPECT_EQ(sys_ftruncate(A(fd), 0), 0);
    EXPECT_EQ(fake_wait_sleeps, sleeps + 1);
    EXPECT_EQ(fake_heap_frames(), 0);

    /* A pin taken after the pages were cut off does not hold the next truncation up. */
    EXPECT_EQ(sys_pwrite64(A(fd), A(area), 10, 0), 10);
    pin();
    unpin();
    EXPECT_EQ(sys_ftruncate(A(fd), 0), 0);
    file_put(file);
    fake_process_stop();
}

static void give_position_meanwhile(void)
{
    struct file *file = fd_get(process_current()->files, (uint32_t)hook_fd);
    file->position = 7;
    file_give_position(file);
    file_put(file);
}

TEST(a_read_waits_for_its_turn_at_a_shared_position)
{
    start();
    hook_fd = make_file("/f", 10);
    struct file *file = fd_get(process_current()->files, (uint32_t)hook_fd);
    file_take_position(file);
    file_put(file);
    fake_wait_meanwhile = give_position_meanwhile;
    EXPECT_EQ(sys_read(A(hook_fd), A(area), 100), 3);
    fake_wait_meanwhile = NULL;
    fake_process_stop();
}

/* ---- /proc/self and /dev ---- */

TEST(proc_self_fd_names_what_is_open_and_leads_there_even_after_an_unlink)
{
    start();
    int64_t fd = make_file("/f", 4);
    EXPECT_EQ(fd, 3);
    expect_link("/proc/self/fd/3", "/f");
    expect_link("/dev/fd/0", "/dev/null");
    EXPECT_EQ(sys_rename(A("/f"), A("/g")), 0);
    expect_link("/proc/self/fd/3", "/g");
    EXPECT_EQ(sys_unlink(A("/g")), 0);
    expect_link("/proc/self/fd/3", "/g (deleted)");

    int64_t again = sys_open(A("/proc/self/fd/3"), LINUX_O_RDONLY, 0);
    EXPECT_EQ(sys_read(A(again), A(area), 100), 4);
    EXPECT_EQ(sys_open(A("/proc/self/fd/3/x"), LINUX_O_RDONLY, 0), ERR_NOT_DIRECTORY.code);
    EXPECT_EQ(sys_open(A("/proc/self/fd/99"), LINUX_O_RDONLY, 0), ERR_NOT_FOUND.code);
    EXPECT_EQ(sys_open(A("/proc/self/fd/03"), LINUX_O_RDONLY, 0), ERR_NOT_FOUND.code);
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_EQ(sys_open(A("/proc/self/fd/3"), LINUX_O_RDONLY, 0), ERR_NOT_FOUND.code);
    EXPECT_EQ(sys_unlink(A("/proc/self/fd/0")), ERR_NOT_PERMITTED.code);
    fake_process_stop();
}

TEST(a_relative_path_through_a_descriptor_of_a_directory_works)
{
    start();
    EXPECT_EQ(sys_mkdir(A("/d"), 0755), 0);
    int64_t fd = sys_open(A("/d"), LINUX_O_PATH, 0);
    EXPECT_EQ(fd, 3);
    EXPECT_EQ(sys_mkdir(A("/proc/self/fd/3/e"), 0755), 0);
    EXPECT_EQ(sys_access(A("/d/e"), 0), 0);
    EXPECT_EQ(sys_mkdirat(3, A("f"), 0755), 0);
    EXPECT_EQ(sys_access(A("/d/f/.."), 0), 0);
    EXPECT_EQ(sys_read(3, A(area), 1), ERR_BAD_FD.code);
    EXPECT_EQ(sys_fchdir(3), 0);
    EXPECT_EQ(sys_getcwd(A(area), 100), 3);
    EXPECT_STR((char *)area, "/d");
    EXPECT_EQ(sys_getcwd(A(area), 2), ERR_RANGE.code);
    fake_process_stop();
}

TEST(listing_proc_self_fd_shows_each_descriptor_once)
{
    start();
    int64_t fd = sys_open(A("/proc/self/fd"), LINUX_O_DIRECTORY, 0);
    EXPECT_EQ(fd, 3);
    uint32_t seen = 0, dots = 0;
    for (;;) {
        char buffer[56]; /* two records */
        int64_t bytes = sys_getdents64(A(fd), A(buffer), sizeof(buffer));
        EXPECT(bytes >= 0);
        if (bytes <= 0) break;
        for (int64_t at = 0; at < bytes;) {
            struct linux_dirent64 *record = (struct linux_dirent64 *)(buffer + at);
            if (record->d_name[0] == '.')
                dots++;
            else
                seen |= 1u << (record->d_name[0] - '0');
            at += record->d_reclen;
        }
    }
    EXPECT_EQ(seen, 0xf);
    EXPECT_EQ(dots, 2);
    fake_process_stop();
}

TEST(proc_self_exe_is_the_program_the_container_started)
{
    start();
    EXPECT_EQ(sys_readlink(A("/proc/self/exe"), A(area), 100), ERR_NOT_FOUND.code);
    int64_t fd = make_file("/program", 4);
    fs_context_set_exe(process_current()->fs, fd_get(process_current()->files, (uint32_t)fd));
    expect_link("/proc/self/exe", "/program");
    fake_process_stop();
}

TEST(the_memory_devices_give_and_take_what_linux_has_them_do)
{
    start();
    int64_t null = sys_open(A("/dev/null"), LINUX_O_RDWR, 0),
            zero = sys_open(A("/dev/zero"), LINUX_O_RDWR, 0);
    int64_t full = sys_open(A("/dev/full"), LINUX_O_RDWR, 0), random = sys_open(A("/dev/urandom"), 0, 0);
    EXPECT_EQ(sys_read(A(null), A(area), 10), 0);
    EXPECT_EQ(sys_write(A(null), A(area), 10), 10);
    EXPECT_EQ(sys_write(A(null), 8, 10), 10); /* nobody looks at the bytes */
    memset(area, 1, 100);
    EXPECT_EQ(sys_read(A(zero), A(area), 100), 100);
    EXPECT_EQ(area[99], 0);
    EXPECT_EQ(sys_write(A(full), A(area), 1), ERR_NO_SPACE.code);
    EXPECT_EQ(sys_read(A(random), A(area), 1000), 1000);
    EXPECT_EQ(area[999], 0x5c);
    fake_user_poison(area + PAGE_BYTES, PAGE_BYTES);
    EXPECT_EQ(sys_read(A(random), A(area + PAGE_BYTES - 5), 100), 5);
    EXPECT_EQ(sys_read(A(zero), A(area + PAGE_BYTES - 5), 100), 5);
    fake_user_poison(NULL, 0);
    EXPECT_EQ(sys_lseek(A(null), 100, LINUX_SEEK_SET), 0);
    EXPECT_EQ(sys_mknod(A("/nobody"), LINUX_S_IFCHR | 0666, 0x4242), 0);
    EXPECT_EQ(sys_open(A("/nobody"), 0, 0), ERR_NO_DEVICE_ADDRESS.code);
    EXPECT_EQ(sys_mknod(A("/zero"), LINUX_S_IFCHR | 0666, 0x105), 0);
    EXPECT(sys_open(A("/zero"), 0, 0) > 0);
    fake_process_stop();
}

/* ---- descriptors ---- */

TEST(descriptors_are_the_lowest_free_numbers_up_to_the_limit)
{
    start();
    process_current()->limits[LINUX_RLIMIT_NOFILE].soft = 100;
    for (int64_t fd = 3; fd < 100; fd++) EXPECT_EQ(sys_dup(0), fd);
    EXPECT_EQ(sys_dup(0), ERR_TOO_MANY_FILES.code);
    EXPECT_EQ(sys_open(A("/none"), RDWR_NEW, 0644), ERR_TOO_MANY_FILES.code);
    EXPECT_EQ(sys_open(A("/none"), LINUX_O_RDONLY, 0), ERR_TOO_MANY_FILES.code);
    EXPECT_EQ(sys_access(A("/none"), 0), ERR_NOT_FOUND.code);
    EXPECT_EQ(sys_close(50), 0);
    EXPECT_EQ(sys_close(50), ERR_BAD_FD.code);
    EXPECT_EQ(sys_close(20), 0);
    EXPECT_EQ(sys_fcntl(0, LINUX_F_DUPFD, 30), 50);
    EXPECT_EQ(sys_dup(0), 20);
    EXPECT_EQ(sys_fcntl(0, LINUX_F_DUPFD, 100), ERR_INVALID.code);
    EXPECT_EQ(sys_dup2(0, 100), ERR_BAD_FD.code);
    EXPECT_EQ(sys_close_range(10, UINT32_MAX, 0), 0);
    EXPECT_EQ(sys_dup(0), 10);
    fake_process_stop();
}

TEST(close_on_exec_belongs_to_the_number_and_is_obeyed)
{
    start();
    int64_t fd = sys_open(A("/f"), RDWR_NEW | LINUX_O_CLOEXEC, 0644);
    EXPECT_EQ(sys_fcntl(A(fd), LINUX_F_GETFD, 0), 1);
    EXPECT_EQ(sys_fcntl(A(sys_dup(A(fd))), LINUX_F_GETFD, 0), 0);
    EXPECT_EQ(sys_dup3(A(fd), 9, LINUX_O_CLOEXEC), 9);
    EXPECT_EQ(sys_ioctl(A(fd), LINUX_FIONCLEX, 0), 0);
    fd_table_close_on_exec(process_current()->files);
    EXPECT_EQ(sys_fcntl(9, LINUX_F_GETFD, 0), ERR_BAD_FD.code);
    EXPECT_EQ(sys_fcntl(A(fd), LINUX_F_GETFD, 0), 0);
    fake_process_stop();
}

TEST(a_cloned_table_shares_open_files_but_not_numbers)
{
    start();
    int64_t fd = make_file("/f", 10);
    for (int i = 0; i < 100; i++) EXPECT(sys_dup(A(fd)) > 0);
    struct fd_table *copy = fd_table_clone(process_current()->files);
    EXPECT_EQ(sys_close(A(fd)), 0);
    struct file *file = fd_get(copy, (uint32_t)fd);
    EXPECT(file != NULL);
    file_put(file);
    fd_table_put(copy);
    fake_process_stop();
    EXPECT_EQ(fake_heap_blocks(), 0);
}

/* ---- poll and select ---- */

static uint32_t pipe_ready;
static struct readiness pipe_watchers = READINESS_INIT(pipe_watchers);
static uint32_t pipe_poll(struct file *file UNUSED) { return pipe_ready; }
static struct readiness *pipe_readiness(struct file *file UNUSED) { return &pipe_watchers; }
static const struct file_ops pipe_ops = {
    .name = "pipe",
    .mode = LINUX_S_IFIFO | 0600,
    .poll = pipe_poll,
    .readiness = pipe_readiness,
};

static uint32_t add_pipe(void)
{
    uint32_t fd;
    EXPECT_OK(fd_reserve(process_current()->files, 0, 1024, false, &fd));
    fd_install(process_current()->files, fd, file_create(&pipe_ops, NULL, LINUX_O_RDONLY));
    pipe_ready = 0;
    return fd;
}

static void make_readable(void)
{
    pipe_ready = LINUX_POLLIN | LINUX_POLLRDNORM;
    readiness_changed(&pipe_watchers, LINUX_POLLIN | LINUX_POLLRDNORM);
}

TEST(poll_waits_for_a_change_and_reports_only_what_was_asked_for)
{
    start();
    uint32_t fd = add_pipe();
    struct linux_pollfd list[] = { { (int32_t)fd, LINUX_POLLIN, 99 },
                                   { -5, LINUX_POLLIN, 99 },
                                   { (int32_t)fd, LINUX_POLLOUT, 99 } };
    EXPECT_EQ(sys_poll(A(list), 3, 0), 0);
    uint64_t before_ns = fake_wait_now_ns;
    EXPECT_EQ(sys_poll(A(list), 3, 250), 0);
    EXPECT(fake_wait_now_ns - before_ns >= 250000000);
    fake_wait_meanwhile = make_readable;
    EXPECT_EQ(sys_poll(A(list), 3, A(-1)), 1);
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(list[0].revents, LINUX_POLLIN);
    EXPECT_EQ(list[1].revents, 0);
    EXPECT_EQ(list[2].revents, 0);
    list[1].fd = 77;
    EXPECT_EQ(sys_poll(A(list), 3, A(-1)), 2);
    EXPECT_EQ(list[1].revents, LINUX_POLLNVAL);
    EXPECT_EQ(sys_poll(A(list), 5000, 0), ERR_INVALID.code);
    fake_process_stop();
}

TEST(select_answers_in_the_sets_and_writes_back_the_time_that_is_left)
{
    start();
    uint32_t fd = add_pipe();
    EXPECT_EQ(sys_dup2(fd, 70), 70);
    uint64_t in[2] = { 1ull << fd | 1, 1ull << 6 }, out[2] = { 1, 0 };
    int64_t timeout[2] = { 5, 0 };
    EXPECT_EQ(sys_select(71, A(in), A(out), 0, A(timeout)), 2); /* /dev/null is always ready */
    EXPECT_EQ(in[0], 1);
    EXPECT_EQ(in[1], 0);
    EXPECT_EQ(out[0], 1);
    EXPECT_EQ(timeout[0], 4);
    in[0] = 1ull << fd;
    timeout[0] = 1, timeout[1] = 2500000;
    EXPECT_EQ(sys_select(71, A(in), 0, 0, A(timeout)), 0);
    EXPECT_EQ(in[0], 0);
    EXPECT_EQ(timeout[0] + timeout[1], 0);
    in[0] = 1ull << 60;
    EXPECT_EQ(sys_select(64, A(in), 0, 0, 0), ERR_BAD_FD.code);
    EXPECT_EQ(sys_select(A(-1), 0, 0, 0, 0), ERR_INVALID.code);
    fake_process_stop();
}

/* ---- the rest ---- */

TEST(o_append_writes_at_the_end_whatever_offset_was_given)
{
    start();
    EXPECT_EQ(sys_close(A(make_file("/f", 10))), 0);
    int64_t fd = sys_open(A("/f"), LINUX_O_WRONLY | LINUX_O_APPEND, 0);
    EXPECT_EQ(sys_lseek(A(fd), 2, LINUX_SEEK_SET), 2);
    EXPECT_EQ(sys_write(A(fd), A("abc"), 3), 3);
    EXPECT_EQ(sys_lseek(A(fd), 0, LINUX_SEEK_CUR), 13);
    EXPECT_EQ(sys_pwrite64(A(fd), A("abc"), 3, 0), 3);
    struct linux_stat s;
    EXPECT_EQ(sys_fstat(A(fd), A(&s)), 0);
    EXPECT_EQ(s.st_size, 16);
    fake_process_stop();
}

TEST(forty_symbolic_links_are_followed_and_the_next_one_is_a_loop)
{
    start();
    char name[16], target[16];
    EXPECT_EQ(sys_mknod(A("/l0"), 0644, 0), 0);
    for (int i = 1; i <= 41; i++) {
        name[0] = target[0] = '/';
        name[1] = target[1] = 'l';
        name[2] = (char)('0' + i), target[2] = (char)('0' + i - 1);
        name[3] = target[3] = '\0';
        EXPECT_EQ(sys_symlink(A(target), A(name)), 0);
    }
    EXPECT_EQ(sys_access(A("/lX"), 0), 0); /* '0' + 40 */
    EXPECT_EQ(sys_access(A("/lY"), 0), ERR_LOOP.code);
    fake_process_stop();
}

TEST(a_path_may_have_4095_bytes_and_no_more)
{
    static char path[5000];
    start();
    memset(path, '/', sizeof(path));
    path[4095] = '\0';
    EXPECT_EQ(sys_access(A(path), 0), 0);
    path[4095] = '/';
    path[4096] = '\0';
    EXPECT_EQ(sys_access(A(path), 0), ERR_NAME_TOO_LONG.code);
    EXPECT_EQ(sys_access(A(""), 0), ERR_NOT_FOUND.code);
    fake_process_stop();
}

TEST(a_chain_of_removed_directories_held_by_its_last_one_ends_without_recursion)
{
    enum { DEPTH = 20000 };
    start();
    for (int i = 0; i < DEPTH; i++) {
        EXPECT_EQ(sys_mkdir(A("d"), 0755), 0);
        EXPECT_EQ(sys_chdir(A("d")), 0);
    }
    for (int i = 0; i < DEPTH - 1; i++) { /* each by its parent, while we stand in the deepest */
        EXPECT_EQ(sys_chdir(A("..")), 0);
        if (i == 0) EXPECT(sys_open(A("d"), LINUX_O_PATH, 0) == 3);
        EXPECT_EQ(sys_rmdir(A("d")), 0);
    }
    EXPECT_EQ(sys_chdir(A("/")), 0);
    EXPECT_EQ(sys_rmdir(A("d")), 0);
    EXPECT_EQ(sys_close(3), 0);
    fake_process_stop();
    EXPECT_EQ(fake_heap_blocks(), 0);
}

TEST(copy_file_range_moves_bytes_and_both_offsets)
{
    start();
    int64_t in = make_file("/in", 3 * PAGE_BYTES), out = sys_open(A("/out"), RDWR_NEW, 0644);
    uint64_t from = 100, to = 50;
    EXPECT_EQ(sys_copy_file_range(A(in), A(&from), A(out), A(&to), 10000, 0), 10000);
    EXPECT_EQ(from, 10100);
    EXPECT_EQ(to, 10050);
    static uint8_t a[10000], b[10000];
    EXPECT_EQ(sys_pread64(A(in), A(a), sizeof(a), 100), sizeof(a));
    EXPECT_EQ(sys_pread64(A(out), A(b), sizeof(b), 50), sizeof(b));
    EXPECT(memcmp(a, b, sizeof(a)) == 0);
    EXPECT_EQ(sys_copy_file_range(A(in), 0, A(in), 0, 100, 0), 0); /* at the end, nothing overlaps */
    EXPECT_EQ(sys_lseek(A(in), 0, LINUX_SEEK_SET), 0);
    EXPECT_EQ(sys_copy_file_range(A(in), 0, A(in), 0, 100, 0), ERR_INVALID.code);
    EXPECT_EQ(sys_copy_file_range(A(in), 0, A(out), 0, 100, 1), ERR_INVALID.code);
    EXPECT_EQ(sys_lseek(A(in), 0, LINUX_SEEK_SET), 0);
    EXPECT_EQ(sys_sendfile(A(out), A(in), 0, 100), 100);
    EXPECT_EQ(sys_lseek(A(in), 0, LINUX_SEEK_CUR), 100);
    EXPECT_EQ(sys_sendfile(A(in), A(in), 0, 10), 10); /* one file on both sides does not hang */
    fake_process_stop();
}
