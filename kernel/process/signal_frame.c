/* SPDX-License-Identifier: Apache-2.0 */
/* From the top of the stack down: 128 bytes that the interrupted function may use [sysv-abi-amd64 3.2.2], the
 * floating-point state, struct linux_rt_sigframe. What comes back is the program's to choose, but for what ring 0
 * relies on: the selectors, the flags that are its own, and an address that IRETQ can go to.
 * [linux arch/x86/kernel/signal_64.c] */
#include "process/signal_frame.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/paging.h"
#include "arch/trap.h"
#include "core/log.h"
#include "lib/string.h"
#include "process/signal_fpu.h"
#include "process/signal_internal.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

enum { RED_ZONE_BYTES = 128, STACK_ALIGN = 16 };

/* What a program could set by POPF, but for NT and ID. */
#define RFLAGS_ARITHMETIC 0x8d5ull /* CF, PF, AF, ZF, SF, OF */
#define RFLAGS_OF_PROGRAM (RFLAGS_ARITHMETIC | RFLAGS_TF | RFLAGS_DF | RFLAGS_RF | RFLAGS_AC)

/* ---- alternate stacks ---- */

static bool is_within(const struct linux_stack *stack, uint64_t rsp)
{
    return rsp > stack->base && rsp - stack->base <= stack->bytes;
}

/* One that is disarmed while it is used never counts as in use. */
static bool is_on(const struct linux_stack *stack, uint64_t rsp)
{
    return !(stack->flags & LINUX_SS_AUTODISARM) && is_within(stack, rsp);
}

static bool is_same(const struct linux_stack *a, const struct linux_stack *b)
{
    return a->base == b->base && a->bytes == b->bytes && a->flags == b->flags;
}

struct linux_stack signal_get_stack(uint64_t rsp)
{
    struct linux_stack stack = user_thread_current()->signals.stack;
    int32_t marks = stack.flags & LINUX_SS_AUTODISARM;
    stack.flags = marks | (!stack.bytes ? LINUX_SS_DISABLE : is_on(&stack, rsp) ? LINUX_SS_ONSTACK : 0);
    return stack;
}

err_t signal_set_stack(const struct linux_stack *wanted, uint64_t rsp)
{
    struct linux_stack *stack = &user_thread_current()->signals.stack;
    int32_t mode = wanted->flags & ~LINUX_SS_AUTODISARM;
    if (is_on(stack, rsp)) return ERR_NOT_PERMITTED;
    if (mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK && mode != 0) return ERR_INVALID;
    if (mode == LINUX_SS_DISABLE) {
        *stack = (struct linux_stack){ .flags = wanted->flags };
        return OK;
    }
    if (is_same(stack, wanted)) return OK;
    if (wanted->bytes < LINUX_MINSIGSTKSZ) return ERR_NO_MEMORY;
    *stack = (struct linux_stack){ .base = wanted->base, .flags = wanted->flags, .bytes = wanted->bytes };
    return OK;
}

/* ---- the way there ---- */

struct place {
    uint64_t frame, fpu;
};

/* False: the alternate stack has no room. Whether there is any other stack shows when it is written. */
static bool find_place(const struct trap_frame *f, const struct linux_stack *stack,
                       const struct linux_sigaction *action, struct place *out)
{
    bool is_on_stack = stack->bytes && is_on(stack, f->rsp);
    uint64_t sp = f->rsp - RED_ZONE_BYTES;
    if (action->flags & LINUX_SA_ONSTACK && stack->bytes && !is_on(stack, sp)) {
        sp = stack->base + stack->bytes;
        is_on_stack = true;
    }
    out->fpu = align_down(sp - signal_fpu_bytes(), SIGNAL_FPU_ALIGN);
    /* As a function finds it behind its return address. */
    out->frame = align_down(out->fpu - sizeof(struct linux_rt_sigframe), STACK_ALIGN) - sizeof(uint64_t);
    return !is_on_stack || is_within(stack, out->frame);
}

static void save_registers(struct linux_sigcontext *to, const struct trap_frame *f,
                           const struct thread_signals *s)
{
    to->r8 = f->r8, to->r9 = f->r9, to->r10 = f->r10, to->r11 = f->r11;
    to->r12 = f->r12, to->r13 = f->r13, to->r14 = f->r14, to->r15 = f->r15;
    to->rdi = f->rdi, to->rsi = f->rsi, to->rbp = f->rbp, to->rbx = f->rbx;
    to->rdx = f->rdx, to->rax = f->rax, to->rcx = f->rcx, to->rsp = f->rsp;
    to->rip = f->rip, to->rflags = f->rflags;
    to->cs = (uint16_t)f->cs, to->gs = 0, to->fs = 0, to->ss = (uint16_t)f->ss;
    to->error = s->fault.error, to->trap = s->fault.trap, to->cr2 = s->fault.address;
    for (size_t i = 0; i < ARRAY_LENGTH(to->reserved); i++) to->reserved[i] = 0;
}

