/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one CPU, reached through GS in kernel mode. The entry assembly uses the first
 * fields; their offsets are generated into build/.../offsets.h from arch/offsets.c. */
#pragma once
#include "arch/cpu_set.h"
#include "lib/base.h"

struct fpu;
struct page_table;
struct runqueue;
struct thread;

/* Task-state segment, 64-bit form. [intel-sdm3 8.7] */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7]; /* IST n is ist[n - 1] */
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map_base;
} PACKED;
_Static_assert(sizeof(struct tss) == 104, "fixed by the CPU");

/* What a CPU counts since it was started. */
enum cpu_counter {
    CPU_INTERRUPTS, /* of any kind, those below among them */
    CPU_TIMER_INTERRUPTS,
    CPU_RESCHEDULES, /* other CPUs' requests to look for work, or at the running thread's */
    CPU_TLB_REQUESTS,
    CPU_FAULTS, /* page faults and other exceptions */
    CPU_SWITCHES,
    CPU_COUNTERS,
};

struct percpu {
    struct percpu *self;
    uint64_t user_stack;       /* RSP of ring 3 between SYSCALL and the push */
    struct thread *current;    /* the running thread; NULL before sched_init */
    uint32_t user_work;        /* non-zero: look before going back to ring 3 (enum user_work) */
    uint32_t cpu;              /* index, 0 for the boot CPU */
    uint32_t apic_id;          /* fixed, as is: */
    struct tss tss;            /* its rsp[0], aligned here, is for system calls, too */
    uint32_t lock_mark;        /* 1 and the index: what a spin lock holds while this CPU has it */
    struct runqueue *runqueue; /* sched/'s, fixed */
    struct page_table *loaded; /* CR3: NULL, the kernel's own */
    struct page_table *wanted; /* the running thread's; NULL: it runs on any. Both mm/tlb.c's */
    struct fpu *fpu_resident;  /* whose state the registers still hold, if its own `resident` says so too */
    bool fpu_is_off;           /* CR0.TS is set, and the registers are in their initial state */
    bool fpu_allows_tiles;     /* XFD is clear */
    cpu_set tlb_requests;      /* CPUs that wait for this one to forget something; atomic */
    uint64_t counters[CPU_COUNTERS]; /* written by this CPU alone */
    uint64_t gdt[8];
    uint8_t *ist_stacks;                    /* arch/segments.c */
    uint32_t interrupt_depth[CONFIG_DEBUG]; /* handlers of devices and timers on the stack */
};
_Static_assert((offsetof(struct percpu, tss) + offsetof(struct tss, rsp)) % 8 == 0, "written at each switch");

/* Reasons to stop on the way back to ring 3; bits of percpu.user_work. The thread's own are in thread.user_work too.
 * The last two stand while locks are held in debug builds, so that such a return is noticed (core/lock_order.h). */
enum user_work {
    USER_WORK_INTERRUPTED = 1 << 0, /* the thread's own: it was to leave the kernel, and look why */
    USER_WORK_MOVE = 1 << 1,        /* likewise: it may not run on this CPU any more */
    USER_WORK_RESCHEDULE = 1 << 2,  /* the CPU's: another thread waits for it */
    USER_WORK_PLACED = 1 << 3,      /* the thread's: it has come to another CPU, and wants to know */
    USER_WORK_HOLDS_SPIN = 1 << 4,
    USER_WORK_HOLDS_MUTEX = 1 << 5,
};

extern struct percpu percpu_boot;
/* NULL: there is no such CPU, or it has not been started. */
extern struct percpu *percpu_table[CONFIG_CPUS_MAX];
static inline struct percpu *percpu_of(uint32_t cpu) { return percpu_table[cpu]; }

/* A thread that slept may be on another CPU. So that the compiler does not keep what it read before, the reads
 * seem to depend on a variable that any function could have changed. */
extern uint8_t percpu_changes;

static inline struct percpu *percpu(void)
{
    struct percpu *p;
    __asm__("movq %%gs:%c1, %0" : "=r"(p) : "i"(offsetof(struct percpu, self)), "m"(percpu_changes));
    return p;
}
/* 64 bits wide, as indices are used; writing the lower half of a register clears the upper. In host tests
 * the calling thread is a CPU (tests/fakes/fake_mm.h). */
#if __STDC_HOSTED__
uint64_t percpu_index(void);
static inline uint32_t percpu_lock_mark(void) { return (uint32_t)percpu_index() + 1; }
static inline bool percpu_fpu_is_off(void) { return false; }
#else
static inline bool percpu_fpu_is_off(void) { return percpu()->fpu_is_off; }
static inline uint64_t percpu_index(void)
{
    uint64_t index;
    __asm__("movl %%gs:%c1, %k0" : "=r"(index) : "i"(offsetof(struct percpu, cpu)), "m"(percpu_changes));
    return index;
}
static inline uint32_t percpu_lock_mark(void)
{
    uint32_t mark;
    __asm__("movl %%gs:%c1, %0" : "=r"(mark) : "i"(offsetof(struct percpu, lock_mark)), "m"(percpu_changes));
    return mark;
}
#endif
/* One instruction, so that an interrupt cannot come in between. */
static inline void percpu_count(enum cpu_counter counter)
{
    __asm__ volatile("incq %%gs:%c0" : : "i"(offsetof(struct percpu, counters) + counter * sizeof(uint64_t)));
}
/* One instruction, so that it is one CPU's even with interrupts on. */
static inline void percpu_add_work(uint32_t work)
{
    __asm__ volatile("orl %0, %%gs:%c1" : : "ri"(work), "i"(offsetof(struct percpu, user_work)) : "memory");
}
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
