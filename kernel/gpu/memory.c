/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/memory_internal.h"

#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"
#include "mm/heap.h"

enum { FRAMES_OF_BLOCK = HUGE_BYTES / PAGE_BYTES };

/* ---- frames: blocks of 2 MiB as long as there are some, then single ones ---- */

static uint32_t frame_count(const struct gpu_memory *m)
{
    return (uint32_t)((m->bytes - (uint64_t)m->blocks.count * HUGE_BYTES) >> PAGE_SHIFT);
}

static void free_frames(struct gpu_memory *m, uint64_t entries)
{
    for (uint64_t i = 0; i < entries; i++) {
        bool is_block = i < m->blocks.count;
        if (is_block)
            frame_free_huge(m->blocks.at[i]);
        else
            frame_free(m->blocks.at[i]);
        charge_drop(CHARGE_GPU, is_block ? FRAMES_OF_BLOCK : 1);
    }
    heap_free(m->blocks.at);
}

static paddr_t alloc_block(void)
{
    if (!charge_try(CHARGE_GPU, FRAMES_OF_BLOCK)) return PADDR_NONE;
    paddr_t block = frame_alloc_huge_zeroed();
    if (is_paddr_none(block)) charge_drop(CHARGE_GPU, FRAMES_OF_BLOCK);
    return block;
}

/* What was asked for is in blocks; where none was left, their list becomes longer. */
static bool make_room(struct gpu_memory *m)
{
    uint64_t entries = m->blocks.count + (uint64_t)frame_count(m);
    if (m->blocks.count == m->bytes / HUGE_BYTES) return true;
    paddr_t *longer = heap_alloc(entries * sizeof(paddr_t));
    if (!longer) return false;
    memcpy(longer, m->blocks.at, m->blocks.count * sizeof(paddr_t));
    heap_free(m->blocks.at);
    m->blocks.at = longer;
    return true;
}

static err_t alloc_frames(struct gpu_memory *m)
{
    uint64_t blocks = m->bytes / HUGE_BYTES, frames = m->bytes % HUGE_BYTES >> PAGE_SHIFT, count = 0;
    m->blocks.at = heap_alloc((blocks + frames) * sizeof(paddr_t));
    if (!m->blocks.at) return ERR_NO_MEMORY;
    for (; count < blocks; count++) {
        paddr_t block = alloc_block();
        if (is_paddr_none(block)) break;
        m->blocks.at[count] = block;
    }
    m->blocks.count = (uint32_t)count;
    if (!make_room(m)) goto free;
    for (uint64_t end = count + frame_count(m); count < end; count++) {
        paddr_t frame = frame_alloc_zeroed_charged(CHARGE_GPU);
        if (is_paddr_none(frame)) goto free;
        m->blocks.at[count] = frame;
    }
    return OK;

free:
    free_frames(m, count);
    return ERR_NO_MEMORY;
}

/* ---- VRAM ---- */

static void free_vram(struct gpu_memory *m)
{
    mutex_lock(&m->device->lock);
    vram_free(&m->device->vram, m->vram);
    mutex_unlock(&m->device->lock);
}

/* Zeroed when it is given out, so that whoever had it before need not be waited for. */
static err_t alloc_vram(struct gpu_memory *m)
{
    struct gpu_device *device = m->device;
    if (gpu_device_is_lost(device)) return ERR_NO_DEVICE;
    mutex_lock(&device->lock);
    m->vram = vram_alloc(&device->vram, m->bytes);
    mutex_unlock(&device->lock);
    if (!m->vram) return ERR_NO_MEMORY;
    err_t e = device->backend->clear(device, m->vram->offset, m->bytes);
    if (failed(e)) free_vram(m);
    return e;
}

/* ---- memory ---- */

