/* SPDX-License-Identifier: Apache-2.0 */
/* epoll: what each call refuses, when events are told of, and what becomes of files that close. */
#include "tests/conformance/epolls.h"

#include <sys/signalfd.h>
#include <sys/timerfd.h>

enum { CALL_EPOLL_PWAIT2 = 441 }; /* musl has no name for it */

static void making(void)
{
    int fd = epoll_create1(0), marked;
    show_kind(fd);
    show_name(fd);
    show_poll("nothing watched", fd);
    CASE("read", read(fd, &(char){ 0 }, 1));
    CASE("write", write(fd, "x", 1));
    CASE("seek", lseek(fd, 5, SEEK_SET));
    CASE("create 0", epoll_create(0));
    CASE("create -1", epoll_create(-1));
    CASE("create 1", epoll_create(1) >= 0);
    CASE("create1 with what it does not know", epoll_create1(1));
    CASE("create1 non-blocking", epoll_create1(O_NONBLOCK));
    marked = epoll_create1(EPOLL_CLOEXEC);
    CASE("close on exec", fcntl(marked, F_GETFD));
    for (int i = fd; i < fd + 4; i++) close(i);
}

static void refusals(void)
{
    int ep = new_epoll(), event = new_event(0), file = open("plain", O_RDWR | O_CREAT, 0644),
        directory = open(".", O_RDONLY), path = open(".", O_PATH), null = open("/dev/null", O_RDWR);
    struct epoll_event one = { .events = EPOLLIN };
    char *bad = map_bad();
    CASE("add", watch(ep, event, EPOLLIN, 1));
    CASE("add twice", watch(ep, event, EPOLLIN, 1));
    CASE("add a closed one", watch(ep, 99, EPOLLIN, 1));
    CASE("add to a closed one", watch(99, event, EPOLLIN, 1));
    CASE("add a regular file", watch(ep, file, EPOLLIN, 1));
    CASE("add a directory", watch(ep, directory, EPOLLIN, 1));
    CASE("add a path", watch(ep, path, EPOLLIN, 1));
    CASE("add /dev/null", watch(ep, null, EPOLLIN, 1));
    CASE("add itself", watch(ep, ep, EPOLLIN, 1));
    CASE("add to what is no epoll", watch(event, ep, EPOLLIN, 1));
    CASE("add a regular file to what is no epoll", watch(event, file, EPOLLIN, 1));
    CASE("unknown operation", control(ep, 4, event, EPOLLIN, 1));
    CASE("operation 0", control(ep, 0, event, EPOLLIN, 1));
    CASE("unknown operation, not watched", control(ep, 77, null, EPOLLIN, 1));
    CASE("bad event", epoll_ctl(ep, EPOLL_CTL_MOD, event, (void *)bad));
    CASE("bad event, closed", epoll_ctl(99, EPOLL_CTL_MOD, event, (void *)bad));
    CASE("event across the edge", epoll_ctl(ep, EPOLL_CTL_MOD, event, (void *)(bad - 8)));
    CASE("no event to delete", epoll_ctl(ep, EPOLL_CTL_DEL, event, NULL));
    CASE("delete twice", epoll_ctl(ep, EPOLL_CTL_DEL, event, NULL));
    CASE("change what is not watched", control(ep, EPOLL_CTL_MOD, event, EPOLLIN, 1));
    CASE("no room", syscall(SYS_epoll_wait, ep, &one, 0, 0));
    CASE("less than no room", syscall(SYS_epoll_wait, ep, &one, -1, 0));
    CASE("too much room", syscall(SYS_epoll_wait, ep, &one, 0x7fffffff, 0));
    CASE("wait on what is no epoll", epoll_wait(event, &one, 1, 0));
    CASE("wait on a closed one", epoll_wait(99, &one, 1, 0));
    CASE("an address of the kernel", epoll_wait(ep, (void *)0xffffffff80000000ul, 1, 0));
    CASE("a bad address and nothing to tell", epoll_wait(ep, (void *)bad, 1, 0));
    CASE("mask of the wrong size", syscall(SYS_epoll_pwait, ep, &one, 1, 0, &one, 4));
    CASE("bad mask", syscall(SYS_epoll_pwait, ep, &one, 1, 0, bad, 8));
    CASE("pwait2 with bad time", syscall(CALL_EPOLL_PWAIT2, ep, &one, 1, bad, NULL, 8));
    struct timespec odd = { 0, 1000000000 }, none = { 0, 0 };
    CASE("pwait2 with odd time", syscall(CALL_EPOLL_PWAIT2, ep, &one, 1, &odd, NULL, 8));
    CASE("pwait2 without time", syscall(CALL_EPOLL_PWAIT2, ep, &one, 1, &none, NULL, 8));
    for (int fd = ep; fd <= null; fd++) close(fd);
}

