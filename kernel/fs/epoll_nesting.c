/* SPDX-License-Identifier: Apache-2.0 */
/* Epolls that watch epolls: how long their chains may be, and how many. Every change far down is told on every way up,
 * under one lock after the other, and looked at on every way down. [linux fs/eventpoll.c] for the limits. */
#include "fs/epoll_internal.h"

enum { CHAIN_MAX = 4 }; /* epolls below an epoll, one in the other */

/* Ways of so many steps from one file to an epoll that nobody watches; of a single step any number. */
static const uint32_t ways_max[CHAIN_MAX + 1] = { UINT32_MAX, 500, 100, 50, 10 };

static uint64_t visits; /* under epoll_nesting, as `visit` of each epoll */

/* ---- chains ---- */

/* How many epolls lie below, at most; more than CHAIN_MAX when `root` is among them. */
static uint32_t look_down(struct epoll *ep, const struct epoll *root,
                          uint32_t depth) NO_THREAD_SAFETY_ANALYSIS
{
    if (ep == root || depth > CHAIN_MAX) return CHAIN_MAX + 1;
    if (ep->visit == visits) return ep->visit_deep;
    uint32_t deep = 0;
    ep->visit = visits;
    mutex_lock_nested(&ep->lock); /* from above to below, and nobody else takes two */
    for (struct tree_node *node = tree_first(&ep->items); node && deep <= CHAIN_MAX; node = tree_next(node)) {
        const struct file *file = TREE_ENTRY(node, struct epoll_item, node)->file;
        if (file_is_epoll(file)) deep = MAX(deep, look_down(epoll_of(file), root, depth + 1) + 1);
    }
    mutex_unlock(&ep->lock);
    ep->visit_deep = deep;
    return deep;
}

/* How many epolls lie above, at most. Each is looked at once: between full layers there are more ways than anybody has
 * time for, and interrupts are off. */
static uint32_t look_up_locked(struct epoll *ep, uint32_t depth) REQUIRES(epoll_links_lock)
{
    if (!ep->file->is_watched || depth > CHAIN_MAX) return 0;
    if (ep->visit == visits) return ep->visit_deep;
    uint32_t high = 0;
    ep->visit = visits;
    LIST_FOR_EACH (node, &ep->file->epoll_items)
        high =
            MAX(high, look_up_locked(LIST_ENTRY(node, struct epoll_item, file_link)->epoll, depth + 1) + 1);
    ep->visit_deep = high;
    return high;
}

err_t epoll_check_chain(struct epoll *ep, struct epoll *to)
{
    visits++;
    uint32_t below = look_down(to, ep, 0);
    if (below > CHAIN_MAX) return ERR_LOOP;
    visits++;
    spin_lock(&epoll_links_lock);
    uint32_t above = look_up_locked(ep, 0);
    spin_unlock(&epoll_links_lock);
    return below + 1 + above > CHAIN_MAX ? ERR_LOOP : OK;
}

/* ---- ways ---- */

static bool count_ways_locked(const struct file *file, uint32_t steps, uint32_t ways[CHAIN_MAX + 1])
    REQUIRES(epoll_links_lock)
{
    if (steps > CHAIN_MAX) return false;
    LIST_FOR_EACH (node, &file->epoll_items) {
        const struct file *above = LIST_ENTRY(node, struct epoll_item, file_link)->epoll->file;
        bool is_end = !above->is_watched || list_is_empty(&above->epoll_items);
        if (is_end ? ++ways[steps] > ways_max[steps] : !count_ways_locked(above, steps + 1, ways))
            return false;
    }
    return true;
}

static err_t check_file(const struct file *file)
{
    uint32_t ways[CHAIN_MAX + 1] = { 0 };
    spin_lock(&epoll_links_lock);
    bool is_fine = !file->is_watched || count_ways_locked(file, 0, ways);
    spin_unlock(&epoll_links_lock);
    return is_fine ? OK : ERR_INVALID;
}

/* Down to the files that are no epolls. */
static err_t check_below(struct epoll *ep) NO_THREAD_SAFETY_ANALYSIS
{
    err_t e = OK;
    if (ep->visit == visits) return OK;
    ep->visit = visits;
    mutex_lock_nested(&ep->lock); /* from above to below */
    for (struct tree_node *node = tree_first(&ep->items); node && !failed(e); node = tree_next(node)) {
        struct file *file = TREE_ENTRY(node, struct epoll_item, node)->file;
        e = file_is_epoll(file) ? check_below(epoll_of(file)) : check_file(file);
    }
    mutex_unlock(&ep->lock);
    return e;
}

err_t epoll_check_ways(struct file *file)
{
    visits++;
    return file_is_epoll(file) ? check_below(epoll_of(file)) : check_file(file);
}
