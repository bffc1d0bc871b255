/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel log: a ring in memory that a debugger or a panic can read, and the consoles that want
 * to show it. A line below the configured level is neither formatted nor stored, so boot pays
 * nothing for detail nobody asked for. Any context, interrupts and panics included. */
#pragma once
#include "lib/base.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Lines up to and including this level are kept. Set once from the command line (`log=info`). */
extern enum log_level log_threshold;

/* Gives each line its time stamp; NULL until the clock runs, so that logging never starts it. */
extern uint64_t (*log_clock_ns)(void);

void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define LOG(level, ...)                                                \
    do {                                                               \
        if ((level) <= log_threshold) log_write((level), __VA_ARGS__); \
    } while (0)
#define log_error(...)   LOG(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) LOG(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    LOG(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   LOG(LOG_DEBUG, __VA_ARGS__)

/* Where log text goes besides the ring. `write` is called with whole lines, possibly from an
 * interrupt or a panic, so it must not sleep, allocate or log. The sink lives for ever. */
struct log_sink {
    void (*write)(struct log_sink *sink, const char *text, size_t bytes);
    struct log_sink *next;
};
/* Adds the sink; with `replay`, it is first given what the ring still holds. */
void log_add_sink(struct log_sink *sink, bool replay);

/* Text to all sinks and the ring without level or prefix: panic reports. */
void log_raw(const char *text, size_t bytes);
