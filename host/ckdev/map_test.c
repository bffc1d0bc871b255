/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/map.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <string.h>

enum { RAM_AT = 0x10000, RAM_BYTES = 64 * PAGE_BYTES, VRAM_BYTES = 4 << 20, READ_ONLY_AT = 0x400000 };

struct world {
    struct memory memory;
    uint64_t used;
};

static void world_make(struct world *world)
{
    uint8_t *ram = aligned_alloc(PAGE_BYTES, RAM_BYTES), *fixed = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
    memset(ram, 0, RAM_BYTES);
    memset(fixed, 0, PAGE_BYTES);
    *world = (struct world){
        .memory = { .ram = { { RAM_AT, RAM_BYTES, ram, false }, { READ_ONLY_AT, PAGE_BYTES, fixed, true } },
                    .ram_count = 2,
                    .vram = aligned_alloc(PAGE_BYTES, VRAM_BYTES),
                    .vram_bytes = VRAM_BYTES },
        .used = PAGE_BYTES,
    };
}

static void world_free(struct world *world)
{
    free(world->memory.ram[0].host);
    free(world->memory.ram[1].host);
    free(world->memory.vram);
}

/* The entry for `address` at a level, tables in between made. The root is RAM's first page. */
static uint64_t *entry(struct world *world, uint64_t address, int level)
{
    uint64_t *table = (uint64_t *)world->memory.ram[0].host;
    for (int at = GPU_MAP_LEVELS - 1; at > level; at--) {
        uint64_t *next = &table[address >> (PAGE_SHIFT + 9 * at) & 511];
        if (!*next) {
            *next = (RAM_AT + world->used) | GPU_MAP_VALID;
            world->used += PAGE_BYTES;
        }
        table = (uint64_t *)(world->memory.ram[0].host + (*next & GPU_MAP_ADDRESS) - RAM_AT);
    }
    return &table[address >> (PAGE_SHIFT + 9 * level) & 511];
}

static enum gpu_fault walk(struct world *world, uint64_t address, enum gpu_access access,
                           struct map_place *out)
{
    return map_walk(&world->memory, RAM_AT, address, access, out);
}

TEST(a_page_of_ram_is_found_with_its_rights_and_its_room)
{
    struct world world;
    struct map_place place;
    world_make(&world);
    *entry(&world, 0x7000000000, 0) =
        (RAM_AT + 9 * PAGE_BYTES) | GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_EXECUTE;
    EXPECT_EQ(walk(&world, 0x7000000123, GPU_ACCESS_READ, &place), 0);
    EXPECT(place.host == world.memory.ram[0].host + 9 * PAGE_BYTES + 0x123);
    EXPECT_EQ(place.bytes, PAGE_BYTES - 0x123);
    EXPECT_EQ(place.rights, GPU_MAP_READ | GPU_MAP_EXECUTE);
    EXPECT_EQ(walk(&world, 0x7000000123, GPU_ACCESS_EXECUTE, &place), 0);
    EXPECT_EQ(walk(&world, 0x7000000123, GPU_ACCESS_WRITE, &place), GPU_FAULT_FORBIDDEN);
    EXPECT_EQ(walk(&world, 0x7000001000, GPU_ACCESS_READ, &place), GPU_FAULT_ABSENT);
    EXPECT_EQ(walk(&world, 0x8000000000, GPU_ACCESS_READ, &place), GPU_FAULT_ABSENT);
    world_free(&world);
}

TEST(a_large_leaf_of_vram_is_one_piece)
{
    struct world world;
    struct map_place place;
    world_make(&world);
    *entry(&world, 0, 1) = HUGE_BYTES | GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_VRAM | GPU_MAP_LEAF;
    EXPECT_EQ(walk(&world, 0x1234, GPU_ACCESS_READ, &place), 0);
    EXPECT(place.host == world.memory.vram + HUGE_BYTES + 0x1234);
    EXPECT_EQ(place.bytes, HUGE_BYTES - 0x1234);
    /* One of 1 GiB is larger than this VRAM: what lies beyond is a fault of its own. */
    *entry(&world, 1ull << 30, 2) = GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_VRAM | GPU_MAP_LEAF;
    EXPECT_EQ(walk(&world, (1ull << 30) + 5, GPU_ACCESS_READ, &place), 0);
    EXPECT_EQ(place.bytes, VRAM_BYTES - 5);
    EXPECT_EQ(walk(&world, (1ull << 30) + VRAM_BYTES, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    world_free(&world);
}

TEST(what_names_neither_ram_nor_vram_is_beyond)
{
    struct world world;
    struct map_place place;
    const uint64_t rights = GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_WRITE;
    world_make(&world);
    *entry(&world, 0, 0) = (RAM_AT + RAM_BYTES) | rights;
    EXPECT_EQ(walk(&world, 0, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    *entry(&world, 0, 0) = VRAM_BYTES | rights | GPU_MAP_VRAM;
    EXPECT_EQ(walk(&world, 0, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    EXPECT_EQ(walk(&world, 1ull << 48, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    EXPECT_EQ(walk(&world, UINT64_MAX, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    /* A leaf that is not aligned to its size. */
    *entry(&world, HUGE_BYTES, 1) = RAM_AT | rights | GPU_MAP_LEAF;
    EXPECT_EQ(walk(&world, HUGE_BYTES, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    /* The first level has no leaves. */
    *entry(&world, 1ull << 39, 3) = RAM_AT | rights | GPU_MAP_LEAF;
    EXPECT_EQ(walk(&world, 1ull << 39, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    /* A table that is not in RAM, and one that goes round in circles. */
    *entry(&world, 2ull << 39, 3) = 0xfffffffff000 | GPU_MAP_VALID;
    EXPECT_EQ(walk(&world, 2ull << 39, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    *entry(&world, 3ull << 39, 3) = RAM_AT | GPU_MAP_VALID;
    EXPECT(walk(&world, 3ull << 39, GPU_ACCESS_READ, &place) != 0);
    EXPECT_EQ(map_walk(&world.memory, RAM_AT + 8, 0, GPU_ACCESS_READ, &place), GPU_FAULT_BEYOND);
    world_free(&world);
}

TEST(ram_that_is_only_read_is_never_written_whatever_a_table_says)
{
    struct world world;
    struct map_place place;
    world_make(&world);
    *entry(&world, 0, 0) = READ_ONLY_AT | GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_WRITE;
    EXPECT_EQ(walk(&world, 0, GPU_ACCESS_READ, &place), 0);
    EXPECT_EQ(walk(&world, 0, GPU_ACCESS_WRITE, &place), GPU_FAULT_BEYOND);
    world_free(&world);
}
