/* SPDX-License-Identifier: Apache-2.0 */
/* What the container may have of memory, and what is said when that is not enough. */
#pragma once
#include "lib/cmdline.h"

struct process;

/* The value of `memory_limit=`. On failure `why` names what is wrong with it, and nothing changed.
 * ERR_INVALID. */
err_t memory_limit_set(struct cmdline_text value, char *why, size_t why_bytes);

/* The event: memory that the program was promised cannot be had, and there is no call that could fail.
 * Says so in the log and on the program's standard error. The process must end with SIGKILL then, and
 * its end is told from any other (CHANNEL_OUT_OF_MEMORY). Allocates nothing. */
void memory_limit_tell(struct process *process);

/* After the container's last process: what it had at most, and what it left behind. Debug builds compare
 * the charges with the frames that are really free; a difference is an error. */
void memory_limit_report(void);
