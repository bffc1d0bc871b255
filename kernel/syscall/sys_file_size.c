/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about a file's length and where it is kept. Memory is the only storage, so there is never
 * anything to write back or to read ahead: those calls check their arguments and are done. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "fs/permission.h"
#include "fs/tmpfs.h"
#include "syscall/sys_path.h"

enum { FADVISE_LAST = 5 };

static err_t check_truncate(const struct vnode *v)
{
    if (vnode_is_directory(v)) return ERR_IS_DIRECTORY;
    if (!vnode_is_regular(v)) return ERR_INVALID;
    return mount_is_read_only(v) ? ERR_READ_ONLY : permission_check(v, MAY_WRITE);
}

/* The length of a text that is made when it is read is nobody's to choose, and Linux lets it pass. */
static err_t truncate_vnode(struct vnode *v, uint64_t bytes)
{
    if (!vnode_is_stored(v)) return OK;
    permission_before_change(v);
    return tmpfs_truncate(v, bytes);
}

int64_t sys_truncate(uint64_t path, uint64_t bytes)
{
    struct named_vnode named;
    if ((int64_t)bytes < 0) return ERR_INVALID.code;
    err_t e = path_argument_get_named((uint64_t)LINUX_AT_FDCWD, path, PATH_REQUIRED, WALK_FOLLOW, &named);
    if (failed(e)) return e.code;
    e = check_truncate(named.vnode);
    if (!failed(e)) e = truncate_vnode(named.vnode, bytes);
    named_vnode_done(&named, e, LINUX_IN_MODIFY);
    return e.code;
}

int64_t sys_ftruncate(uint64_t fd, uint64_t bytes)
{
    struct file *file;
    if ((int64_t)bytes < 0) return ERR_INVALID.code;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    bool is_possible = vnode_is_regular(file->vnode) && file_is_writable(file);
    e = is_possible ? truncate_vnode(file->vnode, bytes) : ERR_INVALID;
    if (!failed(e)) notify_file(file, LINUX_IN_MODIFY);
    file_put(file);
    return e.code;
}

/* Modes exclude each other; those that tmpfs lacks are refused after everything else was checked. */
static bool is_known_mode(uint32_t mode)
{
    switch (mode & ~(uint32_t)LINUX_FALLOC_KEEP_SIZE) {
    case 0:
    case LINUX_FALLOC_ZERO_RANGE:
    case LINUX_FALLOC_UNSHARE_RANGE: return true;
    case LINUX_FALLOC_PUNCH_HOLE: return mode & LINUX_FALLOC_KEEP_SIZE;
    case LINUX_FALLOC_COLLAPSE_RANGE:
    case LINUX_FALLOC_INSERT_RANGE: return !(mode & LINUX_FALLOC_KEEP_SIZE);
    }
    return false;
}

/* [linux fs/open.c vfs_fallocate] */
static err_t check_fallocate(const struct file *file, uint32_t mode, uint64_t offset, uint64_t bytes)
{
    if ((int64_t)offset < 0 || (int64_t)bytes <= 0) return ERR_INVALID;
    if (!is_known_mode(mode)) return ERR_NOT_SUPPORTED;
    if (!file_is_writable(file)) return ERR_BAD_FD;
    switch (vnode_type(file->vnode)) {
    case LINUX_S_IFREG: break;
    case LINUX_S_IFIFO: return ERR_SEEK_PIPE;
    case LINUX_S_IFDIR: return ERR_IS_DIRECTORY;
    default: return ERR_NO_DEVICE;
    }
    if ((int64_t)(offset + bytes) < 0) return ERR_FILE_TOO_LARGE;
    bool is_offered = !(mode & ~(uint32_t)(LINUX_FALLOC_KEEP_SIZE | LINUX_FALLOC_PUNCH_HOLE));
    return is_offered && vnode_is_stored(file->vnode) ? OK : ERR_NOT_SUPPORTED;
}

int64_t sys_fallocate(uint64_t fd, uint64_t mode, uint64_t offset, uint64_t bytes)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = check_fallocate(file, (uint32_t)mode, offset, bytes);
    if (!failed(e)) {
        if (mode & LINUX_FALLOC_PUNCH_HOLE)
            e = tmpfs_punch(file->vnode, offset, bytes);
        else
            e = tmpfs_allocate(file->vnode, offset, bytes, mode & LINUX_FALLOC_KEEP_SIZE);
        if (!failed(e)) notify_file(file, LINUX_IN_MODIFY);
    }
    file_put(file);
    return e.code;
}

int64_t sys_fsync(uint64_t fd)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    bool is_stored = vnode_is_stored(file->vnode) || vnode_is_directory(file->vnode);
    file_put(file);
    return is_stored ? 0 : ERR_INVALID.code;
}

int64_t sys_fdatasync(uint64_t fd) { return sys_fsync(fd); }

int64_t sys_sync(void) { return 0; }

int64_t sys_syncfs(uint64_t fd)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (!failed(e)) file_put(file);
    return e.code;
}

/* [linux fs/sync.c sync_file_range] */
static err_t check_sync_range(const struct file *file, uint64_t offset, uint64_t bytes, uint32_t flags)
{
    enum { WAIT_BEFORE = 1, WRITE = 2, WAIT_AFTER = 4 };
    if (flags & ~(uint32_t)(WAIT_BEFORE | WRITE | WAIT_AFTER)) return ERR_INVALID;
    int64_t end = (int64_t)(offset + bytes);
    if ((int64_t)offset < 0 || end < (int64_t)offset) return ERR_INVALID;
    switch (vnode_type(file->vnode)) {
    case LINUX_S_IFREG:
    case LINUX_S_IFBLK:
    case LINUX_S_IFDIR:
    case LINUX_S_IFLNK: return OK;
    }
    return ERR_SEEK_PIPE;
}

int64_t sys_sync_file_range(uint64_t fd, uint64_t offset, uint64_t bytes, uint64_t flags)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = check_sync_range(file, offset, bytes, (uint32_t)flags);
    file_put(file);
    return e.code;
}

static err_t check_advice(const struct file *file, uint64_t bytes, uint32_t advice)
{
    if (vnode_type(file->vnode) == LINUX_S_IFIFO) return ERR_SEEK_PIPE;
    return (int64_t)bytes < 0 || advice > FADVISE_LAST ? ERR_INVALID : OK;
}

int64_t sys_fadvise64(uint64_t fd, uint64_t offset, uint64_t bytes, uint64_t advice)
{
    struct file *file;
    (void)offset;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = check_advice(file, bytes, (uint32_t)advice);
    file_put(file);
    return e.code;
}

int64_t sys_readahead(uint64_t fd, uint64_t offset, uint64_t bytes)
{
    struct file *file;
    (void)offset;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    if (!file_is_readable(file))
        e = ERR_BAD_FD;
    else if (!vnode_is_regular(file->vnode) || (int64_t)bytes < 0)
        e = ERR_INVALID;
    file_put(file);
    return e.code;
}
