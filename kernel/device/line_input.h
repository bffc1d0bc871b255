/* SPDX-License-Identifier: Apache-2.0 */
/* What turns key strokes into what a program reads: lines with editing and echo (canonical mode), or
 * the bytes as they come. No locking and no device: console.c has both. */
#pragma once
#include "lib/base.h"

enum {
    LINE_INPUT_LINE_MAX = 1000,  /* bytes of one line; more are refused with a bell */
    LINE_INPUT_QUEUE_MAX = 4096, /* entries; a power of two */
};

struct line_mode {
    bool is_canonical; /* whole lines; backspace, ^U and ^D work */
    bool is_echoing;
    bool has_signals; /* ^C is not data */
};

struct line_input {
    struct line_mode mode;
    void (*echo)(void *context, const char *text, size_t bytes);
    void *echo_context;
    size_t line_bytes;
    char line[LINE_INPUT_LINE_MAX];       /* being edited; not readable yet */
    uint32_t head, tail;                  /* of the queue, counting for ever */
    uint16_t queue[LINE_INPUT_QUEUE_MAX]; /* a byte, or LINE_INPUT_END */
};

/* Canonical, echoing, with signals. */
void line_input_init(struct line_input *input, void (*echo)(void *, const char *, size_t), void *context);
/* A line being edited becomes readable when canonical mode ends. */
void line_input_set_mode(struct line_input *input, struct line_mode mode);

/* How many bytes may be fed without any being refused for want of room. */
size_t line_input_room(const struct line_input *input);
/* True when the byte was the interrupt character: the caller tells the program. */
bool line_input_feed(struct line_input *input, char byte);

bool line_input_is_readable(const struct line_input *input);
/* Up to the end of one line. 0 from a readable input is end of file (^D). */
size_t line_input_read(struct line_input *input, char *bytes, size_t capacity);
