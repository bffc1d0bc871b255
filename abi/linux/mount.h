/* SPDX-License-Identifier: Apache-2.0 */
/* mount(2) and umount2(2). [linux uapi linux/mount.h, include/linux/fs.h] */
#pragma once

enum {
    LINUX_MS_RDONLY = 1,
    LINUX_MS_NOSUID = 2,
    LINUX_MS_NODEV = 4,
    LINUX_MS_NOEXEC = 8,
    LINUX_MS_SYNCHRONOUS = 16,
    LINUX_MS_REMOUNT = 32,
    LINUX_MS_MANDLOCK = 64,
    LINUX_MS_DIRSYNC = 128,
    LINUX_MS_NOATIME = 1024,
    LINUX_MS_NODIRATIME = 2048,
    LINUX_MS_BIND = 4096,
    LINUX_MS_MOVE = 8192,
    LINUX_MS_REC = 16384,
    LINUX_MS_SILENT = 32768,
    LINUX_MS_UNBINDABLE = 1 << 17,
    LINUX_MS_PRIVATE = 1 << 18,
    LINUX_MS_SLAVE = 1 << 19,
    LINUX_MS_SHARED = 1 << 20,
    LINUX_MS_RELATIME = 1 << 21,
    LINUX_MS_STRICTATIME = 1 << 24,
};
#define LINUX_MS_NOUSER  (1u << 31)
#define LINUX_MS_MGC_VAL 0xc0ed0000u /* what the oldest programs put above the flags */
#define LINUX_MS_MGC_MSK 0xffff0000u

enum {
    LINUX_MNT_FORCE = 1,
    LINUX_MNT_DETACH = 2,
    LINUX_MNT_EXPIRE = 4,
    LINUX_UMOUNT_NOFOLLOW = 8,
};
