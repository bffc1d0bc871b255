/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/format.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <string.h>

/* The formats are data here, so that ours and the C library's see the same. */
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"

static void expect_same(const char *ours, size_t ours_bytes, const char *theirs, int theirs_bytes,
                        const char *format)
{
    if (strcmp(ours, theirs) != 0 || ours_bytes != (size_t)theirs_bytes)
        test_fail(__FILE__, __LINE__, "\"%s\" gives \"%s\", expected \"%s\"", format, ours, theirs);
}

#define EXPECT_SAME(format, ...)                                               \
    do {                                                                       \
        char ours_[256], theirs_[256];                                         \
        size_t a_ = format_string(ours_, sizeof ours_, (format), __VA_ARGS__); \
        int b_ = snprintf(theirs_, sizeof theirs_, (format), __VA_ARGS__);     \
        expect_same(ours_, a_, theirs_, b_, (format));                         \
    } while (0)

static const char *const flags[] = {
    "", "-", "0", "+", " ", "#", "-0", "+0", "0#", "-#", "+-", " 0", "# 0+-"
};
static const char *const sizes[] = { "", "1", "5", "20", ".0", ".3", "8.3", "3.8", "." };

static const char *make_format(size_t flag, size_t size, const char *conversion)
{
    static char format[32];
    snprintf(format, sizeof format, "[%%%s%s%s]", flags[flag], sizes[size], conversion);
    return format;
}

TEST(integers_agree_with_the_c_library_in_all_flags_and_sizes)
{
    static const int values[] = { 0, 1, -1, 7, 42, -12345, 2147483647, -2147483647 - 1 };
    static const char *const conversions[] = { "d", "i", "u", "x", "X", "o", "hd", "hhd", "hu", "hhu", "hx" };
    for (size_t f = 0; f < ARRAY_LENGTH(flags); f++)
        for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++)
            for (size_t c = 0; c < ARRAY_LENGTH(conversions); c++)
                for (size_t v = 0; v < ARRAY_LENGTH(values); v++)
                    EXPECT_SAME(make_format(f, s, conversions[c]), values[v]);
}

TEST(long_integers_agree_with_the_c_library)
{
    static const long values[] = { 0, 1, -1, 1l << 40, INT64_MAX, INT64_MIN };
    static const char *const conversions[] = { "ld", "lu", "lx", "llo", "zu", "zx", "td", "jd" };
    for (size_t f = 0; f < ARRAY_LENGTH(flags); f++)
        for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++)
            for (size_t c = 0; c < ARRAY_LENGTH(conversions); c++)
                for (size_t v = 0; v < ARRAY_LENGTH(values); v++)
                    EXPECT_SAME(make_format(f, s, conversions[c]), values[v]);
}

TEST(text_agrees_with_the_c_library)
{
    static const char *const values[] = { "", "x", "hello", "a text that is longer than the width" };
    static const char *const text_flags[] = { "", "-" };
    char format[32];
    for (size_t f = 0; f < ARRAY_LENGTH(text_flags); f++)
        for (size_t s = 0; s < ARRAY_LENGTH(sizes); s++)
            for (size_t v = 0; v < ARRAY_LENGTH(values); v++) {
                snprintf(format, sizeof format, "<%%%s%ss>", text_flags[f], sizes[s]);
                EXPECT_SAME(format, values[v]);
            }
    EXPECT_SAME("%c%5c%-5c|", 'a', 'b', 'c');
    EXPECT_SAME("100%% of %s, %d", "it", 3);
    EXPECT_SAME("%p|%20p|%-20p|", (void *)0x1234abcd, (void *)0x7fffffffff, (void *)0x1);
}

TEST(star_takes_width_and_precision_from_the_arguments)
{
    EXPECT_SAME("%*d|%*d|%-*d|", 5, 1, -5, 2, 5, 3);
    EXPECT_SAME("%.*s|%.*s|%*.*d", 2, "abc", -1, "abc", 8, 3, 7);
}

TEST(a_precision_bounds_what_is_read_of_a_string)
{
    char unterminated[3] = { 'a', 'b', 'c' }, out[8];
    EXPECT_EQ(format_string(out, sizeof out, "%.3s", unterminated), 3);
    EXPECT_STR(out, "abc");
}

TEST(text_that_does_not_fit_is_cut_and_terminated)
{
    char out[4] = "zzz";
    EXPECT_EQ(format_string(out, sizeof out, "%d", 123456), 6);
    EXPECT_STR(out, "123");
    EXPECT_EQ(format_string(out, 1, "abc"), 3);
    EXPECT_STR(out, "");
    EXPECT_EQ(format_string(NULL, 0, "abc"), 3);
}

TEST(null_strings_and_unknown_conversions_are_shown)
{
    char out[32];
    const char *volatile none = NULL, *volatile unknown = "%5q %";
    format_string(out, sizeof out, "%s", none);
    EXPECT_STR(out, "(null)");
    format_string(out, sizeof out, unknown);
    EXPECT_STR(out, "%5q %");
}

struct counting_sink {
    struct format_sink sink;
    char text[64];
    size_t pieces;
};

static void count_piece(struct format_sink *sink, const char *text, size_t bytes)
{
    struct counting_sink *counting = CONTAINER_OF(sink, struct counting_sink, sink);
    EXPECT(bytes > 0);
    strncat(counting->text, text, bytes);
    counting->pieces++;
}

TEST(a_sink_receives_the_text_in_order)
{
    struct counting_sink counting = { { count_piece }, "", 0 };
    EXPECT_EQ(format_sink(&counting.sink, "a%db%sc", 12, ""), 5);
    EXPECT_STR(counting.text, "a12bc");
    EXPECT_EQ(counting.pieces, 4);
}
