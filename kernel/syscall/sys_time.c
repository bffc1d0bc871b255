/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/time.h"
#include "process/user_thread.h"
#include "core/time.h"
#include "lib/expiry.h"
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

static err_t read_clock(uint64_t clock, uint64_t *out_ns)
{
    switch ((uint32_t)clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_REALTIME_COARSE:
    case LINUX_CLOCK_TAI: *out_ns = time_realtime_ns(); return OK;
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_MONOTONIC_RAW:
    case LINUX_CLOCK_MONOTONIC_COARSE:
    case LINUX_CLOCK_BOOTTIME: *out_ns = time_now_ns(); return OK;
    }
    return cpu_clock_read((uint32_t)clock, out_ns);
}

int64_t sys_clock_gettime(uint64_t clock, uint64_t out)
{
    uint64_t ns;
    err_t e = read_clock(clock, &ns);
    return failed(e) ? e.code : timespec_write(out, ns).code;
}

int64_t sys_clock_getres(uint64_t clock, uint64_t out)
{
    uint64_t ns;
    err_t e = read_clock(clock, &ns);
    return failed(e) || !out ? e.code : timespec_write(out, 1).code;
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

static uint64_t deadline_after(uint64_t ns) { return expiry_sum(time_now_ns(), ns); }

/* What is left of a sleep that a signal has ended. */
static int64_t end_sleep(err_t e, uint64_t deadline_ns, uint64_t now_ns, uint64_t remaining)
{
    if (e.code != ERR_INTERRUPTED.code || !remaining) return e.code;
    err_t written = timespec_write(remaining, deadline_ns > now_ns ? deadline_ns - now_ns : 0);
    return failed(written) ? written.code : e.code;
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
    if (e.code == ERR_TIMED_OUT.code) e = OK;
    return end_sleep(e, deadline_ns, time_now_ns(), remaining);
}

int64_t sys_nanosleep(uint64_t request, uint64_t remaining)
{
    uint64_t ns;
    err_t e = timespec_read(request, &ns);
    return failed(e) ? e.code : sleep_until(signal_deadline(deadline_after(ns)), remaining);
}

/* By a clock of CPU time. */
static int64_t sleep_by_cpu_clock(uint32_t clock, bool is_absolute, uint64_t ns, uint64_t remaining)
{
    uint64_t now = 0;
    err_t e = cpu_clock_read(clock, &now);
    if (failed(e)) return e.code;
    uint64_t until = is_absolute ? ns : signal_deadline(expiry_sum(now, ns));
    e = cpu_clock_sleep(clock, until);
    if (failed(cpu_clock_read(clock, &now))) now = until;
    return end_sleep(e, until, now, is_absolute ? 0 : remaining);
}

/* Whether a clock can be slept by. [linux kernel/time/posix-timers.c, posix_clocks] */
static err_t check_sleep_clock(uint32_t clock)
{
    switch (clock) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_TAI:
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_BOOTTIME: return OK;
    case LINUX_CLOCK_THREAD_CPUTIME_ID:
    case LINUX_CLOCK_MONOTONIC_RAW:
    case LINUX_CLOCK_REALTIME_COARSE:
    case LINUX_CLOCK_MONOTONIC_COARSE:
    case LINUX_CLOCK_REALTIME_ALARM:
    case LINUX_CLOCK_BOOTTIME_ALARM: return ERR_NOT_SUPPORTED;
    }
    struct cpu_clock_id id;
    return cpu_clock_decode(clock, &id) ? OK : ERR_INVALID;
}

int64_t sys_clock_nanosleep(uint64_t clock, uint64_t flags, uint64_t request, uint64_t remaining)
{
    uint32_t id = (uint32_t)clock;
    bool is_absolute = flags & LINUX_TIMER_ABSTIME;
    uint64_t ns;
    err_t e = check_sleep_clock(id);
    if (!failed(e)) e = timespec_read(request, &ns);
    if (failed(e)) return e.code;
    switch (id) {
    case LINUX_CLOCK_REALTIME:
    case LINUX_CLOCK_TAI:
        if (is_absolute) return sleep_until(deadline_after(ns - MIN(ns, time_realtime_ns())), 0);
        __attribute__((fallthrough));
    case LINUX_CLOCK_MONOTONIC:
    case LINUX_CLOCK_BOOTTIME:
        return is_absolute ? sleep_until(ns, 0) : sleep_until(signal_deadline(deadline_after(ns)), remaining);
    }
    return sleep_by_cpu_clock(id, is_absolute, ns, remaining);
}

int64_t sys_times(uint64_t out)
{
    const uint64_t ns_per_tick = NS_PER_S / LINUX_USER_HZ;
    struct process *p = process_current();
    spin_lock(&process_tree_lock);
    uint64_t children_ns = p->ended_children.cpu_ns;
    spin_unlock(&process_tree_lock);
    struct linux_tms t = { .user = (int64_t)(process_usage(p).cpu_ns / ns_per_tick),
                           .children_user = (int64_t)(children_ns / ns_per_tick) };
    err_t e = out ? user_copy_out(UADDR(out), &t, sizeof(t)) : OK;
    return failed(e) ? e.code : (int64_t)(time_now_ns() / ns_per_tick);
}
