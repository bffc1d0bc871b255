/* SPDX-License-Identifier: Apache-2.0 */
/* What a screen is told: processed output, and how erased characters vanish from it. */
#include "terminal/line_internal.h"

enum { TAB = 8 };

static bool is_control(uint8_t byte) { return byte < ' ' || byte == 127; }

/* All but the first byte of a character in UTF-8. */
static bool is_continuation(const struct line_discipline *l, uint8_t byte)
{
    return (l->termios.c_iflag & LINUX_IUTF8) && (byte & 0xc0) == 0x80;
}

static bool put(struct line_discipline *l, const char *bytes, size_t count)
{
    return l->put(l->context, bytes, count) == count;
}

/* False: there is no room, and nothing has happened. */
static bool write_processed(struct line_discipline *l, uint8_t byte)
{
    uint32_t flags = l->termios.c_oflag, spaces = TAB - l->column % TAB;
    bool expands = byte == '\t' && (flags & LINUX_TABDLY) == LINUX_XTABS;
    if (byte == '\r' && (flags & LINUX_ONOCR) && l->column == 0) return true;
    if (byte == '\n' && (flags & LINUX_ONLCR)) {
        if (!put(l, "\r\n", 2)) return false;
        l->column = l->line_column = 0;
        return true;
    }
    if (byte == '\r' && (flags & LINUX_OCRNL)) byte = '\n';
    if ((flags & LINUX_OLCUC) && byte >= 'a' && byte <= 'z') byte -= 'a' - 'A';
    if (!(expands ? put(l, "        ", spaces) : put(l, (const char *)&byte, 1))) return false;
    if (byte == '\t')
        l->column += spaces;
    else if (byte == '\b')
        l->column -= l->column > 0;
    else if (byte == '\r' || (byte == '\n' && (flags & LINUX_ONLRET)))
        l->column = l->line_column = 0;
    else if (!is_control(byte) && !is_continuation(l, byte))
        l->column++;
    return true;
}

size_t line_write(struct line_discipline *l, const char *bytes, size_t count)
{
    if (!(l->termios.c_oflag & LINUX_OPOST)) return l->put(l->context, bytes, count);
    for (size_t i = 0; i < count; i++)
        if (!write_processed(l, (uint8_t)bytes[i])) return i;
    return count;
}

/* ---- erasing ---- */

static uint8_t byte_at(const struct line_discipline *l, uint32_t at) { return l->bytes[at % LINE_BYTES_MAX]; }

/* Columns between the last tab, or the start of the line, and `end`. */
static uint32_t columns_before(const struct line_discipline *l, uint32_t end, bool *is_after_tab)
{
    uint32_t columns = 0;
    *is_after_tab = false;
    for (uint32_t at = end; at != l->lines_end; at--) {
        uint8_t byte = byte_at(l, at - 1);
        if (byte == '\t') {
            *is_after_tab = true;
            break;
        }
        if (is_control(byte))
            columns += l->termios.c_lflag & LINUX_ECHOCTL ? 2 : 0;
        else if (!is_continuation(l, byte))
            columns++;
    }
    return columns;
}

static void erase_tab(struct line_discipline *l)
{
    bool is_after_tab;
    uint32_t columns = columns_before(l, l->head, &is_after_tab);
    if (!is_after_tab) columns += l->line_column;
    for (uint32_t left = TAB - columns % TAB; left; left--) line_write(l, "\b", 1);
}

static void erase_shown(struct line_discipline *l, uint8_t byte)
{
    bool shows_control = l->termios.c_lflag & LINUX_ECHOCTL;
    if (byte == '\t') {
        erase_tab(l);
        return;
    }
    if (is_control(byte) && shows_control) line_write(l, "\b \b", 3);
    if (!is_control(byte) || shows_control) line_write(l, "\b \b", 3);
}

/* Takes the last character off; false: it was cut in two, so it stays. */
static bool take_back(struct line_discipline *l, uint32_t *at, uint8_t *byte)
{
    *at = l->head;
    do *byte = byte_at(l, --*at);
    while (is_continuation(l, *byte) && *at != l->lines_end);
    return !is_continuation(l, *byte);
}

static bool is_word(uint8_t byte)
{
    return byte == '_' || byte >= 0x80 || (byte >= '0' && byte <= '9') ||
           ((byte | 32) >= 'a' && (byte | 32) <= 'z');
}

static void kill_at_once(struct line_discipline *l, uint8_t key)
{
    uint32_t flags = l->termios.c_lflag;
    l->head = l->lines_end;
    if (!(flags & LINUX_ECHO)) return;
    line_echo(l, key);
    if (flags & LINUX_ECHOK) line_write(l, "\n", 1);
}

void line_erase(struct line_discipline *l, uint8_t key)
{
    const uint32_t flags = l->termios.c_lflag,
                   erases_all = LINUX_ECHO | LINUX_ECHOK | LINUX_ECHOKE | LINUX_ECHOE;
    bool is_one = key == l->termios.c_cc[LINUX_VERASE],
         is_kill = !is_one && key == l->termios.c_cc[LINUX_VKILL];
    bool has_seen_word = false;
    if (l->head == l->lines_end) return;
    if (is_kill && (flags & erases_all) != erases_all) {
        kill_at_once(l, key);
        return;
    }
    while (l->head != l->lines_end) {
        uint32_t at;
        uint8_t byte;
        if (!take_back(l, &at, &byte)) return;
        bool is_in_word = is_word(byte);
        if (!is_one && !is_kill && has_seen_word && !is_in_word) return;
        has_seen_word |= is_in_word;
        l->head = at;
        if ((flags & LINUX_ECHO) && is_one && !(flags & LINUX_ECHOE))
            line_echo(l, key);
        else if (flags & LINUX_ECHO)
            erase_shown(l, byte);
        if (is_one) return;
    }
}
