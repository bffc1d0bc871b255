/* SPDX-License-Identifier: Apache-2.0 */
/* What the running thread may do with a file, by its credentials and the file's mode: Linux's answers.
 * Files without ACLs; who has the capabilities of root pays for two loads and a test. */
#pragma once
#include "abi/linux/fcntl.h"
#include "fs/credentials.h"
#include "fs/vnode.h"

/* The bits of a mode's lowest class, and what access(2) takes. */
enum { MAY_EXECUTE = LINUX_X_OK, MAY_WRITE = LINUX_W_OK, MAY_READ = LINUX_R_OK, MAY_SEARCH = MAY_EXECUTE };

err_t permission_check_for(const struct credentials *c, const struct vnode *v, uint32_t wanted);

/* ACCESS. With or without fs_lock: a mode is read in one piece. */
static inline err_t permission_check(const struct vnode *v, uint32_t wanted)
{
    const struct credentials *c = credentials_current();
    if (likely(credentials_can(c, LINUX_CAP_DAC_OVERRIDE) && !(wanted & MAY_EXECUTE))) return OK;
    return permission_check_for(c, v, wanted);
}

/* Nothing has to be asked on the way through directories. */
static inline bool permission_searches_all(void)
{
    const uint64_t either = 1ull << LINUX_CAP_DAC_OVERRIDE | 1ull << LINUX_CAP_DAC_READ_SEARCH;
    return credentials_current()->effective & either;
}

/* The file's owner may do with its attributes what he likes, and so may CAP_FOWNER. */
static inline bool permission_is_owner(const struct vnode *v)
{
    const struct credentials *c = credentials_current();
    return c->uid.fs == v->uid || credentials_can(c, LINUX_CAP_FOWNER);
}

/* In a sticky directory, names of others stay. */
static inline bool permission_is_sticky(const struct vnode *directory, const struct vnode *v)
{
    if (likely(!(directory->mode & LINUX_S_ISVTX))) return false;
    const struct credentials *c = credentials_current();
    return v->uid != c->uid.fs && directory->uid != c->uid.fs && !credentials_can(c, LINUX_CAP_FOWNER);
}

/* A fresh file is its maker's. */
static inline void permission_set_maker(struct vnode *v)
{
    const struct credentials *c = credentials_current();
    v->uid = c->uid.fs;
    v->gid = c->gid.fs;
}
/* The same, but for the group that its directory may hand down. */
void permission_set_first_owner(struct vnode *v, const struct vnode *directory) REQUIRES(fs_queue.lock);

/* ---- chmod, chown, utimes; EXCLUDES fs_queue.lock, NOT_PERMITTED ---- */

err_t permission_set_mode(struct vnode *v, uint32_t permissions) EXCLUDES(fs_queue.lock);
/* UINT32_MAX leaves the owner or the group as it is. */
err_t permission_set_owner(struct vnode *v, uint32_t uid, uint32_t gid) EXCLUDES(fs_queue.lock);
/* VNODE_TIME_KEEP leaves a time as it is. With `is_touch` both are now, for which it is enough to be allowed to
 * write: ACCESS. */
err_t permission_set_times(struct vnode *v, int64_t atime_ns, int64_t mtime_ns, bool is_touch)
    EXCLUDES(fs_queue.lock);

/* Who changes a program's bytes does not keep its set-user-ID bits, unless he has CAP_FSETID. */
void permission_drop_privileges(struct vnode *v) EXCLUDES(fs_queue.lock);
static inline void permission_before_change(struct vnode *v) EXCLUDES(fs_queue.lock)
{
    if (unlikely(v->mode & (LINUX_S_ISUID | LINUX_S_ISGID)) && vnode_is_regular(v))
        permission_drop_privileges(v);
}
