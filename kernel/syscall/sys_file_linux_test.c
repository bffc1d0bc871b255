/* SPDX-License-Identifier: Apache-2.0 */
/* The same random calls to this kernel's files and to the host's: results, errors, contents and the
 * whole tree must agree. The host side lives in a directory of a tmpfs where there is one, so deep
 * that `..` of the generated paths cannot leave it. */
#define _GNU_SOURCE
#include "syscall/sys_file.h"

#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/harness/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    DEPTH = 60, /* 40 links of one `..` each, and the path's own */
    SEEDS = 25,
    STEPS = 4000,         /* per seed */
    TREE_EVERY = 400,     /* steps between comparisons of everything */
    SLOTS = 12,           /* descriptors held open on both sides */
    BUFFER_BYTES = 20000, /* a few pages */
    TMPFS_MAGIC_NUMBER = 0x01021994,
};

static bool host_is_tmpfs, host_is_root;
/* Runs that look for holes do not allocate: Linux calls a page that was allocated but never written a
 * hole, here it is data (fs/tmpfs.h). */
static bool looks_for_holes;
static char host_base[64];
static uint64_t random_state;
static int host_fds[SLOTS], our_fds[SLOTS];
static char host_buffer[2 * BUFFER_BYTES], our_buffer[2 * BUFFER_BYTES];
static uint64_t differences, steps_done;
static char last_call[1200];

/* xorshift64*: the same sequence everywhere. */
static uint64_t random_u64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dull;
}
static uint64_t below(uint64_t limit) { return (random_u64() >> 16) % limit; }
static bool one_in(uint64_t n) { return below(n) == 0; }

/* ---- both sides of one call ---- */

#define A(value) ((uint64_t)(value))

static int64_t host_call(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
}

static void report(int64_t host, int64_t ours)
{
    if (++differences > 20) return;
    test_fail(__FILE__, __LINE__, "step %llu: %s: Linux %lld, here %lld", (unsigned long long)steps_done,
              last_call, (long long)host, (long long)ours);
}

static void compare(int64_t host, int64_t ours)
{
    if (host != ours) report(host, ours);
}

/* Calls whose arguments are the same on both sides. */
#define BOTH(name, number, a, b, c, d, e)                               \
    do {                                                                \
        uint64_t a_ = A(a), b_ = A(b), c_ = A(c), d_ = A(d), e_ = A(e); \
        (void)a_, (void)b_, (void)c_, (void)d_, (void)e_;               \
        compare(host_call(number, a_, b_, c_, d_, e_, 0), name);        \
    } while (0)

/* ---- paths ---- */

static const char *const names[] = { "a", "b", "c", "d", "e", "dir", "link", "f.txt" };

static void append(char *path, const char *text)
{
    if (strlen(path) + strlen(text) < 900) strcat(path, text);
}

static void append_component(char *path)
{
    char long_name[260];
    switch (below(60)) {
    case 0: append(path, "."); return;
    case 1: append(path, ".."); return;
    case 2:
        memset(long_name, 'x', 256);
        long_name[one_in(2) ? 256 : 255] = '\0';
        append(path, long_name);
        return;
    default: append(path, names[below(8)]);
    }
}

static void make_path(char *path)
{
    path[0] = '\0';
    if (one_in(150)) return;
    uint64_t count = 1 + (one_in(2) ? below(3) : 0);
    for (uint64_t i = 0; i < count; i++) {
        if (i > 0) append(path, one_in(15) ? "//" : "/");
        append_component(path);
    }
    if (one_in(15)) append(path, "/");
}

/* ---- calls ---- */

static uint64_t slot_of_fd(void) { return below(SLOTS); }

static void close_slot(uint64_t slot)
{
    if (host_fds[slot] < 0) return;
    snprintf(last_call, sizeof(last_call), "close");
    compare(host_call(SYS_close, A(host_fds[slot]), 0, 0, 0, 0, 0), sys_close(A(our_fds[slot])));
    host_fds[slot] = our_fds[slot] = -1;
}

