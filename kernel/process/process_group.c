/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process_group.h"

static void enter_group_locked(struct process *p, struct process_id *group) REQUIRES(process_tree_lock)
{
    struct process_id *before = p->group;
    p->group = process_id_get_locked(group);
    list_remove(&p->group_link);
    list_push_back(&group->group, &p->group_link);
    process_id_put_locked(before);
}

/* The group of that number has members, all of one session. */
static bool is_group_of_locked(const struct process_id *id, const struct process_id *session)
    REQUIRES(process_tree_lock)
{
    if (!id || list_is_empty(&id->group)) return false;
    return LIST_ENTRY(id->group.next, struct process, group_link)->session == session;
}

static err_t set_group_locked(struct process *p, uint32_t number) REQUIRES(process_tree_lock)
{
    struct process *self = process_current();
    if (!p || p->is_zombie || (p != self && p->parent != self)) return ERR_NO_PROCESS;
    if (p->session != self->session || p->session == p->id) return ERR_NOT_PERMITTED;
    if (p != self && p->has_run_program) return ERR_ACCESS;
    struct process_id *id = number ? process_id_find_locked(number) : p->id;
    if (id != p->id && !is_group_of_locked(id, self->session)) return ERR_NOT_PERMITTED;
    if (id != p->group) enter_group_locked(p, id);
    return OK;
}

err_t process_set_group(uint32_t pid, uint32_t group)
{
    spin_lock(&process_tree_lock);
    struct process *p = pid ? process_find_locked(pid) : process_current();
    err_t e = set_group_locked(p, group);
    spin_unlock(&process_tree_lock);
    return e;
}

err_t process_set_session(uint32_t *session)
{
    struct process *p = process_current();
    spin_lock(&process_tree_lock);
    bool may_not = !list_is_empty(&p->id->group);
    if (!may_not) {
        struct process_id *before = p->session;
        before->session_members--;
        p->session = process_id_get_locked(p->id);
        p->session->session_members++;
        process_id_put_locked(before);
        enter_group_locked(p, p->id);
        *session = p->pid;
    }
    spin_unlock(&process_tree_lock);
    return may_not ? ERR_NOT_PERMITTED : OK;
}

/* ---- groups without anybody outside ---- */

static bool has_keeper_locked(const struct process_id *group, const struct process *without)
    REQUIRES(process_tree_lock)
{
    LIST_FOR_EACH (node, &group->group) {
        const struct process *p = LIST_ENTRY(node, struct process, group_link);
        if (p == without || p->is_zombie || !p->parent) continue;
        if (p->parent->group != group && p->parent->session == p->session) return true;
    }
    return false;
}

bool process_group_is_orphaned_locked(const struct process_id *group)
{
    return !has_keeper_locked(group, NULL);
}

static bool is_stopped_locked(const struct process_id *group) REQUIRES(process_tree_lock)
{
    LIST_FOR_EACH (node, &group->group)
        if (LIST_ENTRY(node, struct process, group_link)->signals.is_stop_told) return true;
    return false;
}

void process_group_check_locked(struct process *p, const struct process *parent,
                                const struct process *without)
{
    struct process_id *group = p->group;
    bool was_kept = parent && parent->group != group && parent->session == p->session;
    if (!was_kept || has_keeper_locked(group, without) || !is_stopped_locked(group)) return;
    LIST_FOR_EACH (node, &group->group) {
        struct process *member = LIST_ENTRY(node, struct process, group_link);
        signal_send_number(member, LINUX_SIGHUP);
        signal_send_number(member, LINUX_SIGCONT);
    }
}
