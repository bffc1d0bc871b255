/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of /proc, for the tree in procfs.c, and the sums that several of them show. In Linux 6.1's
 * formats, byte for byte. [linux fs/proc/task_mmu.c, array.c, meminfo.c] */
#pragma once
#include "fs/proc_source.h"
#include "fs/text_file.h"
#include "vm/space_report.h"

/* For texts of one piece: false when it has been written, or the process that asks has no memory. */
static inline bool proc_begin(uint64_t *cursor, struct proc_process *process)
{
    if ((*cursor)++) return false;
    proc_describe(process);
    return process->space;
}

extern const struct text_source proc_maps, proc_smaps, proc_smaps_rollup; /* proc_maps.c */
extern const struct text_source proc_statm, proc_status, proc_meminfo;    /* proc_status.c, proc_meminfo.c */
extern const struct text_source proc_cpu_counters;                        /* proc_counters.c */

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
