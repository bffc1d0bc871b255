/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the program's own in a GPU's address space: a copy of what the program's page tables say. Where these change,
 * the copy goes first (page_table_watch), and comes back when the GPU touches the page. So neither pinning nor counting
 * of frames is needed, and fork, munmap and the end of the program need to know nothing of GPUs. */
#include "arch/trap.h"
#include "gpu/context_internal.h"
#include "gpu/memory_internal.h"
#include "vm/layout.h"
#include "vm/space.h"

static struct gpu_map *map_of(struct list *node) { return LIST_ENTRY(node, struct gpu_map, mirror); }

static uint64_t user_end(const struct gpu_map *map) { return map->memory->user_address + map->memory->bytes; }
static gpu_va_t gpu_address(const struct gpu_map *map, uint64_t user)
{
    return GPU_VA(map->start + (user - map->memory->user_address));
}

/* The program may have mapped memory of the GPU, and give that. */
static struct gpu_piece piece_at(const struct gpu_device *device, paddr_t frame, uint64_t bytes)
{
    uint64_t offset = frame.raw - device->vram_base.raw;
    if (frame.raw >= device->vram_base.raw && offset < device->vram_bytes)
        return (struct gpu_piece){ true, offset, MIN(bytes, device->vram_bytes - offset) };
    return (struct gpu_piece){ false, frame.raw, bytes };
}

/* Copies what the leaf at `at` shows of the map; *next is the address behind it. A page that is not there, or not for
 * writing, is left to a fault. */
static err_t copy_leaf_locked(struct space *space, const struct gpu_map *map, uint64_t at, uint64_t end,
                              uint64_t *next) REQUIRES(space->lock)
{
    struct gpu_context *context = map->context;
    paddr_t frame;
    uint32_t flags, rights = map->flags;
    uint8_t shift;
    *next = at + PAGE_BYTES;
    bool is_there = page_table_translate(&space->page_table, at, &frame, &flags, &shift);
    if (!is_there || flags & PAGE_HIDDEN) return OK;
    if (!(flags & PAGE_WRITE)) rights &= ~(uint32_t)GPU_WRITABLE;
    uint64_t leaf_end = (at | ((1ull << shift) - 1)) + 1;
    struct gpu_piece piece = piece_at(context->device, frame, MIN(leaf_end, end) - at);
    *next = at + piece.bytes;
    return context->device->backend->map(context, gpu_address(map, at), &piece, rights);
}

/* ---- for gpu/map.c ---- */

/* The program may touch all of it as the GPU shall. */
static bool is_allowed_locked(struct space *space, const struct gpu_map *map) REQUIRES(space->lock)
{
    uint64_t at = map->memory->user_address;
    uint32_t needed = map->flags & GPU_WRITABLE ? SPACE_WRITE : SPACE_READ;
    if (!is_user_range(at, map->memory->bytes)) return false;
    for (const struct area *area; at < user_end(map); at = area->end) {
        area = space_find_locked(space, at);
        if (!area || !(area->flags & needed)) return false;
    }
    return true;
}

/* What is present is shown at once, and the rest when the GPU touches it. */
err_t gpu_mirror_begin(struct gpu_map *map)
{
    struct gpu_context *context = map->context;
    struct space *space = context->space;
    mutex_lock(&space->lock);
    err_t e = is_allowed_locked(space, map) ? OK : ERR_FAULT;
    for (uint64_t at = map->memory->user_address; at < user_end(map) && !failed(e);)
        e = copy_leaf_locked(space, map, at, user_end(map), &at);
    if (failed(e))
        context->device->backend->unmap(context, GPU_VA(map->start), map->end - map->start);
    else
        list_push_back(&context->mirrors, &map->mirror);
    mutex_unlock(&space->lock);
    return e;
}

void gpu_mirror_end(struct gpu_map *map)
{
    struct space *space = map->context->space;
    mutex_lock(&space->lock);
    list_remove(&map->mirror);
    mutex_unlock(&space->lock);
}

/* ---- changes of the program's memory ---- */

/* The lock is that of the space, which whoever changes it holds. */
void gpu_mirrors_forget(struct page_table_watch *watch, uint64_t start, uint64_t end)
{
    struct gpu_context *context = CONTAINER_OF(watch, struct gpu_context, watch);
    LIST_FOR_EACH (node, &context->mirrors) {
        const struct gpu_map *map = map_of(node);
        uint64_t from = MAX(start, map->memory->user_address), to = MIN(end, user_end(map));
        if (from < to) context->device->backend->unmap(context, gpu_address(map, from), to - from);
    }
}

static const struct gpu_map *find_locked(const struct space *space, const struct gpu_context *context,
                                         uint64_t address) REQUIRES(space->lock)
{
    (void)space;
    LIST_FOR_EACH (node, &context->mirrors) {
        const struct gpu_map *map = map_of(node);
        if (map->start <= address && address < map->end) return map;
    }
    return NULL;
}

/* Where the program has what the GPU has there. False: it is not memory of the program's own. */
static bool find_user_address(struct gpu_context *context, uint64_t address, uint64_t *user)
{
    struct space *space = context->space;
    mutex_lock(&space->lock);
    const struct gpu_map *map = find_locked(space, context, address);
    if (map) *user = align_down(map->memory->user_address + (address - map->start), PAGE_BYTES);
    mutex_unlock(&space->lock);
    return map;
}

/* Shows all of the program's leaf anew: it may have been shown without the right to write. */
static bool show_again(struct gpu_context *context, uint64_t address, uint64_t user)
{
    struct space *space = context->space;
    uint8_t shift;
    mutex_lock(&space->lock);
    const struct gpu_map *map = find_locked(space, context, address);
    bool is_there = map && gpu_address(map, user).raw == align_down(address, PAGE_BYTES) &&
                    page_table_translate(&space->page_table, user, NULL, NULL, &shift);
    if (is_there) {
        uint64_t start = MAX(align_down(user, 1ull << shift), map->memory->user_address);
        uint64_t end = MIN(align_down(user, 1ull << shift) + (1ull << shift), user_end(map));
        context->device->backend->unmap(context, gpu_address(map, start), end - start);
        is_there = !failed(copy_leaf_locked(space, map, start, end, &start));
    }
    mutex_unlock(&space->lock);
    return is_there;
}

bool gpu_mirrors_fix(struct gpu_context *context, uint64_t address, bool is_write)
{
    uint64_t user;
    if (!find_user_address(context, address, &user)) return true; /* of another kind: it is there by now */
    if (failed(space_fault(context->space, user, is_write ? PF_WRITE : 0))) return false;
    return show_again(context, address, user);
}
