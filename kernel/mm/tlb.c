/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU that changed a table tells those that have it loaded, in one request each, and waits until all are done.
 *
 *     initiator                                    target, interrupted or in ipi_poll()
 *     request = ..., request.waiting = targets     from = exchange(tlb_requests, none)
 *     each target: tlb_requests |= initiator       each of them: forget, request.waiting -= target
 *         was empty: interrupt it
 *     until request.waiting is empty: ipi_poll()
 *
 * Each CPU makes one request at a time, since it keeps interrupts off meanwhile. Two CPUs that ask each other serve
 * each other while they wait, and so does whoever waits for a spin lock that an initiator holds; a target takes no
 * lock. So nobody waits for ever.
 *
 * A kernel thread and the idle loop run on whatever table is loaded, so that going back to the same program costs
 * nothing. When such a borrowed table changes, its CPU lets go of it instead of forgetting single pages, and is
 * not asked again. A CPU joins page_table.cpus before it loads the table and leaves it after it has loaded another:
 * an initiator that does not find it there, after its change, need not tell it. */
#include "mm/tlb.h"

#include "arch/cpu.h"
#include "core/cpus.h"
#include "core/ipi.h"

/* From here on emptying the whole TLB is cheaper: an INVLPG costs some 100 cycles. */
enum { TLB_SINGLE_MAX = 24 };

#define CR4_PGE (1ull << 7)

struct tlb_request {
    struct page_table *pt;
    const uint64_t *addresses; /* NULL: all of the user half */
    uint32_t count;
    bool is_last;    /* nobody may keep the table loaded */
    cpu_set waiting; /* atomic: CPUs that have not answered yet */
};

static struct tlb_request requests[CONFIG_CPUS_MAX];

void tlb_forget_all(void)
{
    /* A change of CR4.PGE drops global entries as well. [intel-sdm3 4.10.4.1] */
    uint64_t cr4 = cr4_read();
    if (!(cr4 & CR4_PGE)) {
        tlb_flush_all();
        return;
    }
    cr4_write(cr4 & ~CR4_PGE);
    cr4_write(cr4);
}

/* ---- what is loaded ---- */

static void load(struct percpu *p, struct page_table *pt)
{
    struct page_table *old = p->loaded;
    if (pt) cpu_set_add(&pt->cpus, p->cpu);
    cr3_write((pt ? pt : &kernel_page_table)->root.raw);
    p->loaded = pt;
    if (old) cpu_set_drop(&old->cpus, p->cpu);
}

void tlb_load(struct page_table *pt) { load(percpu(), pt); }

void tlb_load_kernel(void)
{
    struct percpu *p = percpu();
    p->wanted = NULL;
    if (p->loaded) load(p, NULL);
}

/* ---- this CPU ---- */

static void forget_pages(const uint64_t *addresses, uint32_t count)
{
    if (count <= TLB_SINGLE_MAX)
        for (uint32_t i = 0; i < count; i++) tlb_flush_page(addresses[i]);
    else if (is_kernel_vaddr(addresses[0]))
        tlb_forget_all();
    else
        tlb_flush_all();
}

static void forget_here(struct percpu *p, const struct tlb_request *r)
{
    if (r->pt == &kernel_page_table)
        forget_pages(r->addresses, r->count);
    else if (p->loaded != r->pt)
        return; /* what it had of this table went when it loaded another */
    else if (r->is_last || p->wanted != r->pt)
        load(p, NULL);
    else if (r->addresses)
        forget_pages(r->addresses, r->count);
    else
        tlb_flush_all();
}

/* ---- the others ---- */

static void serve(void)
{
    struct percpu *p = percpu();
    cpu_set from = { __atomic_exchange_n(&p->tlb_requests.bits, 0, __ATOMIC_SEQ_CST) };
    for (; !cpu_set_is_empty(from); from = cpu_set_without(from, cpu_set_first(from))) {
        struct tlb_request *r = &requests[cpu_set_first(from)];
        forget_here(p, r);
        cpu_set_drop(&r->waiting, p->cpu);
    }
}

static NOINLINE void forget_elsewhere(const struct tlb_request *wanted, cpu_set targets)
{
    bool on = interrupts_are_on();
    interrupts_off();
    uint32_t self = (uint32_t)percpu_index();
    struct tlb_request *r = &requests[self];
    *r = *wanted;
    r->waiting = targets;
    for (; !cpu_set_is_empty(targets); targets = cpu_set_without(targets, cpu_set_first(targets))) {
        uint32_t cpu = cpu_set_first(targets);
        uint64_t *asked = &percpu_of(cpu)->tlb_requests.bits;
        bool is_asked = __atomic_fetch_or(asked, cpu_set_of(self).bits, __ATOMIC_SEQ_CST);
        if (!is_asked) ipi_send(cpu, IPI_TLB); /* else one is on its way */
    }
    while (!cpu_set_is_empty(cpu_set_read(&r->waiting))) {
        cpu_relax();
        ipi_poll();
    }
    if (on) interrupts_on();
}

static inline void forget(struct tlb_request r)
{
    forget_here(percpu(), &r);
    /* The change of the table is to be seen before the set is read. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    cpu_set targets = r.pt == &kernel_page_table ? cpus_online_set() : cpu_set_read(&r.pt->cpus);
    targets = cpu_set_without(targets, (uint32_t)percpu_index());
    if (unlikely(!cpu_set_is_empty(targets))) forget_elsewhere(&r, targets);
}

void tlb_forget(struct page_table *pt, const uint64_t *addresses, uint32_t count)
{
    forget((struct tlb_request){ .pt = pt, .addresses = addresses, .count = count });
}

void tlb_forget_user(struct page_table *pt) { forget((struct tlb_request){ .pt = pt }); }

void tlb_interrupt(struct page_table *pt)
{
    uint64_t none = 0;
    tlb_forget(pt, &none, 0);
}

void tlb_forget_table(struct page_table *pt)
{
    if (!cpu_set_is_empty(cpu_set_read(&pt->cpus))) forget((struct tlb_request){ .pt = pt, .is_last = true });
}

void tlb_init(void) { ipi_set_handler(IPI_TLB, serve); }
