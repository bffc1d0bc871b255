/* SPDX-License-Identifier: Apache-2.0 */
/* What processes want to be done about signals, alone or together. */
#include "lib/string.h"
#include "mm/heap.h"
#include "process/signal_internal.h"

static bool is_shared(const struct signal_actions *actions)
{
    return __atomic_load_n(&actions->references, __ATOMIC_RELAXED) > 1;
}

struct linux_sigaction signal_action_get_locked(struct process *p, uint32_t number) NO_THREAD_SAFETY_ANALYSIS
{
    struct signal_actions *actions = p->signals.actions;
    bool shared = unlikely(is_shared(actions));
    if (shared) spin_lock(&actions->lock);
    struct linux_sigaction action = actions->of[number - 1];
    if (shared) spin_unlock(&actions->lock);
    return action;
}

void signal_action_put_locked(struct process *p, uint32_t number,
                              const struct linux_sigaction *action) NO_THREAD_SAFETY_ANALYSIS
{
    struct signal_actions *actions = p->signals.actions;
    bool shared = unlikely(is_shared(actions));
    if (shared) spin_lock(&actions->lock);
    actions->of[number - 1] = *action;
    actions->is_set = true;
    if (shared) spin_unlock(&actions->lock);
}

void signal_actions_clear(struct signal_actions *actions)
{
    if (!actions->is_set) return;
    for (uint32_t i = 0; i < LINUX_NSIG; i++) {
        uint64_t handler = actions->of[i].handler == LINUX_SIG_IGN ? LINUX_SIG_IGN : LINUX_SIG_DFL;
        actions->of[i] = (struct linux_sigaction){ .handler = handler };
    }
}

struct signal_actions *signal_actions_create(void)
{
    struct signal_actions *actions = heap_alloc_zeroed(sizeof(*actions));
    if (!actions) return NULL;
    actions->references = 1;
    spin_set_class(&actions->lock, "signal_actions.lock");
    return actions;
}

void signal_actions_put(struct signal_actions *actions)
{
    if (actions && __atomic_sub_fetch(&actions->references, 1, __ATOMIC_ACQ_REL) == 0) heap_free(actions);
}

static void copy_locked(struct signal_actions *to, struct signal_actions *from) NO_THREAD_SAFETY_ANALYSIS
{
    bool shared = unlikely(is_shared(from));
    if (shared) spin_lock(&from->lock);
    to->is_set = from->is_set;
    if (from->is_set) memcpy(to->of, from->of, sizeof(to->of));
    if (shared) spin_unlock(&from->lock);
}

err_t signal_give_actions(struct process *to, struct process *from, bool shares, bool clears)
{
    struct signal_actions *own = shares ? NULL : signal_actions_create();
    if (!shares && !own) return ERR_NO_MEMORY;
    spin_lock(&from->signal_lock);
    if (shares)
        __atomic_add_fetch(&from->signals.actions->references, 1, __ATOMIC_RELAXED);
    else
        copy_locked(own, from->signals.actions);
    to->signals.actions = own ? own : from->signals.actions;
    spin_unlock(&from->signal_lock);
    if (clears) signal_actions_clear(to->signals.actions);
    return OK;
}

err_t signal_own_actions(void)
{
    struct process *p = process_current();
    struct signal_actions *before = p->signals.actions;
    if (!is_shared(before)) return OK;
    struct signal_actions *own = signal_actions_create();
    if (!own) return ERR_NO_MEMORY;
    spin_lock(&p->signal_lock);
    copy_locked(own, before);
    p->signals.actions = own;
    spin_unlock(&p->signal_lock);
    signal_actions_put(before);
    return OK;
}
