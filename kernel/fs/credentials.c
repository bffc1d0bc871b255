/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/credentials.h"

#include "mm/heap.h"

/* Its own reference is never put. */
const struct credentials credentials_of_root = {
    .references = 1,
    .effective = LINUX_CAPABILITIES_ALL,
    .permitted = LINUX_CAPABILITIES_ALL,
    .bounding = LINUX_CAPABILITIES_ALL,
};

static bool is_counted(const struct credentials *c) { return c && c != &credentials_of_root; }

const struct credentials *credentials_get(const struct credentials *c)
{
    if (is_counted(c)) __atomic_add_fetch(&((struct credentials *)c)->references, 1, __ATOMIC_RELAXED);
    return c;
}

void credentials_put(const struct credentials *c)
{
    struct credentials *last = (struct credentials *)c;
    if (!is_counted(c) || __atomic_sub_fetch(&last->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    credential_groups_put(last->groups);
    heap_free(last);
}

struct credentials *credentials_copy(const struct credentials *c)
{
    struct credentials *copy = heap_alloc(sizeof(*copy));
    if (!copy) return NULL;
    *copy = *c;
    copy->references = 1;
    if (copy->groups) __atomic_add_fetch(&copy->groups->references, 1, __ATOMIC_RELAXED);
    return copy;
}

/* ---- groups ---- */

struct credential_groups *credential_groups_create(uint32_t count)
{
    struct credential_groups *groups = heap_alloc(sizeof(*groups) + count * sizeof(groups->gids[0]));
    if (!groups) return NULL;
    groups->references = 1;
    groups->count = count;
    return groups;
}

void credential_groups_put(struct credential_groups *groups)
{
    if (groups && __atomic_sub_fetch(&groups->references, 1, __ATOMIC_ACQ_REL) == 0) heap_free(groups);
}

static void exchange(uint32_t *a, uint32_t *b)
{
    uint32_t was = *a;
    *a = *b;
    *b = was;
}

static void sift_down(uint32_t *gids, uint32_t at, uint32_t count)
{
    for (uint32_t child = 2 * at + 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && gids[child + 1] > gids[child]) child++;
        if (gids[at] >= gids[child]) return;
        exchange(&gids[at], &gids[child]);
        at = child;
    }
}

/* By a heap: there can be 65,536 of them, in the worst order that a program thinks of. */
static void sort(uint32_t *gids, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;) sift_down(gids, i, count);
    for (uint32_t end = count; end-- > 1;) {
        exchange(&gids[0], &gids[end]);
        sift_down(gids, 0, end);
    }
}

void credentials_set_groups(struct credentials *c, struct credential_groups *groups)
{
    sort(groups->gids, groups->count);
    credential_groups_put(c->groups);
    c->groups = groups;
}

bool credentials_in_group(const struct credentials *c, uint32_t gid)
{
    if (gid == c->gid.fs) return true;
    uint32_t first = 0, end = c->groups ? c->groups->count : 0;
    while (first < end) {
        uint32_t middle = first + (end - first) / 2;
        if (c->groups->gids[middle] == gid) return true;
        if (c->groups->gids[middle] < gid)
            first = middle + 1;
        else
            end = middle;
    }
    return false;
}