static void adopt(uint64_t slot, int64_t host, int64_t ours)
{
    if ((host < 0 || ours < 0) && host != ours) report(host, ours);
    if (host >= 0 && ours >= 0) {
        close_slot(slot);
        host_fds[slot] = (int)host;
        our_fds[slot] = (int)ours;
    } else if (host >= 0) {
        close((int)host);
    } else if (ours >= 0) {
        compare(0, sys_close(A(ours)));
    }
}

static int random_open_flags(void)
{
    static const int bits[] = { O_CREAT,  O_CREAT,     O_CREAT,    O_EXCL, O_TRUNC,
                                O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_NONBLOCK };
    int flags = (int)below(3);
    for (uint64_t i = below(4); i > 0; i--) flags |= bits[below(10)];
    if (one_in(60)) flags |= O_TMPFILE;
    return flags;
}

static int random_mode(void)
{
    int mode = (int)below(010000);
    return host_is_root ? mode : (mode | 0700) & 0777;
}

static void do_open(void)
{
    char path[1000];
    make_path(path);
    int flags = random_open_flags(), mode = random_mode();
    uint64_t slot = slot_of_fd(), at = slot_of_fd();
    bool has_directory = one_in(5);
    snprintf(last_call, sizeof(last_call), "openat(%d, \"%s\", %#o, %#o)", has_directory ? our_fds[at] : -100,
             path, flags, mode);
    int64_t host =
        host_call(SYS_openat, A(has_directory ? host_fds[at] : AT_FDCWD), A(path), A(flags), A(mode), 0, 0);
    int64_t ours = sys_openat(A(has_directory ? our_fds[at] : AT_FDCWD), A(path), A(flags), A(mode));
    adopt(slot, host, ours);
}

static void do_dup(void)
{
    uint64_t from = slot_of_fd(), to = slot_of_fd();
    snprintf(last_call, sizeof(last_call), "dup");
    adopt(to, host_call(SYS_dup, A(host_fds[from]), 0, 0, 0, 0, 0), sys_dup(A(our_fds[from])));
}

static uint64_t random_offset(void)
{
    switch (below(12)) {
    case 0: return A(-1);
    case 1: return 0;
    case 2: return 4096 * below(40);
    case 3: return 1ull << (20 + below(20));
    default: return below(30000);
    }
}

static void fill_buffers(void)
{
    for (size_t i = 0; i < BUFFER_BYTES; i += 8) {
        uint64_t word = random_u64();
        memcpy(host_buffer + i, &word, 8);
        memcpy(our_buffer + i, &word, 8);
    }
}

static void compare_buffers(int64_t bytes)
{
    if (bytes > 0 && memcmp(host_buffer, our_buffer, (size_t)bytes) != 0) report(-9999, -9999);
}

static void do_read(void)
{
    uint64_t slot = slot_of_fd(), bytes = below(BUFFER_BYTES), offset = random_offset();
    int64_t host, ours;
    snprintf(last_call, sizeof(last_call), "read(%d, %llu, at %lld)", our_fds[slot],
             (unsigned long long)bytes, (long long)offset);
    if (one_in(2)) {
        host = host_call(SYS_read, A(host_fds[slot]), A(host_buffer), bytes, 0, 0, 0);
        ours = sys_read(A(our_fds[slot]), A(our_buffer), bytes);
    } else {
        host = host_call(SYS_pread64, A(host_fds[slot]), A(host_buffer), bytes, offset, 0, 0);
        ours = sys_pread64(A(our_fds[slot]), A(our_buffer), bytes, offset);
    }
    compare(host, ours);
    compare_buffers(MIN(host, ours));
}

static void do_readv(void)
{
    uint64_t slot = slot_of_fd(), cut = below(9000);
    uint64_t host_vector[6] = { A(host_buffer),       cut,        A(host_buffer + cut), 0,
                                A(host_buffer + cut), below(9000) };
    uint64_t our_vector[6] = {
        A(our_buffer), cut, A(our_buffer + cut), 0, A(our_buffer + cut), host_vector[5]
    };
    uint64_t count = one_in(20) ? 1025 : below(4);
    snprintf(last_call, sizeof(last_call), "readv(%d, %llu)", our_fds[slot], (unsigned long long)count);
    int64_t host = host_call(SYS_readv, A(host_fds[slot]), A(host_vector), count, 0, 0, 0);
    int64_t ours = sys_readv(A(our_fds[slot]), A(our_vector), count);
    compare(host, ours);
    compare_buffers(MIN(host, ours));
}

