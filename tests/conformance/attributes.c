/* SPDX-License-Identifier: Apache-2.0 */
/* What stat and its relatives tell, and the calls that change it. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/statfs.h>
#include <sys/time.h>

static void show_mode(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        printf("%s: %s\n", path, error_name(errno));
    else
        printf("%s: mode %06o, size %jd, owner %d:%d\n", path, st.st_mode,
               S_ISDIR(st.st_mode) ? 0 : (intmax_t)st.st_size, (int)st.st_uid - (int)getuid(),
               (int)st.st_gid - (int)getgid());
}

static void modes(void)
{
    umask(0);
    close(open("open", O_CREAT | O_WRONLY, 0666));
    SHOW(umask(027));
    close(open("masked", O_CREAT | O_WRONLY, 0666));
    mkdir("dir", 0777);
    SHOW(umask(022));
    SHOW(umask(022));
    show_mode("open");
    show_mode("masked");
    show_mode("dir");
    show_mode("none");
    show_mode("open/x");
    SHOW(chmod("open", 0400));
    show_mode("open");
    SHOW(chmod("none", 0400));
    int fd = open("masked", O_RDWR);
    SHOW(fchmod(fd, 0711));
    SHOW(fchmod(99, 0711));
    show_mode("masked");
    SHOW(fchmodat(AT_FDCWD, "dir", 01755, 0));
    show_mode("dir");
    SHOW(chown("open", getuid(), (gid_t)-1));
    SHOW(fchown(fd, (uid_t)-1, getgid()));
    SHOW(lchown("open", (uid_t)-1, (gid_t)-1));
    SHOW(fchownat(fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH));
    SHOW(chown("none", 0, 0));
    show_mode("open");
    close(fd);
}

static void asking(void)
{
    struct stat a, b;
    SHOW(access("dir", R_OK | W_OK | X_OK));
    SHOW(access("none", F_OK));
    SHOW(access("open", X_OK));
    SHOW(access("masked", X_OK));
    SHOW(access("open", 8));
    SHOW(faccessat(AT_FDCWD, "open", F_OK, 0));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "open", F_OK, AT_EACCESS));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "open", F_OK, 1));
    int fd = open("open", O_RDONLY);
    SHOW(fstat(fd, &a));
    SHOW(stat("open", &b));
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    SHOW(fstatat(fd, "", &b, AT_EMPTY_PATH));
    CHECK(a.st_ino == b.st_ino);
    SHOW(fstatat(fd, "", &b, 0));
    SHOW(fstatat(fd, "x", &b, 0));
    SHOW(fstatat(AT_FDCWD, "open", &b, 0x40000000));
    SHOW(fstat(99, &b));
    SHOW(stat("masked", &b));
    CHECK(a.st_ino != b.st_ino);
    CHECK(a.st_blksize == 4096);
    SHOW(fstat(0, &b));
    printf("standard input is a FIFO: %d\n", S_ISFIFO(b.st_mode));
    SHOW(stat("/dev/null", &b));
    printf("/dev/null: mode %o, %x\n", b.st_mode, (unsigned)b.st_rdev);
    close(fd);
    struct statfs f;
    SHOW(statfs(".", &f));
    CHECK(f.f_bsize == 4096 && f.f_namelen == 255);
    CHECK(f.f_blocks >= f.f_bfree && f.f_bfree >= f.f_bavail);
    SHOW(statfs("none", &f));
    SHOW(fstatfs(99, &f));
    SHOW(fstatfs(0, &f));
}

/* Not every C library declares it: the layout is the kernel's. [linux uapi linux/stat.h] */
struct statx_answer {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, spare;
    uint64_t ino, size, blocks, attributes_mask;
    uint8_t rest[256 - 64];
};
enum { BASIC_STATS = 0x7ff };

static long ask(int fd, const char *path, int flags, unsigned mask, struct statx_answer *out)
{
    return syscall(SYS_statx, fd, path, flags, mask, out);
}

static void extended(void)
{
    struct statx_answer x;
    SHOW(ask(AT_FDCWD, "open", 0, BASIC_STATS, &x));
    CHECK((x.mask & BASIC_STATS) == BASIC_STATS);
    printf("mode %o, links %u, size %ju\n", x.mode, x.nlink, (uintmax_t)x.size);
    SHOW(ask(AT_FDCWD, "none", 0, BASIC_STATS, &x));
    SHOW(ask(AT_FDCWD, "open", 0x40000000, BASIC_STATS, &x));
    SHOW(ask(AT_FDCWD, "open", 0, 0x80000000, &x));
    SHOW(ask(1, "", AT_EMPTY_PATH, BASIC_STATS, &x));
}

static long long seconds_of(const char *path, bool modified)
{
    struct stat st;
    stat(path, &st);
    return modified ? st.st_mtim.tv_sec : st.st_atim.tv_sec;
}

static bool is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

static void times(void)
{
    struct stat before, after;
    struct timespec both[2] = { { 1000000000, 1 }, { 1234567890, 123456789 } };
    SHOW(utimensat(AT_FDCWD, "open", both, 0));
    stat("open", &before);
    printf("atime %jd.%09ld, mtime %jd.%09ld\n", (intmax_t)before.st_atim.tv_sec, before.st_atim.tv_nsec,
           (intmax_t)before.st_mtim.tv_sec, before.st_mtim.tv_nsec);
    both[0].tv_nsec = UTIME_OMIT;
    both[1].tv_nsec = UTIME_NOW;
    SHOW(utimensat(AT_FDCWD, "open", both, 0));
    SHOW(seconds_of("open", false));
    CHECK(seconds_of("open", true) > 1500000000);
    both[1].tv_nsec = 1000000000;
    SHOW(utimensat(AT_FDCWD, "open", both, 0));
    SHOW(utimensat(AT_FDCWD, "none", NULL, 0));
    SHOW(utimensat(AT_FDCWD, "open", NULL, 1));
    both[0] = both[1] = (struct timespec){ 5, 0 };
    int fd = open("masked", O_RDWR);
    SHOW(futimens(fd, both));
    SHOW(seconds_of("masked", true));
    SHOW(write(fd, "x", 1));
    CHECK(seconds_of("masked", true) > 1500000000);
    fstat(fd, &before);
    usleep(20000);
    SHOW(write(fd, "x", 1));
    fstat(fd, &after);
    CHECK(is_later(after.st_mtim, before.st_mtim));
    CHECK(is_later(after.st_ctim, before.st_ctim));
    before = after;
    usleep(20000);
    SHOW(fchmod(fd, 0600));
    fstat(fd, &after);
    CHECK(!is_later(after.st_mtim, before.st_mtim));
    CHECK(is_later(after.st_ctim, before.st_ctim));
    close(fd);
    stat("dir", &before);
    usleep(20000);
    close(open("dir/new", O_CREAT | O_WRONLY, 0644));
    stat("dir", &after);
    CHECK(is_later(after.st_mtim, before.st_mtim));
}

/* A regular file can be made as a node by anybody. */
static void nodes(void)
{
    SHOW(mknod("node", S_IFREG | 0640, 0));
    SHOW(mknod("node", S_IFREG | 0640, 0));
    SHOW(mknodat(AT_FDCWD, "second", 0600, 0));
    SHOW(mknod("dir2", S_IFDIR | 0755, 0));
    show_mode("node");
    show_mode("second");
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    modes();
    asking();
    extended();
    times();
    nodes();
    return 0;
}
