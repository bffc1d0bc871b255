/* SPDX-License-Identifier: Apache-2.0 */
#include "device/dma.h"

#include "device/pci.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"

err_t dma_start(struct dma_client *client, struct pci_device *device, uint32_t address_bits)
{
    ASSERT(address_bits >= 1 && address_bits <= 64);
    *client = (struct dma_client){ .last = UINT64_MAX >> (64 - address_bits) };
    __atomic_store_n(&device->dma_faults, 0, __ATOMIC_RELAXED); /* what it did before is over */
    if (!iommu_ops) return OK;
    err_t e = iommu_ops->attach(device, &client->domain);
    return e.code == ERR_NOT_SUPPORTED.code ? OK : e; /* no unit is between it and memory */
}

void dma_stop(struct dma_client *client)
{
    if (client->domain) client->domain->ops->detach(client->domain);
    client->domain = NULL;
}

/* ---- one range ---- */

static bool is_translated(const struct dma_client *client)
{
    return client->domain && !client->domain->is_identity;
}

static bool is_range(paddr_t memory, uint64_t bytes)
{
    uint64_t end;
    return bytes && !add_overflows(memory.raw, bytes, &end) && end <= 1ull << 52;
}

err_t dma_map(struct dma_client *client, paddr_t memory, uint64_t bytes, enum dma_direction direction,
              dma_t *out)
{
    struct dma_piece piece = { memory, bytes };
    if (!is_range(memory, bytes)) return ERR_INVALID;
    if (is_translated(client))
        return client->domain->ops->map(client->domain, &piece, 1, (enum iommu_rights)direction, client->last,
                                        out);
    if (memory.raw + bytes - 1 > client->last) return ERR_RANGE;
    *out = (dma_t){ memory.raw };
    return OK;
}

void dma_unmap(struct dma_client *client, dma_t address, uint64_t bytes)
{
    if (is_translated(client)) client->domain->ops->unmap(client->domain, address, bytes);
}

/* ---- memory for both sides ---- */

err_t dma_alloc(struct dma_client *client, uint64_t bytes, struct dma_memory *out)
{
    uint64_t frames = align_up(bytes, PAGE_BYTES) >> PAGE_SHIFT;
    *out = (struct dma_memory){ 0 };
    if (!bytes || frames > FRAME_RUN_MAX) return ERR_INVALID;
    if (!charge_try(CHARGE_KERNEL, frames)) return ERR_NO_MEMORY;
    paddr_t memory = frame_alloc_run(frames, PAGE_BYTES);
    err_t e = ERR_NO_MEMORY;
    if (is_paddr_none(memory)) goto drop_charge;
    memset(direct_map(memory), 0, frames << PAGE_SHIFT);
    e = dma_map(client, memory, frames << PAGE_SHIFT, DMA_BOTH, &out->address);
    if (failed(e)) goto free_run;
    out->at = direct_map(memory);
    out->bytes = frames << PAGE_SHIFT;
    return OK;

free_run:
    frame_free_run(memory, frames);
drop_charge:
    charge_drop(CHARGE_KERNEL, frames);
    return e;
}

void dma_free(struct dma_client *client, struct dma_memory *memory)
{
    if (!memory->at) return;
    dma_unmap(client, memory->address, memory->bytes);
    frame_free_run(direct_map_to_paddr(memory->at), memory->bytes >> PAGE_SHIFT);
    charge_drop(CHARGE_KERNEL, memory->bytes >> PAGE_SHIFT);
    *memory = (struct dma_memory){ 0 };
}

/* ---- scattered memory ---- */

static bool follows(const struct dma_piece *a, const struct dma_piece *b)
{
    return a->memory.raw + a->bytes == b->memory.raw;
}

/* Both ends of the gap lie on a page's boundary, so that an IOMMU can close it. */
static bool meets_at_page(const struct dma_piece *a, const struct dma_piece *b)
{
    return is_aligned((a->memory.raw + a->bytes) | b->memory.raw, PAGE_BYTES);
}

/* How many pieces from the first on make one segment, and its length. */
static uint32_t gather(const struct dma_client *client, const struct dma_piece *pieces, uint32_t count,
                       uint64_t *bytes)
{
    uint32_t n = 1;
    *bytes = pieces[0].bytes;
    for (; n < count; n++) {
        const struct dma_piece *before = &pieces[n - 1], *next = &pieces[n];
        if (!follows(before, next) && !(is_translated(client) && meets_at_page(before, next))) break;
        *bytes += next->bytes;
    }
    return n;
}

static err_t map_gathered(struct dma_client *client, const struct dma_piece *pieces, uint32_t count,
                          enum dma_direction direction, struct dma_segment *segment)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_range(pieces[i].memory, pieces[i].bytes)) return ERR_INVALID;
    if (!is_translated(client))
        return dma_map(client, pieces[0].memory, segment->bytes, direction, &segment->address);
    return client->domain->ops->map(client->domain, pieces, count, (enum iommu_rights)direction, client->last,
                                    &segment->address);
}

err_t dma_map_list(struct dma_client *client, const struct dma_piece *pieces, uint32_t count,
                   enum dma_direction direction, struct dma_segment *segments, uint32_t *segment_count)
{
    *segment_count = 0;
    for (uint32_t i = 0, n; i < count; i += n) {
        struct dma_segment *segment = &segments[*segment_count];
        n = gather(client, &pieces[i], count - i, &segment->bytes);
        err_t e = map_gathered(client, &pieces[i], n, direction, segment);
        if (failed(e)) {
            dma_unmap_list(client, segments, *segment_count);
            *segment_count = 0;
            return e;
        }
        ++*segment_count;
    }
    return OK;
}

void dma_unmap_list(struct dma_client *client, const struct dma_segment *segments, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) dma_unmap(client, segments[i].address, segments[i].bytes);
}
