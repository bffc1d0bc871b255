/* SPDX-License-Identifier: Apache-2.0 */
/* A thread calls all other CPUs at once: INIT, 10 ms, startup, 200 us, and startup again for those that are not
 * there yet [intel-sdm3 8.4.4.1]. Meanwhile the boot CPU runs other threads, so boot does not wait. All that a CPU
 * needs is made for it before it is called.
 *
 * One that does not come in time is given up, and sent back to where it waits for a startup interrupt, so that it
 * cannot come when the page it begins in has gone. */
#include "sched/cpu_start.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/lapic.h"
#include "arch/segments.h"
#include "arch/startup.h"
#include "arch/trap.h"
#include "core/ipi.h"
#include "core/log.h"
#include "core/time.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/page_table.h"
#include "sched/runqueue.h"
#include "sched/wait.h"

enum {
    INIT_WAIT_US = 10000,
    STARTUP_WAIT_US = 200,
    CPU_POLL_US = 100,
    NS_PER_US = 1000,
    STACK_FRAMES = SEGMENTS_STACK_BYTES / PAGE_BYTES,
};

struct cpu_startup cpu_startups[CONFIG_CPUS_MAX];
uint32_t cpu_startup_count;
static uint64_t called_at; /* TSC */
static struct wait_queue starting = WAIT_QUEUE_INIT(starting);
static bool is_starting; /* under starting.lock */

/* ---- on the new CPU ---- */

/* Time is read from each CPU's own counter, so they must agree. */
static void check_tsc(const struct percpu *p)
{
    if (tsc_read() < called_at)
        log_warning("cpu %u: its TSC is behind the boot CPU's; time may go back", (unsigned)p->cpu);
}

void cpu_start_other(struct percpu *p)
{
    features_init_other();
    segments_init(p);
    trap_init_other();
    err_t e = lapic_init_other(VECTOR_SPURIOUS);
    ASSERT(!failed(e)); /* the boot CPU's registers are mapped */
    struct runqueue *rq = p->runqueue;
    p->current = rq->idle;
    p->apic_id = lapic_id();
    segments_set_kernel_stack(p, rq->idle->stack_top);
    runqueue_run_first(rq, rq->idle);
    check_tsc(p);
    cpus_add(p->cpu);
    idle_run();
}

/* ---- on the boot CPU ---- */

/* Everything a CPU needs, in one block. */
struct cpu_block {
    struct percpu percpu;
    struct runqueue runqueue;
};

static err_t prepare(uint32_t cpu, uint32_t apic_id)
{
    struct cpu_block *block = heap_alloc_zeroed(sizeof(*block));
    if (!block) return ERR_NO_MEMORY;
    struct percpu *p = &block->percpu;
    if (!charge_try(CHARGE_KERNEL, STACK_FRAMES)) goto free_block;
    paddr_t stacks = frame_alloc_run(STACK_FRAMES, PAGE_BYTES);
    if (is_paddr_none(stacks)) goto drop_charge;
    struct thread *idle = thread_create_idle(cpu);
    if (!idle) goto free_stacks;
    if (failed(heap_cpu_start(cpu))) goto free_idle;
    *p = (struct percpu){
        .self = p, .cpu = cpu, .lock_mark = cpu + 1, .apic_id = apic_id, .runqueue = &block->runqueue
    };
    p->ist_stacks = direct_map(stacks);
    runqueue_init(&block->runqueue, cpu, idle);
    percpu_table[cpu] = p;
    frame_cpu_start(cpu);
    cpu_startups[cpu_startup_count++] = (struct cpu_startup){
        .apic_id = apic_id, .state = CPU_STARTUP_CALLED, .stack_top = idle->stack_top, .percpu = p
    };
    return OK;

free_idle:
    thread_free(idle);
free_stacks:
    frame_free_run(stacks, STACK_FRAMES);
drop_charge:
    charge_drop(CHARGE_KERNEL, STACK_FRAMES);
free_block:
    heap_free(block);
    return ERR_NO_MEMORY;
}

static bool is_known(uint32_t apic_id)
{
    if (apic_id == percpu_boot.apic_id) return true;
    for (uint32_t i = 0; i < cpu_startup_count; i++)
        if (cpu_startups[i].apic_id == apic_id) return true;
    return false;
}

