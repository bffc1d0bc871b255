/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/namespace.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "fs/permission.h"
#include "mm/heap.h"

enum { LINKS_MAX = 1u << 31 };

static int64_t now(void) { return (int64_t)time_realtime_ns(); }

static void stamp_locked(struct vnode *v, int64_t time_ns) REQUIRES(fs_queue.lock)
{
    v->mtime_ns = v->ctime_ns = time_ns;
}

/* A directory that other file systems begin at: /dev, /proc. */
static bool is_mount(const struct dir_entry *entry)
{
    return entry->vnode->filesystem != entry->parent->filesystem;
}

static bool is_read_only(const struct vnode *directory) { return directory->made; }

static err_t check_parent(const struct vnode *directory)
{
    if (mount_is_read_only(directory)) return ERR_READ_ONLY;
    if (directory->links == 0) return ERR_NOT_FOUND; /* removed, but somebody's working directory */
    err_t e = permission_check(directory, MAY_WRITE | MAY_SEARCH);
    if (failed(e)) return e;
    return is_read_only(directory) ? ERR_NOT_PERMITTED : OK;
}

/* [linux fs/namei.c may_delete] */
static err_t check_delete(const struct vnode *directory, const struct vnode *v, bool wants_directory)
{
    err_t e = permission_check(directory, MAY_WRITE | MAY_SEARCH);
    if (failed(e)) return e;
    if (permission_is_sticky(directory, v)) return ERR_NOT_PERMITTED;
    if (vnode_is_directory(v) != wants_directory)
        return wants_directory ? ERR_NOT_DIRECTORY : ERR_IS_DIRECTORY;
    if (directory->links == 0) return ERR_NOT_FOUND;
    return is_read_only(directory) ? ERR_NOT_PERMITTED : OK;
}

/* ---- create ---- */

static err_t make_vnode_locked(const struct path_result *at, const struct node_request *node,
                               struct vnode **out) REQUIRES(fs_queue.lock)
{
    enum filesystem filesystem = at->parent->filesystem;
    err_t e = filesystem >= FILESYSTEM_MOUNTED ? mount_check_inodes(filesystem) : OK;
    if (failed(e)) return e;
    struct vnode *v = vnode_create(node->mode, filesystem, node->time_ns);
    if (!v) return ERR_NO_MEMORY;
    permission_set_first_owner(v, at->parent);
    if (vnode_is_device(v)) v->device = node->device;
    if (vnode_is_symlink(v)) e = vnode_set_target(v, node->target, node->target_bytes);
    if (failed(e))
        vnode_put(v);
    else
        *out = v;
    return e;
}

static bool is_device(uint32_t mode)
{
    uint32_t type = mode & LINUX_S_IFMT;
    return type == LINUX_S_IFCHR || type == LINUX_S_IFBLK;
}

err_t namespace_add_locked(const struct path_result *at, const struct node_request *node,
                           struct vnode **vnode, struct dir_entry **entry)
{
    struct vnode *v;
    err_t e = check_parent(at->parent);
    if (failed(e)) return e;
    if (is_device(node->mode) && !may_use(LINUX_CAP_MKNOD)) return ERR_NOT_PERMITTED;
    e = make_vnode_locked(at, node, &v);
    if (failed(e)) return e;
    e = directory_add_locked(at->parent, at->name, at->name_bytes, false, v, entry);
    if (failed(e)) {
        vnode_put(v);
        return e;
    }
    dir_entry_get(*entry);
    stamp_locked(at->parent, node->time_ns);
    notify_name_locked(*entry, v, LINUX_IN_CREATE, 0);
    *vnode = v;
    return OK;
}

/* The place for a new name: [linux fs/namei.c filename_create]. */
static err_t find_free_locked(const struct path_from *from, const char *path, bool is_directory,
                              struct path_result *at) REQUIRES(fs_queue.lock)
{
    err_t e = path_walk_locked(from, path, WALK_PARENT, at);
    if (failed(e)) return e;
    if (at->last != PATH_NAME || at->vnode) return ERR_EXISTS;
    if (failed(at->name_error)) return at->name_error;
    return at->has_trailing_slash && !is_directory ? ERR_NOT_FOUND : OK;
}

err_t namespace_create_vnode(const struct path_from *from, const char *path, struct node_request node,
                             struct vnode **out)
{
    struct path_result at;
    struct dir_entry *entry = NULL;
    uint32_t type = node.mode & LINUX_S_IFMT;
    node.time_ns = now();
    fs_lock();
    if (type != LINUX_S_IFLNK) node.mode &= ~from->context->umask;
    err_t e = find_free_locked(from, path, type == LINUX_S_IFDIR, &at);
    if (!failed(e)) e = namespace_add_locked(&at, &node, out, &entry);
    fs_unlock();
    path_finish(&at);
    dir_entry_put(entry);
    return e;
}

