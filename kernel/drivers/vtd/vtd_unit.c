/* SPDX-License-Identifier: Apache-2.0 */
/* One unit: turning it on and off, and the queue by which it is told to forget.
 *
 * The queue is never used ahead: each request is followed by a wait, and the processor waits, too. What a device had is
 * given to others afterwards, so there is nothing else to do meanwhile. */
#include "core/log.h"
#include "core/panic.h"
#include "drivers/vtd/vtd_internal.h"
#include "lib/clock.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"
#include "mm/kernel_map.h"
#include "mm/page_table.h"

enum {
    QUEUE_ENTRIES = PAGE_BYTES / 16, /* a size of 0 in IQA */
    WAIT_NS = 1000000000,            /* units answer within microseconds; firmware's SMIs take longer */
    WAIT_DONE = 1,
};

/* ---- commands ---- */

static uint32_t read_status(const struct vtd_unit *unit) { return mmio_read32(&unit->regs, VTD_GSTS); }

static err_t wait_status(const struct vtd_unit *unit, uint32_t bit, bool is_set)
{
    if (!!(read_status(unit) & bit) == is_set) return OK;
    uint64_t deadline_ns = clock_now_ns() + WAIT_NS;
    while (!!(read_status(unit) & bit) != is_set) {
        if (clock_now_ns() > deadline_ns) return ERR_TIMED_OUT;
        clock_relax();
    }
    return OK;
}

/* One change at a time, and the next only when the unit has made it. [vt-d 11.4.4] */
static err_t turn_on(const struct vtd_unit *unit, uint32_t bit)
{
    mmio_write32(&unit->regs, VTD_GCMD, (read_status(unit) & VTD_GSTS_ON) | bit);
    return wait_status(unit, bit, true);
}

static err_t turn_off(const struct vtd_unit *unit, uint32_t bit)
{
    uint32_t status = read_status(unit);
    if (!(status & bit)) return OK;
    mmio_write32(&unit->regs, VTD_GCMD, status & VTD_GSTS_ON & ~bit);
    return wait_status(unit, bit, false);
}

/* Old units keep writes to tables in a buffer that they do not look at. [vt-d 6.8] */
static void flush_writes(const struct vtd_unit *unit)
{
    if (!vtd_can(unit, VTD_CAP_RWBF)) return;
    mmio_write32(&unit->regs, VTD_GCMD, (read_status(unit) & VTD_GSTS_ON) | VTD_WBF);
    err_t e = wait_status(unit, VTD_WBF, false);
    if (failed(e)) panic("vtd: the unit at %llx does not flush", (unsigned long long)unit->facts->base.raw);
}

/* ---- the queue ---- */

static void put_locked(struct vtd_unit *unit, uint64_t low, uint64_t high) REQUIRES(unit->lock)
{
    uint64_t *at = unit->queue + 2 * unit->queue_tail;
    at[0] = low;
    at[1] = high;
    vtd_write_back(vtd_can_also(unit, VTD_ECAP_C), at, 16);
    unit->queue_tail = (unit->queue_tail + 1) % QUEUE_ENTRIES;
}

static void finish_locked(struct vtd_unit *unit) REQUIRES(unit->lock)
{
    uint64_t wait = field_set(field_set(0, VTD_QI_TYPE, VTD_QI_WAIT), VTD_QI_WAIT_STATUS, WAIT_DONE);
    wait = field_set(field_set(wait, VTD_QI_WAIT_SW, 1), VTD_QI_WAIT_FN, 1);
    put_locked(unit, wait, direct_map_to_paddr(unit->wait_status).raw);
    __atomic_store_n(unit->wait_status, 0, __ATOMIC_RELAXED);
    flush_writes(unit);
    mmio_write64(&unit->regs, VTD_IQT, (uint64_t)unit->queue_tail * 16);
    if (__atomic_load_n(unit->wait_status, __ATOMIC_ACQUIRE)) return;
    uint64_t deadline_ns = clock_now_ns() + WAIT_NS;
    while (!__atomic_load_n(unit->wait_status, __ATOMIC_ACQUIRE)) {
        if (clock_now_ns() > deadline_ns)
            panic("vtd: the unit at %llx does not invalidate: status %x, head %llx, tail %x",
                  (unsigned long long)unit->facts->base.raw, mmio_read32(&unit->regs, VTD_FSTS),
                  (unsigned long long)mmio_read64(&unit->regs, VTD_IQH), unit->queue_tail * 16);
        clock_relax();
    }
}

