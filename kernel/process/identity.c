/* SPDX-License-Identifier: Apache-2.0 */
#include "process/identity.h"

#include "process/user_thread.h"

/* A thread that is another user now, or can do more: it does not die with its parent, and whoever is that user, too,
 * does not find what it had before in its memory. [linux kernel/cred.c, commit_creds] */
static bool is_another(const struct credentials *a, const struct credentials *b)
{
    return a->uid.effective != b->uid.effective || a->gid.effective != b->gid.effective ||
           a->uid.fs != b->uid.fs || a->gid.fs != b->gid.fs || (b->permitted & ~a->permitted);
}

void identity_commit(const struct credentials *c)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    const struct credentials *of_process = NULL;
    spin_lock(&process_tree_lock);
    const struct credentials *before = t->thread->credentials;
    if (is_another(credentials_current(), c)) {
        p->orphan_signal = 0;
        p->is_dumpable = false;
    }
    t->thread->credentials = c;
    if (t->id == p->id) {
        of_process = p->credentials;
        p->credentials = credentials_get(c);
    }
    spin_unlock(&process_tree_lock);
    credentials_put(before);
    credentials_put(of_process);
}

const struct credentials *identity_for_program(const struct identity_program *program, bool *is_secure)
{
    struct credentials *c = identity_copy();
    if (c) *is_secure = identity_become_program(c, program);
    return c;
}

static void use(const struct credentials *c)
{
    spin_lock(&process_tree_lock);
    thread_current()->credentials = c;
    spin_unlock(&process_tree_lock);
}

err_t identity_begin_as_real(const struct credentials **before)
{
    const struct credentials *c = credentials_current();
    uint64_t effective = c->effective;
    *before = NULL;
    if (!(c->securebits & LINUX_SECBIT_NO_SETUID_FIXUP)) effective = c->uid.real == 0 ? c->permitted : 0;
    if (c->uid.fs == c->uid.real && c->gid.fs == c->gid.real && c->effective == effective) return OK;
    struct credentials *real = identity_copy();
    if (!real) return ERR_NO_MEMORY;
    real->uid.fs = c->uid.real;
    real->gid.fs = c->gid.real;
    real->effective = effective;
    *before = c;
    use(real);
    return OK;
}

void identity_end_as_real(const struct credentials *before)
{
    const struct credentials *real = credentials_current();
    if (!before) return;
    use(before);
    credentials_put(real);
}

bool identity_may_signal_locked(const struct credentials *target, const struct process *of, uint32_t signal)
{
    const struct credentials *c = credentials_current();
    if (credentials_can(c, LINUX_CAP_KILL)) return true;
    const struct credential_ids *to = &target->uid;
    if (c->uid.effective == to->real || c->uid.effective == to->saved || c->uid.real == to->real ||
        c->uid.real == to->saved)
        return true;
    return signal == LINUX_SIGCONT && of->session == process_current()->session;
}

static bool is_only(uint32_t id, const struct credential_ids *ids)
{
    return id == ids->real && id == ids->effective && id == ids->saved;
}

bool identity_may_look_locked(const struct process *p)
{
    const struct credentials *own = credentials_current(), *its = p->credentials;
    if (p == process_current() || credentials_can(own, LINUX_CAP_SYS_PTRACE)) return true;
    return is_only(own->uid.real, &its->uid) && is_only(own->gid.real, &its->gid) && p->is_dumpable &&
           !(its->permitted & ~own->permitted);
}
