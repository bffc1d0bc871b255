/* SPDX-License-Identifier: Apache-2.0 */
/* Names: an entry ties a name in a directory to a vnode.
 *
 * All entries of all directories are in one hash table, keyed by directory and name, so a look-up
 * costs the same in a directory of three names and of thirty thousand, and a name that is not in the
 * table does not exist. Each directory also lists its entries in the order they came, which is the
 * order readers see; an entry keeps its cookie for life, so a reader's place survives changes.
 *
 * Entries are counted: a removed entry that an open file holds still tells that file's path. */
#pragma once
#include "fs/vnode.h"
#include "lib/base.h"

struct dir_entry {
    struct dir_entry *hash_next;
    struct list siblings; /* in parent->directory.entries; by cookie */
    struct vnode *parent; /* counted */
    struct vnode *vnode;  /* counted; NULL once the entry is removed */
    const char *name;     /* name_bytes and no NUL: in the archive, behind the entry, or on the heap */
    uint32_t hash;        /* of directory and name */
    uint32_t references;  /* atomic: the tree's, open files', a directory's own */
    uint32_t cookie;      /* place in the directory, from DIRECTORY_FIRST_COOKIE */
    uint8_t name_bytes;   /* 1..255 */
    bool is_name_on_heap;
    char inline_name[];
};

/* 0 and 1 are "." and "..". */
enum { DIRECTORY_FIRST_COOKIE = 2 };

struct dir_entry *directory_find_locked(const struct vnode *directory, const char *name, size_t bytes)
    REQUIRES(fs_queue.lock);

/* Adds a name for the vnode, which must not exist yet, and counts the link. The name is copied unless
 * `is_name_permanent`. Times are the caller's business. ERR_NO_MEMORY. */
err_t directory_add_locked(struct vnode *directory, const char *name, size_t bytes, bool is_name_permanent,
                           struct vnode *vnode, struct dir_entry **out) REQUIRES(fs_queue.lock);

/* Takes the name away and returns its vnode with the reference the entry held: put it after unlocking. */
struct vnode *directory_remove_locked(struct dir_entry *entry) REQUIRES(fs_queue.lock);

/* Gives the entry another name, perhaps in another directory, where it must not exist. The entry stays
 * the same, so that open files follow. `name` was made by directory_copy_name and becomes the entry's. */
char *directory_copy_name(const char *name, size_t bytes);
void directory_move_locked(struct dir_entry *entry, struct vnode *directory, char *name, size_t bytes)
    REQUIRES(fs_queue.lock);
/* The two entries trade directories and names; the copies of their names become the other's. */
void directory_exchange_locked(struct dir_entry *a, char *name_of_a, struct dir_entry *b, char *name_of_b)
    REQUIRES(fs_queue.lock);

/* The first entry whose cookie is at least `cookie`; NULL after the last. */
struct dir_entry *directory_seek_locked(struct vnode *directory, uint64_t cookie) REQUIRES(fs_queue.lock);

static inline struct dir_entry *directory_next_locked(const struct vnode *directory,
                                                      const struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    struct list *next = entry->siblings.next;
    return next == &directory->directory.entries ? NULL : LIST_ENTRY(next, struct dir_entry, siblings);
}

struct vnode *directory_parent_locked(struct vnode *directory) REQUIRES(fs_queue.lock);
/* True when `directory` is `ancestor` or lies below it. */
bool directory_is_below_locked(struct vnode *directory, const struct vnode *ancestor) REQUIRES(fs_queue.lock);

/* Removes everything below the directory. What others hold lives on, nameless. */
void directory_clear_locked(struct vnode *directory) REQUIRES(fs_queue.lock);

static inline struct dir_entry *dir_entry_get(struct dir_entry *entry)
{
    __atomic_add_fetch(&entry->references, 1, __ATOMIC_RELAXED);
    return entry;
}
void dir_entry_put(struct dir_entry *entry); /* NULL is fine. With or without fs_lock. */

/* Frees the table when the last entry is gone. For tests and a refused archive: a running kernel
 * always has names. */
void directory_table_trim_locked(void) REQUIRES(fs_queue.lock);
/* The same, but hands the parent to the caller to put when this was the last reference: removed
 * directories can hang below each other in a long chain, which must not become recursion. */
struct vnode *dir_entry_release(struct dir_entry *entry);