err_t namespace_create(const struct path_from *from, const char *path, struct node_request node)
{
    struct vnode *v;
    err_t e = namespace_create_vnode(from, path, node, &v);
    if (!failed(e)) vnode_put(v);
    return e;
}

/* Nobody gets a second name for a file of others that he could not write, or that is a set-user-ID program.
 * Linux asks this where fs.protected_hardlinks is set, as every distribution does. [linux fs/namei.c may_linkat] */
static bool may_link(const struct vnode *v)
{
    const uint32_t group_runs = LINUX_S_ISGID | 010;
    bool is_safe = vnode_is_regular(v) && !(v->mode & LINUX_S_ISUID) &&
                   (v->mode & group_runs) != group_runs && !failed(permission_check(v, MAY_READ | MAY_WRITE));
    return is_safe || permission_is_owner(v);
}

static err_t check_link_locked(const struct vnode *v, const struct path_result *at) REQUIRES(fs_queue.lock)
{
    if (mount_is_read_only(at->parent)) return ERR_READ_ONLY;
    if (v->filesystem != at->parent->filesystem) return ERR_CROSS_DEVICE;
    if (!may_link(v)) return ERR_NOT_PERMITTED;
    err_t e = check_parent(at->parent);
    if (failed(e)) return e;
    if (vnode_is_directory(v)) return ERR_NOT_PERMITTED;
    if (v->links == 0 && !v->is_linkable) return ERR_NOT_FOUND;
    return v->links >= LINKS_MAX ? ERR_TOO_MANY_LINKS : OK;
}

err_t namespace_link(struct vnode *vnode, const struct path_from *to, const char *path)
{
    int64_t time_ns = now();
    struct path_result at;
    struct dir_entry *entry;
    fs_lock();
    err_t e = find_free_locked(to, path, false, &at);
    if (!failed(e)) e = check_link_locked(vnode, &at);
    if (!failed(e)) e = directory_add_locked(at.parent, at.name, at.name_bytes, false, vnode, &entry);
    if (!failed(e)) {
        vnode->ctime_ns = time_ns;
        vnode->is_linkable = false;
        stamp_locked(at.parent, time_ns);
        notify_self_locked(vnode, LINUX_IN_ATTRIB);
        notify_name_locked(entry, vnode, LINUX_IN_CREATE, 0);
    }
    fs_unlock();
    path_finish(&at);
    return e;
}

/* ---- remove ---- */

static struct vnode *remove_locked(struct dir_entry *entry, int64_t time_ns) REQUIRES(fs_queue.lock)
{
    stamp_locked(entry->parent, time_ns);
    entry->vnode->ctime_ns = time_ns;
    return directory_remove_locked(entry);
}

/* Its number of names fell, perhaps to nothing. */
static void tell_of_removed_locked(struct vnode *v) REQUIRES(fs_queue.lock)
{
    bool is_last = v->links == 0 && __atomic_load_n(&v->references, __ATOMIC_RELAXED) == 1;
    if (is_last) notify_gone(v);
}

/* Whoever watches the file hears of its end first. */
static struct vnode *remove_and_tell_locked(struct dir_entry *entry, int64_t time_ns) REQUIRES(fs_queue.lock)
{
    if (likely(!entry->vnode->notify)) return remove_locked(entry, time_ns);
    dir_entry_get(entry);
    struct vnode *removed = remove_locked(entry, time_ns);
    if (!vnode_is_directory(removed)) notify_self_locked(removed, LINUX_IN_ATTRIB);
    tell_of_removed_locked(removed);
    notify_name_locked(entry, removed, LINUX_IN_DELETE, 0);
    dir_entry_put(entry);
    return removed;
}

static err_t check_unlink(const struct path_result *at)
{
    if (at->last != PATH_NAME) return ERR_IS_DIRECTORY;
    if (mount_is_read_only(at->parent)) return ERR_READ_ONLY;
    if (failed(at->name_error)) return at->name_error;
    if (!at->vnode) return ERR_NOT_FOUND;
    if (at->has_trailing_slash) return vnode_is_directory(at->vnode) ? ERR_IS_DIRECTORY : ERR_NOT_DIRECTORY;
    return check_delete(at->parent, at->vnode, false);
}

