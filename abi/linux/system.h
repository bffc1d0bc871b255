/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, usage, names, and the auxiliary vector.
 * [linux uapi linux/resource.h, linux/utsname.h, linux/sysinfo.h, linux/auxvec.h] */
#pragma once
#include <stdint.h>

struct linux_rlimit {
    uint64_t soft, hard;
};
#define LINUX_RLIM_INFINITY     UINT64_MAX
#define LINUX_RLIMIT_DATA       2
#define LINUX_RLIMIT_STACK      3
#define LINUX_RLIMIT_CORE       4
#define LINUX_RLIMIT_RSS        5
#define LINUX_RLIMIT_NPROC      6
#define LINUX_RLIMIT_NOFILE     7
#define LINUX_RLIMIT_MEMLOCK    8
#define LINUX_RLIMIT_AS         9
#define LINUX_RLIMIT_SIGPENDING 11
#define LINUX_RLIMIT_MSGQUEUE   12
#define LINUX_MSGQUEUE_BYTES    819200 /* what it is by default */
#define LINUX_RLIMIT_NICE       13
#define LINUX_RLIMIT_COUNT      16

struct linux_rusage {
    int64_t user_seconds, user_microseconds, system_seconds, system_microseconds;
    int64_t max_resident_kib, unused1[3];
    int64_t minor_faults, major_faults, unused2[6], voluntary_switches, involuntary_switches;
};
_Static_assert(sizeof(struct linux_rusage) == 144, "ABI");
#define LINUX_RUSAGE_SELF     0
#define LINUX_RUSAGE_CHILDREN (-1)
#define LINUX_RUSAGE_THREAD   1

struct linux_utsname {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
};
_Static_assert(sizeof(struct linux_utsname) == 390, "ABI");

struct linux_sysinfo {
    int64_t uptime_s;
    uint64_t loads[3];
    uint64_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    uint16_t processes, padding1;
    uint32_t padding2;
    uint64_t total_high, free_high;
    uint32_t unit_bytes, padding3;
};
_Static_assert(sizeof(struct linux_sysinfo) == 112, "ABI");

#define LINUX_AT_NULL         0
#define LINUX_AT_PHDR         3
#define LINUX_AT_PHENT        4
#define LINUX_AT_PHNUM        5
#define LINUX_AT_PAGESZ       6
#define LINUX_AT_BASE         7
#define LINUX_AT_FLAGS        8
#define LINUX_AT_ENTRY        9
#define LINUX_AT_UID          11
#define LINUX_AT_EUID         12
#define LINUX_AT_GID          13
#define LINUX_AT_EGID         14
#define LINUX_AT_PLATFORM     15
#define LINUX_AT_HWCAP        16
#define LINUX_AT_CLKTCK       17
#define LINUX_AT_SECURE       23
#define LINUX_AT_RANDOM       25
#define LINUX_AT_HWCAP2       26
#define LINUX_AT_EXECFN       31
#define LINUX_AT_SYSINFO_EHDR 33
#define LINUX_AT_MINSIGSTKSZ  51

/* syslog(2): what it is asked to do. */
enum {
    LINUX_SYSLOG_CLOSE,
    LINUX_SYSLOG_OPEN,
    LINUX_SYSLOG_READ,
    LINUX_SYSLOG_READ_ALL,
    LINUX_SYSLOG_READ_CLEAR,
    LINUX_SYSLOG_CLEAR,
    LINUX_SYSLOG_CONSOLE_OFF,
    LINUX_SYSLOG_CONSOLE_ON,
    LINUX_SYSLOG_CONSOLE_LEVEL,
    LINUX_SYSLOG_SIZE_UNREAD,
    LINUX_SYSLOG_SIZE_BUFFER,
};
