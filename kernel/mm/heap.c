/* SPDX-License-Identifier: Apache-2.0 */
/* The heap. Small blocks live in slabs: one frame with a header at its start and equal blocks behind
 * it. Larger blocks have a run of frames of their own with the same header. So the header of every
 * block is at the start of the page its address points into, and free needs no search.
 *
 * A slab's blocks are handed out from its free list first, then from the part never used, so making a
 * slab costs the same whatever its block size. Block sizes are chosen to fill the 4032 bytes.
 *
 * Locking: one lock per class; runs take none but the frame allocator's. A class's lock is held
 * around frame_alloc and frame_free. */
#include "mm/heap.h"

#include "core/lock.h"
#include "core/panic.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/alloc_fail.h"
#include "mm/direct_map.h"
#include "mm/frame_charged.h"
#include "mm/heap_internal.h"

enum {
    PAGE_MAGIC = 0x48656170,
    HEADER_BYTES = 64,
    SLAB_BYTES = PAGE_BYTES - HEADER_BYTES,
    SMALL_MAX = 2016,
    CLASS_COUNT = 15,
    CLASS_RUN = 0xff, /* class_index of a run */
};

struct free_block {
    struct free_block *next;
};

/* At the start of every slab and run. */
struct page_header {
    uint32_t magic;
    uint8_t class_index;
    uint16_t block_bytes, capacity; /* of a slab; fixed */
    uint16_t used;                  /* blocks handed out; this and the rest under the class's lock */
    uint16_t fresh;                 /* offset of the first block never used, if there is one */
    struct free_block *free;
    struct list node;    /* in the class's `slabs` while a block is free */
    uint64_t run_frames; /* of a run; fixed */
};
_Static_assert(sizeof(struct page_header) <= HEADER_BYTES, "blocks begin behind the header");
_Static_assert(HEADER_BYTES % 16 == 0, "blocks are aligned to 16");

struct size_class {
    struct spinlock lock;
    struct list slabs; /* with a free block; under lock, as all below */
    uint32_t slab_count;
    uint32_t empty_count; /* slabs without a used block; at most one is kept */
    uint64_t used_blocks;
} ALIGNED(64);

static const uint16_t class_bytes[CLASS_COUNT] = {
    16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 672, 800, 1008, 1344, 2016,
};
/* By size in units of 16 bytes, rounded up. */
static const uint8_t class_of[SMALL_MAX / 16 + 1] = {
    [0 ... 1] = 0,    [2] = 1,          [3] = 2,          [4] = 3,          [5 ... 6] = 4,
    [7 ... 8] = 5,    [9 ... 12] = 6,   [13 ... 16] = 7,  [17 ... 24] = 8,  [25 ... 32] = 9,
    [33 ... 42] = 10, [43 ... 50] = 11, [51 ... 63] = 12, [64 ... 84] = 13, [85 ... 126] = 14,
};
static struct size_class classes[CLASS_COUNT];
static uint64_t run_count, run_frames; /* atomic */

void heap_init(void)
{
    for (uint32_t c = 0; c < CLASS_COUNT; c++) {
        classes[c] = (struct size_class){ .lock = SPINLOCK_INIT };
        list_init(&classes[c].slabs);
    }
    run_count = run_frames = 0;
    heap_dress_init();
}

/* ---- slabs ---- */

static struct page_header *slab_create_locked(struct size_class *class) REQUIRES(class->lock)
{
    paddr_t frame = frame_alloc_charged(CHARGE_KERNEL);
    if (is_paddr_none(frame)) return NULL;
    struct page_header *slab = direct_map(frame);
    slab->magic = PAGE_MAGIC;
    slab->class_index = (uint8_t)(class - classes);
    slab->block_bytes = class_bytes[slab->class_index];
    slab->capacity = SLAB_BYTES / slab->block_bytes;
    slab->used = 0;
    slab->fresh = HEADER_BYTES;
    slab->free = NULL;
    list_push_front(&class->slabs, &slab->node);
    class->slab_count++;
    class->empty_count++;
    return slab;
}

static void *small_alloc(size_t bytes)
{
    struct size_class *class = &classes[class_of[(bytes + 15) / 16]];
    void *block = NULL;
    spin_lock(&class->lock);
    struct page_header *slab = CONTAINER_OF(class->slabs.next, struct page_header, node);
    if (unlikely(list_is_empty(&class->slabs))) {
        slab = slab_create_locked(class);
        if (!slab) goto unlock;
    }
    if (likely(slab->free)) {
        block = slab->free;
        slab->free = slab->free->next;
    } else {
        block = (char *)slab + slab->fresh;
        slab->fresh = (uint16_t)(slab->fresh + slab->block_bytes);
    }
    class->used_blocks++;
    if (unlikely(slab->used++ == 0)) class->empty_count--;
    if (unlikely(slab->used == slab->capacity)) list_remove(&slab->node);
unlock:
    spin_unlock(&class->lock);
    return block;
}

