/* SPDX-License-Identifier: Apache-2.0 */
#include "process/membarrier.h"

#include "core/cpus.h"
#include "mm/tlb.h"
#include "process/user_thread.h"
#include "vm/space.h"

/* Threads that do not run now meet the barriers of the switches before and after. One that answers within a system
 * call leaves it by IRETQ, which serialises, because it finds work on its way. [intel-sdm3 9.3] */
static void order_look(struct process *p, void *space)
{
    if (p->space != space) return;
    spin_lock(&p->signal_lock);
    LIST_FOR_EACH (node, &p->threads) {
        struct thread *t = LIST_ENTRY(node, struct user_thread, process_link)->thread;
        __atomic_or_fetch(&t->user_work, USER_WORK_PLACED, __ATOMIC_SEQ_CST);
        thread_kick(t);
    }
    spin_unlock(&p->signal_lock);
}

void membarrier_all(void) { tlb_interrupt(&kernel_page_table); }

void membarrier_space(bool restarts)
{
    struct space *space = process_current()->space;
    if (restarts && cpus_online() > 1) {
        spin_lock(&process_tree_lock);
        process_for_each_locked(order_look, space);
        spin_unlock(&process_tree_lock);
    }
    tlb_interrupt(&space->page_table);
}
