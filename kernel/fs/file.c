/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/directory.h"
#include "fs/epoll.h"
#include "fs/file_lock.h"
#include "fs/file_mapping.h"
#include "fs/notify.h"
#include "fs/path.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum {
    /* Used up by open; F_GETFL does not show them. [linux fs/open.c, do_dentry_open] */
    OPEN_ONLY_FLAGS = LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC,
    POLL_ALWAYS = LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLRDNORM | LINUX_POLLWRNORM,
};

struct file *file_adopt(const struct file_ops *ops, struct vnode *vnode, struct dir_entry *entry,
                        void *context, uint32_t flags)
{
    struct file *file = heap_alloc(sizeof(*file));
    if (!file) return NULL;
    file->references = 1;
    file->flags = flags & ~(uint32_t)OPEN_ONLY_FLAGS;
    file->ops = ops;
    file->context = context;
    file->vnode = vnode;
    file->entry = entry;
    file->owner = 0;
    file->position = 0;
    file->is_position_taken = false;
    if (likely(vnode_is_regular(vnode))) file_backing_init(file);
    file->is_writer = file->is_runner = false;
    file->hangs_up_after = 0;
    file->is_watched = false;
    return file;
}

struct file *file_create_for(const struct file_ops *ops, struct vnode *vnode, struct dir_entry *entry,
                             void *context, uint32_t flags)
{
    struct file *file = file_adopt(ops, vnode, entry, context, flags);
    if (!file) return NULL;
    vnode_get(vnode);
    if (entry) dir_entry_get(entry);
    return file;
}

struct file *file_create(const struct file_ops *ops, void *context, uint32_t flags)
{
    struct vnode *vnode = vnode_create(ops->mode, FILESYSTEM_ANONYMOUS, 0);
    if (!vnode) return NULL;
    vnode->links = 1;
    if (vnode_is_device(vnode))
        vnode->device = ops->device;
    else if (ops->is_shared)
        vnode->stream = (struct vnode_stream){ .ops = ops, .context = context };
    struct file *file = file_create_for(ops, vnode, NULL, context, flags);
    vnode_put(vnode);
    return file;
}

void file_get_vnode(const struct file *file, struct vnode **vnode, struct dir_entry **entry)
{
    *vnode = vnode_get(file->vnode);
    *entry = file->entry ? dir_entry_get(file->entry) : NULL;
}

err_t file_start_writing(struct file *file)
{
    struct vnode_regular *r = &file->vnode->regular;
    fs_lock();
    bool is_running = __atomic_load_n(&r->runners, __ATOMIC_RELAXED) > 0;
    if (!is_running) __atomic_add_fetch(&r->writers, 1, __ATOMIC_RELAXED);
    fs_unlock();
    file->is_writer = !is_running;
    return is_running ? ERR_TEXT_BUSY : OK;
}

err_t file_start_running(struct file *file)
{
    struct vnode_regular *r = &file->vnode->regular;
    vnode_start_change(file->vnode); /* a truncation by name ends first */
    fs_lock();
    bool is_written = __atomic_load_n(&r->writers, __ATOMIC_RELAXED) > 0;
    if (!is_written) __atomic_add_fetch(&r->runners, 1, __ATOMIC_RELAXED);
    fs_unlock();
    vnode_end_change(file->vnode);
    file->is_runner = !is_written;
    return is_written ? ERR_TEXT_BUSY : OK;
}

void file_stop_running(struct file *file)
{
    if (file->is_runner) __atomic_sub_fetch(&file->vnode->regular.runners, 1, __ATOMIC_RELAXED);
    file->is_runner = false;
}

/* Without the lock: whoever looks meanwhile comes a moment too early. */
static inline void stop_using(const struct file *file)
{
    if (likely(!file->is_writer && !file->is_runner)) return;
    struct vnode_regular *r = &file->vnode->regular;
    if (file->is_writer) __atomic_sub_fetch(&r->writers, 1, __ATOMIC_RELAXED);
    if (file->is_runner) __atomic_sub_fetch(&r->runners, 1, __ATOMIC_RELAXED);
}

