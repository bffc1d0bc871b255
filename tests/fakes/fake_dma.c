/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_dma.h"

#include "device/dma.h"

uint64_t fake_dma_mapped;
uint32_t fake_dma_fail_in;

err_t dma_map(struct dma_client *client, paddr_t memory, uint64_t bytes, enum dma_direction direction,
              dma_t *out)
{
    (void)client, (void)direction;
    if (fake_dma_fail_in && !--fake_dma_fail_in) return ERR_NO_MEMORY;
    fake_dma_mapped += bytes;
    *out = (dma_t){ memory.raw + FAKE_DMA_OFFSET };
    return OK;
}

void dma_unmap(struct dma_client *client, dma_t address, uint64_t bytes)
{
    (void)client;
    ASSERT(address.raw >= FAKE_DMA_OFFSET && fake_dma_mapped >= bytes);
    fake_dma_mapped -= bytes;
}
