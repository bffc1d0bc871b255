/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that newer ones have replaced, and newer forms of old ones: getdents, utime, utimes, futimesat, preadv2,
 * pwritev2, syncfs, sync_file_range. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/time.h>
#include <sys/uio.h>

/* ---- directories ---- */

struct old_record {
    unsigned long inode, next;
    unsigned short bytes;
    char name[];
};

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static char *lines[16];
static int line_count;

/* Names come in any order. */
static long read_some(int fd, size_t bytes)
{
    static char buffer[4096] __attribute__((aligned(8)));
    long got = syscall(SYS_getdents, fd, buffer, bytes);
    for (long at = 0; at < got;) {
        const struct old_record *r = (const void *)(buffer + at);
        char *line = malloc(64);
        snprintf(line, 64, "%s: %u bytes, type %d", r->name, r->bytes, buffer[at + r->bytes - 1]);
        if (line_count < 16) lines[line_count++] = line;
        at += r->bytes;
    }
    return got;
}

static void names(void)
{
    mkdir("d", 0755);
    mkdir("d/inner", 0755);
    close(open("d/a", O_CREAT | O_WRONLY, 0600));
    close(open("d/exactly5", O_CREAT | O_WRONLY, 0600));
    (void)!symlink("a", "d/link");
    mkfifo("d/fifo", 0600);
    int fd = open("d", O_RDONLY | O_DIRECTORY);
    SHOW(read_some(fd, 4096));
    SHOW(read_some(fd, 4096));
    qsort(lines, (size_t)line_count, sizeof *lines, compare);
    for (int i = 0; i < line_count; i++) printf("%s\n", lines[i]);
    SHOW(lseek(fd, 0, SEEK_SET));
    line_count = 0;
    SHOW(read_some(fd, 10));
    int calls = 0;
    while (read_some(fd, 40) > 0) calls++;
    printf("%d calls, %d names\n", calls, line_count);
    SHOW(lseek(fd, 0, SEEK_SET));
    SHOW(syscall(SYS_getdents, fd, (void *)8, 4096));
    SHOW(read_some(fd, 4096));
    SHOW(syscall(SYS_getdents, 0, lines, 4096));
    SHOW(syscall(SYS_getdents, 99, lines, 4096));
    close(fd);
}

/* ---- times ---- */

