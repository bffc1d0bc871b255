/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/vnode_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "fs/directory.h"
#include "fs/names.h"
#include "fs/permission.h"
#include "fs/tmpfs.h"
#include "vm/usercopy.h"

/* ---- regular files ---- */

static int64_t regular_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    int64_t got = tmpfs_read(file->vnode, to, *position);
    if (got > 0) *position += (uint64_t)got;
    return got;
}

static int64_t regular_read_user_at(struct file *file, uint64_t address, uint64_t bytes, uint64_t position)
{
    return tmpfs_read_user(file->vnode, address, bytes, position);
}

static int64_t regular_read_user(struct file *file, uint64_t address, uint64_t bytes)
{
    file_take_position(file);
    bool is_beyond = file->position > (uint64_t)INT64_MAX - bytes;
    int64_t got = is_beyond ? ERR_INVALID.code : tmpfs_read_user(file->vnode, address, bytes, file->position);
    if (got > 0) file->position += (uint64_t)got;
    file_give_position(file);
    return got;
}

static int64_t regular_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    permission_before_change(file->vnode);
    return tmpfs_write(file->vnode, from, position, from->appends || (file->flags & LINUX_O_APPEND));
}

static uint64_t size_of(struct vnode *v)
{
    fs_lock();
    uint64_t size = v->size;
    fs_unlock();
    return size;
}

static err_t move_to(int64_t base, int64_t offset, uint64_t *position)
{
    int64_t target;
    if (__builtin_add_overflow(base, offset, &target)) return ERR_OVERFLOW;
    if (target < 0) return ERR_INVALID;
    *position = (uint64_t)target;
    return OK;
}

/* The position is a whole number of at most 63 bits, also beyond the end. */
static err_t regular_seek(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    switch (whence) {
    case LINUX_SEEK_SET: return move_to(0, offset, position);
    case LINUX_SEEK_CUR: return move_to((int64_t)*position, offset, position);
    case LINUX_SEEK_END: return move_to((int64_t)size_of(file->vnode), offset, position);
    case LINUX_SEEK_DATA:
    case LINUX_SEEK_HOLE:
        if (offset < 0) return ERR_NO_DEVICE_ADDRESS;
        return tmpfs_seek(file->vnode, (uint64_t)offset, whence == LINUX_SEEK_DATA, position);
    }
    return ERR_INVALID;
}

static int64_t regular_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    int64_t size = (int64_t)size_of(file->vnode);
    if (request == LINUX_FIOQSIZE) return user_copy_out(UADDR(argument), &size, sizeof(size)).code;
    if (request != LINUX_FIONREAD) return ERR_NOT_TTY.code;
    int32_t ahead = (int32_t)(size - (int64_t)file->position); /* cut to an int, as on Linux */
    return user_copy_out(UADDR(argument), &ahead, sizeof(ahead)).code;
}

const struct file_ops regular_file_ops = {
    .name = "file",
    .is_seekable = true,
    .is_spliceable = true,
    .read = regular_read,
    .read_user = regular_read_user,
    .read_user_at = regular_read_user_at,
    .write = regular_write,
    .seek = regular_seek,
    .ioctl = regular_ioctl,
};

/* ---- directories ---- */

static bool add_dots_locked(struct names_batch *batch, struct vnode *directory) REQUIRES(fs_queue.lock)
{
    if (batch->next == 0 && !names_add(batch, directory->inode, directory->mode, ".", 1, 1)) return false;
    if (batch->next > 1) return true;
    struct vnode *parent = directory_parent_locked(directory);
    return names_add(batch, parent->inode, parent->mode, "..", 2, DIRECTORY_FIRST_COOKIE);
}

static void directory_fill(struct file *file, struct names_batch *batch)
{
    struct vnode *directory = file->vnode;
    fs_lock();
    struct dir_entry *entry = NULL;
    if (add_dots_locked(batch, directory)) entry = directory_seek_locked(directory, batch->next);
    while (entry && names_add(batch, entry->vnode->inode, entry->vnode->mode, entry->name, entry->name_bytes,
                              (uint64_t)entry->cookie + 1))
        entry = directory_next_locked(directory, entry);
    fs_unlock();
}

static int64_t directory_read_names(struct file *file, struct io_buffer *to, uint64_t *position)
{
    /* A removed directory has not even the dots. */
    if (__atomic_load_n(&file->vnode->links, __ATOMIC_RELAXED) == 0) return ERR_NOT_FOUND.code;
    return names_read(file, to, position, directory_fill);
}

/* Positions are cookies of names; only whole moves make sense. */
static err_t directory_seek(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file;
    if (whence == LINUX_SEEK_SET) return move_to(0, offset, position);
    if (whence == LINUX_SEEK_CUR) return move_to((int64_t)*position, offset, position);
    return ERR_INVALID;
}

static int64_t directory_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    (void)file, (void)to, (void)position;
    return ERR_IS_DIRECTORY.code;
}

const struct file_ops directory_file_ops = {
    .name = "directory",
    .is_seekable = true,
    .read = directory_read,
    .seek = directory_seek,
    .read_names = directory_read_names,
};

/* Calls refuse an O_PATH descriptor before they come to its operations. */
const struct file_ops path_file_ops = { .name = "path" };