static uint64_t iotlb_request(const struct vtd_unit *unit, uint32_t granularity, uint16_t domain)
{
    uint64_t low = field_set(0, VTD_QI_TYPE, VTD_QI_IOTLB);
    low = field_set(low, VTD_QI_GRANULARITY, granularity);
    low = field_set(low, VTD_QI_DID, domain);
    low = field_set(low, VTD_QI_IOTLB_DW, vtd_can(unit, VTD_CAP_DWD));
    return field_set(low, VTD_QI_IOTLB_DR, vtd_can(unit, VTD_CAP_DRD));
}

static void forget_all(struct vtd_unit *unit)
{
    spin_lock(&unit->lock);
    uint64_t low = field_set(0, VTD_QI_TYPE, VTD_QI_CONTEXT);
    put_locked(unit, field_set(low, VTD_QI_GRANULARITY, VTD_QI_GLOBAL), 0);
    finish_locked(unit); /* contexts before the pages that they lead to [vt-d 6.5.3.1] */
    put_locked(unit, iotlb_request(unit, VTD_QI_GLOBAL, 0), 0);
    finish_locked(unit);
    spin_unlock(&unit->lock);
}

void vtd_forget_context_locked(struct vtd_unit *unit, uint16_t source, uint16_t domain)
{
    uint64_t low = field_set(0, VTD_QI_TYPE, VTD_QI_CONTEXT);
    low = field_set(low, VTD_QI_GRANULARITY, VTD_QI_ENTRY);
    low = field_set(low, VTD_QI_DID, domain);
    put_locked(unit, field_set(low, VTD_QI_CONTEXT_SID, source), 0);
    finish_locked(unit);
    put_locked(unit, iotlb_request(unit, VTD_QI_DOMAIN, domain), 0);
    finish_locked(unit);
}

/* The smallest aligned power of two that covers it, if the unit knows such; else the whole domain. */
void vtd_forget_pages(struct vtd_unit *unit, uint16_t domain, uint64_t address, uint64_t bytes)
{
    uint32_t order = 0;
    uint64_t last = address + bytes - 1;
    while (order < 52 && (address >> PAGE_SHIFT >> order) != (last >> PAGE_SHIFT >> order)) order++;
    bool by_pages = vtd_can(unit, VTD_CAP_PSI) && order <= field_get(unit->capabilities, VTD_CAP_MAMV);
    spin_lock(&unit->lock);
    if (by_pages)
        put_locked(unit, iotlb_request(unit, VTD_QI_ENTRY, domain),
                   align_down(address, (uint64_t)PAGE_BYTES << order) | order);
    else
        put_locked(unit, iotlb_request(unit, VTD_QI_DOMAIN, domain), 0);
    finish_locked(unit);
    spin_unlock(&unit->lock);
}

/* ---- on and off ---- */

static err_t refuse(const struct vtd_unit *unit, const char *what)
{
    log_error("vtd: the unit at %llx %s: DMA is not translated", (unsigned long long)unit->facts->base.raw,
              what);
    return ERR_NOT_SUPPORTED;
}

static err_t read_capabilities(struct vtd_unit *unit)
{
    uint32_t version = mmio_read32(&unit->regs, VTD_VER);
    unit->capabilities = mmio_read64(&unit->regs, VTD_CAP);
    unit->extended = mmio_read64(&unit->regs, VTD_ECAP);
    if (!version || version == UINT32_MAX) return refuse(unit, "does not answer");
    if (!vtd_can_also(unit, VTD_ECAP_QI)) return refuse(unit, "has no invalidation queue");
    if (!vtd_can(unit, VTD_CAP_SAGAW_39) && !vtd_can(unit, VTD_CAP_SAGAW_48))
        return refuse(unit, "has page tables of neither three nor four levels");
    bool has_2mib = vtd_can(unit, VTD_CAP_SLLPS_2MIB);
    unit->format = (struct vtd_table){
        .root = PADDR_NONE,
        .levels = vtd_can(unit, VTD_CAP_SAGAW_48) ? 4 : 3,
        .leaf_levels = has_2mib && vtd_can(unit, VTD_CAP_SLLPS_1GIB) ? 3
                       : has_2mib                                    ? 2
                                                                     : 1,
        .is_snooped = vtd_can_also(unit, VTD_ECAP_SC),
        .is_coherent = vtd_can_also(unit, VTD_ECAP_C),
    };
    return OK;
}

