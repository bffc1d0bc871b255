/* SPDX-License-Identifier: Apache-2.0 */
/* Editing, echo and output; tests/conformance/ptys.c compares the same with Linux. */
#include "terminal/line_discipline.h"

#include "tests/harness/test.h"

#include <string.h>

static struct line_discipline line;
static char shown[20000];
static size_t shown_bytes, room;

static size_t put(void *context, const char *bytes, size_t count)
{
    (void)context;
    if (count > room) return 0;
    room -= count;
    memcpy(shown + shown_bytes, bytes, count);
    shown_bytes += count;
    shown[shown_bytes] = '\0';
    return count;
}

static void forget(void *context)
{
    (void)context;
    shown_bytes = 0;
    shown[0] = '\0';
}

static void start(void)
{
    forget(NULL);
    room = sizeof(shown) - 1;
    memset(&line, 0, sizeof(line));
    line_init(&line, put, forget, NULL);
}

static uint32_t type(const char *keys) { return line_feed(&line, keys, strlen(keys)); }

static void expect_line(const char *expected)
{
    static char text[LINE_BYTES_MAX + 1];
    EXPECT(line_is_readable(&line, 1));
    text[line_read(&line, text, LINE_BYTES_MAX)] = '\0';
    EXPECT_STR(text, expected);
}

static void set_local(uint32_t clear, uint32_t set)
{
    struct linux_termios mode = line.termios;
    mode.c_lflag = (mode.c_lflag & ~clear) | set;
    line_set_mode(&line, &mode);
}

TEST(a_line_is_readable_when_it_is_whole)
{
    start();
    EXPECT_EQ(type("ab"), 0);
    EXPECT(!line_is_readable(&line, 1));
    type("c\rd");
    expect_line("abc\n");
    EXPECT(!line_is_readable(&line, 1));
    EXPECT_STR(shown, "abc\r\nd");
}

TEST(keys_edit_the_line_and_what_is_shown)
{
    start();
    type("one twp\x7fo\x17\x17three\n");
    expect_line("three\n");
    EXPECT_STR(shown, "one twp\b \bo\b \b\b \b\b \b\b \b\b \b\b \b\b \bthree\r\n");
}

TEST(a_character_of_several_bytes_is_erased_whole)
{
    start();
    line.termios.c_iflag |= LINUX_IUTF8;
    type("a\xc3\xa9\x7f\n");
    expect_line("a\n");
    EXPECT_STR(shown, "a\xc3\xa9\b \b\r\n");
}

TEST(an_end_of_file_is_read_once)
{
    start();
    char byte;
    type("x\x04\x04");
    expect_line("x");
    EXPECT(line_is_readable(&line, 1));
    EXPECT_EQ(line_read(&line, &byte, 1), 0);
    EXPECT(!line_is_readable(&line, 1));
}

TEST(signal_keys_flush_what_was_typed_and_what_was_not_shown)
{
    start();
    EXPECT_EQ(type("lost\x03"), LINE_SIGNAL_INTERRUPT);
    EXPECT_STR(shown, "^C");
    type("\n");
    expect_line("\n");
    set_local(0, LINUX_NOFLSH);
    EXPECT_EQ(type("kept\x1a"), LINE_SIGNAL_STOP);
    type("\n");
    expect_line("kept\n");
    set_local(LINUX_ISIG, 0);
    EXPECT_EQ(type("\x1c\n"), 0);
    expect_line("\x1c\n");
}

TEST(a_line_that_is_too_long_loses_its_end_but_not_its_newline)
{
    start();
    set_local(LINUX_ECHO, 0);
    for (uint32_t i = 0; i < 3 * LINE_BYTES_MAX; i++) {
        EXPECT(line_room(&line) > 0);
        type("y");
    }
    type("\n");
    static char text[2 * LINE_BYTES_MAX];
    EXPECT_EQ(line_read(&line, text, sizeof(text)), LINE_BYTES_MAX);
    EXPECT_EQ(text[LINE_BYTES_MAX - 1], '\n');
}

TEST(without_lines_the_buffer_fills_and_no_byte_is_lost)
{
    start();
    set_local(LINUX_ICANON | LINUX_ECHO, 0);
    uint32_t typed = 0;
    while (line_room(&line)) type("z"), typed++;
    EXPECT_EQ(line_available(&line), typed);
    char byte;
    EXPECT_EQ(line_read(&line, &byte, 1), 1);
    EXPECT_EQ(line_room(&line), 1);
}

TEST(what_is_there_stays_readable_when_the_mode_changes)
{
    start();
    type("half");
    set_local(LINUX_ICANON, 0);
    EXPECT_EQ(line_available(&line), 4);
    set_local(0, LINUX_ICANON);
    expect_line("half");
}

TEST(output_that_does_not_fit_is_not_cut_inside_a_line_end)
{
    start();
    room = 3;
    EXPECT_EQ(line_write(&line, "ab\nc", 4), 2);
    EXPECT_STR(shown, "ab");
    room = 2;
    EXPECT_EQ(line_write(&line, "\nc", 2), 1);
    EXPECT_STR(shown, "ab\r\n");
}

TEST(output_stops_and_goes_on_by_its_keys)
{
    start();
    EXPECT_EQ(type("\x13"), LINE_OUTPUT_STOPS);
    EXPECT(line.is_stopped);
    EXPECT_EQ(type("\x11"), LINE_OUTPUT_GOES_ON);
    EXPECT(!line.is_stopped);
    line.termios.c_iflag |= LINUX_IXANY;
    type("\x13");
    type("a\n");
    EXPECT(!line.is_stopped);
    expect_line("a\n");
}