static void show_times(const char *path)
{
    struct stat s;
    if (lstat(path, &s)) printf("%s: %s\n", path, error_name(errno));
    bool is_now = s.st_mtim.tv_sec > 1600000000;
    if (is_now)
        printf("now\n");
    else
        printf("%lld.%09ld %lld.%09ld\n", (long long)s.st_atim.tv_sec, s.st_atim.tv_nsec,
               (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

static void times(void)
{
    struct timeval both[2] = { { 5, 6 }, { 7, 999999 } };
    int fd = open("t", O_CREAT | O_RDWR, 0600);
    int here = open(".", O_PATH | O_DIRECTORY);
    (void)!symlink("t", "l");
    SHOW(syscall(SYS_utime, "t", (long[]){ 100, -200 }));
    show_times("t");
    SHOW(syscall(SYS_utime, "t", NULL));
    show_times("t");
    SHOW(syscall(SYS_utime, "absent", NULL));
    SHOW(syscall(SYS_utime, "t", 8));
    SHOW(syscall(SYS_utimes, "l", both));
    show_times("t");
    both[1].tv_usec = 1000000;
    SHOW(syscall(SYS_utimes, "t", both));
    SHOW(syscall(SYS_utimes, "absent", both));
    both[1].tv_usec = -1;
    SHOW(syscall(SYS_utimes, "t", both));
    show_times("t");
    SHOW(syscall(SYS_utimes, NULL, NULL));
    both[0] = (struct timeval){ -3, 1 };
    both[1] = (struct timeval){ 0, 0 };
    SHOW(syscall(SYS_futimesat, here, "t", both));
    show_times("t");
    both[0].tv_sec = 30;
    SHOW(syscall(SYS_futimesat, fd, NULL, both));
    show_times("t");
    SHOW(syscall(SYS_futimesat, fd, "t", both));
    SHOW(syscall(SYS_futimesat, 99, "t", both));
    SHOW(syscall(SYS_futimesat, 99, NULL, both));
    SHOW(syscall(SYS_futimesat, AT_FDCWD, NULL, both));
    SHOW(syscall(SYS_futimesat, here, "t", NULL));
    show_times("t");
    close(here);
    close(fd);
}

/* ---- pieces with flags ---- */

enum { HIPRI = 1, DSYNC = 2, SYNC = 4, NOWAIT = 8, APPEND = 16, UNKNOWN = 1 << 20 };

static long read_pieces(int fd, char *to, size_t bytes, off_t at, int flags)
{
    struct iovec piece = { to, bytes };
    return syscall(SYS_preadv2, fd, &piece, 1, at, 0, flags);
}
static long write_pieces(int fd, const char *from, off_t at, int flags)
{
    struct iovec piece = { (char *)from, strlen(from) };
    return syscall(SYS_pwritev2, fd, &piece, 1, at, 0, flags);
}

static void pieces(void)
{
    char text[64] = "", none[1];
    int fd = open("p", O_CREAT | O_TRUNC | O_RDWR, 0600), ends[2];
    SHOW(write_pieces(fd, "0123456789", 0, 0));
    SHOW(write_pieces(fd, "ab", -1, DSYNC));
    SHOW(write_pieces(fd, "cd", -1, SYNC));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(write_pieces(fd, "end", 2, APPEND));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(write_pieces(fd, "END", -1, APPEND));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(read_pieces(fd, text, 63, 0, 0));
    printf("%s\n", text);
    SHOW(lseek(fd, 3, SEEK_SET));
    SHOW(read_pieces(fd, text, 4, -1, HIPRI));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(read_pieces(fd, text, 4, -2, 0));
    SHOW(read_pieces(fd, text, 4, 0, UNKNOWN));
    SHOW(read_pieces(fd, none, 0, 0, UNKNOWN));
    SHOW(write_pieces(fd, "x", 0, UNKNOWN));
    SHOW(write_pieces(fd, "x", -1, UNKNOWN));
    SHOW(read_pieces(99, text, 4, 0, UNKNOWN));
    SHOW(read_pieces(fd, (char *)8, 4, 0, 0));
    int reader = open("p", O_RDONLY);
    SHOW(write_pieces(reader, "x", 0, UNKNOWN));
    close(reader);
    SHOW(pipe(ends));
    SHOW(write_pieces(ends[1], "pipe", -1, APPEND));
    SHOW(write_pieces(ends[1], "pipe", 0, 0));
    SHOW(read_pieces(ends[0], text, 63, -1, 0));
    SHOW(read_pieces(ends[0], text, 63, 0, 0));
    SHOW(write_pieces(ends[1], "pipe", -1, UNKNOWN));
    close(ends[0]);
    close(ends[1]);
    close(fd);
}

/* ---- writing back ---- */

static void sync_range(const char *what, int fd)
{
    printf("-- %s\n", what);
    SHOW(syscall(SYS_sync_file_range, fd, 0, 0, 0));
    SHOW(syscall(SYS_sync_file_range, fd, 1, 5, 7));
    SHOW(syscall(SYS_sync_file_range, fd, 0, 0, 8));
    SHOW(syscall(SYS_sync_file_range, fd, -1, 2, 2));
    SHOW(syscall(SYS_sync_file_range, fd, 1, -1, 2));
    SHOW(syscall(SYS_sync_file_range, fd, 1, INT64_MAX, 2));
    SHOW(syscall(SYS_syncfs, fd));
}

static void syncing(void)
{
    int fd = open("p", O_RDWR), path = open("p", O_PATH), directory = open(".", O_RDONLY), ends[2];
    sync_range("a file", fd);
    sync_range("its path", path);
    sync_range("a directory", directory);
    SHOW(pipe(ends));
    sync_range("a pipe", ends[0]);
    sync_range("nothing", 99);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    names();
    times();
    pieces();
    syncing();
    return 0;
}
