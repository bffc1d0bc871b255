/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of every family. [linux uapi asm-generic/socket.h, linux/socket.h, linux/un.h, linux/sockios.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_AF_UNSPEC = 0,
    LINUX_AF_UNIX = 1,
    LINUX_AF_INET = 2,
    LINUX_AF_INET6 = 10,
    LINUX_AF_NETLINK = 16
};
enum { LINUX_AF_COUNT = 46 };

enum {
    LINUX_SOCK_STREAM = 1,
    LINUX_SOCK_DGRAM = 2,
    LINUX_SOCK_RAW = 3,
    LINUX_SOCK_SEQPACKET = 5,
    LINUX_SOCK_TYPE_COUNT = 11,
    LINUX_SOCK_TYPE_MASK = 0xf,
    LINUX_SOCK_NONBLOCK = 04000,
    LINUX_SOCK_CLOEXEC = 02000000,
};

enum { LINUX_SHUT_RD, LINUX_SHUT_WR, LINUX_SHUT_RDWR };

#define LINUX_MSG_OOB          0x1u
#define LINUX_MSG_PEEK         0x2u
#define LINUX_MSG_CTRUNC       0x8u
#define LINUX_MSG_TRUNC        0x20u
#define LINUX_MSG_DONTWAIT     0x40u
#define LINUX_MSG_EOR          0x80u
#define LINUX_MSG_WAITALL      0x100u
#define LINUX_MSG_ERRQUEUE     0x2000u
#define LINUX_MSG_NOSIGNAL     0x4000u
#define LINUX_MSG_MORE         0x8000u
#define LINUX_MSG_WAITFORONE   0x10000u
#define LINUX_MSG_CMSG_CLOEXEC 0x40000000u
#define LINUX_MSG_CMSG_COMPAT  0x80000000u

struct linux_msghdr {
    uint64_t name;
    int32_t name_bytes;
    uint32_t pad0;
    uint64_t vector, vector_count;
    uint64_t control, control_bytes;
    uint32_t flags;
    uint32_t pad1;
};
_Static_assert(sizeof(struct linux_msghdr) == 56, "fixed by the ABI");

struct linux_mmsghdr {
    struct linux_msghdr header;
    uint32_t bytes;
    uint32_t pad;
};
_Static_assert(sizeof(struct linux_mmsghdr) == 64, "fixed by the ABI");

struct linux_cmsghdr {
    uint64_t bytes; /* of header and data */
    int32_t level, type;
};
_Static_assert(sizeof(struct linux_cmsghdr) == 16, "fixed by the ABI");

enum { LINUX_SCM_RIGHTS = 1, LINUX_SCM_CREDENTIALS = 2 };
enum { LINUX_SCM_MAX_FD = 253 };

struct linux_ucred {
    uint32_t pid, uid, gid;
};
struct linux_linger {
    int32_t is_on, seconds;
};

enum { LINUX_UNIX_PATH_MAX = 108 };
struct linux_sockaddr_un {
    uint16_t family;
    char path[LINUX_UNIX_PATH_MAX];
};
enum { LINUX_SOCKADDR_MAX = 128 }; /* struct sockaddr_storage */

enum { LINUX_SOL_SOCKET = 1 };
enum {
    LINUX_SO_DEBUG = 1,
    LINUX_SO_REUSEADDR = 2,
    LINUX_SO_TYPE = 3,
    LINUX_SO_ERROR = 4,
    LINUX_SO_DONTROUTE = 5,
    LINUX_SO_BROADCAST = 6,
    LINUX_SO_SNDBUF = 7,
    LINUX_SO_RCVBUF = 8,
    LINUX_SO_KEEPALIVE = 9,
    LINUX_SO_OOBINLINE = 10,
    LINUX_SO_NO_CHECK = 11,
    LINUX_SO_PRIORITY = 12,
    LINUX_SO_LINGER = 13,
    LINUX_SO_BSDCOMPAT = 14,
    LINUX_SO_REUSEPORT = 15,
    LINUX_SO_BINDTODEVICE = 25,
    LINUX_SO_PASSCRED = 16,
    LINUX_SO_PEERCRED = 17,
    LINUX_SO_RCVLOWAT = 18,
    LINUX_SO_SNDLOWAT = 19,
    LINUX_SO_RCVTIMEO_OLD = 20,
    LINUX_SO_SNDTIMEO_OLD = 21,
    LINUX_SO_PEERNAME = 28,
    LINUX_SO_TIMESTAMP_OLD = 29,
    LINUX_SO_ACCEPTCONN = 30,
    LINUX_SO_SNDBUFFORCE = 32,
    LINUX_SO_RCVBUFFORCE = 33,
    LINUX_SO_TIMESTAMPNS_OLD = 35,
    LINUX_SO_MARK = 36,
    LINUX_SO_PROTOCOL = 38,
    LINUX_SO_DOMAIN = 39,
    LINUX_SO_COOKIE = 57,
    LINUX_SO_INCOMING_CPU = 49,
    LINUX_SO_TIMESTAMP_NEW = 63,
    LINUX_SO_TIMESTAMPNS_NEW = 64,
    LINUX_SO_RCVTIMEO_NEW = 66,
    LINUX_SO_SNDTIMEO_NEW = 67,
};

enum { LINUX_SIOCATMARK = 0x8905, LINUX_SIOCOUTQ = 0x5411 };
