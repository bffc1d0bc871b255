/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd, timerfd, pipe. [linux uapi linux/eventfd.h, linux/timerfd.h, linux/time.h] */
#pragma once
#include "abi/linux/time.h"

enum {
    LINUX_EFD_SEMAPHORE = 1,
    LINUX_EFD_NONBLOCK = 04000,
    LINUX_EFD_CLOEXEC = 02000000,
};

enum {
    LINUX_TFD_TIMER_ABSTIME = 1,
    LINUX_TFD_TIMER_CANCEL_ON_SET = 2,
    LINUX_TFD_NONBLOCK = 04000,
    LINUX_TFD_CLOEXEC = 02000000,
};

struct linux_itimerspec {
    struct linux_timespec interval, value;
};
_Static_assert(sizeof(struct linux_itimerspec) == 32, "ABI");
