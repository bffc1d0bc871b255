/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one CPU, reached through GS in kernel mode. The entry assembly uses the first
 * fields; their offsets are generated into build/.../offsets.h from arch/offsets.c. */
#pragma once
#include "lib/base.h"

struct thread;

struct percpu {
    struct percpu *self;
    uint64_t kernel_stack;  /* where a system call or trap from ring 3 starts; set at each switch */
    uint64_t user_stack;    /* RSP of ring 3 between SYSCALL and the push */
    struct thread *current; /* the running thread; NULL before sched_init */
    uint32_t user_work;     /* non-zero: look before going back to ring 3 (enum user_work) */
    uint32_t cpu;           /* index, 0 for the boot CPU */
    uint32_t interrupt_depth[CONFIG_DEBUG]; /* handlers of devices and timers on the stack */
};

/* Reasons to stop on the way back to ring 3; bits of percpu.user_work. The last two stand while locks are
 * held in debug builds, so that such a return is noticed (core/lock_order.h). */
enum user_work {
    USER_WORK_INTERRUPTED =
        1, /* the thread's own (sched/thread.h): it was to leave the kernel, and look why */
    USER_WORK_RESCHEDULE = 2, /* the CPU's: another thread waits for it */
    USER_WORK_HOLDS_SPIN = 4,
    USER_WORK_HOLDS_MUTEX = 8,
};

extern struct percpu percpu_boot;

static inline struct percpu *percpu(void)
{
    struct percpu *p;
    __asm__("movq %%gs:%c1, %0" : "=r"(p) : "i"(offsetof(struct percpu, self)));
    return p;
}
/* 64 bits wide, as indices are used; writing the lower half of a register clears the upper. In host tests
 * the calling thread is a CPU (tests/fakes/fake_mm.h). */
#if __STDC_HOSTED__
uint64_t percpu_index(void);
#else
static inline uint64_t percpu_index(void)
{
    uint64_t index;
    __asm__("movl %%gs:%c1, %k0" : "=r"(index) : "i"(offsetof(struct percpu, cpu)));
    return index;
}
#endif
/* One load; the compiler may keep it, since a thread's code never sees another current thread. */
#if __STDC_HOSTED__
struct thread *percpu_current(void);
#else
static inline struct thread *percpu_current(void)
{
    struct thread *t;
    __asm__("movq %%gs:%c1, %0" : "=r"(t) : "i"(offsetof(struct percpu, current)));
    return t;
}
#endif
