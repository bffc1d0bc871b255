/* SPDX-License-Identifier: Apache-2.0 */
/* epoll. [linux uapi linux/eventpoll.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_EPOLL_CTL_ADD = 1,
    LINUX_EPOLL_CTL_DEL = 2,
    LINUX_EPOLL_CTL_MOD = 3,
    LINUX_EPOLL_CLOEXEC = 02000000,
};

/* Events are LINUX_POLL bits and these. */
#define LINUX_EPOLLEXCLUSIVE (1u << 28)
#define LINUX_EPOLLWAKEUP    (1u << 29)
#define LINUX_EPOLLONESHOT   (1u << 30)
#define LINUX_EPOLLET        (1u << 31)

struct linux_epoll_event {
    uint32_t events;
    uint64_t data;
} PACKED;
_Static_assert(sizeof(struct linux_epoll_event) == 12, "fixed by the ABI");
