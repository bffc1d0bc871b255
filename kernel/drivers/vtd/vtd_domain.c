/* SPDX-License-Identifier: Apache-2.0 */
/* What a domain maps. */
#include "drivers/vtd/vtd_internal.h"

static struct vtd_domain *of(struct iommu_domain *domain)
{
    return CONTAINER_OF(domain, struct vtd_domain, common);
}

/* The highest address that domain, unit and device all have. */
static uint64_t last_address(const struct vtd_domain *d, uint64_t last)
{
    uint32_t bits = (uint32_t)field_get(d->unit->capabilities, VTD_CAP_MGAW) + 1;
    bits = MIN(bits, PAGE_SHIFT + 9u * d->unit->format.levels);
    return MIN(last, (1ull << bits) - 1);
}

/* Aligned as the memory is, so that it can have large leaves. */
static uint64_t find_locked(struct vtd_domain *d, paddr_t memory, uint64_t bytes, uint64_t last)
    REQUIRES(d->lock)
{
    uint64_t align = bytes >= GIANT_BYTES ? GIANT_BYTES : bytes >= HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES;
    uint64_t found = VTD_NO_ADDRESS;
    last = last_address(d, last);
    for (;; align = align > HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES) {
        for (uint32_t i = 0; i < IOMMU_ROOMS && found == VTD_NO_ADDRESS; i++) {
            const struct iommu_room *room = &d->common.rooms[i];
            found = vtd_table_find(&d->table, room->first, MIN(room->last, last), bytes, align,
                                   align_down(memory.raw, PAGE_BYTES));
        }
        if (found != VTD_NO_ADDRESS || align == PAGE_BYTES) return found;
    }
}

static err_t map_at_locked(struct vtd_domain *d, uint64_t address, const struct dma_piece *pieces,
                           uint32_t count, uint32_t rights) REQUIRES(d->lock)
{
    err_t e = OK;
    for (uint32_t i = 0; i < count && !failed(e);) {
        struct dma_piece pages = iommu_next_pages(pieces, count, &i);
        e = vtd_table_map(&d->table, address, pages.memory, pages.bytes, rights);
        address += pages.bytes;
    }
    return e;
}

/* Units of caching mode remember that nothing was there. [vt-d 6.1] */
static err_t finish_map_locked(struct vtd_domain *d, uint64_t address, uint64_t bytes, err_t e)
    REQUIRES(d->lock)
{
    if (failed(e)) vtd_table_unmap(&d->table, address, bytes);
    if (failed(e) || vtd_can(d->unit, VTD_CAP_CM)) vtd_forget_pages(d->unit, d->id, address, bytes);
    return e;
}

err_t vtd_domain_map(struct iommu_domain *domain, const struct dma_piece *pieces, uint32_t count,
                     enum iommu_rights rights, uint64_t last, dma_t *out)
{
    struct vtd_domain *d = of(domain);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count;) bytes += iommu_next_pages(pieces, count, &i).bytes;
    spin_lock(&d->lock);
    uint64_t address = find_locked(d, pieces[0].memory, bytes, last);
    err_t e = ERR_NO_SPACE;
    if (address != VTD_NO_ADDRESS)
        e = finish_map_locked(d, address, bytes, map_at_locked(d, address, pieces, count, rights));
    spin_unlock(&d->lock);
    if (!failed(e)) *out = (dma_t){ address + pieces[0].memory.raw % PAGE_BYTES };
    return e;
}

/* The lock is held until the unit has forgotten: before that the addresses must not be used again. */
void vtd_domain_unmap(struct iommu_domain *domain, dma_t address, uint64_t bytes)
{
    struct vtd_domain *d = of(domain);
    uint64_t first = align_down(address.raw, PAGE_BYTES);
    uint64_t length = align_up(address.raw + bytes, PAGE_BYTES) - first;
    spin_lock(&d->lock);
    vtd_table_unmap(&d->table, first, length);
    vtd_forget_pages(d->unit, d->id, first, length);
    spin_unlock(&d->lock);
}

err_t vtd_domain_map_identity(struct iommu_domain *domain, paddr_t memory, uint64_t bytes)
{
    struct vtd_domain *d = of(domain);
    if (domain->is_identity) return OK;
    if (memory.raw + bytes - 1 > last_address(d, UINT64_MAX)) return ERR_RANGE;
    spin_lock(&d->lock);
    err_t e = ERR_BUSY;
    if (vtd_table_find(&d->table, memory.raw, memory.raw + bytes - 1, bytes, PAGE_BYTES, 0) == memory.raw)
        e = finish_map_locked(d, memory.raw, bytes,
                              vtd_table_map(&d->table, memory.raw, memory, bytes, IOMMU_READ | IOMMU_WRITE));
    spin_unlock(&d->lock);
    return e;
}
