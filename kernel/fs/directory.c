/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/directory.h"

#include "fs/directory_internal.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { TABLE_BITS_MIN = 8, TABLE_BUCKETS_MIN = 1 << TABLE_BITS_MIN, TABLE_GROWTH_BITS = 2 };

/* The first table needs no allocation, and failing to grow only makes chains longer, so adding a name never fails
 * for the table's sake. */
static struct dir_entry *first_buckets[TABLE_BUCKETS_MIN];
struct directory_table directory_table = { .buckets = first_buckets, .shift = 32 - TABLE_BITS_MIN };

/* ---- the table ---- */

static uint32_t hash_name(const struct vnode *directory, const char *name, size_t bytes)
{
    uint64_t hash = (uint64_t)directory;
    size_t at = 0;
    for (; bytes - at >= 8; at += 8) hash = name_hash_add(hash, load_u64(name + at));
    return name_hash_end(hash, name_load_rest(name + at, bytes - at), bytes);
}

static uint32_t bucket_count_locked(void) REQUIRES(fs_queue.lock)
{
    return 1u << (32 - directory_table.shift);
}

static void table_move_all_locked(struct dir_entry **target, uint32_t shift) REQUIRES(fs_queue.lock)
{
    struct directory_table *t = &directory_table;
    for (uint32_t i = 0; i < bucket_count_locked(); i++) {
        struct dir_entry *next;
        for (struct dir_entry *entry = t->buckets[i]; entry; entry = next) {
            next = entry->hash_next;
            entry->hash_next = target[entry->hash >> shift];
            target[entry->hash >> shift] = entry;
        }
        t->buckets[i] = NULL;
    }
    if (t->buckets != first_buckets) heap_free(t->buckets);
    t->buckets = target;
    t->shift = shift;
}

static void table_grow_locked(void) REQUIRES(fs_queue.lock)
{
    uint64_t count = (uint64_t)bucket_count_locked() << TABLE_GROWTH_BITS;
    struct dir_entry **target = heap_alloc_zeroed(count * sizeof(*target));
    if (target) table_move_all_locked(target, directory_table.shift - TABLE_GROWTH_BITS);
}

void directory_table_trim_locked(void)
{
    struct directory_table *t = &directory_table;
    if (t->entry_count > 0 || t->buckets == first_buckets) return;
    heap_free(t->buckets);
    t->buckets = first_buckets;
    t->shift = 32 - TABLE_BITS_MIN;
}

static void table_add_locked(struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    if (directory_table.entry_count >= bucket_count_locked()) table_grow_locked();
    entry->hash = hash_name(entry->parent, entry->name, entry->name_bytes);
    struct dir_entry **bucket = &directory_table.buckets[entry->hash >> directory_table.shift];
    entry->hash_next = *bucket;
    *bucket = entry;
    directory_table.entry_count++;
}

static void table_remove_locked(struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    struct dir_entry **at = &directory_table.buckets[entry->hash >> directory_table.shift];
    while (*at != entry) at = &(*at)->hash_next;
    *at = entry->hash_next;
    directory_table.entry_count--;
}

struct dir_entry *directory_find_locked(const struct vnode *directory, const char *name, size_t bytes)
{
    return directory_look_up_locked(directory, name, bytes, hash_name(directory, name, bytes));
}

/* ---- the list of one directory ---- */

/* After 2^32 names in one directory, places are dealt out anew; a reader in the middle may then see a
 * name twice or miss one, as POSIX allows for names that come and go. */
static void renumber_locked(struct vnode *directory) REQUIRES(fs_queue.lock)
{
    directory->directory.next_cookie = DIRECTORY_FIRST_COOKIE;
    LIST_FOR_EACH (node, &directory->directory.entries)
        LIST_ENTRY(node, struct dir_entry, siblings)->cookie = directory->directory.next_cookie++;
}

static bool counts_as_link(const struct dir_entry *entry) { return vnode_is_directory(entry->vnode); }

static void list_add_locked(struct vnode *directory, struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    struct vnode_directory *d = &directory->directory;
    if (d->next_cookie == UINT32_MAX) renumber_locked(directory);
    entry->cookie = d->next_cookie++;
    list_push_back(&d->entries, &entry->siblings);
    d->entry_count++;
    if (counts_as_link(entry)) directory->links++;
}

static void list_take_locked(struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    struct vnode *directory = entry->parent;
    struct vnode_directory *d = &directory->directory;
    if (d->hint == entry) d->hint = directory_next_locked(directory, entry);
    list_remove(&entry->siblings);
    d->entry_count--;
    if (counts_as_link(entry)) directory->links--;
}

/* The hint makes reading a directory from front to back linear. */
struct dir_entry *directory_seek_locked(struct vnode *directory, uint64_t cookie)
{
    struct vnode_directory *d = &directory->directory;
    struct list *node = d->entries.next;
    if (d->hint && d->hint->cookie <= cookie) node = &d->hint->siblings;
    while (node != &d->entries && LIST_ENTRY(node, struct dir_entry, siblings)->cookie < cookie)
        node = node->next;
    d->hint = node == &d->entries ? NULL : LIST_ENTRY(node, struct dir_entry, siblings);
    return d->hint;
}

