/* SPDX-License-Identifier: Apache-2.0 */
/* What calls about the process, time, scheduling and signals answer to odd arguments. Every call is made
 * through syscall(), so that the C library does not correct it. */
#include "tests/conformance/conformance.h"

#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#define COUNT_OF(a) (sizeof(a) / sizeof *(a))

static char memory[8192] __attribute__((aligned(16)));
static uint64_t good, bad, edge; /* addresses: of zeros, of nothing, of eight bytes before nothing */

static void show(long result)
{
    if (result == -1)
        printf(" %s", error_name(errno));
    else
        printf(" %ld", result);
}

/* The call with each of the values at one of its places. */
static void vary(const char *name, long number, const uint64_t base[6], int place, const uint64_t *values,
                 size_t count)
{
    printf("%s, argument %d:", name, place);
    for (size_t i = 0; i < count; i++) {
        uint64_t a[6];
        memcpy(a, base, sizeof a);
        a[place] = values[i];
        memset(memory, 0, sizeof memory);
        show(syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]));
    }
    printf("\n");
}
#define VARY(call, place, values, ...) \
    vary(#call, SYS_##call, (const uint64_t[6]){ __VA_ARGS__ }, place, values, COUNT_OF(values))
#define LIST(...) ((const uint64_t[]){ __VA_ARGS__ })

static void times(void)
{
    const uint64_t clocks[] = { 0, 1, 7, 12, 99, 0x100000001, 0xffffffff };
    const uint64_t pointers[] = { good, 0, bad, edge, 1ull << 63 };
    struct timespec odd[] = { { 0, 1000000000 }, { 0, -1 }, { -1, 0 }, { 0, 0 } };
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        uint64_t at = (uint64_t)(uintptr_t)&odd[i];
        printf("timespec %zu:", i);
        show(syscall(SYS_nanosleep, at, 0));
        show(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, at, 0));
        show(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, at, 0));
        show(syscall(SYS_futex, good, 0, 0, at, 0, 0));
        show(syscall(SYS_futex, good, 9, 0, at, 0, 1));
        printf("\n");
    }
    VARY(clock_getres, 0, clocks, 0, good);
    VARY(clock_getres, 0, clocks, 0, 0);
    VARY(clock_getres, 1, pointers, 1, 0);
    VARY(nanosleep, 0, pointers, good, 0);
    VARY(clock_nanosleep, 0, clocks, 0, 0, good, 0);
    VARY(clock_nanosleep, 2, pointers, 1, 0, good, 0);
    for (size_t i = 0; i < COUNT_OF(pointers); i++) {
        const uint64_t at = pointers[i];
        printf("pointer %zu:", i);
        show(syscall(SYS_clock_gettime, 0, at));
        show(syscall(SYS_clock_gettime, 99, at));
        show(syscall(SYS_gettimeofday, at, 0));
        show(syscall(SYS_gettimeofday, 0, at));
        show(syscall(SYS_times, at) < 0 ? -1 : 0);
        show(syscall(SYS_time, at) < 0 ? -1 : 0);
        show(syscall(SYS_uname, at));
        show(syscall(SYS_sysinfo, at));
        show(syscall(SYS_getcpu, at, 0, 0));
        show(syscall(SYS_getrusage, 0, at));
        show(syscall(SYS_getrusage, 7, at));
        show(syscall(SYS_getrlimit, 7, at));
        show(syscall(SYS_getrlimit, 99, at));
        show(syscall(SYS_rt_sigpending, at, 8));
        printf("\n");
    }
}

static void futexes(void)
{
    const uint64_t words[] = { good, good + 1, good + 2, bad, 0, 1ull << 63 };
    const uint64_t operations[] = { 0, 1, 9, 10, 128, 129, 137, 138, 257, 256 + 10, 99, 128 + 99 };
    VARY(futex, 0, words, 0, 0, 1, 0, 0, 1);
    VARY(futex, 0, LIST(good, good + 1, 1ull << 63), 0, 129, 1, 0, 0, 1);
    VARY(futex, 0, words, 0, 137, 1, 0, 0, 1);
    VARY(futex, 1, operations, good, 0, 1, 0, 0, 1);
    VARY(futex, 1, operations, good, 0, 1, 0, 0, 0);
    VARY(futex, 3, words, good, 0, 1, 0, 0, 1);
}

static void scheduling(void)
{
    const uint64_t pids[] = { 0, (uint64_t)getpid(), 0x3fffffff, 0x80000000, UINT64_MAX };
    const uint64_t pointers[] = { good, 0, bad, 1ull << 63 };
    const uint64_t policies[] = { 0, 1, 2, 3, 4, 5, 8, 0x7fffffff, 0x80000000, UINT64_MAX };
    VARY(sched_getscheduler, 0, pids, 0);
    VARY(sched_getparam, 0, pids, 0, good);
    VARY(sched_getparam, 1, pointers, 0, 0);
    VARY(sched_get_priority_max, 0, policies, 0);
    VARY(sched_get_priority_min, 0, policies, 0);
    VARY(getpgid, 0, LIST(0x3fffffff, 0x80000000, UINT64_MAX), 0);
    VARY(getsid, 0, LIST(0x3fffffff, 0x80000000, UINT64_MAX), 0);
    VARY(sched_getaffinity, 0, LIST(0x3fffffff, UINT64_MAX), 0, 128, good);
    VARY(sched_getaffinity, 1, LIST(0, 4, 12, 1ull << 32), 0, 0, good);
    VARY(sched_setaffinity, 2, LIST(good, 0, bad, 1ull << 63), 0, 8, 0);
}