static void do_write(void)
{
    uint64_t slot = slot_of_fd(), bytes = one_in(3) ? below(BUFFER_BYTES) : below(200);
    uint64_t offset = random_offset();
    fill_buffers();
    snprintf(last_call, sizeof(last_call), "write(%d, %llu, at %lld)", our_fds[slot],
             (unsigned long long)bytes, (long long)offset);
    if (one_in(2)) {
        compare(host_call(SYS_write, A(host_fds[slot]), A(host_buffer), bytes, 0, 0, 0),
                sys_write(A(our_fds[slot]), A(our_buffer), bytes));
    } else {
        compare(host_call(SYS_pwrite64, A(host_fds[slot]), A(host_buffer), bytes, offset, 0, 0),
                sys_pwrite64(A(our_fds[slot]), A(our_buffer), bytes, offset));
    }
}

static void do_seek(void)
{
    uint64_t slot = slot_of_fd(), offset = random_offset(), whence = below(6);
    struct stat s;
    /* Cookies of directories differ, and where a disk file system has holes. */
    bool is_file = fstat(host_fds[slot], &s) == 0 && S_ISREG(s.st_mode);
    if (!is_file && whence != SEEK_SET) return;
    if (!is_file) offset = 0;
    if (whence >= SEEK_DATA && whence <= SEEK_HOLE && !looks_for_holes) return;
    snprintf(last_call, sizeof(last_call), "lseek(%d, %lld, %llu)", our_fds[slot], (long long)offset,
             (unsigned long long)whence);
    compare(host_call(SYS_lseek, A(host_fds[slot]), offset, whence, 0, 0, 0),
            sys_lseek(A(our_fds[slot]), offset, whence));
}

static void do_resize(void)
{
    char path[1000];
    uint64_t slot = slot_of_fd(), offset = random_offset(), bytes = random_offset() % 300000;
    static const int modes[] = { 0, 1, 3, 2, 3, 64 };
    int mode = looks_for_holes ? 3 : modes[below(6)];
    if (one_in(3)) {
        make_path(path);
        snprintf(last_call, sizeof(last_call), "truncate(\"%s\", %lld)", path, (long long)offset);
        BOTH(sys_truncate(a_, b_), SYS_truncate, path, offset, 0, 0, 0);
    } else if (one_in(2)) {
        snprintf(last_call, sizeof(last_call), "ftruncate(%d, %lld)", our_fds[slot], (long long)offset);
        compare(host_call(SYS_ftruncate, A(host_fds[slot]), offset, 0, 0, 0, 0),
                sys_ftruncate(A(our_fds[slot]), offset));
    } else if (host_is_tmpfs) {
        offset = (int64_t)offset < 0 ? offset : offset % 1000000;
        snprintf(last_call, sizeof(last_call), "fallocate(%d, %d, %lld, %lld)", our_fds[slot], mode,
                 (long long)offset, (long long)bytes);
        compare(host_call(SYS_fallocate, A(host_fds[slot]), A(mode), offset, bytes, 0, 0),
                sys_fallocate(A(our_fds[slot]), A(mode), offset, bytes));
    }
}

