/* SPDX-License-Identifier: Apache-2.0 */
/* The way back to ring 3 when there is something to do first: to let another thread run, to act on signals, to end.
 *
 * percpu.user_work is the running thread's copy of thread.user_work and the CPU's own reasons. Both are cleared before
 * they are looked into, so what comes meanwhile has the entry code call here once more, or is seen by the loop. */
#include "arch/cpu.h"
#include "arch/percpu.h"
#include "process/process_internal.h"
#include "process/rseq.h"
#include "process/user_thread.h"

/* IRETQ to an address that is not canonical would fault in ring 0; sign extended it faults in ring 3. */
static uint64_t canonical(uint64_t address) { return (uint64_t)((int64_t)(address << 16) >> 16); }

static void take_work(struct thread *thread)
{
    thread_before_user();
    __atomic_and_fetch(&thread->user_work, ~(uint32_t)(USER_WORK_INTERRUPTED | USER_WORK_PLACED),
                       __ATOMIC_SEQ_CST);
    percpu()->user_work = 0;
}

void process_forget_interrupt(void)
{
    bool on = interrupts_are_on();
    interrupts_off(); /* the two belong together, and the thread to one CPU meanwhile */
    __atomic_and_fetch(&percpu_current()->user_work, ~(uint32_t)USER_WORK_INTERRUPTED, __ATOMIC_SEQ_CST);
    percpu()->user_work &= ~(uint32_t)USER_WORK_INTERRUPTED;
    if (on) interrupts_on();
}

void process_user_work(struct trap_frame *frame)
{
    struct thread *thread = percpu_current();
    if (CONFIG_DEBUG) lock_order_expect_none("returning to ring 3", &thread->mutexes[0]);
    do {
        take_work(thread);
        interrupts_on();
        if (thread->user) {
            rseq_resume(thread->user, frame);
            signal_act(frame);
        }
        interrupts_off();
    } while (percpu()->user_work);
    frame->rip = canonical(frame->rip);
}
