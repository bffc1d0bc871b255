/* SPDX-License-Identifier: Apache-2.0 */
/* [linux uapi asm/signal.h; arch/x86 struct kernel_sigaction] */
#pragma once
#include <stdint.h>

#define LINUX_SIGHUP   1
#define LINUX_SIGINT   2
#define LINUX_SIGQUIT  3
#define LINUX_SIGILL   4
#define LINUX_SIGTRAP  5
#define LINUX_SIGABRT  6
#define LINUX_SIGBUS   7
#define LINUX_SIGFPE   8
#define LINUX_SIGKILL  9
#define LINUX_SIGSEGV  11
#define LINUX_SIGPIPE  13
#define LINUX_SIGTERM  15
#define LINUX_SIGCHLD  17
#define LINUX_SIGCONT  18
#define LINUX_SIGSTOP  19
#define LINUX_SIGTSTP  20
#define LINUX_SIGTTIN  21
#define LINUX_SIGTTOU  22
#define LINUX_SIGURG   23
#define LINUX_SIGWINCH 28
#define LINUX_NSIG     64

#define LINUX_SIG_DFL 0
#define LINUX_SIG_IGN 1

#define LINUX_SIG_BLOCK   0
#define LINUX_SIG_UNBLOCK 1
#define LINUX_SIG_SETMASK 2

/* As rt_sigaction(2) takes it. */
struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};
_Static_assert(sizeof(struct linux_sigaction) == 32, "ABI");

struct linux_stack { /* sigaltstack(2) */
    uint64_t base;
    int32_t flags;
    uint32_t padding; /* named where there is some, so that none goes out unset */
    uint64_t bytes;
};
_Static_assert(sizeof(struct linux_stack) == 24, "ABI");
#define LINUX_SS_DISABLE    2
#define LINUX_SS_AUTODISARM (1 << 31)
#define LINUX_MINSIGSTKSZ   2048
