/* SPDX-License-Identifier: Apache-2.0 */
/* Registers across signals, threads, fork and exec: each of them, those of vectors and x87 included. */
#include "tests/conformance/tasks.h"

#include <ucontext.h>

/* As they are loaded and stored below. */
struct registers {
    uint64_t general[15]; /* all but RSP */
    uint64_t flags;
    uint8_t vectors[16][32] __attribute__((aligned(32)));
    uint8_t x87[512] __attribute__((aligned(64))); /* FXSAVE */
};
static struct registers before, after;
static uint64_t saved_rsp;
static bool has_avx;
static _Atomic int runs;

enum { MXCSR_AT = 24, CARRY_SIGN_ZERO = 0xc1, FLAGS = 0x8d5 }; /* those that arithmetic sets, but direction */

/* Loads everything from `before`, does the system call of RAX (kill of ourselves), stores everything to `after`. */
#define GENERAL(move)                                                                                        \
    move("rax", 0) move("rbx", 1) move("rcx", 2) move("rdx", 3) move("rsi", 4) move("rdi", 5) move("rbp", 6) \
        move("r8", 7) move("r9", 8) move("r10", 9) move("r11", 10) move("r12", 11) move("r13", 12)           \
            move("r14", 13) move("r15", 14)
#define LOAD(name, i)  "movq before+" #i "*8(%%rip), %%" name "\n\t"
#define STORE(name, i) "movq %%" name ", after+" #i "*8(%%rip)\n\t"
#define ALL_VECTORS(move)                                                                             \
    move(0) move(1) move(2) move(3) move(4) move(5) move(6) move(7) move(8) move(9) move(10) move(11) \
        move(12) move(13) move(14) move(15)
#define LOAD_YMM(i)  "vmovdqu 128+" #i "*32(%%rax), %%ymm" #i "\n\t"
#define STORE_YMM(i) "vmovdqu %%ymm" #i ", 128+" #i "*32(%%rax)\n\t"

_Static_assert(__builtin_offsetof(struct registers, vectors) == 128, "known to the instructions below");

static __attribute__((noinline)) void with_all_registers(void)
{
    __asm__ volatile(
        "movq %%rsp, %0\n\t"
        "subq $256, %%rsp\n\t"
        "pushq %%rbp\n\t"
        "pushq %%rbx\n\t"
        "leaq before(%%rip), %%rax\n\t"
        "fxrstor64 640(%%rax)\n\t"
        "cmpb $0, has_avx(%%rip)\n\t"
        "je 1f\n\t" ALL_VECTORS(LOAD_YMM) "1:\n\t"
                                          "pushq 120(%%rax)\n\t"
                                          "popfq\n\t" GENERAL(LOAD) "ud2\n\t" /* the handler steps over it */
        GENERAL(STORE) "pushfq\n\t"
                       "popq after+120(%%rip)\n\t"
                       "leaq after(%%rip), %%rax\n\t"
                       "cmpb $0, has_avx(%%rip)\n\t"
                       "je 2f\n\t" ALL_VECTORS(STORE_YMM) "2:\n\t"
                                                          "fxsave64 640(%%rax)\n\t"
                                                          "fninit\n\t"
                                                          "cld\n\t"
                                                          "popq %%rbx\n\t"
                                                          "popq %%rbp\n\t"
                                                          "movq %0, %%rsp\n\t"
        : "+m"(saved_rsp)
        :
        : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",
          "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
          "xmm13", "xmm14", "xmm15", "memory", "cc");
}

