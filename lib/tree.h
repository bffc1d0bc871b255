/* SPDX-License-Identifier: Apache-2.0 */
/* An ordered binary tree whose nodes live inside their owners. The heights of two siblings differ by one at
 * most, so the tree is at most 1.45 log2(n + 2) high, and whatever is done here takes that many steps.
 *
 * The tree compares nothing: whoever inserts names the neighbour, and whoever searches walks down child[].
 * For searches that look at more than the order, `update` keeps in each node a summary of the nodes below
 * it, the largest gap among them for instance. Such a summary follows from the node's own value and the
 * summaries of its children alone.
 *
 * No locking: the owner of the tree says which lock guards it. */
#pragma once
#include "lib/base.h"

struct tree_node {
    struct tree_node *parent;   /* NULL at the root */
    struct tree_node *child[2]; /* the nodes before, the nodes after */
    uint8_t height;             /* 1 without children */
};

struct tree {
    struct tree_node *root;
    /* Recomputes the node's summary and says whether it differs from the one before; true is always safe,
     * false spares the ancestors. NULL: nodes keep no summary. */
    bool (*update)(struct tree_node *node);
};

/* Puts `fresh`, whose old contents do not matter, right after `before`; NULL: before all others. */
void tree_insert_after(struct tree *tree, struct tree_node *before, struct tree_node *fresh);
/* What `node` itself holds stays as it was and means nothing any more. */
void tree_remove(struct tree *tree, struct tree_node *node);
/* Empties the tree; `gone` gets each node after its children, which then are no more. */
void tree_clear(struct tree *tree, void (*gone)(struct tree_node *node));
/* To be called for each node whose own value changed; several may have changed before the first call, and
 * nodes may come and go in between. */
void tree_updated(struct tree *tree, struct tree_node *node);

/* Side 0: the first node of all, the one before `node`. Side 1: the last, the one after. NULL: none. */
struct tree_node *tree_end(const struct tree *tree, unsigned side);
struct tree_node *tree_neighbour(const struct tree_node *node, unsigned side);

static inline struct tree_node *tree_first(const struct tree *tree) { return tree_end(tree, 0); }
static inline struct tree_node *tree_last(const struct tree *tree) { return tree_end(tree, 1); }
static inline struct tree_node *tree_previous(const struct tree_node *node)
{
    return tree_neighbour(node, 0);
}
static inline struct tree_node *tree_next(const struct tree_node *node) { return tree_neighbour(node, 1); }

#define TREE_ENTRY(node, type, member) CONTAINER_OF(node, type, member)
