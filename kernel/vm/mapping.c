/* SPDX-License-Identifier: Apache-2.0 */
/* Which areas show a file, and how pages are taken back from all of them. */
#include "vm/space_internal.h"

void mapping_init(struct mapping *mapping)
{
    *mapping = (struct mapping){ .lock = SPINLOCK_INIT };
    list_init(&mapping->areas);
}

static bool may_write_file(const struct area *area)
{
    return (area->flags & (SPACE_SHARED | SPACE_MAY_WRITE)) == (SPACE_SHARED | SPACE_MAY_WRITE);
}

void area_attach(struct area *area)
{
    if (!area->backing) return;
    backing_get(area->backing);
    struct mapping *m = area->backing->mapping;
    area->revocation = 0;
    spin_lock(&m->lock);
    list_push_back(&m->areas, &area->mapped);
    __atomic_add_fetch(&m->area_count, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&m->writable_count, may_write_file(area), __ATOMIC_RELAXED);
    spin_unlock(&m->lock);
}

void area_detach(struct area *area)
{
    if (!area->backing) return;
    struct mapping *m = area->backing->mapping;
    spin_lock(&m->lock);
    list_remove(&area->mapped);
    __atomic_sub_fetch(&m->area_count, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&m->writable_count, may_write_file(area), __ATOMIC_RELAXED);
    spin_unlock(&m->lock);
    backing_put(area->backing);
}

/* ---- revoking ---- */

static struct mutex revoking =
    MUTEX_INIT(revoking); /* one at a time, so that each can mark what it has seen */

/* The next area that this revocation has not seen, of `only` if that is not NULL; marked as seen unless its
 * space has to be locked first. */
static struct area *next_unseen_locked(struct mapping *m, const struct space *only) REQUIRES(m->lock)
{
    LIST_FOR_EACH (node, &m->areas) {
        struct area *area = LIST_ENTRY(node, struct area, mapped);
        if (area->revocation != m->revocations && (!only || area->space == only)) return area;
    }
    return NULL;
}

struct page_range {
    uint64_t first, end;
};

static void revoke_in_area_locked(struct space *space, struct area *area, struct page_range pages,
                                  bool copies_too) REQUIRES(space->lock)
{
    uint64_t last = area_page_of(area, area->end);
    uint64_t from = MAX(pages.first, area->backing_page), to = MIN(pages.end, last);
    if (from >= to) return;
    uint64_t start = area->start + ((from - area->backing_page) << PAGE_SHIFT);
    uint64_t bytes = (to - from) << PAGE_SHIFT;
    struct page_table *pt = &space->page_table;
    if (copies_too && !(area->flags & SPACE_SHARED)) {
        err_t e = page_table_unmap(pt, start, bytes, page_release, space);
        ASSERT(!failed(e)); /* pages of files are never in huge leaves, so nothing is split */
    } else {
        page_table_unmap_borrowed(pt, start, bytes, page_release, space);
    }
}

static void revoke_in_space(struct mapping *m, struct space *space, struct page_range pages, bool copies_too)
{
    mutex_lock(&space->lock);
    for (;;) {
        spin_lock(&m->lock);
        struct area *area = next_unseen_locked(m, space);
        if (area) {
            area->revocation = m->revocations;
            list_remove(&area->mapped); /* those not seen yet stay in front */
            list_push_back(&m->areas, &area->mapped);
        }
        spin_unlock(&m->lock);
        if (!area) break;
        revoke_in_area_locked(space, area, pages, copies_too);
    }
    mutex_unlock(&space->lock);
}

void mapping_revoke(struct mapping *m, uint64_t first, uint64_t end, bool copies_too)
{
    mutex_lock(&revoking);
    spin_lock(&m->lock);
    m->revocations++;
    for (const struct area *area; (area = next_unseen_locked(m, NULL));) {
        struct space *space = space_get(area->space); /* it cannot go while one of its areas is in the list */
        spin_unlock(&m->lock);
        revoke_in_space(m, space, (struct page_range){ first, end }, copies_too);
        space_put(space);
        spin_lock(&m->lock);
    }
    spin_unlock(&m->lock);
    mutex_unlock(&revoking);
}
