/* SPDX-License-Identifier: Apache-2.0 */
/* Which device has which domain: the root table leads by the bus, context tables by slot and function. [vt-d 3.4] */
#include "core/log.h"
#include "drivers/vtd/vtd_internal.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"
#include "mm/heap.h"

static struct vtd_domain *domains; /* threads only, one at a time, as long as devices start */

static void write_back(const struct vtd_unit *unit, const struct vtd_entry *entry)
{
    vtd_write_back(vtd_can_also(unit, VTD_ECAP_C), entry, sizeof(*entry));
}

/* NULL: its bus has no table yet. */
static struct vtd_entry *context_locked(struct vtd_unit *unit, uint16_t source) REQUIRES(unit->lock)
{
    uint64_t low = unit->root[source >> 8].low;
    if (!(low & VTD_PRESENT)) return NULL;
    return (struct vtd_entry *)direct_map(PADDR(align_down(low, PAGE_BYTES))) + (source & 0xff);
}

/* Makes the table of its bus if there is none. NULL: no memory. */
static struct vtd_entry *make_context_locked(struct vtd_unit *unit, uint16_t source) REQUIRES(unit->lock)
{
    struct vtd_entry *root = &unit->root[source >> 8];
    if (root->low & VTD_PRESENT) return context_locked(unit, source);
    paddr_t table = frame_alloc_zeroed_charged(CHARGE_KERNEL);
    if (is_paddr_none(table)) return NULL;
    vtd_write_back(vtd_can_also(unit, VTD_ECAP_C), direct_map(table), PAGE_BYTES);
    root->low = table.raw | VTD_PRESENT;
    write_back(unit, root);
    return context_locked(unit, source);
}

/* ---- domains ---- */

/* 0: none is left. */
static uint16_t take_id_locked(struct vtd_unit *unit) REQUIRES(unit->lock)
{
    uint32_t count = 1u << (4 + 2 * MIN((uint32_t)field_get(unit->capabilities, VTD_CAP_ND), 6u));
    for (uint32_t id = VTD_DOMAIN_IDENTITY + 1; id < MIN(count, (uint32_t)VTD_DOMAINS_MAX); id++) {
        uint64_t bit = 1ull << id % 64;
        if (unit->domain_ids[id / 64] & bit) continue;
        unit->domain_ids[id / 64] |= bit;
        return (uint16_t)id;
    }
    return 0;
}

static void give_id_locked(struct vtd_unit *unit, uint16_t id) REQUIRES(unit->lock)
{
    unit->domain_ids[id / 64] &= ~(1ull << id % 64);
}

static struct vtd_domain *find_domain(const struct vtd_unit *unit, uint16_t source)
{
    struct vtd_domain *d = domains;
    while (d && (d->unit != unit || d->source != source)) d = d->next;
    return d;
}

/* The low word last: the unit may look at any time. */
static err_t install_locked(struct vtd_domain *d, struct vtd_unit *unit) REQUIRES(unit->lock)
{
    bool is_identity = d->common.is_identity;
    struct vtd_entry *entry = make_context_locked(unit, d->source);
    if (!entry) return ERR_NO_MEMORY;
    uint64_t low = field_set(VTD_PRESENT, VTD_CONTEXT_TT, is_identity ? VTD_TT_PASS : VTD_TT_TABLES);
    entry->high = field_set(field_set(0, VTD_CONTEXT_AW, unit->format.levels - 2u), VTD_CONTEXT_DID, d->id);
    __atomic_store_n(&entry->low, is_identity ? low : low | d->table.root.raw, __ATOMIC_RELEASE);
    write_back(unit, entry);
    /* It may have kept that there was nothing, under domain 0. [vt-d 6.1] */
    vtd_forget_context_locked(unit, d->source, vtd_can(unit, VTD_CAP_CM) ? 0 : d->id);
    return OK;
}

static err_t install(struct vtd_domain *d)
{
    struct vtd_unit *unit = d->unit;
    spin_lock(&unit->lock);
    d->id = d->common.is_identity ? VTD_DOMAIN_IDENTITY : take_id_locked(unit);
    err_t e = d->id ? install_locked(d, unit) : ERR_NO_SPACE;
    if (failed(e)) give_id_locked(unit, d->id);
    spin_unlock(&unit->lock);
    return e;
}

static err_t create(struct vtd_unit *unit, uint16_t source, struct vtd_domain **out)
{
    struct vtd_domain *d = heap_alloc_zeroed(sizeof(*d));
    if (!d) return ERR_NO_MEMORY;
    iommu_domain_init(&d->common, &vtd_ops);
    d->common.is_identity = vtd_is_identity;
    d->unit = unit;
    d->source = source;
    spin_set_class(&d->lock, "vtd domain");
    err_t e = vtd_table_init(&d->table, &unit->format);
    if (failed(e)) goto free_domain;
    e = install(d);
    if (failed(e)) goto free_table;
    d->next = domains;
    domains = d;
    *out = d;
    return OK;

free_table:
    vtd_table_fini(&d->table);
free_domain:
    heap_free(d);
    return e;
}

err_t vtd_attach(struct pci_device *device, struct iommu_domain **out)
{
    struct vtd_unit *unit = vtd_unit_of(device);
    uint16_t source = pci_requester(device);
    if (!unit) return ERR_NOT_SUPPORTED;
    struct vtd_domain *d = find_domain(unit, source);
    err_t e = d ? OK : create(unit, source, &d);
    if (failed(e)) return e;
    d->users++;
    *out = &d->common;
    return OK;
}

static void uninstall(struct vtd_domain *d)
{
    struct vtd_unit *unit = d->unit;
    spin_lock(&unit->lock);
    struct vtd_entry *entry = context_locked(unit, d->source);
    __atomic_store_n(&entry->low, 0, __ATOMIC_RELEASE);
    entry->high = 0;
    write_back(unit, entry);
    vtd_forget_context_locked(unit, d->source, d->id);
    give_id_locked(unit, d->id);
    spin_unlock(&unit->lock);
}

void vtd_detach(struct iommu_domain *domain)
{
    struct vtd_domain *d = CONTAINER_OF(domain, struct vtd_domain, common), **at = &domains;
    if (--d->users) return;
    while (*at != d) at = &(*at)->next;
    *at = d->next;
    uninstall(d);
    vtd_table_fini(&d->table);
    heap_free(d);
}

void vtd_silence(struct vtd_unit *unit, uint16_t source)
{
    spin_lock(&unit->lock);
    struct vtd_entry *entry = context_locked(unit, source);
    bool is_told = entry && !(entry->low & VTD_CONTEXT_FPD);
    if (is_told) {
        uint16_t domain = (uint16_t)field_get(entry->high, VTD_CONTEXT_DID);
        __atomic_store_n(&entry->low, entry->low | VTD_CONTEXT_FPD, __ATOMIC_RELEASE);
        write_back(unit, entry);
        vtd_forget_context_locked(unit, source, domain);
    }
    spin_unlock(&unit->lock);
    if (is_told)
        log_error("iommu: no more is told of %02x:%02x.%u", source >> 8, source >> 3 & 31, source & 7);
}

const struct iommu_ops vtd_ops = {
    .attach = vtd_attach,
    .detach = vtd_detach,
    .map = vtd_domain_map,
    .unmap = vtd_domain_unmap,
};
