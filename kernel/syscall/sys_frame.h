/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that read or set any register of the program: entered by frame_call of arch/syscall.S. The result becomes
 * RAX, and ring 3 goes on with what the frame holds then. */
#pragma once
#include "arch/trap.h"

int64_t clone_with_frame(struct trap_frame *frame);
int64_t clone3_with_frame(struct trap_frame *frame);
int64_t fork_with_frame(struct trap_frame *frame);
int64_t vfork_with_frame(struct trap_frame *frame);
int64_t execve_with_frame(struct trap_frame *frame);
int64_t execveat_with_frame(struct trap_frame *frame);
int64_t rt_sigreturn_with_frame(struct trap_frame *frame);
int64_t sigaltstack_with_frame(struct trap_frame *frame);
