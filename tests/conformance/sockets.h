/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs about sockets share. Addresses of AF_UNIX are told with their length, bytes that no text has as
 * numbers; what a message brings besides its bytes is told whole. */
#pragma once
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static int case_count;

static inline void begin_case(const char *what)
{
    case_count++;
    printf("-- %s\n", what);
}

/* The bits that hold now, of all that there are. */
static inline void show_poll(const char *what, int fd)
{
    struct pollfd list = {
        fd, POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM | POLLRDBAND | POLLWRBAND | POLLRDHUP, 0
    };
    int ready = poll(&list, 1, 0);
    printf("%s: poll %d:", what, ready);
    static const struct {
        int bit;
        const char *name;
    } bits[] = {
        { POLLIN, "IN" },         { POLLPRI, "PRI" },       { POLLOUT, "OUT" },
        { POLLERR, "ERR" },       { POLLHUP, "HUP" },       { POLLNVAL, "NVAL" },
        { POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" }, { POLLWRNORM, "WRNORM" },
        { POLLWRBAND, "WRBAND" }, { POLLRDHUP, "RDHUP" },
    };
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (list.revents & bits[i].bit) printf(" %s", bits[i].name);
    printf("\n");
}

static inline void show_bytes(const char *what, const void *bytes, long count)
{
    const unsigned char *at = bytes;
    printf("%s %ld:", what, count);
    for (long i = 0; i < count && i < 80; i++)
        if (at[i] >= ' ' && at[i] < 127)
            printf("%c", at[i]);
        else
            printf("\\%d", at[i]);
    printf("\n");
}

static inline int option(int fd, int name)
{
    int value = -1;
    socklen_t bytes = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &bytes) == 0 ? value : -errno;
}

static inline int set_option(int fd, int name, int value)
{
    return setsockopt(fd, SOL_SOCKET, name, &value, sizeof value);
}

/* ---- names of AF_UNIX ---- */

struct name {
    struct sockaddr_un un;
    socklen_t bytes;
};

static inline struct name path_name(const char *path)
{
    struct name n = { .un.sun_family = AF_UNIX };
    strcpy(n.un.sun_path, path);
    n.bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1);
    return n;
}
/* An abstract one; the process makes it differ from those of others that run at the same time. */
static inline struct name hidden_name(const char *text)
{
    struct name n = { .un.sun_family = AF_UNIX };
    int bytes = snprintf(n.un.sun_path + 1, sizeof n.un.sun_path - 1, "%s", text);
    n.bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)bytes);
    return n;
}
static inline int bind_to(int fd, struct name n) { return bind(fd, (struct sockaddr *)&n.un, n.bytes); }
static inline int connect_to(int fd, struct name n) { return connect(fd, (struct sockaddr *)&n.un, n.bytes); }

static inline void show_address(const char *what, const struct sockaddr_un *un, socklen_t bytes)
{
    printf("%s: %d bytes", what, (int)bytes);
    if (bytes >= 2) printf(", family %d", un->sun_family);
    if (bytes > 2)
        show_bytes(", path", un->sun_path, (long)bytes - 2);
    else
        printf("\n");
}
static inline void show_name(int fd)
{
    struct sockaddr_un un = { 0 };
    socklen_t bytes = sizeof un;
    if (SHOW(getsockname(fd, (struct sockaddr *)&un, &bytes)) == 0) show_address("name", &un, bytes);
}
static inline void show_peer(int fd)
{
    struct sockaddr_un un = { 0 };
    socklen_t bytes = sizeof un;
    if (SHOW(getpeername(fd, (struct sockaddr *)&un, &bytes)) == 0) show_address("peer", &un, bytes);
}

/* ---- messages ---- */

static inline long send_text(int fd, const char *text, int flags)
{
    return send(fd, text, strlen(text), flags);
}

static inline void take(int fd, size_t room, int flags)
{
    static char buffer[300000];
    long got = recv(fd, buffer, room, flags);
    if (got < 0)
        printf("take: %s\n", error_name(errno));
    else
        show_bytes("take", buffer, got < (long)room ? got : (long)room);
}

/* Sends text with the files, or none. */
static inline long send_files(int fd, const char *text, const int *files, size_t count, int flags)
{
    char control[CMSG_SPACE(256 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
    struct iovec part = { (char *)text, strlen(text) };
    struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
    if (count) {
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(c), files, count * sizeof(int));
    }
    return sendmsg(fd, &m, flags);
}

static inline void show_control(const struct cmsghdr *c)
{
    size_t bytes = c->cmsg_len - CMSG_LEN(0);
    printf("control: level %d, type %d, %zu bytes", c->cmsg_level, c->cmsg_type, bytes);
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS && bytes == sizeof(struct ucred)) {
        struct ucred who;
        memcpy(&who, CMSG_DATA(c), sizeof who);
        printf(", %s, uid %d, gid %d",
               who.pid == getpid() ? "own pid"
               : who.pid == 0      ? "no pid"
                                   : "another pid",
               (int)who.uid, (int)who.gid);
    }
    printf("\n");
}

/* Receives with so much room for bytes and control data; descriptors go to `files`. Their number. */
static inline int take_message(int fd, size_t room, size_t control_room, int flags, int files[256])
{
    static char buffer[4096];
    char control[CMSG_SPACE(256 * sizeof(int))] __attribute__((aligned(8))) = { 0 };
    struct sockaddr_un from = { 0 };
    struct iovec part = { buffer, room };
    struct msghdr m = { .msg_name = &from,
                        .msg_namelen = sizeof from,
                        .msg_iov = &part,
                        .msg_iovlen = 1,
                        .msg_control = control_room ? control : NULL,
                        .msg_controllen = control_room,
                        .msg_flags = 0x1234 };
    int count = 0;
    long got = recvmsg(fd, &m, flags);
    if (got < 0) {
        printf("message: %s\n", error_name(errno));
        return 0;
    }
    show_bytes("message", buffer, got < (long)room ? got : (long)room);
    printf("returned %ld, flags %#x, control %zu\n", got, m.msg_flags, (size_t)m.msg_controllen);
    show_address("from", &from, m.msg_namelen);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        show_control(c);
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t bytes = c->cmsg_len - CMSG_LEN(0);
        memcpy(files + count, CMSG_DATA(c), bytes);
        count += (int)(bytes / sizeof(int));
    }
    return count;
}

/* What is not waited for longer than this is not coming: a kernel without it must not hang. */
static inline void bound(int fd)
{
    struct timeval limit = { 5, 0 };
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
}

static inline void finish(void)
{
    printf("# %d cases\n", case_count);
    fflush(stdout);
}
