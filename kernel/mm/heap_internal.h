/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the heap: heap.c has the interface and page runs, heap_small.c blocks below a page
 * and the CPUs' caches of them, heap_reserve.c the large blocks that would waste much of a page run, and
 * heap_debug.c the dress of debug builds. */
#pragma once
#include "arch/percpu.h"
#include "config.h"
#include "lib/list.h"
#include "mm/heap.h"

enum {
    HEAP_HEADER_BYTES = 64, /* at the start of every slab, run and arena */
};

/* ---- seals: how the heap knows its own memory ---- */

/* A seal is in front of a slab, a run or a piece of an arena. The word where one is looked for may as well
 * belong to a block's owner, who must not be able to forge one: so it depends on a secret and on its own
 * address. */
extern uint64_t heap_key; /* fixed after heap_init */
enum heap_seal { HEAP_SLAB, HEAP_RUN, HEAP_PIECE };
static inline uint64_t heap_seal(const void *at, enum heap_seal kind)
{
    return heap_key ^ (uint64_t)at ^ kind;
}
/* The word may be another block's, and its owner writing to it: then it is no seal before or after. */
__attribute__((no_sanitize("thread"))) static inline bool heap_is_sealed(const void *at, enum heap_seal kind)
{
    return (*(const volatile uint64_t *)at ^ (uint64_t)at ^ kind) == heap_key;
}

/* ---- heap.c ---- */

/* Frames in a row, charged to the kernel; NULL when there are none. */
void *heap_frames_take(uint64_t frames);
/* Unseals them and gives them back. */
void heap_frames_give(void *at, uint64_t frames);
/* Of a raw block, which is what heap_alloc returns where blocks have no dress. */
size_t heap_raw_capacity(const void *raw);

/* ---- heap_small.c ---- */

enum {
    HEAP_SMALL_MAX = 2016,
    HEAP_CLASSES = 15,
    HEAP_CACHE_SLOTS = 14,
    HEAP_CACHE_BATCH = HEAP_CACHE_SLOTS / 2, /* blocks that move between a cache and the slabs at once */
};

struct heap_free_block {
    struct heap_free_block *next;
};

/* At the start of a frame of equal blocks. */
struct heap_slab {
    uint64_t seal;
    uint8_t class_index;            /* this and the next two: fixed */
    uint16_t block_bytes, capacity; /* capacity: in blocks */
    uint16_t used;                  /* blocks not in the slab; this and the rest under the class's lock */
    uint16_t fresh;                 /* offset of the first block never used, if there is one */
    struct heap_free_block *free;
    struct list node; /* in the class's `slabs` while a block is free */
};
_Static_assert(sizeof(struct heap_slab) <= HEAP_HEADER_BYTES, "blocks begin behind the header");

/* Free blocks of one class that one CPU keeps at hand. A slot owns the block in it, and changes in one
 * atomic step: an interrupt handler may use the cache between any two instructions of a thread, and
 * another CPU may empty it at any time. `top` says where to look, is written by its own CPU alone, and may
 * be wrong after an interrupt; any value it ever had is safe to go on with. */
struct heap_cache {
    void *slots[HEAP_CACHE_SLOTS + 1]; /* slot 0 is always empty */
    uint64_t top;                      /* the highest slot in use, or so it seems; at most HEAP_CACHE_SLOTS */
};
_Static_assert(sizeof(struct heap_cache) == 128, "an index becomes an address by a shift");
/* One a class, of each CPU; NULL: it does not allocate yet. */
extern struct heap_cache *heap_caches[CONFIG_CPUS_MAX];

/* By size in units of 16 bytes, rounded up. */
extern const uint8_t heap_class_of[HEAP_SMALL_MAX / 16 + 1];

static inline struct heap_cache *heap_this_cache(uint32_t class_index)
{
    struct heap_cache *cache = &heap_caches[percpu_index()][class_index];
    __asm__("" : "+r"(cache)); /* or gcc would compute the address of each slot from the index */
    return cache;
}

/* NULL when there seems to be none. */
static inline void *heap_cache_take(struct heap_cache *cache)
{
    uint64_t top = __atomic_load_n(&cache->top, __ATOMIC_RELAXED);
    void *block = __atomic_exchange_n(&cache->slots[top], NULL, __ATOMIC_ACQUIRE);
    if (likely(block)) __atomic_store_n(&cache->top, top - 1, __ATOMIC_RELAXED);
    return block;
}

/* False when there seems to be no room. */
static inline bool heap_cache_put(struct heap_cache *cache, void *block)
{
    uint64_t next = __atomic_load_n(&cache->top, __ATOMIC_RELAXED) + 1;
    void *none = NULL;
    if (unlikely(next > HEAP_CACHE_SLOTS ||
                 !__atomic_compare_exchange_n(&cache->slots[next], &none, block, false, __ATOMIC_RELEASE,
                                              __ATOMIC_RELAXED)))
        return false;
    __atomic_store_n(&cache->top, next, __ATOMIC_RELAXED);
    return true;
}

void heap_small_init(void);
/* Before that, when it is not the first time: a test's next machine. */
void heap_small_forget(void);
/* When the cache gave nothing: a block, and more for the cache if the slabs have them. */
void *heap_small_alloc(size_t bytes);
/* When the cache had no room: half of it goes back to the slabs. */
void heap_small_free(struct heap_slab *slab, void *block);
/* Empties all caches and gives empty slabs back. */
void heap_small_trim(void);
void heap_small_count(struct heap_stats *stats);

/* ---- heap_reserve.c ---- */

void heap_reserve_init(void);
/* Whether a block of this size, which is not small, belongs into the reserve. */
bool heap_reserve_wants(size_t bytes);
void *heap_reserve_alloc(size_t bytes);
/* Whether it is a block of the reserve; any pointer may be asked about whose page is mapped. */
bool heap_reserve_has(const void *block);
void heap_reserve_free(void *block);
size_t heap_reserve_capacity(const void *block);
void heap_reserve_trim(void);
void heap_reserve_count(struct heap_stats *stats);

/* ---- heap_debug.c: raw blocks and the caller's blocks in them ---- */

enum {
    HEAP_DRESS_FRONT = 96, /* bytes before the caller's: record and red zone; a multiple of an arena's unit */
    HEAP_DRESS_BACK = 16,  /* red zone after them */
};

void heap_dress_init(void);
/* Turns a raw block with room for the dress into the caller's block. NULL stays NULL. */
void *heap_dress(void *raw, size_t bytes, const void *owner);
/* Checks the caller's block, marks it free and gives the raw one back. */
void *heap_undress(void *block, const void *caller);
/* The size the caller asked for, after the same checks. */
size_t heap_dressed_bytes(const void *block, const void *caller);
/* There is no block here any more: the memory became part of a larger one. */
void heap_dress_forget(void *raw);