static void faults(void)
{
    int ep = new_epoll(), events[3];
    char *bad = map_bad();
    struct epoll_event *two = (void *)(bad - 24), seen[4];
    for (int i = 0; i < 3; i++) {
        events[i] = new_event(1);
        watch(ep, events[i], EPOLLIN | (i == 1 ? EPOLLET : i == 2 ? EPOLLONESHOT : 0), (uint64_t)i);
    }
    CASE("none fits", epoll_wait(ep, (void *)bad, 3, 0));
    CASE("two fit", epoll_wait(ep, two, 3, 0));
    printf("%d %d\n", (int)two[0].data.u64, (int)two[1].data.u64);
    long count = CASE("the third was not lost", epoll_wait(ep, seen, 4, 0));
    for (long i = 0; i < count; i++) printf("%d\n", (int)seen[i].data.u64);
    show_wait("what is left", ep);
    for (int i = 0; i < 3; i++) close(events[i]);
    close(ep);
}

static void levels(void)
{
    int ep = new_epoll(), fd = new_event(0);
    watch(ep, fd, EPOLLIN, 7);
    show_wait("empty", ep);
    show_wait_for("empty, for a while", ep, 4, 10);
    add_event(fd, 3);
    show_wait("ready", ep);
    show_wait("still ready", ep);
    show_poll("as a file", ep);
    show_select(ep);
    take_event(fd);
    show_poll("as a file, taken", ep);
    show_wait("taken", ep);
    add_event(fd, 1);
    take_event(fd);
    show_wait("came and went", ep);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLOUT, 8);
    show_wait("writable instead", ep);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT, 9);
    show_wait("both wanted", ep);
    add_event(fd, 1);
    show_wait("both true", ep);
    control(ep, EPOLL_CTL_MOD, fd, 0, 10);
    show_wait("nothing wanted", ep);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLPRI | EPOLLRDHUP, 11);
    show_wait("nothing of that", ep);
    add_event(fd, UINT64_MAX - 2);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT, 12);
    show_wait("full", ep);
    close(fd);
    show_wait("closed", ep);
    fd = new_event(5);
    watch(ep, fd, EPOLLIN, 13);
    show_wait("ready when added", ep);
    control(ep, EPOLL_CTL_DEL, fd, 0, 0);
    show_wait("deleted", ep);
    watch(ep, fd, EPOLLIN | EPOLLWAKEUP, 14);
    show_wait("with EPOLLWAKEUP", ep);
    close(fd);
    close(ep);
}

static void edges(void)
{
    int ep = new_epoll(), fd = new_event(0), pipe_fds[2];
    char bytes[8192];
    watch(ep, fd, EPOLLIN | EPOLLET, 1);
    add_event(fd, 1);
    show_wait("an edge", ep);
    show_wait("once", ep);
    add_event(fd, 1);
    show_wait("again while ready", ep);
    add_event(fd, 1);
    add_event(fd, 1);
    show_wait("two at once", ep);
    take_event(fd);
    show_wait("taken", ep);
    add_event(fd, 1);
    take_event(fd);
    show_wait("came and went", ep);
    add_event(fd, 1);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET, 2);
    show_wait("changed", ep);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET, 3);
    show_wait("changed again", ep);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLOUT | EPOLLET, 4);
    show_wait("both", ep);
    show_wait("both, once", ep);
    take_event(fd);
    show_wait("a read is an edge for writers", ep);
    add_event(fd, 1);
    show_wait("a write tells both", ep);

    if (pipe2(pipe_fds, O_NONBLOCK) != 0) give_up("pipe");
    memset(bytes, 'x', sizeof bytes);
    watch(ep, pipe_fds[0], EPOLLIN | EPOLLET, 10);
    watch(ep, pipe_fds[1], EPOLLOUT | EPOLLET, 11);
    show_wait("an empty pipe", ep);
    CASE("write", write(pipe_fds[1], "ab", 2));
    show_wait("something in it", ep);
    CASE("write more", write(pipe_fds[1], "cd", 2));
    show_wait("more in it", ep);
    CASE("read some", read(pipe_fds[0], bytes, 1));
    show_wait("some read", ep);
    while (write(pipe_fds[1], bytes, sizeof bytes) > 0) {}
    show_wait("full", ep);
    CASE("read a little", read(pipe_fds[0], bytes, 100));
    show_wait("a little read of a full pipe", ep);
    CASE("read a page", read(pipe_fds[0], bytes, 4096));
    show_wait("a page read", ep);
    CASE("read another", read(pipe_fds[0], bytes, 4096));
    show_wait("another read", ep);
    close(pipe_fds[1]);
    show_wait("writer gone", ep);
    show_wait("writer gone, once", ep);
    close(pipe_fds[0]);
    close(fd);
    close(ep);
}

