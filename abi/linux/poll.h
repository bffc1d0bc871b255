/* SPDX-License-Identifier: Apache-2.0 */
/* poll, ppoll, select. [linux uapi asm-generic/poll.h, linux/posix_types.h] */
#pragma once
#include "lib/base.h"

struct linux_pollfd {
    int32_t fd;
    int16_t events;
    int16_t revents;
};
_Static_assert(sizeof(struct linux_pollfd) == 8, "fixed by the ABI");

enum {
    LINUX_POLLIN = 0x001,
    LINUX_POLLPRI = 0x002,
    LINUX_POLLOUT = 0x004,
    LINUX_POLLERR = 0x008,
    LINUX_POLLHUP = 0x010,
    LINUX_POLLNVAL = 0x020,
    LINUX_POLLRDNORM = 0x040,
    LINUX_POLLRDBAND = 0x080,
    LINUX_POLLWRNORM = 0x100,
    LINUX_POLLWRBAND = 0x200,
    LINUX_POLLRDHUP = 0x2000,
};

enum { LINUX_FD_SETSIZE = 1024 };
