/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs about epoll share. */
#pragma once
#include "tests/conformance/event_files.h"
#include "tests/conformance/tasks.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

static inline int new_epoll(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) give_up("epoll_create1");
    return fd;
}
static inline int new_event(unsigned count)
{
    int fd = eventfd(count, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) give_up("eventfd");
    return fd;
}
static inline long add_event(int fd, uint64_t value) { return write(fd, &value, 8); }
static inline uint64_t take_event(int fd)
{
    uint64_t value = 0;
    return read(fd, &value, 8) == 8 ? value : 0;
}

static inline long control(int epoll, int operation, int fd, uint32_t events, uint64_t data)
{
    struct epoll_event event = { .events = events, .data.u64 = data };
    return epoll_ctl(epoll, operation, fd, &event);
}
static inline long watch(int epoll, int fd, uint32_t events, uint64_t data)
{
    return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}

static inline void print_events(uint32_t events)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } bits[] = {
        { EPOLLIN, "IN" },         { EPOLLPRI, "PRI" },       { EPOLLOUT, "OUT" },
        { EPOLLERR, "ERR" },       { EPOLLHUP, "HUP" },       { EPOLLRDNORM, "RDNORM" },
        { EPOLLRDBAND, "RDBAND" }, { EPOLLWRNORM, "WRNORM" }, { EPOLLWRBAND, "WRBAND" },
        { EPOLLRDHUP, "RDHUP" },
    };
    uint32_t known = 0;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        if (events & bits[i].bit) printf(" %s", bits[i].name);
        known |= bits[i].bit;
    }
    if (events & ~known) printf(" and %x", events & ~known);
}

/* One line: what a wait for so many gives. */
static inline long show_wait_for(const char *what, int epoll, int capacity, int timeout)
{
    struct epoll_event events[64] = { 0 };
    case_count++;
    long count = epoll_wait(epoll, events, capacity, timeout);
    if (count < 0)
        printf("%s: %s", what, error_name(errno));
    else
        printf("%s: %ld", what, count);
    for (long i = 0; i < count; i++) {
        printf("%s %llu:", i ? "," : ";", (unsigned long long)events[i].data.u64);
        print_events(events[i].events);
    }
    printf("\n");
    return count;
}
static inline long show_wait(const char *what, int epoll) { return show_wait_for(what, epoll, 64, 0); }
