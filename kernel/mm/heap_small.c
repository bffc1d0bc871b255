/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of up to HEAP_SMALL_MAX bytes. They live in slabs: one frame with a header at its start and equal
 * blocks behind it. A slab's blocks are handed out from its free list first, then from the part never used,
 * so making a slab costs the same whatever its block size. Block sizes are chosen to fill the 4032 bytes.
 *
 * The short paths, in heap.c, use only the caches; what is here runs when a cache is empty or full, and
 * moves half a cache at most.
 *
 * Locking: one lock per class, held around the frame allocator. It guards the slabs, and whoever empties a
 * cache has it: so, interrupts being off, a CPU that has it finds its own cache as it left it. */
#include "core/lock.h"
#include "lib/string.h"
#include "mm/frame_internal.h"
#include "mm/heap_internal.h"

enum { SLAB_BYTES = PAGE_BYTES - HEAP_HEADER_BYTES };
_Static_assert(HEAP_HEADER_BYTES % 16 == 0, "blocks are aligned to 16");

struct size_class {
    struct spinlock lock;
    struct list slabs;       /* with a free block; under lock, as all below */
    struct heap_slab *empty; /* the one slab without a used block that is kept */
    uint64_t slab_count;
    uint64_t used_blocks; /* not in slabs: with owners or in caches */
} ALIGNED(64);

static const uint16_t class_bytes[HEAP_CLASSES] = {
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 672, 800, 1008, 1344, 2016,
};
const uint8_t heap_class_of[HEAP_SMALL_MAX / 16 + 1] = {
    [0 ... 1] = 0,    [2] = 1,          [3] = 2,          [4] = 3,          [5 ... 6] = 4,
    [7 ... 8] = 5,    [9 ... 12] = 6,   [13 ... 16] = 7,  [17 ... 24] = 8,  [25 ... 32] = 9,
    [33 ... 42] = 10, [43 ... 50] = 11, [51 ... 63] = 12, [64 ... 84] = 13, [85 ... 126] = 14,
};
static struct size_class classes[HEAP_CLASSES];
static struct heap_cache boot_caches[HEAP_CLASSES] ALIGNED(64);
struct heap_cache *heap_caches[CONFIG_CPUS_MAX] = { boot_caches };
_Static_assert(sizeof(boot_caches) <= PAGE_BYTES, "those of another CPU have one frame");

void heap_small_forget(void)
{
    memset(classes, 0, sizeof(classes));
    memset(boot_caches, 0, sizeof(boot_caches));
    memset(heap_caches + 1, 0, sizeof(heap_caches) - sizeof(heap_caches[0]));
}

/* What is there is all zeros. */
void heap_small_init(void)
{
    for (uint32_t c = 0; c < HEAP_CLASSES; c++) {
        if (CONFIG_DEBUG) classes[c].lock = (struct spinlock)SPINLOCK_INIT;
        list_init(&classes[c].slabs);
    }
}

err_t heap_cpu_start(uint32_t cpu)
{
    struct heap_cache *caches = heap_frames_take(1);
    if (!caches) return ERR_NO_MEMORY;
    memset(caches, 0, sizeof(boot_caches));
    heap_caches[cpu] = caches;
    return OK;
}

/* ---- slabs ---- */

static NOINLINE void slab_create_locked(struct size_class *class) REQUIRES(class->lock)
{
    struct heap_slab *slab = heap_frames_take(1);
    if (!slab) return;
    slab->seal = heap_seal(slab, HEAP_SLAB);
    slab->class_index = (uint8_t)(class - classes);
    slab->block_bytes = class_bytes[slab->class_index];
    slab->capacity = SLAB_BYTES / slab->block_bytes;
    slab->used = 0;
    slab->fresh = HEAP_HEADER_BYTES;
    slab->free = NULL;
    list_push_front(&class->slabs, &slab->node);
    class->slab_count++;
    class->empty = slab;
}

static NOINLINE void slab_destroy_locked(struct size_class *class, struct heap_slab *slab)
    REQUIRES(class->lock)
{
    list_remove(&slab->node);
    class->slab_count--;
    heap_frames_give(slab, 1);
}

