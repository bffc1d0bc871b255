/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions of the program: a report in the log and the end Linux would give it. The same exception
 * in the kernel is a bug there, and panics. */
#include "arch/cpu.h"
#include "arch/trap.h"
#include "process/process_internal.h"
#include "core/log.h"
#include "core/panic.h"
#include "vm/fault.h"
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

static const struct {
    uint8_t vector;
    uint8_t signal; /* [linux arch/x86/kernel/traps.c] */
} user_traps[] = {
    { TRAP_DIVIDE, LINUX_SIGFPE },      { TRAP_DEBUG, LINUX_SIGTRAP },
    { TRAP_BREAKPOINT, LINUX_SIGTRAP }, { TRAP_OVERFLOW, LINUX_SIGSEGV },
    { TRAP_BOUND, LINUX_SIGSEGV },      { TRAP_INVALID_OPCODE, LINUX_SIGILL },
    { TRAP_NO_FPU, LINUX_SIGSEGV },     { TRAP_NO_SEGMENT, LINUX_SIGBUS },
    { TRAP_STACK, LINUX_SIGBUS },       { TRAP_PROTECTION, LINUX_SIGSEGV },
    { TRAP_X87, LINUX_SIGFPE },         { TRAP_ALIGNMENT, LINUX_SIGBUS },
    { TRAP_SIMD, LINUX_SIGFPE },
};

static uint32_t signal_of(uint64_t vector)
{
    for (size_t i = 0; i < ARRAY_LENGTH(user_traps); i++)
        if (user_traps[i].vector == vector) return user_traps[i].signal;
    return 0;
}

static void kernel_exception(struct trap_frame *frame)
{
    if (frame->vector == TRAP_BREAKPOINT) {
        log_warning("breakpoint in the kernel at %016llx", ULL(frame->rip - 1));
        return; /* RIP is already behind the INT3 */
    }
    panic_trap(frame, "%s in the kernel", trap_name(frame->vector));
}

static void exception(struct trap_frame *frame)
{
    uint32_t signal = signal_of(frame->vector);
    if (!trap_is_from_user(frame))
        kernel_exception(frame);
    else if (!signal || !process_current())
        panic_trap(frame, "%s", trap_name(frame->vector));
    else {
        report(frame, signal, trap_name(frame->vector));
        process_end(wait_status_of_signal(signal));
    }
}

/* A program that steps itself, or INT1. In the kernel it is a step that began in ring 3 and ends at the
 * first instruction of the kernel, which goes on without. */
static void debug_exception(struct trap_frame *frame)
{
    __asm__ volatile("mov %0, %%db6" : : "r"(0ull));
    if (trap_is_from_user(frame))
        exception(frame);
    else
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

static void fault_of_program(struct trap_frame *frame, uint64_t address, err_t reason)
{
    static const char *const texts[] = { "read of", "write to", "jump to" };
    int kind = frame->error & PF_INSTRUCTION ? 2 : frame->error & PF_WRITE ? 1 : 0;
    uint32_t signal = reason.code == ERR_IO.code ? LINUX_SIGBUS : LINUX_SIGSEGV;
    if (reason.code == ERR_NO_MEMORY.code) {
        out_of_memory(frame);
        return;
    }
    log_error("%s: %s %016llx: %s", process_current()->path, texts[kind], ULL(address), err_text(reason));
    report(frame, signal, "page fault");
    process_end(wait_status_of_signal(signal));
}

void process_init(void)
{
    for (size_t i = 0; i < ARRAY_LENGTH(user_traps); i++) trap_set_handler(user_traps[i].vector, exception);
    trap_set_handler(TRAP_DEBUG, debug_exception);
    fault_report_user = fault_of_program;
    trap_user_work = process_user_work;
}