static err_t check_remove_directory(const struct path_result *at)
{
    switch (at->last) {
    case PATH_DOTDOT: return ERR_NOT_EMPTY;
    case PATH_DOT: return ERR_INVALID;
    case PATH_ROOT: return ERR_BUSY;
    default: break;
    }
    if (mount_is_read_only(at->parent)) return ERR_READ_ONLY;
    if (failed(at->name_error)) return at->name_error;
    if (!at->vnode) return ERR_NOT_FOUND;
    err_t e = check_delete(at->parent, at->vnode, true);
    if (failed(e)) return e;
    if (is_mount(at->entry)) return ERR_BUSY;
    return list_is_empty(&at->vnode->directory.entries) ? OK : ERR_NOT_EMPTY;
}

static err_t remove_by_path(const struct path_from *from, const char *path,
                            err_t (*check)(const struct path_result *at))
{
    int64_t time_ns = now();
    struct vnode *removed = NULL;
    struct path_result at;
    fs_lock();
    err_t e = path_walk_locked(from, path, WALK_PARENT, &at);
    if (!failed(e)) e = check(&at);
    if (!failed(e)) removed = remove_and_tell_locked(at.entry, time_ns);
    fs_unlock();
    path_finish(&at);
    vnode_put(removed);
    return e;
}

err_t namespace_unlink(const struct path_from *from, const char *path)
{
    return remove_by_path(from, path, check_unlink);
}

err_t namespace_remove_directory(const struct path_from *from, const char *path)
{
    return remove_by_path(from, path, check_remove_directory);
}

/* ---- rename ---- */

struct rename {
    struct path_result old, new;
    uint32_t flags;
    char *old_name_copy, *new_name_copy; /* what the tree will own */
    struct vnode *removed;               /* to put after unlocking */
};

/* True when `entry` is the directory itself or one above it. */
static bool is_on_way_up_locked(const struct dir_entry *entry, struct vnode *directory)
    REQUIRES(fs_queue.lock)
{
    return vnode_is_directory(entry->vnode) && directory_is_below_locked(directory, entry->vnode);
}

/* [linux fs/namei.c do_renameat2] up to the point where both names are known. */
static err_t check_rename_names_locked(const struct rename *r) REQUIRES(fs_queue.lock)
{
    const struct path_result *old = &r->old, *new = &r->new;
    if (failed(old->name_error)) return old->name_error;
    if (!old->vnode) return ERR_NOT_FOUND;
    if (failed(new->name_error)) return new->name_error;
    if ((r->flags & LINUX_RENAME_NOREPLACE) && new->vnode) return ERR_EXISTS;
    bool is_exchange = r->flags & LINUX_RENAME_EXCHANGE;
    if (is_exchange) {
        if (!new->vnode) return ERR_NOT_FOUND;
        if (!vnode_is_directory(new->vnode) && new->has_trailing_slash) return ERR_NOT_DIRECTORY;
    }
    if (!vnode_is_directory(old->vnode)) {
        if (old->has_trailing_slash) return ERR_NOT_DIRECTORY;
        if (!is_exchange && new->has_trailing_slash) return ERR_NOT_DIRECTORY;
    }
    if (is_on_way_up_locked(old->entry, new->parent)) return ERR_INVALID;
    if (new->entry && is_on_way_up_locked(new->entry, old->parent))
        return is_exchange ? ERR_INVALID : ERR_NOT_EMPTY;
    return OK;
}

/* [linux fs/namei.c vfs_rename, mm/shmem.c shmem_rename2] */
static err_t check_rename_vnodes_locked(const struct rename *r) REQUIRES(fs_queue.lock)
{
    const struct path_result *old = &r->old, *new = &r->new;
    bool is_exchange = r->flags & LINUX_RENAME_EXCHANGE;
    bool is_directory = vnode_is_directory(old->vnode),
         new_is_directory = new->vnode &&vnode_is_directory(new->vnode);
    err_t e = check_delete(old->parent, old->vnode, is_directory);
    if (!failed(e) && !new->vnode) e = check_parent(new->parent);
    if (!failed(e) && new->vnode)
        e = check_delete(new->parent, new->vnode, is_exchange ? new_is_directory : is_directory);
    /* A directory that moves gets another "..". */
    bool is_moved = old->parent != new->parent;
    if (!failed(e) && is_moved && is_directory) e = permission_check(old->vnode, MAY_WRITE);
    if (!failed(e) && is_moved && is_exchange && new_is_directory)
        e = permission_check(new->vnode, MAY_WRITE);
    if (failed(e)) return e;
    if (is_mount(old->entry) || (new->entry &&is_mount(new->entry))) return ERR_BUSY;
    bool is_replacing = new_is_directory && !is_exchange;
    return is_replacing && !list_is_empty(&new->vnode->directory.entries) ? ERR_NOT_EMPTY : OK;
}

