/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_log.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/log.h"

enum log_level log_threshold = LOG_DEBUG;
char fake_log_last[512];
uint64_t fake_log_lines;

void log_write(enum log_level level UNUSED, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fake_log_last, sizeof(fake_log_last), format, arguments);
    va_end(arguments);
    fake_log_lines++;
}
