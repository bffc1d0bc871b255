/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lock_graph.h"

enum { CLASSES = CONFIG_LOCK_CLASSES_MAX };
#define NO_EDGE UINT16_MAX
_Static_assert(CLASSES % 8 == 0, "a row is whole bytes");
_Static_assert(CONFIG_LOCK_EDGES_MAX < NO_EDGE, "an edge's index fits");

bool lock_graph_class(struct lock_graph *graph, const char *name, uint32_t *out_class)
{
    uint64_t hash = (uint64_t)name * 0x9e3779b97f4a7c15ull; /* 2^64 over the golden ratio spreads addresses */
    uint32_t first = (uint32_t)((hash >> 32) % CLASSES);
    for (uint32_t i = 0; i < CLASSES; i++) {
        uint32_t slot = (first + i) % CLASSES;
        if (!graph->names[slot]) graph->names[slot] = name;
        if (graph->names[slot] != name) continue;
        *out_class = slot;
        return true;
    }
    return false;
}

static bool is_known(const struct lock_graph *graph, uint32_t before, uint32_t after)
{
    return graph->is_edge[before][after / 8] & 1u << after % 8;
}

/* The edge by which `class` was reached is in reached_by; followed back to `from`, they are the path. */
static void trace_back(const struct lock_graph *graph, const uint16_t *reached_by, uint32_t from, uint32_t to,
                       struct lock_path *path)
{
    path->count = 0;
    for (uint32_t at = to; at != from; at = graph->edges[reached_by[at]].before) path->count++;
    uint32_t left = path->count;
    for (uint32_t at = to; at != from; at = graph->edges[reached_by[at]].before)
        path->edges[--left] = reached_by[at];
}

/* Breadth first, so the path found is the shortest there is. */
static bool find_path(const struct lock_graph *graph, uint32_t from, uint32_t to, struct lock_path *path)
{
    uint16_t reached_by[CLASSES], queue[CLASSES];
    for (uint32_t i = 0; i < CLASSES; i++) reached_by[i] = NO_EDGE;
    uint32_t taken = 0, count = 0;
    queue[count++] = (uint16_t)from;
    while (taken < count) {
        uint32_t at = queue[taken++];
        if (at == to) {
            trace_back(graph, reached_by, from, to, path);
            return true;
        }
        for (uint32_t i = 0; i < graph->edge_count; i++) {
            const struct lock_edge *e = &graph->edges[i];
            if (e->before != at || e->after == from || reached_by[e->after] != NO_EDGE) continue;
            reached_by[e->after] = (uint16_t)i;
            queue[count++] = e->after;
        }
    }
    return false;
}

enum lock_graph_result lock_graph_add(struct lock_graph *graph, struct lock_edge edge,
                                      struct lock_path *out_path)
{
    if (is_known(graph, edge.before, edge.after)) return LOCK_GRAPH_OK;
    if (find_path(graph, edge.after, edge.before, out_path)) return LOCK_GRAPH_CYCLE;
    if (graph->edge_count == CONFIG_LOCK_EDGES_MAX) return LOCK_GRAPH_FULL;
    graph->edges[graph->edge_count++] = edge;
    graph->is_edge[edge.before][edge.after / 8] |= (uint8_t)(1u << edge.after % 8);
    return LOCK_GRAPH_OK;
}
