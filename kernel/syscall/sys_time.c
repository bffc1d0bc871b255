/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/time.h"
#include "process/user_thread.h"
#include "core/time.h"
#include "sched/wait.h"
#include "syscall/sys_core.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

err_t timespec_read(uint64_t address, uint64_t *out_ns)
{
    struct linux_timespec t;
    err_t e = user_copy_in(&t, UADDR(address), sizeof(t));
    return failed(e) ? e : timespec_decode(t, out_ns);
}

err_t timespec_write(uint64_t address, uint64_t ns)
{
    struct linux_timespec t = timespec_encode(ns);
    return user_copy_out(UADDR(address), &t, sizeof(t));
}

/* One thread that never waits for a CPU: its CPU time is the time since it started. */
static bool read_clock(uint64_t clock, uint64_t *out_ns)
{
    switch ((uint32_t)clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_REALTIME_COARSE:
    case LINUX_CLOCK_TAI: *out_ns = time_realtime_ns(); return true;
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_MONOTONIC_RAW:
    case LINUX_CLOCK_MONOTONIC_COARSE:
    case LINUX_CLOCK_BOOTTIME: *out_ns = time_now_ns(); return true;
    case LINUX_CLOCK_PROCESS_CPUTIME_ID:
    case LINUX_CLOCK_THREAD_CPUTIME_ID: *out_ns = time_now_ns(); return true;
    }
    return false;
}

int64_t sys_clock_gettime(uint64_t clock, uint64_t out)
{
    uint64_t ns;
    if (!read_clock(clock, &ns)) return ERR_INVALID.code;
    return timespec_write(out, ns).code;
}

int64_t sys_clock_getres(uint64_t clock, uint64_t out)
{
    uint64_t ns;
    if (!read_clock(clock, &ns)) return ERR_INVALID.code;
    return out ? timespec_write(out, 1).code : 0;
}

int64_t sys_gettimeofday(uint64_t time, uint64_t zone)
{
    uint64_t us = time_realtime_ns() / 1000;
    struct linux_timeval now = { (int64_t)(us / 1000000), (int64_t)(us % 1000000) };
    struct linux_timezone utc = { 0 };
    err_t e = time ? user_copy_out(UADDR(time), &now, sizeof(now)) : OK;
    if (!failed(e) && zone) e = user_copy_out(UADDR(zone), &utc, sizeof(utc));
    return e.code;
}

int64_t sys_time(uint64_t out)
{
    int64_t seconds = (int64_t)(time_realtime_ns() / NS_PER_S);
    err_t e = out ? user_copy_out(UADDR(out), &seconds, sizeof(seconds)) : OK;
    return failed(e) ? e.code : seconds;
}

static uint64_t deadline_after(uint64_t ns)
{
    uint64_t deadline;
    return add_overflows(time_now_ns(), ns, &deadline) ? UINT64_MAX - 1 : deadline;
}

/* Sleeps until `deadline_ns`; a signal ends the sleep. */
static int64_t sleep_until(uint64_t deadline_ns, uint64_t remaining)
{
    struct wait_queue queue = WAIT_QUEUE_INIT(queue);
    err_t e = OK;
    spin_lock(&queue.lock);
    while (time_now_ns() < deadline_ns && e.code != ERR_INTERRUPTED.code)
        e = wait_sleep_interruptible_locked(&queue, deadline_ns);
    spin_unlock(&queue.lock);
    if (e.code != ERR_INTERRUPTED.code) return 0;
    uint64_t now = time_now_ns();
    if (remaining) {
        err_t written = timespec_write(remaining, deadline_ns > now ? deadline_ns - now : 0);
        if (failed(written)) return written.code;
    }
    return e.code;
}

int64_t sys_nanosleep(uint64_t request, uint64_t remaining)
{
    uint64_t ns;
    err_t e = timespec_read(request, &ns);
    return failed(e) ? e.code : sleep_until(signal_deadline(deadline_after(ns)), remaining);
}

int64_t sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t remaining)
{
    uint32_t id = (uint32_t)clock;
    bool is_known = id == LINUX_CLOCK_REALTIME || id == LINUX_CLOCK_MONOTONIC || id == LINUX_CLOCK_BOOTTIME;
    if (!is_known) return ERR_INVALID.code;
    uint64_t ns;
    err_t e = timespec_read(request, &ns);
    if (failed(e)) return e.code;
    if (!(flags & LINUX_TIMER_ABSTIME)) return sleep_until(signal_deadline(deadline_after(ns)), remaining);
    if (id != LINUX_CLOCK_REALTIME) return sleep_until(ns, 0);
    uint64_t now = time_realtime_ns();
    return sleep_until(deadline_after(ns > now ? ns - now : 0), 0);
}

int64_t sys_times(uint64_t out)
{
    const uint64_t ns_per_tick = NS_PER_S / LINUX_USER_HZ;
    uint64_t now = time_now_ns();
    struct linux_tms t = { .user = (int64_t)(now / ns_per_tick) };
    err_t e = out ? user_copy_out(UADDR(out), &t, sizeof(t)) : OK;
    return failed(e) ? e.code : (int64_t)(now / ns_per_tick);
}
