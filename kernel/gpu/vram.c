/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/vram.h"

#include "mm/heap.h"

static struct vram_piece *piece_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct vram_piece, node) : NULL;
}

static uint64_t largest_below(struct tree_node *node) { return node ? piece_of(node)->largest_free : 0; }

static bool update(struct tree_node *node)
{
    struct vram_piece *piece = piece_of(node);
    uint64_t below = MAX(largest_below(node->child[0]), largest_below(node->child[1]));
    uint64_t largest = MAX(piece->is_used ? 0 : piece->bytes, below);
    bool differs = largest != piece->largest_free;
    piece->largest_free = largest;
    return differs;
}

static struct vram_piece *insert_after(struct vram *vram, struct vram_piece *before, uint64_t offset,
                                       uint64_t bytes)
{
    struct vram_piece *piece = heap_alloc(sizeof(*piece));
    if (!piece) return NULL;
    *piece = (struct vram_piece){ .offset = offset, .bytes = bytes };
    tree_insert_after(&vram->pieces, before ? &before->node : NULL, &piece->node);
    return piece;
}

err_t vram_init(struct vram *vram, uint64_t bytes)
{
    *vram = (struct vram){ .pieces = { .update = update }, .free_bytes = bytes };
    return insert_after(vram, NULL, 0, bytes) ? OK : ERR_NO_MEMORY;
}

static void free_piece(struct tree_node *node) { heap_free(piece_of(node)); }

void vram_fini(struct vram *vram) { tree_clear(&vram->pieces, free_piece); }

/* ---- taking ---- */

/* Where an allocation in the piece would begin. */
static uint64_t place_in(const struct vram_piece *piece, uint64_t bytes)
{
    return align_up(piece->offset, bytes >= HUGE_BYTES ? HUGE_BYTES : PAGE_BYTES);
}

static bool has_room(const struct vram_piece *piece, uint64_t bytes)
{
    uint64_t skipped = place_in(piece, bytes) - piece->offset;
    return !piece->is_used && skipped <= piece->bytes && piece->bytes - skipped >= bytes;
}

/* The lowest piece with room. Alignment can make a subtree that seems to have room a disappointment; then the search
 * goes on to the right of it. */
static struct vram_piece *find_room(struct tree_node *node, uint64_t bytes)
{
    while (node && largest_below(node) >= bytes) {
        struct vram_piece *found = find_room(node->child[0], bytes);
        if (found) return found;
        if (has_room(piece_of(node), bytes)) return piece_of(node);
        node = node->child[1];
    }
    return NULL;
}

/* What is behind the first `bytes` becomes a piece of its own. */
static bool split(struct vram *vram, struct vram_piece *piece, uint64_t bytes)
{
    if (piece->bytes == bytes) return true;
    if (!insert_after(vram, piece, piece->offset + bytes, piece->bytes - bytes)) return false;
    piece->bytes = bytes;
    tree_updated(&vram->pieces, &piece->node);
    return true;
}

struct vram_piece *vram_alloc(struct vram *vram, uint64_t bytes)
{
    struct vram_piece *piece = find_room(vram->pieces.root, bytes);
    if (!piece) return NULL;
    uint64_t skipped = place_in(piece, bytes) - piece->offset;
    if (skipped) {
        if (!split(vram, piece, skipped)) return NULL;
        piece = piece_of(tree_next(&piece->node));
    }
    if (!split(vram, piece, bytes)) {
        vram_free(vram, piece); /* only joins what was skipped */
        return NULL;
    }
    piece->is_used = true;
    vram->free_bytes -= bytes;
    tree_updated(&vram->pieces, &piece->node);
    return piece;
}

/* ---- giving back ---- */

/* `second`, which is behind `first`, becomes a part of it. */
static void join(struct vram *vram, struct vram_piece *first, struct vram_piece *second)
{
    first->bytes += second->bytes;
    tree_remove(&vram->pieces, &second->node);
    heap_free(second);
    tree_updated(&vram->pieces, &first->node);
}

void vram_free(struct vram *vram, struct vram_piece *piece)
{
    struct vram_piece *before = piece_of(tree_previous(&piece->node));
    struct vram_piece *behind = piece_of(tree_next(&piece->node));
    if (piece->is_used) vram->free_bytes += piece->bytes;
    piece->is_used = false;
    tree_updated(&vram->pieces, &piece->node);
    if (behind && !behind->is_used) join(vram, piece, behind);
    if (before && !before->is_used) join(vram, before, piece);
}
