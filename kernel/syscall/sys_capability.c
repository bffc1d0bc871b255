/* SPDX-License-Identifier: Apache-2.0 */
/* capget and capset, and what prctl does with capabilities. [linux kernel/capability.c] */
#include "process/identity.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_identity.h"
#include "vm/usercopy.h"

/* How many structures of 32 bits hold a set, by the version that the caller speaks. An unknown one is answered with
 * ours. */
static err_t read_header(uint64_t address, struct linux_cap_header *out, uint32_t *words)
{
    const uint32_t ours = LINUX_CAPABILITY_VERSION_3;
    err_t e = user_copy_in(&out->version, UADDR(address), sizeof(out->version));
    if (failed(e)) return e;
    switch (out->version) {
    case LINUX_CAPABILITY_VERSION_1: *words = 1; break;
    case LINUX_CAPABILITY_VERSION_2:
    case LINUX_CAPABILITY_VERSION_3: *words = 2; break;
    default: e = user_copy_out(UADDR(address), &ours, sizeof(ours)); return failed(e) ? e : ERR_INVALID;
    }
    return user_copy_in(&out->pid, UADDR(address + offsetof(struct linux_cap_header, pid)), sizeof(out->pid));
}

/* Counted. NULL: there is no such thread. */
static const struct credentials *credentials_of(uint32_t tid)
{
    if (!tid) return credentials_get(credentials_current());
    spin_lock(&process_tree_lock);
    const struct user_thread *t = user_thread_find_locked(tid);
    const struct credentials *c = t ? credentials_get(t->thread->credentials) : NULL;
    spin_unlock(&process_tree_lock);
    return c;
}

int64_t sys_capget(uint64_t header, uint64_t data)
{
    struct linux_cap_header h;
    uint32_t words;
    err_t e = read_header(header, &h, &words);
    /* Asking for the version alone. */
    if (!data && (!failed(e) || e.code == ERR_INVALID.code)) return 0;
    if (failed(e)) return e.code;
    if (h.pid < 0) return ERR_INVALID.code;
    const struct credentials *c = credentials_of((uint32_t)h.pid);
    if (!c) return ERR_NO_PROCESS.code;
    const struct linux_cap_data sets[2] = {
        { (uint32_t)c->effective, (uint32_t)c->permitted, (uint32_t)c->inheritable },
        { (uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32), (uint32_t)(c->inheritable >> 32) },
    };
    credentials_put(c);
    return user_copy_out(UADDR(data), sets, words * sizeof(sets[0])).code;
}

static uint64_t join(uint32_t low, uint32_t high)
{
    return (low | (uint64_t)high << 32) & LINUX_CAPABILITIES_ALL;
}

int64_t sys_capset(uint64_t header, uint64_t data)
{
    struct linux_cap_header h;
    struct linux_cap_data s[2] = { 0 };
    uint32_t words;
    err_t e = read_header(header, &h, &words);
    if (failed(e)) return e.code;
    if (h.pid != 0 && (uint32_t)h.pid != user_thread_current()->tid) return ERR_NOT_PERMITTED.code;
    e = user_copy_in(s, UADDR(data), words * sizeof(s[0]));
    if (failed(e)) return e.code;
    struct credentials *c = identity_copy();
    if (!c) return ERR_NO_MEMORY.code;
    e = identity_set_capabilities(c, join(s[0].effective, s[1].effective),
                                  join(s[0].permitted, s[1].permitted),
                                  join(s[0].inheritable, s[1].inheritable));
    return identity_finish(c, e);
}

/* ---- prctl ---- */

static err_t change(struct credentials *c, uint32_t option, uint64_t a, uint64_t b)
{
    switch (option) {
    case LINUX_PR_CAPBSET_DROP: return identity_drop_bounding(c, a);
    case LINUX_PR_SET_SECUREBITS: return identity_set_securebits(c, a);
    case LINUX_PR_SET_KEEPCAPS: return identity_keep_capabilities(c, a);
    default: return identity_set_ambient(c, (uint32_t)a, b);
    }
}

static int64_t read_set(uint64_t set, uint64_t capability)
{
    return capability > LINUX_CAP_LAST ? ERR_INVALID.code : (int64_t)(set >> capability & 1);
}

bool identity_prctl(uint32_t option, const uint64_t arguments[4], int64_t *result)
{
    const struct credentials *c = credentials_current();
    uint64_t a = arguments[0], b = arguments[1];
    switch (option) {
    case LINUX_PR_CAPBSET_READ: *result = read_set(c->bounding, a); return true;
    case LINUX_PR_GET_SECUREBITS: *result = c->securebits; return true;
    case LINUX_PR_GET_KEEPCAPS: *result = !!(c->securebits & LINUX_SECBIT_KEEP_CAPS); return true;
    case LINUX_PR_CAP_AMBIENT:
        *result = ERR_INVALID.code;
        if (arguments[2] || arguments[3]) return true;
        if (a == LINUX_PR_CAP_AMBIENT_IS_SET) *result = read_set(c->ambient, b);
        if (a == LINUX_PR_CAP_AMBIENT_IS_SET) return true;
        break;
    case LINUX_PR_CAPBSET_DROP:
    case LINUX_PR_SET_SECUREBITS:
    case LINUX_PR_SET_KEEPCAPS: break;
    default: return false;
    }
    struct credentials *copy = identity_copy();
    *result = copy ? identity_finish(copy, change(copy, option, a, b)) : ERR_NO_MEMORY.code;
    return true;
}
