/* SPDX-License-Identifier: Apache-2.0 */
/* poll and select on files and standard input. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void polling(int fd)
{
    struct pollfd some[] = {
        { .fd = fd, .events = POLLIN | POLLOUT },
        { .fd = -1, .events = POLLIN },
        { .fd = 99, .events = POLLIN },
        { .fd = 1, .events = POLLOUT },
        { .fd = fd, .events = 0 },
    };
    SHOW(poll(some, 5, 0));
    for (int i = 0; i < 5; i++) printf("%d: %x\n", some[i].fd, some[i].revents);
    SHOW(poll(some, 1, -1));
    SHOW(poll(some, 0, 0));
    SHOW(poll(NULL, 0, 1));
    int64_t before = now_ns();
    SHOW(poll(some + 1, 1, 20));
    CHECK(now_ns() - before >= 20000000);
    SHOW(syscall(SYS_poll, some, 0x7fffffff, 0));
    /* Standard input is at its end: a read would not block. */
    struct pollfd input = { .fd = 0, .events = POLLIN };
    SHOW(poll(&input, 1, 1000));
    CHECK((input.revents & (POLLIN | POLLHUP)) != 0);
    struct timespec time = { 0, 1000000 }, bad = { 0, -1 };
    SHOW(ppoll(some, 1, &time, NULL));
    SHOW(ppoll(NULL, 0, &time, NULL));
    SHOW(ppoll(some, 1, &bad, NULL));
}

static void selecting(int fd)
{
    fd_set in, out, except;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&except);
    FD_SET(fd, &in);
    FD_SET(fd, &out);
    FD_SET(fd, &except);
    FD_SET(1, &out);
    struct timeval time = { 0, 0 };
    SHOW(select(fd + 1, &in, &out, &except, &time));
    printf("%d %d %d %d\n", !!FD_ISSET(fd, &in), !!FD_ISSET(fd, &out), !!FD_ISSET(fd, &except),
           !!FD_ISSET(1, &out));
    // Descriptors past the end of the table are passed over, and how long the table is, the parent
    // decides: one that was open makes it long enough.
    close(dup2(fd, 200));
    FD_ZERO(&in);
    FD_SET(99, &in);
    SHOW(select(100, &in, NULL, NULL, &time));
    SHOW(select(-1, NULL, NULL, NULL, &time));
    int64_t before = now_ns();
    time.tv_usec = 20000;
    SHOW(select(0, NULL, NULL, NULL, &time));
    CHECK(now_ns() - before >= 20000000);
    time = (struct timeval){ -1, 0 };
    SHOW(syscall(SYS_select, 0, NULL, NULL, NULL, &time));
    FD_ZERO(&in);
    FD_SET(0, &in);
    SHOW(select(1, &in, NULL, NULL, NULL));
    struct timespec none = { 0, 0 };
    SHOW(pselect(1, &in, NULL, NULL, &none, NULL));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    polling(fd);
    selecting(fd);
    return 0;
}
