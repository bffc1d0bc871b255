/* SPDX-License-Identifier: Apache-2.0 */
/* Which units there are and which devices are theirs, as ACPI's DMAR says. [vt-d 8]
 *
 * Interrupt remapping stays off: docs/dma.md says why. */
#include "drivers/vtd/vtd.h"

#include "core/log.h"
#include "drivers/vtd/vtd_internal.h"

static struct vtd_unit units[ACPI_UNITS_MAX]; /* fixed once started, as are: */
static uint32_t unit_count;
static const struct acpi_dmar *table;
bool vtd_is_identity;

/* ---- scopes ---- */

static struct pci_device *device_at(uint16_t segment, uint8_t bus, uint8_t slot_function)
{
    struct pci_device *d = pci_first();
    while (d && (d->segment != segment || pci_address(d) != (bus << 8 | slot_function))) d = d->next;
    return d;
}

/* Where the path leads; NULL: there is no such device. */
static struct pci_device *resolve(const struct acpi_scope *scope, uint16_t segment)
{
    struct pci_device *d = device_at(segment, scope->bus, scope->path[0]);
    for (uint32_t i = 1; i < scope->steps && d; i++) d = device_at(segment, d->secondary, scope->path[i]);
    return d;
}

static bool covers(const struct acpi_scope *scope, uint16_t segment, const struct pci_device *device)
{
    if (scope->kind != ACPI_SCOPE_DEVICE && scope->kind != ACPI_SCOPE_BRIDGE) return false;
    const struct pci_device *target = resolve(scope, segment);
    if (scope->kind == ACPI_SCOPE_BRIDGE)
        while (device && device != target) device = device->bridge;
    return target && device == target;
}

struct vtd_unit *vtd_unit_of(const struct pci_device *device)
{
    struct vtd_unit *rest = NULL;
    for (uint32_t i = 0; i < unit_count; i++) {
        const struct acpi_unit *facts = units[i].facts;
        if (facts->segment != device->segment) continue;
        for (uint32_t k = 0; k < facts->scopes.count; k++)
            if (covers(&table->scopes[facts->scopes.first + k], facts->segment, device)) return &units[i];
        if (facts->has_rest) rest = &units[i];
    }
    return rest;
}

/* ---- memory that devices use for firmware ---- */

/* The domain stays for ever, since nobody knows when the device has done. */
static err_t reserve(const struct acpi_reserved *r, const struct acpi_scope *scope)
{
    struct iommu_domain *domain;
    struct pci_device *device = scope->kind == ACPI_SCOPE_DEVICE ? resolve(scope, r->segment) : NULL;
    if (!device) return OK;
    err_t e = vtd_attach(device, &domain);
    if (!failed(e)) e = vtd_domain_map_identity(domain, r->base, r->bytes);
    log_info("vtd: %02x:%02x.%u keeps %llu KiB at %llx", device->bus, device->slot, device->function,
             (unsigned long long)r->bytes >> 10, (unsigned long long)r->base.raw);
    return e;
}

static err_t reserve_all(void)
{
    err_t e = OK;
    for (uint32_t i = 0; i < table->reserved_count; i++) {
        const struct acpi_reserved *r = &table->reserved[i];
        for (uint32_t k = 0; k < r->scopes.count && !failed(e); k++)
            e = reserve(r, &table->scopes[r->scopes.first + k]);
    }
    return e;
}

/* ---- start ---- */

static err_t start_all(void)
{
    err_t e = OK;
    for (uint32_t i = 0; i < table->unit_count && !failed(e); i++) {
        unit_count = i + 1;
        e = vtd_unit_start(&units[i], &table->units[i]);
        if (failed(e)) return e;
        bool can_pass = vtd_can_also(&units[i], VTD_ECAP_PT);
        if (vtd_is_identity && !can_pass) log_warning("vtd: a unit knows no identity: devices get domains");
        vtd_is_identity &= can_pass;
    }
    e = reserve_all();
    for (uint32_t i = 0; i < unit_count && !failed(e); i++) e = vtd_unit_enable(&units[i]);
    return e;
}

err_t vtd_start(const struct acpi_dmar *dmar, enum vtd_mode mode)
{
    table = dmar;
    vtd_is_identity = mode == VTD_IDENTITY;
    if (dmar->left_out) log_warning("vtd: DMAR lists %u entries too many", dmar->left_out);
    err_t e = start_all();
    if (failed(e)) {
        for (uint32_t i = 0; i < unit_count; i++) vtd_unit_stop(&units[i]);
        unit_count = 0;
        return e;
    }
    iommu_ops = &vtd_ops;
    const struct vtd_unit *u = &units[0];
    log_info("vtd: %u units, %u levels, leaves up to %u, %s%s%s", unit_count, u->format.levels,
             u->format.leaf_levels, vtd_is_identity ? "identity" : "a domain for each device",
             vtd_can(u, VTD_CAP_CM) ? ", caching mode" : "",
             vtd_can_also(u, VTD_ECAP_IR) ? ", interrupts are not remapped" : "");
    return OK;
}
