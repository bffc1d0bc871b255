/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions of the program: a signal and, if nothing catches that, a report in the log and the end. The same
 * exception in the kernel is a bug there, and panics. */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "core/log.h"
#include "core/panic.h"
#include "process/fpu_permission.h"
#include "process/process_internal.h"
#include "process/user_thread.h"
#include "sched/thread_fpu.h"
#include "vm/fault.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

#define ULL(x) ((unsigned long long)(x))

static const char *signal_name(uint32_t signal)
{
    switch (signal) {
    case LINUX_SIGSEGV: return "SIGSEGV";
    case LINUX_SIGBUS: return "SIGBUS";
    case LINUX_SIGILL: return "SIGILL";
    case LINUX_SIGFPE: return "SIGFPE";
    case LINUX_SIGTRAP: return "SIGTRAP";
    }
    return "signal";
}

static void report(const struct trap_frame *f, uint32_t signal, const char *what)
{
    struct process *p = process_current();
    uint8_t code[16];
    log_error("%s: %s, %s at %016llx", p->path, signal_name(signal), what, ULL(f->rip));
    log_error("  rax %016llx rbx %016llx rcx %016llx rdx %016llx", ULL(f->rax), ULL(f->rbx), ULL(f->rcx),
              ULL(f->rdx));
    log_error("  rsi %016llx rdi %016llx rbp %016llx rsp %016llx", ULL(f->rsi), ULL(f->rdi), ULL(f->rbp),
              ULL(f->rsp));
    log_error("  r8  %016llx r9  %016llx r10 %016llx r11 %016llx", ULL(f->r8), ULL(f->r9), ULL(f->r10),
              ULL(f->r11));
    log_error("  r12 %016llx r13 %016llx r14 %016llx r15 %016llx", ULL(f->r12), ULL(f->r13), ULL(f->r14),
              ULL(f->r15));
    if (!failed(user_copy_in(code, UADDR(f->rip), sizeof(code))))
        log_error("  code %02x %02x %02x %02x %02x %02x %02x %02x", code[0], code[1], code[2], code[3],
                  code[4], code[5], code[6], code[7]);
}

/* ---- signals ---- */

/* For the running thread, whose handler it will find. False: there is none, so the process has to end. */
static bool is_caught(const struct trap_frame *frame, const struct linux_siginfo_head *info)
{
    struct thread_signals *s = &user_thread_current()->signals;
    s->fault.trap = frame->vector;
    s->fault.error = frame->error;
    if (frame->vector == TRAP_PAGE_FAULT) s->fault.address = info->address;
    return signal_force(info);
}

static NORETURN void end(const struct trap_frame *frame, uint32_t signal, const char *what)
{
    report(frame, signal, what);
    process_end(wait_status_of_signal(signal));
}

/* What a handler is told: the signal, its code, and whether it gets the instruction's address. Code 0: it depends on
 * more than the vector. [linux arch/x86/kernel/traps.c] */
static const struct user_trap {
    uint8_t vector, signal, code;
    bool has_address;
} user_traps[] = {
    { TRAP_DIVIDE, LINUX_SIGFPE, LINUX_FPE_INTDIV, true },
    { TRAP_DEBUG, LINUX_SIGTRAP, 0, true },
    { TRAP_BREAKPOINT, LINUX_SIGTRAP, LINUX_SI_KERNEL, false },
    { TRAP_OVERFLOW, LINUX_SIGSEGV, LINUX_SI_KERNEL, false },
    { TRAP_BOUND, LINUX_SIGSEGV, LINUX_SI_KERNEL, false },
    { TRAP_INVALID_OPCODE, LINUX_SIGILL, LINUX_ILL_ILLOPN, true },
    { TRAP_NO_SEGMENT, LINUX_SIGBUS, LINUX_SI_KERNEL, false },
    { TRAP_STACK, LINUX_SIGBUS, LINUX_SI_KERNEL, false },
    { TRAP_PROTECTION, LINUX_SIGSEGV, LINUX_SI_KERNEL, false },
    { TRAP_X87, LINUX_SIGFPE, 0, true },
    { TRAP_ALIGNMENT, LINUX_SIGBUS, LINUX_BUS_ADRALN, false },
    { TRAP_SIMD, LINUX_SIGFPE, 0, true },
};

static const struct user_trap *user_trap_of(uint64_t vector)
{
    for (size_t i = 0; i < ARRAY_LENGTH(user_traps); i++)
        if (user_traps[i].vector == vector) return &user_traps[i];
    return NULL;
}

/* The exceptions of the FPU that are not masked: the six bits are the same everywhere. [intel-sdm1 8.1.3, 10.2.3] */
static uint32_t raised_floats(uint64_t vector)
{
    uint16_t control, status;
    uint32_t mxcsr;
    if (vector == TRAP_X87) {
        __asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
        return status & ~(uint32_t)control;
    }
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    return mxcsr & ~(mxcsr >> 7);
}

/* Of several, Linux tells the first of this order. [linux arch/x86/kernel/fpu/core.c] */
static int32_t code_of_float(uint64_t vector)
{
    static const struct {
        uint8_t bits, code;
    } codes[] = {
        { 1 << 0, LINUX_FPE_FLTINV },          { 1 << 2, LINUX_FPE_FLTDIV }, { 1 << 3, LINUX_FPE_FLTOVF },
        { 1 << 1 | 1 << 4, LINUX_FPE_FLTUND }, { 1 << 5, LINUX_FPE_FLTRES },
    };
    uint32_t raised = raised_floats(vector);
    for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
        if (raised & codes[i].bits) return codes[i].code;
    return LINUX_FPE_FLTINV;
}

