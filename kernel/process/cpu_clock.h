/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU time of threads and processes, and the clocks that show it.
 *
 * It is the time for which they have had a CPU. What they spent in ring 3 and what in the kernel is not told apart,
 * since nothing is measured at system calls: all of it is told as user time, and clocks of user time alone count it
 * all. A process's is that of its threads, those that have ended too. */
#pragma once
#include "abi/linux/time.h"
#include "lib/base.h"

struct process;
struct space;
struct user_thread;

struct process_usage {
    uint64_t cpu_ns;
    uint64_t voluntary, involuntary; /* switches to other threads, struct thread */
    uint64_t faults, peak_pages;     /* of the spaces that a process had; not of single threads */
};

struct process_usage thread_usage(const struct user_thread *thread);
/* The lock is not the caller's. Any context. */
struct process_usage process_usage(struct process *process);
/* Of the space that a process is about to leave, or has. */
struct process_usage space_usage(const struct space *space);
/* With the lock. */
uint64_t process_cpu_time_locked(struct process *process);
static inline struct process_usage process_usage_sum(struct process_usage a, struct process_usage b)
{
    return (struct process_usage){ a.cpu_ns + b.cpu_ns, a.voluntary + b.voluntary,
                                   a.involuntary + b.involuntary, a.faults + b.faults,
                                   MAX(a.peak_pages, b.peak_pages) };
}

/* Whose a clock is, which its number says. */
struct cpu_clock_id {
    uint32_t number; /* 0: the running one */
    bool is_thread;
};
/* False: no such clock can be. */
static inline bool cpu_clock_decode(uint32_t clock, struct cpu_clock_id *out)
{
    bool is_thread = clock == LINUX_CLOCK_THREAD_CPUTIME_ID;
    *out = (struct cpu_clock_id){ .is_thread = is_thread };
    if (is_thread || clock == LINUX_CLOCK_PROCESS_CPUTIME_ID) return true;
    bool is_one = clock & LINUX_CPU_CLOCK_FLAG && (clock & LINUX_CPU_CLOCK_KIND) <= LINUX_CPU_CLOCK_SCHED;
    if (is_one) *out = (struct cpu_clock_id){ ~clock >> 3, clock & LINUX_CPU_CLOCK_THREAD };
    return is_one;
}

/* ERR_INVALID: it is no such clock, or nobody's, or a thread's of another process. */
err_t cpu_clock_read(uint32_t clock, uint64_t *out_ns);
/* Until the clock has come to `until_ns`, as exactly as cpu_clock_wait_ns() says. ERR_INVALID, the running thread's
 * own, or nobody's; ERR_INTERRUPTED. */
err_t cpu_clock_sleep(uint32_t clock, uint64_t until_ns);

/* Nobody interrupts a thread that has its CPU to itself, so whoever waits for a clock looks at it at the earliest
 * moment at which it can have come there, and again. This tells how long that is when `left_ns` are missing and so
 * many threads count at once; the clock has stood still since the last look, or not. The look is late by
 * CPU_CLOCK_STEP_NS at most, unless all threads slept: then it is CPU_CLOCK_REST_NS, so that sleep stays cheap. */
enum { CPU_CLOCK_STEP_NS = 50 * 1000, CPU_CLOCK_REST_NS = 10 * 1000 * 1000 };
static inline uint64_t cpu_clock_wait_ns(uint64_t left_ns, uint32_t at_once, bool stood_still)
{
    uint64_t least = stood_still ? CPU_CLOCK_REST_NS : at_once > 1 ? CPU_CLOCK_STEP_NS : 1;
    return MAX(left_ns / (at_once ? at_once : 1), least);
}
/* So many threads of a process can have a CPU at once. */
uint32_t cpu_clock_threads_at_once(const struct process *process);
