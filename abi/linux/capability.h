/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: numbers of bits in a set of 64. [linux uapi linux/capability.h, linux/securebits.h, linux/prctl.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_CAP_CHOWN = 0,
    LINUX_CAP_DAC_OVERRIDE = 1,
    LINUX_CAP_DAC_READ_SEARCH = 2,
    LINUX_CAP_FOWNER = 3,
    LINUX_CAP_FSETID = 4,
    LINUX_CAP_KILL = 5,
    LINUX_CAP_SETGID = 6,
    LINUX_CAP_SETUID = 7,
    LINUX_CAP_SETPCAP = 8,
    LINUX_CAP_LINUX_IMMUTABLE = 9,
    LINUX_CAP_NET_BIND_SERVICE = 10,
    LINUX_CAP_NET_BROADCAST = 11,
    LINUX_CAP_NET_ADMIN = 12,
    LINUX_CAP_NET_RAW = 13,
    LINUX_CAP_IPC_LOCK = 14,
    LINUX_CAP_IPC_OWNER = 15,
    LINUX_CAP_SYS_MODULE = 16,
    LINUX_CAP_SYS_RAWIO = 17,
    LINUX_CAP_SYS_CHROOT = 18,
    LINUX_CAP_SYS_PTRACE = 19,
    LINUX_CAP_SYS_PACCT = 20,
    LINUX_CAP_SYS_ADMIN = 21,
    LINUX_CAP_SYS_BOOT = 22,
    LINUX_CAP_SYS_NICE = 23,
    LINUX_CAP_SYS_RESOURCE = 24,
    LINUX_CAP_SYS_TIME = 25,
    LINUX_CAP_SYS_TTY_CONFIG = 26,
    LINUX_CAP_MKNOD = 27,
    LINUX_CAP_LEASE = 28,
    LINUX_CAP_AUDIT_WRITE = 29,
    LINUX_CAP_AUDIT_CONTROL = 30,
    LINUX_CAP_SETFCAP = 31,
    LINUX_CAP_MAC_OVERRIDE = 32,
    LINUX_CAP_MAC_ADMIN = 33,
    LINUX_CAP_SYSLOG = 34,
    LINUX_CAP_WAKE_ALARM = 35,
    LINUX_CAP_BLOCK_SUSPEND = 36,
    LINUX_CAP_AUDIT_READ = 37,
    LINUX_CAP_PERFMON = 38,
    LINUX_CAP_BPF = 39,
    LINUX_CAP_CHECKPOINT_RESTORE = 40,
    LINUX_CAP_LAST = LINUX_CAP_CHECKPOINT_RESTORE,
};
#define LINUX_CAPABILITIES_ALL ((1ull << (LINUX_CAP_LAST + 1)) - 1)

struct linux_cap_header {
    uint32_t version;
    int32_t pid;
};
struct
    linux_cap_data { /* one of them with version 1, two with the others: the low half of each set, then the high */
    uint32_t effective, permitted, inheritable;
};
_Static_assert(sizeof(struct linux_cap_data) == 12, "fixed by the ABI");
#define LINUX_CAPABILITY_VERSION_1 0x19980330u
#define LINUX_CAPABILITY_VERSION_2 0x20071026u
#define LINUX_CAPABILITY_VERSION_3 0x20080522u

/* Each has its lock in the next bit. */
enum {
    LINUX_SECBIT_NOROOT = 1 << 0,
    LINUX_SECBIT_NO_SETUID_FIXUP = 1 << 2,
    LINUX_SECBIT_KEEP_CAPS = 1 << 4,
    LINUX_SECBIT_NO_CAP_AMBIENT_RAISE = 1 << 6,
    LINUX_SECBITS_ALL = 0xff,
    LINUX_SECBITS_LOCKS = 0xaa,
};

#define LINUX_PR_GET_KEEPCAPS   7
#define LINUX_PR_SET_KEEPCAPS   8
#define LINUX_PR_CAPBSET_READ   23
#define LINUX_PR_CAPBSET_DROP   24
#define LINUX_PR_GET_SECUREBITS 27
#define LINUX_PR_SET_SECUREBITS 28
#define LINUX_PR_CAP_AMBIENT    47
enum {
    LINUX_PR_CAP_AMBIENT_IS_SET = 1,
    LINUX_PR_CAP_AMBIENT_RAISE = 2,
    LINUX_PR_CAP_AMBIENT_LOWER = 3,
    LINUX_PR_CAP_AMBIENT_CLEAR_ALL = 4,
};

#define LINUX_NGROUPS_MAX 65536u
