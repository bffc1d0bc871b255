/* SPDX-License-Identifier: Apache-2.0 */
/* Large blocks of odd sizes. An arena is a run of frames divided into pieces, each of which begins with its
 * length, so that the pieces are a list in order of address; every byte behind the arena's header belongs to
 * one. A request gets the first free piece that is large enough; free neighbours become one piece.
 *
 * Every step is bounded: a piece has at least PIECE_MIN units, so an arena is walked in at most 31 steps,
 * and the arenas are in lists by the length of their largest free piece, so one that has room is found
 * without a search.
 *
 * Locking: one lock, held around the frame allocator. */
#include "core/lock.h"
#include "mm/heap_internal.h"

enum {
    ARENA_FRAMES = 16,
    WORTH_FRAMES = 18, /* of page runs, to be replaced by an arena */
    UNIT_BYTES = 32, /* pieces begin at multiples of it, blocks 16 bytes behind: none is aligned to a page */
    ARENA_UNITS = ARENA_FRAMES * PAGE_BYTES / UNIT_BYTES,
    FIRST_UNIT = HEAP_HEADER_BYTES / UNIT_BYTES,
    PIECE_MIN = 64, /* units; the smallest request needs as many */
    LISTS =
        ARENA_UNITS / PIECE_MIN, /* list i: largest free piece of PIECE_MIN * i units, or up to a list more */
};

struct arena {
    struct list node;
    uint64_t largest; /* units of the largest free piece; 0: none */
};
_Static_assert(sizeof(struct arena) <= HEAP_HEADER_BYTES, "pieces begin behind the header");

/* In front of a block, or of free memory. */
struct piece {
    uint64_t seal;         /* 0 while free, so that it cannot be freed again */
    uint16_t units, start; /* start: from the arena's */
    uint32_t is_free;
};
_Static_assert(sizeof(struct piece) == 16, "blocks are aligned to 16");
_Static_assert(HEAP_DRESS_FRONT % UNIT_BYTES == 0, "nor is a block with a dress");
_Static_assert(PIECE_MIN *UNIT_BYTES >= HEAP_SMALL_MAX + 1 + sizeof(struct piece) &&
                   (PIECE_MIN - 1) * UNIT_BYTES < HEAP_SMALL_MAX + 1 + sizeof(struct piece),
               "a rest that is split off can be used");

static struct spinlock lock = SPINLOCK_INIT; /* for all that follows, and what is in the arenas */
static struct list arenas[LISTS];
static uint32_t lists_in_use; /* bit i: arenas[i] is not empty */
static struct arena *empty;   /* the one arena without a used piece that is kept */

void heap_reserve_init(void)
{
    for (uint32_t i = 0; i < LISTS; i++) list_init(&arenas[i]);
    empty = NULL;
    lists_in_use = 0;
}

static uint64_t units_for(size_t bytes)
{
    return (bytes + sizeof(struct piece) + UNIT_BYTES - 1) / UNIT_BYTES;
}

