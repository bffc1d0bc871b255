/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that were refused: the unit keeps a few records and interrupts when there is one. [vt-d 7.3] */
#include "arch/percpu.h"
#include "core/log.h"
#include "drivers/vtd/vtd_internal.h"

/* [vt-d 7.1.3, table 14]; of the legacy mode. */
static const char *reason_text(uint64_t reason)
{
    static const char *const texts[] = {
        [0x1] = "nothing is mapped for any device of its bus",
        [0x2] = "nothing is mapped for it",
        [0x3] = "its context entry is malformed",
        [0x4] = "the address is wider than its domain",
        [0x5] = "not mapped for writing",
        [0x6] = "not mapped for reading",
        [0x7] = "a page table is out of reach",
        [0x8] = "the root table is out of reach",
        [0x9] = "a context table is out of reach",
        [0xa] = "a reserved bit is set in the root table",
        [0xb] = "a reserved bit is set in the context table",
        [0xc] = "a reserved bit is set in a page table",
        [0xd] = "requests of this kind are not allowed",
    };
    const char *text = reason < ARRAY_LENGTH(texts) ? texts[reason] : NULL;
    return text ? text : "a reason that is not known";
}

/* False: there is no record at this place. */
static bool take_record(struct vtd_unit *unit, uint32_t index)
{
    uint32_t at = (uint32_t)(field_get(unit->capabilities, VTD_CAP_FRO) + index) * VTD_FRCD_BYTES;
    uint64_t high = mmio_read64(&unit->regs, at + 8);
    if (!field_get(high, VTD_FRCD_F)) return false;
    uint64_t reason = field_get(high, VTD_FRCD_FR);
    struct iommu_fault fault = {
        .segment = unit->facts->segment,
        .source = (uint16_t)field_get(high, VTD_FRCD_SID),
        .address = mmio_read64(&unit->regs, at) & field_mask(VTD_FRCD_FI),
        .is_write = !field_get(high, VTD_FRCD_T),
        .why = reason_text(reason),
    };
    mmio_write32(&unit->regs, at + VTD_FRCD_F_OFFSET, VTD_FRCD_CLEAR);
    if (iommu_report(&fault)) vtd_silence(unit, fault.source);
    return true;
}

/* Each error of the queue is one of ours, as no device is asked to invalidate anything. It ends in the panic of whoever
 * waits. */
static void handle(void *context)
{
    struct vtd_unit *unit = context;
    uint32_t status = mmio_read32(&unit->regs, VTD_FSTS);
    uint32_t count = (uint32_t)field_get(unit->capabilities, VTD_CAP_NFR) + 1;
    uint32_t first = (uint32_t)field_get(status, VTD_FSTS_FRI);
    for (uint32_t i = 0; i < count; i++) take_record(unit, (first + i) % count);
    if (field_get(status, VTD_FSTS_PFO)) log_info("vtd: more faults came than there are records for");
    if (field_get(status, VTD_FSTS_IQE)) log_error("vtd: the unit does not understand its queue");
    /* Before the last of these is cleared there is no other interrupt. */
    mmio_write32(&unit->regs, VTD_FSTS, status & ~(uint32_t)field_mask(VTD_FSTS_FRI));
}

err_t vtd_fault_start(struct vtd_unit *unit)
{
    struct irq_message message;
    err_t e = irq_attach_message(percpu_of(0)->apic_id, handle, unit, &message);
    if (failed(e)) return e;
    mmio_write32(&unit->regs, VTD_FEDATA, message.data);
    mmio_write32(&unit->regs, VTD_FEADDR, (uint32_t)message.address);
    mmio_write32(&unit->regs, VTD_FEUADDR, (uint32_t)(message.address >> 32));
    handle(unit); /* of firmware's time */
    mmio_write32(&unit->regs, VTD_FECTL, mmio_read32(&unit->regs, VTD_FECTL) & ~VTD_FECTL_IM);
    return OK;
}
