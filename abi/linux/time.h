/* SPDX-License-Identifier: Apache-2.0 */
/* [linux uapi linux/time.h, linux/time_types.h, linux/times.h] */
#pragma once
#include <stdint.h>

struct linux_timespec {
    int64_t seconds, nanoseconds;
};
struct linux_timeval {
    int64_t seconds, microseconds;
};
struct linux_timezone {
    int32_t minutes_west, dst_time;
};
struct linux_tms {
    int64_t user, system, children_user, children_system;
}; /* in 1/100 s */
struct linux_itimerval {
    struct linux_timeval interval, value;
};
_Static_assert(sizeof(struct linux_timespec) == 16, "ABI");
_Static_assert(sizeof(struct linux_itimerval) == 32, "ABI");
_Static_assert(sizeof(struct linux_timeval) == 16, "ABI");
_Static_assert(sizeof(struct linux_timezone) == 8, "ABI");
_Static_assert(sizeof(struct linux_tms) == 32, "ABI");

#define LINUX_CLOCK_REALTIME           0
#define LINUX_CLOCK_MONOTONIC          1
#define LINUX_CLOCK_PROCESS_CPUTIME_ID 2
#define LINUX_CLOCK_THREAD_CPUTIME_ID  3
#define LINUX_CLOCK_MONOTONIC_RAW      4
#define LINUX_CLOCK_REALTIME_COARSE    5
#define LINUX_CLOCK_MONOTONIC_COARSE   6
#define LINUX_CLOCK_BOOTTIME           7
#define LINUX_CLOCK_REALTIME_ALARM     8
#define LINUX_CLOCK_BOOTTIME_ALARM     9
#define LINUX_CLOCK_TAI                11

/* CPU clocks of others: the complement of a process's or thread's number, three bits up, with these below.
 * [linux include/linux/posix-timers_types.h] */
#define LINUX_CPU_CLOCK_FLAG   0x80000000u
#define LINUX_CPU_CLOCK_THREAD 4u
#define LINUX_CPU_CLOCK_KIND   3u
#define LINUX_CPU_CLOCK_SCHED  2u /* the greatest kind; 3 is a file's clock */

#define LINUX_ITIMER_REAL    0
#define LINUX_ITIMER_VIRTUAL 1
#define LINUX_ITIMER_PROF    2

#define LINUX_TIMER_ABSTIME 1
#define LINUX_USER_HZ       100
