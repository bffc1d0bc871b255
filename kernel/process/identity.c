/* SPDX-License-Identifier: Apache-2.0 */
#include "process/identity.h"

#include "process/user_thread.h"

/* A thread that is another user now, or can do more, does not die with its parent. [linux kernel/cred.c] */
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
    if (is_another(credentials_current(), c)) p->orphan_signal = 0;
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

bool identity_begin_as_real(struct identity_as_real *self)
{
    struct thread *thread = thread_current();
    const struct credentials *c = credentials_current();
    uint64_t effective = c->effective;
    if (!(c->securebits & LINUX_SECBIT_NO_SETUID_FIXUP)) effective = c->uid.real == 0 ? c->permitted : 0;
    if (c->uid.fs == c->uid.real && c->gid.fs == c->gid.real && c->effective == effective) return false;
    self->before = thread->credentials;
    self->real = *c;
    self->real.uid.fs = c->uid.real;
    self->real.gid.fs = c->gid.real;
    self->real.effective = effective;
    spin_lock(&process_tree_lock);
    thread->credentials = &self->real;
    spin_unlock(&process_tree_lock);
    return true;
}

void identity_end_as_real(const struct identity_as_real *self)
{
    spin_lock(&process_tree_lock);
    thread_current()->credentials = self->before;
    spin_unlock(&process_tree_lock);
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