static void fill(unsigned seed)
{
    uint8_t *vectors = before.vectors[0];
    for (int i = 0; i < 15; i++) before.general[i] = 0x0101010101010101ull * (unsigned)(i + 1) * seed;
    before.flags = 0x202 | (FLAGS & 0xc5);
    for (size_t i = 0; i < sizeof before.vectors; i++) vectors[i] = (uint8_t)(i * 7 + seed);
    __asm__ volatile("fninit; fxsave64 %0" : "=m"(before.x87));
    before.x87[0] = 0x7f; /* control: all masked, single precision */
    before.x87[1] = 0x06; /* rounds down */
    before.x87[4] = 0xff; /* all registers are in use */
    *(uint32_t *)(void *)(before.x87 + MXCSR_AT) = 0x1f80 | 0x6000 | 0x8040 * (seed & 1);
    for (int r = 0; r < 8; r++) {
        uint8_t *value = before.x87 + 32 + 16 * r;
        for (int i = 0; i < 8; i++) value[i] = (uint8_t)(seed * 3 + (unsigned)(r * 8 + i));
        value[7] |= 0x80; /* normal numbers */
        value[8] = (uint8_t)r;
        value[9] = 0x40;
    }
    for (int v = 0; v < 16; v++) memcpy(before.x87 + 160 + 16 * v, before.vectors[v], 16);
}

static bool same_x87(void)
{
    if (memcmp(before.x87, after.x87, 5) != 0) return false; /* control, status, tags */
    for (int r = 0; r < 8; r++)
        if (memcmp(before.x87 + 32 + 16 * r, after.x87 + 32 + 16 * r, 10) != 0) return false;
    return true;
}
static void show_same(const char *what)
{
    bool general = !memcmp(before.general, after.general, sizeof before.general);
    bool flags = (before.flags & FLAGS) == (after.flags & FLAGS);
    bool vectors = has_avx ? !memcmp(before.vectors, after.vectors, sizeof before.vectors)
                           : !memcmp(before.x87 + 160, after.x87 + 160, 256);
    bool mxcsr = !memcmp(before.x87 + MXCSR_AT, after.x87 + MXCSR_AT, 4);
    tell(what, "general %s, flags %s, vectors %s, x87 %s, mxcsr %s", general ? "kept" : "LOST",
         flags ? "kept" : "LOST", vectors ? "kept" : "LOST", same_x87() ? "kept" : "LOST",
         mxcsr ? "kept" : "LOST");
}

/* ---- handlers ---- */

