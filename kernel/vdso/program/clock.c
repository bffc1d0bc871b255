/* SPDX-License-Identifier: Apache-2.0 */
/* The one part of the kernel's image that runs in ring 3: a shared object in every program (vdso/vdso.h), whose
 * clocks need no system call. What it cannot answer it asks the kernel for, so each function here is as good as
 * the call it is named after; a bad pointer is a fault instead of an error, as on Linux. */
#include "abi/linux/time.h"
#include "arch/cpu.h"
#include "core/time_page.h"

#define NS_PER_S 1000000000ull

/* The page below this object; the linker script says where. */
extern const struct time_page vdso_time_page __attribute__((visibility("hidden")));

#define SYSCALL(number, name, state, note) CALL_##name = (number),
enum {
#include "abi/syscalls.def"
};
#undef SYSCALL

static inline long call(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

/* What programs find by name; the plain name is for those that link against this object. */
#define EXPORT(type, name, ...)                                           \
    type __vdso_##name(__VA_ARGS__);                                      \
    type name(__VA_ARGS__) __attribute__((weak, alias("__vdso_" #name))); \
    type __vdso_##name(__VA_ARGS__)

EXPORT(int, clock_gettime, uint32_t clock, struct linux_timespec *out)
{
    uint64_t ns;
    if (unlikely(!time_page_read(&vdso_time_page, clock, tsc_read_ordered, &ns)))
        return (int)call(CALL_clock_gettime, (long)clock, (long)out, 0);
    out->seconds = (int64_t)(ns / NS_PER_S);
    out->nanoseconds = (int64_t)(ns % NS_PER_S);
    return 0;
}

/* No clock has another resolution than its unit; which clocks there are, the kernel knows. */
EXPORT(int, clock_getres, uint32_t clock, struct linux_timespec *out)
{
    bool is_known = clock < TIME_PAGE_CLOCKS && vdso_time_page.clocks[clock].ns_per_tick;
    if (!is_known) return (int)call(CALL_clock_getres, (long)clock, (long)out, 0);
    if (out) *out = (struct linux_timespec){ 0, 1 };
    return 0;
}

EXPORT(int, gettimeofday, struct linux_timeval *out, struct linux_timezone *zone)
{
    uint64_t ns;
    if (unlikely(!time_page_read(&vdso_time_page, LINUX_CLOCK_REALTIME, tsc_read_ordered, &ns)))
        return (int)call(CALL_gettimeofday, (long)out, (long)zone, 0);
    if (out) *out = (struct linux_timeval){ (int64_t)(ns / NS_PER_S), (int64_t)(ns % NS_PER_S / 1000) };
    if (zone) *zone = (struct linux_timezone){ 0 };
    return 0;
}

EXPORT(int64_t, time, int64_t *out)
{
    uint64_t ns;
    if (unlikely(!time_page_read(&vdso_time_page, LINUX_CLOCK_REALTIME, tsc_read_ordered, &ns)))
        return call(CALL_time, (long)out, 0, 0);
    int64_t seconds = (int64_t)(ns / NS_PER_S);
    if (out) *out = seconds;
    return seconds;
}

EXPORT(int, getcpu, uint32_t *cpu, uint32_t *node, void *cache)
{
    return (int)call(CALL_getcpu, (long)cpu, (long)node, (long)cache);
}
