/* SPDX-License-Identifier: Apache-2.0 */
/* Debug dress of a heap block:
 *
 *     record | red zone | the caller's bytes | red zone
 *
 * A freed block keeps its record and is filled with poison, which is looked at when the same memory is
 * handed out again. Live blocks are in one list, so a leak report is a walk.
 *
 * Locking: `lock` guards the list; it is a leaf. */
#include "mm/heap_internal.h"

#include "core/lock.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/symbol.h"
#include "lib/list.h"
#include "lib/string.h"

#define RECORD_LIVE 0x11fe0b10cc000001ull
#define RECORD_FREE 0xdeadb10cc0000002ull

enum {
    RED_ZONE_BYTE = 0xb5,
    FREE_BYTE = 0xd1,
    FRONT_ZONE_BYTES = 32,
    REPORT_LINES_MAX = 64,
};

struct record {
    uint64_t link;     /* the raw heap's free list runs through here */
    uint64_t state;    /* RECORD_* ^ the record's address */
    struct list node;  /* in `live`; under lock */
    const void *owner; /* who allocated */
    const void *freer; /* who freed, once free */
    uint64_t bytes;    /* as asked for */
    uint64_t serial;   /* how many allocations were before */
    uint8_t red_zone[FRONT_ZONE_BYTES];
};
_Static_assert(sizeof(struct record) == HEAP_DRESS_FRONT, "the caller's bytes follow");
_Static_assert(HEAP_DRESS_FRONT % 16 == 0, "blocks are aligned to 16");

static struct spinlock lock = SPINLOCK_INIT;
static struct list live; /* oldest first */
static uint64_t next_serial GUARDED_BY(lock);

void heap_dress_init(void) { list_init(&live); }

static struct symbol symbol_of(const void *address)
{
    struct symbol symbol;
    symbol_find((uint64_t)address, &symbol);
    return symbol;
}

static uint8_t *bytes_of(struct record *r) { return (uint8_t *)(r + 1); }
static struct record *record_of(const void *block) { return (struct record *)block - 1; }
static uint64_t state_for(const struct record *r, uint64_t state) { return state ^ (uint64_t)r; }

/* The offset of the first byte that is not `value`, or `count`. */
static size_t first_other(const uint8_t *bytes, uint8_t value, size_t count)
{
    size_t i = 0;
    while (i < count && bytes[i] == value) i++;
    return i;
}

NORETURN static void report_damage(const struct record *r, const char *what, int64_t offset, uint8_t found)
{
    struct symbol owner = symbol_of(r->owner);
    panic("heap: %s: block %p of %lu bytes, allocated by %s+0x%lx, has 0x%02x at offset %ld", what,
          (const void *)(r + 1), r->bytes, owner.name, owner.offset, found, offset);
}

static struct record *check_live(const void *block, const void *caller)
{
    struct record *r = record_of(block);
    if (r->state == state_for(r, RECORD_FREE)) {
        struct symbol second = symbol_of(caller), first = symbol_of(r->freer), owner = symbol_of(r->owner);
        panic("heap: block %p freed twice, by %s+0x%lx; first by %s+0x%lx; allocated by %s+0x%lx", block,
              second.name, second.offset, first.name, first.offset, owner.name, owner.offset);
    }
    if (r->state != state_for(r, RECORD_LIVE)) {
        struct symbol user = symbol_of(caller);
        panic("heap: %p, used as a block by %s+0x%lx, is none", block, user.name, user.offset);
    }
    size_t i = first_other(r->red_zone, RED_ZONE_BYTE, FRONT_ZONE_BYTES);
    if (i < FRONT_ZONE_BYTES)
        report_damage(r, "write before a block", (int64_t)i - FRONT_ZONE_BYTES, r->red_zone[i]);
    const uint8_t *back = bytes_of(r) + r->bytes;
    i = first_other(back, RED_ZONE_BYTE, HEAP_DRESS_BACK);
    if (i < HEAP_DRESS_BACK) report_damage(r, "write past a block", (int64_t)(r->bytes + i), back[i]);
    return r;
}

void *heap_dress(void *raw, size_t bytes, const void *owner)
{
    struct record *r = raw;
    if (!r) return NULL;
    if (r->state == state_for(r, RECORD_FREE)) {
        /* A piece of an arena may have been longer then. */
        size_t poisoned = MIN(r->bytes, heap_raw_capacity(raw) - HEAP_DRESS_FRONT);
        size_t i = first_other(bytes_of(r), FREE_BYTE, poisoned);
        if (i < poisoned) report_damage(r, "write to a freed block", (int64_t)i, bytes_of(r)[i]);
    }
    r->state = state_for(r, RECORD_LIVE);
    r->owner = owner;
    r->freer = NULL;
    r->bytes = bytes;
    memset(r->red_zone, RED_ZONE_BYTE, FRONT_ZONE_BYTES);
    memset(bytes_of(r) + bytes, RED_ZONE_BYTE, HEAP_DRESS_BACK);
    spin_lock(&lock);
    r->serial = next_serial++;
    list_push_back(&live, &r->node);
    spin_unlock(&lock);
    return bytes_of(r);
}

void *heap_undress(void *block, const void *caller)
{
    struct record *r = check_live(block, caller);
    spin_lock(&lock);
    list_remove(&r->node);
    spin_unlock(&lock);
    r->state = state_for(r, RECORD_FREE);
    r->freer = caller;
    memset(bytes_of(r), FREE_BYTE, r->bytes);
    return r;
}

size_t heap_dressed_bytes(const void *block, const void *caller) { return check_live(block, caller)->bytes; }

void heap_dress_forget(void *raw) { ((struct record *)raw)->state = 0; }

uint64_t heap_mark(void)
{
    spin_lock(&lock);
    uint64_t mark = next_serial;
    spin_unlock(&lock);
    return mark;
}

uint64_t heap_report(uint64_t mark)
{
    uint64_t count = 0, bytes = 0;
    spin_lock(&lock);
    LIST_FOR_EACH (node, &live) {
        const struct record *r = LIST_ENTRY(node, struct record, node);
        if (r->serial < mark) continue;
        bytes += r->bytes;
        if (count++ >= REPORT_LINES_MAX) continue;
        struct symbol owner = symbol_of(r->owner);
        log_warning("heap: in use: %p, %lu bytes, allocated by %s+0x%lx", (const void *)(r + 1), r->bytes,
                    owner.name, owner.offset);
    }
    spin_unlock(&lock);
    if (count) log_warning("heap: %lu blocks in use, %lu bytes", count, bytes);
    return count;
}
