/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of arguments of the calls in calls.def: each a list of values, the first of which makes sense. Addresses
 * and descriptors are the same in every process, and what lies there as well. */
#pragma once
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

/* ---- memory: pages with nothing between them, so that what runs over an end faults ---- */

enum { PAGE = 4096, CALL_ARGUMENTS = 6 };
#define WINDOW    0x200000000
#define IN_AT     (WINDOW + 1 * PAGE)
#define OUT_AT    (WINDOW + 3 * PAGE)
#define PLACE_AT  (WINDOW + 5 * PAGE) /* three pages, the second read-only */
#define HOLE_AT   (WINDOW + 8 * PAGE)
#define PAGES_END (WINDOW + 9 * PAGE)

struct inputs {
    char data[512];
    char long_name[304];
    struct timespec times[2];
    struct timespec no_time, bad_time;
    struct iovec vector[2]; /* no length behind it is negative */
    struct timespec no_timer[2], far_timer[2];
    siginfo_t info;
    uint64_t signals, open_how[3], limits[2];
    struct pollfd polled[3];
    struct epoll_event event;
    struct sockaddr_un bound, unbound, other_family;
    uint32_t length;
    struct iovec message_vector;
    struct msghdr message;
    struct mmsghdr messages[2];
    uint32_t capability_header[2];
    uint32_t ids[4];
    int64_t position;
};

/* ---- descriptors, all of them non-blocking ---- */

enum {
    FILE_AT = 10,
    FOLDER_AT,
    READ_AT,
    WRITE_AT,
    NULL_AT,
    PATH_AT,
    MEMORY_AT,
    STREAM_AT,
    PEER_AT,
    DATAGRAM_AT,
    LISTENER_AT,
    EPOLL_AT,
    EVENT_AT,
    TIMER_AT,
    SIGNAL_AT,
    LAST_AT = SIGNAL_AT,
    FREE_AT = 99
};

struct value {
    const char *name;
    uint64_t value;
};
#define N(v)         { #v, (uint64_t)(v) }
#define P(text)      { #text, (uint64_t)(uintptr_t)(text) }
#define INPUT(field) { #field, IN_AT + offsetof(struct inputs, field) }
#define LONG_NAME    { "300 letters", IN_AT + offsetof(struct inputs, long_name) }
#define BAD                                                                      \
    { "NULL", 0 }, { "hole", HOLE_AT }, { "non-canonical", 0x8000000000001000 }, \
        { "kernel", 0xffff888000000000 }

static const struct value NONE[] = { { "NULL", 0 } };
static const struct value ZERO[] = { N(0) };

#define OTHER_FDS                                                                                         \
    { "folder", FOLDER_AT }, { "pipe", READ_AT }, { "pipe's end", WRITE_AT }, { "null", NULL_AT },        \
        { "path only", PATH_AT }, { "memory", MEMORY_AT }, { "datagrams", DATAGRAM_AT },                  \
        { "listener", LISTENER_AT }, { "epoll", EPOLL_AT }, { "event", EVENT_AT }, { "timer", TIMER_AT }, \
        { "signals", SIGNAL_AT }, { "free", FREE_AT }, N(-1), N(-100), N(INT32_MAX),                      \
    {                                                                                                     \
        "file, high bits set", 0x100000000 + FILE_AT                                                      \
    }
