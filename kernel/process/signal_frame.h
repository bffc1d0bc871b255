/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler finds on its stack, and leaves there for rt_sigreturn. */
#pragma once
#include "abi/linux/signal_frame.h"
#include "process/signal.h"

/* Saves the registers, the floating-point state and `mask` on the stack that the action asks for, and lets `frame`
 * begin with the handler; its first argument is the caller's to set. `info` is NULL for a handler that does not look.
 * False: there is no room, and the frame is as it was. */
bool signal_frame_push(struct trap_frame *frame, struct thread_signals *signals,
                       const struct linux_siginfo_head *info, const struct linux_sigaction *action,
                       uint64_t mask);
