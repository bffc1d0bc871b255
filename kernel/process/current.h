/* SPDX-License-Identifier: Apache-2.0 */
/* Whose system call this is. In host tests tests/fakes/fake_process.h says. */
#pragma once
#include "arch/percpu.h"
#include "sched/thread.h"

struct process;
struct user_thread;

#if __STDC_HOSTED__
struct process *process_current(void);
struct user_thread *user_thread_current(void);
#else
/* The process of the running thread; system calls always have one. */
static inline struct process *process_current(void) { return percpu_current()->process; }
static inline struct user_thread *user_thread_current(void) { return percpu_current()->user; }
#endif