static void do_name(void)
{
    char path[1000], other[1000];
    make_path(path);
    make_path(other);
    int mode = random_mode();
    switch (below(10)) {
    case 0:
    case 1:
        snprintf(last_call, sizeof(last_call), "mkdir(\"%s\", %#o)", path, mode);
        BOTH(sys_mkdir(a_, b_), SYS_mkdir, path, mode, 0, 0, 0);
        break;
    case 2:
        snprintf(last_call, sizeof(last_call), "rmdir(\"%s\")", path);
        BOTH(sys_rmdir(a_), SYS_rmdir, path, 0, 0, 0, 0);
        break;
    case 3:
        snprintf(last_call, sizeof(last_call), "unlink(\"%s\")", path);
        BOTH(sys_unlink(a_), SYS_unlink, path, 0, 0, 0, 0);
        break;
    case 4:
    case 5: {
        uint32_t flags = one_in(3) ? (uint32_t)below(4) : 0;
        snprintf(last_call, sizeof(last_call), "renameat2(\"%s\", \"%s\", %u)", path, other, flags);
        BOTH(sys_renameat2(a_, b_, c_, d_, e_), SYS_renameat2, AT_FDCWD, path, AT_FDCWD, other, flags);
        break;
    }
    case 6: {
        int flags = one_in(3) ? AT_SYMLINK_FOLLOW : 0;
        snprintf(last_call, sizeof(last_call), "linkat(\"%s\", \"%s\", %#x)", path, other, flags);
        BOTH(sys_linkat(a_, b_, c_, d_, e_), SYS_linkat, AT_FDCWD, path, AT_FDCWD, other, flags);
        break;
    }
    case 7:
    case 8:
        snprintf(last_call, sizeof(last_call), "symlink(\"%s\", \"%s\")", other, path);
        BOTH(sys_symlink(a_, b_), SYS_symlink, other, path, 0, 0, 0);
        break;
    case 9: {
        static const int types[] = { S_IFREG, S_IFSOCK, 0, S_IFDIR, S_IFLNK };
        mode = (mode & 07777) | types[below(5)];
        snprintf(last_call, sizeof(last_call), "mknod(\"%s\", %#o)", path, mode);
        BOTH(sys_mknod(a_, b_, c_), SYS_mknod, path, mode, 0, 0, 0);
        break;
    }
    }
}

/* Directory sizes and blocks are the file system's own business elsewhere than on tmpfs. */
static void compare_stats(const struct stat *host, const struct stat *ours)
{
    compare(host->st_mode, ours->st_mode);
    compare((int64_t)host->st_nlink, (int64_t)ours->st_nlink);
    compare(host->st_blksize, ours->st_blksize);
    if (host_is_tmpfs || S_ISREG(host->st_mode)) compare(host->st_size, ours->st_size);
    if (host_is_tmpfs) compare(host->st_blocks, ours->st_blocks);
}

static void do_stat(void)
{
    char path[1000];
    struct stat host, ours;
    uint64_t slot = slot_of_fd();
    int flags = one_in(2) ? AT_SYMLINK_NOFOLLOW : 0;
    int64_t host_result, our_result;
    make_path(path);
    if (one_in(3)) {
        snprintf(last_call, sizeof(last_call), "fstat(%d)", our_fds[slot]);
        host_result = host_call(SYS_fstat, A(host_fds[slot]), A(&host), 0, 0, 0, 0);
        our_result = sys_fstat(A(our_fds[slot]), A(&ours));
    } else {
        snprintf(last_call, sizeof(last_call), "newfstatat(\"%s\", %#x)", path, flags);
        host_result = host_call(SYS_newfstatat, A(AT_FDCWD), A(path), A(&host), A(flags), 0, 0);
        our_result = sys_newfstatat(A(AT_FDCWD), A(path), A(&ours), A(flags));
    }
    compare(host_result, our_result);
    if (host_result == 0 && our_result == 0) compare_stats(&host, &ours);
}

static void do_attributes(void)
{
    char path[1000];
    make_path(path);
    int mode = random_mode();
    struct timespec times[2] = { { (time_t)below(2000000000), (long)below(1000000000) },
                                 { (time_t)below(2000000000),
                                   one_in(20) ? 1000000000 : (long)below(1000000000) } };
    struct stat host, ours;
    switch (below(4)) {
    case 0:
        snprintf(last_call, sizeof(last_call), "chmod(\"%s\", %#o)", path, mode);
        BOTH(sys_chmod(a_, b_), SYS_chmod, path, mode, 0, 0, 0);
        break;
    case 1:
        mode = (int)below(9);
        snprintf(last_call, sizeof(last_call), "access(\"%s\", %d)", path, mode);
        BOTH(sys_access(a_, b_), SYS_access, path, mode, 0, 0, 0);
        break;
    case 2:
        snprintf(last_call, sizeof(last_call), "utimensat(\"%s\")", path);
        BOTH(sys_utimensat(a_, b_, c_, d_), SYS_utimensat, AT_FDCWD, path, times, 0, 0);
        if (host_call(SYS_stat, A(path), A(&host), 0, 0, 0, 0) == 0 && sys_stat(A(path), A(&ours)) == 0) {
            bool is_set = host.st_mtim.tv_sec == times[1].tv_sec && host.st_mtim.tv_nsec == times[1].tv_nsec;
            if (is_set) compare(host.st_mtim.tv_nsec, ours.st_mtim.tv_nsec);
        }
        break;
    case 3:
        if (!host_is_root) return;
        snprintf(last_call, sizeof(last_call), "chown(\"%s\")", path);
        BOTH(sys_lchown(a_, b_, c_), SYS_lchown, path, 0, one_in(2) ? 0 : -1, 0, 0);
        break;
    }
}

