/* SPDX-License-Identifier: Apache-2.0 */
/* The page-fault trap. */
#pragma once
#include "vm/space.h"

struct trap_frame;

/* Handler of vector 14: resolves the fault, sends a kernel copy to its fix-up, reports the
 * program's error, or panics when the kernel itself is wrong. */
void fault_handle(struct trap_frame *frame);

/* Handler of vector 8. The CPU could not push the frame of a page fault: the stack has run over. */
void fault_double(struct trap_frame *frame);

/* Set by container/: the program touched what it may not (ERR_FAULT), what a file does not have
 * (ERR_IO), or there is no memory for it (ERR_NO_MEMORY; then also where the kernel touched it for the
 * program, and the copy fails). It may end the program and not return when it came from there. */
extern void (*fault_report_user)(struct trap_frame *frame, uint64_t address, err_t reason);
