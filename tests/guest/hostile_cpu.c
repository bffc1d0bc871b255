/* SPDX-License-Identifier: Apache-2.0 */
/* Ring 3 in states that a compiler never makes. `hostile_cpu WAY`: a way that ends the program ends it by
 * the signal that tests/e2e/hostile_test.sh knows; a way that does not exits with 0 when every register
 * is as it should be. On a machine whose FS and GS are not writable these two ways exit with 77. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };
#define NON_CANONICAL 0x800000000000ull
#define LAST_PAGE     0x7fffffffe000ull

#define FLAG_TF 0x100ull
#define FLAG_DF 0x400ull
#define FLAG_NT 0x4000ull
#define FLAG_AC 0x40000ull
#define FLAG_ID 0x200000ull

#define FAIL(...) (printf(__VA_ARGS__), putchar('\n'), exit(1))
#define RUN(text) __asm__ volatile(text) /* for what does not come back */

static char *fresh_page(void)
{
    char *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) FAIL("no memory");
    return p;
}

/* ---- instructions that ring 3 may not have ---- */

static void do_int1(void) { RUN(".byte 0xf1"); }
static void do_int4(void) { RUN("int $4"); }
static void do_int14(void) { RUN("int $14"); }
static void do_int_0x30(void) { RUN("int $0x30"); }
static void do_int_0xf0(void) { RUN("int $0xf0"); }
static void do_int_0x80(void) { RUN("mov $1, %eax\n xor %ebx, %ebx\n int $0x80"); }
static void do_sysenter(void) { RUN("mov $1, %eax\n xor %ebx, %ebx\n sysenter"); }
static void do_in(void) { RUN("mov $0x60, %dx\n inb %dx, %al"); }
static void do_outs(void) { RUN("mov $0x3f8, %dx\n outsb"); }
static void do_sti(void) { RUN("sti"); }
static void do_iopl(void) { RUN("pushfq\n orq $0x3000, (%rsp)\n popfq\n cli"); }
static void do_lgdt(void) { RUN("sub $16, %rsp\n lgdt (%rsp)"); }
static void do_lidt(void) { RUN("sub $16, %rsp\n lidt (%rsp)"); }
static void do_ltr(void) { RUN("mov $0x30, %eax\n ltr %ax"); }
static void do_lldt(void) { RUN("xor %eax, %eax\n lldt %ax"); }
static void do_cr0(void) { RUN("mov %cr0, %rax"); }
static void do_cr4(void) { RUN("mov %rax, %cr4"); }
static void do_dr7(void) { RUN("mov %rax, %dr7"); }
static void do_clts(void) { RUN("clts"); }
static void do_wrmsr(void) { RUN("mov $0xc0000082, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr"); }
static void do_swapgs(void) { RUN("swapgs"); }
static void do_sysretl(void) { RUN("sysretl"); }
static void do_iretq_to_kernel(void)
{
    RUN("push $0x10\n push %rsp\n pushfq\n push $0x08\n push $0x100000\n iretq");
}
static void do_iretq_non_canonical(void)
{
    RUN("mov %ss, %ecx\n mov %cs, %edx\n mov $0x800000000000, %rax\n push %rcx\n push %rsp\n pushfq\n push "
        "%rdx\n push %rax\n iretq");
}
static void do_invlpg(void) { RUN("invlpg (%rsp)"); }
static void do_wbinvd(void) { RUN("wbinvd"); }
static void do_xsetbv(void) { RUN("xor %ecx, %ecx\n mov $7, %eax\n xor %edx, %edx\n xsetbv"); }
static void do_kernel_code_selector(void)
{
    RUN("push $0x08\n lea 1f(%rip), %rax\n push %rax\n lretq\n 1: cli");
}
static void do_code_32_selector(void)
{
    RUN("push $0x1b\n lea 1f(%rip), %rax\n push %rax\n lretq\n 1: syscall");
}
static void do_task_selector(void) { RUN("mov $0x30, %eax\n mov %eax, %es"); }
static void do_ldt_selector(void) { RUN("mov $0x0f, %eax\n mov %eax, %es"); }
static void do_kernel_data_selector(void) { RUN("mov $0x10, %eax\n mov %eax, %ss"); }

/* ---- addresses ---- */

static void do_vsyscall(void) { RUN("mov $0xffffffffff600400, %rax\n xor %edi, %edi\n call *%rax"); }
static void do_stack_non_canonical(void) { RUN("mov $0x800000000000, %rax\n mov %rax, %rsp\n push %rax"); }
static void do_exception_without_stack(void) { RUN("mov $0x800000000000, %rax\n mov %rax, %rsp\n ud2"); }
static void do_exception_on_kernel_stack(void)
{
    RUN("mov $0xffffffff80200000, %rax\n mov %rax, %rsp\n ud2");
}
static void do_read_fs_non_canonical(void) { RUN("mov $0x7fffffffffffffff, %rax\n mov %fs:(%rax), %rbx"); }
static void do_xrstor_garbage(void)
{
    static uint64_t area[1024] __attribute__((aligned(64)));
    memset(area, 0xff, sizeof area);
    __asm__ volatile("xrstor %0" : : "m"(area), "a"(-1), "d"(-1));
}

