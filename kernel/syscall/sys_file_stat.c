/* SPDX-License-Identifier: Apache-2.0 */
/* stat in all its forms. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/path_plain.h"
#include "fs/tmpfs.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

enum {
    STAT_FLAGS = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH |
                 LINUX_AT_STATX_FORCE_SYNC | LINUX_AT_STATX_DONT_SYNC,
    STAT_SYNC_FLAGS = LINUX_AT_STATX_FORCE_SYNC | LINUX_AT_STATX_DONT_SYNC,
};

static struct linux_statx_timestamp timestamp(int64_t ns)
{
    return (struct linux_statx_timestamp){ .tv_sec = vnode_seconds(ns), .tv_nsec = vnode_rest(ns) };
}

static int64_t write_statx(const struct vnode_attributes *a, uint64_t out)
{
    struct linux_statx s = {
        .stx_mask = LINUX_STATX_BASIC_STATS | LINUX_STATX_MNT_ID,
        .stx_blksize = PAGE_BYTES,
        .stx_nlink = (uint32_t)a->links,
        .stx_uid = a->uid,
        .stx_gid = a->gid,
        .stx_mode = (uint16_t)a->mode,
        .stx_ino = a->inode,
        .stx_size = a->size,
        .stx_blocks = a->blocks,
        .stx_atime = timestamp(a->atime_ns),
        .stx_ctime = timestamp(a->ctime_ns),
        .stx_mtime = timestamp(a->mtime_ns),
        .stx_rdev_major = linux_major(a->rdev),
        .stx_rdev_minor = linux_minor(a->rdev),
        .stx_dev_major = linux_major(a->device),
        .stx_dev_minor = linux_minor(a->device),
        .stx_mnt_id = linux_minor(a->device),
    };
    return user_copy_out(UADDR(out), &s, sizeof(s)).code;
}

static enum path_need need_of(uint64_t flags)
{
    return flags & LINUX_AT_EMPTY_PATH ? PATH_MAY_BE_NULL : PATH_REQUIRED;
}

static uint32_t walk_of(uint32_t flags) { return flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW; }

static ALWAYS_INLINE int64_t stat_at(uint64_t directory_fd, uint64_t path, uint64_t out, uint32_t flags)
{
    if (unlikely(flags & ~(uint32_t)STAT_FLAGS)) return ERR_INVALID.code;
    struct path_argument argument;
    struct linux_stat s;
    err_t e = path_argument_init_inline(&argument, directory_fd, path, need_of(flags));
    if (unlikely(failed(e))) return e.code;
    uint32_t walk = walk_of(flags);
    if (unlikely(!path_get_stat_plainly(&argument.from, argument.path.text, walk, &s, &e)))
        e = path_get_stat(&argument.from, argument.path.text, walk, &s);
    path_argument_fini(&argument);
    return failed(e) ? e.code : user_copy_out_inline(UADDR(out), &s, sizeof(s)).code;
}

int64_t sys_newfstatat(uint64_t directory_fd, uint64_t path, uint64_t out, uint64_t flags)
{
    return stat_at(directory_fd, path, out, (uint32_t)flags);
}

int64_t sys_stat(uint64_t path, uint64_t out) { return stat_at((uint64_t)LINUX_AT_FDCWD, path, out, 0); }

int64_t sys_lstat(uint64_t path, uint64_t out)
{
    return sys_newfstatat((uint64_t)LINUX_AT_FDCWD, path, out, LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(uint64_t fd, uint64_t out)
{
    struct file *file;
    err_t e = file_argument_or_path(fd, &file);
    if (failed(e)) return e.code;
    struct linux_stat s;
    fs_lock_short();
    vnode_get_stat_locked(file->vnode, &s);
    fs_unlock_short();
    file_put(file);
    return user_copy_out(UADDR(out), &s, sizeof(s)).code;
}

int64_t sys_statx(uint64_t directory_fd, uint64_t path, uint64_t flags, uint64_t mask, uint64_t out)
{
    if (mask & LINUX_STATX_RESERVED) return ERR_INVALID.code;
    if ((flags & STAT_SYNC_FLAGS) == STAT_SYNC_FLAGS) return ERR_INVALID.code;
    if ((uint32_t)flags & ~(uint32_t)STAT_FLAGS) return ERR_INVALID.code;
    struct path_argument argument;
    struct vnode_attributes a;
    err_t e = path_argument_init(&argument, directory_fd, path, need_of(flags));
    if (failed(e)) return e.code;
    e = path_get_attributes(&argument.from, argument.path.text, walk_of((uint32_t)flags), &a);
    path_argument_fini(&argument);
    return failed(e) ? e.code : write_statx(&a, out);
}

static int64_t write_statfs(const struct vnode *v, uint64_t out)
{
    const struct mount *m = mount_find(v->filesystem); /* NULL: files without names */
    bool has_own_space = v->filesystem >= FILESYSTEM_MOUNTED;
    uint64_t limit = has_own_space ? m->space.page_limit : tmpfs_page_limit();
    uint64_t used = MIN(has_own_space ? m->space.pages : tmpfs_pages_used(), limit);
    uint64_t inodes = has_own_space ? m->space.inode_limit : 0;
    bool is_endless = v->made || limit == UINT64_MAX || (has_own_space && !m->type->has_space);
    struct linux_statfs s = {
        .f_type = m ? m->type->magic : LINUX_TMPFS_MAGIC,
        .f_bsize = PAGE_BYTES,
        .f_blocks = is_endless ? 0 : (int64_t)limit,
        .f_bfree = is_endless ? 0 : (int64_t)(limit - used),
        .f_bavail = is_endless ? 0 : (int64_t)(limit - used),
        .f_files = (int64_t)inodes,
        .f_ffree = inodes ? (int64_t)(inodes - MIN(inodes, m->space.inodes)) : 0,
        .f_fsid = { v->filesystem, 0 },
        .f_namelen = LINUX_NAME_MAX,
        .f_frsize = PAGE_BYTES,
        .f_flags = LINUX_ST_VALID | LINUX_ST_NOATIME | mount_flags[v->filesystem],
    };
    return user_copy_out(UADDR(out), &s, sizeof(s)).code;
}

