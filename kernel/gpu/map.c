/* SPDX-License-Identifier: Apache-2.0 */
/* What is where in a GPU's address space. */
#include "gpu/context_internal.h"
#include "gpu/memory_internal.h"
#include "mm/heap.h"

static struct gpu_map *map_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct gpu_map, node) : NULL;
}

/* The last map that begins at `at` or below it. */
static struct gpu_map *find_from(const struct gpu_context *context, uint64_t at)
{
    struct gpu_map *found = NULL;
    for (struct tree_node *node = context->maps.root; node;) {
        struct gpu_map *map = map_of(node);
        bool is_low = map->start <= at;
        if (is_low) found = map;
        node = node->child[is_low];
    }
    return found;
}

static bool is_free(struct gpu_map *before, const struct gpu_context *context, uint64_t start, uint64_t end)
{
    struct gpu_map *behind = before ? map_of(tree_next(&before->node)) : map_of(tree_first(&context->maps));
    return (!before || before->end <= start) && (!behind || behind->start >= end);
}

/* ---- mapping ---- */

static err_t show(const struct gpu_map *map)
{
    const struct gpu_backend *backend = map->context->device->backend;
    uint64_t bytes = map->end - map->start;
    for (uint64_t done = 0; done < bytes;) {
        struct gpu_piece piece = gpu_memory_piece(map->memory, done);
        piece.bytes = MIN(piece.bytes, bytes - done);
        err_t e = backend->map(map->context, GPU_VA(map->start + done), &piece, map->flags);
        if (failed(e)) {
            if (done) backend->unmap(map->context, GPU_VA(map->start), done);
            return e;
        }
        done += piece.bytes;
    }
    return OK;
}

static err_t check_range(const struct gpu_context *context, uint64_t at, uint64_t bytes)
{
    uint64_t end;
    if (!is_aligned(at, PAGE_BYTES) || add_overflows(at, bytes, &end)) return ERR_INVALID;
    return end <= 1ull << context->device->address_bits ? OK : ERR_INVALID;
}

static err_t map_locked(struct gpu_context *context, struct gpu_map *map) REQUIRES(context->lock)
{
    struct gpu_map *before = find_from(context, map->start);
    if (gpu_context_is_lost(context)) return ERR_NO_DEVICE;
    if (!is_free(before, context, map->start, map->end)) return ERR_EXISTS;
    err_t e = map->memory->kind == GPU_MEMORY_USER ? gpu_mirror_begin(map) : show(map);
    if (!failed(e)) tree_insert_after(&context->maps, before ? &before->node : NULL, &map->node);
    return e;
}

err_t gpu_map(struct gpu_context *context, struct gpu_memory *memory, gpu_va_t at, uint32_t flags)
{
    DEBUG_ASSERT(memory->kind != GPU_MEMORY_BELL && memory->device == context->device);
    err_t e = check_range(context, at.raw, memory->bytes);
    if (failed(e)) return e;
    struct gpu_map *map = heap_alloc_zeroed(sizeof(*map));
    if (!map) return ERR_NO_MEMORY;
    *map = (struct gpu_map){ .start = at.raw,
                             .end = at.raw + memory->bytes,
                             .memory = gpu_memory_get(memory),
                             .flags = flags,
                             .context = context };
    list_init(&map->mirror);
    mutex_lock(&context->lock);
    e = map_locked(context, map);
    mutex_unlock(&context->lock);
    if (!failed(e)) return OK;
    gpu_memory_put(memory);
    heap_free(map);
    return e;
}

/* ---- unmapping ---- */

static void hide(struct gpu_map *map)
{
    struct gpu_context *context = map->context;
    if (map->memory->kind == GPU_MEMORY_USER)
        gpu_mirror_end(map);
    else
        context->device->backend->unmap(context, GPU_VA(map->start), map->end - map->start);
}

static void free_map(struct gpu_map *map)
{
    gpu_memory_put(map->memory);
    heap_free(map);
}

err_t gpu_unmap(struct gpu_context *context, gpu_va_t at)
{
    mutex_lock(&context->lock);
    struct gpu_map *map = find_from(context, at.raw);
    bool is_there = map && map->start == at.raw;
    if (is_there) {
        tree_remove(&context->maps, &map->node);
        hide(map);
    }
    mutex_unlock(&context->lock);
    if (!is_there) return ERR_NOT_FOUND;
    free_map(map);
    return OK;
}

static void free_node(struct tree_node *node) { free_map(map_of(node)); }

/* The GPU has forgotten them with the context, and nobody looks at the list of mirrors any more. */
void gpu_maps_clear(struct gpu_context *context) { tree_clear(&context->maps, free_node); }

/* ---- faults ---- */

/* Something may have been mapped since the access. */
static bool is_mapped_for(struct gpu_context *context, const struct gpu_event_fault *fault)
{
    static const uint32_t needed[] = { [GPU_ACCESS_READ] = GPU_READABLE,
                                       [GPU_ACCESS_WRITE] = GPU_WRITABLE,
                                       [GPU_ACCESS_EXECUTE] = GPU_EXECUTABLE };
    if (fault->access >= ARRAY_LENGTH(needed) || fault->reason == GPU_FAULT_BEYOND) return false;
    mutex_lock(&context->lock);
    const struct gpu_map *map = find_from(context, fault->address);
    bool is_mapped = map && fault->address < map->end && map->flags & needed[fault->access];
    mutex_unlock(&context->lock);
    return is_mapped;
}

bool gpu_context_fix_fault(struct gpu_context *context, const struct gpu_event_fault *fault)
{
    if (gpu_context_is_lost(context) || !is_mapped_for(context, fault)) return false;
    return gpu_mirrors_fix(context, fault->address, fault->access == GPU_ACCESS_WRITE);
}