static void small_free(struct page_header *slab, struct free_block *block)
{
    struct size_class *class = &classes[slab->class_index];
    spin_lock(&class->lock);
    block->next = slab->free;
    slab->free = block;
    class->used_blocks--;
    if (unlikely(slab->used == slab->capacity)) list_push_front(&class->slabs, &slab->node);
    if (unlikely(--slab->used == 0) && ++class->empty_count > 1) {
        list_remove(&slab->node);
        class->empty_count--;
        class->slab_count--;
        slab->magic = 0;
        frame_free_charged(CHARGE_KERNEL, direct_map_to_paddr(slab));
    }
    spin_unlock(&class->lock);
}

/* ---- runs ---- */

static void *run_alloc(size_t bytes)
{
    uint64_t total;
    if (add_overflows(bytes, HEADER_BYTES + PAGE_BYTES - 1, &total)) return NULL;
    uint64_t frames = total / PAGE_BYTES;
    if (!charge_try(CHARGE_KERNEL, frames)) return NULL;
    paddr_t first = frames == 1 ? frame_alloc() : frame_alloc_run(frames, PAGE_BYTES);
    if (is_paddr_none(first)) {
        charge_drop(CHARGE_KERNEL, frames);
        return NULL;
    }
    struct page_header *header = direct_map(first);
    header->magic = PAGE_MAGIC;
    header->class_index = CLASS_RUN;
    header->run_frames = frames;
    __atomic_add_fetch(&run_count, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&run_frames, frames, __ATOMIC_RELAXED);
    return (char *)header + HEADER_BYTES;
}

static void run_free(struct page_header *header)
{
    uint64_t frames = header->run_frames;
    __atomic_sub_fetch(&run_count, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&run_frames, frames, __ATOMIC_RELAXED);
    header->magic = 0;
    frame_free_run(direct_map_to_paddr(header), frames);
    charge_drop(CHARGE_KERNEL, frames);
}

/* ---- raw blocks ---- */

/* The header of a block, or a panic: a pointer the heap never handed out is a bug of its owner. */
static struct page_header *header_of(const void *raw)
{
    uint64_t address = (uint64_t)raw, offset = address % PAGE_BYTES;
    struct page_header *header = (struct page_header *)(address - offset);
    if (unlikely(offset < HEADER_BYTES || offset % 16 || header->magic != PAGE_MAGIC))
        panic("heap: %p is not a block of the heap", raw);
    return header;
}

void *heap_raw_alloc(size_t bytes)
{
    if (alloc_should_fail()) return NULL;
    return likely(bytes <= SMALL_MAX) ? small_alloc(bytes) : run_alloc(bytes);
}

void heap_raw_free(void *raw)
{
    struct page_header *header = header_of(raw);
    if (likely(header->class_index != CLASS_RUN))
        small_free(header, raw);
    else
        run_free(header);
}

size_t heap_raw_capacity(const void *raw)
{
    const struct page_header *header = header_of(raw);
    if (header->class_index != CLASS_RUN) return class_bytes[header->class_index];
    return header->run_frames * PAGE_BYTES - HEADER_BYTES;
}

/* ---- the interface ---- */

static void *alloc_for(size_t bytes, const void *owner)
{
    if (!CONFIG_DEBUG) return heap_raw_alloc(bytes);
    size_t dressed;
    if (add_overflows(bytes, HEAP_DRESS_FRONT + HEAP_DRESS_BACK, &dressed)) return NULL;
    return heap_dress(heap_raw_alloc(dressed), bytes, owner);
}

static void free_for(void *block, const void *caller)
{
    if (block) heap_raw_free(CONFIG_DEBUG ? heap_undress(block, caller) : block);
}

void *heap_alloc(size_t bytes) { return alloc_for(bytes, __builtin_return_address(0)); }

void *heap_alloc_zeroed(size_t bytes)
{
    void *block = alloc_for(bytes, __builtin_return_address(0));
    if (block) memset(block, 0, bytes);
    return block;
}

void heap_free(void *block) { free_for(block, __builtin_return_address(0)); }

void *heap_resize(void *block, size_t bytes)
{
    const void *caller = __builtin_return_address(0);
    if (!block) return alloc_for(bytes, caller);
    size_t old = CONFIG_DEBUG ? heap_dressed_bytes(block, caller) : heap_raw_capacity(block);
    /* Stay where we are unless that wastes more than half; debug builds always move, to find
     * those who kept the old address. */
    if (!CONFIG_DEBUG && bytes <= old && bytes >= old / 2) return block;
    void *larger = alloc_for(bytes, caller);
    if (!larger) return NULL;
    memcpy(larger, block, MIN(old, bytes));
    free_for(block, caller);
    return larger;
}

struct heap_stats heap_stats(void)
{
    struct heap_stats stats = { 0 };
    uint64_t frames = __atomic_load_n(&run_frames, __ATOMIC_RELAXED);
    stats.used_blocks = __atomic_load_n(&run_count, __ATOMIC_RELAXED);
    stats.used_bytes = frames * PAGE_BYTES;
    stats.held_pages = frames;
    for (uint32_t c = 0; c < CLASS_COUNT; c++) {
        spin_lock(&classes[c].lock);
        stats.used_blocks += classes[c].used_blocks;
        stats.used_bytes += classes[c].used_blocks * class_bytes[c];
        stats.held_pages += classes[c].slab_count;
        spin_unlock(&classes[c].lock);
    }
    return stats;
}
