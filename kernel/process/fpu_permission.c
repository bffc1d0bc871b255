/* SPDX-License-Identifier: Apache-2.0 */
#include "process/fpu_permission.h"

#include "arch/fpu.h"
#include "process/process.h"
#include "process/signal_fpu.h"
#include "process/user_thread.h"

static uint32_t asked_for(const struct process *p)
{
    return __atomic_load_n(&p->fpu_permitted, __ATOMIC_RELAXED);
}

uint32_t fpu_permission(void) { return fpu_default_features(&fpu_layout) | asked_for(process_current()); }

static bool has_small_stack_locked(struct process *p) REQUIRES(p->signal_lock)
{
    LIST_FOR_EACH (node, &p->threads) {
        const struct linux_stack *s = &LIST_ENTRY(node, struct user_thread, process_link)->signals.stack;
        if (!(s->flags & LINUX_SS_DISABLE) && s->bytes < signal_stack_bytes_min()) return true;
    }
    return false;
}

err_t fpu_permission_request(uint64_t component)
{
    struct process *p = process_current();
    uint32_t permitted = asked_for(p);
    err_t e = fpu_request(&fpu_layout, component, &permitted);
    if (failed(e)) return e;
    spin_lock(&p->signal_lock);
    bool is_refused = has_small_stack_locked(p);
    if (!is_refused) __atomic_fetch_or(&p->fpu_permitted, permitted, __ATOMIC_RELAXED);
    spin_unlock(&p->signal_lock);
    return is_refused ? ERR_NO_SPACE : OK;
}