static void make_context(struct linux_ucontext *to, const struct trap_frame *f,
                         const struct thread_signals *s, uint64_t fpu, uint64_t mask)
{
    to->flags =
        (cpu_features.xsave ? LINUX_UC_FP_XSTATE : 0) | LINUX_UC_SIGCONTEXT_SS | LINUX_UC_STRICT_RESTORE_SS;
    to->link = 0;
    to->stack = s->stack;
    to->mask = to->registers.old_mask = mask;
    to->registers.fpu = fpu;
    save_registers(&to->registers, f, s);
}

/* A handler that does not look at `info` gets none, and what lies in its place stays. */
static bool write_frame(const struct place *at, const struct trap_frame *f, const struct thread_signals *s,
                        const struct linux_siginfo_head *info, uint64_t restorer, uint64_t mask)
{
    struct linux_rt_sigframe out;
    size_t bytes = offsetof(struct linux_rt_sigframe, info);
    out.restorer = restorer;
    make_context(&out.context, f, s, at->fpu, mask);
    if (info) {
        bytes = sizeof(out);
        out.info.head = *info;
        memset(out.info.rest, 0, sizeof(out.info.rest));
    }
    return !failed(user_copy_out(UADDR(at->frame), &out, bytes));
}

bool signal_frame_push(struct trap_frame *f, struct thread_signals *s, const struct linux_siginfo_head *info,
                       const struct linux_sigaction *action, uint64_t mask)
{
    struct place at;
    if (!(action->flags & LINUX_SA_RESTORER) || !find_place(f, &s->stack, action, &at)) return false;
    if (!write_frame(&at, f, s, info, action->restorer, mask) || failed(signal_fpu_save(UADDR(at.fpu))))
        return false;
    if (s->stack.flags & LINUX_SS_AUTODISARM) s->stack = (struct linux_stack){ .flags = LINUX_SS_DISABLE };
    f->rip = action->handler;
    f->rsp = at.frame;
    f->rax = 0; /* the number of vector registers in use, for handlers of unknown type */
    f->rsi = at.frame + offsetof(struct linux_rt_sigframe, info);
    f->rdx = at.frame + offsetof(struct linux_rt_sigframe, context);
    f->rflags &= ~(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
    f->cs = SEGMENT_USER_CODE;
    f->ss = SEGMENT_USER_DATA;
    return true;
}

/* ---- the way back ---- */

static void load_registers(struct trap_frame *f, const struct linux_sigcontext *from)
{
    f->r8 = from->r8, f->r9 = from->r9, f->r10 = from->r10, f->r11 = from->r11;
    f->r12 = from->r12, f->r13 = from->r13, f->r14 = from->r14, f->r15 = from->r15;
    f->rdi = from->rdi, f->rsi = from->rsi, f->rbp = from->rbp, f->rbx = from->rbx;
    f->rdx = from->rdx, f->rax = from->rax, f->rcx = from->rcx, f->rsp = from->rsp;
    f->rip = from->rip;
    f->rflags = (f->rflags & ~RFLAGS_OF_PROGRAM) | (from->rflags & RFLAGS_OF_PROGRAM);
    f->cs = SEGMENT_USER_CODE;
    f->ss = SEGMENT_USER_DATA;
}

/* Ends the process, or lets a handler look at it. */
static void refuse(const struct trap_frame *f, const char *what)
{
    struct linux_siginfo_head info = signal_info_of_kernel(LINUX_SIGSEGV);
    if (signal_force(&info)) return;
    log_error("%s: SIGSEGV, rt_sigreturn to %016llx with rsp %016llx: %s", process_current()->path,
              (unsigned long long)f->rip, (unsigned long long)f->rsp, what);
    process_end(wait_status_of_signal(LINUX_SIGSEGV));
}

int64_t signal_return(struct trap_frame *f)
{
    struct thread_signals *s = &user_thread_current()->signals;
    struct linux_ucontext context;
    f->vector = VECTOR_NONE; /* what is in RAX is not this call's result */
    /* The handler's return has taken the first word away. */
    if (failed(user_copy_in(&context, UADDR(f->rsp), sizeof(context)))) {
        refuse(f, "the frame cannot be read");
        return 0;
    }
    signal_set_blocked(context.mask);
    load_registers(f, &context.registers);
    if (unlikely(!is_same(&context.stack, &s->stack))) {
        err_t e = signal_set_stack(&context.stack, f->rsp);
        (void)e; /* one that makes no sense leaves the old one */
    }
    if (failed(signal_fpu_load(UADDR(context.registers.fpu)))) {
        refuse(f, "the floating-point state is none");
    } else if (!is_canonical(f->rip)) { /* IRETQ would fault in ring 0 */
        s->fault.trap = TRAP_PROTECTION;
        s->fault.error = 0;
        refuse(f, "there is no such address");
    }
    return (int64_t)f->rax;
}
