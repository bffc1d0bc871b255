/* SPDX-License-Identifier: Apache-2.0 */
/* inotify. [linux uapi linux/inotify.h, asm-generic/ioctls.h] */
#pragma once
#include "lib/base.h"

/* What happens. */
#define LINUX_IN_ACCESS        0x00000001u
#define LINUX_IN_MODIFY        0x00000002u
#define LINUX_IN_ATTRIB        0x00000004u
#define LINUX_IN_CLOSE_WRITE   0x00000008u
#define LINUX_IN_CLOSE_NOWRITE 0x00000010u
#define LINUX_IN_OPEN          0x00000020u
#define LINUX_IN_MOVED_FROM    0x00000040u
#define LINUX_IN_MOVED_TO      0x00000080u
#define LINUX_IN_CREATE        0x00000100u
#define LINUX_IN_DELETE        0x00000200u
#define LINUX_IN_DELETE_SELF   0x00000400u
#define LINUX_IN_MOVE_SELF     0x00000800u
#define LINUX_IN_ALL_EVENTS    0x00000fffu

/* What is told besides. */
#define LINUX_IN_UNMOUNT    0x00002000u
#define LINUX_IN_Q_OVERFLOW 0x00004000u
#define LINUX_IN_IGNORED    0x00008000u
#define LINUX_IN_ISDIR      0x40000000u

/* How to watch. */
#define LINUX_IN_ONLYDIR     0x01000000u
#define LINUX_IN_DONT_FOLLOW 0x02000000u
#define LINUX_IN_EXCL_UNLINK 0x04000000u
#define LINUX_IN_MASK_CREATE 0x10000000u
#define LINUX_IN_MASK_ADD    0x20000000u
#define LINUX_IN_ONESHOT     0x80000000u

enum {
    LINUX_IN_NONBLOCK = 04000,
    LINUX_IN_CLOEXEC = 02000000,
};

struct linux_inotify_event {
    int32_t wd;
    uint32_t mask;
    uint32_t cookie; /* the same for both halves of a rename */
    uint32_t len;    /* of the name behind it, with its NULs */
};
_Static_assert(sizeof(struct linux_inotify_event) == 16, "ABI");
