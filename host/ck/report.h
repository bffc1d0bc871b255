/* SPDX-License-Identifier: Apache-2.0 */
/* What ck tells its user: one line on stderr each, and memory that is there or ends the command.
 *
 * A function of ck that returns false has reported why; its caller only unwinds. */
#pragma once
#include "lib/base.h"

/* "ck: " MESSAGE. */
void report(const char *format, ...) PRINTF_LIKE(1, 2);
/* "ck: " MESSAGE ": " text of errno, as it was on entry. */
void report_errno(const char *format, ...) PRINTF_LIKE(1, 2);

/* Never NULL: when memory is out the command ends with STATUS_CK_FAILED, and a running QEMU with it. */
void *must_realloc(void *old, size_t bytes);
void *must_calloc(size_t bytes);
char *must_copy_string(const char *text);
char *must_format(const char *format, ...) PRINTF_LIKE(1, 2);

/* All of it, whatever interrupts; false with errno when the descriptor refuses. */
bool write_all(int fd, const void *bytes, size_t count);
