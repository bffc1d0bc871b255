/* SPDX-License-Identifier: Apache-2.0 */
/* Every tunable number, its unit, and the asserts that relate them. */
#pragma once
#include "lib/base.h"

enum {
    CONFIG_CPUS_MAX = 64, /* a set of CPUs is one word */

    /* ---- memory ---- */
    CONFIG_POOL_BLOCKS = 32,           /* of 2 MiB, zeroed by idle CPUs for the next faults */
    CONFIG_POOL_PART = 8,              /* but no more than one part in this many of all blocks */
    CONFIG_POOL_STEP_BYTES = 64 << 10, /* zeroed before looking for other work again */
    CONFIG_KEPT_PART = 4,             /* blocks of 128 MiB that are whole, for each kept for pages in place */
    CONFIG_RESERVE_PART = 128,        /* the last one in so many frames is for the kernel alone, */
    CONFIG_RESERVE_FRAMES_MAX = 1024, /* but no more than these */

    /* ---- threads ---- */
    CONFIG_KERNEL_STACK_BYTES = 16384,
    CONFIG_STACKS_KEPT = 8,         /* of ended threads, for the next ones */
    CONFIG_IDLE_STACK_BYTES = 8192, /* of the boot CPU; the others have thread stacks */
    CONFIG_IST_STACK_BYTES = 4096,  /* double fault, NMI, machine check, debug */
    CONFIG_THREAD_NAME_MAX = 24,
    CONFIG_TIME_SLICE_US = 4000, /* in ring 3, while another thread waits for the CPU; slice_us= */
    CONFIG_URGENT_ROW_MAX = 16,  /* kernel threads that run one after the other before one of ring 3 does */
    CONFIG_CPU_START_MS = 1000,  /* a CPU that takes longer to start is left alone */
    CONFIG_TASKS_MAX = 1024,     /* asynchronous tasks at a time, on all CPUs */
    CONFIG_EXECUTOR_TURN = 64,   /* polls of tasks before other threads of the CPU have their turn */

    CONFIG_FUTEX_BUCKETS = 256, /* a power of two; a cache line each (docs/futex.md) */
    CONFIG_ROBUST_LIST_MAX =
        2048, /* locks of an ended thread that are looked at, as Linux's ROBUST_LIST_LIMIT */
    CONFIG_ROBUST_LIST_TURN = 64, /* of them, before other threads have their turn */

    /* ---- network; lwIP's own numbers are in net/lwip/lwipopts.h ---- */
    CONFIG_TCP_BACKLOG_MAX = 4096,        /* connections that wait for accept, as Linux's somaxconn */
    CONFIG_DATAGRAM_QUEUE_BYTES = 212992, /* received and not read yet, as Linux's rmem_default */
    CONFIG_NET_QUEUE_PACKETS = 1000,      /* that wait for room in a device's ring, as Linux's txqueuelen */

    /* ---- GPUs ---- */
    CONFIG_GPU_PATIENCE_MS = 5000, /* without an answer of a GPU, until it is reset */
    CONFIG_GPU_WATCH_MS = 1000,    /* between questions whether a GPU that works still answers */
    CONFIG_GPU_LOOK_US = 200,      /* between looks whether it is ready */
    CONFIG_GPU_ARM_US = 50, /* for whoever its last signals woke, before its wish to sleep is passed on */

    /* ---- lock order, debug builds ---- */
    CONFIG_LOCK_CLASSES_MAX = 128, /* places that initialise locks */
    CONFIG_LOCK_EDGES_MAX = 256,   /* pairs of them that were held together */
    CONFIG_LOCKS_HELD_MAX = 8,     /* at once by a CPU or a thread */

    /* ---- log ---- */
    CONFIG_LOG_RING_BYTES = 16384,
    CONFIG_LOG_LINE_MAX = 512,
    CONFIG_LOG_RECORDS = 256, /* lines of it that programs can read */
    CONFIG_LOG_LOOK_MS = 100, /* until a program that waits for a line of the kernel's sees it */

    /* ---- container ---- */
    CONFIG_SIGNALS_QUEUED_MAX = 16384, /* RLIMIT_SIGPENDING, as Linux's with 4 GiB of memory */
    CONFIG_PROCESS_IDS_MAX = 32768,    /* the highest number of a process or thread, as Linux's pid_max */
    CONFIG_MEMORY_LIMIT_MIN_BYTES = 64 << 10,  /* a program that only exits has a little more */
    CONFIG_USER_STACK_BYTES = 8 * 1024 * 1024, /* RLIMIT_STACK, as Linux's default */
    CONFIG_ARGUMENT_BYTES_MAX = 128 * 1024,    /* one string of argv or envp, as Linux has it */
    CONFIG_ARGS_BYTES_MAX = 6 << 20,   /* of all and the pointers to them: a quarter of RLIMIT_STACK, */
    CONFIG_ARGS_BYTES_MIN = 128 << 10, /* but within these, as on Linux */
    CONFIG_AREAS_MAX = 65530,          /* areas of one address space, as vm.max_map_count */
    CONFIG_FAULT_AROUND_PAGES = 16,    /* pages of a file mapped on one read fault */
    CONFIG_FILL_REST_PAGES = 256,      /* of 2 MiB, that are there when the rest comes at once */
};

_Static_assert(HUGE_BYTES % CONFIG_POOL_STEP_BYTES == 0, "a block is zeroed in whole steps");
_Static_assert(CONFIG_KERNEL_STACK_BYTES % PAGE_BYTES == 0, "stacks are whole pages with a guard page below");
_Static_assert(CONFIG_FUTEX_BUCKETS > 1 && (CONFIG_FUTEX_BUCKETS & (CONFIG_FUTEX_BUCKETS - 1)) == 0,
               "the hash is cut with a shift");
_Static_assert(CONFIG_LOG_LINE_MAX < CONFIG_LOG_RING_BYTES, "a line fits the ring");
_Static_assert(CONFIG_FAULT_AROUND_PAGES > 0 &&
                   !(CONFIG_FAULT_AROUND_PAGES & (CONFIG_FAULT_AROUND_PAGES - 1)),
               "a window is aligned to its size");

/* ---- interrupt vectors ---- */
enum {
    VECTOR_PIC_BASE = 0x20, /* where the masked PICs could still raise a spurious interrupt */
    VECTOR_IRQ_BASE = 0x30,
    VECTOR_TIMER = 0x70,
    VECTOR_IPI_RESCHEDULE = 0x71,
    VECTOR_IPI_TLB = 0x72,
    VECTOR_SPURIOUS = 0x7f, /* low four bits set, as older APICs demand. [intel-sdm3 11.9] */
    VECTOR_COUNT = 128,     /* a stub each, which pushes its number as a signed byte */
    VECTOR_SYSCALL = 0x80,  /* none: marks the frame of a system call */
    VECTOR_NONE = 0x81,     /* likewise, registers that are nobody's result: rt_sigreturn's */
};
