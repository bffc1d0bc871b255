/* SPDX-License-Identifier: Apache-2.0 */
#include "process/identity_rules.h"

#include "abi/linux/stat.h"

#define BIT(capability) (1ull << (capability))
/* What access to files is about: an fsuid of root's comes with these. */
#define FILE_CAPABILITIES                                                                                    \
    (BIT(LINUX_CAP_CHOWN) | BIT(LINUX_CAP_DAC_OVERRIDE) | BIT(LINUX_CAP_DAC_READ_SEARCH) |                   \
     BIT(LINUX_CAP_FOWNER) | BIT(LINUX_CAP_FSETID) | BIT(LINUX_CAP_LINUX_IMMUTABLE) | BIT(LINUX_CAP_MKNOD) | \
     BIT(LINUX_CAP_MAC_OVERRIDE))

static bool is_any(uint32_t id, const struct credential_ids *ids)
{
    return id == ids->real || id == ids->effective || id == ids->saved;
}

static bool has_root(const struct credential_ids *ids)
{
    return ids->real == 0 || ids->effective == 0 || ids->saved == 0;
}

/* ---- capabilities follow the user numbers ---- */

static void follow_uids(struct credentials *c, const struct credential_ids *was)
{
    if (c->securebits & LINUX_SECBIT_NO_SETUID_FIXUP) return;
    if (has_root(was) && !has_root(&c->uid)) {
        if (!(c->securebits & LINUX_SECBIT_KEEP_CAPS)) c->permitted = c->effective = 0;
        c->ambient = 0;
    }
    if (was->effective == 0 && c->uid.effective != 0) c->effective = 0;
    if (was->effective != 0 && c->uid.effective == 0) c->effective = c->permitted;
}

/* ---- user and group numbers: the same rules, but for who may do what ---- */

static err_t set_id(struct credential_ids *ids, uint32_t id, bool is_capable)
{
    if (id == IDENTITY_KEEP) return ERR_INVALID;
    if (is_capable)
        ids->real = ids->saved = id;
    else if (id != ids->real && id != ids->saved)
        return ERR_NOT_PERMITTED;
    ids->effective = ids->fs = id;
    return OK;
}

static err_t set_real(struct credential_ids *ids, uint32_t real, uint32_t effective, bool is_capable)
{
    const struct credential_ids was = *ids;
    if (real != IDENTITY_KEEP) {
        if (real != was.real && real != was.effective && !is_capable) return ERR_NOT_PERMITTED;
        ids->real = real;
    }
    if (effective != IDENTITY_KEEP) {
        if (!is_any(effective, &was) && !is_capable) return ERR_NOT_PERMITTED;
        ids->effective = effective;
    }
    bool is_saved = real != IDENTITY_KEEP || (effective != IDENTITY_KEEP && effective != was.real);
    if (is_saved) ids->saved = ids->effective;
    ids->fs = ids->effective;
    return OK;
}

static err_t set_all(struct credential_ids *ids, uint32_t real, uint32_t effective, uint32_t saved,
                     bool is_capable)
{
    const uint32_t wanted[] = { real, effective, saved };
    for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++)
        if (wanted[i] != IDENTITY_KEEP && !is_any(wanted[i], ids) && !is_capable) return ERR_NOT_PERMITTED;
    if (real != IDENTITY_KEEP) ids->real = real;
    if (effective != IDENTITY_KEEP) ids->effective = effective;
    if (saved != IDENTITY_KEEP) ids->saved = saved;
    ids->fs = ids->effective;
    return OK;
}

static err_t set_fs(struct credential_ids *ids, uint32_t id, bool is_capable)
{
    if (id == IDENTITY_KEEP) return ERR_INVALID;
    if (!is_any(id, ids) && id != ids->fs && !is_capable) return ERR_NOT_PERMITTED;
    ids->fs = id;
    return OK;
}

static bool may_set_uid(const struct credentials *c) { return credentials_can(c, LINUX_CAP_SETUID); }
static bool may_set_gid(const struct credentials *c) { return credentials_can(c, LINUX_CAP_SETGID); }

err_t identity_set_uid(struct credentials *c, uint32_t uid)
{
    const struct credential_ids was = c->uid;
    err_t e = set_id(&c->uid, uid, may_set_uid(c));
    if (!failed(e)) follow_uids(c, &was);
    return e;
}

err_t identity_set_real_uid(struct credentials *c, uint32_t real, uint32_t effective)
{
    const struct credential_ids was = c->uid;
    err_t e = set_real(&c->uid, real, effective, may_set_uid(c));
    if (!failed(e)) follow_uids(c, &was);
    return e;
}

err_t identity_set_all_uids(struct credentials *c, uint32_t real, uint32_t effective, uint32_t saved)
{
    const struct credential_ids was = c->uid;
    err_t e = set_all(&c->uid, real, effective, saved, may_set_uid(c));
    if (!failed(e)) follow_uids(c, &was);
    return e;
}

err_t identity_set_fs_uid(struct credentials *c, uint32_t uid)
{
    const uint32_t was = c->uid.fs;
    err_t e = set_fs(&c->uid, uid, may_set_uid(c));
    if (failed(e) || (c->securebits & LINUX_SECBIT_NO_SETUID_FIXUP)) return e;
    if (was == 0 && uid != 0) c->effective &= ~FILE_CAPABILITIES;
    if (was != 0 && uid == 0) c->effective |= c->permitted & FILE_CAPABILITIES;
    return e;
}

