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
    bool is_vram = frame.raw >= device->vram_base.raw && offset < device->vram_bytes;
    return (struct gpu_piece){ is_vram, is_vram ? offset : frame.raw, bytes };
}

struct copying {
    const struct gpu_map *map;
    uint64_t end;
    err_t error;
};

/* What a leaf shows from `at` on. */
static void copy_leaf(uint64_t at, paddr_t leaf, uint8_t shift, uint32_t flags, void *context)
{
    struct copying *c = context;
    const struct gpu_map *map = c->map;
    uint64_t inside = at & ((1ull << shift) - 1);
    if (failed(c->error) || flags & PAGE_HIDDEN) return;
    uint64_t bytes = MIN((1ull << shift) - inside, c->end - at);
    struct gpu_piece piece = piece_at(map->context->device, PADDR(leaf.raw + inside), bytes);
    uint32_t lost = flags & PAGE_WRITE ? 0 : GPU_WRITABLE;
    c->error =
        map->context->device->backend->map(map->context, gpu_address(map, at), &piece, map->flags & ~lost);
}

/* Copies what the leaves of the range show of the map. Pages that are not there, or not for writing, are left to faults;
 * where whole tables are missing they are passed over at once, however large the range is. */
static err_t copy_leaves_locked(struct space *space, const struct gpu_map *map, uint64_t start, uint64_t end)
    REQUIRES(space->lock)
{
    struct copying c = { map, end, OK };
    page_table_visit(&space->page_table, start, end - start, copy_leaf, &c);
    return c.error;
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
    if (!failed(e)) e = copy_leaves_locked(space, map, map->memory->user_address, user_end(map));
    if (failed(e))
        context->device->backend->unmap(context, GPU_VA(map->start), map->end - map->start);
    else
        list_push_back(&context->mirrors, &map->mirror);
    mutex_unlock(&space->lock);
    return e;
}

/* At once for whoever holds the lock: a page that was shown again after the GPU had forgotten it would stay, and one that
 * the program unmapped before would have gone without the GPU's knowing. */
void gpu_mirror_end(struct gpu_map *map)
{
    struct gpu_context *context = map->context;
    struct space *space = context->space;
    mutex_lock(&space->lock);
    list_remove(&map->mirror);
    context->device->backend->unmap(context, GPU_VA(map->start), map->end - map->start);
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

/* Shows all of the program's leaf anew: it may have been shown without the right to write. The program may have changed
 * its memory or ended since the fault was resolved; then nothing has a page table. */
static bool show_again(struct gpu_context *context, uint64_t address, uint64_t user)
{
    struct space *space = context->space;
    uint8_t shift;
    mutex_lock(&space->lock);
    const struct gpu_map *map = find_locked(space, context, address);
    bool is_there = map && gpu_address(map, user).raw == align_down(address, PAGE_BYTES) &&
                    space_find_locked(space, user) &&
                    page_table_translate(&space->page_table, user, NULL, NULL, &shift);
    if (is_there) {
        uint64_t start = MAX(align_down(user, 1ull << shift), map->memory->user_address);
        uint64_t end = MIN(align_down(user, 1ull << shift) + (1ull << shift), user_end(map));
        context->device->backend->unmap(context, gpu_address(map, start), end - start);
        is_there = !failed(copy_leaves_locked(space, map, start, end));
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
