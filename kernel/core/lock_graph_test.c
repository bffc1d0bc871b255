/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lock_graph.h"

#include "lib/string.h"
#include "tests/harness/test.h"

static struct lock_graph graph;
static struct lock_path path;
static const char names[CONFIG_LOCK_CLASSES_MAX + 1];

static void start(void) { memset(&graph, 0, sizeof(graph)); }

static uint16_t class_of(uint32_t name)
{
    uint32_t class = UINT32_MAX;
    EXPECT(lock_graph_class(&graph, &names[name], &class));
    return (uint16_t)class;
}

/* The sites are the names too, so that a path tells which edges it goes along. */
static enum lock_graph_result add(uint32_t before, uint32_t after)
{
    struct lock_edge edge = { class_of(before), class_of(after), &names[before], &names[after] };
    return lock_graph_add(&graph, edge, &path);
}

static void expect_step(uint32_t step, uint32_t before, uint32_t after)
{
    const struct lock_edge *e = &graph.edges[path.edges[step]];
    EXPECT_EQ(e->before, class_of(before));
    EXPECT_EQ(e->after, class_of(after));
    EXPECT(e->before_site == &names[before]);
    EXPECT(e->after_site == &names[after]);
}

TEST(a_name_keeps_its_class_and_two_names_differ)
{
    start();
    uint16_t first = class_of(0), second = class_of(1);
    EXPECT(first != second);
    EXPECT_EQ(class_of(0), first);
    EXPECT_EQ(class_of(1), second);
}

TEST(one_class_more_than_there_is_room_for_is_refused)
{
    start();
    uint32_t class;
    for (uint32_t i = 0; i < CONFIG_LOCK_CLASSES_MAX; i++) class_of(i);
    EXPECT(!lock_graph_class(&graph, &names[CONFIG_LOCK_CLASSES_MAX], &class));
    EXPECT(lock_graph_class(&graph, &names[0], &class));
}

TEST(a_pair_seen_again_takes_no_room)
{
    start();
    for (int i = 0; i < 3; i++) EXPECT_EQ(add(0, 1), LOCK_GRAPH_OK);
    EXPECT_EQ(graph.edge_count, 1);
}

TEST(a_cycle_of_any_length_is_found_with_the_way_round)
{
    for (uint32_t length = 2; length <= 6; length++) {
        start();
        for (uint32_t i = 0; i + 1 < length; i++) EXPECT_EQ(add(i, i + 1), LOCK_GRAPH_OK);
        EXPECT_EQ(add(length - 1, 0), LOCK_GRAPH_CYCLE);
        EXPECT_EQ(path.count, length - 1);
        for (uint32_t i = 0; i + 1 < length; i++) expect_step(i, i, i + 1);
    }
}

TEST(the_longest_cycle_there_is_room_for_is_found)
{
    start();
    for (uint32_t i = 0; i + 1 < CONFIG_LOCK_CLASSES_MAX; i++) EXPECT_EQ(add(i, i + 1), LOCK_GRAPH_OK);
    EXPECT_EQ(add(CONFIG_LOCK_CLASSES_MAX - 1, 0), LOCK_GRAPH_CYCLE);
    EXPECT_EQ(path.count, CONFIG_LOCK_CLASSES_MAX - 1);
}

TEST(a_refused_pair_is_not_noted)
{
    start();
    EXPECT_EQ(add(0, 1), LOCK_GRAPH_OK);
    EXPECT_EQ(add(1, 0), LOCK_GRAPH_CYCLE);
    EXPECT_EQ(graph.edge_count, 1);
    EXPECT_EQ(add(1, 0), LOCK_GRAPH_CYCLE);
}

TEST(two_ways_to_the_same_lock_are_no_cycle)
{
    start();
    EXPECT_EQ(add(0, 1), LOCK_GRAPH_OK);
    EXPECT_EQ(add(0, 2), LOCK_GRAPH_OK);
    EXPECT_EQ(add(1, 3), LOCK_GRAPH_OK);
    EXPECT_EQ(add(2, 3), LOCK_GRAPH_OK);
    EXPECT_EQ(add(0, 3), LOCK_GRAPH_OK);
}

TEST(the_shortest_way_round_is_told)
{
    start();
    EXPECT_EQ(add(0, 1), LOCK_GRAPH_OK);
    EXPECT_EQ(add(1, 2), LOCK_GRAPH_OK);
    EXPECT_EQ(add(0, 2), LOCK_GRAPH_OK);
    EXPECT_EQ(add(2, 0), LOCK_GRAPH_CYCLE);
    EXPECT_EQ(path.count, 1);
    expect_step(0, 0, 2);
}

TEST(a_pair_more_than_there_is_room_for_is_refused_but_known_ones_are_not)
{
    start();
    uint32_t left = CONFIG_LOCK_EDGES_MAX;
    for (uint32_t before = 0; left; before++)
        for (uint32_t after = before + 1; after < CONFIG_LOCK_CLASSES_MAX && left; after++, left--)
            EXPECT_EQ(add(before, after), LOCK_GRAPH_OK);
    EXPECT_EQ(add(CONFIG_LOCK_CLASSES_MAX - 2, CONFIG_LOCK_CLASSES_MAX - 1), LOCK_GRAPH_FULL);
    EXPECT_EQ(add(0, 1), LOCK_GRAPH_OK);
    EXPECT_EQ(add(1, 0), LOCK_GRAPH_CYCLE);
}