static const struct value FD[] = { { "file", FILE_AT }, { "stream", STREAM_AT }, OTHER_FDS };
static const struct value SOCKET_FD[] = { { "stream", STREAM_AT }, { "file", FILE_AT }, OTHER_FDS };
static const struct value EPOLL_FD[] = {
    { "epoll", EPOLL_AT }, { "file", FILE_AT }, { "event", EVENT_AT }, { "free", FREE_AT }, N(-1)
};
static const struct value TIMER_FD[] = {
    { "timer", TIMER_AT }, { "file", FILE_AT }, { "event", EVENT_AT }, { "free", FREE_AT }, N(-1)
};
static const struct value SIGNAL_FD[] = {
    N(-1), { "signals", SIGNAL_AT }, { "event", EVENT_AT }, { "free", FREE_AT }, N(-2)
};
static const struct value FILE_FD[] = {
    { "file", FILE_AT },     { "folder", FOLDER_AT }, { "pipe", READ_AT },
    { "null", NULL_AT },     { "memory", MEMORY_AT }, { "path only", PATH_AT },
    { "stream", STREAM_AT }, { "free", FREE_AT },     N(-1)
};
static const struct value DIR_FD[] = {
    { "folder", FOLDER_AT }, { "file", FILE_AT }, { "pipe", READ_AT }, { "free", FREE_AT }, N(-1)
};
static const struct value AT_FD[] = {
    N(-100), { "folder", FOLDER_AT }, { "file", FILE_AT }, { "free", FREE_AT }, N(-1)
};
static const struct value NEW_FD[] = { N(50), { "the file", FILE_AT }, N(-1), N(1 << 30) };

static const struct value PATH[] = { P("f"),   P("d"),      P("none"), P(""),         P("f/"),   P("d/.."),
                                     P("f/x"), P("link"),   P("loop"), P("dangling"), P("s"),    P("fifo"),
                                     P("d/"),  P("none/x"), P("."),    P(".."),       LONG_NAME, BAD };
/* A socket and a FIFO are kept from what would wait for the other end. */
static const struct value OPEN_PATH[] = { P("f"),      P("d"),        P("none"), P(""),
                                          P("f/"),     P("d/.."),     P("f/x"),  P("link"),
                                          P("loop"),   P("dangling"), P("s"),    P("d/"),
                                          P("none/x"), P("."),        LONG_NAME, BAD };
static const struct value LINK_PATH[] = { P("link"), P("f"), P("none"), P("loop"), P(""), P("link/"), BAD };
static const struct value NEW_PATH[] = { P("new"),   P("f"),    P("d"),        P("new/"), P("none/new"),
                                         P("f/new"), P("link"), P("dangling"), P(""),     P("."),
                                         P("d/.."),  P("s"),    LONG_NAME,     BAD };
/* Names that are wrong are seen before the path is, or after, by version. */
static const struct value ATTRIBUTE[] = { P("other.a"), P("a") };
static const struct value OUT[] = {
    { "out", OUT_AT }, { "the last 2 bytes", OUT_AT + PAGE - 2 }, BAD, { "read-only", PLACE_AT + PAGE }
};
static const struct value IN[] = { INPUT(data), BAD };
static const struct value VECTOR[] = { INPUT(vector), BAD };
static const struct value INFO[] = { INPUT(info), BAD };
static const struct value TIMES[] = { INPUT(times), INPUT(bad_time), BAD };
static const struct value WAIT_TIME[] = { INPUT(no_time), INPUT(bad_time), { "hole", HOLE_AT } };
static const struct value TIMER[] = { INPUT(far_timer), INPUT(no_timer), INPUT(bad_time), BAD };
static const struct value SIGNALS[] = { INPUT(signals), BAD };
static const struct value POSITION[] = { { "NULL", 0 }, INPUT(position), { "hole", HOLE_AT } };
static const struct value POLLED[] = { INPUT(polled), BAD };
static const struct value EVENT[] = { INPUT(event), BAD };
static const struct value ADDRESS[] = { INPUT(bound), INPUT(unbound), INPUT(other_family), BAD };
static const struct value ADDRESS_LEN[] = {
    N(sizeof(struct sockaddr_un)), N(0), N(2), N(3), N(7), N(111), N(-1)
};
static const struct value LENGTH[] = { INPUT(length), BAD };
static const struct value MESSAGE[] = { INPUT(message), BAD };
static const struct value MESSAGES[] = { INPUT(messages), BAD };
static const struct value IDS[] = { INPUT(ids), BAD };
static const struct value LIMITS[] = { INPUT(limits), BAD };
static const struct value HEADER[] = { INPUT(capability_header), BAD };
static const struct value SET[] = { { "out", OUT_AT }, BAD };
static const struct value PLACE[] = { { "place", PLACE_AT },
                                      { "hole", HOLE_AT },
                                      { "place + 1", PLACE_AT + 1 },
                                      { "kernel", 0xffff888000000000 } };
