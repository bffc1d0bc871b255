/* SPDX-License-Identifier: Apache-2.0 */
/* What a mapping of a file needs of the file. vm/ owns the contract; fs/ fills it in, so that vm/ does not
 * know files.
 *
 * A struct backing is embedded in each open file, whose references it counts with; a struct mapping in
 * each regular vnode: it knows all areas that show the vnode's pages, whatever file they were mapped by.
 *
 * The order of locks: a change of a file (vnode_start_change), then a space's lock, then mapping.lock and
 * fs_lock. So what is called under a space's lock never begins a change. */
#pragma once
#include "core/lock.h"
#include "lib/base.h"
#include "lib/list.h"

struct backing;

struct backing_page {
    paddr_t frame;
    bool is_own; /* the file's own, to be written in place by shared mappings; else for reading only */
    /* The 2 MiB of the backing around the page, aligned there, lie in a row and aligned in memory, and stay: nobody
     * takes single pages of them back. Only of what is its own. */
    bool is_block;
};

struct backing_ops {
    const char *name; /* of memory that is no file's, as /proc shows it; NULL: a file's */
    void (*get)(struct backing *backing);
    void (*put)(struct backing *backing);
    /* The frame that shows the page now, to be mapped where it is and never freed by the caller. It stays
     * until mapping_revoke has been called for it. ERR_IO: the page lies beyond the end of the file.
     * ERR_NOT_SUPPORTED: no frame shows it (data of the archive off page borders; for a shared area also a
     * hole, which shall get a page): own or read. Under a space's lock. */
    err_t (*page)(struct backing *backing, uint64_t index, bool is_shared, struct backing_page *out);
    /* Gives the file a page of its own in place of a hole or of the archive's page, with what that showed;
     * nothing if it has one. ERR_IO as above, ERR_NO_SPACE, ERR_NO_MEMORY. No lock of a space is held;
     * this thread may be inside a change of any file. NULL where no area is shared. */
    err_t (*own)(struct backing *backing, uint64_t index);
    /* Copies a page's bytes; what lies beyond the end of the file is zero. ERR_IO as above. Under a
     * space's lock. */
    err_t (*read)(struct backing *backing, uint64_t index, void *out_page);
};

struct mapping {
    struct spinlock lock;
    struct list areas;       /* of area.mapped; under lock */
    uint32_t area_count;     /* atomic, for looks without the lock */
    uint32_t writable_count; /* of these, shared ones that are or may become writable; atomic */
    uint64_t revocations;    /* under lock */
    uint64_t identity;       /* vm/identity.h */
    bool lends;              /* set and read by the file, under a lock of its own: it has shown pages that
                              * are not its own, so that page tables must be told when it gets one */
};

struct backing {
    const struct backing_ops *ops;
    struct mapping *mapping;
};

void mapping_init(struct mapping *mapping);
static inline bool mapping_is_used(const struct mapping *mapping)
{
    return __atomic_load_n(&mapping->area_count, __ATOMIC_RELAXED) != 0;
}

/* Takes pages [first, end) out of all page tables that show them; the next touch asks for them again.
 * Called after the file shows something else there (a page of its own, a hole, its end) and before the
 * old frames are freed. `copies_too`: private copies of the pages go as well, as when a file is cut
 * short. Threads only, no space's lock held; sleeps. */
void mapping_revoke(struct mapping *mapping, uint64_t first, uint64_t end, bool copies_too);

static inline struct backing *backing_get(struct backing *backing)
{
    if (backing) backing->ops->get(backing);
    return backing;
}
static inline void backing_put(struct backing *backing)
{
    if (backing) backing->ops->put(backing);
}
