/* SPDX-License-Identifier: Apache-2.0 */
/* The heap: the short paths of small blocks, page runs, and the interface above all kinds. The header of a
 * slab or run is at the start of the page its blocks' addresses point into, and that of a piece right in
 * front of the block, so free needs no search.
 *
 * Locking: none here; runs need only the frame allocator, which has none. */
#include "core/entropy.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap_internal.h"
#include "mm/kernel_map.h"

/* At the start of a run, with one block behind it. */
struct run {
    uint64_t seal;
    uint64_t frames; /* fixed */
};

uint64_t heap_key;
static uint64_t run_count, run_frames; /* atomic */

void heap_init(void)
{
    if (heap_key) heap_small_forget();
    heap_key = entropy_u64();
    run_count = run_frames = 0;
    heap_small_init();
    heap_reserve_init();
    if (CONFIG_DEBUG) heap_dress_init();
}

/* ---- frames ---- */

void *heap_frames_take(uint64_t frames)
{
    if (!charge_try(CHARGE_KERNEL, frames)) return NULL;
    paddr_t first = frames == 1 ? frame_alloc() : frame_alloc_run(frames, PAGE_BYTES);
    if (!is_paddr_none(first)) return direct_map(first);
    charge_drop(CHARGE_KERNEL, frames);
    return NULL;
}

void heap_frames_give(void *at, uint64_t frames)
{
    *(uint64_t *)at = 0;
    frame_free_run(direct_map_to_paddr(at), frames);
    charge_drop(CHARGE_KERNEL, frames);
}

/* ---- runs ---- */

static void *run_alloc(size_t bytes)
{
    uint64_t frames =
        bytes / PAGE_BYTES + (bytes % PAGE_BYTES + HEAP_HEADER_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
    struct run *run = frames <= FRAME_RUN_MAX ? heap_frames_take(frames) : NULL;
    if (!run) return NULL;
    run->seal = heap_seal(run, HEAP_RUN);
    run->frames = frames;
    __atomic_add_fetch(&run_count, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&run_frames, frames, __ATOMIC_RELAXED);
    return (char *)run + HEAP_HEADER_BYTES;
}

static void run_free(struct run *run)
{
    __atomic_sub_fetch(&run_count, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&run_frames, run->frames, __ATOMIC_RELAXED);
    heap_frames_give(run, run->frames);
}

/* ---- raw blocks: what heap_alloc and heap_free are without the dress of debug builds ---- */

static void *page_of(const void *raw) { return (void *)align_down((uint64_t)raw, PAGE_BYTES); }

/* A pointer outside the header of its page, aligned as blocks are. Also keeps NULL from being looked at. */
static inline bool may_be_block(const void *raw)
{
    uint64_t offset = (uint64_t)raw % PAGE_BYTES;
    return likely(offset >= HEAP_HEADER_BYTES) && likely(offset % 16 == 0);
}
static inline bool is_small(const void *raw)
{
    return may_be_block(raw) && likely(heap_is_sealed(page_of(raw), HEAP_SLAB));
}
static bool is_run(const void *raw)
{
    return (uint64_t)raw % PAGE_BYTES == HEAP_HEADER_BYTES && heap_is_sealed(page_of(raw), HEAP_RUN);
}
/* A pointer the heap never handed out is a bug of its owner. */
NORETURN static void refuse(const void *raw) { panic("heap: %p is not a block of the heap", raw); }

/* A failure that a test asked for is not made up for: who tries every failure in turn takes the first attempt
 * that passes for one without. `countdown` is alloc_fail_countdown before the attempt. */
static bool was_asked_for(uint64_t countdown) { return CONFIG_DEBUG && countdown && !alloc_fail_countdown; }

static void *alloc_once(size_t bytes, uint64_t countdown)
{
    if (bytes <= HEAP_SMALL_MAX) return heap_small_alloc(bytes);
    void *raw = heap_reserve_wants(bytes) ? heap_reserve_alloc(bytes) : NULL;
    return raw || was_asked_for(countdown) ? raw : run_alloc(bytes);
}

static NOINLINE void *alloc_elsewhere(size_t bytes)
{
    uint64_t countdown = alloc_fail_countdown;
    void *raw = alloc_once(bytes, countdown);
    if (likely(raw) || was_asked_for(countdown)) return raw;
    heap_trim();
    return alloc_once(bytes, countdown);
}

static inline void *raw_alloc(size_t bytes)
{
    if (alloc_should_fail()) return NULL;
    if (likely(bytes <= HEAP_SMALL_MAX)) {
        void *raw = heap_cache_take(heap_this_cache(heap_class_of[(bytes + 15) / 16]));
        if (likely(raw)) return raw;
    }
    return alloc_elsewhere(bytes);
}

static NOINLINE void free_elsewhere(void *raw)
{
    if (!raw) return;
    if (is_small(raw))
        heap_small_free(page_of(raw), raw);
    else if (is_run(raw))
        run_free(page_of(raw));
    else if (heap_reserve_has(raw))
        heap_reserve_free(raw);
    else
        refuse(raw);
}

static inline void raw_free(void *raw)
{
    if (likely(is_small(raw))) {
        const struct heap_slab *slab = page_of(raw);
        if (likely(heap_cache_put(heap_this_cache(slab->class_index), raw))) return;
    }
    free_elsewhere(raw);
}

size_t heap_raw_capacity(const void *raw)
{
    if (is_small(raw)) return ((const struct heap_slab *)page_of(raw))->block_bytes;
    if (is_run(raw)) return ((const struct run *)page_of(raw))->frames * PAGE_BYTES - HEAP_HEADER_BYTES;
    if (heap_reserve_has(raw)) return heap_reserve_capacity(raw);
    refuse(raw);
}

/* ---- the interface ---- */

static inline void *alloc_for(size_t bytes, const void *owner)
{
    if (!CONFIG_DEBUG) return raw_alloc(bytes);
    size_t dressed;
    if (add_overflows(bytes, HEAP_DRESS_FRONT + HEAP_DRESS_BACK, &dressed)) return NULL;
    return heap_dress(raw_alloc(dressed), bytes, owner);
}

static inline void free_for(void *block, const void *caller)
{
    if (CONFIG_DEBUG && block) block = heap_undress(block, caller);
    raw_free(block);
}

void *heap_alloc(size_t bytes) { return alloc_for(bytes, __builtin_return_address(0)); }

void *heap_alloc_zeroed(size_t bytes)
{
    void *block = CONFIG_DEBUG ? alloc_for(bytes, __builtin_return_address(0)) : heap_alloc(bytes);
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

void heap_trim(void)
{
    heap_small_trim();
    heap_reserve_trim();
    kernel_stack_trim();
}

struct heap_stats heap_stats(void)
{
    heap_trim();
    uint64_t frames = __atomic_load_n(&run_frames, __ATOMIC_RELAXED);
    struct heap_stats stats = {
        .used_blocks = __atomic_load_n(&run_count, __ATOMIC_RELAXED),
        .used_bytes = frames * PAGE_BYTES,
        .held_pages = frames,
    };
    heap_small_count(&stats);
    heap_reserve_count(&stats);
    return stats;
}