static const struct value LEN[] = { N(64), N(0), N(1), N(8), N(PAGE), N(-1) };
static const struct value OFFSET[] = { N(0), N(1), N(5), N(1000), N(-1), N(INT64_MIN) };
static const struct value PAGE_OFFSET[] = { N(0), N(PAGE), N(1), N(-PAGE), N(INT64_MIN) };
static const struct value INT[] = { N(1), N(0), N(2),    N(3),  N(4),  N(5),
                                    N(7), N(8), N(1000), N(-1), N(-2), N(INT32_MIN) };
static const struct value FLAGS[] = {
    N(0),       N(1 << 0),   N(1 << 1),   N(1 << 2),  N(1 << 3),  N(1 << 4),  N(1 << 5),
    N(1 << 6),  N(1 << 7),   N(1 << 8),   N(1 << 9),  N(1 << 10), N(1 << 11), N(1 << 12),
    N(1 << 13), N(1 << 14),  N(1 << 16),  N(1 << 18), N(1 << 19), N(1 << 20), N(1 << 21),
    N(1 << 23), N(1u << 30), N(1u << 31), N(-1),
};
static const struct value SMALL_FLAGS[] = { N(0), N(1), N(2), N(3), N(5), N(6), N(8), N(1 << 10), N(-1) };
static const struct value OPEN_FLAGS[] = { N(O_RDONLY),
                                           N(O_WRONLY),
                                           N(O_RDWR),
                                           N(3),
                                           N(O_CREAT),
                                           N(O_CREAT | O_EXCL | O_RDWR),
                                           N(O_TRUNC | O_WRONLY),
                                           N(O_APPEND | O_RDWR),
                                           N(O_DIRECTORY),
                                           N(O_NOFOLLOW),
                                           N(O_PATH),
                                           N(O_PATH | O_NOFOLLOW),
                                           N(O_CREAT | O_DIRECTORY),
                                           N(O_TMPFILE),
                                           N(O_TMPFILE | O_RDWR),
                                           N(O_CLOEXEC | O_NONBLOCK),
                                           N(O_NOATIME),
                                           N(O_SYNC) };
static const struct value MODE[] = { N(0644), N(0), N(07777), N(0170644), N(-1) };
static const struct value FILE_MODE[] = { N(0100644), N(0644),    N(0010600), N(0140600),
                                          N(0040755), N(0120777), N(0050000), N(-1) };
static const struct value ID[] = { N(0), N(33), N(-1), N(65534) };
static const struct value PID[] = { N(0), N(-1), N(0x3fffffff), N(INT32_MIN) };
static const struct value NOBODY[] = { N(0x3fffffff), N(INT32_MIN) }; /* no process is hit */
static const struct value SIGNAL[] = { N(10), N(0), N(9), N(64), N(65), N(-1) };
static const struct value SIZE8[] = { N(8), N(0), N(7), N(-1) };
static const struct value RESOURCE[] = { N(7), N(0), N(15), N(16), N(-1) };
static const struct value CLOCK[] = { N(1), N(0), N(4), N(7), N(10), N(12), N(16), N(1000), N(-1) };
static const struct value LOCK[] = { N(2), N(0), N(1), N(4), N(5), N(8), N(3), N(16), N(-1) };
static const struct value STATX_MASK[] = { N(0x7ff), N(0), N(0xfff), N(1u << 31) };
static const struct value FCNTL[] = { N(F_GETFD),     N(F_DUPFD),     N(F_SETFD),
                                      N(F_GETFL),     N(F_SETFL),     N(F_DUPFD_CLOEXEC),
                                      N(F_GETLK),     N(F_SETLK),     N(F_GETPIPE_SZ),
                                      N(F_GET_SEALS), N(F_ADD_SEALS), N(F_GETOWN),
                                      N(F_GETSIG),    N(100),         N(-1) };
