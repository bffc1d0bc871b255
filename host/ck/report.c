/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/report.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/ck/status.h"

static char *format_list(const char *format, va_list list)
{
    va_list again;
    va_copy(again, list);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) return NULL;
    char *text = malloc((size_t)length + 1);
    if (text) vsnprintf(text, (size_t)length + 1, format, list);
    return text;
}

/* The line leaves in one write, so that it is not cut up by a program that shares stderr. */
static void report_line(const char *message, const char *reason)
{
    char line[4096];
    int length = snprintf(line, sizeof line, "ck: %s%s%s\n", message ? message : "out of memory",
                          reason ? ": " : "", reason ? reason : "");
    if (length < 0) return;
    if ((size_t)length >= sizeof line) {
        length = sizeof line - 1;
        line[length - 1] = '\n';
    }
    (void)write_all(STDERR_FILENO, line, (size_t)length);
}

void report(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *message = format_list(format, list);
    va_end(list);
    report_line(message, NULL);
    free(message);
}

void report_errno(const char *format, ...)
{
    int error = errno;
    va_list list;
    va_start(list, format);
    char *message = format_list(format, list);
    va_end(list);
    report_line(message, strerror(error));
    free(message);
}

static void *or_end(void *memory)
{
    if (!memory) {
        report_line("out of memory", NULL);
        exit(STATUS_CK_FAILED);
    }
    return memory;
}

void *must_realloc(void *old, size_t bytes) { return or_end(realloc(old, bytes ? bytes : 1)); }

void *must_calloc(size_t bytes) { return or_end(calloc(1, bytes ? bytes : 1)); }

char *must_copy_string(const char *text) { return or_end(strdup(text)); }

char *must_format(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *text = format_list(format, list);
    va_end(list);
    return or_end(text);
}

bool write_all(int fd, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count > 0) {
        ssize_t written = write(fd, at, count);
        if (written < 0 && errno == EAGAIN) {
            /* Somebody else made our terminal or pipe non-blocking. */
            struct pollfd wait = { .fd = fd, .events = POLLOUT };
            (void)poll(&wait, 1, -1);
            continue;
        }
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        at += written;
        count -= (size_t)written;
    }
    return true;
}
