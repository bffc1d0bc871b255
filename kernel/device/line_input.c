/* SPDX-License-Identifier: Apache-2.0 */
/* The queue holds bytes and, after each line or ^D, a mark at which a read ends. ^D on an empty line
 * leaves a mark alone, and a read that begins at a mark is end of file. [posix-2018 11.1.6, 11.1.9] */
#include "device/line_input.h"

#include "lib/string.h"

enum {
    LINE_INPUT_END = 0x100,

    KEY_INTERRUPT = 'C' & 0x1f,
    KEY_END_OF_FILE = 'D' & 0x1f,
    KEY_BACKSPACE = '\b',
    KEY_KILL = 'U' & 0x1f,
    KEY_DELETE = 0x7f,
};
_Static_assert(LINE_INPUT_LINE_MAX + 4 < LINE_INPUT_QUEUE_MAX, "a full line can always become readable");

static uint32_t queue_free(const struct line_input *input)
{
    return LINE_INPUT_QUEUE_MAX - (input->tail - input->head);
}

static void queue_push(struct line_input *input, uint16_t entry)
{
    if (queue_free(input)) input->queue[input->tail++ % LINE_INPUT_QUEUE_MAX] = entry;
}

static uint16_t queue_first(const struct line_input *input)
{
    return input->queue[input->head % LINE_INPUT_QUEUE_MAX];
}

static void echo(struct line_input *input, const char *text, size_t bytes)
{
    if (input->mode.is_echoing && input->echo) input->echo(input->echo_context, text, bytes);
}

/* Control characters are shown as ^X, so that they cannot disturb the screen. */
static void echo_byte(struct line_input *input, char byte)
{
    if ((unsigned char)byte < ' ' && byte != '\n' && byte != '\t') {
        char shown[2] = { '^', (char)(byte | 0x40) };
        echo(input, shown, sizeof shown);
    } else {
        echo(input, &byte, 1);
    }
}

void line_input_init(struct line_input *input, void (*echo_to)(void *, const char *, size_t), void *context)
{
    input->mode = (struct line_mode){ .is_canonical = true, .is_echoing = true, .has_signals = true };
    input->echo = echo_to;
    input->echo_context = context;
    input->line_bytes = 0;
    input->head = input->tail = 0;
}

static void finish_line(struct line_input *input)
{
    for (size_t i = 0; i < input->line_bytes; i++) queue_push(input, (unsigned char)input->line[i]);
    input->line_bytes = 0;
}

void line_input_set_mode(struct line_input *input, struct line_mode mode)
{
    if (!mode.is_canonical) finish_line(input);
    input->mode = mode;
}

/* A byte costs at most two entries (a line end and its mark), the unfinished line one a byte. */
size_t line_input_room(const struct line_input *input)
{
    size_t spare = queue_free(input);
    return spare > input->line_bytes + 1 ? (spare - input->line_bytes - 1) / 2 : 0;
}

/* One character, which in UTF-8 may be several bytes; false when the line is empty. */
static bool erase_character(struct line_input *input)
{
    if (input->line_bytes == 0) return false;
    char byte = input->line[--input->line_bytes];
    while (input->line_bytes && ((unsigned char)byte & 0xc0) == 0x80) byte = input->line[--input->line_bytes];

    bool was_shown_as_two = (unsigned char)byte < ' ' && byte != '\t';
    echo(input, "\b \b\b \b", was_shown_as_two ? 6 : 3);
    return true;
}

static void feed_canonical(struct line_input *input, char byte)
{
    switch (byte) {
    case KEY_BACKSPACE:
    case KEY_DELETE: erase_character(input); return;
    case KEY_KILL:
        while (erase_character(input)) {}
        return;
    case KEY_END_OF_FILE:
        finish_line(input);
        queue_push(input, LINE_INPUT_END);
        return;
    case '\n':
        echo(input, "\n", 1);
        finish_line(input);
        queue_push(input, '\n');
        queue_push(input, LINE_INPUT_END);
        return;
    }
    if (input->line_bytes == LINE_INPUT_LINE_MAX) {
        echo(input, "\a", 1);
        return;
    }
    input->line[input->line_bytes++] = byte;
    echo_byte(input, byte);
}

bool line_input_feed(struct line_input *input, char byte)
{
    if (line_input_room(input) == 0) return false;
    if (input->mode.has_signals && byte == KEY_INTERRUPT) {
        echo(input, "^C\n", 3);
        input->line_bytes = 0;
        return true;
    }
    if (input->mode.is_canonical) {
        feed_canonical(input, byte == '\r' ? '\n' : byte);
    } else {
        echo_byte(input, byte);
        queue_push(input, (unsigned char)byte);
    }
    return false;
}

bool line_input_is_readable(const struct line_input *input) { return input->head != input->tail; }

size_t line_input_read(struct line_input *input, char *bytes, size_t capacity)
{
    size_t count = 0;
    while (count < capacity && line_input_is_readable(input) && queue_first(input) != LINE_INPUT_END)
        bytes[count++] = (char)input->queue[input->head++ % LINE_INPUT_QUEUE_MAX];
    /* The mark goes with the bytes before it, or the next read would take it for end of file. */
    if (capacity && line_input_is_readable(input) && queue_first(input) == LINE_INPUT_END) input->head++;
    return count;
}