static void prepare_all(const struct acpi_madt *madt)
{
    for (uint32_t i = 0; i < madt->cpu_count; i++) {
        uint32_t id = madt->cpus[i].apic_id, cpu = cpu_startup_count + 1;
        if (!madt->cpus[i].is_enabled || is_known(id)) continue;
        if (cpu == CONFIG_CPUS_MAX || id > lapic_id_max()) {
            log_warning("cpu: %u of the %u in the MADT are used", (unsigned)cpu, (unsigned)madt->cpu_count);
            return;
        }
        if (failed(prepare(cpu, id))) {
            log_warning("cpu %u: no memory for it", (unsigned)cpu);
            return;
        }
    }
}

/* The page in which they begin, shown at its own address: executable there, written through the direct map. */
static err_t show_startup_page(void)
{
    memcpy(direct_map(PADDR(STARTUP_PAGE)), startup_code, (size_t)(startup_code_end - startup_code));
    return page_table_map(&kernel_page_table, STARTUP_PAGE, PADDR(STARTUP_PAGE), PAGE_BYTES,
                          PAGE_EXEC | PAGE_LEAF_4K);
}

static void hide_startup_page(void)
{
    err_t e = page_table_unmap(&kernel_page_table, STARTUP_PAGE, PAGE_BYTES, NULL, NULL);
    ASSERT(!failed(e)); /* nothing is split */
}

static void send_to_missing(void (*send)(uint32_t apic_id))
{
    for (uint32_t i = 0; i < cpu_startup_count; i++) {
        if (__atomic_load_n(&cpu_startups[i].state, __ATOMIC_ACQUIRE) != CPU_STARTUP_CALLED) continue;
        interrupts_off();
        send(cpu_startups[i].apic_id);
        interrupts_on();
    }
}
static void send_startup(uint32_t apic_id) { lapic_send_startup(apic_id, STARTUP_PAGE >> PAGE_SHIFT); }

static bool all_are_online(void) { return cpus_online() == cpu_startup_count + 1; }

static void sleep_us(uint64_t us) { thread_sleep_until_ns(time_now_ns() + us * NS_PER_US); }

static void give_up(struct cpu_startup *s)
{
    uint32_t called = CPU_STARTUP_CALLED;
    if (!__atomic_compare_exchange_n(&s->state, &called, CPU_STARTUP_GIVEN_UP, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return; /* it has come, only it is slow */
    interrupts_off();
    lapic_send_init(s->apic_id);
    interrupts_on();
    log_error("cpu %u (APIC id %u) does not start", (unsigned)s->percpu->cpu, (unsigned)s->apic_id);
}

static void call_all(void)
{
    called_at = tsc_read();
    send_to_missing(lapic_send_init);
    sleep_us(INIT_WAIT_US);
    send_to_missing(send_startup);
    sleep_us(STARTUP_WAIT_US);
    send_to_missing(send_startup);
    uint64_t deadline_ns = time_now_ns() + CONFIG_CPU_START_MS * 1000ull * NS_PER_US;
    while (!all_are_online() && time_now_ns() < deadline_ns) sleep_us(CPU_POLL_US);
    for (uint32_t i = 0; i < cpu_startup_count; i++) give_up(&cpu_startups[i]);
}

static void start(void *unused)
{
    (void)unused;
    err_t e = show_startup_page();
    if (failed(e)) {
        log_warning("cpu: the others stay off: %s", err_text(e));
    } else {
        call_all();
        hide_startup_page();
    }
    log_info("cpu: %u run", (unsigned)cpus_online());
    spin_lock(&starting.lock);
    is_starting = false;
    wait_wake_all_locked(&starting);
    spin_unlock(&starting.lock);
}

static bool has_startup_page(const struct boot_info *info)
{
    for (uint32_t i = 0; i < info->range_count; i++) {
        const struct boot_range *r = &info->ranges[i];
        if (r->kind == BOOT_RANGE_RAM && r->base.raw <= STARTUP_PAGE &&
            r->base.raw + r->bytes >= STARTUP_PAGE + PAGE_BYTES)
            return true;
    }
    return false;
}

void cpus_start(const struct acpi_madt *madt, const struct boot_info *info)
{
    if (madt->cpu_count <= 1 || !lapic_is_ready()) return;
    if (!has_startup_page(info)) {
        log_warning("cpu: the others stay off: there is no RAM at 0x%x to start them in", STARTUP_PAGE);
        return;
    }
    percpu_boot.apic_id = lapic_id();
    prepare_all(madt);
    struct thread *thread = cpu_startup_count ? thread_create_stopped("cpu start", start, NULL) : NULL;
    if (!thread) return;
    is_starting = true;
    thread->affinity = cpu_set_of(0);
    thread_detach(thread);
    thread_start(thread);
}

void cpus_wait(void)
{
    spin_lock(&starting.lock);
    while (is_starting) wait_sleep_locked(&starting);
    spin_unlock(&starting.lock);
}
