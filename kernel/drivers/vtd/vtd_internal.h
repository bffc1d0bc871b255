/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the driver: vtd.c, which units there are; vtd_unit.c, one unit's registers and queue; vtd_fault.c;
 * vtd_context.c, which device has which domain; vtd_domain.c, what a domain maps.
 *
 * Locks: domain.lock, then unit.lock. Both may be taken in interrupts. */
#pragma once
#include "core/lock.h"
#include "device/iommu.h"
#include "device/pci.h"
#include "drivers/vtd/vtd_regs.h"
#include "drivers/vtd/vtd_table.h"
#include "lib/acpi.h"
#include "lib/mmio.h"

enum {
    VTD_DOMAINS_MAX = 256, /* that we use of a unit's; 0 is nobody's, as caching mode wants it [vt-d 6.1] */
    VTD_DOMAIN_IDENTITY = 1,
};

struct vtd_unit {
    const struct acpi_unit *facts;
    struct mmio regs;
    uint64_t capabilities, extended; /* VTD_CAP, VTD_ECAP */
    struct vtd_table format;         /* of its tables; without a root */
    struct spinlock lock;
    /* Under lock: */
    struct vtd_entry *root;                    /* and the context tables */
    uint64_t domain_ids[VTD_DOMAINS_MAX / 64]; /* in use */
    uint64_t *queue;                           /* two words for each descriptor */
    uint64_t *wait_status;                     /* what the unit writes when it has done with the queue */
    uint32_t queue_tail;
};

struct vtd_domain {
    struct iommu_domain common;
    struct vtd_unit *unit;
    struct vtd_domain *next; /* vtd_context.c's list */
    uint16_t source;
    uint16_t id;
    uint32_t users;
    struct spinlock lock;
    struct vtd_table table; /* under lock; empty: identity */
};

static inline bool vtd_can(const struct vtd_unit *unit, struct field capability)
{
    return field_get(unit->capabilities, capability);
}
static inline bool vtd_can_also(const struct vtd_unit *unit, struct field capability)
{
    return field_get(unit->extended, capability);
}

/* ---- vtd_unit.c ---- */

/* Translation goes on with empty tables: every request is refused. ERR_NO_MEMORY, ERR_NOT_SUPPORTED, ERR_TIMED_OUT. */
err_t vtd_unit_start(struct vtd_unit *unit, const struct acpi_unit *facts);
err_t vtd_unit_enable(struct vtd_unit *unit);
/* Requests go untranslated, as before. */
void vtd_unit_stop(struct vtd_unit *unit);

/* The unit forgets, and has done so when these return. A unit that does not is the end: nobody could say what devices
 * reach. */
void vtd_forget_context_locked(struct vtd_unit *unit, uint16_t source, uint16_t domain) REQUIRES(unit->lock);
void vtd_forget_pages(struct vtd_unit *unit, uint16_t domain, uint64_t address, uint64_t bytes);

/* ---- vtd_fault.c ---- */
err_t vtd_fault_start(struct vtd_unit *unit);

/* ---- vtd_context.c ---- */
extern const struct iommu_ops vtd_ops;
err_t vtd_attach(struct pci_device *device, struct iommu_domain **out);
void vtd_detach(struct iommu_domain *domain);
/* The device's faults are no longer recorded. Any context. */
void vtd_silence(struct vtd_unit *unit, uint16_t source);

/* ---- vtd_domain.c ---- */
err_t vtd_domain_map(struct iommu_domain *domain, const struct dma_piece *pieces, uint32_t count,
                     enum iommu_rights rights, uint64_t last, dma_t *out);
void vtd_domain_unmap(struct iommu_domain *domain, dma_t address, uint64_t bytes);
/* At its own address. ERR_NO_MEMORY; ERR_BUSY: something is mapped there; ERR_RANGE. */
err_t vtd_domain_map_identity(struct iommu_domain *domain, paddr_t memory, uint64_t bytes);

/* ---- vtd.c ---- */
extern bool vtd_is_identity;                                   /* fixed by vtd_start() */
struct vtd_unit *vtd_unit_of(const struct pci_device *device); /* NULL: none is in charge */
