/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/line_discipline.h"

#include "lib/string.h"
#include "terminal/line_internal.h"

const struct linux_termios line_defaults = {
    .c_iflag = LINUX_ICRNL | LINUX_IXON,
    .c_oflag = LINUX_OPOST | LINUX_ONLCR,
    .c_cflag = LINUX_B38400 | LINUX_CS8 | LINUX_CREAD,
    .c_lflag = LINUX_ISIG | LINUX_ICANON | LINUX_ECHO | LINUX_ECHOE | LINUX_ECHOK | LINUX_ECHOCTL |
               LINUX_ECHOKE | LINUX_IEXTEN,
    .c_cc = { 'C' & 31, '\\' & 31, 127, 'U' & 31, 'D' & 31, 0, 1, 0, 'Q' & 31, 'S' & 31, 'Z' & 31, 0,
              'R' & 31, 'O' & 31, 'W' & 31, 'V' & 31, 0 },
};

void line_init(struct line_discipline *line, size_t (*put)(void *context, const char *bytes, size_t count),
               void (*forget)(void *context), void *context)
{
    line->termios = line_defaults;
    line->put = put;
    line->forget = forget;
    line->context = context;
}

/* ---- the buffer ---- */

static void set_end(struct line_discipline *l, uint32_t at, bool is_end)
{
    uint32_t index = at % LINE_BYTES_MAX;
    uint64_t bit = 1ull << index % 64;
    l->ends[index / 64] = is_end ? l->ends[index / 64] | bit : l->ends[index / 64] & ~bit;
}

static bool is_end(const struct line_discipline *l, uint32_t at)
{
    uint32_t index = at % LINE_BYTES_MAX;
    return l->ends[index / 64] >> index % 64 & 1;
}

static void put_byte(struct line_discipline *l, uint8_t byte, bool ends_line)
{
    set_end(l, l->head, ends_line);
    l->bytes[l->head % LINE_BYTES_MAX] = byte;
    l->head++;
}

static bool has_lines(const struct line_discipline *l) { return l->termios.c_lflag & LINUX_ICANON; }

void line_flush_input(struct line_discipline *l)
{
    l->tail = l->lines_end = l->head;
    l->is_next_literal = false;
}

void line_set_mode(struct line_discipline *l, const struct linux_termios *termios)
{
    bool had_lines = has_lines(l);
    l->termios = *termios;
    if (!(termios->c_iflag & LINUX_IXON)) l->is_stopped = false;
    if (had_lines == has_lines(l)) return;
    memset(l->ends, 0, sizeof(l->ends));
    /* What came in one piece is read as a line. */
    if (has_lines(l) && l->head != l->tail) set_end(l, l->head - 1, true);
    l->lines_end = l->head;
    l->is_next_literal = false;
}

size_t line_room(const struct line_discipline *l)
{
    size_t left = LINE_BYTES_MAX - 1 - (l->head - l->tail);
    bool is_overlong = left == 0 && has_lines(l) && l->lines_end == l->tail;
    return is_overlong ? 1 : left;
}

/* ---- reading ---- */

size_t line_available(const struct line_discipline *l)
{
    return (has_lines(l) ? l->lines_end : l->head) - l->tail;
}

bool line_is_readable(const struct line_discipline *l, size_t least)
{
    return line_available(l) >= (has_lines(l) ? 1 : least);
}

size_t line_read(struct line_discipline *l, char *out, size_t capacity)
{
    size_t count = 0;
    while (count < capacity && line_available(l)) {
        bool ends = has_lines(l) && is_end(l, l->tail);
        uint8_t byte = l->bytes[l->tail % LINE_BYTES_MAX];
        l->tail++;
        if (ends && !byte) break; /* end of file */
        out[count++] = (char)byte;
        if (ends) return count;
    }
    /* An end of file right behind what was read is not one of its own. */
    if (count && count == capacity && has_lines(l) && line_available(l) && is_end(l, l->tail) &&
        !l->bytes[l->tail % LINE_BYTES_MAX])
        l->tail++;
    return count;
}

/* ---- typing ---- */

static bool is_control(uint8_t byte) { return byte < ' ' || byte == 127; }

static bool is_key(const struct line_discipline *l, uint8_t byte, uint32_t which)
{
    return byte && byte == l->termios.c_cc[which];
}

static bool has(const struct line_discipline *l, uint32_t local_flag)
{
    return l->termios.c_lflag & local_flag;
}

void line_echo(struct line_discipline *l, uint8_t byte)
{
    if (has(l, LINUX_ECHOCTL) && is_control(byte) && byte != '\t') {
        const char shown[] = { '^', (char)(byte ^ 0x40) };
        line_write(l, shown, sizeof(shown));
    } else {
        line_write(l, (const char *)&byte, 1);
    }
}

/* Echo of one byte of a line; where the line begins is remembered for tabs that are erased. */
static void echo_typed(struct line_discipline *l, uint8_t byte)
{
    if (!has(l, LINUX_ECHO)) return;
    if (l->head == l->lines_end) l->line_column = l->column;
    if (byte == '\n')
        line_write(l, "\n", 1);
    else
        line_echo(l, byte);
}