/* The address behind this SYSCALL is the first that is none. */
static void do_syscall_at_the_end(void)
{
    char *page = mmap((void *)LAST_PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page != (void *)LAST_PAGE) FAIL("the last page is taken");
    memcpy(page + PAGE - 2, "\x0f\x05", 2);
    __asm__ volatile("jmp *%0" : : "r"(page + PAGE - 2), "a"(SYS_getpid));
}
/* No page may be mapped there. */
static void do_map_beyond_the_end(void)
{
    for (uint64_t at = LAST_PAGE + PAGE; at; at <<= 1) {
        if (syscall(SYS_mmap, at, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != -1)
            FAIL("%jx is mapped", (uintmax_t)at);
        if (syscall(SYS_brk, at) == (long)at) FAIL("the heap ends at %jx", (uintmax_t)at);
    }
}

/* ---- flags ---- */

static uint64_t call_with_flags(uint64_t number, uint64_t flags)
{
    uint64_t result = number, after;
    __asm__ volatile("pushfq\n orq %2, (%%rsp)\n popfq\n syscall\n pushfq\n popq %1\n pushq $0x202\n popfq"
                     : "+a"(result), "=&r"(after)
                     : "r"(flags)
                     : "rcx", "r11", "rdx", "memory", "cc");
    if ((after & flags) != flags) FAIL("flags %jx became %jx", (uintmax_t)flags, (uintmax_t)after);
    return result;
}

static char touch_with_flags(char *at, uint64_t flags)
{
    char value;
    uint64_t after;
    __asm__ volatile(
        "pushfq\n orq %3, (%%rsp)\n popfq\n movb (%2), %0\n pushfq\n popq %1\n pushq $0x202\n popfq"
        : "=&q"(value), "=&r"(after)
        : "r"(at), "r"(flags)
        : "memory", "cc");
    if ((after & flags) != flags) FAIL("flags %jx became %jx", (uintmax_t)flags, (uintmax_t)after);
    return value;
}

static void do_flags(void)
{
    const uint64_t flags[] = { 0,       FLAG_DF, FLAG_NT,
                               FLAG_AC, FLAG_ID, FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID | 0x8d5 };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (call_with_flags(SYS_getpid, flags[i]) != (uint64_t)getpid()) FAIL("getpid");
        if (call_with_flags(100000, flags[i]) != (uint64_t)-38) FAIL("no such call");
        if (touch_with_flags(fresh_page(), flags[i])) FAIL("a fresh page is not zero");
        struct {
            char name[6][65];
        } name; /* a copy by the kernel, upwards */
        memset(&name, 0, sizeof name);
        uint64_t result = SYS_uname;
        __asm__ volatile("pushfq\n orq %1, (%%rsp)\n popfq\n syscall\n pushq $0x202\n popfq"
                         : "+a"(result)
                         : "r"(flags[i]), "D"(&name)
                         : "rcx", "r11", "memory", "cc");
        if (result || strcmp(name.name[0], "Linux")) FAIL("uname with flags %jx", (uintmax_t)flags[i]);
    }
}

static void do_step_over_syscall(void)
{
    RUN("mov $39, %eax\n pushfq\n orq $0x100, (%rsp)\n popfq\n syscall\n nop\n nop");
}
static void do_step_over_stack_switch(void)
{
    RUN("mov %ss, %ebx\n mov $39, %eax\n pushfq\n orq $0x100, (%rsp)\n popfq\n mov %ebx, %ss\n syscall\n "
        "nop");
}

/* ---- registers ---- */

static void do_registers(void)
{
    uint64_t seen[16], rip;
    __asm__ volatile(
        "push %%rbp\n push %%rbx\n mov %0, %%rax\n push %%rax\n"
        "mov $0x101, %%ebx\n mov $0x102, %%edx\n mov $0x103, %%esi\n mov $0x104, %%edi\n mov $0x105, %%ebp\n"
        "mov $0x108, %%r8d\n mov $0x109, %%r9d\n mov $0x10a, %%r10d\n mov $0x10c, %%r12d\n mov $0x10d, "
        "%%r13d\n"
        "mov $0x10e, %%r14d\n mov $0x10f, %%r15d\n mov $39, %%eax\n syscall\n 1:\n"
        "mov (%%rsp), %%rax\n mov %%rbx, 8(%%rax)\n mov %%rdx, 16(%%rax)\n mov %%rsi, 24(%%rax)\n"
        "mov %%rdi, 32(%%rax)\n mov %%rbp, 40(%%rax)\n mov %%r8, 64(%%rax)\n mov %%r9, 72(%%rax)\n"
        "mov %%r10, 80(%%rax)\n mov %%r12, 96(%%rax)\n mov %%r13, 104(%%rax)\n mov %%r14, 112(%%rax)\n"
        "mov %%r15, 120(%%rax)\n mov %%rcx, 48(%%rax)\n lea 1b(%%rip), %%rcx\n mov %%rcx, (%%rax)\n"
        "pop %%rax\n pop %%rbx\n pop %%rbp"
        :
        : "r"(seen)
        : "memory", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15");
    rip = seen[0];
    if (seen[6] != rip) FAIL("rcx %jx", (uintmax_t)seen[6]);
    for (int i = 1; i < 16; i++)
        if (i != 6 && i != 7 && i != 11 && seen[i] != 0x100u + (unsigned)i)
            FAIL("register %d: %jx", i, (uintmax_t)seen[i]);
}

static void do_vector_registers(void)
{
    unsigned char before[16], after[16];
    memset(before, 0x5a, sizeof before);
    char *page = fresh_page(), value;
    uint64_t result = SYS_getpid;
    __asm__ volatile(
        "movdqu %3, %%xmm0\n movdqa %%xmm0, %%xmm15\n syscall\n movb (%4), %1\n movdqu %%xmm15, %2"
        : "+a"(result), "=&q"(value), "=m"(after)
        : "m"(before), "r"(page)
        : "rcx", "r11", "xmm0", "xmm15", "memory");
    if (memcmp(before, after, 16)) FAIL("xmm15 changed");
    if (value) FAIL("a fresh page is not zero");
}

static void do_first_registers(void)
{
    uint32_t mxcsr;
    uint16_t control;
    __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(control));
    if (mxcsr != 0x1f80 || control != 0x37f) FAIL("mxcsr %x, x87 control %x", mxcsr, control);
}

