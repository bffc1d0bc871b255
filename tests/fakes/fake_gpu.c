/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_gpu.h"

#include <stdlib.h>

#include "gpu/context_internal.h"
#include "gpu/memory_internal.h"
#include "gpu/queue.h"
#include "mm/frame_charged.h"
#include "vm/space.h"

struct fake_gpu fake_gpu;
uint64_t fake_gpu_missing;
static struct gpu_device device;

/* Tables that grow as they are used. */
static err_t need_memory(void)
{
    paddr_t frame = frame_alloc_zeroed();
    if (is_paddr_none(frame)) return ERR_NO_MEMORY;
    frame_free(frame);
    return OK;
}

static err_t context_create(struct gpu_context *context)
{
    if (device.is_lost) return ERR_NO_DEVICE;
    context->backend_data = (void *)frame_alloc_zeroed().raw;
    if (context->backend_data == (void *)PADDR_NONE.raw) return ERR_NO_MEMORY;
    fake_gpu.contexts++;
    return OK;
}

static void context_stop(struct gpu_context *context)
{
    LIST_FOR_EACH (node, &context->queues) fake_gpu.queues--;
}

static void context_free(struct gpu_context *context)
{
    frame_free(PADDR((uint64_t)context->backend_data));
    fake_gpu.contexts--;
    fake_gpu.mapped_bytes = 0;
}

static err_t context_update(struct gpu_context *context)
{
    if (gpu_context_is_lost(context)) return ERR_NO_DEVICE;
    fake_gpu.apertures = context->apertures;
    fake_gpu.updates++;
    return OK;
}

static err_t map(struct gpu_context *context UNUSED, gpu_va_t at UNUSED, const struct gpu_piece *piece,
                 uint32_t flags)
{
    err_t e = need_memory();
    if (failed(e)) return e;
    fake_gpu.mapped_bytes += piece->bytes;
    fake_gpu.map_flags = flags;
    return OK;
}

static void unmap(struct gpu_context *context UNUSED, gpu_va_t at UNUSED, uint64_t bytes)
{
    fake_gpu.mapped_bytes -= bytes;
}

static err_t queue_create(struct gpu_queue *queue)
{
    fake_gpu.queues++;
    fake_gpu.request = queue->request;
    return OK;
}

static err_t queue_update(struct gpu_queue *queue)
{
    fake_gpu.request = queue->request;
    return OK;
}

static void queue_destroy(struct gpu_queue *queue UNUSED) { fake_gpu.queues--; }

static err_t clear(struct gpu_device *gpu UNUSED, uint64_t offset UNUSED, uint64_t bytes UNUSED)
{
    fake_gpu.clears++;
    return OK;
}

static void fault_reply(struct gpu_context *context UNUSED, uint64_t fault UNUSED, bool is_fixed UNUSED) {}
static void await_signal(struct gpu_context *context UNUSED, uint32_t number, bool is_awaited)
{
    uint64_t bit = number < 64 ? 1ull << number : 0;
    fake_gpu.awaited = is_awaited ? fake_gpu.awaited | bit : fake_gpu.awaited & ~bit;
}
static bool take_signal(struct gpu_context *context UNUSED, uint32_t number)
{
    bool is_kept = number == fake_gpu.kept_signal;
    if (is_kept) fake_gpu.kept_signal = 0;
    return is_kept;
}
static void wake(struct gpu_device *gpu UNUSED) {}

static err_t read_clock(struct gpu_device *gpu UNUSED, uint64_t *out)
{
    static uint64_t now;
    *out = now += 100;
    return device.is_lost ? ERR_NO_DEVICE : OK;
}

static err_t reset(struct gpu_device *gpu UNUSED)
{
    fake_gpu.resets++;
    return fake_gpu.is_dead ? ERR_NO_DEVICE : OK;
}

static const struct gpu_backend backend = {
    .name = "fake",
    .context_create = context_create,
    .context_stop = context_stop,
    .context_free = context_free,
    .context_update = context_update,
    .map = map,
    .unmap = unmap,
    .queue_create = queue_create,
    .queue_update = queue_update,
    .queue_destroy = queue_destroy,
    .clear = clear,
    .fault_reply = fault_reply,
    .await_signal = await_signal,
    .take_signal = take_signal,
    .wake = wake,
    .read_clock = read_clock,
    .reset = reset,
};

static struct gpu_device device = {
    .backend = &backend,
    .identity = {
        .engine = GPU_ENGINE_GFX9, .target = 90000, .vendor = 0x1002, .device = 0x687f,
        .compute_units = 8, .simds_per_unit = 4, .waves_per_simd = 10, .lanes_per_wave = 64,
        .shader_engines = 4, .arrays_per_engine = 1, .local_bytes = 64 << 10, .scratch_waves_per_unit = 32,
        .clock_mhz = 1500, .counter_hz = 100000000, .compute_queues = 24,
        .copy_engines = 2, .copy_queues_per_engine = 2, .firmware = 468, .copy_firmware = 430,
        .name = "vega10",
    },
    .vram_base = { 1ull << 40 },
    .vram_bytes = FAKE_GPU_VRAM_BYTES,
    .doorbells_base = { 1ull << 41 },
    .doorbell_bytes = 8192,
    .contexts_max = 4,
    .queues_max = 16,
    .address_bits = 48,
};

struct gpu_device *fake_gpu_device(void) { return &device; }

void fake_gpu_add(void)
{
    if (failed(gpu_device_add(&device))) abort();
}

/* ---- what the core needs besides ---- */

err_t gpu_mirror_begin(struct gpu_map *m)
{
    struct gpu_piece piece = { false, m->memory->user_address, m->memory->bytes };
    if (m->memory->user_address == fake_gpu_missing) return ERR_FAULT;
    return map(m->context, GPU_VA(m->start), &piece, m->flags);
}
void gpu_mirror_end(struct gpu_map *m) { unmap(m->context, GPU_VA(m->start), m->end - m->start); }
bool gpu_mirrors_fix(struct gpu_context *context UNUSED, uint64_t address UNUSED, bool is_write UNUSED)
{
    return false;
}
void gpu_mirrors_forget(struct page_table_watch *watch UNUSED, uint64_t start UNUSED, uint64_t end UNUSED) {}

struct space *space_get(struct space *space)
{
    space->references++;
    return space;
}
void space_put(struct space *space) { space->references--; }

void page_table_watch(struct page_table *pt, struct page_table_watch *watch) { pt->watches = watch; }
void page_table_unwatch(struct page_table *pt, struct page_table_watch *watch UNUSED) { pt->watches = NULL; }

/* Blocks are frames in a row, which the test's frames are not: each is one frame, which nobody looks into. */
paddr_t frame_alloc_huge_zeroed(void) { return fake_gpu.has_no_blocks ? PADDR_NONE : frame_alloc_zeroed(); }
void frame_free_huge(paddr_t block) { frame_free(block); }
