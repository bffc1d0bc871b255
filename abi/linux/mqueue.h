/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX message queues. [linux uapi linux/mqueue.h, include/linux/ipc_namespace.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_MQ_PRIO_MAX = 32768,
    LINUX_MQ_HARD_MESSAGES = 65536, /* what CAP_SYS_RESOURCE may ask for */
    LINUX_MQ_HARD_BYTES = 16 << 20,
    /* What a message and a priority count, besides their bytes, against RLIMIT_MSGQUEUE. */
    LINUX_MQ_MESSAGE_COST = 48,
    LINUX_MQ_PRIORITY_COST = 48,
};

struct linux_mq_attr {
    int64_t mq_flags, mq_maxmsg, mq_msgsize, mq_curmsgs;
    int64_t reserved[4];
};
_Static_assert(sizeof(struct linux_mq_attr) == 64, "ABI");