err_t identity_set_gid(struct credentials *c, uint32_t gid) { return set_id(&c->gid, gid, may_set_gid(c)); }

err_t identity_set_real_gid(struct credentials *c, uint32_t real, uint32_t effective)
{
    return set_real(&c->gid, real, effective, may_set_gid(c));
}

err_t identity_set_all_gids(struct credentials *c, uint32_t real, uint32_t effective, uint32_t saved)
{
    return set_all(&c->gid, real, effective, saved, may_set_gid(c));
}

err_t identity_set_fs_gid(struct credentials *c, uint32_t gid)
{
    return set_fs(&c->gid, gid, may_set_gid(c));
}

/* ---- capabilities by name ---- */

static bool is_within(uint64_t set, uint64_t limit) { return !(set & ~limit); }

err_t identity_set_capabilities(struct credentials *c, uint64_t effective, uint64_t permitted,
                                uint64_t inheritable)
{
    bool may_inherit =
        credentials_can(c, LINUX_CAP_SETPCAP) || is_within(inheritable, c->inheritable | c->permitted);
    if (!may_inherit || !is_within(inheritable, c->inheritable | c->bounding)) return ERR_NOT_PERMITTED;
    if (!is_within(permitted, c->permitted) || !is_within(effective, permitted)) return ERR_NOT_PERMITTED;
    c->effective = effective;
    c->permitted = permitted;
    c->inheritable = inheritable;
    c->ambient &= permitted & inheritable;
    return OK;
}

err_t identity_drop_bounding(struct credentials *c, uint64_t capability)
{
    if (!credentials_can(c, LINUX_CAP_SETPCAP)) return ERR_NOT_PERMITTED;
    if (capability > LINUX_CAP_LAST) return ERR_INVALID;
    c->bounding &= ~BIT(capability);
    return OK;
}

err_t identity_set_securebits(struct credentials *c, uint64_t bits)
{
    uint64_t locked = c->securebits & LINUX_SECBITS_LOCKS, guarded = locked >> 1;
    bool breaks_lock = ((c->securebits ^ bits) & guarded) || (locked & ~bits);
    bool is_allowed =
        !breaks_lock && !(bits & ~(uint64_t)LINUX_SECBITS_ALL) && credentials_can(c, LINUX_CAP_SETPCAP);
    if (!is_allowed) return ERR_NOT_PERMITTED;
    c->securebits = (uint32_t)bits;
    return OK;
}

err_t identity_keep_capabilities(struct credentials *c, uint64_t keeps)
{
    if (keeps > 1) return ERR_INVALID;
    if (c->securebits & LINUX_SECBIT_KEEP_CAPS << 1) return ERR_NOT_PERMITTED;
    c->securebits &= ~(uint32_t)LINUX_SECBIT_KEEP_CAPS;
    if (keeps) c->securebits |= LINUX_SECBIT_KEEP_CAPS;
    return OK;
}

err_t identity_set_ambient(struct credentials *c, uint32_t operation, uint64_t capability)
{
    if (operation == LINUX_PR_CAP_AMBIENT_CLEAR_ALL) {
        if (capability) return ERR_INVALID;
        c->ambient = 0;
        return OK;
    }
    bool is_raise = operation == LINUX_PR_CAP_AMBIENT_RAISE;
    if (capability > LINUX_CAP_LAST || (!is_raise && operation != LINUX_PR_CAP_AMBIENT_LOWER))
        return ERR_INVALID;
    if (!is_raise) {
        c->ambient &= ~BIT(capability);
        return OK;
    }
    bool is_allowed = (c->permitted & c->inheritable & BIT(capability)) &&
                      !(c->securebits & LINUX_SECBIT_NO_CAP_AMBIENT_RAISE);
    if (!is_allowed) return ERR_NOT_PERMITTED;
    c->ambient |= BIT(capability);
    return OK;
}

/* ---- execve ---- */

static void take_file_owner(struct credentials *c, const struct identity_program *program)
{
    const uint32_t group_bits = LINUX_S_ISGID | 010;
    if (program->no_new_privileges) return;
    if (program->mode & LINUX_S_ISUID) c->uid.effective = program->uid;
    if ((program->mode & group_bits) == group_bits) c->gid.effective = program->gid;
}

bool identity_become_program(struct credentials *c, const struct identity_program *program)
{
    const uint64_t permitted_before = c->permitted;
    take_file_owner(c, program);
    bool is_other = c->uid.effective != c->uid.real || c->gid.effective != c->gid.real;
    bool is_root = !(c->securebits & LINUX_SECBIT_NOROOT) && (c->uid.effective == 0 || c->uid.real == 0);
    bool is_in_effect = is_root && c->uid.effective == 0;
    c->permitted = is_root ? c->bounding | c->inheritable : 0;
    if (program->no_new_privileges && (is_other || !is_within(c->permitted, permitted_before))) {
        c->uid.effective = c->uid.real;
        c->gid.effective = c->gid.real;
        c->permitted &= permitted_before;
    }
    c->uid.saved = c->uid.fs = c->uid.effective;
    c->gid.saved = c->gid.fs = c->gid.effective;
    if (is_other) c->ambient = 0;
    c->permitted |= c->ambient;
    c->effective = is_in_effect ? c->permitted : c->ambient;
    c->securebits &= ~(uint32_t)LINUX_SECBIT_KEEP_CAPS;
    bool has_grown = !is_within(c->permitted, c->ambient);
    return is_other || (c->uid.real != 0 && (is_in_effect || has_grown));
}
