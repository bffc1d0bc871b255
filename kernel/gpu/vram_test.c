/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/vram.h"

#include "lib/random.h"
#include "tests/harness/test.h"

enum { MIB = 1 << 20 };
#define TOTAL (64ull * MIB)

static uint64_t count_pieces(const struct vram *vram)
{
    uint64_t count = 0, at = 0;
    for (struct tree_node *node = tree_first(&vram->pieces); node; node = tree_next(node), count++) {
        const struct vram_piece *piece = TREE_ENTRY(node, struct vram_piece, node);
        EXPECT(piece->offset == at && piece->bytes);
        at += piece->bytes;
    }
    EXPECT(at == TOTAL);
    return count;
}

TEST(the_lowest_place_is_taken_and_what_is_given_back_is_one_piece_again)
{
    struct vram vram;
    EXPECT(!failed(vram_init(&vram, TOTAL)));
    struct vram_piece *a = vram_alloc(&vram, PAGE_BYTES), *b = vram_alloc(&vram, 3 * PAGE_BYTES);
    struct vram_piece *c = vram_alloc(&vram, PAGE_BYTES);
    EXPECT(a->offset == 0 && b->offset == PAGE_BYTES && c->offset == 4 * PAGE_BYTES);
    vram_free(&vram, b);
    struct vram_piece *d = vram_alloc(&vram, 2 * PAGE_BYTES);
    EXPECT(d->offset == PAGE_BYTES);
    EXPECT(vram.free_bytes == TOTAL - 4 * PAGE_BYTES);
    vram_free(&vram, a);
    vram_free(&vram, c);
    vram_free(&vram, d);
    EXPECT(count_pieces(&vram) == 1 && vram.free_bytes == TOTAL);
    vram_fini(&vram);
}

TEST(large_pieces_begin_at_2_mib_and_small_ones_fill_what_was_skipped)
{
    struct vram vram;
    EXPECT(!failed(vram_init(&vram, TOTAL)));
    struct vram_piece *small = vram_alloc(&vram, PAGE_BYTES), *large = vram_alloc(&vram, 3 * MIB);
    struct vram_piece *next = vram_alloc(&vram, PAGE_BYTES);
    EXPECT(small->offset == 0 && large->offset == HUGE_BYTES && next->offset == PAGE_BYTES);
    EXPECT(!vram_alloc(&vram, TOTAL - 4ull * MIB)); /* 59 MiB are free behind, but not from 2 MiB on */
    EXPECT(vram_alloc(&vram, TOTAL - 6ull * MIB));
    vram_fini(&vram);
}

TEST(whatever_comes_and_goes_pieces_never_overlap_and_all_comes_back)
{
    enum { SLOTS = 40, STEPS = 20000 };
    struct vram vram;
    struct vram_piece *slots[SLOTS] = { NULL };
    struct random random;
    random_init(&random, "seed", 4);
    EXPECT(!failed(vram_init(&vram, TOTAL)));
    for (int i = 0; i < STEPS; i++) {
        uint32_t slot = (uint32_t)(random_u64(&random) % SLOTS);
        if (slots[slot]) {
            vram_free(&vram, slots[slot]);
            slots[slot] = NULL;
        } else {
            uint64_t pages = 1 + random_u64(&random) % (i % 7 ? 40 : 2000);
            slots[slot] = vram_alloc(&vram, pages * PAGE_BYTES);
        }
        if (i % 500 == 0) count_pieces(&vram);
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i]) vram_free(&vram, slots[i]);
    EXPECT(count_pieces(&vram) == 1 && vram.free_bytes == TOTAL);
    vram_fini(&vram);
}
