/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: duplicating, flags, locks, closing ranges, running out. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>

static void duplicating(void)
{
    int fd = (int)SHOW(open("a", O_RDWR | O_CREAT | O_TRUNC, 0600));
    SHOW(dup(fd));
    SHOW(dup(99));
    SHOW(dup2(fd, 10));
    SHOW(dup2(fd, fd));
    SHOW(dup2(99, 99));
    SHOW(dup2(fd, -1));
    SHOW(dup2(fd, 10000000));
    SHOW(dup3(fd, 11, O_CLOEXEC));
    SHOW(dup3(fd, fd, 0));
    SHOW(dup3(fd, 12, O_APPEND));
    SHOW(fcntl(fd, F_DUPFD, 10));
    SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 20));
    SHOW(fcntl(fd, F_NOTIFY, 0));
    SHOW(fcntl(fd, F_NOTIFY, DN_MULTISHOT));
    SHOW(fcntl(fd, F_DUPFD, -1));
    SHOW(fcntl(fd, F_DUPFD, 10000000));
    SHOW(fcntl(10, F_GETFD));
    SHOW(fcntl(11, F_GETFD));
    SHOW(fcntl(12, F_GETFD));
    SHOW(fcntl(20, F_GETFD));
    /* All of them are one open file with one position. */
    SHOW(write(fd, "abc", 3));
    SHOW(write(10, "def", 3));
    SHOW(lseek(12, 0, SEEK_CUR));
    SHOW(close(fd));
    SHOW(write(20, "ghi", 3));
    SHOW(lseek(10, 0, SEEK_CUR));
    SHOW(open("a", O_RDONLY));
    SHOW(syscall(SYS_close_range, 3, 4, 0));
    SHOW(syscall(SYS_close_range, 10, 5, 0));
    SHOW(syscall(SYS_close_range, 10, 11, 4)); /* CLOSE_RANGE_CLOEXEC */
    SHOW(fcntl(10, F_GETFD));
    SHOW(syscall(SYS_close_range, 10, 11, 0x100));
    SHOW(syscall(SYS_close_range, 3, ~0u, 0));
    SHOW(fcntl(10, F_GETFD));
    SHOW(fcntl(20, F_GETFD));
}

static void flags(void)
{
    int fd = open("a", O_RDWR | O_APPEND | O_CLOEXEC);
    SHOW(fcntl(fd, F_GETFD));
    SHOW(fcntl(fd, F_SETFD, 0));
    SHOW(fcntl(fd, F_GETFD));
    printf("%o\n", fcntl(fd, F_GETFL) & ~0100000); /* O_LARGEFILE: a C library may add it */
    SHOW(fcntl(fd, F_SETFL, O_NONBLOCK | O_RDONLY));
    printf("%o\n", fcntl(fd, F_GETFL) & ~0100000);
    int on = 0;
    SHOW(ioctl(fd, FIONBIO, &on));
    printf("%o\n", fcntl(fd, F_GETFL) & ~0100000);
    SHOW(ioctl(fd, FIOCLEX));
    SHOW(fcntl(fd, F_GETFD));
    SHOW(ioctl(fd, FIONCLEX));
    SHOW(fcntl(fd, F_GETFD));
    int left = -1;
    lseek(fd, 2, SEEK_SET);
    SHOW(ioctl(fd, FIONREAD, &left));
    printf("%d\n", left);
    SHOW(ioctl(fd, 0x5401, &left)); /* TCGETS */
    SHOW(ioctl(fd, 0xdeadbeef, &left));
    SHOW(ioctl(99, FIONREAD, &left));
    SHOW(fcntl(fd, 9999));
    SHOW(fcntl(99, F_GETFL));
    SHOW(fcntl(99, 9999));
    int path = open("a", O_PATH);
    SHOW(read(path, &on, 1));
    SHOW(fchmod(path, 0600));
    SHOW(fstat(path, &(struct stat){ 0 }));
    SHOW(fcntl(path, F_GETFL) & O_PATH ? 1 : 0);
    close(path);
    close(fd);
}

static void locks(void)
{
    int fd = open("a", O_RDWR);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 10 };
    SHOW(fcntl(fd, F_SETLK, &lock));
    SHOW(fcntl(fd, F_GETLK, &lock));
    printf("type %d\n", lock.l_type == F_UNLCK);
    lock.l_type = F_UNLCK;
    SHOW(fcntl(fd, F_SETLKW, &lock));
    lock.l_type = 77;
    SHOW(fcntl(fd, F_SETLK, &lock));
    SHOW(flock(fd, LOCK_EX));
    SHOW(flock(fd, LOCK_UN));
    SHOW(flock(fd, 0));
    SHOW(flock(99, LOCK_SH));
    close(fd);
    fd = open("a", O_RDONLY);
    lock.l_type = F_WRLCK;
    SHOW(fcntl(fd, F_SETLK, &lock));
    close(fd);
}

static void many(void)
{
    int last = -1, fd;
    while ((fd = open("a", O_RDONLY)) >= 0 && fd < 900) last = fd;
    printf("last %d\n", last);
    close(500);
    SHOW(open("a", O_RDONLY));
    for (fd = 3; fd <= 900; fd++) close(fd);
    SHOW(open("a", O_RDONLY));
    char link[64] = { 0 };
    CHECK(readlink("/proc/self/fd/3", link, sizeof link) > 0 && strcmp(strrchr(link, '/'), "/a") == 0);
    SHOW(open("/proc/self/fd/3", O_RDWR));
    SHOW(write(4, "reopened", 8));
    SHOW(open("/dev/fd/99", O_RDONLY));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    duplicating();
    flags();
    locks();
    many();
    return 0;
}
