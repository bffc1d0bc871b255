/* SPDX-License-Identifier: Apache-2.0 */
/* Faults as signals: what the handler is told of each, what it may change, and when nothing helps. */
#include "tests/conformance/tasks.h"

#include <setjmp.h>
#include <sys/resource.h>
#include <ucontext.h>

enum { PAGE = 4096, TRAP_OF_PAGES = 14, DIRECTION = 0x400, TRACING = 0x100 };

static sigjmp_buf back;
static struct {
    int signal, code;
    uintptr_t address;
    greg_t rip, error, trap, cr2, flags;
} seen;
static _Atomic int count;

static void note(int signal, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    seen.signal = signal;
    seen.code = info->si_code;
    seen.address = (uintptr_t)info->si_addr;
    seen.rip = r[REG_RIP];
    seen.error = r[REG_ERR];
    seen.trap = r[REG_TRAPNO];
    seen.cr2 = r[REG_CR2];
    seen.flags = r[REG_EFL];
    count++;
    siglongjmp(back, 1);
}
static void catch_faults(void)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) catch_info(faults[i], note, 0);
}

/* ---- what faults ---- */

static volatile char *volatile target;
static uintptr_t fault_at; /* the instruction that faults, where it matters */

static void do_read(void) { (void)*target; }
static void do_write(void) { *target = 1; }
static void do_call(void) { ((void (*)(void))(uintptr_t)target)(); }
#define AT(instructions)                                                       \
    __asm__ volatile("leaq 1f(%%rip), %%rdx; movq %%rdx, %0\n1: " instructions \
                     : "=m"(fault_at)                                          \
                     :                                                         \
                     : "rax", "rdx", "memory")
static void do_divide(void)
{
    __asm__ volatile("leaq 1f(%%rip), %%rsi; movq %%rsi, %0; xorl %%ecx, %%ecx; movl $1, %%eax; cltd\n"
                     "1: idivl %%ecx"
                     : "=m"(fault_at)
                     :
                     : "rax", "rcx", "rdx", "rsi", "memory");
}
static void do_overflow(void)
{
    __asm__ volatile("leaq 1f(%%rip), %%rsi; movq %%rsi, %0; movl $-1, %%ecx; movl $0x80000000, %%eax; cltd\n"
                     "1: idivl %%ecx"
                     : "=m"(fault_at)
                     :
                     : "rax", "rcx", "rdx", "rsi", "memory");
}
static void do_illegal(void) { AT("ud2"); }
static void do_breakpoint(void) { AT("int3"); }
static void do_halt(void) { AT("hlt"); }
static void do_interrupt(void) { AT("int $0x21"); }
static void do_port(void) { AT("inb $0x80, %%al"); }
static void do_x87(void)
{
    unsigned short word = 0x37b; /* division by zero is not masked */
    __asm__ volatile("fninit; fldcw %1; fld1; fldz; fdivrp; leaq 1f(%%rip), %%rdx; movq %%rdx, %0; 1: fwait"
                     : "=m"(fault_at)
                     : "m"(word)
                     : "rdx", "memory");
}
static void do_step(void)
{
    __asm__ volatile("leaq 1f(%%rip), %%rdx; movq %%rdx, %0; pushfq; orl $0x100, (%%rsp); popfq; nop; 1: nop"
                     : "=m"(fault_at)
                     :
                     : "rdx", "memory", "cc");
}

static bool expects_error = true;

static void show_fault(const char *what, void (*operation)(void), uintptr_t address)
{
    memset(&seen, 0, sizeof seen);
    fault_at = 0;
    target = (volatile char *)address;
    if (sigsetjmp(back, 1) == 0) {
        operation();
        tell(what, "nothing happens");
        return;
    }
    __asm__ volatile("fninit");
    char where[60];
    if (seen.address == 0)
        strcpy(where, "nowhere");
    else if (fault_at && seen.address == fault_at)
        strcpy(where, "the instruction");
    else if (address && seen.address - address < 2 * PAGE)
        snprintf(where, sizeof where, "there + %d", (int)(seen.address - address));
    else
        strcpy(where, "somewhere else");
    tell(what, "signal %d, code %d, %s, trap %lld, error %llx%s%s", seen.signal, seen.code, where,
         (long long)seen.trap, expects_error ? (unsigned long long)seen.error : 0,
         seen.trap == TRAP_OF_PAGES && (uintptr_t)seen.cr2 == address ? ", cr2" : "",
         fault_at == 0                     ? ""
         : (uintptr_t)seen.rip == fault_at ? ", rip is there"
                                           : ", rip is behind");
}

