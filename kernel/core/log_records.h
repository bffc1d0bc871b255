/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of the kernel log one by one, for programs that read it: fs/kernel_log.h. The text is the ring's own
 * (core/log.h); a record says where in it, when, and how grave. Any context. */
#pragma once
#include "lib/base.h"

enum {
    LOG_TEXT_MAX = 992, /* of a line, as Linux's; the kernel's own are shorter */
    LOG_FACILITY_SHIFT = 3,
    LOG_CONSOLE_LEVEL_MAX = 8, /* everything is shown */
};

struct log_record {
    uint64_t number;   /* counted from the first line there was */
    uint64_t time_us;  /* since the machine started */
    uint64_t at;       /* the text's place, as log_end counts */
    uint32_t priority; /* facility and level, as syslog(3) puts them together */
    uint32_t bytes;
};

/* The record of that number, or the oldest that is left when it was overwritten; its text goes to `text`, which has
 * LOG_TEXT_MAX bytes. False: there is none yet. */
bool log_record_read(uint64_t number, struct log_record *out, char *text);
/* The oldest that is left, and the one that does not exist yet. */
uint64_t log_record_first(void);
uint64_t log_record_next(void);

/* A line of a program's, up to LOG_TEXT_MAX bytes, whatever log_threshold says. */
void log_write_text(uint32_t priority, const char *text, size_t bytes);

/* Lines of this level and graver ones below it are shown by sinks: Linux's console_loglevel, 1 to LOG_CONSOLE_LEVEL_MAX. */
uint32_t log_console_level(void);
void log_set_console_level(uint32_t level);
