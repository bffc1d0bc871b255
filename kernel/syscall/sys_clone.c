/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that make threads and processes; with all registers (arch/syscall.S), since the child gets them. */
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "lib/string.h"
#include "process/clone.h"
#include "syscall/sys_core.h"
#include "syscall/sys_frame.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

static int64_t run(const struct clone_request *request, const struct trap_frame *frame)
{
    uint32_t number;
    err_t e = clone_run(request, frame, &number);
    return failed(e) ? e.code : (int64_t)number;
}

/* clone(flags, stack, parent_tid, child_tid, tls) */
int64_t clone_with_frame(struct trap_frame *frame)
{
    struct clone_request request = {
        .flags = (uint32_t)frame->rdi & ~LINUX_CSIGNAL,
        .end_signal = frame->rdi & LINUX_CSIGNAL,
        .stack = frame->rsi,
        .parent_tid = frame->rdx,
        .pidfd = frame->rdx,
        .child_tid = frame->r10,
        .tls = frame->r8,
    };
    /* One place for two. */
    const uint64_t both = LINUX_CLONE_PIDFD | LINUX_CLONE_PARENT_SETTID;
    return (request.flags & both) == both ? ERR_INVALID.code : run(&request, frame);
}

int64_t fork_with_frame(struct trap_frame *frame)
{
    return run(&(struct clone_request){ .end_signal = LINUX_SIGCHLD }, frame);
}

int64_t vfork_with_frame(struct trap_frame *frame)
{
    struct clone_request request = { .flags = LINUX_CLONE_VM | LINUX_CLONE_VFORK,
                                     .end_signal = LINUX_SIGCHLD };
    return run(&request, frame);
}

/* A structure that has grown over time: what a shorter one lacks is zero, and what is behind ours must be. */
static err_t read_args(uint64_t address, uint64_t bytes, struct linux_clone_args *out)
{
    if (bytes > PAGE_BYTES) return ERR_ARGS_TOO_LONG;
    if (bytes < LINUX_CLONE_ARGS_SIZE_VER0) return ERR_INVALID;
    memset(out, 0, sizeof(*out));
    err_t e = user_copy_in(out, UADDR(address), MIN(bytes, sizeof(*out)));
    for (uint64_t at = sizeof(*out); at < bytes && !failed(e); at++) {
        uint8_t beyond;
        e = user_copy_in(&beyond, UADDR(address + at), 1);
        if (!failed(e) && beyond) e = ERR_ARGS_TOO_LONG;
    }
    return e;
}

static bool is_bad(const struct linux_clone_args *a)
{
    if (a->flags & (LINUX_CSIGNAL | LINUX_CLONE_DETACHED)) return true;
    if (a->exit_signal & ~LINUX_CSIGNAL || a->exit_signal > LINUX_NSIG) return true;
    if (a->exit_signal && (a->flags & (LINUX_CLONE_THREAD | LINUX_CLONE_PARENT))) return true;
    if (!a->stack != !a->stack_size) return true;
    return a->stack && !is_user_range(a->stack, a->stack_size);
}

/* clone3(args, bytes) */
int64_t clone3_with_frame(struct trap_frame *frame)
{
    struct linux_clone_args a;
    err_t e = read_args(frame->rdi, frame->rsi, &a);
    if (failed(e)) return e.code;
    /* Choosing a number, and control groups. */
    if (is_bad(&a) || a.set_tid || a.set_tid_size || a.cgroup) return ERR_INVALID.code;
    struct clone_request request = {
        .flags = a.flags,
        .end_signal = (uint32_t)a.exit_signal,
        .stack = a.stack + a.stack_size,
        .parent_tid = a.parent_tid,
        .pidfd = a.pidfd,
        .child_tid = a.child_tid,
        .tls = a.tls,
    };
    return run(&request, frame);
}
