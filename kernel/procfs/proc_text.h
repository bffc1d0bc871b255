/* SPDX-License-Identifier: Apache-2.0 */
/* The texts and links of /proc, for the tables in procfs.c, and the sums that several of them show. In Linux 6.1's
 * formats, byte for byte. [linux fs/proc/] */
#pragma once
#include "procfs/proc_process.h"
#include "vm/space_report.h"

/* Of a process. */
extern const struct text_source proc_maps, proc_smaps, proc_smaps_rollup;         /* proc_maps.c */
extern const struct text_source proc_statm, proc_status;                          /* proc_status.c */
extern const struct text_source proc_stat, proc_io, proc_schedstat, proc_sched;   /* proc_stat.c */
extern const struct text_source proc_cmdline, proc_environ, proc_auxv, proc_comm; /* proc_arguments.c */
extern const struct text_source proc_limits, proc_fdinfo, proc_hidden;            /* proc_limits.c */
/* Of the machine. */
extern const struct text_source proc_meminfo;                                          /* proc_meminfo.c */
extern const struct text_source proc_cpu_counters, proc_machine_stat, proc_interrupts; /* proc_counters.c */
extern const struct text_source proc_cpuinfo;                                          /* proc_cpuinfo.c */
extern const struct text_source proc_uptime, proc_loadavg, proc_version, proc_vmstat, proc_zoneinfo,
    proc_buddyinfo;                                         /* proc_machine.c */
extern const struct text_source proc_modules, proc_devices; /* proc_modules.c */
extern const struct text_source proc_locks;                 /* proc_locks.c */
extern const struct made_table proc_sys_table;              /* proc_sys.c */
extern const struct text_source proc_boot_line, proc_mounts, proc_mountinfo,
    proc_mountstats; /* proc_mounts.c */
extern const char *proc_boot_words;
/* proc_links.c; of an enum proc_place, as the argument says; of a name space, whose inode it is; to oneself, the
 * thread if it is not 0. */
extern const struct made_link proc_place_link, proc_fd_link, proc_namespace_link, proc_own_link;

/* Processes that run or wait for a CPU now, and all threads: for loadavg and stat. */
struct proc_counts {
    uint32_t threads, running, last_pid;
    uint64_t births; /* of threads, processes included */
};
struct proc_counts proc_count(void);
/* For which the CPU has had nothing to do. */
uint64_t proc_idle_ns(uint32_t cpu);

/* Pages of a whole process, by their classes and two more, which an area's backing and flags tell. */
enum {
    PAGES_OF_NAMELESS = PAGES_CLASSES, /* shared memory: memfd, MAP_SHARED | MAP_ANONYMOUS */
    PAGES_HUGETLB = PAGES_CLASSES << 1,
    MEMORY_CLASSES = PAGES_CLASSES << 2,
};
struct proc_memory {
    uint64_t bytes[MEMORY_CLASSES], proportional[MEMORY_CLASSES];
    uint64_t locked_proportional; /* of areas with SPACE_LOCKED */
    /* sizes of areas */
    uint64_t locked_bytes, stack_bytes, shared_bytes;
    uint64_t program_bytes, code_bytes; /* executable: of the process's own file; all */
};

/* Adds one area, whose backing stays the caller's. `fs` tells the program's own file. */
void proc_memory_add(struct proc_memory *memory, const struct area_report *area,
                     const struct page_sums *pages, struct fs_context *fs);
void proc_memory_read(const struct proc_process *process, struct proc_memory *out);
/* Over the classes that are `match` in the bits of `mask`. */
uint64_t proc_memory_sum(const uint64_t sums[MEMORY_CLASSES], uint32_t mask, uint32_t match);