/* A file system by its device, 0:MINOR. Of the old call's fields, two are filled in. */
_Static_assert(LINUX_ST_RDONLY == LINUX_MS_RDONLY && LINUX_ST_NOSUID == LINUX_MS_NOSUID &&
                   LINUX_ST_NODEV == LINUX_MS_NODEV && LINUX_ST_NOEXEC == LINUX_MS_NOEXEC,
               "the flags of a mount are those that statfs tells");

int64_t sys_ustat(uint64_t device, uint64_t out)
{
    uint32_t filesystem = linux_minor((uint32_t)device) - VNODE_MINOR_BASE;
    if (linux_major((uint32_t)device) || !mount_find(filesystem)) return ERR_INVALID.code;
    bool is_stored = filesystem == FILESYSTEM_ROOT || filesystem == FILESYSTEM_DEV;
    uint64_t limit = tmpfs_page_limit();
    struct linux_ustat s = {
        .f_tfree = is_stored ? (int32_t)(limit - MIN(tmpfs_pages_used(), limit)) : 0,
    };
    return user_copy_out(UADDR(out), &s, sizeof(s)).code;
}

int64_t sys_statfs(uint64_t path, uint64_t out)
{
    struct vnode *v;
    err_t e = path_argument_get_vnode((uint64_t)LINUX_AT_FDCWD, path, PATH_REQUIRED, WALK_FOLLOW, &v);
    if (failed(e)) return e.code;
    int64_t result = write_statfs(v, out);
    vnode_put(v);
    return result;
}

int64_t sys_fstatfs(uint64_t fd, uint64_t out)
{
    struct file *file;
    err_t e = file_argument_or_path(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = write_statfs(file->vnode, out);
    file_put(file);
    return result;
}
