/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's file attributes as user space sees them on x86-64.
 * [linux uapi asm/stat.h, linux/stat.h, asm-generic/statfs.h] */
#pragma once
#include "lib/base.h"

/* Octal, as in every manual. */
enum {
    LINUX_S_IFMT = 0170000,
    LINUX_S_IFSOCK = 0140000,
    LINUX_S_IFLNK = 0120000,
    LINUX_S_IFREG = 0100000,
    LINUX_S_IFBLK = 0060000,
    LINUX_S_IFDIR = 0040000,
    LINUX_S_IFCHR = 0020000,
    LINUX_S_IFIFO = 0010000,
    LINUX_S_ISUID = 04000,
    LINUX_S_ISGID = 02000,
    LINUX_S_ISVTX = 01000,
    LINUX_S_IXUGO = 0111,
    LINUX_S_IALLUGO = 07777,
};

struct linux_stat {
    uint64_t st_dev;
    uint64_t st_ino;
    uint64_t st_nlink;
    uint32_t st_mode;
    uint32_t st_uid;
    uint32_t st_gid;
    uint32_t pad0;
    uint64_t st_rdev;
    int64_t st_size;
    int64_t st_blksize;
    int64_t st_blocks; /* of 512 bytes */
    uint64_t st_atime_s, st_atime_ns;
    uint64_t st_mtime_s, st_mtime_ns;
    uint64_t st_ctime_s, st_ctime_ns;
    int64_t reserved[3];
};
_Static_assert(sizeof(struct linux_stat) == 144, "fixed by the ABI");
_Static_assert(offsetof(struct linux_stat, st_size) == 48, "fixed by the ABI");

struct linux_statx_timestamp {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t reserved;
};

struct linux_statx {
    uint32_t stx_mask;
    uint32_t stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink;
    uint32_t stx_uid;
    uint32_t stx_gid;
    uint16_t stx_mode;
    uint16_t pad0;
    uint64_t stx_ino;
    uint64_t stx_size;
    uint64_t stx_blocks;
    uint64_t stx_attributes_mask;
    struct linux_statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
    uint32_t stx_rdev_major, stx_rdev_minor;
    uint32_t stx_dev_major, stx_dev_minor;
    uint64_t stx_mnt_id;
    uint64_t reserved[13];
};
_Static_assert(sizeof(struct linux_statx) == 256, "fixed by the ABI");
_Static_assert(offsetof(struct linux_statx, stx_atime) == 64, "fixed by the ABI");
_Static_assert(offsetof(struct linux_statx, stx_mnt_id) == 144, "fixed by the ABI");

#define LINUX_STATX_BASIC_STATS 0x7ffu
#define LINUX_STATX_BTIME       0x800u
#define LINUX_STATX_MNT_ID      0x1000u
#define LINUX_STATX_RESERVED    0x80000000u

struct linux_statfs {
    int64_t f_type;
    int64_t f_bsize;
    int64_t f_blocks;
    int64_t f_bfree;
    int64_t f_bavail;
    int64_t f_files;
    int64_t f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen;
    int64_t f_frsize;
    int64_t f_flags;
    int64_t f_spare[4];
};
_Static_assert(sizeof(struct linux_statfs) == 120, "fixed by the ABI");

struct linux_ustat {
    int32_t f_tfree;
    int32_t pad0;
    uint64_t f_tinode;
    char f_fname[6], f_fpack[6];
    int32_t pad1;
};
_Static_assert(sizeof(struct linux_ustat) == 32, "fixed by the ABI");

#define LINUX_TMPFS_MAGIC  0x01021994
#define LINUX_RAMFS_MAGIC  0x858458f6
#define LINUX_PROC_MAGIC   0x9fa0
#define LINUX_SYSFS_MAGIC  0x62656572
#define LINUX_DEVPTS_MAGIC 0x1cd1

/* f_flags. [linux include/linux/statfs.h] */
#define LINUX_ST_RDONLY  0x0001
#define LINUX_ST_NOSUID  0x0002
#define LINUX_ST_NODEV   0x0004
#define LINUX_ST_NOEXEC  0x0008
#define LINUX_ST_VALID   0x0020
#define LINUX_ST_NOATIME 0x0400

/* Special values of tv_nsec in utimensat. */
#define LINUX_UTIME_NOW  0x3fffffff
#define LINUX_UTIME_OMIT 0x3ffffffe

/* A device number in the 64-bit form of st_rdev, and in the 32-bit form mknod takes: the low eight
 * bits of minor, twelve of major, the rest of minor. Both agree below 4096 majors. */
static inline uint64_t linux_makedev(uint32_t major, uint32_t minor)
{
    return (uint64_t)(minor & 0xff) | (uint64_t)(major & 0xfff) << 8 | (uint64_t)(minor & ~0xffu) << 12;
}
static inline uint32_t linux_major(uint64_t device) { return (uint32_t)(device >> 8) & 0xfff; }
static inline uint32_t linux_minor(uint64_t device)
{
    return (uint32_t)(device & 0xff) | ((uint32_t)(device >> 12) & ~0xffu);
}
