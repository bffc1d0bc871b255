/* SPDX-License-Identifier: Apache-2.0 */
#include "device/line_input.h"

#include "tests/harness/test.h"

#include <string.h>

static struct line_input input;
static char echoed[8192];
static size_t echoed_bytes;

static void record_echo(void *context, const char *text, size_t bytes)
{
    (void)context;
    bytes = MIN(bytes, sizeof echoed - 1 - echoed_bytes);
    memcpy(echoed + echoed_bytes, text, bytes);
    echoed_bytes += bytes;
    echoed[echoed_bytes] = 0;
}

static void set_up(void)
{
    echoed_bytes = 0;
    echoed[0] = 0;
    line_input_init(&input, record_echo, NULL);
}

static bool type(const char *text)
{
    bool is_interrupted = false;
    for (; *text; text++) is_interrupted |= line_input_feed(&input, *text);
    return is_interrupted;
}

/* The next read as a string. */
static const char *read_string(size_t capacity)
{
    static char text[LINE_INPUT_QUEUE_MAX + 1];
    size_t count = line_input_read(&input, text, capacity);
    text[count] = 0;
    return text;
}

TEST(line_input_is_readable_only_once_the_line_has_ended)
{
    set_up();
    type("ab");
    EXPECT(!line_input_is_readable(&input));
    type("\n");
    EXPECT(line_input_is_readable(&input));
    EXPECT_STR(read_string(100), "ab\n");
    EXPECT(!line_input_is_readable(&input));
    EXPECT_STR(echoed, "ab\n");
}

TEST(line_input_gives_one_line_a_read)
{
    set_up();
    type("one\ntwo\n");
    EXPECT_STR(read_string(100), "one\n");
    EXPECT_STR(read_string(100), "two\n");
}

TEST(line_input_takes_a_carriage_return_for_the_end_of_a_line)
{
    set_up();
    type("a\r");
    EXPECT_STR(read_string(100), "a\n");
}

TEST(line_input_erases_the_last_character_and_its_picture)
{
    set_up();
    type("abx\x7f"
         "c\n");
    EXPECT_STR(read_string(100), "abc\n");
    EXPECT_STR(echoed, "abx\b \bc\n");
}

TEST(line_input_erases_a_utf8_character_whole)
{
    set_up();
    type("a\xc3\xa9\b\n");
    EXPECT_STR(read_string(100), "a\n");
}

TEST(line_input_erases_nothing_from_an_empty_line)
{
    set_up();
    type("\b\b\x15\x7fok\n");
    EXPECT_STR(read_string(100), "ok\n");
    EXPECT_STR(echoed, "ok\n");
}

TEST(line_input_kills_a_line)
{
    set_up();
    type("wrong\x15right\n");
    EXPECT_STR(read_string(100), "right\n");
}

TEST(line_input_end_of_file_on_an_empty_line_reads_as_nothing)
{
    set_up();
    type("\x04");
    EXPECT(line_input_is_readable(&input));
    EXPECT_STR(read_string(100), "");
    EXPECT(!line_input_is_readable(&input));
}

TEST(line_input_end_of_file_after_text_only_delivers_the_text)
{
    set_up();
    type("abc\x04");
    EXPECT_STR(read_string(100), "abc");
    EXPECT(!line_input_is_readable(&input));
}

/* The mark behind a line must not be left for the next read, which would take it for the end. */
TEST(line_input_read_that_just_fits_a_line_is_not_followed_by_end_of_file)
{
    set_up();
    type("abc\nd\n");
    EXPECT_STR(read_string(4), "abc\n");
    EXPECT_STR(read_string(4), "d\n");
    type("xyz\x04q\n");
    EXPECT_STR(read_string(3), "xyz");
    EXPECT_STR(read_string(9), "q\n");
}

TEST(line_input_short_reads_get_a_line_in_pieces)
{
    set_up();
    type("abcdef\n");
    EXPECT_STR(read_string(4), "abcd");
    EXPECT_STR(read_string(4), "ef\n");
    EXPECT(!line_input_is_readable(&input));
}

TEST(line_input_interrupt_key_drops_the_line_and_is_reported)
{
    set_up();
    EXPECT(type("half a li\x03"));
    EXPECT(!line_input_is_readable(&input));
    EXPECT_STR(echoed, "half a li^C\n");
    EXPECT(!type("x\n"));
    EXPECT_STR(read_string(100), "x\n");
}

TEST(line_input_raw_mode_passes_every_byte_at_once_and_quietly)
{
    set_up();
    line_input_set_mode(&input, (struct line_mode){ 0 });
    EXPECT(!type("a\x03\x04\r\x7f"));
    EXPECT_STR(read_string(100), "a\x03\x04\r\x7f");
    EXPECT_STR(echoed, "");
}

TEST(line_input_leaving_canonical_mode_delivers_the_line_being_edited)
{
    set_up();
    type("typed");
    line_input_set_mode(&input, (struct line_mode){ 0 });
    EXPECT_STR(read_string(100), "typed");
}

TEST(line_input_shows_control_characters_as_letters)
{
    set_up();
    type("\x01\n");
    EXPECT_STR(echoed, "^A\n");
    EXPECT_STR(read_string(100), "\x01\n");
}

TEST(line_input_rings_when_a_line_is_longer_than_it_can_be)
{
    set_up();
    for (int i = 0; i < LINE_INPUT_LINE_MAX + 1; i++) line_input_feed(&input, 'x');
    EXPECT_EQ(echoed[echoed_bytes - 1], '\a');
    line_input_feed(&input, '\n');
    EXPECT_EQ(strlen(read_string(LINE_INPUT_QUEUE_MAX)), LINE_INPUT_LINE_MAX + 1);
}

/* Whatever mix of bytes is fed, as long as only `room` of them are, all come out. */
TEST(line_input_loses_nothing_that_it_said_it_had_room_for)
{
    set_up();
    input.mode.is_echoing = false;
    uint32_t fed = 0, got = 0, seed = 1;
    char sent[20000], received[20000];
    while (got < sizeof received) {
        size_t room = line_input_room(&input);
        for (size_t i = 0; i < room && fed < sizeof sent; i++) {
            seed = seed * 1103515245 + 12345;
            sent[fed] = seed >> 28 == 0 ? '\n' : (char)('a' + (seed >> 16) % 26);
            if (fed + 1 == sizeof sent) sent[fed] = '\n';
            line_input_feed(&input, sent[fed++]);
        }
        size_t count = line_input_read(&input, received + got, MIN(sizeof received - got, (size_t)50));
        EXPECT(count > 0);
        if (count == 0) return;
        got += count;
    }
    EXPECT(memcmp(sent, received, sizeof sent) == 0);
}