bool heap_reserve_wants(size_t bytes)
{
    if (bytes > ARENA_FRAMES * PAGE_BYTES / 2) return false;
    uint64_t frames = (bytes + HEAP_HEADER_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
    return (ARENA_UNITS - FIRST_UNIT) / units_for(bytes) * frames >= WORTH_FRAMES;
}

/* ---- pieces ---- */

static struct piece *piece_at(struct arena *a, uint64_t unit)
{
    return (struct piece *)((char *)a + unit * UNIT_BYTES);
}

static struct piece *piece_make(struct arena *a, uint64_t start, uint64_t units)
{
    struct piece *p = piece_at(a, start);
    *p = (struct piece){ .units = (uint16_t)units, .start = (uint16_t)start, .is_free = true };
    return p;
}

static void piece_absorb_next(struct arena *a, struct piece *p)
{
    struct piece *next = piece_at(a, p->start + p->units);
    p->units = (uint16_t)(p->units + next->units);
    if (CONFIG_DEBUG) heap_dress_forget(next + 1);
}

static struct piece *block_piece(const void *block) { return (struct piece *)block - 1; }

/* ---- arenas ---- */

static void arena_unlist_locked(struct arena *a) REQUIRES(lock)
{
    uint64_t i = a->largest / PIECE_MIN;
    list_remove(&a->node);
    if (list_is_empty(&arenas[i])) lists_in_use &= ~(1u << i);
}

/* In no list before the first piece is taken. */
static struct arena *arena_create_locked(void) REQUIRES(lock)
{
    struct arena *a = heap_frames_take(ARENA_FRAMES);
    if (!a) return NULL;
    list_init(&a->node);
    a->largest = 0;
    piece_make(a, FIRST_UNIT, ARENA_UNITS - FIRST_UNIT);
    return a;
}

static void arena_destroy_locked(struct arena *a) REQUIRES(lock)
{
    arena_unlist_locked(a);
    heap_frames_give(a, ARENA_FRAMES);
}

/* Pieces changed: joins free neighbours and finds the largest. */
static void arena_settle_locked(struct arena *a) REQUIRES(lock)
{
    uint64_t largest = 0;
    struct piece *before = NULL;
    for (uint64_t at = FIRST_UNIT; at < ARENA_UNITS;) {
        struct piece *p = piece_at(a, at);
        at += p->units;
        if (p->is_free && before) {
            piece_absorb_next(a, before);
            p = before;
        }
        before = p->is_free ? p : NULL;
        if (before && p->units > largest) largest = p->units;
    }
    arena_unlist_locked(a);
    a->largest = largest;
    list_push_front(&arenas[largest / PIECE_MIN], &a->node);
    lists_in_use |= 1u << largest / PIECE_MIN;
}

/* Lists above the request's own hold only arenas that have room; in its own, one is looked at. */
static struct arena *arena_find_locked(uint64_t units) REQUIRES(lock)
{
    uint64_t own = units / PIECE_MIN;
    for (uint32_t lists = lists_in_use >> own << own; lists; lists &= lists - 1) {
        struct arena *a = CONTAINER_OF(arenas[__builtin_ctz(lists)].next, struct arena, node);
        if (a->largest >= units) return a;
    }
    return arena_create_locked();
}

/* ---- the reserve ---- */

static struct piece *take_locked(struct arena *a, uint64_t units) REQUIRES(lock)
{
    struct piece *p = piece_at(a, FIRST_UNIT);
    while (!p->is_free || p->units < units) p = piece_at(a, p->start + p->units);
    if (p->units >= units + PIECE_MIN) {
        piece_make(a, p->start + units, p->units - units);
        p->units = (uint16_t)units;
    }
    p->is_free = false;
    p->seal = heap_seal(p, HEAP_PIECE);
    arena_settle_locked(a);
    if (a == empty) empty = NULL;
    return p;
}

void *heap_reserve_alloc(size_t bytes)
{
    uint64_t units = units_for(bytes);
    spin_lock(&lock);
    struct arena *a = arena_find_locked(units);
    struct piece *p = a ? take_locked(a, units) : NULL;
    spin_unlock(&lock);
    return p ? p + 1 : NULL;
}

bool heap_reserve_has(const void *block)
{
    return (uint64_t)block % UNIT_BYTES == sizeof(struct piece) &&
           heap_is_sealed(block_piece(block), HEAP_PIECE);
}

void heap_reserve_free(void *block)
{
    struct piece *p = block_piece(block);
    struct arena *a = (struct arena *)((char *)p - p->start * UNIT_BYTES);
    spin_lock(&lock);
    p->seal = 0;
    p->is_free = true;
    arena_settle_locked(a);
    if (a->largest == ARENA_UNITS - FIRST_UNIT) {
        if (empty)
            arena_destroy_locked(a);
        else
            empty = a;
    }
    spin_unlock(&lock);
}

size_t heap_reserve_capacity(const void *block)
{
    return block_piece(block)->units * UNIT_BYTES - sizeof(struct piece);
}

void heap_reserve_trim(void)
{
    spin_lock(&lock);
    if (empty) arena_destroy_locked(empty);
    empty = NULL;
    spin_unlock(&lock);
}

static void count_locked(struct arena *a, struct heap_stats *stats) REQUIRES(lock)
{
    stats->held_pages += ARENA_FRAMES;
    const struct piece *p;
    for (uint64_t at = FIRST_UNIT; at < ARENA_UNITS; at += p->units) {
        p = piece_at(a, at);
        if (p->is_free) continue;
        stats->used_blocks++;
        stats->used_bytes += p->units * UNIT_BYTES;
    }
}

void heap_reserve_count(struct heap_stats *stats)
{
    spin_lock(&lock);
    for (uint32_t i = 0; i < LISTS; i++)
        LIST_FOR_EACH (node, &arenas[i]) count_locked(LIST_ENTRY(node, struct arena, node), stats);
    spin_unlock(&lock);
}
