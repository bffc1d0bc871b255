/* SPDX-License-Identifier: Apache-2.0 */
/* Which locks are taken while which others are held: a directed graph whose nodes are classes of locks.
 * As long as it has no cycle, no order in which threads and processors run can end in a deadlock.
 *
 * A class is all locks that one place in the source initialises, and is known by the address of its name.
 * Tables are of fixed size and nothing is ever forgotten. The caller keeps others out. */
#pragma once
#include "config.h"
#include "lib/base.h"

struct lock_edge {
    uint16_t before, after;               /* classes */
    const void *before_site, *after_site; /* who took them, when the pair was first seen */
};

struct lock_graph {
    const char *names[CONFIG_LOCK_CLASSES_MAX]; /* a hash table: a class is its slot */
    uint8_t is_edge[CONFIG_LOCK_CLASSES_MAX][CONFIG_LOCK_CLASSES_MAX / 8];
    struct lock_edge edges[CONFIG_LOCK_EDGES_MAX];
    uint32_t edge_count;
};

/* A way through the graph, first step first. */
struct lock_path {
    uint32_t count;
    uint16_t edges[CONFIG_LOCK_CLASSES_MAX];
};

enum lock_graph_result { LOCK_GRAPH_OK, LOCK_GRAPH_CYCLE, LOCK_GRAPH_FULL };

/* The class of that name. False when the table is full. */
bool lock_graph_class(struct lock_graph *graph, const char *name, uint32_t *out_class);

/* Notes that a lock of class `edge.after` is taken while one of `edge.before` is held. LOCK_GRAPH_CYCLE: the
 * graph leads from `after` to `before` already, on `out_path`; nothing is noted. */
enum lock_graph_result lock_graph_add(struct lock_graph *graph, struct lock_edge edge,
                                      struct lock_path *out_path);
