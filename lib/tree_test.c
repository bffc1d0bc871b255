/* SPDX-License-Identifier: Apache-2.0 */
/* The tree beside an array that holds the same items in the same order. */
#include "lib/random.h"
#include "lib/tree.h"
#include "tests/harness/test.h"

#include <math.h>
#include <string.h>

enum { ITEMS = 10000, RANDOM_ITEMS = 250, RANDOM_STEPS = 100000 };

struct item {
    uint32_t value, largest; /* `largest` is the summary: of this value and those below */
    struct tree_node node;
};

static struct item items[ITEMS], *order[ITEMS], *unused[ITEMS];
static size_t used, updates;
static struct tree tree;

static struct item *item_of(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct item, node) : NULL;
}

static uint32_t largest_of(const struct item *item)
{
    uint32_t largest = item->value;
    for (int side = 0; side < 2; side++) {
        struct item *child = item_of(item->node.child[side]);
        if (child) largest = MAX(largest, child->largest);
    }
    return largest;
}

static bool update(struct tree_node *node)
{
    struct item *item = item_of(node);
    uint32_t before = item->largest;
    item->largest = largest_of(item);
    updates++;
    return item->largest != before;
}

static void start(bool (*with)(struct tree_node *))
{
    memset(items, 0xa5, sizeof items);
    tree = (struct tree){ .update = with };
    used = updates = 0;
    for (size_t i = 0; i < ITEMS; i++) unused[i] = &items[ITEMS - 1 - i];
}

static struct item *insert_at(size_t at, uint32_t value)
{
    struct item *item = unused[ITEMS - 1 - used];
    memmove(order + at + 1, order + at, (used - at) * sizeof *order);
    order[at] = item;
    used++;
    item->value = item->largest = value;
    item->node.height = 1; /* what it may remember from an earlier life as a leaf must not matter */
    tree_insert_after(&tree, at ? &order[at - 1]->node : NULL, &item->node);
    return item;
}

static void remove_at(size_t at)
{
    struct item *item = order[at];
    tree_remove(&tree, &item->node);
    memset(&item->node, 0xa5, sizeof item->node); /* nothing may still lead here */
    used--;
    memmove(order + at, order + at + 1, (used - at) * sizeof *order);
    unused[ITEMS - 1 - used] = item;
}

static size_t place_of(const struct tree_node *node)
{
    size_t at = 0;
    while (&order[at]->node != node) at++;
    return at;
}

/* The height of a subtree that begins with order[*at], or -1 where anything is wrong; moves *at past it. */
static int walk(const struct tree_node *node, const struct tree_node *parent, size_t *at)
{
    if (!node) return 0;
    if (node->parent != parent) return -1;
    int before = walk(node->child[0], node, at);
    if (before < 0 || *at >= used || &order[*at]->node != node) return -1;
    const struct item *item = order[(*at)++];
    int after = walk(node->child[1], node, at);
    if (after < 0 || before - after > 1 || after - before > 1) return -1;
    if (node->height != 1 + MAX(before, after)) return -1;
    return tree.update && item->largest != largest_of(item) ? -1 : node->height;
}

static bool is_intact(void)
{
    size_t at = 0;
    int height = walk(tree.root, NULL, &at);
    return height >= 0 && at == used && height <= 1.45 * log2((double)used + 2);
}

static bool neighbours_agree(void)
{
    if (item_of(tree_first(&tree)) != (used ? order[0] : NULL)) return false;
    if (item_of(tree_last(&tree)) != (used ? order[used - 1] : NULL)) return false;
    for (size_t i = 0; i < used; i++) {
        if (item_of(tree_previous(&order[i]->node)) != (i ? order[i - 1] : NULL)) return false;
        if (item_of(tree_next(&order[i]->node)) != (i + 1 < used ? order[i + 1] : NULL)) return false;
    }
    return true;
}

static struct random dice;
static uint32_t below(size_t limit) { return (uint32_t)(random_u64(&dice) % limit); }

/* One step as the owner of such a tree makes it: with the node, the value of its neighbour may change too.
 * Few values, so that summaries often stay the same when their reason goes. */
static void random_step(size_t wanted)
{
    bool grow = used == 0 || (used < RANDOM_ITEMS && below(used + wanted) < wanted);
    size_t at = below(used + grow);
    struct item *neighbour = at + 1 < used ? order[at + 1] : NULL;
    bool both = neighbour && below(2);
    if (both) neighbour->value = below(20);
    if (below(4) == 0 && at < used) {
        order[at]->value = below(20);
        tree_updated(&tree, &order[at]->node);
    } else if (grow) {
        insert_at(at, below(20));
    } else {
        remove_at(at);
    }
    if (both) tree_updated(&tree, &neighbour->node);
}