static void limits(void)
{
    const uint64_t pointers[] = { good, 0, bad, 1ull << 63 };
    uint64_t crossed[2] = { 10, 5 };
    VARY(prlimit64, 1, LIST(16, 17, 99, 0xffffffff, UINT64_MAX), 0, 0, 0, good);
    VARY(prlimit64, 0, LIST(0x3fffffff, 0x80000000, UINT64_MAX), 0, 4, 0, good);
    VARY(prlimit64, 2, LIST(bad, 1ull << 63, (uint64_t)(uintptr_t)crossed), 0, 4, 0, 0);
    VARY(prlimit64, 3, pointers, 0, 4, 0, 0);
    VARY(setrlimit, 1, LIST(0, bad, (uint64_t)(uintptr_t)crossed), 4, 0);
    VARY(getrusage, 0, LIST(2, 3, 0xfffffffd), 0, good);
}

static void processes(void)
{
    const uint64_t pointers[] = { good, 0, bad, edge, 1ull << 63 };
    const uint64_t high[] = { 0x7ffffffff000, 1ull << 47, 1ull << 63, UINT64_MAX };
    VARY(arch_prctl, 0, LIST(0, 1, 0x1000, 0x1003, 0x1004), 0, good);
    VARY(arch_prctl, 1, pointers, 0x1003, 0);
    VARY(arch_prctl, 1, high, 0x1001, 0);
    VARY(arch_prctl, 1, high, 0x1002, 0);
    VARY(prctl, 1, pointers, 15, 0);
    VARY(prctl, 1, pointers, 16, 0);
    memset((char *)(uintptr_t)bad - 15, 'x', 15); /* as much as the kernel keeps */
    SHOW(syscall(SYS_prctl, 15, bad - 15));
    SHOW(syscall(SYS_prctl, 15, bad - 14));
    VARY(prctl, 1, LIST(0, 1, 3, UINT64_MAX), 4, 0);
    VARY(prctl, 1, LIST(0, 2, UINT64_MAX), 38, 0);
    VARY(prctl, 2, LIST(1), 38, 1);
    VARY(prctl, 0, LIST(9999, 0x7fffffff, UINT64_MAX), 0, 0);
    VARY(set_robust_list, 1, LIST(0, 23, 25, UINT64_MAX), good, 0);
    VARY(get_robust_list, 1, pointers, 0, 0, good);
    VARY(get_robust_list, 0, LIST(0x3fffffff, UINT64_MAX), 0, good, good + 8);
    VARY(getgroups, 0, LIST(0xffffffff, 0x80000000), 0, good);
    VARY(getrandom, 2, LIST(8, 16, 6, 7, 3), good, 0, 0);
    VARY(getrandom, 2, LIST(1, 2, 4, 5), good, 64, 0);
    VARY(getrandom, 0, LIST(bad, 1ull << 63), 0, 16, 0);
}

static void signals(void)
{
    const uint64_t pointers[] = { good, 0, bad, 1ull << 63 };
    VARY(rt_sigaction, 0, LIST(0, 9, 19, 65, 0xffffffff, UINT64_MAX, 0x100000001), 0, good, 0, 8);
    VARY(rt_sigaction, 1, pointers, 10, 0, 0, 8);
    VARY(rt_sigaction, 2, pointers, 10, 0, 0, 8);
    VARY(rt_sigprocmask, 0, LIST(0, 1, 2, 3, 0x7fffffff, 0x80000000, UINT64_MAX), 0, good, 0, 8);
    VARY(rt_sigprocmask, 1, pointers, 0, 0, 0, 8);
    VARY(rt_sigprocmask, 2, pointers, 0, 0, 0, 8);
    VARY(rt_sigprocmask, 3, LIST(0, 4, 8, 16, UINT64_MAX), 0, 0, 0, 0);
    VARY(sigaltstack, 0, LIST(0, bad, 1ull << 63), 0, 0);
    VARY(sigaltstack, 1, pointers, 0, 0);
    VARY(kill, 0, LIST(0x3fffffff, 0x80000001), 0, 0);
    VARY(kill, 1, LIST(65, 0xffffffff, UINT64_MAX), 0x3fffffff, 0);
    VARY(kill, 1, LIST(65, 0xffffffff, UINT64_MAX), (uint64_t)getpid(), 0);
    VARY(tkill, 0, LIST(0, 0x80000000, UINT64_MAX, 0x3fffffff), 0, 0);
    VARY(tkill, 1, LIST(65, 0xffffffff), 0x3fffffff, 0);
    VARY(tgkill, 1, LIST(0, 0x80000000, 0x3fffffff), 0x3fffffff, 0, 65);
    VARY(tgkill, 0, LIST(0, 0x80000000, 0x3fffffff), 0, (uint64_t)getpid(), 0);
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || munmap(page + 4096, 4096) != 0) return 98;
    good = (uint64_t)(uintptr_t)memory;
    bad = (uint64_t)(uintptr_t)(page + 4096);
    edge = bad - 8;
    times();
    futexes();
    scheduling();
    limits();
    processes();
    signals();
    return 0;
}
