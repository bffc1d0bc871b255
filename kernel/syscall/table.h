/* SPDX-License-Identifier: Apache-2.0 */
/* Linux system calls: who answers which number. */
#pragma once
#include "lib/base.h"

/* With `traced`, every call and its result is logged (command line `strace`). */
void syscall_init(bool traced);
const char *syscall_name(uint64_t number);
/* Logs which calls the program asked for in vain. */
void syscall_report_refused(void);
