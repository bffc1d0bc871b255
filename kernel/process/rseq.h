/* SPDX-License-Identifier: Apache-2.0 */
/* Restartable sequences: a thread tells the kernel where it keeps a struct linux_rseq, finds the number of its CPU
 * there whenever it runs in ring 3, and has a sequence of instructions begun again that it was interrupted in.
 *
 * The word is looked at where something may have come between two instructions of ring 3: when another thread
 * ran there, when the thread came to another CPU (USER_WORK_PLACED), when a signal has a handler run. */
#pragma once
#include "arch/trap.h"
#include "process/user_thread.h"

/* rseq(2), for the running thread. ERR_INVALID; ERR_NOT_PERMITTED, another signature than before; ERR_BUSY, it is
 * registered so; ERR_FAULT. */
err_t rseq_register(uint64_t address, uint64_t bytes, uint32_t signature);
err_t rseq_unregister(uint64_t address, uint64_t bytes, uint32_t signature);
/* For execve; and for a clone that shares no memory, which has what its maker has. */
void rseq_forget(struct user_thread *thread);
void rseq_inherit(struct user_thread *thread);

/* On the way to ring 3; with a wrong critical section the process gets SIGSEGV. */
void rseq_look(struct trap_frame *frame);
static inline void rseq_resume(const struct user_thread *thread, struct trap_frame *frame)
{
    if (unlikely(thread->rseq.address)) rseq_look(frame);
}
