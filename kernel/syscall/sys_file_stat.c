/* SPDX-License-Identifier: Apache-2.0 */
/* stat in all its forms. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "fs/file.h"
#include "fs/tmpfs.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

#define NS_PER_S 1000000000ll

enum {
    STAT_FLAGS = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_NO_AUTOMOUNT | LINUX_AT_EMPTY_PATH |
                 LINUX_AT_STATX_FORCE_SYNC | LINUX_AT_STATX_DONT_SYNC,
    STAT_SYNC_FLAGS = LINUX_AT_STATX_FORCE_SYNC | LINUX_AT_STATX_DONT_SYNC,
};

/* Times before 1970 have a negative second and a positive rest. */
static int64_t seconds_of(int64_t ns)
{
    int64_t seconds = ns / NS_PER_S;
    return ns % NS_PER_S < 0 ? seconds - 1 : seconds;
}
static uint32_t rest_of(int64_t ns) { return (uint32_t)(ns - seconds_of(ns) * NS_PER_S); }

static int64_t write_stat(struct vnode *v, uint64_t out)
{
    struct vnode_attributes a;
    vnode_get_attributes(v, &a);
    struct linux_stat s = {
        .st_dev = a.device,
        .st_ino = a.inode,
        .st_nlink = a.links,
        .st_mode = a.mode,
        .st_uid = a.uid,
        .st_gid = a.gid,
        .st_rdev = a.rdev,
        .st_size = (int64_t)a.size,
        .st_blksize = PAGE_BYTES,
        .st_blocks = (int64_t)a.blocks,
        .st_atime_s = (uint64_t)seconds_of(a.atime_ns),
        .st_atime_ns = rest_of(a.atime_ns),
        .st_mtime_s = (uint64_t)seconds_of(a.mtime_ns),
        .st_mtime_ns = rest_of(a.mtime_ns),
        .st_ctime_s = (uint64_t)seconds_of(a.ctime_ns),
        .st_ctime_ns = rest_of(a.ctime_ns),
    };
    return user_copy_out(UADDR(out), &s, sizeof(s)).code;
}

static struct linux_statx_timestamp timestamp(int64_t ns)
{
    return (struct linux_statx_timestamp){ .tv_sec = seconds_of(ns), .tv_nsec = rest_of(ns) };
}

static int64_t write_statx(struct vnode *v, uint64_t out)
{
    struct vnode_attributes a;
    vnode_get_attributes(v, &a);
    struct linux_statx s = {
        .stx_mask = LINUX_STATX_BASIC_STATS | LINUX_STATX_MNT_ID,
        .stx_blksize = PAGE_BYTES,
        .stx_nlink = (uint32_t)a.links,
        .stx_uid = a.uid,
        .stx_gid = a.gid,
        .stx_mode = (uint16_t)a.mode,
        .stx_ino = a.inode,
        .stx_size = a.size,
        .stx_blocks = a.blocks,
        .stx_atime = timestamp(a.atime_ns),
        .stx_ctime = timestamp(a.ctime_ns),
        .stx_mtime = timestamp(a.mtime_ns),
        .stx_rdev_major = linux_major(a.rdev),
        .stx_rdev_minor = linux_minor(a.rdev),
        .stx_dev_major = linux_major(a.device),
        .stx_dev_minor = linux_minor(a.device),
        .stx_mnt_id = linux_minor(a.device),
    };
    return user_copy_out(UADDR(out), &s, sizeof(s)).code;
}

static enum path_need need_of(uint64_t flags)
{
    return flags & LINUX_AT_EMPTY_PATH ? PATH_MAY_BE_NULL : PATH_REQUIRED;
}

/* The vnode of a descriptor without a path, or of a path. */
static err_t find(uint64_t directory_fd, uint64_t path, uint32_t flags, struct vnode **out)
{
    if (flags & ~(uint32_t)STAT_FLAGS) return ERR_INVALID;
    uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    return path_argument_get_vnode(directory_fd, path, need_of(flags), walk, out);
}

int64_t sys_newfstatat(uint64_t directory_fd, uint64_t path, uint64_t out, uint64_t flags)
{
    struct vnode *v;
    err_t e = find(directory_fd, path, (uint32_t)flags, &v);
    if (failed(e)) return e.code;
    int64_t result = write_stat(v, out);
    vnode_put(v);
    return result;
}

int64_t sys_stat(uint64_t path, uint64_t out)
{
    return sys_newfstatat((uint64_t)LINUX_AT_FDCWD, path, out, 0);
}

int64_t sys_lstat(uint64_t path, uint64_t out)
{
    return sys_newfstatat((uint64_t)LINUX_AT_FDCWD, path, out, LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(uint64_t fd, uint64_t out)
{
    struct file *file;
    err_t e = file_argument_or_path(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = write_stat(file->vnode, out);
    file_put(file);
    return result;
}

int64_t sys_statx(uint64_t directory_fd, uint64_t path, uint64_t flags, uint64_t mask, uint64_t out)
{
    if (mask & LINUX_STATX_RESERVED) return ERR_INVALID.code;
    if ((flags & STAT_SYNC_FLAGS) == STAT_SYNC_FLAGS) return ERR_INVALID.code;
    struct vnode *v;
    err_t e = find(directory_fd, path, (uint32_t)flags, &v);
    if (failed(e)) return e.code;
    int64_t result = write_statx(v, out);
    vnode_put(v);
    return result;
}

static int64_t magic_of(const struct vnode *v)
{
    switch (v->filesystem) {
    case FILESYSTEM_PROC: return LINUX_PROC_MAGIC;
    case FILESYSTEM_SYS: return LINUX_SYSFS_MAGIC;
    case FILESYSTEM_TERMINALS: return LINUX_DEVPTS_MAGIC;
    default: return LINUX_TMPFS_MAGIC;
    }
}

static int64_t write_statfs(const struct vnode *v, uint64_t out)
{
    uint64_t limit = tmpfs_page_limit(), used = MIN(tmpfs_pages_used(), limit);
    bool is_proc = v->made;
    struct linux_statfs s = {
        .f_type = magic_of(v),
        .f_bsize = PAGE_BYTES,
        .f_blocks = is_proc ? 0 : (int64_t)limit,
        .f_bfree = is_proc ? 0 : (int64_t)(limit - used),
        .f_bavail = is_proc ? 0 : (int64_t)(limit - used),
        .f_fsid = { v->filesystem, 0 },
        .f_namelen = LINUX_NAME_MAX,
        .f_frsize = PAGE_BYTES,
        .f_flags = LINUX_ST_VALID | LINUX_ST_NOATIME,
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