static const struct value FCNTL_ARGUMENT[] = { N(0), N(1), { "out", OUT_AT }, { "hole", HOLE_AT }, N(-1) };
static const struct value IOCTL[] = { N(0x541b), N(0x5421), N(0x5450), N(0x5451),
                                      N(0x5401), N(0x5413), N(0x7777) };
static const struct value EPOLL_CTL[] = { N(1), N(2), N(3), N(0), N(4), N(-1) };
static const struct value NO_WAIT_MS[] = { N(0), N(1) };
static const struct value COUNT[] = { N(1), N(0), N(2), N(3), N(-1), N(INT32_MIN) };
static const struct value SELECT_COUNT[] = { N(16), N(0), N(100), N(1000), N(-1) };
static const struct value FAMILY[] = { N(AF_UNIX), N(0), N(60), N(-1) };
static const struct value SOCKET_TYPE[] = {
    N(SOCK_STREAM), N(SOCK_DGRAM), N(SOCK_SEQPACKET),
    N(SOCK_RAW),    N(0),          N(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC),
    N(11),          N(1 << 20),    N(-1)
};
static const struct value PROTOCOL[] = { N(0), N(1), N(2), N(-1) };
static const struct value LEVEL[] = { N(SOL_SOCKET), N(0), N(77), N(-1) };
static const struct value OPTION[] = {
    N(SO_TYPE),      N(SO_REUSEADDR),  N(SO_ERROR),    N(SO_BROADCAST), N(SO_SNDBUF),   N(SO_RCVBUF),
    N(SO_KEEPALIVE), N(SO_LINGER),     N(SO_PASSCRED), N(SO_PEERCRED),  N(SO_RCVLOWAT), N(SO_RCVTIMEO),
    N(SO_SNDTIMEO),  N(SO_ACCEPTCONN), N(SO_PROTOCOL), N(SO_DOMAIN),    N(200),         N(-1)
};
static const struct value PRCTL[] = { N(3),  N(2),  N(4),  N(7),  N(8),  N(15),   N(16),
                                      N(21), N(23), N(27), N(28), N(30), N(36),   N(37),
                                      N(38), N(39), N(40), N(41), N(42), N(1000), N(-1) };
static const struct value ARCH_PRCTL[] = { N(0x1003), N(0x1004), N(0x1011), N(0x1000), N(-1) };
static const struct value FUTEX[] = { N(0), N(1), N(128), N(129), N(3),  N(4), N(5),
                                      N(7), N(9), N(10),  N(138), N(77), N(-1) };
static const struct value PROTECTION[] = { N(3), N(0), N(1), N(2), N(4), N(7), N(8), N(1 << 24), N(-1) };
static const struct value MAP[] = { N(0x22),     N(0x21), N(0x02),   N(0x01),   N(0x03),
                                    N(0),        N(0x32), N(0x12),   N(0x11),   N(0x100022),
                                    N(0x100012), N(0x20), N(0x8022), N(0x4022), N(1u << 31) };
static const struct value ADVICE[] = { N(0),  N(1),  N(2),  N(3),  N(4),  N(8),  N(9),  N(10),
                                       N(11), N(12), N(13), N(14), N(15), N(16), N(17), N(18),
                                       N(19), N(20), N(21), N(22), N(23), N(24), N(99), N(-1) };
static const struct value NO_ID[] = { N(-1), N(0x3fffffff), N(INT32_MIN) };
static const struct value IPC_COMMAND[] = { N(2), N(0), N(1), N(12), N(13), N(99), N(-1) };
static const struct value WHICH[] = { N(0), N(1), N(2), N(3), N(-1) };
static const struct value NICENESS[] = { N(0), N(5), N(19), N(-1), N(100) };
static const struct value POLICY[] = { N(0), N(3), N(5), N(4), N(9), N(-1) };
