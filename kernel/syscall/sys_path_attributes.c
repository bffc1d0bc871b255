/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about permissions, owners and times. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "core/time.h"
#include "fs/file.h"
#include "fs/permission.h"
#include "process/identity.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

#define CWD      ((uint64_t)LINUX_AT_FDCWD)
#define NS_PER_S 1000000000ll

/* ---- access ---- */

static enum path_need need_of(uint64_t flags)
{
    return flags & LINUX_AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_REQUIRED;
}

static err_t check_access(uint64_t directory_fd, uint64_t path, uint32_t mode, uint32_t flags)
{
    struct vnode *v;
    uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    err_t e = path_argument_get_vnode(directory_fd, path, need_of(flags), walk, &v);
    if (failed(e)) return e;
    e = permission_check(v, mode);
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
    struct vnode *v;
    err_t e = path_argument_get_vnode(directory_fd, path, PATH_REQUIRED, WALK_FOLLOW, &v);
    if (failed(e)) return e.code;
    e = permission_set_mode(v, (uint32_t)mode);
    vnode_put(v);
    return e.code;
}

int64_t sys_chmod(uint64_t path, uint64_t mode) { return sys_fchmodat(CWD, path, mode); }

int64_t sys_fchmod(uint64_t fd, uint64_t mode)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = permission_set_mode(file->vnode, (uint32_t)mode);
    file_put(file);
    return e.code;
}

int64_t sys_fchownat(uint64_t directory_fd, uint64_t path, uint64_t uid, uint64_t gid, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH))
        return ERR_INVALID.code;
    struct vnode *v;
    uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
    err_t e = path_argument_get_vnode(directory_fd, path, need_of(flags), walk, &v);
    if (failed(e)) return e.code;
    e = permission_set_owner(v, (uint32_t)uid, (uint32_t)gid);
    vnode_put(v);
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
    file_put(file);
    return e.code;
}

/* ---- times ---- */

struct new_times {
    struct linux_timespec access, modification;
};
_Static_assert(sizeof(struct new_times) == 32, "as utimensat takes them");

static bool is_valid(const struct linux_timespec *t)
{
    if (t->nanoseconds == LINUX_UTIME_NOW || t->nanoseconds == LINUX_UTIME_OMIT) return true;
    return t->nanoseconds >= 0 && t->nanoseconds < NS_PER_S;
}

/* Times beyond what 64 bits of nanoseconds hold (the years 1677 to 2262) become the nearest they do. */
static int64_t to_ns(const struct linux_timespec *t, int64_t now_ns)
{
    int64_t ns;
    if (t->nanoseconds == LINUX_UTIME_NOW) return now_ns;
    if (t->nanoseconds == LINUX_UTIME_OMIT) return VNODE_TIME_KEEP;
    if (__builtin_mul_overflow(t->seconds, NS_PER_S, &ns) || __builtin_add_overflow(ns, t->nanoseconds, &ns))
        return t->seconds < 0 ? VNODE_TIME_KEEP + 1 : INT64_MAX;
    return ns;
}

static err_t set_times(struct vnode *v, const struct new_times *times)
{
    if (!is_valid(&times->access) || !is_valid(&times->modification)) return ERR_INVALID;
    int64_t now_ns = (int64_t)time_realtime_ns();
    bool is_touch =
        times->access.nanoseconds == LINUX_UTIME_NOW && times->modification.nanoseconds == LINUX_UTIME_NOW;
    return permission_set_times(v, to_ns(&times->access, now_ns), to_ns(&times->modification, now_ns),
                                is_touch);
}

/* A NULL path means the descriptor itself: futimens(3). */
static err_t find_for_times(uint64_t directory_fd, uint64_t path, uint32_t flags, struct vnode **out)
{
    if (path || (int32_t)directory_fd == LINUX_AT_FDCWD) {
        if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) return ERR_INVALID;
        uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
        return path_argument_get_vnode(directory_fd, path, need_of(flags), walk, out);
    }
    if (flags) return ERR_INVALID;
    struct file *file;
    err_t e = file_argument(directory_fd, &file);
    if (failed(e)) return e;
    *out = vnode_get(file->vnode);
    file_put(file);
    return OK;
}

int64_t sys_utimensat(uint64_t directory_fd, uint64_t path, uint64_t times, uint64_t flags)
{
    struct new_times wanted = { { 0, LINUX_UTIME_NOW }, { 0, LINUX_UTIME_NOW } };
    if (times) {
        err_t e = user_copy_in(&wanted, UADDR(times), sizeof(wanted));
        if (failed(e)) return e.code;
        bool is_nothing = wanted.access.nanoseconds == LINUX_UTIME_OMIT &&
                          wanted.modification.nanoseconds == LINUX_UTIME_OMIT;
        if (is_nothing) return 0; /* Linux does not even look at the path */
    }
    struct vnode *v;
    err_t e = find_for_times(directory_fd, path, (uint32_t)flags, &v);
    if (failed(e)) return e.code;
    e = set_times(v, &wanted);
    vnode_put(v);
    return e.code;
}
