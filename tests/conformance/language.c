/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler and C library build on the kernel: thread-local storage, jumps, atomics, vector
 * registers that survive system calls, and the futex under every lock. */
#include "tests/conformance/conformance.h"

#include <emmintrin.h>
#include <linux/futex.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdalign.h>
#include <time.h>

static __thread int counter = 41;
static __thread char cleared[10000];
static __thread alignas(64) int aligned[16] = { 7 };
static _Thread_local const char *text = "thread-local pointer";

static void thread_local(void)
{
    counter++;
    printf("%d %d %d %s\n", counter, cleared[9999], aligned[0], text);
    CHECK((uintptr_t)aligned % 64 == 0);
    errno = 1234;
    CHECK(errno == 1234);
    uintptr_t self, fs;
    __asm__("mov %%fs:0, %0" : "=r"(self));
    SHOW(syscall(SYS_arch_prctl, 0x1003, &fs)); /* ARCH_GET_FS */
    CHECK(self == fs);
}

static jmp_buf target;
static __attribute__((noinline)) void dive(int depth)
{
    volatile char frame[100];
    frame[0] = (char)depth;
    if (depth < 0) return;
    if (depth == 0) longjmp(target, 5);
    dive(depth - 1);
    printf("never %d\n", frame[0]);
}

static void jumps(void)
{
    volatile int turns = 0;
    int value = setjmp(target);
    turns++;
    printf("setjmp gave %d, turn %d\n", value, turns);
    if (turns < 3) dive(100);
    sigjmp_buf with_mask;
    value = sigsetjmp(with_mask, 1);
    if (value == 0) siglongjmp(with_mask, 9);
    printf("sigsetjmp gave %d\n", value);
}

static void atomics(void)
{
    static atomic_int number = 5;
    static _Atomic uint64_t wide = 1;
    int expected = 6;
    printf("%d %d %d\n", atomic_fetch_add(&number, 3), atomic_exchange(&number, 100), atomic_load(&number));
    bool swapped = atomic_compare_exchange_strong(&number, &expected, 1);
    printf("%d %d\n", swapped, expected);
    atomic_fetch_or(&wide, 1ull << 63);
    printf("%jx\n", (uintmax_t)atomic_load(&wide));
    atomic_flag flag = ATOMIC_FLAG_INIT;
    printf("%d", atomic_flag_test_and_set(&flag));
    printf("%d\n", atomic_flag_test_and_set(&flag));
    unsigned __int128 big = (unsigned __int128)1 << 100;
    big = big * 3 / 7;
    printf("%016jx%016jx\n", (uintmax_t)(big >> 64), (uintmax_t)big);
}