static void memory_faults(void)
{
    char *pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uintptr_t at = (uintptr_t)pages;
    mprotect(pages, PAGE, PROT_NONE);
    mprotect(pages + PAGE, PAGE, PROT_READ);
    munmap(pages + 3 * PAGE, PAGE);
    show_fault("read, no access", do_read, at + 5);
    show_fault("write, no access", do_write, at + 5);
    show_fault("run, no access", do_call, at + 16);
    show_fault("write, read-only, untouched", do_write, at + PAGE + 7);
    (void)*(volatile char *)(pages + PAGE);
    show_fault("write, read-only, touched", do_write, at + PAGE + 7);
    pages[2 * PAGE] = 1;
    show_fault("run, data", do_call, at + 2 * PAGE + 16);
    show_fault("read, nothing there", do_read, at + 3 * PAGE + 1);
    show_fault("write, nothing there", do_write, at + 3 * PAGE + 1);
    show_fault("run, nothing there", do_call, at + 3 * PAGE + 1);
    show_fault("read, page 0", do_read, 16);
    show_fault("write, text", do_write, (uintptr_t)do_read);
    show_fault("read, the kernel's half", do_read, 0xffffffff81000000);
    show_fault("write, the kernel's half", do_write, 0xffff888000001000);
    show_fault("run, the kernel's half", do_call, 0xffffffff81000000);
    show_fault("read, no address at all", do_read, 0x800000000000);
    show_fault("write, no address at all", do_write, 0xdead000000000000);
    show_fault("just below the end", do_read, 0x7ffffffff000);

    int fd = open("file", O_RDWR | O_CREAT, 0644);
    if (ftruncate(fd, PAGE + 100) != 0) give_up("a file");
    char *map = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    at = (uintptr_t)map;
    show_fault("read, a page behind the end of a file", do_read, at + 2 * PAGE + 3);
    show_fault("write, a page behind the end of a file", do_write, at + 2 * PAGE + 3);
    map[PAGE] = 1;
    if (ftruncate(fd, 10) != 0) give_up("a file");
    show_fault("read, where the file was", do_read, at + PAGE);
    char *copy = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    show_fault("privately", do_write, (uintptr_t)copy + PAGE + 9);
    close(fd);
    unlink("file");
}

static void other_faults(void)
{
    show_fault("divide by zero", do_divide, 0);
    show_fault("a quotient too large", do_overflow, 0);
    show_fault("no instruction", do_illegal, 0);
    show_fault("a breakpoint", do_breakpoint, 0);
    show_fault("halt", do_halt, 0);
    expects_error = false; /* QEMU 7.2 does not say which interrupt it was */
    show_fault("an interrupt", do_interrupt, 0);
    expects_error = true;
    show_fault("a port", do_port, 0);
    show_fault("x87 division", do_x87, 0);
    show_fault("a single step", do_step, 0);
}

/* ---- what the handler changes ---- */

static void skip_ud2(int signal, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    (void)signal;
    (void)info;
    r[REG_RIP] += 2;
    r[REG_RAX] = 0x123456789abcdef;
    r[REG_R15] ^= -1;
    r[REG_EFL] |= 1; /* carry */
    count++;
}
static void make_writable(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    mprotect((void *)((uintptr_t)info->si_addr & -(uintptr_t)PAGE), PAGE, PROT_READ | PROT_WRITE);
    count++;
}
static void note_flags(int signal, siginfo_t *info, void *context)
{
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    uint64_t flags;
    (void)signal;
    (void)info;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    seen.flags = (greg_t)flags;
    r[REG_RIP] += 2;
}
static void changes(void)
{
    uint64_t rax = 1, r15 = 2, carry = 0;
    catch_info(SIGILL, skip_ud2, 0);
    count = 0;
    __asm__ volatile("movq $1, %%rax; movq $-3, %%r15; clc; ud2; movq %%rax, %0; movq %%r15, %1; sbbq %%rax, "
                     "%%rax; movq %%rax, %2"
                     : "=m"(rax), "=m"(r15), "=m"(carry)
                     :
                     : "rax", "r15", "cc", "memory");
    tell("registers that a handler sets", "%d, %jx %jx %jx", count, (uintmax_t)rax, (uintmax_t)r15,
         (uintmax_t)carry);
    catch_info(SIGSEGV, make_writable, 0);
    volatile char *page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    count = 0;
    page[3] = 7;
    page[4] = 8;
    tell("a page that a handler makes writable", "%d, %d %d", count, page[3], page[4]);
    catch_info(SIGILL, note_flags, 0);
    uint64_t after;
    __asm__ volatile("std; ud2; pushfq; popq %0; cld" : "=r"(after) : : "memory", "cc");
    tell("the direction flag", "%s inside, %s after", seen.flags & DIRECTION ? "SET" : "clear",
         after & DIRECTION ? "set" : "CLEAR");
    catch_faults();
}

