/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/page_tree.h"

#include "mm/direct_map.h"
#include "mm/frame_charged.h"

enum { NODE_SLOTS = 1 << PAGE_TREE_NODE_SHIFT };

struct node {
    void *slot[NODE_SLOTS];
};
_Static_assert(sizeof(struct node) == PAGE_BYTES, "a node is a frame");

static struct node *node_create(void)
{
    paddr_t frame = frame_alloc_zeroed_charged(CHARGE_KERNEL);
    return is_paddr_none(frame) ? NULL : direct_map(frame);
}

static void node_destroy(struct node *node) { frame_free_charged(CHARGE_KERNEL, direct_map_to_paddr(node)); }

/* How many pages one slot of a node at `height` (1 is the lowest) stands for. */
static uint32_t slot_shift(uint32_t height) { return PAGE_TREE_NODE_SHIFT * (height - 1); }
static uint32_t slot_of(uint64_t index, uint32_t height)
{
    return (index >> slot_shift(height)) & (NODE_SLOTS - 1);
}
static bool is_beyond(uint64_t index, uint32_t height)
{
    return index >> (PAGE_TREE_NODE_SHIFT * height) != 0;
}

void *page_tree_find(const struct page_tree *tree, uint64_t index)
{
    return page_tree_find_inline(tree, index);
}

static err_t grow(struct page_tree *tree, uint64_t index)
{
    while (is_beyond(index, tree->height)) {
        ASSERT(tree->height < PAGE_TREE_HEIGHT_MAX);
        if (tree->root) {
            struct node *node = node_create();
            if (!node) return ERR_NO_MEMORY;
            node->slot[0] = tree->root;
            tree->root = node;
        }
        tree->height++;
    }
    return OK;
}

err_t page_tree_insert(struct page_tree *tree, uint64_t index, void *page)
{
    err_t e = grow(tree, index);
    if (failed(e)) return e;

    void **at = &tree->root;
    for (uint32_t height = tree->height; height > 0; height--) {
        if (!*at) *at = node_create();
        if (!*at) return ERR_NO_MEMORY;
        at = &((struct node *)*at)->slot[slot_of(index, height)];
    }
    ASSERT(!*at);
    *at = page;
    return OK;
}

static bool node_is_empty(const struct node *node)
{
    for (uint32_t i = 0; i < NODE_SLOTS; i++)
        if (node->slot[i]) return false;
    return true;
}

struct cut {
    uint64_t first, last;
    struct page_tree_cut *out;
    size_t count, capacity;
};

/* Recursion ends after PAGE_TREE_HEIGHT_MAX levels. */
static void cut_slot(struct cut *cut, void **slot, uint32_t height, uint64_t base)
{
    if (!*slot) return;
    if (height == 0) {
        cut->out[cut->count++] = (struct page_tree_cut){ *slot, base };
        *slot = NULL;
        return;
    }
    struct node *node = *slot;
    uint64_t span = 1ull << slot_shift(height);
    uint64_t end = base + span * NODE_SLOTS - 1;
    uint32_t i = cut->first > base ? (uint32_t)((cut->first - base) >> slot_shift(height)) : 0;
    uint32_t last = cut->last < end ? (uint32_t)((cut->last - base) >> slot_shift(height)) : NODE_SLOTS - 1;
    for (; i <= last && cut->count < cut->capacity; i++)
        cut_slot(cut, &node->slot[i], height - 1, base + i * span);
    if (node_is_empty(node)) {
        node_destroy(node);
        *slot = NULL;
    }
}

size_t page_tree_cut(struct page_tree *tree, uint64_t first, uint64_t last, struct page_tree_cut *out,
                     size_t capacity)
{
    struct cut cut = { .first = first, .last = last, .out = out, .capacity = capacity };
    if (first > last || is_beyond(first, tree->height)) return 0;
    cut_slot(&cut, &tree->root, tree->height, 0);
    if (!tree->root) tree->height = 0;
    return cut.count;
}

static uint64_t next_in(const void *slot, uint32_t height, uint64_t base, uint64_t index)
{
    if (!slot) return UINT64_MAX;
    if (height == 0) return base;
    const struct node *node = slot;
    uint64_t span = 1ull << slot_shift(height);
    for (uint32_t i = index > base ? (uint32_t)((index - base) >> slot_shift(height)) : 0; i < NODE_SLOTS;
         i++) {
        uint64_t found = next_in(node->slot[i], height - 1, base + i * span, index);
        if (found != UINT64_MAX) return found;
    }
    return UINT64_MAX;
}

uint64_t page_tree_next(const struct page_tree *tree, uint64_t index)
{
    if (is_beyond(index, tree->height)) return UINT64_MAX;
    return next_in(tree->root, tree->height, 0, index);
}