static void put_typed(struct line_discipline *l, uint8_t byte)
{
    if (l->head - l->tail < LINE_BYTES_MAX - 1) put_byte(l, byte, false);
}

static void end_line(struct line_discipline *l, uint8_t byte)
{
    if (l->head - l->tail >= LINE_BYTES_MAX) return;
    put_byte(l, byte, true);
    l->lines_end = l->head;
}

static uint32_t signal_of(const struct line_discipline *l, uint8_t byte)
{
    if (!has(l, LINUX_ISIG)) return 0;
    if (is_key(l, byte, LINUX_VINTR)) return LINE_SIGNAL_INTERRUPT;
    if (is_key(l, byte, LINUX_VQUIT)) return LINE_SIGNAL_QUIT;
    return is_key(l, byte, LINUX_VSUSP) ? LINE_SIGNAL_STOP : 0;
}

static uint32_t take_signal(struct line_discipline *l, uint32_t signal)
{
    uint32_t events = signal;
    if (!has(l, LINUX_NOFLSH)) {
        line_flush_input(l);
        l->forget(l->context);
    }
    if (l->is_stopped) {
        l->is_stopped = false;
        events |= LINE_OUTPUT_GOES_ON;
    }
    return events;
}

/* True when the byte was a command about output. */
static bool take_flow(struct line_discipline *l, uint8_t byte, uint32_t *events)
{
    if (!(l->termios.c_iflag & LINUX_IXON)) return false;
    bool stops = is_key(l, byte, LINUX_VSTOP), goes_on = is_key(l, byte, LINUX_VSTART);
    if (l->is_stopped && (goes_on || (l->termios.c_iflag & LINUX_IXANY))) {
        l->is_stopped = false;
        *events |= LINE_OUTPUT_GOES_ON;
        return goes_on;
    }
    if (stops && !goes_on && !l->is_stopped) {
        l->is_stopped = true;
        *events |= LINE_OUTPUT_STOPS;
    }
    return stops || goes_on;
}

static void take_literal_next(struct line_discipline *l)
{
    l->is_next_literal = true;
    if (has(l, LINUX_ECHO) && has(l, LINUX_ECHOCTL)) line_write(l, "^\b", 2);
}

static void reprint(struct line_discipline *l, uint8_t byte)
{
    line_echo(l, byte);
    line_write(l, "\n", 1);
    for (uint32_t at = l->lines_end; at != l->head; at++) line_echo(l, l->bytes[at % LINE_BYTES_MAX]);
}

/* True when the byte edits or ends a line. */
static bool take_editing(struct line_discipline *l, uint8_t byte)
{
    bool extended = has(l, LINUX_IEXTEN);
    if (is_key(l, byte, LINUX_VERASE) || is_key(l, byte, LINUX_VKILL) ||
        (extended && is_key(l, byte, LINUX_VWERASE))) {
        line_erase(l, byte);
    } else if (extended && is_key(l, byte, LINUX_VLNEXT)) {
        take_literal_next(l);
    } else if (extended && has(l, LINUX_ECHO) && is_key(l, byte, LINUX_VREPRINT)) {
        reprint(l, byte);
    } else if (byte == '\n') {
        if (has(l, LINUX_ECHO) || has(l, LINUX_ECHONL)) line_write(l, "\n", 1);
        end_line(l, byte);
    } else if (is_key(l, byte, LINUX_VEOF)) {
        end_line(l, 0);
    } else if (is_key(l, byte, LINUX_VEOL) || (extended && is_key(l, byte, LINUX_VEOL2))) {
        echo_typed(l, byte);
        end_line(l, byte);
    } else {
        return false;
    }
    return true;
}

static uint32_t feed_byte(struct line_discipline *l, uint8_t byte)
{
    uint32_t events = 0, input = l->termios.c_iflag;
    if (l->is_next_literal) {
        l->is_next_literal = false;
        echo_typed(l, byte);
        put_typed(l, byte);
        return 0;
    }
    if (input & LINUX_ISTRIP) byte &= 0x7f;
    if ((input & LINUX_IUCLC) && has(l, LINUX_IEXTEN) && byte >= 'A' && byte <= 'Z') byte += 'a' - 'A';
    if (take_flow(l, byte, &events)) return events;
    uint32_t signal = signal_of(l, byte);
    if (signal) {
        events |= take_signal(l, signal);
        if (has(l, LINUX_ECHO)) line_echo(l, byte);
        return events;
    }
    if (byte == '\r') {
        if (input & LINUX_IGNCR) return events;
        if (input & LINUX_ICRNL) byte = '\n';
    } else if (byte == '\n' && (input & LINUX_INLCR)) {
        byte = '\r';
    }
    if (has_lines(l) && take_editing(l, byte)) return events;
    echo_typed(l, byte);
    put_typed(l, byte);
    if (!has_lines(l)) l->lines_end = l->head;
    return events;
}

uint32_t line_feed(struct line_discipline *l, const char *bytes, size_t count)
{
    uint32_t events = 0;
    for (size_t i = 0; i < count; i++) events |= feed_byte(l, (uint8_t)bytes[i]);
    return events;
}
