/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that /proc shows in a host test: one, number 1, with the descriptors and directories of
 * fake_process.h unless the test says otherwise. */
#pragma once
#include "procfs/proc_process.h"

/* What proc_process_get() tells, but for what is counted. */
extern struct proc_process fake_proc;
/* Nobody has the number any more. */
extern bool fake_proc_is_gone;
