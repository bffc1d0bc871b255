/* SPDX-License-Identifier: Apache-2.0 */
/* Niceness and I/O priority of a thread, of a process group or of all that is one user's. */
#include "abi/linux/sched.h"
#include "fs/credentials.h"
#include "process/niceness.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"

/* What is done to each thread that is meant, with process_tree_lock, and what has come of it: nobody found, so far. */
struct visit {
    void (*each)(struct visit *visit, struct user_thread *thread);
    int64_t result;
    int32_t value;
    uint32_t uid; /* PRIO_USER: whose */
};

static void visit_process(struct visit *v, struct process *p) REQUIRES(process_tree_lock)
{
    spin_lock(&p->signal_lock);
    LIST_FOR_EACH (node, &p->threads) v->each(v, LIST_ENTRY(node, struct user_thread, process_link));
    spin_unlock(&p->signal_lock);
}

static void visit_group(struct visit *v, uint32_t number) REQUIRES(process_tree_lock)
{
    const struct process_id *id = number ? process_id_find_locked(number) : process_current()->group;
    if (!id) return;
    LIST_FOR_EACH (node, &id->group) visit_process(v, LIST_ENTRY(node, struct process, group_link));
}

static void visit_if_of_user(struct process *p, void *context) NO_THREAD_SAFETY_ANALYSIS
{
    struct visit *v = context;
    const struct credentials *c = p->credentials ? p->credentials : &credentials_of_root;
    if (c->uid.real == v->uid) visit_process(v, p);
}

/* `which` is LINUX_PRIO_. */
static int64_t visit(struct visit *v, uint32_t which, uint32_t who)
{
    v->result = ERR_NO_PROCESS.code;
    v->uid = who ? who : credentials_current()->uid.real;
    if (which > LINUX_PRIO_USER) return ERR_INVALID.code;
    spin_lock(&process_tree_lock);
    if (which == LINUX_PRIO_PROCESS) {
        struct user_thread *t = who ? user_thread_find_locked(who) : user_thread_current();
        if (t) v->each(v, t);
    } else if (which == LINUX_PRIO_PGRP) {
        visit_group(v, who);
    } else {
        process_for_each_locked(visit_if_of_user, v);
    }
    spin_unlock(&process_tree_lock);
    return v->result;
}

/* ---- niceness ---- */

/* As the call has it: 40 for the least nice, 1 for the nicest. */
static void find_least_nice(struct visit *v, struct user_thread *t)
{
    v->result = MAX(v->result, (int64_t)(NICENESS_MAX + 1 - t->niceness.value));
}

static void make_nice(struct visit *v, struct user_thread *t) NO_THREAD_SAFETY_ANALYSIS
{
    struct niceness wanted = t->niceness;
    wanted.value = (int8_t)v->value;
    err_t e = niceness_may_change_locked(t, &wanted);
    if (!failed(e)) niceness_set(t, &wanted);
    if (failed(e) || v->result == ERR_NO_PROCESS.code) v->result = e.code;
}

int64_t sys_getpriority(uint64_t which, uint64_t who)
{
    struct visit v = { .each = find_least_nice };
    return visit(&v, (uint32_t)which, (uint32_t)who);
}

int64_t sys_setpriority(uint64_t which, uint64_t who, uint64_t niceness)
{
    struct visit v = { .each = make_nice, .value = niceness_clamp((int32_t)niceness) };
    return visit(&v, (uint32_t)which, (uint32_t)who);
}

/* ---- I/O ---- */

/* Files are in memory and nobody waits for a disk: kept for those who ask. */
static void find_highest(struct visit *v, struct user_thread *t)
{
    int64_t own = t->io_priority, best = v->result;
    bool is_higher = best < 0 || !best || (own && own < best); /* no class at all is the lowest */
    if (is_higher) v->result = own;
}

static void set_io(struct visit *v, struct user_thread *t)
{
    t->io_priority = (uint16_t)v->value;
    v->result = 0;
}

static err_t check_io(uint32_t priority)
{
    uint32_t level = priority & ((1u << LINUX_IOPRIO_CLASS_SHIFT) - 1);
    switch (priority >> LINUX_IOPRIO_CLASS_SHIFT) {
    case LINUX_IOPRIO_CLASS_NONE: return level ? ERR_INVALID : OK;
    case LINUX_IOPRIO_CLASS_RT:
        if (!may_use(LINUX_CAP_SYS_ADMIN) && !may_use(LINUX_CAP_SYS_NICE)) return ERR_NOT_PERMITTED;
        return level < LINUX_IOPRIO_LEVELS ? OK : ERR_INVALID;
    case LINUX_IOPRIO_CLASS_BE: return level < LINUX_IOPRIO_LEVELS ? OK : ERR_INVALID;
    case LINUX_IOPRIO_CLASS_IDLE: return OK;
    }
    return ERR_INVALID;
}

int64_t sys_ioprio_get(uint64_t which, uint64_t who)
{
    struct visit v = { .each = find_highest };
    return visit(&v, (uint32_t)which - 1, (uint32_t)who); /* counted from 1 */
}

int64_t sys_ioprio_set(uint64_t which, uint64_t who, uint64_t priority)
{
    struct visit v = { .each = set_io, .value = (int32_t)priority };
    err_t e = check_io((uint32_t)priority);
    return failed(e) ? e.code : visit(&v, (uint32_t)which - 1, (uint32_t)who);
}
