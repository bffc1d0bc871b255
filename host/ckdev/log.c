/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_BYTES = 400, LINES_MAX = 10000 };

static int log_fd = -1;
static uint32_t log_lines;

void log_open(int fd) { log_fd = fd; }

void log_line(const char *format, ...)
{
    if (log_fd < 0) return;
    uint32_t number = __atomic_fetch_add(&log_lines, 1, __ATOMIC_RELAXED);
    if (number > LINES_MAX) {
        __atomic_store_n(&log_lines, LINES_MAX + 1, __ATOMIC_RELAXED);
        return;
    }
    char line[LINE_BYTES];
    int used = snprintf(line, sizeof line, "ckdev: ");
    va_list values;
    va_start(values, format);
    used += vsnprintf(line + used, sizeof line - (size_t)used - 1,
                      number == LINES_MAX ? "no more lines" : format, values);
    va_end(values);
    size_t length = MIN((size_t)used, sizeof line - 2);
    line[length] = '\n';
    /* One write, so that lines of the two processes do not mix. A log that is gone is no reason to stop. */
    ssize_t written = write(log_fd, line, length + 1);
    (void)written;
}
