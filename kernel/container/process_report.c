/* SPDX-License-Identifier: Apache-2.0 */
#include "container/process_report.h"

#include "container/process.h"
#include "fs/proc_source.h"
#include "sched/thread.h"

/* Every capability up to CAP_CHECKPOINT_RESTORE, the last one of Linux 6.1. */
#define ALL_CAPABILITIES ((1ull << 41) - 1)

static void describe(struct proc_process *out)
{
    struct process *p = process_current();
    *out = (struct proc_process){
        .pid = p->pid,
        .name = p->name,
        .space = p->space,
        .fs = p->fs,
        .signals_queued_max = p->limits[LINUX_RLIMIT_SIGPENDING].soft,
        .capabilities = ALL_CAPABILITIES,
        .voluntary_switches = p->thread->switches.voluntary,
        .involuntary_switches = p->thread->switches.involuntary,
        .no_new_privileges = p->no_new_privileges,
    };
    spin_lock(&p->signal_lock);
    out->signals.pending = p->pending_signals;
    out->signals.blocked = p->blocked_signals;
    for (uint32_t i = 0; i < LINUX_NSIG; i++) {
        uint64_t handler = p->actions[i].handler;
        if (handler == LINUX_SIG_IGN)
            out->signals.ignored |= 1ull << i;
        else if (handler != LINUX_SIG_DFL)
            out->signals.caught |= 1ull << i;
    }
    spin_unlock(&p->signal_lock);
}

void process_report_init(void) { proc_describe = describe; }
