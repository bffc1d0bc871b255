/* SPDX-License-Identifier: Apache-2.0 */
/* Which trees are where: mounting, changing, taking away. [linux fs/namespace.c] */
#include "fs/mount_internal.h"

#include "core/time.h"
#include "fs/directory.h"
#include "fs/made.h"
#include "fs/notify.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { MOUNTS_MAX = 256 }; /* numbers of one byte */

/* What is there from the start; without a root: nobody has the number. The others' table comes with the first of
 * them, as most programs mount nothing; its fields are atomic. */
static struct mount first[FILESYSTEM_MOUNTED];
static struct mount **by_number;
static struct list attached = LIST_INIT(attached), detached = LIST_INIT(detached);
uint8_t mount_flags[MOUNTS_MAX];

/* ---- kinds of trees ---- */

static err_t create_tmpfs(struct vnode **root, enum filesystem filesystem, int64_t time_ns)
{
    *root = vnode_create(LINUX_S_IFDIR | 0755, filesystem, time_ns);
    return *root ? OK : ERR_NO_MEMORY;
}

static struct mount_type ramfs = { "ramfs", LINUX_RAMFS_MAGIC, false, create_tmpfs, NULL };
struct mount_type mount_tmpfs = { "tmpfs", LINUX_TMPFS_MAGIC, true, create_tmpfs, &ramfs };
static struct mount_type *types = &mount_tmpfs;

void mount_add_type(struct mount_type *type)
{
    type->next = types;
    types = type;
}

const struct mount_type *mount_find_type(const char *name)
{
    struct mount_type *type = types;
    while (type && strcmp(type->name, name)) type = type->next;
    return type;
}

struct mount *mount_find(uint32_t filesystem)
{
    if (filesystem < FILESYSTEM_MOUNTED) return first[filesystem].root ? &first[filesystem] : NULL;
    struct mount **table = __atomic_load_n(&by_number, __ATOMIC_ACQUIRE);
    return table && filesystem < MOUNTS_MAX ? __atomic_load_n(&table[filesystem], __ATOMIC_ACQUIRE) : NULL;
}

struct mount *mount_next_locked(const struct mount *before)
{
    struct list *next = before ? before->link.next : attached.next;
    return next == &attached ? NULL : LIST_ENTRY(next, struct mount, link);
}

/* ---- what a mount holds ---- */

struct mount_space *mount_space_of(enum filesystem filesystem) { return &mount_find(filesystem)->space; }

void mount_vnode_made(enum filesystem filesystem)
{
    __atomic_add_fetch(&mount_space_of(filesystem)->inodes, 1, __ATOMIC_RELAXED);
}

static void mount_free(struct mount *m)
{
    __atomic_store_n(&mount_flags[m->filesystem], 0, __ATOMIC_RELAXED);
    __atomic_store_n(&by_number[m->filesystem], NULL, __ATOMIC_RELEASE);
    heap_free(m->source);
    heap_free(m);
}

/* The root is the mount's own as long as it is attached or used, so the last vnode is the last of everything. */
void mount_vnode_gone(enum filesystem filesystem)
{
    struct mount *m = mount_find(filesystem);
    if (__atomic_sub_fetch(&m->space.inodes, 1, __ATOMIC_ACQ_REL) == 0) mount_free(m);
}

err_t mount_check_inodes(enum filesystem filesystem)
{
    struct mount_space *space = mount_space_of(filesystem);
    uint64_t used = __atomic_load_n(&space->inodes, __ATOMIC_RELAXED);
    return space->inode_limit && used >= space->inode_limit ? ERR_NO_SPACE : OK;
}

/* ---- use ---- */

static struct dir_entry *first_entry_locked(const struct vnode *directory) REQUIRES(fs_queue.lock)
{
    struct list *node = directory->directory.entries.next;
    return node == &directory->directory.entries ? NULL : LIST_ENTRY(node, struct dir_entry, siblings);
}

