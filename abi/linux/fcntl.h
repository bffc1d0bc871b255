/* SPDX-License-Identifier: Apache-2.0 */
/* Linux's flags and commands for files on x86-64.
 * [linux uapi asm-generic/fcntl.h, linux/fcntl.h, linux/falloc.h, linux/uio.h, linux/memfd.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_O_ACCMODE = 03,
    LINUX_O_RDONLY = 00,
    LINUX_O_WRONLY = 01,
    LINUX_O_RDWR = 02,
    LINUX_O_CREAT = 0100,
    LINUX_O_EXCL = 0200,
    LINUX_O_NOCTTY = 0400,
    LINUX_O_TRUNC = 01000,
    LINUX_O_APPEND = 02000,
    LINUX_O_NONBLOCK = 04000,
    LINUX_O_DSYNC = 010000,
    LINUX_O_ASYNC = 020000,
    LINUX_O_DIRECT = 040000,
    LINUX_O_LARGEFILE = 0100000,
    LINUX_O_DIRECTORY = 0200000,
    LINUX_O_NOFOLLOW = 0400000,
    LINUX_O_NOATIME = 01000000,
    LINUX_O_CLOEXEC = 02000000,
    LINUX_O_SYNC = 04010000,
    LINUX_O_PATH = 010000000,
    LINUX_O_TMPFILE_BIT = 020000000, /* O_TMPFILE is this and O_DIRECTORY */
};

enum {
    LINUX_AT_FDCWD = -100,
    LINUX_AT_SYMLINK_NOFOLLOW = 0x100,
    LINUX_AT_EACCESS = 0x200,
    LINUX_AT_REMOVEDIR = 0x200,
    LINUX_AT_SYMLINK_FOLLOW = 0x400,
    LINUX_AT_NO_AUTOMOUNT = 0x800,
    LINUX_AT_EMPTY_PATH = 0x1000,
    LINUX_AT_STATX_FORCE_SYNC = 0x2000,
    LINUX_AT_STATX_DONT_SYNC = 0x4000,
};

enum {
    LINUX_F_DUPFD = 0,
    LINUX_F_GETFD = 1,
    LINUX_F_SETFD = 2,
    LINUX_F_GETFL = 3,
    LINUX_F_SETFL = 4,
    LINUX_F_GETLK = 5,
    LINUX_F_SETLK = 6,
    LINUX_F_SETLKW = 7,
    LINUX_F_SETOWN = 8,
    LINUX_F_GETOWN = 9,
    LINUX_F_GETSIG = 11,
    LINUX_F_OFD_GETLK = 36,
    LINUX_F_OFD_SETLK = 37,
    LINUX_F_OFD_SETLKW = 38,
    LINUX_F_NOTIFY = 1026,
    LINUX_F_DUPFD_CLOEXEC = 1030,
    LINUX_F_SETPIPE_SZ = 1031,
    LINUX_F_GETPIPE_SZ = 1032,
    LINUX_F_ADD_SEALS = 1033,
    LINUX_F_GET_SEALS = 1034,
    LINUX_FD_CLOEXEC = 1,
    LINUX_F_RDLCK = 0,
    LINUX_F_WRLCK = 1,
    LINUX_F_UNLCK = 2,
};

enum {
    LINUX_F_SEAL_SEAL = 1,
    LINUX_F_SEAL_SHRINK = 2,
    LINUX_F_SEAL_GROW = 4,
    LINUX_F_SEAL_WRITE = 8,
    LINUX_F_SEAL_FUTURE_WRITE = 16,
};

#define LINUX_DN_MULTISHOT 0x80000000u /* with F_NOTIFY */

struct linux_flock {
    int16_t l_type;
    int16_t l_whence;
    int32_t pad0;
    int64_t l_start;
    int64_t l_len;
    int32_t l_pid;
    int32_t pad1;
};
_Static_assert(sizeof(struct linux_flock) == 32, "fixed by the ABI");

enum { LINUX_LOCK_SH = 1, LINUX_LOCK_EX = 2, LINUX_LOCK_NB = 4, LINUX_LOCK_UN = 8, LINUX_LOCK_MAND = 32 };

/* Of preadv2 and pwritev2. [linux uapi linux/fs.h] */
enum {
    LINUX_RWF_HIPRI = 1,
    LINUX_RWF_DSYNC = 2,
    LINUX_RWF_SYNC = 4,
    LINUX_RWF_NOWAIT = 8,
    LINUX_RWF_APPEND = 16
};

/* [linux include/linux/splice.h] */
enum {
    LINUX_SPLICE_F_MOVE = 1,
    LINUX_SPLICE_F_NONBLOCK = 2,
    LINUX_SPLICE_F_MORE = 4,
    LINUX_SPLICE_F_GIFT = 8,
};

/* Of openat2. [linux uapi linux/openat2.h] */
enum {
    LINUX_RESOLVE_NO_XDEV = 1,
    LINUX_RESOLVE_NO_MAGICLINKS = 2,
    LINUX_RESOLVE_NO_SYMLINKS = 4,
    LINUX_RESOLVE_BENEATH = 8,
    LINUX_RESOLVE_IN_ROOT = 16,
    LINUX_RESOLVE_CACHED = 32,
};
struct linux_open_how {
    uint64_t flags, mode, resolve;
};
_Static_assert(sizeof(struct linux_open_how) == 24, "the first version's size");

enum { LINUX_SEEK_SET, LINUX_SEEK_CUR, LINUX_SEEK_END, LINUX_SEEK_DATA, LINUX_SEEK_HOLE };

enum { LINUX_R_OK = 4, LINUX_W_OK = 2, LINUX_X_OK = 1 };

enum { LINUX_RENAME_NOREPLACE = 1, LINUX_RENAME_EXCHANGE = 2, LINUX_RENAME_WHITEOUT = 4 };

enum {
    LINUX_FALLOC_KEEP_SIZE = 1,
    LINUX_FALLOC_PUNCH_HOLE = 2,
    LINUX_FALLOC_COLLAPSE_RANGE = 8,
    LINUX_FALLOC_ZERO_RANGE = 16,
    LINUX_FALLOC_INSERT_RANGE = 32,
    LINUX_FALLOC_UNSHARE_RANGE = 64,
};

/* [linux uapi linux/memfd.h] */
enum {
    LINUX_MFD_CLOEXEC = 1,
    LINUX_MFD_ALLOW_SEALING = 2,
    LINUX_MFD_HUGETLB = 4,
};
#define LINUX_MFD_HUGE_SIZES (63u << 26)

enum { LINUX_CLOSE_RANGE_UNSHARE = 2, LINUX_CLOSE_RANGE_CLOEXEC = 4 };

enum {
    LINUX_NAME_MAX = 255,
    LINUX_PATH_MAX = 4096, /* NUL included */
    LINUX_IOV_MAX = 1024,
};

/* What one read or write moves at most. [linux include/linux/fs.h] */
#define LINUX_RW_COUNT_MAX 0x7ffff000ull

struct linux_iovec {
    uint64_t iov_base;
    uint64_t iov_len;
};
_Static_assert(sizeof(struct linux_iovec) == 16, "fixed by the ABI");
