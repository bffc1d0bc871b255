/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about permissions and owners. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "fs/mount.h"
#include "fs/notify.h"
#include "fs/permission.h"
#include "process/identity.h"
#include "syscall/sys_path.h"

#define CWD ((uint64_t)LINUX_AT_FDCWD)

/* ---- access ---- */

static enum path_need need_of(uint64_t flags)
{
    return flags & LINUX_AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_REQUIRED;
}

/* Where nothing can be written; devices and pipes are no part of the tree that holds their names. */
static err_t check_writable(const struct vnode *v)
{
    bool is_of_tree = vnode_is_regular(v) || vnode_is_directory(v);
    return is_of_tree && mount_is_read_only(v) ? ERR_READ_ONLY : OK;
}

static err_t check_access(uint64_t directory_fd, uint64_t path, uint32_t mode, uint32_t flags)
{
    struct vnode *v;
    uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    err_t e = path_argument_get_vnode(directory_fd, path, need_of(flags), walk, &v);
    if (failed(e)) return e;
    if (mode & LINUX_W_OK) e = check_writable(v);
    if ((mode & LINUX_X_OK) && vnode_is_regular(v) && mount_forbids(v, LINUX_MS_NOEXEC)) e = ERR_ACCESS;
    if (!failed(e)) e = permission_check(v, mode);
    vnode_put(v);
    return e;
}

int64_t sys_faccessat2(uint64_t directory_fd, uint64_t path, uint64_t mode, uint64_t flags)
{
    enum { KNOWN = LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH };
    if ((uint32_t)mode & ~(uint32_t)(LINUX_R_OK | LINUX_W_OK | LINUX_X_OK)) return ERR_INVALID.code;
    if ((uint32_t)flags & ~(uint32_t)KNOWN) return ERR_INVALID.code;
    const struct credentials *before = NULL;
    err_t e = flags & LINUX_AT_EACCESS ? OK : identity_begin_as_real(&before);
    if (failed(e)) return e.code;
    e = check_access(directory_fd, path, (uint32_t)mode, (uint32_t)flags);
    identity_end_as_real(before);
    return e.code;
}

int64_t sys_faccessat(uint64_t directory_fd, uint64_t path, uint64_t mode)
{
    return sys_faccessat2(directory_fd, path, mode, 0);
}

int64_t sys_access(uint64_t path, uint64_t mode) { return sys_faccessat2(CWD, path, mode, 0); }

/* ---- permissions and owners ---- */

int64_t sys_fchmodat(uint64_t directory_fd, uint64_t path, uint64_t mode)
{
    struct named_vnode named;
    err_t e = path_argument_get_named(directory_fd, path, PATH_REQUIRED, WALK_FOLLOW, &named);
    if (failed(e)) return e.code;
    e = permission_set_mode(named.vnode, (uint32_t)mode);
    named_vnode_done(&named, e, LINUX_IN_ATTRIB);
    return e.code;
}

int64_t sys_chmod(uint64_t path, uint64_t mode) { return sys_fchmodat(CWD, path, mode); }

int64_t sys_fchmod(uint64_t fd, uint64_t mode)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = permission_set_mode(file->vnode, (uint32_t)mode);
    if (!failed(e)) notify_file(file, LINUX_IN_ATTRIB);
    file_put(file);
    return e.code;
}

/* Who names neither owner changes nothing but the time of the change, which nobody is told of. */
static uint32_t event_of_owner(uint64_t uid, uint64_t gid)
{
    return ((uint32_t)uid & (uint32_t)gid) == UINT32_MAX ? 0 : LINUX_IN_ATTRIB;
}

int64_t sys_fchownat(uint64_t directory_fd, uint64_t path, uint64_t uid, uint64_t gid, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return ERR_INVALID.code;
    struct named_vnode named;
    uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    err_t e = path_argument_get_named(directory_fd, path, need_of(flags), walk, &named);
    if (failed(e)) return e.code;
    e = permission_set_owner(named.vnode, (uint32_t)uid, (uint32_t)gid);
    named_vnode_done(&named, e, event_of_owner(uid, gid));
    return e.code;
}

int64_t sys_chown(uint64_t path, uint64_t uid, uint64_t gid) { return sys_fchownat(CWD, path, uid, gid, 0); }

int64_t sys_lchown(uint64_t path, uint64_t uid, uint64_t gid)
{
    return sys_fchownat(CWD, path, uid, gid, LINUX_AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fchown(uint64_t fd, uint64_t uid, uint64_t gid)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = permission_set_owner(file->vnode, (uint32_t)uid, (uint32_t)gid);
    if (!failed(e) && event_of_owner(uid, gid)) notify_file(file, LINUX_IN_ATTRIB);
    file_put(file);
    return e.code;
}
