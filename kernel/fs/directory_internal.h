/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all names, for directory.c and for the walk, which looks up a name per component. */
#pragma once
#include "fs/directory.h"
#include "fs/name_hash.h"

struct directory_table {
    struct dir_entry **buckets;
    uint32_t shift; /* the upper 32 - shift bits of a hash choose the bucket */
    uint64_t entry_count;
};
extern struct directory_table directory_table; /* under fs_queue.lock */

static ALWAYS_INLINE struct dir_entry *directory_look_up_locked(const struct vnode *directory,
                                                                const char *name, size_t bytes, uint32_t hash)
    REQUIRES(fs_queue.lock)
{
    struct dir_entry *entry = directory_table.buckets[hash >> directory_table.shift];
    for (; entry; entry = entry->hash_next)
        if (entry->hash == hash && entry->parent == directory && entry->name_bytes == bytes &&
            name_is_same(entry->name, name, bytes))
            return entry;
    return NULL;
}
