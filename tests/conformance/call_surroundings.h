/* SPDX-License-Identifier: Apache-2.0 */
/* The calls of calls.def, and the memory, files and descriptors that the values of call_kinds.h name. */
#pragma once
#include "tests/conformance/call_kinds.h"

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>

struct kind {
    const struct value *values;
    size_t count;
};
#define KIND(array)                   { array, sizeof(array) / sizeof *(array) }
#define EXPAND(a, b, c, d, e, f, ...) KIND(a), KIND(b), KIND(c), KIND(d), KIND(e), KIND(f)
enum print { NUMBER, DONE };
static const struct call {
    const char *name;
    long number;
    enum print print;
    struct kind kinds[CALL_ARGUMENTS];
} calls[] = {
#define CALL(name, print, ...) \
    { #name, SYS_##name, print, { EXPAND(__VA_ARGS__, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO) } },
#include "tests/conformance/calls.def"
#undef CALL
};

/* ---- surroundings ---- */

static inline void must(bool holds, const char *what)
{
    if (holds) return;
    perror(what);
    _exit(99);
}
#define MUST(condition) must(condition, #condition)

static inline void place_at(int fd, int got)
{
    MUST(got >= 0);
    MUST(dup2(got, fd) == fd && close(got) == 0);
}

static inline void place_both(const int ends[2], int first, int second)
{
    place_at(first, ends[0]);
    place_at(second, ends[1]);
}

static inline void fill_inputs(void)
{
    struct inputs *in = (struct inputs *)IN_AT;
    memset(in->data, 1, sizeof in->data);
    memset(in->long_name, 'x', sizeof in->long_name - 1);
    in->vector[0] = (struct iovec){ (void *)OUT_AT, 8 };
    in->vector[1] = (struct iovec){ (void *)(OUT_AT + 8), 4 };
    in->times[0].tv_sec = in->times[1].tv_sec = 1000000000;
    in->bad_time = (struct timespec){ .tv_nsec = -1 };
    in->far_timer[1].tv_sec = 1000;
    in->info.si_code = SI_QUEUE;
    in->signals = 1 << (10 - 1);
    in->limits[0] = in->limits[1] = 64;
    in->polled[0] = (struct pollfd){ .fd = READ_AT, .events = POLLIN };
    in->polled[1] = (struct pollfd){ .fd = WRITE_AT, .events = POLLOUT };
    in->polled[2] = (struct pollfd){ .fd = FREE_AT, .events = POLLIN };
    in->event.events = EPOLLIN | EPOLLET;
    in->bound = (struct sockaddr_un){ AF_UNIX, "s" };
    in->unbound = (struct sockaddr_un){ AF_UNIX, "s2" };
    in->other_family.sun_family = 77;
    in->length = 64;
    in->message_vector = (struct iovec){ (void *)OUT_AT, 16 };
    in->message = (struct msghdr){ .msg_iov = &in->message_vector, .msg_iovlen = 1 };
    in->messages[0].msg_hdr = in->messages[1].msg_hdr = in->message;
    in->capability_header[0] = 0x20080522; /* version 3 */
    in->ids[0] = 33;
}

/* Only what the cases name lies in the window. */
static inline void map_window(int sharing)
{
    static const struct {
        uint64_t at;
        int protection;
    } pages[] = { { IN_AT, PROT_READ | PROT_WRITE },
                  { OUT_AT, PROT_READ | PROT_WRITE },
                  { PLACE_AT, PROT_READ | PROT_WRITE },
                  { PLACE_AT + PAGE, PROT_READ },
                  { PLACE_AT + 2 * PAGE, PROT_READ | PROT_WRITE } };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        MUST(mmap((void *)pages[i].at, PAGE, pages[i].protection, sharing | MAP_ANONYMOUS | MAP_FIXED, -1,
                  0) == (void *)pages[i].at);
    fill_inputs();
}

static inline void make_files(const char *name)
{
    MUST(mkdir(name, 0755) == 0 && chdir(name) == 0 && mkdir("d", 0755) == 0);
    place_at(FILE_AT, open("f", O_RDWR | O_CREAT, 0644));
    MUST(write(FILE_AT, "0123456789", 10) == 10 && lseek(FILE_AT, 0, SEEK_SET) == 0);
    place_at(FOLDER_AT, open("d", O_RDONLY));
    /* Of its own: root may change the mode and the times of a device for everybody. */
    MUST(mknod("null", S_IFCHR | 0666, makedev(1, 3)) == 0);
    place_at(NULL_AT, open("null", O_RDWR));
    place_at(PATH_AT, open("f", O_PATH));
    place_at(MEMORY_AT, memfd_create("m", MFD_ALLOW_SEALING));
    MUST(symlink("f", "link") == 0 && symlink("loop", "loop") == 0 && symlink("nowhere", "dangling") == 0);
    MUST(mkfifo("fifo", 0600) == 0);
}

static inline void make_other_descriptors(void)
{
    const struct sockaddr_un *address = &((struct inputs *)IN_AT)->bound;
    int ends[2];
    MUST(pipe2(ends, O_NONBLOCK) == 0);
    place_both(ends, READ_AT, WRITE_AT);
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    place_both(ends, STREAM_AT, PEER_AT);
    place_at(DATAGRAM_AT, socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    place_at(LISTENER_AT, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    MUST(bind(LISTENER_AT, (const struct sockaddr *)address, sizeof *address) == 0);
    MUST(listen(LISTENER_AT, 2) == 0);
    place_at(EPOLL_AT, epoll_create1(0));
    place_at(EVENT_AT, eventfd(0, EFD_NONBLOCK));
    place_at(TIMER_AT, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGUSR1);
    place_at(SIGNAL_AT, signalfd(-1, &signals, SFD_NONBLOCK));
}