static struct gpu_memory *create(struct gpu_device *device, enum gpu_memory_kind kind, uint64_t bytes)
{
    struct gpu_memory *m = heap_alloc_zeroed(sizeof(*m));
    if (!m) return NULL;
    m->kind = kind;
    m->references = 1;
    m->device = device;
    m->bytes = bytes;
    gpu_memory_init_backing(m);
    return m;
}

err_t gpu_memory_create(struct gpu_device *device, enum gpu_memory_kind kind, uint64_t bytes,
                        struct gpu_memory **out)
{
    DEBUG_ASSERT(kind == GPU_MEMORY_VRAM || kind == GPU_MEMORY_SYSTEM);
    if (!bytes || !is_aligned(bytes, PAGE_BYTES) || bytes >> PAGE_SHIFT > UINT32_MAX) return ERR_INVALID;
    struct gpu_memory *m = create(device, kind, bytes);
    if (!m) return ERR_NO_MEMORY;
    err_t e = kind == GPU_MEMORY_VRAM ? alloc_vram(m) : alloc_frames(m);
    if (failed(e))
        heap_free(m);
    else
        *out = m;
    return e;
}

err_t gpu_memory_create_user(struct gpu_device *device, uint64_t address, uint64_t bytes,
                             struct gpu_memory **out)
{
    if (!bytes || !is_aligned(address | bytes, PAGE_BYTES)) return ERR_INVALID;
    struct gpu_memory *m = create(device, GPU_MEMORY_USER, bytes);
    if (!m) return ERR_NO_MEMORY;
    m->user_address = address;
    *out = m;
    return OK;
}

err_t gpu_memory_create_bell(struct gpu_device *device, uint32_t context, struct gpu_memory **out)
{
    struct gpu_memory *m = create(device, GPU_MEMORY_BELL, device->doorbell_bytes);
    if (!m) return ERR_NO_MEMORY;
    m->bell.base = PADDR(device->doorbells_base.raw + (uint64_t)context * device->doorbell_bytes);
    *out = m;
    return OK;
}

struct gpu_memory *gpu_memory_get(struct gpu_memory *m)
{
    __atomic_add_fetch(&m->references, 1, __ATOMIC_RELAXED);
    return m;
}

void gpu_memory_put(struct gpu_memory *m)
{
    if (!m || __atomic_sub_fetch(&m->references, 1, __ATOMIC_ACQ_REL)) return;
    if (m->kind == GPU_MEMORY_SYSTEM) free_frames(m, m->blocks.count + (uint64_t)frame_count(m));
    if (m->kind == GPU_MEMORY_VRAM) free_vram(m);
    heap_free(m);
}

/* ---- where it is ---- */

static struct gpu_piece system_piece(const struct gpu_memory *m, uint64_t offset)
{
    uint64_t blocks = (uint64_t)m->blocks.count * HUGE_BYTES, inside = offset % HUGE_BYTES;
    if (offset < blocks)
        return (struct gpu_piece){ false, m->blocks.at[offset / HUGE_BYTES].raw + inside,
                                   HUGE_BYTES - inside };
    uint64_t index = m->blocks.count + ((offset - blocks) >> PAGE_SHIFT);
    return (struct gpu_piece){ false, m->blocks.at[index].raw + offset % PAGE_BYTES,
                               PAGE_BYTES - offset % PAGE_BYTES };
}

struct gpu_piece gpu_memory_piece(const struct gpu_memory *m, uint64_t offset)
{
    if (m->kind == GPU_MEMORY_SYSTEM) return system_piece(m, offset);
    return (struct gpu_piece){ true, m->vram->offset + offset, m->bytes - offset };
}

paddr_t gpu_memory_frame(const struct gpu_memory *m, uint64_t offset)
{
    if (m->kind == GPU_MEMORY_BELL) return PADDR(m->bell.base.raw + offset);
    struct gpu_piece piece = gpu_memory_piece(m, offset);
    return PADDR(piece.is_vram ? m->device->vram_base.raw + piece.address : piece.address);
}