static void do_readlink(void)
{
    char path[1000];
    uint64_t bytes = one_in(4) ? below(8) : 1000;
    make_path(path);
    snprintf(last_call, sizeof(last_call), "readlink(\"%s\", %llu)", path, (unsigned long long)bytes);
    int64_t host = host_call(SYS_readlink, A(path), A(host_buffer), bytes, 0, 0, 0);
    int64_t ours = sys_readlink(A(path), A(our_buffer), bytes);
    compare(host, ours);
    compare_buffers(MIN(host, ours));
}

static void do_place(void)
{
    char path[1000];
    uint64_t slot = slot_of_fd();
    make_path(path);
    if (one_in(3)) {
        snprintf(last_call, sizeof(last_call), "fchdir(%d)", our_fds[slot]);
        compare(host_call(SYS_fchdir, A(host_fds[slot]), 0, 0, 0, 0, 0), sys_fchdir(A(our_fds[slot])));
    } else {
        snprintf(last_call, sizeof(last_call), "chdir(\"%s\")", path);
        BOTH(sys_chdir(a_), SYS_chdir, path, 0, 0, 0, 0);
    }
    snprintf(last_call, sizeof(last_call), "getcwd after chdir");
    int64_t prefix = (int64_t)strlen(host_base);
    int64_t host = host_call(SYS_getcwd, A(host_buffer), BUFFER_BYTES, 0, 0, 0, 0);
    int64_t ours = sys_getcwd(A(our_buffer), BUFFER_BYTES);
    compare(host > 0 ? host - prefix : host, ours);
    if (host > 0 && ours > 0 && strcmp(host_buffer + prefix, our_buffer) != 0) report(-9999, -9999);
}

static void do_copy(void)
{
    uint64_t in = slot_of_fd(), out = slot_of_fd(), bytes = below(30000);
    int64_t host_from = (int64_t)below(9000), our_from = host_from;
    bool has_offset = one_in(2);
    /* Linux 5.12 and later copy between files of all kinds of systems; what is compared is ours to say. */
    snprintf(last_call, sizeof(last_call), "sendfile(%d, %d, %llu)", our_fds[out], our_fds[in],
             (unsigned long long)bytes);
    if (in == out || host_fds[in] < 0 || host_fds[out] < 0) return;
    struct stat a, b;
    if (fstat(host_fds[in], &a) || fstat(host_fds[out], &b) || (a.st_ino == b.st_ino && a.st_dev == b.st_dev))
        return;
    if (!S_ISREG(a.st_mode) || !S_ISREG(b.st_mode)) return;
    compare(host_call(SYS_sendfile, A(host_fds[out]), A(host_fds[in]), has_offset ? A(&host_from) : 0, bytes,
                      0, 0),
            sys_sendfile(A(our_fds[out]), A(our_fds[in]), has_offset ? A(&our_from) : 0, bytes));
    compare(host_from, our_from);
}

