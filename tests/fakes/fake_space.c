/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_space.h"

#include "core/cpus.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "tests/fakes/fake_lock.h"

struct fake_area fake_areas[FAKE_AREAS_MAX];
uint32_t fake_area_count;
struct space_report fake_space_report;

/* The real one sleeps on the space's lock. */
bool space_report_area(struct space *space, uint64_t address, struct area_report *out,
                       struct page_sums *pages)
{
    (void)space;
    ASSERT(fake_lock_held_count() == 0);
    for (uint32_t i = 0; i < fake_area_count; i++) {
        if (fake_areas[i].area.end <= address) continue;
        *out = fake_areas[i].area;
        backing_get(out->backing);
        if (pages) *pages = fake_areas[i].pages;
        return true;
    }
    return false;
}

void space_report(struct space *space, struct space_report *out)
{
    (void)space;
    ASSERT(fake_lock_held_count() == 0);
    *out = fake_space_report;
}

/* ---- the machine: 3 GiB of direct map, two threads, a heap of ten pages, CPUs 0 and 3 ---- */

struct page_table kernel_page_table;

void page_table_visit(const struct page_table *pt, uint64_t vaddr, uint64_t bytes, page_visit_fn *leaf,
                      void *context)
{
    (void)pt, (void)bytes;
    leaf(vaddr, PADDR(0), GIANT_SHIFT, 0, context);
    leaf(vaddr + GIANT_BYTES, PADDR(GIANT_BYTES), GIANT_SHIFT, 0, context);
    for (uint64_t at = 2ull << GIANT_SHIFT; at < 3ull << GIANT_SHIFT; at += HUGE_BYTES)
        leaf(vaddr + at, PADDR(at), HUGE_SHIFT, 0, context);
}

static struct percpu fake_cpus[] = {
    { .counters = { [CPU_INTERRUPTS] = 1, [CPU_FAULTS] = 2, [CPU_SWITCHES] = UINT64_MAX } },
    { .counters = { [CPU_INTERRUPTS] = 30 } },
};
struct percpu *percpu_table[CONFIG_CPUS_MAX] = { [0] = &fake_cpus[0], [3] = &fake_cpus[1] };
cpu_set cpus_running = { 1 << 0 | 1 << 3 };

uint32_t thread_count(void) { return 2; }
struct heap_stats heap_stats(void) { return (struct heap_stats){ .held_pages = 10 }; }
