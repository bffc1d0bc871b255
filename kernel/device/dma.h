/* SPDX-License-Identifier: Apache-2.0 */
/* DMA: memory as a device sees it. docs/dma.md
 *
 * Behind an IOMMU a device reaches what is mapped for it and nothing else, by addresses that are its own. Without one they
 * are physical addresses, and mapping only checks that the device can form them. Caches need no care: DMA of a PC takes
 * part in coherence.
 *
 * With an IOMMU protection is by whole pages: what shares a page with a mapping is in the device's reach, too.
 *
 * Starting and stopping: threads only. All else: any context, any CPU; nothing sleeps. What is passed to a device must be
 * unmapped once it is done with, with the address and length that mapping returned. */
#pragma once
#include "device/iommu.h"
#include "lib/base.h"

struct pci_device;

enum dma_direction {
    DMA_TO_DEVICE = IOMMU_READ,
    DMA_FROM_DEVICE = IOMMU_WRITE,
    DMA_BOTH = IOMMU_READ | IOMMU_WRITE
};

/* One device's side of it; the driver's to keep. */
struct dma_client {
    uint64_t last;               /* the highest address that it can form */
    struct iommu_domain *domain; /* NULL: physical addresses */
};
/* A device that sees memory as the processor does, IOMMU or not. */
#define DMA_CLIENT_PHYSICAL ((struct dma_client){ .last = UINT64_MAX })

/* For a device that can form addresses of so many bits, before it is let at the bus (pci_enable). From here on an IOMMU
 * refuses what is not mapped, if one is in charge of this device. ERR_NO_MEMORY; ERR_NO_SPACE, the IOMMU has no more
 * domains. */
err_t dma_start(struct dma_client *client, struct pci_device *device, uint32_t address_bits);
/* Nothing may be mapped any more. */
void dma_stop(struct dma_client *client);

/* ERR_RANGE: the device cannot form the address, and no IOMMU gives it another one. ERR_NO_SPACE: no addresses are left
 * that it can form. ERR_NO_MEMORY. ERR_INVALID: nothing, or a range that wraps. */
err_t dma_map(struct dma_client *client, paddr_t memory, uint64_t bytes, enum dma_direction direction,
              dma_t *out);
void dma_unmap(struct dma_client *client, dma_t address, uint64_t bytes);

/* Memory that both sides use all the time: zeroed whole pages in a row, charged to the kernel. The errors of dma_map(). */
struct dma_memory {
    void *at; /* NULL: there is none */
    dma_t address;
    uint64_t bytes;
};
err_t dma_alloc(struct dma_client *client, uint64_t bytes, struct dma_memory *out);
void dma_free(struct dma_client *client, struct dma_memory *memory);

/* Scattered memory. Pieces that follow each other become one segment: in physical memory, or by the IOMMU where they meet at
 * a page's boundary. At most `count` segments come out; all are mapped or, on failure, none. */
struct dma_segment {
    dma_t address;
    uint64_t bytes;
};
err_t dma_map_list(struct dma_client *client, const struct dma_piece *pieces, uint32_t count,
                   enum dma_direction direction, struct dma_segment *segments, uint32_t *segment_count);
void dma_unmap_list(struct dma_client *client, const struct dma_segment *segments, uint32_t count);
