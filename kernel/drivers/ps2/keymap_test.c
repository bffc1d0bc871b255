/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ps2/keymap.h"

#include "tests/harness/test.h"

#include <string.h>

static struct keymap map;

static const char *type(const uint8_t *codes, size_t count)
{
    static char text[256];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        ASSERT(length + KEYMAP_OUTPUT_MAX < sizeof text);
        length += keymap_feed(&map, codes[i], text + length);
    }
    text[length] = 0;
    return text;
}
#define TYPE(...) type((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

TEST(keymap_types_letters_when_pressed_and_nothing_when_released)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0x23, 0xa3, 0x17, 0x97, 0x1c, 0x9c), "hi\n");
}

TEST(keymap_has_every_printable_character)
{
    bool seen[128] = { false };
    for (int shift = 0; shift < 2; shift++) {
        map = (struct keymap){ .left_shift = shift };
        for (uint8_t code = 1; code < 0x3a; code++) {
            if (code == 0x1d || code == 0x2a || code == 0x36 || code == 0x38) continue;
            char output[KEYMAP_OUTPUT_MAX];
            if (keymap_feed(&map, code, output) == 1) seen[(int)output[0]] = true;
        }
    }
    for (int c = ' '; c <= '~'; c++) EXPECT(seen[c]);
}

TEST(keymap_shifts_while_either_shift_is_held)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0x2a, 0x1e, 0xaa, 0x1e, 0x36, 0x02, 0xb6, 0x02), "Aa!1");
    EXPECT_STR(TYPE(0x2a, 0x36, 0xaa, 0x1e, 0xb6, 0x1e), "Aa");
}

TEST(keymap_caps_lock_turns_letters_only_and_shift_turns_them_back)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0xaa, 0x3a, 0xba, 0x1e), "A1aa");
}

TEST(keymap_control_makes_control_characters)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0x1d, 0x2e, 0x20, 0x1a, 0x9d, 0x2e), "\x03\x04\x1b"
                                                         "c");
    EXPECT_STR(TYPE(0xe0, 0x1d, 0x2e, 0xe0, 0x9d, 0x2e), "\x03"
                                                         "c");
}

TEST(keymap_cursor_keys_are_escape_sequences)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x4b, 0xe0, 0xcb, 0xe0, 0x53), "\033[A\033[D\033[3~");
}

TEST(keymap_ignores_the_shifts_a_keyboard_makes_up_around_cursor_keys)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa, 0x1e), "\033[Aa");
}

TEST(keymap_pause_types_nothing_and_leaves_nothing_behind)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e), "a");
}

TEST(keymap_alt_puts_escape_before_the_character)
{
    map = (struct keymap){ 0 };
    EXPECT_STR(TYPE(0x38, 0x30, 0xb8, 0x30), "\033bb");
}

TEST(keymap_survives_every_pair_of_codes)
{
    for (int a = 0; a < 256; a++) {
        for (int b = 0; b < 256; b++) {
            map = (struct keymap){ 0 };
            char output[KEYMAP_OUTPUT_MAX];
            EXPECT(keymap_feed(&map, (uint8_t)a, output) <= KEYMAP_OUTPUT_MAX);
            EXPECT(keymap_feed(&map, (uint8_t)b, output) <= KEYMAP_OUTPUT_MAX);
        }
    }
}
