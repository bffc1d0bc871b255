/* SPDX-License-Identifier: Apache-2.0 */
/* Who a thread is: user and group numbers, and groups. */
#include "syscall/sys_core.h"
#include "syscall/sys_identity.h"
#include "vm/usercopy.h"

int64_t sys_getuid(void) { return credentials_current()->uid.real; }
int64_t sys_geteuid(void) { return credentials_current()->uid.effective; }
int64_t sys_getgid(void) { return credentials_current()->gid.real; }
int64_t sys_getegid(void) { return credentials_current()->gid.effective; }

static int64_t get_all(const struct credential_ids *ids, uint64_t real, uint64_t effective, uint64_t saved)
{
    err_t e = user_copy_out(UADDR(real), &ids->real, sizeof(ids->real));
    if (!failed(e)) e = user_copy_out(UADDR(effective), &ids->effective, sizeof(ids->effective));
    if (!failed(e)) e = user_copy_out(UADDR(saved), &ids->saved, sizeof(ids->saved));
    return e.code;
}

int64_t sys_getresuid(uint64_t real, uint64_t effective, uint64_t saved)
{
    return get_all(&credentials_current()->uid, real, effective, saved);
}

int64_t sys_getresgid(uint64_t real, uint64_t effective, uint64_t saved)
{
    return get_all(&credentials_current()->gid, real, effective, saved);
}

/* ---- changes: on a copy, which becomes the thread's when the rules allowed it ---- */

int64_t identity_finish(struct credentials *copy, err_t e)
{
    if (failed(e))
        credentials_put(copy);
    else
        identity_commit(copy);
    return e.code;
}

int64_t sys_setuid(uint64_t uid)
{
    struct credentials *c = identity_copy();
    return c ? identity_finish(c, identity_set_uid(c, (uint32_t)uid)) : ERR_NO_MEMORY.code;
}

int64_t sys_setgid(uint64_t gid)
{
    struct credentials *c = identity_copy();
    return c ? identity_finish(c, identity_set_gid(c, (uint32_t)gid)) : ERR_NO_MEMORY.code;
}

int64_t sys_setreuid(uint64_t real, uint64_t effective)
{
    struct credentials *c = identity_copy();
    return c ? identity_finish(c, identity_set_real_uid(c, (uint32_t)real, (uint32_t)effective))
             : ERR_NO_MEMORY.code;
}

int64_t sys_setregid(uint64_t real, uint64_t effective)
{
    struct credentials *c = identity_copy();
    return c ? identity_finish(c, identity_set_real_gid(c, (uint32_t)real, (uint32_t)effective))
             : ERR_NO_MEMORY.code;
}

int64_t sys_setresuid(uint64_t real, uint64_t effective, uint64_t saved)
{
    struct credentials *c = identity_copy();
    if (!c) return ERR_NO_MEMORY.code;
    return identity_finish(c, identity_set_all_uids(c, (uint32_t)real, (uint32_t)effective, (uint32_t)saved));
}

int64_t sys_setresgid(uint64_t real, uint64_t effective, uint64_t saved)
{
    struct credentials *c = identity_copy();
    if (!c) return ERR_NO_MEMORY.code;
    return identity_finish(c, identity_set_all_gids(c, (uint32_t)real, (uint32_t)effective, (uint32_t)saved));
}

/* These two tell no error: the number before, whatever happened. */
int64_t sys_setfsuid(uint64_t uid)
{
    uint32_t before = credentials_current()->uid.fs;
    struct credentials *c = identity_copy();
    if (c) identity_finish(c, identity_set_fs_uid(c, (uint32_t)uid));
    return before;
}

int64_t sys_setfsgid(uint64_t gid)
{
    uint32_t before = credentials_current()->gid.fs;
    struct credentials *c = identity_copy();
    if (c) identity_finish(c, identity_set_fs_gid(c, (uint32_t)gid));
    return before;
}

/* ---- groups ---- */

int64_t sys_getgroups(uint64_t count, uint64_t list)
{
    const struct credential_groups *groups = credentials_current()->groups;
    uint32_t there = groups ? groups->count : 0;
    if ((int32_t)count < 0) return ERR_INVALID.code;
    if ((uint32_t)count == 0) return there;
    if (there > (uint32_t)count) return ERR_INVALID.code;
    err_t e = there ? user_copy_out(UADDR(list), groups->gids, there * sizeof(groups->gids[0])) : OK;
    return failed(e) ? e.code : (int64_t)there;
}

static err_t read_groups(uint32_t count, uint64_t list, struct credential_groups **out)
{
    *out = credential_groups_create(count);
    if (!*out) return ERR_NO_MEMORY;
    err_t e = user_copy_in((*out)->gids, UADDR(list), count * sizeof((*out)->gids[0]));
    for (uint32_t i = 0; i < count && !failed(e); i++)
        if ((*out)->gids[i] == IDENTITY_KEEP) e = ERR_INVALID;
    if (failed(e)) credential_groups_put(*out);
    return e;
}

int64_t sys_setgroups(uint64_t count, uint64_t list)
{
    if (!may_use(LINUX_CAP_SETGID)) return ERR_NOT_PERMITTED.code;
    if ((uint32_t)count > LINUX_NGROUPS_MAX) return ERR_INVALID.code;
    struct credential_groups *groups;
    err_t e = read_groups((uint32_t)count, list, &groups);
    if (failed(e)) return e.code;
    struct credentials *c = identity_copy();
    if (!c) {
        credential_groups_put(groups);
        return ERR_NO_MEMORY.code;
    }
    credentials_set_groups(c, groups);
    return identity_finish(c, OK);
}
