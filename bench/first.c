/* SPDX-License-Identifier: Apache-2.0 */
/* The first instruction of ring 3 reads the TSC; in a counted run that is the number of instructions
 * since reset, firmware included. Then: the null system call, in a loop of 1,000, with the cost of an
 * empty loop taken off. Last, the memory that is free by then. Without a C library, so that nothing runs
 * before. Prints "boot N syscall N free N". */
#include <linux/sysinfo.h>
#include <stdint.h>

enum { ROUNDS = 1000, SYS_WRITE = 1, SYS_SYSINFO = 99, SYS_GETPPID = 110, SYS_EXIT = 60 };

static inline uint64_t tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

/* Both loops differ only in the two instructions of the call: MOV to EAX and SYSCALL. */
static uint64_t empty_loop(void)
{
    uint64_t start = tsc();
    for (int i = 0; i < ROUNDS; i++) __asm__ volatile("" : : : "rax", "rcx", "r11", "memory");
    return tsc() - start;
}

static uint64_t call_loop(void)
{
    uint64_t start = tsc();
    for (int i = 0; i < ROUNDS; i++)
        __asm__ volatile("movl %0, %%eax; syscall" : : "i"(SYS_GETPPID) : "rax", "rcx", "r11", "memory");
    return tsc() - start;
}

static char *put_text(char *out, const char *text)
{
    while (*text) *out++ = *text++;
    return out;
}

static char *put_number(char *out, uint64_t n)
{
    char digits[20];
    int count = 0;
    do digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count) *out++ = digits[--count];
    return out;
}

static __attribute__((used, noreturn)) void begin(uint64_t boot)
{
    struct sysinfo info;
    char line[80], *end = line;
    uint64_t empty = empty_loop(), calls = call_loop();
    end = put_text(end, "boot ");
    end = put_number(end, boot);
    end = put_text(end, " syscall ");
    end = put_number(end, (calls - empty + ROUNDS / 2) / ROUNDS);
    call(SYS_SYSINFO, (long)&info, 0, 0);
    end = put_text(end, " free ");
    end = put_number(end, info.freeram * info.mem_unit);
    end = put_text(end, "\n");
    call(SYS_WRITE, 1, (long)line, end - line);
    call(SYS_EXIT, 0, 0, 0);
    __builtin_unreachable();
}

__asm__(".globl _start\n"
        "_start:\n"
        "    rdtsc\n"
        "    shlq $32, %rdx\n"
        "    leaq (%rax, %rdx), %rdi\n"
        "    andq $-16, %rsp\n"
        "    call begin\n");