static void do_control(void)
{
    uint64_t slot = slot_of_fd();
    snprintf(last_call, sizeof(last_call), "fcntl(%d)", our_fds[slot]);
    compare(host_call(SYS_fcntl, A(host_fds[slot]), F_GETFL, 0, 0, 0, 0),
            sys_fcntl(A(our_fds[slot]), F_GETFL, 0));
    compare(host_call(SYS_fcntl, A(host_fds[slot]), F_GETFD, 0, 0, 0, 0),
            sys_fcntl(A(our_fds[slot]), F_GETFD, 0));
    if (one_in(2)) {
        int flags = one_in(2) ? O_APPEND : O_NONBLOCK;
        compare(host_call(SYS_fcntl, A(host_fds[slot]), F_SETFL, A(flags), 0, 0, 0),
                sys_fcntl(A(our_fds[slot]), F_SETFL, A(flags)));
    }
    compare(host_call(SYS_fsync, A(host_fds[slot]), 0, 0, 0, 0, 0), sys_fsync(A(our_fds[slot])));
    compare(host_call(SYS_ioctl, A(host_fds[slot]), 0x5401, A(host_buffer), 0, 0, 0),
            sys_ioctl(A(our_fds[slot]), 0x5401, A(our_buffer)));
}

/* ---- the whole tree ---- */

struct name_list {
    char names[64][260];
    int count;
};

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static bool list_names(bool is_host, const char *path, struct name_list *out)
{
    uint64_t flags = O_RDONLY | O_DIRECTORY;
    int64_t fd = is_host ? host_call(SYS_openat, A(AT_FDCWD), A(path), flags, 0, 0, 0)
                         : sys_openat(A(AT_FDCWD), A(path), flags, 0);
    char buffer[600]; /* small, so that a directory takes several calls */
    out->count = 0;
    if (fd < 0) return false;
    for (;;) {
        int64_t bytes = is_host ? host_call(SYS_getdents64, A(fd), A(buffer), sizeof(buffer), 0, 0, 0)
                                : sys_getdents64(A(fd), A(buffer), sizeof(buffer));
        if (bytes <= 0) break;
        for (int64_t at = 0; at < bytes;) {
            struct dirent64 *record = (struct dirent64 *)(buffer + at);
            if (out->count < 64)
                snprintf(out->names[out->count++], 260, "%s %d", record->d_name, record->d_type);
            at += record->d_reclen;
        }
    }
    if (is_host)
        close((int)fd);
    else
        compare(0, sys_close(A(fd)));
    qsort(out->names, (size_t)out->count, sizeof(out->names[0]), by_name);
    return true;
}

static void compare_contents(const char *path)
{
    int64_t host = host_call(SYS_openat, A(AT_FDCWD), A(path), O_RDONLY, 0, 0, 0);
    int64_t ours = sys_openat(A(AT_FDCWD), A(path), O_RDONLY, 0);
    for (uint64_t offset = 0; host >= 0 && ours >= 0 && offset < 100000; offset += BUFFER_BYTES) {
        int64_t a = host_call(SYS_pread64, A(host), A(host_buffer), BUFFER_BYTES, offset, 0, 0);
        int64_t b = sys_pread64(A(ours), A(our_buffer), BUFFER_BYTES, offset);
        compare(a, b);
        compare_buffers(MIN(a, b));
        if (a < BUFFER_BYTES) break;
    }
    if (host >= 0) close((int)host);
    if (ours >= 0) compare(0, sys_close(A(ours)));
}

static void compare_tree(const char *path)
{
    struct stat host, ours;
    snprintf(last_call, sizeof(last_call), "the tree at \"%s\"", path);
    int64_t a = host_call(SYS_lstat, A(path), A(&host), 0, 0, 0, 0), b = sys_lstat(A(path), A(&ours));
    compare(a, b);
    if (a < 0 || b < 0) return;
    compare_stats(&host, &ours);
    if (S_ISREG(host.st_mode)) compare_contents(path);
    if (!S_ISDIR(host.st_mode)) return;

    struct name_list *lists = malloc(2 * sizeof(*lists));
    bool host_lists = list_names(true, path, &lists[0]), we_list = list_names(false, path, &lists[1]);
    compare(host_lists, we_list);
    compare(lists[0].count, lists[1].count);
    for (int i = 0; i < MIN(lists[0].count, lists[1].count); i++) {
        if (strcmp(lists[0].names[i], lists[1].names[i]) != 0) {
            snprintf(last_call, sizeof(last_call), "names in \"%s\": \"%s\" or \"%s\"", path,
                     lists[0].names[i], lists[1].names[i]);
            report(i, i);
            break;
        }
        char child[4000];
        char *space = strrchr(lists[0].names[i], ' ');
        int bytes = (int)(space - lists[0].names[i]);
        if (snprintf(child, sizeof(child), "%s/%.*s", path, bytes, lists[0].names[i]) >= 3900) continue;
        bool is_dot =
            lists[0].names[i][0] == '.' && (bytes == 1 || (bytes == 2 && lists[0].names[i][1] == '.'));
        if (!is_dot) compare_tree(child);
    }
    free(lists);
}

