/* SPDX-License-Identifier: Apache-2.0 */
/* The ways a program can end. `ends WAY [NUMBER]`; tests/e2e/programs_test.sh knows the statuses. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char read_only[] = "read only";
static unsigned char data[] = { 0xc3 }; /* ret */
static volatile int zero;

static void touch(uintptr_t address) { *(volatile char *)address = 1; }
static void call(const void *address) { ((void (*)(void))(uintptr_t)address)(); }

static void do_null(void) { touch(zero); }
static void do_kernel_read(void) { printf("%d\n", *(volatile char *)0xffffffff80100000); }
static void do_kernel_write(void) { touch(0xffff800000000000); }
static void do_non_canonical(void) { touch(0x8000000000000000); }
static void do_rodata(void) { touch((uintptr_t)read_only); }
static void do_text(void) { touch((uintptr_t)do_text); }
static void do_jump_null(void) { call((void *)(uintptr_t)zero); }
static void do_jump_kernel(void) { call((void *)0xffffffff80100000); }
static void do_jump_non_canonical(void) { call((void *)0x8000000000000000); }
static void do_run_data(void) { call(data); }
static void do_run_stack(void)
{
    volatile unsigned char code[] = { 0xc3 };
    call((const void *)code);
}
static void do_abort(void) { abort(); }
static void do_divide(void) { printf("%d\n", getpid() / zero); }
static void do_x87_exception(void)
{
    uint16_t control = 0x340; /* nothing masked */
    __asm__ volatile("fldcw %0\n fld1\n fldz\n fdivrp\n fwait" : : "m"(control));
}
static void do_illegal(void) { __asm__ volatile("ud2"); }
static void do_breakpoint(void) { __asm__ volatile("int3"); }
static void do_single_step(void)
{
    __asm__ volatile("pushfq\n orl $0x100, (%%rsp)\n popfq\n nop\n nop" : : : "memory", "cc");
}
static void do_halt(void) { __asm__ volatile("hlt"); }
static void do_cli(void) { __asm__ volatile("cli"); }
static void do_port(void) { __asm__ volatile("outb %%al, $0xf4" : : "a"(1)); }
static void do_cr3(void) { __asm__ volatile("mov %%cr3, %%rax" : : : "rax"); }
static void do_msr(void) { __asm__ volatile("rdmsr" : : "c"(0x10) : "rax", "rdx"); }
static void do_sysret(void) { __asm__ volatile("sysretq"); }
static void do_double_fault_vector(void) { __asm__ volatile("int $8"); }
static void do_null_selector(void) { __asm__ volatile("mov %0, %%ss" : : "r"(0)); }
/* The kernel must not trust the stack pointer of a program that makes a call. */
static void do_syscall_without_stack(void)
{
    __asm__ volatile("xor %%esp, %%esp\n mov $39, %%eax\n syscall\n mov $60, %%eax\n mov $9, %%edi\n syscall"
                     :
                     :
                     : "memory", "rax", "rdi", "rcx", "r11");
}
static void do_past_file(void)
{
    int fd = open("/tmp/short-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || ftruncate(fd, 100) != 0) exit(98);
    volatile char *p = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
    unlink("/tmp/short-file");
    if (p == MAP_FAILED || p[0] != 0) exit(97);
    printf("%d\n", p[4096]);
}

/* The frames must differ, or the compiler makes a loop of it. */
static __attribute__((noinline)) int descend(int depth)
{
    volatile char frame[4096];
    frame[depth & 4095] = (char)depth;
    if (depth < 0) return 0;
    return descend(depth + 1) + frame[(depth + 1) & 4095];
}
static void do_recursion(void) { printf("%d\n", descend(zero)); }

/* More than any machine of the tests has. */
static void do_memory(void)
{
    for (size_t mib = 0; mib < 16384; mib++) {
        char *p = malloc(1 << 20);
        if (!p) exit(3);
        memset(p, 1, 1 << 20);
    }
}

static void do_wait(void)
{
    puts("waiting");
    fflush(stdout);
    for (;;) sleep(1000);
}
static void do_spin(void)
{
    puts("spinning");
    fflush(stdout);
    for (;;) zero = zero + 1;
}

static const struct {
    const char *name;
    void (*end)(void);
} ways[] = {
#define WAY(x) { #x, do_##x }
    WAY(null),
    WAY(kernel_read),
    WAY(kernel_write),
    WAY(non_canonical),
    WAY(rodata),
    WAY(text),
    WAY(jump_null),
    WAY(jump_kernel),
    WAY(jump_non_canonical),
    WAY(run_data),
    WAY(run_stack),
    WAY(abort),
    WAY(divide),
    WAY(x87_exception),
    WAY(illegal),
    WAY(breakpoint),
    WAY(single_step),
    WAY(halt),
    WAY(cli),
    WAY(port),
    WAY(cr3),
    WAY(msr),
    WAY(sysret),
    WAY(double_fault_vector),
    WAY(null_selector),
    WAY(syscall_without_stack),
    WAY(past_file),
    WAY(recursion),
    WAY(memory),
    WAY(wait),
    WAY(spin),
#undef WAY
};

int main(int argc, char **argv)
{
    int number = argc > 2 ? atoi(argv[2]) : 0;
    if (argc < 2) return 100;
    if (!strcmp(argv[1], "exit")) exit(number);
    if (!strcmp(argv[1], "raise")) return raise(number) == 0 ? 0 : 101;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strcmp(argv[1], ways[i].name)) continue;
        ways[i].end();
        return 102; /* it should not have come back */
    }
    return 103;
}
