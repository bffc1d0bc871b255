/* SPDX-License-Identifier: Apache-2.0 */
/* What turns key strokes into what a program reads, and what it writes into what a screen is told: lines with editing
 * and echo, or the bytes as they come, as struct termios says. Linux's, to the byte. [linux drivers/tty/n_tty.c] No
 * locking and no device. */
#pragma once
#include "abi/linux/ioctl.h"
#include "lib/base.h"

enum { LINE_BYTES_MAX = 4096 }; /* of input that nobody has read; a power of two */

/* What a byte asked for beside being read; bits. */
enum line_event {
    LINE_SIGNAL_INTERRUPT = 1 << 0,
    LINE_SIGNAL_QUIT = 1 << 1,
    LINE_SIGNAL_STOP = 1 << 2,
    LINE_OUTPUT_STOPS = 1 << 3,
    LINE_OUTPUT_GOES_ON = 1 << 4,
};

struct line_discipline {
    struct linux_termios termios;
    /* Where echo and processed output go; returns how many it took. */
    size_t (*put)(void *context, const char *bytes, size_t count);
    /* What was put during this line_feed() is to be forgotten. */
    void (*forget)(void *context);
    void *context;
    uint32_t head, lines_end, tail; /* counting for ever: written, end of the last whole line, read */
    uint8_t bytes[LINE_BYTES_MAX];
    uint64_t ends[LINE_BYTES_MAX / 64]; /* bits of bytes that end a line; a NUL among them is end of file */
    uint32_t column, line_column;       /* of the cursor: now, and where the line being edited began */
    bool is_next_literal;
    bool is_stopped; /* by its stop character */
};

/* What a terminal begins with on Linux. */
extern const struct linux_termios line_defaults;
/* In storage of zeros. */
void line_init(struct line_discipline *line, size_t (*put)(void *context, const char *bytes, size_t count),
               void (*forget)(void *context), void *context);

/* The new mode holds for what is there as well; a line being edited becomes readable when lines end to matter. */
void line_set_mode(struct line_discipline *line, const struct linux_termios *termios);

/* How many bytes may come without one being lost; as long as there is no whole line, there is room for one that is
 * too long, whose end is dropped. */
size_t line_room(const struct line_discipline *line);
/* Takes typed bytes. Returns enum line_event. */
uint32_t line_feed(struct line_discipline *line, const char *bytes, size_t count);
void line_flush_input(struct line_discipline *line);

/* Bytes that a read may have now; in lines, up to the end of the last whole one. */
size_t line_available(const struct line_discipline *line);
/* A whole line or an end of file can be read, or, without lines, `least` bytes. */
bool line_is_readable(const struct line_discipline *line, size_t least);
/* At most one line. *count is 0 at an end of file, which is used up. */
size_t line_read(struct line_discipline *line, char *out, size_t capacity);

/* Output of a program: returns how many bytes were taken, less than `count` when `put` was full. */
size_t line_write(struct line_discipline *line, const char *bytes, size_t count);