/* The next name of the tree, parents before what is in them. */
static struct dir_entry *next_in_tree_locked(const struct vnode *root, struct dir_entry *entry)
    REQUIRES(fs_queue.lock)
{
    if (vnode_is_directory(entry->vnode) && first_entry_locked(entry->vnode))
        return first_entry_locked(entry->vnode);
    for (;;) {
        struct dir_entry *next = directory_next_locked(entry->parent, entry);
        if (next || entry->parent == root) return next;
        entry = entry->parent->directory.entry;
    }
}

/* References that names and their order account for; whoever uses the vnode has one more. */
static bool is_held_locked(const struct vnode *v, uint32_t own) REQUIRES(fs_queue.lock)
{
    uint32_t expected = own + (vnode_is_directory(v) ? v->directory.entry_count : 0);
    return __atomic_load_n(&v->references, __ATOMIC_RELAXED) > expected;
}

/* Somebody holds a vnode of the tree, another tree is mounted in it, or `finds` says so of one. */
static bool any_locked(const struct mount *m, bool (*finds)(const struct mount *m, const struct vnode *v))
    REQUIRES(fs_queue.lock)
{
    struct dir_entry *entry = first_entry_locked(m->root);
    while (entry && !finds(m, entry->vnode)) entry = next_in_tree_locked(m->root, entry);
    return entry;
}

static bool is_used_vnode(const struct mount *m, const struct vnode *v) NO_THREAD_SAFETY_ANALYSIS
{
    if (v->filesystem != m->filesystem) return true;
    return is_held_locked(v, vnode_is_directory(v) ? 1 : v->links);
}

static bool is_used_locked(const struct mount *m) REQUIRES(fs_queue.lock)
{
    uint32_t own = m->covered ? 2 : 1; /* ours, and its name's */
    return is_held_locked(m->root, own) || any_locked(m, is_used_vnode);
}

static bool is_written_vnode(const struct mount *m, const struct vnode *v)
{
    if (v->filesystem != m->filesystem || !vnode_is_regular(v)) return false;
    return __atomic_load_n(&v->regular.writers, __ATOMIC_RELAXED) > 0;
}

/* ---- coming ---- */

static struct mount *create(const struct mount_request *r)
{
    struct mount *m = heap_alloc_zeroed(sizeof(*m));
    if (!m) return NULL;
    list_init(&m->link);
    m->type = r->type;
    m->flags = r->flags;
    if (!r->source) return m;
    size_t bytes = strlen(r->source) + 1;
    m->source = heap_alloc(bytes);
    if (m->source) return memcpy(m->source, r->source, bytes), m;
    heap_free(m);
    return NULL;
}

