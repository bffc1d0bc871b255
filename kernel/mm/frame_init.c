/* SPDX-License-Identifier: Apache-2.0 */
/* From the loader's memory map to an allocator, without walking memory.
 *
 * The metadata is one piece of RAM: the extents (RAM that is ours), the tables of regions, and for each
 * region with RAM its masks and bitmaps, which stay as they are until the region is first used. Per
 * GiB of RAM that is two table entries to write at boot and at most 0.01 % of it in size. */
#include "arch/startup.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

enum { RESERVED_MAX = 4 }; /* the first two pages, the image, the initrd, the metadata */

/* The direct map has room for this much. */
#define FRAME_ADDRESS_MAX (64ull << 40)

struct reserved {
    struct extent spans[RESERVED_MAX]; /* sorted, may touch */
    uint32_t count;
};

/* Walks RAM below `limit` in ascending order, without what is reserved. */
struct pieces {
    const struct boot_info *info;
    const struct reserved *reserved;
    uint64_t limit, at;
    uint32_t range;
};

static void reserve(struct reserved *r, uint64_t start, uint64_t end)
{
    uint32_t i = r->count++;
    ASSERT(i < RESERVED_MAX);
    for (; i > 0 && r->spans[i - 1].start > start; i--) r->spans[i] = r->spans[i - 1];
    r->spans[i] = (struct extent){ align_down(start, PAGE_BYTES), align_up(end, PAGE_BYTES) };
}

static bool next_piece(struct pieces *p, struct extent *piece)
{
    for (; p->range < p->info->range_count; p->range++) {
        const struct boot_range *range = &p->info->ranges[p->range];
        if (range->kind != BOOT_RANGE_RAM || range->base.raw >= p->limit) continue;
        uint64_t start = MAX(align_up(range->base.raw, PAGE_BYTES), p->at);
        uint64_t end = MIN(align_down(range->base.raw + range->bytes, PAGE_BYTES), p->limit);
        for (uint32_t i = 0; i < p->reserved->count; i++) {
            const struct extent *r = &p->reserved->spans[i];
            if (r->end <= start) continue;
            if (r->start > start) {
                end = MIN(end, r->start);
                break;
            }
            start = r->end;
        }
        if (start >= end) continue;
        p->at = end;
        *piece = (struct extent){ start, end };
        return true;
    }
    return false;
}

/* ---- the metadata: measured first, then placed and filled ---- */

struct layout {
    uint64_t region_count;
    uint64_t extents, tables; /* offsets */
    uint64_t regions;
    uint64_t bytes;
};

static uint64_t region_bytes(uint64_t ram_end_in_region)
{
    uint64_t blocks = align_up(ram_end_in_region, HUGE_BYTES) >> HUGE_SHIFT;
    return align_up(offsetof(struct region, bits) + blocks * sizeof(struct block_bits),
                    _Alignof(struct region));
}

/* Sums up the regions that have RAM, and where `table` is given, writes their addresses from
 * `address` on. Regions cover reserved RAM too: it may be released later. */
static uint64_t lay_out_regions(const struct boot_info *info, uint64_t limit, uint64_t *table,
                                uint64_t address, uint64_t *region_count)
{
    static const struct reserved nothing;
    struct pieces pieces = { .info = info, .reserved = &nothing, .limit = limit };
    struct extent piece;
    uint64_t bytes = 0, open_bytes = 0, open = UINT64_MAX, next = 0;
    while (next_piece(&pieces, &piece)) {
        for (uint64_t start = piece.start; start < piece.end;) {
            uint64_t index = region_index(start), region_start = index << GIANT_SHIFT;
            uint64_t end = MIN(piece.end, region_start + GIANT_BYTES);
            if (index != open) {
                bytes += open_bytes;
                open = index;
                for (; table && next < index; next++) table[next] = 0;
                if (table) table[next++] = address + bytes;
            }
            open_bytes = region_bytes(end - region_start);
            start = end;
        }
    }
    *region_count = open == UINT64_MAX ? 0 : open + 1;
    return bytes + open_bytes;
}