static void random_steps(bool (*with)(struct tree_node *))
{
    static const size_t wanted[] = { 3, 200, 10, 60, 1 };
    start(with);
    random_init(&dice, "tree", 4);
    for (size_t i = 0; i < RANDOM_STEPS; i++) {
        random_step(wanted[i / 500 % ARRAY_LENGTH(wanted)]);
        if (is_intact() && neighbours_agree()) continue;
        test_fail(__FILE__, __LINE__, "broken by step %zu, with %zu nodes", i, used);
        return;
    }
}

TEST(a_tree_keeps_order_balance_and_summaries_through_random_changes) { random_steps(update); }
TEST(a_tree_without_summaries_keeps_order_and_balance) { random_steps(NULL); }

TEST(an_empty_tree_has_no_ends_and_one_node_is_both)
{
    start(update);
    EXPECT(is_intact() && neighbours_agree());
    struct item *only = insert_at(0, 7);
    EXPECT(tree.root == &only->node && only->node.height == 1);
    EXPECT_EQ(only->largest, 7);
    EXPECT(is_intact() && neighbours_agree());
    remove_at(0);
    EXPECT(tree.root == NULL);
    EXPECT(is_intact() && neighbours_agree());
}

static void fill(bool ascending)
{
    start(update);
    for (uint32_t i = 0; i < ITEMS; i++) {
        insert_at(ascending ? used : 0, i);
        if (i % 500 == 0) EXPECT(is_intact());
    }
    EXPECT(is_intact() && neighbours_agree());
    EXPECT_EQ(item_of(tree.root)->largest, ITEMS - 1);
}

TEST(a_tree_filled_from_either_end_is_balanced_and_can_be_emptied_from_there)
{
    for (int ascending = 0; ascending < 2; ascending++) {
        fill(ascending);
        while (used > 0) {
            remove_at(ascending ? 0 : used - 1);
            if (used % 500 == 0) EXPECT(is_intact());
        }
        EXPECT(tree.root == NULL);
    }
}

static size_t gone_count;

/* Marks the node, whose children must have been marked before it. */
static void mark_gone(struct tree_node *node)
{
    for (int side = 0; side < 2; side++) EXPECT(node->child[side] == NULL);
    EXPECT(node->height != 0);
    node->height = 0;
    gone_count++;
}

TEST(a_tree_that_is_cleared_gives_up_each_node_once_and_parents_last)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 100, ITEMS };
    for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++) {
        start(NULL);
        for (uint32_t i = 0; i < sizes[s]; i++) insert_at(i % 3 ? used : used / 2, i);
        gone_count = 0;
        tree_clear(&tree, mark_gone);
        EXPECT_EQ(gone_count, sizes[s]);
        EXPECT(tree.root == NULL);
    }
}

TEST(a_tree_stays_whole_while_its_root_is_removed_again_and_again)
{
    fill(true);
    while (used > 0) {
        remove_at(place_of(tree.root));
        if (used % 100 == 0 || used < 100) EXPECT(is_intact() && neighbours_agree());
    }
    EXPECT(tree.root == NULL);
}

TEST(a_new_value_reaches_the_root_and_one_that_does_not_show_ends_at_its_node)
{
    fill(true);
    struct item *first = order[0];
    first->value = ITEMS;
    updates = 0;
    tree_updated(&tree, &first->node);
    EXPECT_EQ(item_of(tree.root)->largest, ITEMS);
    EXPECT(updates <= tree.root->height);

    struct item *root = item_of(tree.root);
    root->value = 1;
    updates = 0;
    tree_updated(&tree, &root->node);
    EXPECT_EQ(updates, 1);

    struct item *last = order[used - 1];
    last->value = 0; /* its parent sees that, the root has a larger one elsewhere */
    updates = 0;
    tree_updated(&tree, &last->node);
    EXPECT(updates > 1 && updates <= tree.root->height);
    EXPECT(is_intact());
}

TEST(one_change_updates_a_few_nodes_of_each_level_at_most)
{
    fill(true);
    random_init(&dice, "few", 3);
    size_t most = 0, all = 0;
    for (int i = 0; i < 2000; i++) {
        updates = 0;
        remove_at(below(used));
        insert_at(below(used + 1), below(ITEMS));
        most = MAX(most, updates);
        all += updates;
    }
    EXPECT(is_intact());
    EXPECT(most <= 2 * 2 * 18);   /* 18 levels; two nodes of each for either half of the change */
    EXPECT(all / 2000 <= 2 * 10); /* most changes end half way up */
    test_note("a removal and an insertion: %zu updates on average, %zu at most", all / 2000, most);
}