#define DR6_STEP (1ull << 14) /* [intel-sdm3 17.2.3] */

static int32_t code_of_debug(void)
{
    uint64_t reasons;
    __asm__ volatile("mov %%db6, %0" : "=r"(reasons));
    __asm__ volatile("mov %0, %%db6" : : "r"(0ull));
    return reasons & DR6_STEP ? LINUX_TRAP_TRACE : LINUX_TRAP_BRKPT;
}

/* ---- exceptions ---- */

static void kernel_exception(struct trap_frame *frame)
{
    if (trap_continue_at_fixup(frame)) return; /* a signal frame that the CPU refuses */
    if (frame->vector == TRAP_BREAKPOINT) {
        log_warning("breakpoint in the kernel at %016llx", ULL(frame->rip - 1));
        return; /* RIP is already behind the INT3 */
    }
    panic_trap(frame, "%s in the kernel", trap_name(frame->vector));
}

static void exception(struct trap_frame *frame)
{
    if (!trap_is_from_user(frame)) {
        kernel_exception(frame);
        return;
    }
    const struct user_trap *trap = user_trap_of(frame->vector);
    if (!trap || !process_current()) panic_trap(frame, "%s", trap_name(frame->vector));
    struct linux_siginfo_head info = { .number = trap->signal, .code = trap->code };
    if (frame->vector == TRAP_DEBUG)
        info.code = code_of_debug();
    else if (!trap->code)
        info.code = code_of_float(frame->vector);
    if (trap->has_address) info.address = frame->rip;
    if (!is_caught(frame, &info)) end(frame, trap->signal, trap_name(frame->vector));
}

/* The first use of the floating-point registers, or of AMX. */
static void no_fpu(struct trap_frame *frame)
{
    if (!trap_is_from_user(frame) || !process_current()) panic_trap(frame, "%s", trap_name(frame->vector));
    err_t e = thread_fpu_trap(fpu_permission());
    if (failed(e)) end(frame, e.code == ERR_NO_MEMORY.code ? LINUX_SIGSEGV : LINUX_SIGILL, err_text(e));
}

/* A program that steps itself, or INT1. In the kernel it is a step that began in ring 3 and ends at the
 * first instruction of the kernel, which goes on without. */
static void debug_exception(struct trap_frame *frame)
{
    if (trap_is_from_user(frame)) {
        exception(frame);
        return;
    }
    code_of_debug(); /* starts anew */
    frame->rflags &= ~RFLAGS_TF;
}

void (*process_tell_out_of_memory)(struct process *process);

/* At the program's own touch it ends here; at the kernel's on its behalf, when the system call is over. */
static void out_of_memory(const struct trap_frame *frame)
{
    struct process *p = process_current();
    if (!p->is_out_of_memory) {
        p->is_out_of_memory = true;
        process_tell_out_of_memory(p);
    }
    if (trap_is_from_user(frame)) process_end(wait_status_of_signal(LINUX_SIGKILL));
    process_order_end(p, wait_status_of_signal(LINUX_SIGKILL));
}

/* Something is there, but not for this. */
static bool is_mapped(uint64_t address)
{
    struct space *space = process_current()->space;
    interrupts_on(); /* the lock may be another's for a while */
    mutex_lock(&space->lock);
    bool is_there = space_find_locked(space, address);
    mutex_unlock(&space->lock);
    interrupts_off();
    return is_there;
}

/* Of the kernel's half nothing shall be learnt: everywhere a page seems to be that is not for the program. */
static struct linux_siginfo_head info_of_fault(struct trap_frame *frame, uint64_t address, err_t reason)
{
    struct linux_siginfo_head info = { .number = LINUX_SIGSEGV,
                                       .code = LINUX_SEGV_MAPERR,
                                       .address = address };
    if (!is_user_range(address, 1))
        frame->error |= PF_PRESENT;
    else if (reason.code == ERR_IO.code)
        info.number = LINUX_SIGBUS, info.code = LINUX_BUS_ADRERR;
    else if (is_mapped(address))
        info.code = LINUX_SEGV_ACCERR;
    return info;
}

static void fault_of_program(struct trap_frame *frame, uint64_t address, err_t reason)
{
    static const char *const texts[] = { "read of", "write to", "jump to" };
    int kind = frame->error & PF_INSTRUCTION ? 2 : frame->error & PF_WRITE ? 1 : 0;
    if (reason.code == ERR_NO_MEMORY.code) {
        out_of_memory(frame);
        return;
    }
    struct linux_siginfo_head info = info_of_fault(frame, address, reason);
    if (is_caught(frame, &info)) return;
    log_error("%s: %s %016llx: %s", process_current()->path, texts[kind], ULL(address), err_text(reason));
    end(frame, (uint32_t)info.number, "page fault");
}

void process_init(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(user_traps); i++) trap_set_handler(user_traps[i].vector, exception);
    trap_set_handler(TRAP_DEBUG, debug_exception);
    trap_set_handler(TRAP_NO_FPU, no_fpu);
    fault_report_user = fault_of_program;
    trap_user_work = process_user_work;
}
