/* SPDX-License-Identifier: Apache-2.0 */
/* What processes have used, as Linux tells it. All CPU time is user time: process/cpu_clock.h. */
#pragma once
#include "abi/linux/system.h"
#include "process/cpu_clock.h"

static inline struct linux_rusage rusage_of(struct process_usage usage)
{
    uint64_t us = usage.cpu_ns / 1000;
    return (struct linux_rusage){
        .user_seconds = (int64_t)(us / 1000000),
        .user_microseconds = (int64_t)(us % 1000000),
        .max_resident_kib = (int64_t)(usage.peak_pages * (PAGE_BYTES / 1024)),
        .minor_faults = (int64_t)usage.faults,
        .voluntary_switches = (int64_t)usage.voluntary,
        .involuntary_switches = (int64_t)usage.involuntary,
    };
}
