/* SPDX-License-Identifier: Apache-2.0 */
/* [linux fs/namei.c generic_permission, fs/attr.c] */
#include "fs/permission.h"

#include "core/time.h"
#include "fs/mount.h"

enum { OWNER_SHIFT = 6, GROUP_SHIFT = 3, RUNS_FOR_GROUP = 010 };

static uint32_t class_of(const struct credentials *c, const struct vnode *v, uint32_t mode)
{
    if (c->uid.fs == v->uid) return mode >> OWNER_SHIFT;
    return credentials_in_group(c, v->gid) ? mode >> GROUP_SHIFT : mode;
}

err_t permission_check_for(const struct credentials *c, const struct vnode *v, uint32_t wanted)
{
    uint32_t mode = __atomic_load_n(&v->mode, __ATOMIC_RELAXED);
    if (!(wanted & ~class_of(c, v, mode))) return OK;
    bool is_directory = (mode & LINUX_S_IFMT) == LINUX_S_IFDIR;
    bool only_looks = is_directory ? !(wanted & MAY_WRITE) : wanted == MAY_READ;
    if (only_looks && credentials_can(c, LINUX_CAP_DAC_READ_SEARCH)) return OK;
    /* Even root runs nothing that nobody may run. */
    bool can_override = is_directory || !(wanted & MAY_EXECUTE) || (mode & LINUX_S_IXUGO);
    return can_override && credentials_can(c, LINUX_CAP_DAC_OVERRIDE) ? OK : ERR_ACCESS;
}

/* ---- owners and modes ---- */

static bool may_set_group_bit(const struct credentials *c, uint32_t gid)
{
    return credentials_in_group(c, gid) || credentials_can(c, LINUX_CAP_FSETID);
}

void permission_set_first_owner(struct vnode *v, const struct vnode *directory)
{
    const struct credentials *c = credentials_current();
    permission_set_maker(v);
    if (!(directory->mode & LINUX_S_ISGID)) return;
    v->gid = directory->gid;
    if (vnode_is_directory(v))
        v->mode |= LINUX_S_ISGID;
    else if ((v->mode & RUNS_FOR_GROUP) && !may_set_group_bit(c, v->gid))
        v->mode &= (uint16_t)~LINUX_S_ISGID;
}

err_t permission_set_mode(struct vnode *v, uint32_t permissions)
{
    int64_t now_ns = (int64_t)time_realtime_ns();
    const struct credentials *c = credentials_current();
    if (mount_is_read_only(v)) return ERR_READ_ONLY;
    fs_lock();
    bool is_allowed = permission_is_owner(v);
    if (is_allowed) {
        if (!may_set_group_bit(c, v->gid)) permissions &= ~(uint32_t)LINUX_S_ISGID;
        v->mode = (uint16_t)((v->mode & LINUX_S_IFMT) | (permissions & LINUX_S_IALLUGO));
        v->ctime_ns = now_ns;
    }
    fs_unlock();
    return is_allowed ? OK : ERR_NOT_PERMITTED;
}

/* The bits that a file loses when it changes hands or contents. Set-group-ID without group execution marks
 * mandatory locking and not a privilege, but is only for the group to set. [linux setattr_should_drop_sgid] */
static uint32_t privileges_to_drop(const struct credentials *c, const struct vnode *v)
{
    uint32_t bits = v->mode & LINUX_S_ISUID;
    if ((v->mode & LINUX_S_ISGID) && ((v->mode & RUNS_FOR_GROUP) || !may_set_group_bit(c, v->gid)))
        bits |= LINUX_S_ISGID;
    return bits;
}

static bool may_set_owner_locked(const struct credentials *c, const struct vnode *v, uint32_t uid,
                                 uint32_t gid) REQUIRES(fs_queue.lock)
{
    if (credentials_can(c, LINUX_CAP_CHOWN)) return true;
    bool is_own = v->uid == c->uid.fs;
    bool may_set_uid = uid == UINT32_MAX || (is_own && uid == v->uid);
    bool may_set_gid = gid == UINT32_MAX || (is_own && (gid == v->gid || credentials_in_group(c, gid)));
    return may_set_uid && may_set_gid;
}

err_t permission_set_owner(struct vnode *v, uint32_t uid, uint32_t gid)
{
    int64_t now_ns = (int64_t)time_realtime_ns();
    const struct credentials *c = credentials_current();
    if (mount_is_read_only(v)) return ERR_READ_ONLY;
    fs_lock();
    uint32_t dropped = vnode_is_directory(v) ? 0 : privileges_to_drop(c, v);
    bool is_allowed = may_set_owner_locked(c, v, uid, gid) && (!dropped || permission_is_owner(v));
    if (is_allowed) {
        if (uid != UINT32_MAX) v->uid = uid;
        if (gid != UINT32_MAX) v->gid = gid;
        v->mode &= (uint16_t)~dropped;
        v->ctime_ns = now_ns;
    }
    fs_unlock();
    return is_allowed ? OK : ERR_NOT_PERMITTED;
}

err_t permission_set_times(struct vnode *v, int64_t atime_ns, int64_t mtime_ns, bool is_touch)
{
    int64_t now_ns = (int64_t)time_realtime_ns();
    err_t e = OK;
    if (mount_is_read_only(v)) return ERR_READ_ONLY;
    fs_lock();
    if (!permission_is_owner(v)) e = is_touch ? permission_check(v, MAY_WRITE) : ERR_NOT_PERMITTED;
    if (!failed(e)) {
        if (atime_ns != VNODE_TIME_KEEP) v->atime_ns = atime_ns;
        if (mtime_ns != VNODE_TIME_KEEP) v->mtime_ns = mtime_ns;
        v->ctime_ns = now_ns;
    }
    fs_unlock();
    return e;
}

void permission_drop_privileges(struct vnode *v)
{
    const struct credentials *c = credentials_current();
    if (credentials_can(c, LINUX_CAP_FSETID)) return;
    fs_lock();
    v->mode &= (uint16_t)~privileges_to_drop(c, v);
    fs_unlock();
}
