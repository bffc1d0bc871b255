/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cmdline.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *why;

static void expect_option(const char *line, const char *key, const char *value)
{
    char out[128];
    EXPECT_OK(cmdline_string(line, key, out, sizeof out));
    EXPECT_STR(out, value);
}

/* The decoded words, each followed by '|'. */
static void expect_words(struct cmdline_words words, const char *expected)
{
    char all[512] = "", one[128];
    struct cmdline_text word;
    while (cmdline_next(&words, &word)) {
        EXPECT_OK(cmdline_decode(word, one, sizeof one, NULL));
        strcat(strcat(all, one), "|");
    }
    EXPECT_STR(all, expected);
}

TEST(an_option_is_found_by_its_whole_key)
{
    const char *line = "log=info  memory=256M\tquiet logger=x";
    expect_option(line, "log", "info");
    expect_option(line, "memory", "256M");
    expect_option(line, "quiet", "");
    EXPECT(cmdline_has(line, "quiet"));
    EXPECT(!cmdline_has(line, "lo"));
    EXPECT(!cmdline_has(line, "memory=256"));
    EXPECT(!cmdline_has(line, "info"));
    EXPECT(!cmdline_has("", "log"));
    char out[4] = "xx";
    EXPECT_ERR(cmdline_string(line, "missing", out, sizeof out), ERR_NOT_FOUND);
    EXPECT_STR(out, "");
}

TEST(the_last_of_several_equal_options_counts)
{
    expect_option("a=1 b=2 a=3", "a", "3");
    expect_option("a=1 a", "a", "");
}

TEST(an_empty_key_is_a_key_like_others)
{
    expect_option("a=1 =2", "", "2");
    EXPECT(!cmdline_has("a=1", ""));
}

TEST(a_value_may_hold_equal_signs) { expect_option("env=K=V=W", "env", "K=V=W"); }

TEST(quotes_may_stand_around_a_value_or_a_whole_word)
{
    expect_option("a=\"one two\" b=1", "a", "one two");
    expect_option("\"a=one two\" b=1", "a", "one two");
    expect_option("a=on\"e t\"wo b=1", "a", "one two");
    expect_option("a=\"\"", "a", "");
    expect_option("\"a\"=1", "a", "1");
}

TEST(a_backslash_takes_the_next_character_as_it_is)
{
    expect_option("a=\\\"x\\\\y\\ z", "a", "\"x\\y z");
    expect_option("a=\"\\n\\t\\x41\\xff\"", "a", "\n\tA\xff");
    expect_option("a=\\'q\\'", "a", "'q'");
}

TEST(options_end_at_the_separator_and_the_program_follows)
{
    const char *line = "a=1 -- /bin/sh -c \"echo a=2\" -- \"\"";
    expect_option(line, "a", "1");
    EXPECT(!cmdline_has(line, "-c"));
    expect_words(cmdline_options(line), "a=1|");
    expect_words(cmdline_program(line), "/bin/sh|-c|echo a=2|--||");
    expect_words(cmdline_program("a=1"), "");
    expect_words(cmdline_program("--"), "");
    expect_words(cmdline_program(" --  x "), "x|");
}

TEST(a_quoted_separator_is_an_ordinary_word)
{
    expect_words(cmdline_options("a \"--\" b -- c"), "a|--|b|");
    expect_words(cmdline_options("a --x b"), "a|--x|b|");
}

TEST(repeated_options_are_walked_in_order)
{
    struct cmdline_words words = cmdline_options("env=A=1 x env=B=2 envy=3 \"env=C=3 4\" -- env=D=5");
    struct cmdline_text word, value;
    char all[64] = "", one[32];
    while (cmdline_next(&words, &word)) {
        if (!cmdline_option_is(word, "env", &value)) continue;
        EXPECT_OK(cmdline_decode(value, one, sizeof one, NULL));
        strcat(strcat(all, one), ";");
    }
    EXPECT_STR(all, "A=1;B=2;C=3 4;");
}

TEST(a_value_that_does_not_fit_is_an_error_not_a_cut)
{
    char out[4];
    EXPECT_OK(cmdline_string("a=123", "a", out, sizeof out));
    EXPECT_ERR(cmdline_string("a=1234", "a", out, sizeof out), ERR_RANGE);
    EXPECT_STR(out, "");
    size_t length = 9;
    struct cmdline_text text = { "abc", false };
    EXPECT_ERR(cmdline_decode(text, out, 0, &length), ERR_RANGE);
    EXPECT_EQ(length, 0);
    EXPECT_OK(cmdline_decode(text, out, 4, &length));
    EXPECT_EQ(length, 3);
}

TEST(numbers_are_decimal_or_hexadecimal_with_a_power_of_1024)
{
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {
        { "0", 0 },
        { "42", 42 },
        { "0x2A", 42 },
        { "007", 7 },
        { "1k", 1024 },
        { "256M", 256ull << 20 },
        { "0x10g", 16ull << 30 },
        { "3T", 3ull << 40 },
        { "18446744073709551615", UINT64_MAX },
        { "0xffffffffffffffff", UINT64_MAX },
        { "17179869183G", 17179869183ull << 30 },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        uint64_t value = 1;
        EXPECT_OK(cmdline_parse_number(good[i].text, &value));
        EXPECT_EQ(value, good[i].value);
    }
}

