/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for the person who wonders why a program's GPU work ended. */
#pragma once
#include "lib/base.h"

/* Where lines go from now on; -1: nowhere. */
void log_open(int fd);
/* One line, whole, from any thread. A flood ends: a program that errs for ever must not fill a disk. */
void log_line(const char *format, ...) PRINTF_LIKE(1, 2);