static void one_shots(void)
{
    int ep = new_epoll(), fd = new_event(1), pipe_fds[2];
    watch(ep, fd, EPOLLIN | EPOLLONESHOT, 1);
    show_wait("one shot", ep);
    show_wait("one shot, over", ep);
    add_event(fd, 1);
    show_wait("more does not help", ep);
    CASE("add", watch(ep, fd, EPOLLIN, 1));
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT, 2);
    show_wait("armed again", ep);
    take_event(fd);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLONESHOT | EPOLLET, 3);
    show_wait("armed, not ready", ep);
    add_event(fd, 1);
    show_wait("ready", ep);
    control(ep, EPOLL_CTL_MOD, fd, EPOLLIN, 4);
    show_wait("without", ep);
    show_wait("without, again", ep);
    if (pipe(pipe_fds) != 0) give_up("pipe");
    watch(ep, pipe_fds[0], EPOLLIN | EPOLLONESHOT, 5);
    CASE("write", write(pipe_fds[1], "a", 1));
    close(fd);
    show_wait("a pipe's", ep);
    close(pipe_fds[1]);
    show_wait("hang-up after that", ep);
    control(ep, EPOLL_CTL_MOD, pipe_fds[0], EPOLLONESHOT, 6);
    show_wait("hang-up alone", ep);
    show_wait("hang-up alone, over", ep);
    close(pipe_fds[0]);
    close(ep);
}

static void hang_ups(void)
{
    int ep = new_epoll(), a[2], b[2];
    if (pipe(a) != 0 || pipe(b) != 0) give_up("pipe");
    watch(ep, a[0], 0, 1);
    watch(ep, b[1], 0, 2);
    show_wait("nothing asked for", ep);
    close(a[1]);
    show_wait("no writer", ep);
    close(b[0]);
    show_wait("no reader either", ep);
    control(ep, EPOLL_CTL_MOD, b[1], EPOLLOUT | EPOLLIN, 3);
    show_wait("asked for", ep);
    close(a[0]);
    close(b[1]);
    show_wait("closed", ep);
    close(ep);
}