TEST(malformed_numbers_are_refused)
{
    static const struct {
        const char *text;
        err_t error;
    } bad[] = {
        { "", ERR_INVALID },
        { "M", ERR_INVALID },
        { "0x", ERR_INVALID },
        { "0xM", ERR_INVALID },
        { "12q", ERR_INVALID },
        { "12MM", ERR_INVALID },
        { "12Mi", ERR_INVALID },
        { "-1", ERR_INVALID },
        { "+1", ERR_INVALID },
        { " 1", ERR_INVALID },
        { "1 ", ERR_INVALID },
        { "1.5G", ERR_INVALID },
        { "a1", ERR_INVALID },
        { "0b1", ERR_INVALID },
        { "18446744073709551616", ERR_OVERFLOW },
        { "99999999999999999999999", ERR_OVERFLOW },
        { "0x10000000000000000", ERR_OVERFLOW },
        { "17179869184G", ERR_OVERFLOW },
        { "16777216T", ERR_OVERFLOW },
        { "18446744073709551615k", ERR_OVERFLOW },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        uint64_t value = 77;
        err_t e = cmdline_parse_number(bad[i].text, &value);
        if (e.code != bad[i].error.code)
            test_fail(__FILE__, __LINE__, "\"%s\": %s", bad[i].text, err_text(e));
        EXPECT_EQ(value, 77);
    }
    uint64_t value = 77;
    EXPECT_ERR(cmdline_number("m=x", "m", &value), ERR_INVALID);
    EXPECT_ERR(cmdline_number("m=1", "n", &value), ERR_NOT_FOUND);
    EXPECT_ERR(cmdline_number("m=00000000000000000000000000000000000000000000001", "m", &value), ERR_RANGE);
    test_note("cmdline: %zu malformed numbers refused", ARRAY_LENGTH(bad) + 3);
}

TEST(malformed_lines_are_refused_by_name)
{
    static const char quote[] = "a quote on the command line is not closed";
    static const char backslash[] = "the command line ends in a backslash";
    static const char hex[] = "a \\x on the command line lacks its two hexadecimal digits";
    static const char nul[] = "the command line holds a \\x00";
    static const struct {
        const char *line, *why;
    } bad[] = {
        { "\"", quote },          { "a=\"b", quote },       { "a \"b\" c=\"", quote },
        { "-- /x \"y z", quote }, { "a=\"b\\\"", quote },   { "a=\"b \\\\\\\"", quote },
        { "\"a=b -- c", quote },  { "\\", backslash },      { "a=b\\", backslash },
        { "a \"b\\", backslash }, { "-- x \\", backslash }, { "\\x", hex },
        { "a=\\x4", hex },        { "a=\\xg0", hex },       { "a=\\x0g", hex },
        { "a=\"\\x\"", hex },     { "a=\\x 41", hex },      { "-- \\xzz", hex },
        { "a=\\x00", nul },       { "\"\\x00\"", nul },     { "-- a\\x00b", nul },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        why = "";
        EXPECT_ERR(cmdline_check(bad[i].line, &why), ERR_INVALID);
        EXPECT_STR(why, bad[i].why);
    }
    static const char *const good[] = { "", " ", "--", "a", "a=\"b c\" -- \"d\" \\\\", "\\\"", "a=\\x01" };
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) EXPECT_OK(cmdline_check(good[i], &why));
    test_note("cmdline: %zu malformed lines refused", ARRAY_LENGTH(bad));
}

TEST(decoding_a_malformed_word_gives_the_empty_string)
{
    char out[8] = "x";
    struct cmdline_text text = { "ab\"c", false };
    EXPECT_ERR(cmdline_decode(text, out, sizeof out, NULL), ERR_INVALID);
    EXPECT_STR(out, "");
}

static void expect_quoted(const char *word, const char *expected)
{
    char out[64];
    EXPECT_EQ(cmdline_quote(out, sizeof out, word), strlen(expected));
    EXPECT_STR(out, expected);
}

TEST(quoting_leaves_plain_words_alone)
{
    expect_quoted("/bin/x-y_z.so=1,2:3", "/bin/x-y_z.so=1,2:3");
    expect_quoted("", "\"\"");
    expect_quoted("--", "\"--\"");
    expect_quoted("---", "---");
    expect_quoted("a b", "\"a b\"");
    expect_quoted("\"\\", "\"\\\"\\\\\"");
    expect_quoted("\n\x7f\xe9", "\"\\x0a\\x7f\\xe9\"");
}

TEST(quoting_into_too_little_room_is_cut_and_terminated)
{
    char out[4] = "zzz";
    EXPECT_EQ(cmdline_quote(out, sizeof out, "a b c"), 7);
    EXPECT_STR(out, "\"a ");
    EXPECT_EQ(cmdline_quote(NULL, 0, "abc"), 3);
}

TEST(every_byte_survives_quoting_and_decoding)
{
    for (int a = 1; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            char word[3] = { (char)a, (char)b, 0 }, line[64] = "x -- first ", out[8];
            size_t used = strlen(line);
            cmdline_quote(line + used, sizeof line - used, word);
            strcat(line, " last");
            EXPECT_OK(cmdline_check(line, &why));
            struct cmdline_words words = cmdline_program(line);
            struct cmdline_text text;
            EXPECT(cmdline_next(&words, &text) && cmdline_next(&words, &text));
            EXPECT_OK(cmdline_decode(text, out, sizeof out, NULL));
            EXPECT_STR(out, word);
            EXPECT(cmdline_next(&words, &text) && !cmdline_next(&words, &text));
        }
    }
}
