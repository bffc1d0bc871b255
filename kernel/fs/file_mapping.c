/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file_mapping.h"

#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/tmpfs.h"
#include "lib/string.h"
#include "vm/space.h"

static struct file *file_of(struct backing *b) { return CONTAINER_OF(b, struct file, backing); }

struct file *file_of_backing(struct backing *b) { return b && !b->ops->name ? file_of(b) : NULL; }

static void backing_op_get(struct backing *b) { file_get(file_of(b)); }
static void backing_op_put(struct backing *b) { file_put(file_of(b)); }

static err_t backing_op_page(struct backing *b, uint64_t index, bool is_shared, struct backing_page *out)
{
    return tmpfs_mapped_page(file_of(b)->vnode, index, is_shared, out);
}

static err_t backing_op_own(struct backing *b, uint64_t index)
{
    return tmpfs_own_mapped(file_of(b)->vnode, index);
}

static err_t backing_op_read(struct backing *b, uint64_t index, void *out_page)
{
    size_t done;
    err_t e = vnode_read_kernel(file_of(b)->vnode, index << PAGE_SHIFT, out_page, PAGE_BYTES, &done);
    if (failed(e)) return e;
    if (done == 0) return ERR_IO;
    memset((uint8_t *)out_page + done, 0, PAGE_BYTES - done);
    return OK;
}

static const struct backing_ops ops = {
    .get = backing_op_get,
    .put = backing_op_put,
    .page = backing_op_page,
    .own = backing_op_own,
    .read = backing_op_read,
};

void file_backing_init(struct file *file)
{
    file->backing = (struct backing){ &ops, &file->vnode->regular.mapping };
}

/* ---- mmap ---- */

/* In Linux's order. [linux mm/mmap.c do_mmap] */
static err_t check_file(const struct file *file, uint32_t flags)
{
    bool is_written = (flags & SPACE_SHARED) && (flags & SPACE_WRITE);
    if (is_written && !file_is_writable(file)) return ERR_ACCESS;
    if (!file_is_readable(file)) return ERR_ACCESS;
    if ((flags & SPACE_EXEC) && mount_forbids(file->vnode, LINUX_MS_NOEXEC)) return ERR_NOT_PERMITTED;
    return vnode_is_stored(file->vnode) ? OK : ERR_NO_DEVICE;
}

/* A sealed file may be looked at through a shared mapping that never becomes writable. */
static err_t count_writable_locked(struct file *file, uint32_t *flags) REQUIRES(fs_queue.lock)
{
    struct vnode *v = file->vnode;
    if (!(*flags & SPACE_SHARED) || !file_is_writable(file)) return OK;
    if (v->seals & (LINUX_F_SEAL_WRITE | LINUX_F_SEAL_FUTURE_WRITE))
        return *flags & SPACE_WRITE ? ERR_NOT_PERMITTED : OK;
    *flags |= SPACE_MAY_WRITE;
    v->regular.was_shared = true;
    __atomic_add_fetch(&v->regular.mapping.writable_count, 1, __ATOMIC_RELAXED);
    return OK;
}

err_t file_backing_open(struct file *file, uint32_t *flags, struct backing **out)
{
    err_t e = check_file(file, *flags);
    if (failed(e)) return e;
    fs_lock();
    e = count_writable_locked(file, flags);
    fs_unlock();
    if (!failed(e)) *out = backing_get(&file->backing);
    return e;
}

void file_backing_settle(struct file *file, uint32_t flags)
{
    if (flags & SPACE_MAY_WRITE)
        __atomic_sub_fetch(&file->vnode->regular.mapping.writable_count, 1, __ATOMIC_RELAXED);
}

/* ---- about ranges ---- */

err_t file_backing_punch(struct backing *backing, uint64_t first_page, uint64_t pages)
{
    const struct file *file = file_of_backing(backing);
    return file ? tmpfs_punch(file->vnode, first_page << PAGE_SHIFT, pages << PAGE_SHIFT) : ERR_INVALID;
}

bool file_backing_has_page(struct backing *backing, uint64_t page)
{
    const struct file *file = file_of_backing(backing);
    return !file || tmpfs_has_page(file->vnode, page);
}