static void spoil(void)
{
    __asm__ volatile("fninit; fldpi; fldz" : : : "st", "st(1)");
    uint32_t mxcsr = 0x1fbf;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
#define SPOIL(i) "pcmpeqb %%xmm" #i ", %%xmm" #i "\n\t"
    __asm__ volatile(ALL_VECTORS(SPOIL) : : : "memory");
    if (has_avx) __asm__ volatile("vzeroall" : : : "memory");
}
static void step_over(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
    runs++;
    spoil();
}
static void step_and_sleep(int signal, siginfo_t *info, void *context)
{
    step_over(signal, info, context);
    pause_ms(2);
    sched_yield();
    spoil();
}
static void step_and_fork(int signal, siginfo_t *info, void *context)
{
    step_over(signal, info, context);
    pid_t pid = fork();
    if (pid == 0) _exit(3);
    wait_soon(pid, 0);
    spoil();
}
static void step_and_nest(int signal, siginfo_t *info, void *context)
{
    step_over(signal, info, context);
    raise(SIGUSR1);
    spoil();
}
static void nested(int signal)
{
    (void)signal;
    spoil();
}
static uint32_t inside_mxcsr;
static uint16_t inside_control;
static void look_and_step(int signal, siginfo_t *info, void *context)
{
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(inside_mxcsr), "=m"(inside_control));
    step_over(signal, info, context);
}
static int kept_in_frame;
static void change_frame(int signal, siginfo_t *info, void *context)
{
    uint8_t *frame = (uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs;
    kept_in_frame = !memcmp(frame + 160, before.vectors[0], 16) &&
                    !memcmp(frame + 160 + 240, before.vectors[15], 16) &&
                    !memcmp(frame + MXCSR_AT, before.x87 + MXCSR_AT, 4);
    memset(frame + 160, 0x5a, 16);
    step_over(signal, info, context);
}
/* What follows the FXSAVE area says how much there is. [arch/x86 uapi: struct _fpx_sw_bytes] */
static uint32_t words_of_frame[3];
static void look_at_frame(int signal, siginfo_t *info, void *context)
{
    uint8_t *frame = (uint8_t *)((ucontext_t *)context)->uc_mcontext.fpregs;
    uint32_t bytes;
    memcpy(&words_of_frame[0], frame + 464, 4);
    memcpy(&bytes, frame + 468, 4); /* with the word behind it */
    memcpy(&words_of_frame[1], frame + bytes - 4, 4);
    words_of_frame[2] = (uintptr_t)frame % 64 == 0;
    step_over(signal, info, context);
}

static void signals(void)
{
    static const struct {
        const char *name;
        void (*handler)(int, siginfo_t *, void *);
    } handlers[] = {
        { "a handler that uses everything", step_over },
        { "one that sleeps", step_and_sleep },
        { "one that forks", step_and_fork },
        { "one that another interrupts", step_and_nest },
    };
    catch_with(SIGUSR1, nested, 0);
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        for (unsigned seed = 3; seed < 5; seed++) {
            fill(seed);
            catch_info(SIGILL, handlers[i].handler, 0);
            with_all_registers();
            show_same(handlers[i].name);
        }
    fill(5);
    catch_info(SIGILL, look_and_step, 0);
    with_all_registers();
    show_same("one that looks");
    tell("it begins with", "mxcsr %x, control %x", inside_mxcsr & ~0x3fu, inside_control);
    fill(6);
    catch_info(SIGILL, change_frame, 0);
    with_all_registers();
    HOLDS("the frame holds them", kept_in_frame);
    HOLDS("what a handler writes there is loaded", after.x87[160] == 0x5a && after.x87[175] == 0x5a);
    fill(7);
    catch_info(SIGILL, look_at_frame, 0);
    with_all_registers();
    tell("the frame's size is told", "%x %x, aligned %d", words_of_frame[0], words_of_frame[1],
         words_of_frame[2]);
}

/* ---- others ---- */

static uint32_t read_mxcsr(void)
{
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}
static uint16_t read_control(void)
{
    uint16_t value;
    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}
static void set_controls(uint32_t mxcsr, uint16_t control)
{
    __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(mxcsr), "m"(control));
}
static long tell_controls(void *argument)
{
    long *out = argument;
    out[0] = read_mxcsr();
    out[1] = read_control();
    set_controls(0x1f80, 0x37f);
    return 0;
}
static int tell_controls_child(void *argument)
{
    (void)argument;
    tell_controls(shared->numbers);
    return 0;
}
static int exec_child(void *argument)
{
    char *const words[] = { argument, (char *)".", (char *)"controls", NULL };
    set_controls(0x3f80, 0x77f);
    execv(argument, words);
    return 9;
}
static long compute(void *argument)
{
    double x = (double)(long)argument, sum = 0;
    for (int i = 1; i < 20000; i++) {
        sum += x / i;
        if (i % 500 == 0) sched_yield();
    }
    return (long)(sum * 1000);
}
static void others(char *program)
{
    static struct worker worker, workers[4];
    long seen[2];
    set_controls(0x3f80, 0x77f);
    start_worker(&worker, tell_controls, seen);
    join_worker(&worker);
    tell("a thread begins with its maker's controls", "%lx %lx", seen[0], seen[1]);
    tell("ours stay", "%x %x", read_mxcsr(), read_control());
    CHILD("a child", tell_controls_child, NULL);
    tell("begins with ours", "%lx %lx", shared->numbers[0], shared->numbers[1]);
    set_controls(0x1f80, 0x37f);
    CHILD("exec", exec_child, program);
    case_count++;
    for (long i = 0; i < 4; i++) start_worker(&workers[i], compute, (void *)(i + 1));
    for (int i = 0; i < 4; i++) tell("a sum of a thread among others", "%ld", join_worker(&workers[i]));
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[2], "controls")) {
        tell("exec begins with", "%x %x", read_mxcsr(), read_control());
        return 3;
    }
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    has_avx = __builtin_cpu_supports("avx");
    signals();
    others(argv[0]);
    return end_cases();
}
