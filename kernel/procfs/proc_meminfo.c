/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/meminfo: the machine's memory, whatever a container's limit is, and the pages of all processes.
 *
 * MemTotal is what the allocator manages: neither the kernel's image nor the archive is in it. Files live in
 * memory and nowhere else, as in Linux's tmpfs: they are Cached and Shmem, and cannot be reclaimed. There are
 * no lists of pages by age; all that programs and files have counts as active. */
#include "config.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "procfs/proc_text.h"
#include "sched/thread.h"

/* Bytes; the lines that show none of them are zero because there is no such thing here. */
enum value {
    NOTHING,
    TOTAL,
    FREE,
    AVAILABLE,
    FILES,
    ACTIVE,
    LOCKED,
    ANONYMOUS,
    MAPPED,
    HEAP,
    STACKS,
    TABLES,
    COMMITTED,
    KERNEL_ADDRESSES,
    ANONYMOUS_HUGE,
    HUGE_UNIT,
    HUGETLB,
    DIRECT_4K,
    DIRECT_2M,
    DIRECT_1G,
    HUGETLB_COUNT, /* pages, as all that follow */
    NO_PAGES,
    VALUES,
};

static const struct {
    char name[17];
    uint8_t value;
} lines[] = {
    { "MemTotal:", TOTAL },
    { "MemFree:", FREE },
    { "MemAvailable:", AVAILABLE },
    { "Buffers:", NOTHING },
    { "Cached:", FILES },
    { "SwapCached:", NOTHING },
    { "Active:", ACTIVE },
    { "Inactive:", NOTHING },
    { "Active(anon):", ACTIVE },
    { "Inactive(anon):", NOTHING },
    { "Active(file):", NOTHING },
    { "Inactive(file):", NOTHING },
    { "Unevictable:", NOTHING },
    { "Mlocked:", LOCKED },
    { "SwapTotal:", NOTHING },
    { "SwapFree:", NOTHING },
    { "Dirty:", NOTHING },
    { "Writeback:", NOTHING },
    { "AnonPages:", ANONYMOUS },
    { "Mapped:", MAPPED },
    { "Shmem:", FILES },
    { "KReclaimable:", NOTHING },
    { "Slab:", HEAP },
    { "SReclaimable:", NOTHING },
    { "SUnreclaim:", HEAP },
    { "KernelStack:", STACKS },
    { "PageTables:", TABLES },
    { "SecPageTables:", NOTHING },
    { "NFS_Unstable:", NOTHING },
    { "Bounce:", NOTHING },
    { "WritebackTmp:", NOTHING },
    { "CommitLimit:", TOTAL },
    { "Committed_AS:", COMMITTED },
    { "VmallocTotal:", KERNEL_ADDRESSES },
    { "VmallocUsed:", STACKS },
    { "VmallocChunk:", NOTHING },
    { "Percpu:", NOTHING },
    { "AnonHugePages:", ANONYMOUS_HUGE },
    { "ShmemHugePages:", NOTHING },
    { "ShmemPmdMapped:", NOTHING },
    { "FileHugePages:", NOTHING },
    { "FilePmdMapped:", NOTHING },
    { "HugePages_Total:", HUGETLB_COUNT },
    { "HugePages_Free:", NO_PAGES },
    { "HugePages_Rsvd:", NO_PAGES },
    { "HugePages_Surp:", HUGETLB_COUNT }, /* taken when they are asked for, from no pool */
    { "Hugepagesize:", HUGE_UNIT },
    { "Hugetlb:", HUGETLB },
    { "DirectMap4k:", DIRECT_4K },
    { "DirectMap2M:", DIRECT_2M },
    { "DirectMap1G:", DIRECT_1G },
};

/* ---- where the values come from ---- */

static void add_process(const struct proc_process *process, uint64_t values[VALUES])
{
    struct proc_memory memory;
    struct space_report space;
    proc_memory_read(process, &memory);
    space_report(process->space, &space);
    values[HUGETLB] += proc_memory_sum(memory.bytes, PAGES_HUGETLB, PAGES_HUGETLB);
    values[MAPPED] += proc_memory_sum(memory.bytes, PAGES_HUGETLB | PAGES_ANONYMOUS, 0);
    values[ANONYMOUS_HUGE] += proc_memory_sum(memory.bytes, PAGES_HUGETLB | PAGES_ANONYMOUS | PAGES_LARGE,
                                              PAGES_ANONYMOUS | PAGES_LARGE);
    values[LOCKED] += memory.locked_bytes;
    values[TABLES] += space.table_bytes;
    values[COMMITTED] += space.data_bytes + memory.stack_bytes + memory.shared_bytes;
}

static void read_processes(uint64_t values[VALUES])
{
    struct made_subject subject = { 0 };
    struct proc_process process;
    for (uint32_t from = 0, pid; proc_next_process(NULL, from, &pid); from = pid + 1) {
        if (!proc_find_process(NULL, pid, &subject) || failed(proc_process_get(&subject, &process))) continue;
        if (process.space && process.fs) add_process(&process, values);
        proc_process_put(&process);
    }
    values[HUGETLB_COUNT] = values[HUGETLB] >> HUGE_SHIFT;
}

static void count_direct(uint64_t vaddr, paddr_t frame, uint8_t leaf_shift, uint32_t flags, void *context)
{
    uint64_t *values = context;
    uint32_t value = leaf_shift == GIANT_SHIFT ? DIRECT_1G : leaf_shift == HUGE_SHIFT ? DIRECT_2M : DIRECT_4K;
    (void)vaddr, (void)frame, (void)flags;
    values[value] += 1ull << leaf_shift;
}

static void read_machine(uint64_t values[VALUES])
{
    struct charge_stats s = charge_read();
    values[TOTAL] = s.machine << PAGE_SHIFT;
    values[FREE] = s.free << PAGE_SHIFT;
    values[AVAILABLE] = (s.free - MIN(s.free, s.reserve)) << PAGE_SHIFT;
    values[FILES] = s.kinds[CHARGE_FILE] << PAGE_SHIFT;
    values[ANONYMOUS] = (s.kinds[CHARGE_ANONYMOUS] << PAGE_SHIFT) - values[HUGETLB];
    values[ACTIVE] = values[ANONYMOUS] + values[FILES];
    values[HEAP] = heap_stats().held_pages << PAGE_SHIFT;
    values[STACKS] = (uint64_t)thread_count() * CONFIG_KERNEL_STACK_BYTES;
    values[KERNEL_ADDRESSES] = KERNEL_MMIO_BASE + KERNEL_MMIO_BYTES - KERNEL_STACK_BASE;
    values[HUGE_UNIT] = HUGE_BYTES;
    page_table_visit(&kernel_page_table, DIRECT_MAP_BASE, DIRECT_MAP_BYTES, count_direct, values);
}

static void write_meminfo(struct text *text, uint64_t *cursor)
{
    uint64_t values[VALUES] = { 0 };
    if ((*cursor)++) return;
    read_processes(values);
    read_machine(values);
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
        uint64_t value = values[lines[i].value];
        if (lines[i].value >= HUGETLB_COUNT)
            text_add(text, "%-16s%8lu\n", lines[i].name, value);
        else
            text_add_kib(text, lines[i].name, value);
    }
}

const struct text_source proc_meminfo = { .write = write_meminfo };
