/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_restart.h"

#include "abi/linux/futex.h"
#include "abi/linux/system.h"
#include "abi/linux/time.h"
#include "arch/trap.h"
#include "config.h"

enum {
#define SYSCALL(number, name, status, reason) CALL_##name = number,
#include "abi/syscalls.def"
#undef SYSCALL
};

enum { SYSCALL_INSTRUCTION_BYTES = 2 };

/* Those with a time limit that is not a point in time are not told apart from those that it never ends. */
static enum restart kind_of_futex(const uint64_t arguments[4])
{
    switch (arguments[1] & ~(uint64_t)(LINUX_FUTEX_PRIVATE_FLAG | LINUX_FUTEX_CLOCK_REALTIME)) {
    case LINUX_FUTEX_LOCK_PI:
    case LINUX_FUTEX_LOCK_PI2:
    case LINUX_FUTEX_WAIT_REQUEUE_PI: return RESTART_ALWAYS;
    }
    return arguments[3] ? RESTART_WITH_DEADLINE : RESTART_AS_ASKED;
}

enum restart signal_restart_kind(uint64_t number, const uint64_t arguments[4])
{
    switch (number) {
    case CALL_futex: return kind_of_futex(arguments);
    case CALL_poll:
    case CALL_ppoll:
    case CALL_select:
    case CALL_pselect6:
    case CALL_nanosleep: return RESTART_WITH_DEADLINE;
    case CALL_clock_nanosleep:
        return arguments[1] & LINUX_TIMER_ABSTIME ? RESTART_UNLESS_HANDLED : RESTART_WITH_DEADLINE;
    case CALL_pause:
    case CALL_rt_sigsuspend:
    case CALL_msgsnd:
    case CALL_msgrcv: return RESTART_UNLESS_HANDLED;
    case CALL_fork:
    case CALL_vfork:
    case CALL_clone:
    case CALL_clone3: return RESTART_ALWAYS;
    case CALL_rt_sigtimedwait:
    case CALL_epoll_wait:
    case CALL_epoll_pwait:
    case CALL_epoll_pwait2:
    case CALL_semop:
    case CALL_semtimedop:
    case CALL_io_getevents:
    case CALL_io_pgetevents: return RESTART_NEVER;
    }
    return RESTART_AS_ASKED;
}

static bool begins_again(enum restart kind, const struct linux_sigaction *handler)
{
    switch (kind) {
    case RESTART_ALWAYS: return true;
    case RESTART_NEVER: return false;
    case RESTART_AS_ASKED: return !handler || handler->flags & LINUX_SA_RESTART;
    default: return !handler;
    }
}

void signal_restart(struct trap_frame *f, struct thread_signals *s, const struct linux_sigaction *handler)
{
    bool is_final = s->restart.is_final;
    s->restart.is_final = false;
    if (f->vector != VECTOR_SYSCALL || (int64_t)f->rax != ERR_INTERRUPTED.code || is_final) return;
    uint64_t number = f->error;
    if (number == CALL_restart_syscall) {
        if (!s->restart.is_kept) return;
        number = s->restart.number;
    }
    const uint64_t arguments[4] = { f->rdi, f->rsi, f->rdx, f->r10 };
    enum restart kind = signal_restart_kind(number, arguments);
    if (!begins_again(kind, handler)) return;
    s->restart.is_kept = kind == RESTART_WITH_DEADLINE;
    s->restart.number = (uint32_t)number;
    f->rax = s->restart.is_kept ? (uint64_t)CALL_restart_syscall : number;
    f->rip -= SYSCALL_INSTRUCTION_BYTES;
}