/* ---- when nothing helps ---- */

/* ---- where a handler may return to ---- */

static void go_to_target(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)target;
}
static void do_return(void) { raise(SIGUSR1); }

/* Half of these are addresses of nobody, which the processor refuses before it goes there. */
static void returns(void)
{
    static const struct {
        const char *name;
        uintptr_t address;
    } places[] = {
        { "return to 0", 0 },
        { "return to the last page below the hole", 0x7ffffffff000 },
        { "return to the last byte below the hole", 0x7fffffffffff },
        { "return to the hole's first byte", 0x800000000000 },
        { "return into the hole", 0x1000000000000 },
        { "return to the hole's last byte", 0xffff7fffffffffff },
        { "return to the kernel's half", 0xffff800000000000 },
        { "return to the kernel's program", 0xffffffff81000000 },
    };
    catch_info(SIGUSR1, go_to_target, 0);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        show_fault(places[i].name, do_return, places[i].address);
}

static void fault_again(int signal)
{
    (void)signal;
    target = (volatile char *)16;
    *target = 1;
}
static void jump_nowhere(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)0xdead000000000000;
}
static void drop_stack(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RSP] = 16;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}
static void recurse(volatile char *above)
{
    volatile char here[1000];
    here[0] = *above;
    if (above) recurse(here);
    here[1] = 1;
}
static int die(void *argument)
{
    struct rlimit no_core = { 0, 0 }, small_stack = { 256 << 10, 256 << 10 };
    setrlimit(RLIMIT_CORE, &no_core);
    catch_faults();
    if (sigsetjmp(back, 1) != 0) return 1;
    switch ((int)(long)argument) {
    case 0: block(SIGSEGV), fault_again(0); break;
    case 1: signal(SIGSEGV, SIG_IGN), fault_again(0); break;
    case 2: catch_with(SIGSEGV, fault_again, 0), fault_again(0); break;
    case 3: signal(SIGFPE, SIG_DFL), do_divide(); break;
    case 4: block(SIGILL), do_illegal(); break;
    case 5: catch_info(SIGILL, jump_nowhere, 0), signal(SIGSEGV, SIG_DFL), do_illegal(); break;
    case 6: catch_info(SIGILL, drop_stack, 0), signal(SIGSEGV, SIG_DFL), do_illegal(); break;
    case 7: setrlimit(RLIMIT_STACK, &small_stack), recurse((volatile char *)&no_core); break;
    case 8: __asm__ volatile("movl $8, %%esp; ud2" : : : "memory"); break;
    case 9:
        __asm__ volatile("movl $15, %%eax; movl $64, %%esp; syscall" : : : "rax", "rcx", "r11", "memory");
        break;
    case 10: signal(SIGTRAP, SIG_IGN), do_breakpoint(); break;
    case 11: block(SIGSEGV), kill(getpid(), SIGSEGV); return 2;
    case 12: signal(SIGSEGV, SIG_IGN), kill(getpid(), SIGSEGV); return 3;
    case 13: catch_info(SIGILL, jump_nowhere, 0), do_illegal(); break;
    }
    return 0;
}
static void deaths(void)
{
    static const char *const names[] = { "blocked",
                                         "ignored",
                                         "a fault in its own handler",
                                         "no handler",
                                         "no instruction, blocked",
                                         "a return to no address",
                                         "a return to no stack",
                                         "no room for a handler's frame",
                                         "a stack pointer that is none",
                                         "a return from no handler",
                                         "a breakpoint, ignored",
                                         "sent and blocked",
                                         "sent and ignored",
                                         "a return to no address, caught" };
    for (long i = 0; i < (long)(sizeof names / sizeof *names); i++) CHILD(names[i], die, (void *)i);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    catch_faults();
    memory_faults();
    other_faults();
    changes();
    returns();
    deaths();
    return end_cases();
}
