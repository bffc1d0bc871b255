/* SPDX-License-Identifier: Apache-2.0 */
/* Contract of a driver for a machine's IOMMU, and what is known of faults. Users of DMA want device/dma.h.
 *
 * A domain is an address space of devices. Each device has one of its own; those that the bus cannot tell apart, behind a
 * bridge to conventional PCI, share one. */
#pragma once
#include "core/lock.h"
#include "lib/base.h"

struct pci_device;

/* An address as a device puts it on the bus. */
typedef struct {
    uint64_t raw;
} dma_t;

enum iommu_rights { IOMMU_READ = 1, IOMMU_WRITE = 2 }; /* the device's */

struct dma_piece {
    paddr_t memory;
    uint64_t bytes;
};

/* Where nothing but memory answers: a request to a BAR's address might never get as far as the IOMMU. */
struct iommu_room {
    uint64_t first, last;
};
enum { IOMMU_ROOMS = 2 };

struct iommu_domain; /* the driver's, which embeds it as its first member */

struct iommu_ops {
    /* The device's domain, made at the first call for it. From here on its requests are translated. ERR_NO_MEMORY,
     * ERR_NO_SPACE, ERR_NOT_SUPPORTED: no unit is in charge of it, so its addresses are physical ones. */
    err_t (*attach)(struct pci_device *device, struct iommu_domain **out);
    /* Requests are refused once the last device has left. */
    void (*detach)(struct iommu_domain *domain);
    /* Finds addresses in a row up to `last` for the pages of `pieces`, and maps them; `out` is where the first piece
     * begins. Pieces follow each other or meet at pages' boundaries. The errors of dma_map(). */
    err_t (*map)(struct iommu_domain *domain, const struct dma_piece *pieces, uint32_t count,
                 enum iommu_rights rights, uint64_t last, dma_t *out);
    /* What was mapped at once. The device cannot reach it any more when this returns. */
    void (*unmap)(struct iommu_domain *domain, dma_t address, uint64_t bytes);
};

/* For drivers: the whole pages of the piece at *index and of those that follow it in memory, which *index then leaves
 * behind. */
struct dma_piece iommu_next_pages(const struct dma_piece *pieces, uint32_t count, uint32_t *index);

struct iommu_domain {
    const struct iommu_ops *ops;
    bool is_identity; /* addresses are physical ones, and all may be used: nothing is mapped */
    struct iommu_room rooms[IOMMU_ROOMS]; /* below and above 4 GiB; set by iommu_domain_init() */
};

/* The driver's, set once before devices start. NULL: there is no IOMMU. */
extern const struct iommu_ops *iommu_ops;
void iommu_domain_init(struct iommu_domain *domain, const struct iommu_ops *ops);

/* ---- faults ---- */

struct iommu_fault {
    uint16_t segment, source; /* pci_address() */
    uint64_t address;         /* of the page */
    bool is_write;            /* by the device */
    const char *why;
};
/* For the driver; any context. Counts it, and tells the log: of a device that goes on, ever more rarely. True: the device
 * has had so many that it would do harm to be told of more. */
bool iommu_report(const struct iommu_fault *fault);
/* Since boot; `last`, if not NULL, is the latest. Any context. */
uint64_t iommu_faults(struct iommu_fault *last);