static err_t copy_names(struct rename *r)
{
    r->new_name_copy = directory_copy_name(r->new.name, r->new.name_bytes);
    if (!r->new_name_copy) return ERR_NO_MEMORY;
    if (!(r->flags & LINUX_RENAME_EXCHANGE)) return OK;
    r->old_name_copy = directory_copy_name(r->old.name, r->old.name_bytes);
    return r->old_name_copy ? OK : ERR_NO_MEMORY;
}

/* `from` is where the name was. */
static void tell_of_move_locked(const struct dir_entry *from, const struct dir_entry *to)
    REQUIRES(fs_queue.lock)
{
    uint32_t cookie = notify_cookie();
    notify_name_locked(from, to->vnode, LINUX_IN_MOVED_FROM, cookie);
    notify_name_locked(to, to->vnode, LINUX_IN_MOVED_TO, cookie);
    notify_self_locked(to->vnode, LINUX_IN_MOVE_SELF);
}

static void exchange_locked(struct rename *r) REQUIRES(fs_queue.lock)
{
    struct dir_entry *a = r->old.entry, *b = r->new.entry;
    directory_exchange_locked(a, r->old_name_copy, b, r->new_name_copy);
    if (likely(!(a->vnode->notify | b->vnode->notify))) return;
    tell_of_move_locked(b, a);
    tell_of_move_locked(a, b);
}

static void replace_locked(struct rename *r, int64_t time_ns) REQUIRES(fs_queue.lock)
{
    struct path_result *old = &r->old, *new = &r->new;
    uint32_t cookie = unlikely(old->parent->notify | new->parent->notify) ? notify_cookie() : 0;
    if (new->entry) r->removed = remove_locked(new->entry, time_ns);
    notify_name_locked(old->entry, old->vnode, LINUX_IN_MOVED_FROM, cookie);
    directory_move_locked(old->entry, new->parent, r->new_name_copy, new->name_bytes);
    notify_name_locked(old->entry, old->vnode, LINUX_IN_MOVED_TO, cookie);
    if (r->removed) notify_self_locked(r->removed, LINUX_IN_ATTRIB);
    notify_self_locked(old->vnode, LINUX_IN_MOVE_SELF);
    if (r->removed) tell_of_removed_locked(r->removed);
}

static void move_locked(struct rename *r, int64_t time_ns) REQUIRES(fs_queue.lock)
{
    struct path_result *old = &r->old, *new = &r->new;
    stamp_locked(old->parent, time_ns);
    stamp_locked(new->parent, time_ns);
    old->vnode->ctime_ns = time_ns;
    if (r->flags & LINUX_RENAME_EXCHANGE) {
        new->vnode->ctime_ns = time_ns;
        exchange_locked(r);
    } else {
        replace_locked(r, time_ns);
    }
    r->old_name_copy = r->new_name_copy = NULL;
}

static err_t rename_locked(struct rename *r, const struct path_from *from, const char *old_path,
                           const struct path_from *to, const char *new_path, int64_t time_ns)
    REQUIRES(fs_queue.lock)
{
    err_t e = path_walk_locked(from, old_path, WALK_PARENT, &r->old);
    if (!failed(e)) e = path_walk_locked(to, new_path, WALK_PARENT, &r->new);
    if (failed(e)) return e;
    if (r->old.last != PATH_NAME) return ERR_BUSY;
    if (r->new.last != PATH_NAME) return r->flags & LINUX_RENAME_NOREPLACE ? ERR_EXISTS : ERR_BUSY;
    if (r->old.parent->filesystem != r->new.parent->filesystem) return ERR_CROSS_DEVICE;
    if (mount_is_read_only(r->old.parent)) return ERR_READ_ONLY;

    e = check_rename_names_locked(r);
    if (failed(e)) return e;
    if (r->old.vnode == r->new.vnode) return OK; /* two names of one file: POSIX wants nothing done */
    e = check_rename_vnodes_locked(r);
    if (!failed(e)) e = copy_names(r);
    if (!failed(e)) move_locked(r, time_ns);
    return e;
}

err_t namespace_rename(const struct path_from *from, const char *old_path, const struct path_from *to,
                       const char *new_path, uint32_t flags)
{
    int64_t time_ns = now();
    struct rename r = { .flags = flags };
    fs_lock();
    err_t e = rename_locked(&r, from, old_path, to, new_path, time_ns);
    fs_unlock();
    path_finish(&r.old);
    path_finish(&r.new);
    heap_free(r.old_name_copy);
    heap_free(r.new_name_copy);
    vnode_put(r.removed);
    return e;
}
