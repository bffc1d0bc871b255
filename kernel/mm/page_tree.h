/* SPDX-License-Identifier: Apache-2.0 */
/* Sparse pages by index: a radix tree whose nodes are frames of 512 pointers and whose height grows
 * with the highest index. A file of one page has no node at all.
 *
 * No locking: the owner allows one changer at a time, and lookups not during a change. */
#pragma once
#include "lib/base.h"

struct page_tree {
    void *root;      /* height 0: the page with index 0 */
    uint32_t height; /* levels of nodes above the pages, at most PAGE_TREE_HEIGHT_MAX */
};

enum {
    PAGE_TREE_NODE_SHIFT = 9,
    PAGE_TREE_HEIGHT_MAX = 6, /* 6 * 9 + 12 bits cover a file of 2^63 bytes */
};

/* NULL for a hole. */
void *page_tree_find(const struct page_tree *tree, uint64_t index);

/* The same as a part of its caller. */
static ALWAYS_INLINE void *page_tree_find_inline(const struct page_tree *tree, uint64_t index)
{
    uint32_t shift = tree->height * PAGE_TREE_NODE_SHIFT;
    void *at = tree->root;
    if (unlikely(index >> shift)) return NULL;
    for (; shift && at; at = ((void **)at)[index >> shift & ((1u << PAGE_TREE_NODE_SHIFT) - 1)])
        shift -= PAGE_TREE_NODE_SHIFT;
    return at;
}

/* Puts a page into a hole. ERR_NO_MEMORY leaves the page to the caller and the tree as useful as before. */
err_t page_tree_insert(struct page_tree *tree, uint64_t index, void *page);

/* Takes up to `capacity` pages with first <= index <= last out of the tree, in rising order, and frees
 * nodes that become empty. Fewer than `capacity` means that none is left. */
struct page_tree_cut {
    void *page;
    uint64_t index;
};
size_t page_tree_cut(struct page_tree *tree, uint64_t first, uint64_t last, struct page_tree_cut *out,
                     size_t capacity);

/* The index of the first page at or after `index`; UINT64_MAX when there is none. */
uint64_t page_tree_next(const struct page_tree *tree, uint64_t index);