/* ---- a run ---- */

static const struct {
    void (*run)(void);
    uint64_t weight;
} calls[] = {
    { do_open, 16 },    { do_dup, 1 },    { do_read, 8 },  { do_readv, 2 },   { do_write, 8 },
    { do_seek, 5 },     { do_resize, 6 }, { do_name, 20 }, { do_stat, 12 },   { do_attributes, 6 },
    { do_readlink, 3 }, { do_place, 2 },  { do_copy, 3 },  { do_control, 2 },
};

static void step(void)
{
    uint64_t total = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) total += calls[i].weight;
    uint64_t pick = below(total);
    for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
        if (pick < calls[i].weight) {
            calls[i].run();
            return;
        }
        pick -= calls[i].weight;
    }
}

/* The start of both trees: a chain of directories "p", and the working directory at its end. */
static bool go_deep(char *home)
{
    home[0] = '\0';
    for (int i = 0; i < DEPTH; i++) {
        if (mkdir("p", 0755) != 0 || chdir("p") != 0) return false;
        if (sys_mkdir(A("p"), 0755) != 0 || sys_chdir(A("p")) != 0) return false;
        strcat(home, "/p");
    }
    return true;
}

static bool make_host_base(void)
{
    static const char *const places[] = { "/dev/shm", "/tmp" };
    struct statfs s;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        snprintf(host_base, sizeof(host_base), "%s/ck-files-XXXXXX", places[i]);
        if (!mkdtemp(host_base)) continue;
        host_is_tmpfs = statfs(host_base, &s) == 0 && s.f_type == TMPFS_MAGIC_NUMBER;
        host_is_root = geteuid() == 0;
        return true;
    }
    return false;
}

static void remove_host_base(void)
{
    char command[128];
    snprintf(command, sizeof(command), "chmod -R u+rwx %s 2>/dev/null; rm -rf %s", host_base, host_base);
    if (chdir("/") != 0 || system(command) != 0) printf("# %s is left behind\n", host_base);
}

static void compare_home(const char *home)
{
    char host_home[300];
    snprintf(host_home, sizeof(host_home), "%s%s", host_base, home);
    compare(0, chdir(host_home));
    compare(0, sys_chdir(A(home)));
    compare_tree(".");
}

static void run_seed(uint64_t seed)
{
    char home[2 * DEPTH + 1];
    EXPECT(make_host_base() && chdir(host_base) == 0);
    random_state = seed;
    looks_for_holes = host_is_tmpfs && seed % 2;
    fake_process_start("", 0);
    umask(022);
    EXPECT(go_deep(home));
    for (int i = 0; i < SLOTS; i++) host_fds[i] = our_fds[i] = -1;
    for (int i = 0; i < STEPS && differences < 5; i++) {
        step();
        steps_done++;
        if (i % TREE_EVERY == TREE_EVERY - 1) compare_home(home);
    }
    for (uint64_t i = 0; i < SLOTS; i++) close_slot(i);
    fake_process_stop();
    remove_host_base();
}

TEST(a_hundred_thousand_random_file_calls_do_what_linux_does)
{
    uint64_t blocks = fake_heap_blocks();
    differences = steps_done = 0;
    for (uint64_t seed = 1; seed <= SEEDS && differences < 5; seed++) run_seed(seed * 0x9e3779b97f4a7c15ull);
    EXPECT_EQ(steps_done, (uint64_t)SEEDS * STEPS);
    EXPECT_EQ(differences, 0);
    EXPECT_EQ(fake_heap_blocks(), blocks);
    EXPECT_EQ(fake_heap_frames(), 0);
}
