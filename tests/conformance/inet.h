/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs about the internet families share: everything happens over the loopback interface, and ports that
 * the kernel chose are told as whether they are what was expected. */
#pragma once
#include "tests/conformance/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

struct place {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t bytes;
};

/* A family's own address of this machine. */
static inline struct place here(int family, int port)
{
    struct place p = { 0 };
    if (family == AF_INET) {
        p.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        p.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        p.bytes = sizeof p.v4;
    } else {
        p.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
        p.v6.sin6_addr.s6_addr[15] = 1;
        p.bytes = sizeof p.v6;
    }
    return p;
}
static inline struct place text_place(int family, const char *text, int port)
{
    struct place p = here(family, port);
    inet_pton(family, text, family == AF_INET ? (void *)&p.v4.sin_addr : (void *)&p.v6.sin6_addr);
    return p;
}
static inline int port_of(int fd)
{
    struct place p;
    p.bytes = sizeof p.v6;
    if (getsockname(fd, &p.any, &p.bytes) != 0) return -1;
    return ntohs(p.any.sa_family == AF_INET ? p.v4.sin_port : p.v6.sin6_port);
}
static inline int bind_place(int fd, struct place p) { return bind(fd, &p.any, p.bytes); }
static inline int connect_place(int fd, struct place p) { return connect(fd, &p.any, p.bytes); }
static inline long send_place(int fd, const char *text, struct place p)
{
    return sendto(fd, text, strlen(text), 0, &p.any, p.bytes);
}

/* The port as a word: whose it is. */
static inline void show_place(const char *what, const struct place *p, int expected)
{
    char text[64] = "?";
    int port = 0;
    if (p->any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &p->v4.sin_addr, text, sizeof text);
        port = ntohs(p->v4.sin_port);
    } else if (p->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &p->v6.sin6_addr, text, sizeof text);
        port = ntohs(p->v6.sin6_port);
    }
    printf("%s: family %d, %d bytes, %s port %s\n", what, p->any.sa_family, (int)p->bytes, text,
           port == 0          ? "none"
           : port == expected ? "as expected"
                              : "of its own");
}
static inline void show_own(int fd, int expected)
{
    struct place p = { .bytes = sizeof p.v6 };
    if (SHOW(getsockname(fd, &p.any, &p.bytes)) == 0) show_place("own", &p, expected);
}
static inline void show_other(int fd, int expected)
{
    struct place p = { .bytes = sizeof p.v6 };
    if (SHOW(getpeername(fd, &p.any, &p.bytes)) == 0) show_place("other", &p, expected);
}

/* What takes a moment on one of the kernels is waited for. */
static inline void wait_for(int fd, int events)
{
    struct pollfd list = { fd, (short)events, 0 };
    poll(&list, 1, 2000);
}
static inline void settle(void) { poll(NULL, 0, 20); }

static inline int number_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t bytes = sizeof value;
    return getsockopt(fd, level, name, &value, &bytes) == 0 ? value : -errno;
}
static inline int set_number_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}