static NOINLINE void tell_of_close(const struct file *file)
{
    if (file->flags & LINUX_O_PATH) return;
    notify_file(file, file_is_writable(file) ? LINUX_IN_CLOSE_WRITE : LINUX_IN_CLOSE_NOWRITE);
}

void file_put(struct file *file)
{
    if (!file || __atomic_sub_fetch(&file->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    if (unlikely(file->vnode->notify)) tell_of_close(file);
    if (unlikely(file->is_watched)) epoll_forget_file(file);
    file_lock_closed(file->vnode, file);
    stop_using(file);
    if (file->ops->release) file->ops->release(file);
    dir_entry_put(file->entry);
    vnode_put(file->vnode);
    heap_free(file);
}

/* ---- reading and writing ---- */

static NOINLINE void wait_for_position(struct file *file)
{
    fs_lock();
    while (file->is_position_taken) wait_sleep_locked(&fs_queue);
    file->is_position_taken = true;
    fs_unlock();
}

void file_take_position(struct file *file)
{
    fs_lock_short();
    bool is_free = !file->is_position_taken;
    if (is_free) file->is_position_taken = true;
    fs_unlock_short();
    if (unlikely(!is_free)) wait_for_position(file);
}

void file_give_position(struct file *file)
{
    fs_lock_short();
    file->is_position_taken = false;
    if (unlikely(!list_is_empty(&fs_queue.waiters))) wait_wake_all_locked(&fs_queue);
    fs_unlock_short();
}

typedef int64_t (*transfer_op)(struct file *file, struct io_buffer *buffer, uint64_t *position);

static int64_t transfer(struct file *file, transfer_op op, struct io_buffer *buffer, uint64_t *position)
{
    if (!op) return ERR_INVALID.code;
    if (!file->ops->is_seekable) return op(file, buffer, NULL);
    if (position) return op(file, buffer, position);
    file_take_position(file);
    int64_t result = op(file, buffer, &file->position);
    file_give_position(file);
    return result;
}

int64_t file_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    if (!file_is_readable(file)) return ERR_BAD_FD.code;
    int64_t got = transfer(file, file->ops->read, to, position);
    if (got > 0) notify_file(file, LINUX_IN_ACCESS);
    return got;
}

int64_t file_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    if (!file_is_writable(file)) return ERR_BAD_FD.code;
    int64_t put = transfer(file, file->ops->write, from, position);
    if (put > 0) notify_file(file, LINUX_IN_MODIFY);
    return put;
}

err_t file_seek_nowhere(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file, (void)offset, (void)whence;
    *position = 0;
    return OK;
}

uint32_t file_poll(struct file *file) { return file->ops->poll ? file->ops->poll(file) : POLL_ALWAYS; }

/* ---- names ---- */

err_t file_write_name_locked(const struct file *file, const struct vnode *root, char *text, size_t capacity,
                             size_t *length)
{
    static const char removed[] = " (deleted)";
    if (file->vnode->filesystem == FILESYSTEM_ANONYMOUS) {
        const char *name = vnode_is_regular(file->vnode) ? file->vnode->regular.name : file->ops->name;
        *length = name[0] == '/' || strchr(name, ':') ? format_string(text, capacity, "%s", name)
                                                      : format_string(text, capacity, "%s:[%llu]", name,
                                                                      (unsigned long long)file->vnode->inode);
        return *length < capacity ? OK : ERR_RANGE;
    }
    const struct dir_entry *entry = file->entry;
    if (!entry && vnode_is_directory(file->vnode)) entry = file->vnode->directory.entry;
    struct path_text path;
    err_t e = path_write_locked(root, entry, text, capacity, &path);
    if (failed(e)) return e;
    *length = path.length;
    if (!path.is_removed) return OK;
    if (*length + sizeof(removed) - 1 > capacity) return ERR_RANGE;
    memcpy(text + *length, removed, sizeof(removed) - 1);
    *length += sizeof(removed) - 1;
    return OK;
}
