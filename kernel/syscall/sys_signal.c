/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread and its process want done with signals, and the way back from handlers. */
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_frame.h"
#include "syscall/table.h"
#include "vm/usercopy.h"

int64_t sys_rt_sigaction(uint64_t signal, uint64_t action, uint64_t old, uint64_t set_bytes)
{
    uint32_t n = (uint32_t)signal;
    struct linux_sigaction was, wanted;
    if (set_bytes != sizeof(uint64_t)) return ERR_INVALID.code;
    err_t e = action ? user_copy_in(&wanted, UADDR(action), sizeof(wanted)) : OK;
    if (failed(e)) return e.code;
    if (n < 1 || n > LINUX_NSIG || (action && signal_bit(n) & SIGNALS_NEVER_BLOCKED)) return ERR_INVALID.code;
    was = signal_get_action(n);
    if (action) {
        wanted.mask &= ~SIGNALS_NEVER_BLOCKED;
        wanted.flags &= LINUX_SA_KNOWN; /* so a program can ask what is known. [man sigaction(2)] */
        signal_set_action(n, &wanted);
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
    uint64_t pending = signal_pending_set();
    if (set_bytes > sizeof(pending)) return ERR_INVALID.code;
    return user_copy_out(UADDR(set), &pending, set_bytes).code;
}

/* sigaltstack(stack, old) */
int64_t sigaltstack_with_frame(struct trap_frame *frame)
{
    struct linux_stack was = signal_get_stack(frame->rsp), wanted;
    if (frame->rdi) {
        err_t e = user_copy_in(&wanted, UADDR(frame->rdi), sizeof(wanted));
        if (!failed(e)) e = signal_set_stack(&wanted, frame->rsp);
        if (failed(e)) return e.code;
    }
    return frame->rsi ? user_copy_out(UADDR(frame->rsi), &was, sizeof(was)).code : 0;
}

int64_t rt_sigreturn_with_frame(struct trap_frame *frame) { return signal_return(frame); }

/* The call that a signal interrupted, with the same arguments and the same end of its wait. It is made by
 * process/signal_restart.c, and comes too late when a handler has run. */
int64_t sys_restart_syscall(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    struct thread_signals *s = &user_thread_current()->signals;
    if (!s->restart.is_kept) return ERR_INTERRUPTED.code;
    s->restart.is_again = true;
    int64_t result = syscall_call(s->restart.number, a, b, c, d, e, f);
    s->restart.is_again = false;
    if (result != ERR_INTERRUPTED.code) s->restart.is_kept = false;
    return result;
}