/* Up to `count` blocks of one slab; fewer when it has no more, none when no slab has any. */
static uint64_t take_locked(struct size_class *class, void **out, uint64_t count) REQUIRES(class->lock)
{
    if (list_is_empty(&class->slabs)) return 0;
    struct heap_slab *slab = CONTAINER_OF(class->slabs.next, struct heap_slab, node);
    uint64_t left = (uint64_t)slab->capacity - slab->used;
    if (count > left) count = left;
    for (uint64_t i = 0; i < count; i++) {
        out[i] = slab->free;
        if (slab->free) {
            slab->free = slab->free->next;
        } else {
            out[i] = (char *)slab + slab->fresh;
            slab->fresh = (uint16_t)(slab->fresh + slab->block_bytes);
        }
    }
    class->used_blocks += count;
    slab->used = (uint16_t)(slab->used + count);
    if (count == left) list_remove(&slab->node);
    if (slab == class->empty) class->empty = NULL;
    return count;
}

static void put_locked(struct size_class *class, struct heap_free_block *block) REQUIRES(class->lock)
{
    struct heap_slab *slab = (struct heap_slab *)align_down((uint64_t)block, PAGE_BYTES);
    block->next = slab->free;
    slab->free = block;
    class->used_blocks--;
    if (slab->used == slab->capacity) list_push_front(&class->slabs, &slab->node);
    if (--slab->used > 0) return;
    if (class->empty)
        slab_destroy_locked(class, slab);
    else
        class->empty = slab;
}

/* ---- caches ---- */

/* The block in the highest slot, wherever `top` points. */
static void *cache_search(struct heap_cache *cache)
{
    uint64_t i = HEAP_CACHE_SLOTS;
    while (i > 0 && !__atomic_load_n(&cache->slots[i], __ATOMIC_RELAXED)) i--;
    __atomic_store_n(&cache->top, i, __ATOMIC_RELAXED);
    return heap_cache_take(cache);
}

/* The blocks of all slots from `first` on go back to their slabs. Another CPU's cache may be emptied too. */
static void cache_drain_locked(struct size_class *class, struct heap_cache *cache, uint64_t first)
    REQUIRES(class->lock)
{
    for (uint64_t i = first; i <= HEAP_CACHE_SLOTS; i++) {
        void *block = __atomic_exchange_n(&cache->slots[i], NULL, __ATOMIC_ACQUIRE);
        if (block) put_locked(class, block);
    }
}

void *heap_small_alloc(size_t bytes)
{
    uint32_t c = heap_class_of[(bytes + 15) / 16];
    struct size_class *class = &classes[c];
    spin_lock(&class->lock);
    struct heap_cache *cache = heap_this_cache(c);
    void *block = cache_search(cache);
    if (!block) {
        if (list_is_empty(&class->slabs)) slab_create_locked(class);
        cache->top = take_locked(class, cache->slots + 1, HEAP_CACHE_BATCH + 1);
        block = heap_cache_take(cache);
    }
    spin_unlock(&class->lock);
    return block;
}

void heap_small_free(struct heap_slab *slab, void *block)
{
    struct size_class *class = &classes[slab->class_index];
    spin_lock(&class->lock);
    struct heap_cache *cache = heap_this_cache(slab->class_index);
    cache_drain_locked(class, cache, HEAP_CACHE_BATCH + 1);
    cache->top = HEAP_CACHE_BATCH;
    heap_cache_put(cache, block);
    spin_unlock(&class->lock);
}

void heap_small_trim(void)
{
    for (uint32_t c = 0; c < HEAP_CLASSES; c++) {
        struct size_class *class = &classes[c];
        spin_lock(&class->lock);
        for (uint32_t cpu = 0; cpu < frame_cpu_count(); cpu++)
            if (heap_caches[cpu]) cache_drain_locked(class, &heap_caches[cpu][c], 1);
        if (class->empty) slab_destroy_locked(class, class->empty);
        class->empty = NULL;
        spin_unlock(&class->lock);
    }
}

void heap_small_count(struct heap_stats *stats)
{
    for (uint32_t c = 0; c < HEAP_CLASSES; c++) {
        spin_lock(&classes[c].lock);
        stats->used_blocks += classes[c].used_blocks;
        stats->used_bytes += classes[c].used_blocks * class_bytes[c];
        stats->held_pages += classes[c].slab_count;
        spin_unlock(&classes[c].lock);
    }
}
