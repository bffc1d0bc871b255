/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/open.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "fs/devfs.h"
#include "fs/made.h"
#include "fs/mount.h"
#include "fs/namespace.h"
#include "fs/notify.h"
#include "fs/path_plain.h"
#include "fs/permission.h"
#include "fs/pipe.h"
#include "fs/text_file.h"
#include "fs/tmpfs.h"
#include "fs/vnode_file.h"

err_t open_flags_check_all(uint32_t *flags)
{
    /* Linux ignores flags it does not know; only what it gave a meaning is kept. */
    *flags &= OPEN_FLAGS_KNOWN;
    if (*flags & LINUX_O_PATH) {
        *flags &= OPEN_FLAGS_PATH;
        return OK;
    }
    if ((*flags & (LINUX_O_DIRECTORY | LINUX_O_CREAT)) == (LINUX_O_DIRECTORY | LINUX_O_CREAT))
        return ERR_INVALID;
    if (*flags & LINUX_O_TMPFILE_BIT) {
        if (!(*flags & LINUX_O_DIRECTORY)) return ERR_INVALID;
        if ((*flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY) return ERR_INVALID;
    }
    return OK;
}

/* What follows a successful walk; everything counted, nothing locked. */
struct opening {
    struct vnode *vnode;
    struct dir_entry *entry;
    bool is_created;
};

static bool wants_write(uint32_t flags)
{
    return (flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY || (flags & LINUX_O_TRUNC);
}

static uint32_t access_of(const struct open_request *request)
{
    if (request->is_to_run) return MAY_EXECUTE;
    /* The fourth access mode, for ioctl alone, asks for both as well. [linux fs/open.c ACC_MODE] */
    static const uint8_t of_mode[] = { MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, MAY_READ | MAY_WRITE };
    return of_mode[request->flags & LINUX_O_ACCMODE] | (request->flags & LINUX_O_TRUNC ? MAY_WRITE : 0);
}

/* In Linux's order: [linux fs/namei.c do_open, may_open]. */
static err_t check_open(const struct vnode *v, const struct open_request *request)
{
    uint32_t flags = request->flags;
    if (flags & LINUX_O_CREAT) {
        if (flags & LINUX_O_EXCL) return ERR_EXISTS;
        if (vnode_is_directory(v)) return ERR_IS_DIRECTORY;
    }
    if ((flags & LINUX_O_DIRECTORY) && !vnode_is_directory(v)) return ERR_NOT_DIRECTORY;
    if (flags & LINUX_O_PATH) return OK;
    if (vnode_is_symlink(v)) return ERR_LOOP;
    if (vnode_is_directory(v) && wants_write(flags)) return ERR_IS_DIRECTORY;
    if (request->is_to_run && (!vnode_is_regular(v) || mount_forbids(v, LINUX_MS_NOEXEC))) return ERR_ACCESS;
    uint32_t wanted = access_of(request);
    if (mount_flags[v->filesystem]) {
        if (vnode_is_device(v) && mount_forbids(v, LINUX_MS_NODEV)) return ERR_ACCESS;
        if ((wanted & MAY_WRITE) && vnode_is_regular(v) && mount_is_read_only(v)) return ERR_READ_ONLY;
    }
    err_t e = permission_check(v, wanted);
    if (failed(e)) return e;
    return (flags & LINUX_O_NOATIME) && !permission_is_owner(v) ? ERR_NOT_PERMITTED : OK;
}

static err_t create_locked(const struct path_from *from, const struct path_result *at,
                           const struct open_request *request, struct opening *out) REQUIRES(fs_queue.lock)
{
    struct node_request node = {
        .mode = LINUX_S_IFREG | (request->mode & LINUX_S_IALLUGO & ~from->context->umask),
        .time_ns = (int64_t)time_realtime_ns(),
    };
    err_t e = namespace_add_locked(at, &node, &out->vnode, &out->entry);
    out->is_created = !failed(e);
    return e;
}

/* A file without a name, which link can give one unless O_EXCL. */
static err_t create_nameless_locked(const struct path_from *from, struct vnode *directory,
                                    const struct open_request *request, struct opening *out)
    REQUIRES(fs_queue.lock)
{
    err_t e = permission_check(directory, MAY_WRITE | MAY_SEARCH);
    if (failed(e)) return e;
    if (directory->made) return ERR_NOT_SUPPORTED;
    if (mount_is_read_only(directory)) return ERR_READ_ONLY;
    if (directory->filesystem >= FILESYSTEM_MOUNTED) e = mount_check_inodes(directory->filesystem);
    if (failed(e)) return e;
    uint32_t permissions = request->mode & LINUX_S_IALLUGO & ~from->context->umask;
    out->vnode =
        vnode_create(LINUX_S_IFREG | permissions, directory->filesystem, (int64_t)time_realtime_ns());
    if (!out->vnode) return ERR_NO_MEMORY;
    permission_set_first_owner(out->vnode, directory);
    out->vnode->is_linkable = !(request->flags & LINUX_O_EXCL);
    out->is_created = true;
    return OK;
}

static uint32_t walk_flags(uint32_t flags)
{
    uint32_t walk = 0;
    if (!(flags & LINUX_O_NOFOLLOW)) walk |= WALK_FOLLOW;
    if (flags & LINUX_O_DIRECTORY) walk |= WALK_DIRECTORY;
    if (flags & LINUX_O_CREAT) walk |= WALK_CREATE;
    if ((flags & LINUX_O_CREAT) && (flags & LINUX_O_EXCL)) walk &= ~(uint32_t)WALK_FOLLOW;
    return walk;
}

static err_t find_locked(const struct path_from *from, const struct path_result *found,
                         const struct open_request *request, struct opening *out) REQUIRES(fs_queue.lock)
{
    if (!found->vnode) return create_locked(from, found, request, out);
    if (request->flags & LINUX_O_TMPFILE_BIT) return create_nameless_locked(from, found->vnode, request, out);
    err_t e = check_open(found->vnode, request);
    if (failed(e)) return e;
    out->vnode = vnode_get(found->vnode);
    out->entry = found->entry ? dir_entry_get(found->entry) : NULL;
    return OK;
}

/* The file has what was counted here. */
static err_t create_file(struct opening *o, uint32_t flags, struct file **out)
{
    const struct file_ops *ops = &path_file_ops;
    void *context = NULL;
    if (flags & LINUX_O_PATH) {
        /* stays as it is */
    } else if (vnode_is_regular(o->vnode)) {
        ops = vnode_is_stored(o->vnode) ? &regular_file_ops : &text_file_ops;
    } else if (vnode_is_directory(o->vnode)) {
        ops = o->vnode->made ? &made_directory_ops : &directory_file_ops;
    } else if (vnode_type(o->vnode) == LINUX_S_IFIFO) {
        /* One without a name is /dev/stdout or its like. */
        err_t e = fifo_prepare(o->vnode);
        if (failed(e)) return e;
        ops = o->vnode->stream.ops;
        context = o->vnode->stream.context;
    } else {
        /* Sockets and devices nobody serves are refused. */
        bool is_char = vnode_type(o->vnode) == LINUX_S_IFCHR;
        const struct char_device *device = is_char ? devfs_find(o->vnode->device) : NULL;
        if (!device) return ERR_NO_DEVICE_ADDRESS;
        ops = device->ops;
        context = device->context;
    }
    *out = file_adopt(ops, o->vnode, o->entry, context, flags);
    if (unlikely(!*out)) return ERR_NO_MEMORY;
    o->vnode = NULL;
    o->entry = NULL;
    err_t e = OK;
    if (ops->open) e = ops->open(*out, flags);
    if (ops->reopen) e = ops->reopen(*out);
    if (ops == &regular_file_ops && file_is_writable(*out)) e = file_start_writing(*out);
    if (failed(e)) file_put(*out);
    return e;
}

static err_t finish(struct opening *o, uint32_t flags, struct file **out)
{
    err_t e = create_file(o, flags, out);
    if (failed(e)) return e;
    struct vnode *v = (*out)->vnode;
    if (unlikely(v->notify) && !(flags & LINUX_O_PATH)) notify_file(*out, LINUX_IN_OPEN);
    if (likely(!(flags & LINUX_O_TRUNC)) || o->is_created || !vnode_is_stored(v)) return OK;
    e = tmpfs_truncate(v, 0);
    if (!failed(e))
        notify_file(*out, LINUX_IN_MODIFY);
    else
        file_put(*out);
    return e;
}

/* Takes a name away again that this open made: there was no memory for the file. */
static void undo_create(const struct opening *o)
{
    struct vnode *removed = NULL;
    fs_lock();
    if (o->entry && o->entry->vnode) removed = directory_remove_locked(o->entry);
    fs_unlock();
    vnode_put(removed);
}

err_t open_path(const struct path_from *from, const char *path, const struct open_request *request,
                struct file **out)
{
    struct path_result found;
    struct opening o = { 0 };
    fs_lock_short();
    err_t e = path_walk_locked(from, path, walk_flags(request->flags), &found);
    if (!failed(e)) e = find_locked(from, &found, request, &o);
    fs_unlock_short();
    path_finish(&found);
    if (failed(e)) return e;
    e = finish(&o, request->flags, out);
    if (likely(!failed(e))) return OK;
    if (o.is_created) undo_create(&o);
    dir_entry_put(o.entry);
    vnode_put(o.vnode);
    return e;
}

/* Nobody is to be told of it. */
static inline bool may_open_plainly(const struct vnode *v)
{
    return vnode_is_stored(v) && !v->notify && !failed(permission_check(v, MAY_READ));
}

struct opened open_plainly(const struct path_from *from, const char *path, uint32_t flags)
{
    struct path_position p;
    struct path_result found;
    err_t e;
    if (unlikely(flags & ~(uint32_t)OPEN_FLAGS_PLAIN) || unlikely(!path_may_walk_plainly(from)))
        return (struct opened){ NULL, OK };
    fs_lock_short();
    bool is_done = path_begin_locked(from, path, &p) && path_walk_plainly_locked(&p, WALK_FOLLOW, &found, &e);
    bool is_found = likely(is_done) && !failed(e) && may_open_plainly(found.vnode);
    if (likely(is_found)) {
        vnode_get(found.vnode);
        dir_entry_get(found.entry);
    }
    fs_unlock_short();
    if (unlikely(!is_found)) return (struct opened){ NULL, is_done ? e : OK };
    struct file *file = file_adopt(&regular_file_ops, found.vnode, found.entry, NULL, flags);
    if (likely(file)) return (struct opened){ file, OK };
    dir_entry_put(found.entry);
    vnode_put(found.vnode);
    return (struct opened){ NULL, ERR_NO_MEMORY };
}