/* ---- entries ---- */

struct vnode *dir_entry_release(struct dir_entry *entry)
{
    if (__atomic_sub_fetch(&entry->references, 1, __ATOMIC_ACQ_REL) > 0) return NULL;
    struct vnode *parent = entry->parent;
    if (entry->is_name_on_heap) heap_free((void *)entry->name);
    heap_free(entry);
    return parent;
}

void dir_entry_put(struct dir_entry *entry)
{
    if (entry) vnode_put(dir_entry_release(entry));
}

static struct dir_entry *entry_create(const char *name, size_t bytes, bool is_name_permanent)
{
    size_t with_name = offsetof(struct dir_entry, inline_name) + (is_name_permanent ? 0 : bytes);
    struct dir_entry *entry = heap_alloc(MAX(sizeof(*entry), with_name));
    if (!entry) return NULL;
    *entry = (struct dir_entry){ .name = name, .references = 1, .name_bytes = (uint8_t)bytes };
    if (is_name_permanent) return entry;
    memcpy(entry->inline_name, name, bytes);
    entry->name = entry->inline_name;
    return entry;
}

static void place_locked(struct dir_entry *entry, struct vnode *directory) REQUIRES(fs_queue.lock)
{
    entry->parent = vnode_get(directory);
    notify_named_locked(directory, entry->vnode);
    table_add_locked(entry);
    list_add_locked(directory, entry);
}

/* Returns the directory, whose reference the entry gave up. */
static struct vnode *displace_locked(struct dir_entry *entry) REQUIRES(fs_queue.lock)
{
    list_take_locked(entry);
    table_remove_locked(entry);
    return entry->parent;
}

err_t directory_add_locked(struct vnode *directory, const char *name, size_t bytes, bool is_name_permanent,
                           struct vnode *vnode, struct dir_entry **out)
{
    struct dir_entry *entry = entry_create(name, bytes, is_name_permanent);
    if (!entry) return ERR_NO_MEMORY;
    entry->vnode = vnode_get(vnode);
    vnode->links++;
    if (vnode_is_directory(vnode)) {
        vnode->links++; /* its own "." */
        vnode->directory.entry = dir_entry_get(entry);
    }
    place_locked(entry, directory);
    if (out) *out = entry;
    return OK;
}

struct vnode *directory_remove_locked(struct dir_entry *entry)
{
    struct vnode *vnode = entry->vnode;
    list_take_locked(entry);
    table_remove_locked(entry);
    entry->vnode = NULL;
    /* The parent stays known to whoever holds the entry: "..", and the path of an open file. */
    vnode->links = vnode_is_directory(vnode) ? 0 : vnode->links - 1;
    dir_entry_put(entry);
    return vnode;
}

char *directory_copy_name(const char *name, size_t bytes)
{
    char *copy = heap_alloc(bytes);
    if (copy) memcpy(copy, name, bytes);
    return copy;
}

static void set_name(struct dir_entry *entry, char *name, size_t bytes)
{
    if (entry->is_name_on_heap) heap_free((void *)entry->name);
    entry->name = name;
    entry->name_bytes = (uint8_t)bytes;
    entry->is_name_on_heap = true;
}

void directory_move_locked(struct dir_entry *entry, struct vnode *directory, char *name, size_t bytes)
{
    struct vnode *old = displace_locked(entry);
    set_name(entry, name, bytes);
    place_locked(entry, directory);
    vnode_put(old);
}

void directory_exchange_locked(struct dir_entry *a, char *name_of_a, struct dir_entry *b, char *name_of_b)
{
    size_t a_bytes = a->name_bytes, b_bytes = b->name_bytes;
    struct vnode *a_parent = displace_locked(a), *b_parent = displace_locked(b);
    set_name(a, name_of_b, b_bytes);
    set_name(b, name_of_a, a_bytes);
    place_locked(a, b_parent);
    place_locked(b, a_parent);
    vnode_put(a_parent);
    vnode_put(b_parent);
}

struct vnode *directory_parent_locked(struct vnode *directory)
{
    struct dir_entry *entry = directory->directory.entry;
    return entry ? entry->parent : directory;
}

bool directory_is_below_locked(struct vnode *directory, const struct vnode *ancestor)
{
    for (;;) {
        if (directory == ancestor) return true;
        struct vnode *parent = directory_parent_locked(directory);
        if (parent == directory) return false;
        directory = parent;
    }
}

/* Always the deepest first entry, so no stack is needed however deep the tree is. */
void directory_clear_locked(struct vnode *directory)
{
    struct vnode *at = directory;
    for (;;) {
        if (!list_is_empty(&at->directory.entries)) {
            struct dir_entry *entry = LIST_ENTRY(at->directory.entries.next, struct dir_entry, siblings);
            if (vnode_is_directory(entry->vnode) && !list_is_empty(&entry->vnode->directory.entries))
                at = entry->vnode;
            else
                vnode_put(directory_remove_locked(entry));
        } else if (at == directory) {
            return;
        } else {
            at = directory_parent_locked(at);
        }
    }
}
