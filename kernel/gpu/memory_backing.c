/* SPDX-License-Identifier: Apache-2.0 */
/* What programs see of memory that they map: the frames where they are, by leaves of 2 MiB where it lies so. A page of
 * doorbells is shown only until the device sleeps; the next touch wakes it, and in between ringing costs the kernel
 * nothing. */
#include "gpu/context_internal.h"
#include "gpu/memory_internal.h"
#include "lib/string.h"
#include "mm/direct_map.h"

static struct gpu_memory *memory_of(struct backing *backing)
{
    return CONTAINER_OF(backing, struct gpu_memory, backing);
}

static void get(struct backing *backing) { gpu_memory_get(memory_of(backing)); }
static void put(struct backing *backing) { gpu_memory_put(memory_of(backing)); }

/* False: they are another context's by now. */
static bool show_doorbells(struct gpu_memory *m)
{
    struct gpu_device *device = m->device;
    spin_lock(&device->table_lock);
    bool is_over = m->bell.is_over;
    m->bell.is_shown = !is_over;
    spin_unlock(&device->table_lock);
    if (!is_over) device->backend->wake(device);
    return !is_over;
}

/* Whether the 2 MiB around the offset are a whole that a leaf may show. */
static bool is_block(const struct gpu_memory *m, uint64_t offset)
{
    uint64_t start = align_down(offset, HUGE_BYTES);
    if (m->kind == GPU_MEMORY_BELL || m->bytes - start < HUGE_BYTES) return false;
    return is_aligned(gpu_memory_frame(m, start).raw, HUGE_BYTES);
}

static err_t page(struct backing *backing, uint64_t index, bool is_shared, struct backing_page *out)
{
    struct gpu_memory *m = memory_of(backing);
    (void)is_shared;
    if (index >= m->bytes >> PAGE_SHIFT) return ERR_IO;
    if (m->kind == GPU_MEMORY_BELL && !show_doorbells(m)) return ERR_IO;
    *out = (struct backing_page){ gpu_memory_frame(m, index << PAGE_SHIFT), true,
                                  is_block(m, index << PAGE_SHIFT) };
    return OK;
}

/* Private copies of a device's memory make no sense; front ends refuse them. */
static err_t read(struct backing *backing, uint64_t index, void *out_page)
{
    (void)backing, (void)index, (void)out_page;
    return ERR_IO;
}

static const struct backing_ops ops = { .name = "gpu", .get = get, .put = put, .page = page, .read = read };

void gpu_memory_init_backing(struct gpu_memory *m)
{
    mapping_init(&m->mapping);
    m->backing = (struct backing){ &ops, &m->mapping };
}

static void hide_doorbells(struct gpu_memory *m, bool for_ever)
{
    struct gpu_device *device = m->device;
    spin_lock(&device->table_lock);
    bool was_shown = m->bell.is_shown;
    m->bell.is_shown = false;
    m->bell.is_over |= for_ever;
    spin_unlock(&device->table_lock);
    if (was_shown) mapping_revoke(&m->mapping, 0, m->bytes >> PAGE_SHIFT, false);
}

void gpu_context_hide_doorbells(struct gpu_context *context) { hide_doorbells(context->bell, false); }

void gpu_context_close_doorbells(struct gpu_context *context) { hide_doorbells(context->bell, true); }