static bool has_table(void)
{
    if (__atomic_load_n(&by_number, __ATOMIC_ACQUIRE)) return true;
    struct mount **table = heap_alloc_zeroed(MOUNTS_MAX * sizeof(*table)), **nobody = NULL;
    if (!table) return false;
    if (!__atomic_compare_exchange_n(&by_number, &nobody, table, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        heap_free(table);
    return true;
}

static err_t take_number(struct mount *m)
{
    if (!has_table()) return ERR_NO_MEMORY;
    for (uint32_t n = FILESYSTEM_MOUNTED; n < MOUNTS_MAX; n++) {
        struct mount *nobody = NULL;
        m->filesystem = (enum filesystem)n;
        if (!__atomic_compare_exchange_n(&by_number[n], &nobody, m, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(&mount_flags[n], (uint8_t)(m->flags & MOUNT_FLAGS), __ATOMIC_RELAXED);
        return OK;
    }
    return ERR_NO_SPACE;
}

/* A tree that is nowhere yet. After a failure nothing is left: the last vnode takes the mount along. */
static err_t mount_create(const struct mount_request *r, struct mount **out)
{
    struct mount_options options;
    err_t e = mount_options_parse(r->type, r->options, &options);
    if (failed(e)) return e;
    struct mount *m = create(r);
    if (!m) return ERR_NO_MEMORY;
    e = take_number(m);
    if (failed(e)) {
        heap_free(m->source);
        heap_free(m);
        return e;
    }
    m->options = options;
    m->space.inodes = 1; /* ours: a root that fails half-way leaves the mount to us */
    e = r->type->create(&m->root, m->filesystem, (int64_t)time_realtime_ns());
    if (!failed(e)) mount_options_apply(m);
    *out = m;
    if (failed(e)) mount_vnode_gone(m->filesystem);
    return e;
}

static err_t attach_locked(struct mount *m, const struct path_result *at) REQUIRES(fs_queue.lock)
{
    if (!vnode_is_directory(at->vnode)) return ERR_NOT_DIRECTORY;
    struct dir_entry *entry = at->vnode->directory.entry;
    if (!entry) return ERR_BUSY; /* the root of everything */
    if (!entry->vnode) return ERR_NOT_FOUND;
    /* The names of processes come and go with them. */
    if (at->vnode->made && at->vnode->made->subject.number) return ERR_NOT_FOUND;
    m->covered = entry->vnode;
    entry->vnode = vnode_get(m->root);
    m->root->directory.entry = dir_entry_get(entry);
    m->root->links = 2;
    list_push_back(&attached, &m->link);
    return OK;
}

/* ---- going ---- */

/* The names of a tree that nobody finds any more, one at a time: each may be a large file. */
static void clear_tree(struct mount *m)
{
    struct vnode *v;
    do {
        v = NULL;
        fs_lock();
        struct dir_entry *entry = first_entry_locked(m->root);
        while (entry && vnode_is_directory(entry->vnode) && first_entry_locked(entry->vnode))
            entry = first_entry_locked(entry->vnode);
        if (entry) v = directory_remove_locked(entry);
        if (v && (v->notify & VNODE_WATCHED)) notify_end(v, LINUX_IN_UNMOUNT);
        fs_unlock();
        vnode_put(v);
    } while (v);
    if (m->root->notify & VNODE_WATCHED) notify_end(m->root, LINUX_IN_UNMOUNT);
    vnode_put(m->root);
}

static void detach_locked(struct mount *m) REQUIRES(fs_queue.lock)
{
    struct dir_entry *entry = m->root->directory.entry;
    list_remove(&m->link);
    list_push_back(&detached, &m->link);
    entry->vnode = m->covered;
    m->covered = NULL;
    m->root->directory.entry = NULL;
    vnode_put(m->root); /* the name's; ours is left */
    dir_entry_put(entry);
}

static const struct mount *parent_of(const struct mount *m)
{
    struct dir_entry *entry = m->root->directory.entry;
    return entry ? mount_find(entry->parent->filesystem) : NULL;
}

/* The youngest mount on a directory of `m` or of a mount below it. */
static struct mount *youngest_below_locked(const struct mount *m) REQUIRES(fs_queue.lock)
{
    for (struct list *node = attached.prev; node != &attached; node = node->prev) {
        struct mount *other = LIST_ENTRY(node, struct mount, link);
        const struct mount *up = other->covered ? parent_of(other) : NULL;
        while (up && up != m) up = parent_of(up);
        if (up) return other;
    }
    return NULL;
}

/* Trees that were in use when they were detached and are not now. */
static void sweep(void)
{
    struct mount *idle;
    do {
        idle = NULL;
        fs_lock();
        LIST_FOR_EACH (node, &detached) {
            struct mount *m = LIST_ENTRY(node, struct mount, link);
            if (!is_used_locked(m)) idle = m;
        }
        if (idle) list_remove(&idle->link);
        fs_unlock();
        if (idle) clear_tree(idle);
    } while (idle);
}

err_t mount_attach(const struct path_from *from, const char *path, const struct mount_request *request)
{
    struct mount *m;
    struct path_result at;
    sweep();
    err_t e = mount_create(request, &m);
    if (failed(e)) return e;
    fs_lock();
    e = path_walk_locked(from, path, WALK_FOLLOW, &at);
    if (!failed(e)) e = attach_locked(m, &at);
    fs_unlock();
    path_finish(&at);
    if (failed(e)) clear_tree(m);
    mount_vnode_gone(m->filesystem); /* what mount_create counted */
    return e;
}

/* ---- what is there ---- */

/* Nobody uses anything any more. */
void mount_fini(void)
{
    struct mount *m;
    fs_lock();
    for (struct list *node = attached.prev, *before = node->prev; node != &attached;
         node = before, before = node->prev) {
        m = LIST_ENTRY(node, struct mount, link);
        if (m->covered) detach_locked(m);
    }
    fs_unlock();
    while (!list_is_empty(&detached)) {
        m = LIST_ENTRY(detached.next, struct mount, link);
        list_remove(&m->link);
        clear_tree(m);
    }
    for (size_t i = 0; i < ARRAY_LENGTH(first); i++) {
        if (first[i].root) list_remove(&first[i].link);
        first[i].root = NULL;
    }
    heap_free(by_number);
    by_number = NULL;
}

void mount_add_first(const struct mount_type *type, struct vnode *root)
{
    struct mount *m = &first[root->filesystem];
    m->filesystem = root->filesystem;
    m->type = type;
    m->root = root;
    list_push_back(&attached, &m->link);
}

static err_t find_locked(const struct path_from *from, const char *path, uint32_t walk_flags,
                         struct path_result *at, struct mount **out) REQUIRES(fs_queue.lock)
{
    err_t e = path_walk_locked(from, path, walk_flags, at);
    if (failed(e)) return e;
    *out = mount_find(at->vnode->filesystem);
    return *out && (*out)->root == at->vnode ? OK : ERR_INVALID;
}

err_t mount_check(const struct path_from *from, const char *path)
{
    struct mount *m;
    struct path_result at;
    fs_lock();
    err_t e = find_locked(from, path, WALK_FOLLOW, &at, &m);
    fs_unlock();
    path_finish(&at);
    return e;
}

static err_t change_locked(struct mount *m, const char *options, uint32_t flags) REQUIRES(fs_queue.lock)
{
    struct mount_options parsed;
    err_t e = mount_options_parse(m->type, options, &parsed);
    if (failed(e)) return e;
    bool becomes_read_only = flags & ~m->flags & LINUX_MS_RDONLY;
    if (becomes_read_only && any_locked(m, is_written_vnode)) return ERR_BUSY;
    e = mount_options_change(m, &parsed);
    if (failed(e)) return e;
    m->flags = flags;
    __atomic_store_n(&mount_flags[m->filesystem], (uint8_t)(flags & MOUNT_FLAGS), __ATOMIC_RELAXED);
    return OK;
}

err_t mount_change(const struct path_from *from, const char *path, const char *options, uint32_t flags)
{
    struct mount *m;
    struct path_result at;
    fs_lock();
    err_t e = find_locked(from, path, WALK_FOLLOW, &at, &m);
    if (!failed(e)) e = change_locked(m, options, flags);
    fs_unlock();
    path_finish(&at);
    return e;
}

err_t mount_detach(const struct path_from *from, const char *path, uint32_t walk_flags, bool is_lazy)
{
    struct mount *m, *below;
    struct path_result at;
    fs_lock();
    err_t e = find_locked(from, path, walk_flags, &at, &m);
    if (!failed(e) && !m->covered) e = ERR_BUSY;
    if (!failed(e) && !is_lazy && is_used_locked(m)) e = ERR_BUSY;
    if (!failed(e)) {
        while ((below = youngest_below_locked(m))) detach_locked(below);
        detach_locked(m);
    }
    fs_unlock();
    path_finish(&at);
    sweep();
    return e;
}
