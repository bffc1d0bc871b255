/* SPDX-License-Identifier: Apache-2.0 */
#include "core/panic.h"

#include "abi/channel.h"
#include "arch/cpu.h"
#include "arch/segments.h"
#include "arch/trap.h"
#include "config.h"
#include "core/ipi.h"
#include "core/lock_order.h"
#include "core/log.h"
#include "core/shutdown.h"
#include "core/symbol.h"
#include "lib/format.h"
#include "lib/string.h"

enum { BACKTRACE_MAX = 24 };

void (*panic_hook)(void);

static void print(const char *format, ...) PRINTF_LIKE(1, 2);
static void print(const char *format, ...)
{
    char line[CONFIG_LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    size_t length = format_string_va(line, sizeof(line), format, args);
    va_end(args);
    log_raw(line, MIN(length, sizeof(line) - 1));
}

/* `back` is 1 for a return address: that of a call which never returns may be the next function's
 * first byte, so the byte before it is looked up. */
static void print_symbol(const char *label, uint64_t address, uint64_t back)
{
    struct symbol symbol;
    if (symbol_find(address - back, &symbol))
        print("%s %016lx  %s+0x%lx\n", label, address, symbol.name, symbol.offset + back);
    else
        print("%s %016lx\n", label, address);
}
static void print_location(const char *label, uint64_t address) { print_symbol(label, address, 0); }
static void print_caller_at(const char *label, uint64_t address) { print_symbol(label, address, 1); }

/* Frames are followed only upward, inside one stack's worth of addresses, so that a damaged chain
 * ends the list instead of faulting. */
static void print_backtrace(uint64_t rbp)
{
    const uint64_t kernel_half = 0xffff800000000000ull;
    for (int i = 0; i < BACKTRACE_MAX && rbp >= kernel_half && is_aligned(rbp, 8); i++) {
        const uint64_t *frame = (const uint64_t *)rbp;
        uint64_t next = frame[0];
        struct symbol symbol;
        if (!symbol_find(frame[1] - 1, &symbol)) break; /* the boot stub's caller, or damage */
        print_caller_at("   ", frame[1]);
        if (next <= rbp || next - rbp > CONFIG_KERNEL_STACK_BYTES) break;
        rbp = next;
    }
}

void backtrace_print(void) { print_backtrace((uint64_t)__builtin_frame_address(0)); }

/* After a jump to nowhere the caller's address is still on top of the stack, and RBP is the caller's. */
static void print_caller(const struct trap_frame *f)
{
    struct symbol symbol;
    bool is_kernel_stack = f->rsp >= 0xffff800000000000ull && is_aligned(f->rsp, 8);
    if (is_kernel_stack && !trap_is_from_user(f) && !symbol_find(f->rip, &symbol))
        print_caller_at("   ", *(const uint64_t *)f->rsp);
}

#define ULL(x) ((unsigned long long)(x))

static void print_registers(const struct trap_frame *f)
{
    print("rax %016llx  rbx %016llx  rcx %016llx  rdx %016llx\n", ULL(f->rax), ULL(f->rbx), ULL(f->rcx),
          ULL(f->rdx));
    print("rsi %016llx  rdi %016llx  rbp %016llx  rsp %016llx\n", ULL(f->rsi), ULL(f->rdi), ULL(f->rbp),
          ULL(f->rsp));
    print("r8  %016llx  r9  %016llx  r10 %016llx  r11 %016llx\n", ULL(f->r8), ULL(f->r9), ULL(f->r10),
          ULL(f->r11));
    print("r12 %016llx  r13 %016llx  r14 %016llx  r15 %016llx\n", ULL(f->r12), ULL(f->r13), ULL(f->r14),
          ULL(f->r15));
    print("cs %04llx  ss %04llx  rflags %08llx  error %llx  cr0 %llx  cr2 %016llx  cr3 %llx  cr4 %llx\n",
          ULL(f->cs), ULL(f->ss), ULL(f->rflags), ULL(f->error), ULL(cr0_read()), ULL(cr2_read()),
          ULL(cr3_read()), ULL(cr4_read()));
    uint64_t low, high;
    const char *stack = segments_stack_name((uint64_t)f, &low, &high);
    if (stack) print("on the %s stack\n", stack);
}

/* One CPU reports; the others have stopped, whatever they were doing. A panic inside a panic prints one line and stops: whatever the report needs is broken. */
static void begin_report(void)
{
    static uint32_t depth;
    ipi_stop_others();
    if (CONFIG_DEBUG) lock_order_stop();
    if (depth++ == 0) return;
    if (depth == 2) print("\npanic: again, while reporting the first one\n");
    shutdown(CHANNEL_PANIC);
}

static NORETURN void end_report(void)
{
    print("---- end of panic ----\n");
    if (panic_hook) panic_hook();
    shutdown(CHANNEL_PANIC);
}

void panic(const char *format, ...)
{
    char reason[CONFIG_LOG_LINE_MAX];
    begin_report();
    va_list args;
    va_start(args, format);
    format_string_va(reason, sizeof(reason), format, args);
    va_end(args);
    print("\npanic: %s\n", reason);
    print_caller_at("at ", (uint64_t)__builtin_return_address(0));
    print_backtrace((uint64_t)__builtin_frame_address(0));
    end_report();
}

void panic_trap(const struct trap_frame *frame, const char *format, ...)
{
    char reason[CONFIG_LOG_LINE_MAX];
    begin_report();
    va_list args;
    va_start(args, format);
    format_string_va(reason, sizeof(reason), format, args);
    va_end(args);
    print("\npanic: %s\n", reason);
    print_location("rip", frame->rip);
    print_registers(frame);
    if (!trap_is_from_user(frame)) { /* whose RBP may be anything */
        print("backtrace:\n");
        print_caller(frame);
        print_backtrace(frame->rbp);
    }
    end_report();
}

void assert_failed(const char *expression, const char *file, int line)
{
    panic("%s:%d: assertion failed: %s", file, line, expression);
}

/* What -fstack-protector compares and calls. The value is replaced in core/entropy.c before the
 * first thread starts. */
uint64_t __stack_chk_guard = 0x5ca1ab1e0ddba11ull;
NORETURN void __stack_chk_fail(void);
void __stack_chk_fail(void) { panic("kernel stack overwritten: the canary of the calling function is gone"); }
