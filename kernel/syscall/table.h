/* SPDX-License-Identifier: Apache-2.0 */
/* Linux system calls: who answers which number. */
#pragma once
#include "lib/base.h"

/* With `traced`, every call and its result is logged (command line `strace`). */
void syscall_init(bool traced);
const char *syscall_name(uint64_t number);
/* Makes a call of the list from inside the kernel. */
int64_t syscall_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f);
/* Logs which calls the program asked for in vain. */
void syscall_report_refused(void);