/* Data selectors, and bases that point into the kernel: none of them is the kernel's own. */
static void do_selectors(void)
{
    for (int i = 0; i < 100; i++) {
        __asm__ volatile("mov %%ss, %%eax\n mov %%eax, %%ds\n mov %%eax, %%es\n mov %%eax, %%gs" : : : "rax");
        if (touch_with_flags(fresh_page(), 0)) FAIL("a fresh page is not zero");
        __asm__ volatile("xor %%eax, %%eax\n mov %%eax, %%ds\n mov %%eax, %%es\n mov %%eax, %%gs"
                         :
                         :
                         : "rax");
        if (getpid() != (int)call_with_flags(SYS_getpid, 0)) FAIL("getpid");
    }
}

static void do_bases(void)
{
    const uint64_t bases[] = { 0, 1, 0x7fffffffffff, 0xffff800000000000, 0xffffffff80100000, UINT64_MAX };
    if (!(getauxval(AT_HWCAP2) & 2)) exit(77);
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        uint64_t gs, fs, result = SYS_getpid, own;
        char value;
        __asm__ volatile("rdfsbase %0" : "=r"(own));
        __asm__ volatile(
            "wrgsbase %6\n wrfsbase %6\n syscall\n movb (%5), %3\n rdgsbase %1\n rdfsbase %2\n wrfsbase %4"
            : "+a"(result), "=&r"(gs), "=&r"(fs), "=&q"(value)
            : "r"(own), "r"(fresh_page()), "r"(bases[i])
            : "rcx", "r11", "memory");
        if (gs != bases[i] || fs != bases[i])
            FAIL("base %jx became gs %jx fs %jx", (uintmax_t)bases[i], (uintmax_t)gs, (uintmax_t)fs);
    }
}
static void do_exception_with_kernel_base(void)
{
    if (!(getauxval(AT_HWCAP2) & 2)) exit(77);
    RUN("mov $0xffffffff80100000, %rax\n wrgsbase %rax\n .byte 0xf1");
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
#define WAY(x) { #x, do_##x }
    WAY(int1),
    WAY(int4),
    WAY(int14),
    WAY(int_0x30),
    WAY(int_0xf0),
    WAY(int_0x80),
    WAY(sysenter),
    WAY(in),
    WAY(outs),
    WAY(sti),
    WAY(iopl),
    WAY(lgdt),
    WAY(lidt),
    WAY(ltr),
    WAY(lldt),
    WAY(cr0),
    WAY(cr4),
    WAY(dr7),
    WAY(clts),
    WAY(wrmsr),
    WAY(swapgs),
    WAY(sysretl),
    WAY(iretq_to_kernel),
    WAY(iretq_non_canonical),
    WAY(invlpg),
    WAY(wbinvd),
    WAY(xsetbv),
    WAY(kernel_code_selector),
    WAY(code_32_selector),
    WAY(task_selector),
    WAY(ldt_selector),
    WAY(kernel_data_selector),
    WAY(vsyscall),
    WAY(stack_non_canonical),
    WAY(exception_without_stack),
    WAY(exception_on_kernel_stack),
    WAY(read_fs_non_canonical),
    WAY(xrstor_garbage),
    WAY(syscall_at_the_end),
    WAY(map_beyond_the_end),
    WAY(flags),
    WAY(step_over_syscall),
    WAY(step_over_stack_switch),
    WAY(registers),
    WAY(vector_registers),
    WAY(first_registers),
    WAY(selectors),
    WAY(bases),
    WAY(exception_with_kernel_base),
#undef WAY
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (argc != 2 || strcmp(argv[1], ways[i].name)) continue;
        ways[i].run();
        return 0;
    }
    return 100;
}
