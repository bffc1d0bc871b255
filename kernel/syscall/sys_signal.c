/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as far as programs that do not catch any need them: default actions and ignoring. */
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "vm/usercopy.h"

static uint64_t signal_bit(uint32_t signal) { return 1ull << (signal - 1); }
static const uint64_t never_blocked = 1ull << (LINUX_SIGKILL - 1) | 1ull << (LINUX_SIGSTOP - 1);

int64_t sys_rt_sigaction(uint64_t signal, uint64_t action, uint64_t old, uint64_t set_bytes)
{
    struct process *p = process_current();
    uint32_t n = (uint32_t)signal;
    if (set_bytes != sizeof(uint64_t) || n < 1 || n > LINUX_NSIG) return ERR_INVALID.code;
    if (action && signal_bit(n) & never_blocked) return ERR_INVALID.code;
    struct linux_sigaction was = p->signals.actions[n - 1], wanted;
    if (action) {
        err_t e = user_copy_in(&wanted, UADDR(action), sizeof(wanted));
        if (failed(e)) return e.code;
        wanted.mask &= ~never_blocked;
        signal_set_action(p, n, &wanted);
    }
    return old ? user_copy_out(UADDR(old), &was, sizeof(was)).code : 0;
}

int64_t sys_rt_sigprocmask(uint64_t how, uint64_t set, uint64_t old, uint64_t set_bytes)
{
    uint64_t was = user_thread_current()->signals.blocked, wanted;
    if (set_bytes != sizeof(uint64_t)) return ERR_INVALID.code;
    if (set) {
        err_t e = user_copy_in(&wanted, UADDR(set), sizeof(wanted));
        if (failed(e)) return e.code;
        switch ((uint32_t)how) {
        case LINUX_SIG_BLOCK: wanted = was | wanted; break;
        case LINUX_SIG_UNBLOCK: wanted = was & ~wanted; break;
        case LINUX_SIG_SETMASK: break;
        default: return ERR_INVALID.code;
        }
        signal_set_blocked(wanted);
    }
    return old ? user_copy_out(UADDR(old), &was, sizeof(was)).code : 0;
}

int64_t sys_rt_sigpending(uint64_t set, uint64_t set_bytes)
{
    uint64_t pending = user_thread_current()->signals.pending | process_current()->signals.pending;
    if (set_bytes > sizeof(pending)) return ERR_INVALID.code;
    return user_copy_out(UADDR(set), &pending, set_bytes).code;
}

int64_t sys_sigaltstack(uint64_t stack, uint64_t old)
{
    struct user_thread *t = user_thread_current();
    struct linux_stack was = t->signals.stack, wanted;
    if (stack) {
        err_t e = user_copy_in(&wanted, UADDR(stack), sizeof(wanted));
        if (failed(e)) return e.code;
        uint32_t mode = (uint32_t)wanted.flags & ~(uint32_t)LINUX_SS_AUTODISARM;
        if (mode > LINUX_SS_DISABLE) return ERR_INVALID.code;
        if (mode != LINUX_SS_DISABLE && wanted.bytes < LINUX_MINSIGSTKSZ) return ERR_NO_MEMORY.code;
        if (mode == LINUX_SS_DISABLE) wanted = (struct linux_stack){ .flags = LINUX_SS_DISABLE };
        t->signals.stack = wanted;
    }
    return old ? user_copy_out(UADDR(old), &was, sizeof(was)).code : 0;
}

static int64_t send_to_self(uint64_t signal)
{
    uint32_t n = (uint32_t)signal;
    if (n > LINUX_NSIG) return ERR_INVALID.code;
    if (n == 0) return 0; /* only asks whether the process exists */
    return signal_send(process_current(), n).code;
}

/* 0 is the program's own group; -1 would be everybody but the caller and the container's init. */
int64_t sys_kill(uint64_t pid, uint64_t signal)
{
    bool is_self = (int32_t)pid == 0 || (int32_t)pid == (int32_t)process_current()->pid;
    return is_self ? send_to_self(signal) : ERR_NO_PROCESS.code;
}

int64_t sys_tkill(uint64_t tid, uint64_t signal)
{
    if ((int32_t)tid <= 0) return ERR_INVALID.code;
    return (uint32_t)tid == process_current()->pid ? send_to_self(signal) : ERR_NO_PROCESS.code;
}

int64_t sys_tgkill(uint64_t pid, uint64_t tid, uint64_t signal)
{
    if ((int32_t)pid <= 0 || (int32_t)tid <= 0) return ERR_INVALID.code;
    return (uint32_t)pid == process_current()->pid ? sys_tkill(tid, signal) : ERR_NO_PROCESS.code;
}
