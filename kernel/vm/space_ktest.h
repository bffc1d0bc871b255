/* SPDX-License-Identifier: Apache-2.0 */
/* An address space that is current, for tests that touch its pages the way system calls do. */
#pragma once
#include "arch/trap.h"
#include "lib/string.h"
#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "tests/harness/test.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum { RW = SPACE_READ | SPACE_WRITE };

static struct space *space;
static uint64_t free_before, anonymous_before;

static inline void open_space(void)
{
    heap_trim();
    free_before = frame_free_count();
    anonymous_before = charge_read().kinds[CHARGE_ANONYMOUS];
    EXPECT_OK(space_create(&space));
    space->map_top = 0x700000000000;
    space->brk_start = space->brk_end = 0x10000000;
    thread_set_space(space, &space->page_table);
}

/* Every frame must come back; the heap may keep one slab of a size it had not used before. */
static inline void close_space(void)
{
    thread_set_space(NULL, NULL);
    space_destroy(space);
    heap_trim();
    EXPECT(frame_free_count() + 4 >= free_before);
    EXPECT_EQ(charge_read().kinds[CHARGE_ANONYMOUS], anonymous_before);
}

static inline void enter(struct space *other) { thread_set_space(other, &other->page_table); }

static inline uint64_t map(uint64_t at, uint64_t bytes, uint32_t flags)
{
    uint64_t place = 0;
    EXPECT_OK(space_map(space, at, bytes, flags, NULL, 0, &place));
    return place;
}

static inline uint64_t peek(uint64_t at)
{
    uint64_t value = ~0ull;
    EXPECT_OK(user_copy_in(&value, UADDR(at), sizeof(value)));
    return value;
}

static inline void poke(uint64_t at, uint64_t value)
{
    EXPECT_OK(user_copy_out(UADDR(at), &value, sizeof(value)));
}

static inline bool can_read(uint64_t at)
{
    char byte;
    return !failed(user_copy_in(&byte, UADDR(at), 1));
}

static inline bool can_write(uint64_t at)
{
    char byte = 1;
    return !failed(user_copy_out(UADDR(at), &byte, 1));
}

/* The size of the leaf at `at`, 0 when there is none. */
static inline uint8_t leaf_at(const struct space *of, uint64_t at)
{
    uint8_t shift = 0;
    return page_table_translate(&of->page_table, at, NULL, NULL, &shift) ? shift : 0;
}