static err_t map_registers(struct vtd_unit *unit)
{
    err_t e = kernel_map_mmio(unit->facts->base, PAGE_BYTES, PAGE_UNCACHED, &unit->regs.base);
    if (failed(e)) return e;
    uint64_t cap = mmio_read64(&unit->regs, VTD_CAP);
    uint64_t end = (field_get(cap, VTD_CAP_FRO) + field_get(cap, VTD_CAP_NFR) + 1) * VTD_FRCD_BYTES;
    return end <= PAGE_BYTES ? OK : kernel_map_mmio(unit->facts->base, end, PAGE_UNCACHED, &unit->regs.base);
}

static void *new_page(const struct vtd_unit *unit)
{
    paddr_t page = frame_alloc_zeroed_charged(CHARGE_KERNEL);
    if (is_paddr_none(page)) return NULL;
    vtd_write_back(vtd_can_also(unit, VTD_ECAP_C), direct_map(page), PAGE_BYTES);
    return direct_map(page);
}

static void free_page(void *page)
{
    if (page) frame_free_charged(CHARGE_KERNEL, direct_map_to_paddr(page));
}

/* Whatever firmware or a loader left on. */
static err_t quiet(struct vtd_unit *unit)
{
    static const uint32_t bits[] = { VTD_TE, VTD_IRE, VTD_QIE };
    err_t e = OK;
    for (size_t i = 0; i < ARRAY_LENGTH(bits) && !failed(e); i++) e = turn_off(unit, bits[i]);
    return e;
}

static err_t start_queue(struct vtd_unit *unit)
{
    mmio_write64(&unit->regs, VTD_IQT, 0);
    mmio_write64(&unit->regs, VTD_IQA, direct_map_to_paddr(unit->queue).raw);
    return turn_on(unit, VTD_QIE);
}

err_t vtd_unit_start(struct vtd_unit *unit, const struct acpi_unit *facts)
{
    unit->facts = facts;
    spin_set_class(&unit->lock, "vtd unit");
    err_t e = map_registers(unit);
    if (failed(e)) return e;
    e = read_capabilities(unit);
    if (failed(e)) return e;
    e = quiet(unit);
    if (failed(e)) return e;
    unit->root = new_page(unit);
    unit->queue = new_page(unit);
    unit->wait_status = new_page(unit);
    if (!unit->root || !unit->queue || !unit->wait_status) return ERR_NO_MEMORY;

    mmio_write64(&unit->regs, VTD_RTADDR, direct_map_to_paddr(unit->root).raw);
    flush_writes(unit);
    e = turn_on(unit, VTD_SRTP);
    if (failed(e)) return e;
    e = start_queue(unit);
    if (failed(e)) return e;
    forget_all(unit);
    return vtd_fault_start(unit);
}

/* Firmware may have protected memory by a simpler means, which would go on refusing. [vt-d 11.4.8] */
static err_t drop_protection(struct vtd_unit *unit)
{
    if (!vtd_can(unit, VTD_CAP_PLMR) && !vtd_can(unit, VTD_CAP_PHMR)) return OK;
    uint32_t protection = mmio_read32(&unit->regs, VTD_PMEN);
    if (!(protection & VTD_PMEN_EPM)) return OK;
    mmio_write32(&unit->regs, VTD_PMEN, protection & ~VTD_PMEN_EPM);
    uint64_t deadline_ns = clock_now_ns() + WAIT_NS;
    while (mmio_read32(&unit->regs, VTD_PMEN) & VTD_PMEN_PRS) {
        if (clock_now_ns() > deadline_ns) return ERR_TIMED_OUT;
        clock_relax();
    }
    return OK;
}

err_t vtd_unit_enable(struct vtd_unit *unit)
{
    flush_writes(unit);
    err_t e = turn_on(unit, VTD_TE);
    return failed(e) ? e : drop_protection(unit);
}

void vtd_unit_stop(struct vtd_unit *unit)
{
    err_t e = unit->regs.base ? quiet(unit) : OK;
    if (failed(e)) {
        log_error("vtd: the unit at %llx cannot be turned off", (unsigned long long)unit->facts->base.raw);
        return; /* it may still look at its tables */
    }
    free_page(unit->root);
    free_page(unit->queue);
    free_page(unit->wait_status);
    unit->root = NULL;
    unit->queue = unit->wait_status = NULL;
}
