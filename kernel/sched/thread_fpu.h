/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a thread's floating-point state. arch/fpu.h has what is done with it, and the calls that need
 * none: fpu_reset() at execve, fpu_copy() into a child, fpu_clear() before a signal handler. */
#pragma once
#include "sched/thread.h"

/* Gives a thread that will enter ring 3 its area: one that never ran, or the running one, which then calls
 * fpu_reset(). ERR_NO_MEMORY. */
err_t thread_fpu_create(struct thread *thread);
/* Of any thread, when it does not run any more. */
void thread_fpu_destroy(struct thread *thread);

/* For a trap TRAP_NO_FPU of the running thread in ring 3; `permitted` is what its process asked for and got
 * (fpu_request()). OK, it goes on. ERR_NOT_PERMITTED, tiles without asking: SIGILL. ERR_NO_MEMORY: SIGSEGV.
 * [linux arch/x86/kernel/traps.c] */
err_t thread_fpu_trap(uint32_t permitted);