static struct layout measure(const struct boot_info *info, uint64_t limit)
{
    struct layout l = { 0 };
    uint64_t region_bytes_sum = lay_out_regions(info, limit, NULL, 0, &l.region_count);
    l.extents = 0;
    l.tables = (info->range_count + RESERVED_MAX) * sizeof(struct extent);
    l.regions = align_up(l.tables + 2 * l.region_count * sizeof(uint64_t), _Alignof(struct region));
    l.bytes = align_up(l.regions + region_bytes_sum, PAGE_BYTES);
    return l;
}

/* The lowest free place under the boot-time direct map; 0 when there is none. */
static uint64_t find_place(const struct boot_info *info, const struct reserved *reserved, uint64_t bytes)
{
    struct pieces pieces = { .info = info, .reserved = reserved, .limit = DIRECT_MAP_BOOT_BYTES };
    struct extent piece;
    while (next_piece(&pieces, &piece))
        if (piece.end - piece.start >= bytes) return piece.start;
    return 0;
}

/* Writes down what is ours and counts it as the regions' set-up will. */
static void record_extents(struct pieces *pieces, struct extent *extents)
{
    struct frame_memory *m = &frame_memory;
    struct extent piece;
    uint32_t count = 0;
    while (next_piece(pieces, &piece)) {
        if (count && extents[count - 1].end == piece.start)
            extents[count - 1].end = piece.end;
        else
            extents[count++] = piece;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t frames = (extents[i].end - extents[i].start) >> PAGE_SHIFT;
        m->total_frames += frames;
        m->unready_blocks += blocks_between(extents[i].start, extents[i].end);
    }
    m->unready_frames = m->total_frames;
    m->pool_target = MIN((uint64_t)CONFIG_POOL_BLOCKS, m->unready_blocks / CONFIG_POOL_PART);
    m->extents = extents;
    m->extent_count = count;
}

void frame_cpu_start(uint32_t cpu)
{
    ASSERT(cpu < CONFIG_CPUS_MAX);
    frame_cpus[cpu] = (struct frame_cpu){ .whole = region_absent->groups,
                                          .zeroed = region_absent->groups,
                                          .reserved = slot_of(region_absent->groups, 0) };
    __atomic_store_n(&frame_memory.cpu_count, cpu + 1, __ATOMIC_RELEASE);
}

void frame_init(const struct boot_info *info, paddr_t kernel_start, paddr_t kernel_end)
{
    struct frame_memory *m = &frame_memory;
    struct reserved reserved = { .count = 0 };
    reserve(&reserved, 0, STARTUP_PAGE + PAGE_BYTES); /* where other CPUs begin */
    reserve(&reserved, kernel_start.raw, kernel_end.raw);
    if (info->initrd_bytes) reserve(&reserved, info->initrd.raw, info->initrd.raw + info->initrd_bytes);

    /* Where no free piece is large enough for all metadata, the highest RAM is left out. */
    uint64_t limit = FRAME_ADDRESS_MAX, place;
    struct layout layout;
    for (;; limit /= 2) {
        layout = measure(info, limit);
        place = find_place(info, &reserved, layout.bytes);
        if (place) break;
        if (limit <= HUGE_BYTES) panic("no RAM for the frame allocator: the memory map has no usable piece");
    }
    if (limit < FRAME_ADDRESS_MAX) log_warning("frame: no room to manage RAM above 0x%lx", limit);
    reserve(&reserved, place, place + layout.bytes);

    uint64_t base = (uint64_t)direct_map(PADDR(place));
    *m = (struct frame_memory){ .setup_lock = SPINLOCK_INIT };
    m->region_count = layout.region_count;
    m->region_storage = (uint64_t *)(base + layout.tables);
    m->regions = (struct region **)(m->region_storage + layout.region_count);
    lay_out_regions(info, limit, m->region_storage, base + layout.regions, &m->region_count);
    m->block_count = m->region_count * REGION_BLOCKS;
    for (uint64_t i = 0; i < layout.region_count; i++) m->regions[i] = region_absent;
    frame_cpu_start(0);

    struct pieces pieces = { .info = info, .reserved = &reserved, .limit = limit };
    record_extents(&pieces, (struct extent *)(base + layout.extents));
}