/* All sixteen vector registers around a call that switches into the kernel and sleeps there. */
static void vectors(void)
{
    __m128i in[16], out[16];
    struct timespec time = { 0, 2000000 };
    long number = SYS_nanosleep;
    for (int i = 0; i < 16; i++) in[i] = _mm_set_epi32(i, i * 3, i * 5, ~i);
    for (int turn = 0; turn < 5; turn++) {
        long result = number;
        __asm__ volatile(
            "movdqu 0(%[in]), %%xmm0\n movdqu 16(%[in]), %%xmm1\n movdqu 32(%[in]), %%xmm2\n"
            "movdqu 48(%[in]), %%xmm3\n movdqu 64(%[in]), %%xmm4\n movdqu 80(%[in]), %%xmm5\n"
            "movdqu 96(%[in]), %%xmm6\n movdqu 112(%[in]), %%xmm7\n movdqu 128(%[in]), %%xmm8\n"
            "movdqu 144(%[in]), %%xmm9\n movdqu 160(%[in]), %%xmm10\n movdqu 176(%[in]), %%xmm11\n"
            "movdqu 192(%[in]), %%xmm12\n movdqu 208(%[in]), %%xmm13\n movdqu 224(%[in]), %%xmm14\n"
            "movdqu 240(%[in]), %%xmm15\n syscall\n"
            "movdqu %%xmm0, 0(%[out])\n movdqu %%xmm1, 16(%[out])\n movdqu %%xmm2, 32(%[out])\n"
            "movdqu %%xmm3, 48(%[out])\n movdqu %%xmm4, 64(%[out])\n movdqu %%xmm5, 80(%[out])\n"
            "movdqu %%xmm6, 96(%[out])\n movdqu %%xmm7, 112(%[out])\n movdqu %%xmm8, 128(%[out])\n"
            "movdqu %%xmm9, 144(%[out])\n movdqu %%xmm10, 160(%[out])\n movdqu %%xmm11, 176(%[out])\n"
            "movdqu %%xmm12, 192(%[out])\n movdqu %%xmm13, 208(%[out])\n movdqu %%xmm14, 224(%[out])\n"
            "movdqu %%xmm15, 240(%[out])\n"
            : "+a"(result)
            : [in] "r"(in), [out] "r"(out), "D"(&time), "S"(NULL)
            : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
              "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
        if (result != 0 || memcmp(in, out, sizeof in) != 0) printf("turn %d: registers changed\n", turn);
    }
    printf("vector registers survive sleeping in the kernel\n");
}

/* [syscall] keeps every register but RAX, RCX and R11. */
static void registers(void)
{
    uint64_t changed;
    __asm__ volatile(
        "mov $0x1111, %%rbx\n mov $0x2222, %%rdx\n mov $0x3333, %%rsi\n mov $0x4444, %%rdi\n"
        "mov $0x8888, %%r8\n mov $0x9999, %%r9\n mov $0xaaaa, %%r10\n mov $0xcccc, %%r12\n"
        "mov $0xdddd, %%r13\n mov $0xeeee, %%r14\n mov $0xffff, %%r15\n"
        "mov $110, %%eax\n syscall\n" /* getppid */
        "xor $0x1111, %%rbx\n xor $0x2222, %%rdx\n xor $0x3333, %%rsi\n xor $0x4444, %%rdi\n"
        "xor $0x8888, %%r8\n xor $0x9999, %%r9\n xor $0xaaaa, %%r10\n xor $0xcccc, %%r12\n"
        "xor $0xdddd, %%r13\n xor $0xeeee, %%r14\n xor $0xffff, %%r15\n"
        "or %%rbx, %%rdx\n or %%rsi, %%rdx\n or %%rdi, %%rdx\n or %%r8, %%rdx\n or %%r9, %%rdx\n"
        "or %%r10, %%rdx\n or %%r12, %%rdx\n or %%r13, %%rdx\n or %%r14, %%rdx\n or %%r15, %%rdx\n"
        "mov %%rdx, %0\n"
        : "=a"(changed)
        :
        : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
          "cc");
    printf("changed registers: %jx\n", (uintmax_t)changed);
}

static long futex(uint32_t *at, int operation, uint32_t value, const struct timespec *time)
{
    return syscall(SYS_futex, at, operation, value, time, NULL, 0);
}

static void locks(void)
{
    static uint32_t word = 5;
    struct timespec time = { 0, 20000000 }, bad = { 0, -1 }, before, after;
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL));
    SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 6, &time));
    clock_gettime(CLOCK_MONOTONIC, &before);
    SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 5, &time));
    clock_gettime(CLOCK_MONOTONIC, &after);
    CHECK((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec >= 20000000);
    SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 5, &bad));
    SHOW(futex((uint32_t *)((char *)&word + 1), FUTEX_WAIT_PRIVATE, 5, &time));
    SHOW(futex(&word, 0x7f, 5, &time));
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    SHOW(pthread_mutex_lock(&mutex));
    SHOW(pthread_mutex_trylock(&mutex) == EBUSY);
    SHOW(pthread_mutex_unlock(&mutex));
    pthread_key_t key;
    SHOW(pthread_key_create(&key, NULL));
    SHOW(pthread_setspecific(key, "value"));
    printf("%s\n", (const char *)pthread_getspecific(key));
    CHECK(pthread_equal(pthread_self(), pthread_self()));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    thread_local();
    jumps();
    atomics();
    vectors();
    registers();
    locks();
    fflush(stdout);
    syscall(SYS_exit, 0x104); /* of the only thread; the status has eight bits */
    return 1;
}
