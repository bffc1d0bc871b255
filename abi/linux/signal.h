/* SPDX-License-Identifier: Apache-2.0 */
/* [linux uapi asm/signal.h, asm-generic/siginfo.h, linux/signalfd.h; arch/x86 struct kernel_sigaction] */
#pragma once
#include <stdint.h>

#define LINUX_SIGHUP    1
#define LINUX_SIGINT    2
#define LINUX_SIGQUIT   3
#define LINUX_SIGILL    4
#define LINUX_SIGTRAP   5
#define LINUX_SIGABRT   6
#define LINUX_SIGBUS    7
#define LINUX_SIGFPE    8
#define LINUX_SIGKILL   9
#define LINUX_SIGSEGV   11
#define LINUX_SIGPIPE   13
#define LINUX_SIGALRM   14
#define LINUX_SIGTERM   15
#define LINUX_SIGCHLD   17
#define LINUX_SIGCONT   18
#define LINUX_SIGSTOP   19
#define LINUX_SIGTSTP   20
#define LINUX_SIGTTIN   21
#define LINUX_SIGTTOU   22
#define LINUX_SIGURG    23
#define LINUX_SIGVTALRM 26
#define LINUX_SIGPROF   27
#define LINUX_SIGWINCH  28
#define LINUX_SIGSYS    31
#define LINUX_SIGRTMIN  32 /* the first that is queued */
#define LINUX_NSIG      64

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
#define LINUX_SA_NOCLDSTOP      0x00000001u
#define LINUX_SA_NOCLDWAIT      0x00000002u
#define LINUX_SA_SIGINFO        0x00000004u
#define LINUX_SA_EXPOSE_TAGBITS 0x00000800u
#define LINUX_SA_RESTORER       0x04000000u
#define LINUX_SA_ONSTACK        0x08000000u
#define LINUX_SA_RESTART        0x10000000u
#define LINUX_SA_NODEFER        0x40000000u
#define LINUX_SA_RESETHAND      0x80000000u
#define LINUX_SA_KNOWN                                                                      \
    (LINUX_SA_NOCLDSTOP | LINUX_SA_NOCLDWAIT | LINUX_SA_SIGINFO | LINUX_SA_EXPOSE_TAGBITS | \
     LINUX_SA_RESTORER | LINUX_SA_ONSTACK | LINUX_SA_RESTART | LINUX_SA_NODEFER | LINUX_SA_RESETHAND)

struct linux_stack { /* sigaltstack(2) */
    uint64_t base;
    int32_t flags;
    uint32_t padding; /* named where there is some, so that none goes out unset */
    uint64_t bytes;
};
_Static_assert(sizeof(struct linux_stack) == 24, "ABI");
#define LINUX_SS_ONSTACK    1
#define LINUX_SS_DISABLE    2
#define LINUX_SS_AUTODISARM (1 << 31)
#define LINUX_MINSIGSTKSZ   2048

/* ---- what a handler is told ---- */

/* The part of siginfo_t in which there ever is something; zeros follow. */
struct linux_siginfo_head {
    int32_t number, error, code;
    uint32_t padding;
    union {
        struct {
            uint32_t pid, uid;
            uint64_t value;
        } sender; /* SI_USER, SI_TKILL; with a value SI_QUEUE */
        struct {
            int32_t timer, overrun;
            uint64_t value;
        } timer; /* SI_TIMER */
        struct {
            uint32_t pid, uid;
            int32_t status;
            uint32_t padding;
            int64_t user_ticks, system_ticks;
        } child;          /* SIGCHLD */
        uint64_t address; /* of a fault */
        struct {
            int64_t band;
            int32_t fd;
            uint32_t padding;
        } io;
        uint64_t words[4];
    };
};
_Static_assert(sizeof(struct linux_siginfo_head) == 48, "ABI");

enum { LINUX_SIGINFO_BYTES = 128 };
struct linux_siginfo {
    struct linux_siginfo_head head;
    uint8_t rest[LINUX_SIGINFO_BYTES - sizeof(struct linux_siginfo_head)];
};
_Static_assert(sizeof(struct linux_siginfo) == LINUX_SIGINFO_BYTES, "ABI");

#define LINUX_SI_USER    0
#define LINUX_SI_KERNEL  0x80
#define LINUX_SI_QUEUE   (-1)
#define LINUX_SI_TIMER   (-2)
#define LINUX_SI_MESGQ   (-3)
#define LINUX_SI_ASYNCIO (-4)
#define LINUX_SI_SIGIO   (-5)
#define LINUX_SI_TKILL   (-6)

#define LINUX_ILL_ILLOPN  2
#define LINUX_FPE_INTDIV  1
#define LINUX_FPE_FLTDIV  3
#define LINUX_FPE_FLTOVF  4
#define LINUX_FPE_FLTUND  5
#define LINUX_FPE_FLTRES  6
#define LINUX_FPE_FLTINV  7
#define LINUX_SEGV_MAPERR 1
#define LINUX_SEGV_ACCERR 2
#define LINUX_BUS_ADRALN  1
#define LINUX_BUS_ADRERR  2
#define LINUX_TRAP_BRKPT  1
#define LINUX_TRAP_TRACE  2

#define LINUX_CLD_EXITED    1
#define LINUX_CLD_KILLED    2
#define LINUX_CLD_DUMPED    3
#define LINUX_CLD_STOPPED   5
#define LINUX_CLD_CONTINUED 6

/* ---- timer_create(2) ---- */

struct linux_sigevent {
    uint64_t value;
    int32_t number, notify, thread, rest[11];
};
_Static_assert(sizeof(struct linux_sigevent) == 64, "ABI");
#define LINUX_SIGEV_SIGNAL    0u
#define LINUX_SIGEV_NONE      1u
#define LINUX_SIGEV_THREAD    2u /* as the first: the threads are the C library's business */
#define LINUX_SIGEV_THREAD_ID 4u

/* ---- signalfd(2) ---- */

struct linux_signalfd_siginfo {
    uint32_t number;
    int32_t error, code;
    uint32_t pid, uid;
    int32_t fd;
    uint32_t timer, band, overrun, trap;
    int32_t status, value;
    uint64_t pointer, user_ticks, system_ticks, address;
    uint8_t rest[48];
};
_Static_assert(sizeof(struct linux_signalfd_siginfo) == 128, "ABI");
#define LINUX_SFD_NONBLOCK 04000u
#define LINUX_SFD_CLOEXEC  02000000u
