/* SPDX-License-Identifier: Apache-2.0 */
#include "device/iommu.h"

#include "core/log.h"
#include "device/pci.h"

enum {
    FAULTS_TOLD = 8,         /* of a device; then those whose number is a power of two */
    FAULTS_MAX = 1 << 12,    /* of a device, before it is no longer listened to */
    FIRST_ADDRESS = 1 << 20, /* what lies below is more often a mistake than an address */
};
#define LOW_LAST  0xfebfffffull /* behind it are interrupt controllers, and messages to them */
#define HIGH_BASE (1ull << 32)

const struct iommu_ops *iommu_ops;

static struct spinlock fault_lock = SPINLOCK_INIT;
static uint64_t fault_count GUARDED_BY(fault_lock);
static struct iommu_fault last_fault GUARDED_BY(fault_lock);

static void end_before(struct iommu_room *room, const struct pci_bar *bar)
{
    bool reaches_in = bar->base > room->first || room->first - bar->base < bar->bytes;
    if (reaches_in && bar->base <= room->last)
        room->last = MAX(bar->base, room->first) - 1; /* from its beginning on: nothing is left */
}

void iommu_domain_init(struct iommu_domain *domain, const struct iommu_ops *ops)
{
    *domain = (struct iommu_domain){ ops, false, { { FIRST_ADDRESS, LOW_LAST }, { HIGH_BASE, UINT64_MAX } } };
    for (const struct pci_device *d = pci_first(); d; d = d->next)
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            const struct pci_bar *bar = &d->bars[i];
            if (bar->is_io || !bar->base || !bar->bytes) continue;
            for (uint32_t k = 0; k < IOMMU_ROOMS; k++) end_before(&domain->rooms[k], bar);
        }
}

struct dma_piece iommu_next_pages(const struct dma_piece *pieces, uint32_t count, uint32_t *index)
{
    uint64_t first = pieces[*index].memory.raw, end = first + pieces[*index].bytes;
    while (++*index < count && pieces[*index].memory.raw == end) end += pieces[*index].bytes;
    first = align_down(first, PAGE_BYTES);
    return (struct dma_piece){ PADDR(first), align_up(end, PAGE_BYTES) - first };
}

static struct pci_device *device_at(uint16_t segment, uint16_t address)
{
    struct pci_device *d = pci_first();
    while (d && (d->segment != segment || pci_address(d) != address)) d = d->next;
    return d;
}

static void tell(const struct iommu_fault *f, const struct pci_device *d, uint64_t count)
{
    log_error("iommu: %02x:%02x.%u (%04x:%04x) may not %s %llx: %s (fault %llu of this device)",
              f->source >> 8, f->source >> 3 & 31, f->source & 7, d ? d->vendor : 0u, d ? d->id : 0u,
              f->is_write ? "write" : "read", (unsigned long long)f->address, f->why,
              (unsigned long long)count);
}

bool iommu_report(const struct iommu_fault *fault)
{
    struct pci_device *device = device_at(fault->segment, fault->source);
    spin_lock(&fault_lock);
    last_fault = *fault;
    uint64_t count = ++fault_count;
    if (device) count = ++device->dma_faults;
    spin_unlock(&fault_lock);
    if (count <= FAULTS_TOLD || is_power_of_two(count)) tell(fault, device, count);
    return count >= FAULTS_MAX;
}

uint64_t iommu_faults(struct iommu_fault *last)
{
    spin_lock(&fault_lock);
    uint64_t count = fault_count;
    if (last) *last = last_fault;
    spin_unlock(&fault_lock);
    return count;
}
