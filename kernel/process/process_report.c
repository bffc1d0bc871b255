/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process_report.h"

#include "process/user_thread.h"
#include "fs/credentials.h"
#include "fs/proc_source.h"
#include "sched/thread.h"

static void describe(struct proc_process *out)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    *out = (struct proc_process){
        .pid = p->pid,
        .name = t->name,
        .space = p->space,
        .fs = p->fs,
        .files = p->files,
        .signals_queued = signal_queued_count(),
        .signals_queued_max = p->limits[LINUX_RLIMIT_SIGPENDING].soft,
        .credentials = credentials_current(),
        .voluntary_switches = t->thread->switches.voluntary,
        .involuntary_switches = t->thread->switches.involuntary,
        .no_new_privileges = p->no_new_privileges,
    };
    spin_lock(&p->signal_lock);
    out->signals.pending = t->signals.pending.set;
    out->signals.shared_pending = p->signals.pending.set;
    out->signals.blocked = t->signals.blocked;
    for (uint32_t i = 0; i < LINUX_NSIG; i++) {
        uint64_t handler = p->signals.actions->of[i].handler;
        if (handler == LINUX_SIG_IGN)
            out->signals.ignored |= 1ull << i;
        else if (handler != LINUX_SIG_DFL)
            out->signals.caught |= 1ull << i;
    }
    spin_unlock(&p->signal_lock);
}

static uint32_t own_number(void) { return process_current()->pid; }
static struct fd_table *files(void)
{
    struct process *p = process_current();
    return p ? p->files : NULL;
}

void process_report_init(void)
{
    proc_describe = describe;
    proc_own_number = own_number;
    proc_files = files;
}
