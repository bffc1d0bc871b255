/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and processes: clone, wait. [linux uapi linux/sched.h, linux/wait.h, asm-generic/siginfo.h] */
#pragma once
#include <stdint.h>

#define LINUX_CSIGNAL              0x000000ffull /* the signal of the child's end, in clone's flags */
#define LINUX_CLONE_VM             0x00000100ull
#define LINUX_CLONE_FS             0x00000200ull
#define LINUX_CLONE_FILES          0x00000400ull
#define LINUX_CLONE_SIGHAND        0x00000800ull
#define LINUX_CLONE_PIDFD          0x00001000ull
#define LINUX_CLONE_PTRACE         0x00002000ull
#define LINUX_CLONE_VFORK          0x00004000ull
#define LINUX_CLONE_PARENT         0x00008000ull
#define LINUX_CLONE_THREAD         0x00010000ull
#define LINUX_CLONE_SYSVSEM        0x00040000ull
#define LINUX_CLONE_SETTLS         0x00080000ull
#define LINUX_CLONE_PARENT_SETTID  0x00100000ull
#define LINUX_CLONE_CHILD_CLEARTID 0x00200000ull
#define LINUX_CLONE_DETACHED       0x00400000ull
#define LINUX_CLONE_UNTRACED       0x00800000ull
#define LINUX_CLONE_CHILD_SETTID   0x01000000ull
#define LINUX_CLONE_IO             0x80000000ull
#define LINUX_CLONE_CLEAR_SIGHAND  0x100000000ull

struct linux_clone_args { /* clone3(2) */
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size; /* from the second version of the structure on */
    uint64_t cgroup;                /* from the third */
};
_Static_assert(sizeof(struct linux_clone_args) == 88, "ABI");
#define LINUX_CLONE_ARGS_SIZE_VER0 64

#define LINUX_WNOHANG    1u
#define LINUX_WUNTRACED  2u
#define LINUX_WSTOPPED   2u
#define LINUX_WEXITED    4u
#define LINUX_WCONTINUED 8u
#define LINUX_WNOWAIT    0x01000000u
#define LINUX_WNOTHREAD  0x20000000u
#define LINUX_WALL       0x40000000u
#define LINUX_WCLONE     0x80000000u

#define LINUX_P_ALL   0
#define LINUX_P_PID   1
#define LINUX_P_PGID  2
#define LINUX_P_PIDFD 3

#define LINUX_CLD_EXITED    1
#define LINUX_CLD_KILLED    2
#define LINUX_CLD_DUMPED    3
#define LINUX_CLD_STOPPED   5
#define LINUX_CLD_CONTINUED 6

struct linux_wait_info { /* the part of siginfo_t that waitid(2) fills in */
    int32_t signal, error, code;
    int32_t untouched; /* padding */
    int32_t pid;
    uint32_t uid;
    int32_t status;
};
_Static_assert(sizeof(struct linux_wait_info) == 28, "ABI");

#define LINUX_SCHED_OTHER         0
#define LINUX_SCHED_FIFO          1
#define LINUX_SCHED_RR            2
#define LINUX_SCHED_BATCH         3
#define LINUX_SCHED_IDLE          5
#define LINUX_SCHED_DEADLINE      6
#define LINUX_SCHED_RESET_ON_FORK 0x40000000

struct linux_sched_attr { /* sched_setattr(2) */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t utilisation_min, utilisation_max; /* from the second version on */
};
_Static_assert(sizeof(struct linux_sched_attr) == 56, "ABI");
#define LINUX_SCHED_ATTR_SIZE_VER0     48
#define LINUX_SCHED_FLAG_RESET_ON_FORK 0x1
#define LINUX_SCHED_FLAG_KEEP_POLICY   0x8
#define LINUX_SCHED_FLAG_KEEP_PARAMS   0x10
#define LINUX_SCHED_FLAG_KNOWN         0x7f

#define LINUX_IOPRIO_CLASS_SHIFT 13
#define LINUX_IOPRIO_CLASS_NONE  0
#define LINUX_IOPRIO_CLASS_RT    1
#define LINUX_IOPRIO_CLASS_BE    2
#define LINUX_IOPRIO_CLASS_IDLE  3
#define LINUX_IOPRIO_LEVELS      8

#define LINUX_PRIO_PROCESS 0
#define LINUX_PRIO_PGRP    1
#define LINUX_PRIO_USER    2
