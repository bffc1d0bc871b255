/* SPDX-License-Identifier: Apache-2.0 */
/* An AVL tree with one repair for everything: after any change, repair() walks up from the lowest node that
 * the change touched, recomputes height and summary, rotates where the heights are two apart, and ends at
 * the first node that comes out as it was. A node that got a new place must not end the walk, because what
 * it remembers is about its old place: it waits for the walk with height 0, which no result equals. */
#include "lib/tree.h"

static int height(const struct tree_node *node) { return node ? node->height : 0; }

static void set_child(struct tree_node *parent, unsigned side, struct tree_node *child)
{
    parent->child[side] = child;
    if (child) child->parent = parent;
}

/* Gives the place of `old` under its parent to `fresh`, which may be NULL. */
static void replace(struct tree *tree, const struct tree_node *old, struct tree_node *fresh)
{
    struct tree_node *parent = old->parent;
    if (parent) {
        set_child(parent, parent->child[1] == old, fresh);
    } else {
        tree->root = fresh;
        if (fresh) fresh->parent = NULL;
    }
}

/* True when anything that the ancestors can see changed. */
static inline bool refresh(struct tree *tree, struct tree_node *node, int lower, int upper)
{
    int now = 1 + MAX(lower, upper);
    bool changed = node->height != now;
    node->height = (uint8_t)now;
    return (tree->update && tree->update(node)) || changed;
}

/* Lifts the child of that side above the node. */
static void rotate(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *top = node->child[side];
    replace(tree, node, top);
    set_child(node, side, top->child[!side]);
    set_child(top, !side, node);
    refresh(tree, node, height(node->child[0]), height(node->child[1]));
    top->height = 0;
}

static void repair(struct tree *tree, struct tree_node *node)
{
    for (; node; node = node->parent) {
        int lower = height(node->child[0]), upper = height(node->child[1]), lean = upper - lower;
        if (likely((unsigned)lean + 1 <= 2)) {
            if (!refresh(tree, node, lower, upper)) return;
            continue;
        }
        /* Lifting the higher child moves its inner subtree across, so that one must not be its higher one. */
        unsigned side = lean > 0;
        struct tree_node *high = node->child[side];
        if (height(high->child[!side]) > height(high->child[side])) rotate(tree, high, !side);
        rotate(tree, node, side); /* the walk goes on with the lifted node, now the parent */
    }
}

void tree_insert_after(struct tree *tree, struct tree_node *before, struct tree_node *fresh)
{
    /* The first free place among those that come after `before`. */
    struct tree_node *parent = before, **link = before ? &before->child[1] : &tree->root;
    while (*link) {
        parent = *link;
        link = &parent->child[0];
    }
    *link = fresh;
    *fresh = (struct tree_node){ .parent = parent };
    repair(tree, fresh);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *lowest = node->parent;
    if (node->child[0] && node->child[1]) {
        struct tree_node *heir = tree_next(node); /* it has no child before it */
        lowest = heir->parent == node ? heir : heir->parent;
        replace(tree, heir, heir->child[1]);
        replace(tree, node, heir);
        set_child(heir, 0, node->child[0]);
        set_child(heir, 1, node->child[1]);
        heir->height = 0;
        repair(tree, lowest);
        lowest = heir; /* that walk may have ended below the heir */
    } else {
        replace(tree, node, node->child[node->child[0] == NULL]);
    }
    repair(tree, lowest);
}

void tree_clear(struct tree *tree, void (*gone)(struct tree_node *node))
{
    for (struct tree_node *node = tree->root, *next; node; node = next) {
        next = node->child[0] ? node->child[0] : node->child[1];
        if (next) continue;
        next = node->parent;
        if (next) next->child[next->child[1] == node] = NULL;
        gone(node);
    }
    tree->root = NULL;
}

void tree_updated(struct tree *tree, struct tree_node *node) { repair(tree, node); }

static struct tree_node *outermost(struct tree_node *node, unsigned side)
{
    while (node && node->child[side]) node = node->child[side];
    return node;
}

struct tree_node *tree_end(const struct tree *tree, unsigned side) { return outermost(tree->root, side); }

struct tree_node *tree_neighbour(const struct tree_node *node, unsigned side)
{
    if (node->child[side]) return outermost(node->child[side], !side);
    struct tree_node *parent = node->parent;
    while (parent && parent->child[side] == node) {
        node = parent;
        parent = node->parent;
    }
    return parent;
}
