/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs about pipes, event counts and timers share. Nobody else is there to end a sleep, so
 * whatever might sleep is asked not to wait. */
#pragma once
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/uio.h>

static int case_count;

static inline void begin_case(const char *what)
{
    case_count++;
    printf("-- %s\n", what);
}

/* The bits that hold now, of all that there are. */
static inline void show_poll(const char *what, int fd)
{
    struct pollfd list = { fd, POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND,
                           0 };
    int ready = poll(&list, 1, 0);
    printf("%s: poll %d:", what, ready);
    static const struct {
        int bit;
        const char *name;
    } bits[] = {
        { POLLIN, "IN" },         { POLLPRI, "PRI" },       { POLLOUT, "OUT" },
        { POLLERR, "ERR" },       { POLLHUP, "HUP" },       { POLLNVAL, "NVAL" },
        { POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" }, { POLLWRNORM, "WRNORM" },
        { POLLWRBAND, "WRBAND" },
    };
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (list.revents & bits[i].bit) printf(" %s", bits[i].name);
    printf("\n");
}

static inline void show_select(int fd)
{
    fd_set in, out, odd;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&odd);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    FD_SET(fd, &odd);
    struct timeval now = { 0, 0 };
    int ready = select(fd + 1, &in, &out, &odd, &now);
    printf("select %d:%s%s%s\n", ready, FD_ISSET(fd, &in) ? " in" : "", FD_ISSET(fd, &out) ? " out" : "",
           FD_ISSET(fd, &odd) ? " odd" : "");
}

static inline void show_kind(int fd)
{
    struct stat s;
    SHOW(fstat(fd, &s));
    printf("mode %o, %ld links, %ld bytes, %ld blocks of %ld, device %d\n", s.st_mode, (long)s.st_nlink,
           (long)s.st_size, (long)s.st_blocks, (long)s.st_blksize, (int)s.st_rdev);
    printf("flags %o, descriptor's %d\n", fcntl(fd, F_GETFL) & ~0100000, fcntl(fd, F_GETFD));
}

static inline int reopen(int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int again = open(path, flags);
    printf("reopened with %o: %s\n", flags, again < 0 ? error_name(errno) : "done");
    return again;
}

/* What /proc/self/fd says, with the inode's number as a word. */
static inline void show_name(int fd)
{
    char path[64], text[100], pipe_name[100];
    struct stat s;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    long bytes = readlink(path, text, sizeof text - 1);
    text[bytes < 0 ? 0 : bytes] = 0;
    fstat(fd, &s);
    snprintf(pipe_name, sizeof pipe_name, "pipe:[%lu]", (unsigned long)s.st_ino);
    printf("name: %s\n", strcmp(text, pipe_name) ? text : "pipe:[inode]");
}
