/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of /proc ask of whoever knows processes: fs/ owns the contract, process/ fills it in. */
#pragma once
#include "lib/base.h"

struct credentials;
struct fd_table;
struct fs_context;
struct space;

struct proc_process {
    uint32_t pid;
    const char *name;
    struct space *space; /* valid as long as the process that asks is in the kernel; NULL: it has none */
    struct fs_context *fs;
    struct fd_table *files;
    struct { /* bit n - 1 of signal n */
        uint64_t pending, shared_pending, blocked, ignored, caught;
    } signals;
    uint32_t signals_queued;     /* of the user, by all processes */
    uint64_t signals_queued_max; /* RLIMIT_SIGPENDING */
    const struct credentials *credentials;
    uint64_t voluntary_switches, involuntary_switches;
    bool no_new_privileges;
};

/* Describes the process of the running thread; set once, before any process runs. */
extern void (*proc_describe)(struct proc_process *out);
/* Its number alone. */
extern uint32_t (*proc_own_number)(void);
/* Its descriptors, for /proc/self/fd; valid as long as it is in the kernel. NULL: it has none. */
extern struct fd_table *(*proc_files)(void);
