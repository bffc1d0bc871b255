/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point state: what a new program, a child and a program beside others finds in its registers. */
#include "conformance.h"

#include <fenv.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/wait.h>

enum { TURNS = 200, CHILDREN = 3 };

#define EACH_VECTOR(text) ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t" text "\n\t.endr"
#define VECTORS                                                                                       \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
        "xmm12", "xmm13", "xmm14", "xmm15"

/* Registers hold `vectors` while the kernel is asked to let others run; afterwards they are stored again. */
static void hold(uint64_t vectors[16][2], long call)
{
    long result = call;
    __asm__ volatile(EACH_VECTOR("movdqu \\n*16(%1), %%xmm\\n") "\n\tsyscall\n\t" EACH_VECTOR(
                         "movdqu %%xmm\\n, \\n*16(%1)")
                     : "+a"(result)
                     : "r"(vectors)
                     : "rcx", "r11", "memory", VECTORS);
}

/* The number of turns after which something had changed. */
static int hold_often(uint64_t seed)
{
    uint64_t vectors[16][2], before[16][2];
    int wrong = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        for (int i = 0; i < 16; i++)
            for (int k = 0; k < 2; k++) before[i][k] = (seed << 32) + turn * 100 + i * 2 + k;
        memcpy(vectors, before, sizeof(vectors));
        hold(vectors, SYS_sched_yield);
        wrong += memcmp(vectors, before, sizeof(vectors)) != 0;
    }
    return wrong;
}

static int status_of(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void show_beside_others(void)
{
    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (!children[i]) _exit(hold_often(i + 2) ? 1 : 0);
    }
    printf("turns in which a register changed: %d\n", hold_often(1));
    for (int i = 0; i < CHILDREN; i++) printf("child %d ends with %d\n", i, status_of(children[i]));
}

static unsigned mxcsr(void)
{
    unsigned value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value & 0xffc0; /* without what happened so far */
}

static unsigned control(void)
{
    unsigned short value;
    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}

static void show_controls(const char *whose)
{
    volatile long double third = 3;
    third = 1 / third;
    printf("%s: mxcsr %x, control word %x, a third is %La\n", whose, mxcsr(), control(), third);
    fflush(stdout);
}

static void show_inheritance(char *self)
{
    fesetround(FE_UPWARD);
    show_controls("parent");
    pid_t child = fork();
    if (!child) {
        show_controls("child");
        fesetround(FE_DOWNWARD);
        show_controls("child, changed");
        execl("/proc/self/exe", self, "again", NULL);
        _exit(errno == ENOENT ? 0 : 1);
    }
    printf("child ends with %d\n", status_of(child));
    show_controls("parent afterwards");
    fesetround(FE_TONEAREST);
}

/* What ARCH_REQ_XCOMP_PERM refuses on any machine: a component that does not exist, and one that needs no asking. */
static void show_requests(void)
{
    unsigned long has = 0;
    printf("supported: %ld\n", syscall(SYS_arch_prctl, 0x1021, &has));
    printf("has x87 and SSE: %d\n", (has & 3) == 3);
    printf("bad address: %s\n", syscall(SYS_arch_prctl, 0x1022, 8) ? error_name(errno) : "fine");
    printf("component 63: %s\n", syscall(SYS_arch_prctl, 0x1023, 63) ? error_name(errno) : "fine");
    printf("component 2: %s\n", syscall(SYS_arch_prctl, 0x1023, 2) ? error_name(errno) : "fine");
    printf("a signal's stack is larger than a frame without vectors: %d\n", getauxval(51) > 512 + 440);
}

int main(int count, char **arguments)
{
    if (count > 1) {
        show_controls("new program");
        return 0;
    }
    show_beside_others();
    show_inheritance(arguments[0]);
    show_requests();
    return 0;
}