static void closing(void)
{
    int ep = new_epoll(), fd = new_event(1), copy = dup(fd), third;
    watch(ep, fd, EPOLLIN, 1);
    show_wait("open", ep);
    close(fd);
    show_wait("a copy is open", ep);
    CASE("delete by the number that is closed", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
    CASE("delete by the copy", epoll_ctl(ep, EPOLL_CTL_DEL, copy, NULL));
    CASE("add the copy", watch(ep, copy, EPOLLIN, 2));
    show_wait("the same file twice", ep);
    CASE("the old number again", dup2(copy, fd) == fd);
    CASE("delete by the old number", epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
    show_wait("the copy alone", ep);
    third = new_event(1);
    CASE("another file at the number", dup2(third, copy) == copy);
    show_wait("the file is open at the old number", ep);
    CASE("add what is there now", watch(ep, copy, EPOLLIN, 3));
    show_wait("two files of one number", ep);
    close(fd);
    show_wait("the last reference is gone", ep);
    close(copy);
    show_wait("open at a third number", ep);
    close(third);
    show_wait("all closed", ep);
    fd = new_event(1);
    watch(ep, fd, EPOLLIN, 4);
    close(ep);
    CASE("the epoll closed first", take_event(fd));
    close(fd);
    ep = new_epoll();
    for (int i = 0; i < 3; i++) {
        fd = new_event(1);
        watch(ep, fd, EPOLLIN, (uint64_t)i);
        copy = dup(ep);
        close(i == 1 ? copy : ep);
        if (i != 1) ep = copy;
        show_wait("through a copy", ep);
        close(fd);
    }
    close(ep);
}

static void turns(void)
{
    int ep = new_epoll(), fds[8];
    for (int i = 0; i < 8; i++) {
        fds[i] = new_event(0);
        watch(ep, fds[i], EPOLLIN | (i == 6 ? EPOLLET : i == 7 ? EPOLLONESHOT : 0), (uint64_t)i);
    }
    for (int i = 7; i >= 0; i--) add_event(fds[i], 1);
    for (int i = 0; i < 6; i++) show_wait_for("three of eight", ep, 3, 0);
    take_event(fds[2]);
    take_event(fds[5]);
    for (int i = 0; i < 4; i++) show_wait_for("one of four", ep, 1, 0);
    show_wait("all", ep);
    show_wait("all again", ep);
    for (int i = 0; i < 8; i++) take_event(fds[i]);
    show_wait("none", ep);
    add_event(fds[3], 1);
    add_event(fds[1], 1);
    add_event(fds[3], 1);
    show_wait("as they came", ep);
    control(ep, EPOLL_CTL_MOD, fds[3], EPOLLIN, 33);
    show_wait("changed keeps its place", ep);
    for (int i = 0; i < 8; i++) close(fds[i]);
    close(ep);
}

static void crowd(void)
{
    enum { MANY = 200 };
    int ep = new_epoll(), fds[MANY];
    struct epoll_event events[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = new_event((unsigned)(i % 2));
        watch(ep, fds[i], EPOLLIN, (uint64_t)i);
    }
    long count = CASE("half of them", epoll_wait(ep, events, MANY, 0)), ordered = 1;
    for (long i = 1; i < count; i++) ordered &= events[i].data.u64 > events[i - 1].data.u64;
    HOLDS("in the order they were added", ordered);
    CASE("some of them", epoll_wait(ep, events, 30, 0));
    CASE("the next", events[0].data.u64);
    CASE("more of them", epoll_wait(ep, events, 30, 0));
    CASE("the first of those", events[0].data.u64);
    for (int i = 0; i < MANY; i += 3) close(fds[i]);
    CASE("without every third", epoll_wait(ep, events, MANY, 0));
    for (int i = 0; i < MANY; i++)
        if (i % 3) close(fds[i]);
    CASE("none", epoll_wait(ep, events, MANY, 0));
    close(ep);
}

static void exclusive(void)
{
    int ep = new_epoll(), other = new_epoll(), fd = new_event(0);
    CASE("exclusive", watch(ep, fd, EPOLLIN | EPOLLEXCLUSIVE, 1));
    CASE("changed", control(ep, EPOLL_CTL_MOD, fd, EPOLLIN, 1));
    CASE("changed to exclusive", control(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE, 1));
    add_event(fd, 1);
    show_wait("ready", ep);
    CASE("with one shot", watch(other, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
    CASE("with RDHUP", watch(other, fd, EPOLLIN | EPOLLEXCLUSIVE | EPOLLRDHUP, 1));
    CASE("with PRI", watch(other, fd, EPOLLPRI | EPOLLEXCLUSIVE, 1));
    CASE("with edges", watch(other, fd, EPOLLIN | EPOLLOUT | EPOLLEXCLUSIVE | EPOLLET, 1));
    CASE("of an epoll", watch(other, ep, EPOLLIN | EPOLLEXCLUSIVE, 1));
    CASE("deleted", control(ep, EPOLL_CTL_DEL, fd, EPOLLEXCLUSIVE, 1));
    show_wait("the other", other);
    close(fd);
    close(ep);
    close(other);
}

static void nesting(void)
{
    int eps[12], fd = new_event(0);
    for (int i = 0; i < 12; i++) eps[i] = new_epoll();
    CASE("one in the other", watch(eps[1], eps[0], EPOLLIN, 1));
    CASE("a ring of two", watch(eps[0], eps[1], EPOLLIN, 1));
    CASE("three", watch(eps[2], eps[1], EPOLLIN, 2));
    CASE("a ring of three", watch(eps[0], eps[2], EPOLLIN, 2));
    CASE("an event at the bottom", watch(eps[0], fd, EPOLLIN, 0));
    show_wait("not ready", eps[2]);
    add_event(fd, 1);
    show_wait("ready, at the top", eps[2]);
    show_wait("in the middle", eps[1]);
    show_wait("at the bottom", eps[0]);
    show_poll("the top as a file", eps[2]);
    take_event(fd);
    show_wait("taken, at the top", eps[2]);
    show_poll("taken, as a file", eps[2]);
    control(eps[2], EPOLL_CTL_MOD, eps[1], EPOLLIN | EPOLLET, 3);
    add_event(fd, 1);
    show_wait("an edge from below", eps[2]);
    show_wait("once", eps[2]);
    add_event(fd, 1);
    show_wait("another", eps[2]);
    CASE("four", watch(eps[3], eps[2], EPOLLIN, 4));
    CASE("five", watch(eps[4], eps[3], EPOLLIN, 5));
    CASE("six are too many", watch(eps[5], eps[4], EPOLLIN, 6) == -1);
    CASE("the same from above", watch(eps[6], eps[7], EPOLLIN, 7));
    CASE("a diamond", watch(eps[6], eps[8], EPOLLIN, 8));
    CASE("its other side", watch(eps[7], eps[9], EPOLLIN, 9));
    CASE("its foot", watch(eps[8], eps[9], EPOLLIN, 10));
    CASE("an event below", watch(eps[9], fd, EPOLLIN, 11));
    show_wait("on both ways", eps[6]);
    CASE("only what is readable", control(eps[6], EPOLL_CTL_MOD, eps[7], EPOLLOUT, 12));
    show_wait("on one way", eps[6]);
    close(eps[8]);
    show_wait("one is gone", eps[6]);
    for (int i = 0; i < 12; i++)
        if (i != 8) close(eps[i]);
    close(fd);
}

static void other_files(void)
{
    int ep = new_epoll(), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec soon = { { 0, 0 }, { 0, 2 * MS } };
    sigset_t set = set_of(SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_NONBLOCK);
    struct signalfd_siginfo info;
    uint64_t count;
    watch(ep, timer, EPOLLIN, 1);
    watch(ep, signals, EPOLLIN | EPOLLET, 2);
    show_wait("neither", ep);
    timerfd_settime(timer, 0, &soon, NULL);
    show_wait_for("a timer", ep, 4, LONG_MS);
    CASE("read it", read(timer, &count, 8));
    show_wait("read", ep);
    kill(getpid(), SIGUSR1);
    show_wait_for("a signal", ep, 4, LONG_MS);
    show_wait("once", ep);
    CASE("read it", read(signals, &info, sizeof info));
    kill(getpid(), SIGUSR1);
    show_wait_for("another", ep, 4, LONG_MS);
    CASE("read it", read(signals, &info, sizeof info));
    soon.it_interval.tv_nsec = MS;
    control(ep, EPOLL_CTL_MOD, timer, EPOLLIN | EPOLLET, 3);
    timerfd_settime(timer, 0, &soon, NULL);
    show_wait_for("a timer that goes on", ep, 4, LONG_MS);
    CASE("read it", read(timer, &count, 8));
    show_wait_for("it goes on", ep, 4, LONG_MS);
    close(signals);
    close(timer);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    close(ep);
}

static void times(void)
{
    int ep = new_epoll();
    int64_t before = now_ns(CLOCK_MONOTONIC);
    show_wait_for("20 ms", ep, 1, 20);
    HOLDS("so long", now_ns(CLOCK_MONOTONIC) - before >= 20 * MS);
    struct timespec t = { 0, 5 * MS };
    struct epoll_event event;
    before = now_ns(CLOCK_MONOTONIC);
    CASE("5 ms", syscall(CALL_EPOLL_PWAIT2, ep, &event, 1, &t, NULL, 8));
    HOLDS("so long", now_ns(CLOCK_MONOTONIC) - before >= 5 * MS);
    HOLDS("the time is as it was", t.tv_nsec == 5 * MS);
    close(ep);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    making();
    refusals();
    faults();
    levels();
    edges();
    one_shots();
    hang_ups();
    closing();
    turns();
    crowd();
    exclusive();
    nesting();
    other_files();
    times();
    return end_cases();
}
