/* SPDX-License-Identifier: Apache-2.0 */
/* Scan code set 1: one byte a key, bit 7 set when it is released, 0xe0 before the keys that PC/AT
 * keyboards did not have. [ibm-ps2-keyboard] */
#include "drivers/ps2/keymap.h"

#include "lib/string.h"

enum {
    CODE_RELEASED = 0x80,
    CODE_EXTENDED = 0xe0,
    CODE_PAUSE = 0xe1, /* five more codes follow; the key has no release */
    PAUSE_CODES = 5,

    CODE_CONTROL = 0x1d,
    CODE_LEFT_SHIFT = 0x2a,
    CODE_KEYPAD_SLASH = 0x35,
    CODE_RIGHT_SHIFT = 0x36,
    CODE_ALT = 0x38,
    CODE_CAPS_LOCK = 0x3a,
    CODE_ENTER = 0x1c,
};

/* By scan code: unshifted, then shifted. 0: no character. */
static const char plain[0x3a] = "\0\0331234567890-=\x7f\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[0x3a] = "\0\033!@#$%^&*()_+\x7f\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";

/* The keypad without Num Lock is cursor keys; with it, which firmware leaves on, these. */
enum { KEYPAD_FIRST = 0x47, KEYPAD_LAST = 0x53 };
static const char keypad[] = "789-456+1230.";
_Static_assert(sizeof keypad == KEYPAD_LAST - KEYPAD_FIRST + 2, "one character a key");

static size_t emit(char *output, const char *bytes)
{
    size_t count = strlen(bytes);
    memcpy(output, bytes, count);
    return count;
}

static size_t feed_extended(uint8_t code, char *output)
{
    switch (code) {
    case 0x47: return emit(output, "\033[H");
    case 0x48: return emit(output, "\033[A");
    case 0x49: return emit(output, "\033[5~");
    case 0x4b: return emit(output, "\033[D");
    case 0x4d: return emit(output, "\033[C");
    case 0x4f: return emit(output, "\033[F");
    case 0x50: return emit(output, "\033[B");
    case 0x51: return emit(output, "\033[6~");
    case 0x52: return emit(output, "\033[2~");
    case 0x53: return emit(output, "\033[3~");
    case CODE_ENTER: return emit(output, "\n");
    case CODE_KEYPAD_SLASH: return emit(output, "/");
    }
    return 0;
}

/* True when the key changes what others mean. 0xe0 0x2a and 0xe0 0x36 are shifts that the keyboard
 * makes up around cursor keys; nobody pressed them. */
static bool feed_modifier(struct keymap *map, uint8_t key, bool is_down, bool is_extended)
{
    switch (key) {
    case CODE_LEFT_SHIFT:
        if (!is_extended) map->left_shift = is_down;
        return true;
    case CODE_RIGHT_SHIFT:
        if (!is_extended) map->right_shift = is_down;
        return true;
    case CODE_CONTROL: *(is_extended ? &map->right_control : &map->left_control) = is_down; return true;
    case CODE_ALT: map->alt = is_down; return true;
    case CODE_CAPS_LOCK:
        if (is_down) map->caps_lock = !map->caps_lock;
        return true;
    }
    return false;
}

static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static char character_of(const struct keymap *map, uint8_t key)
{
    if (key >= KEYPAD_FIRST && key <= KEYPAD_LAST) return keypad[key - KEYPAD_FIRST];
    if (key >= sizeof plain) return 0;

    bool is_shifted = map->left_shift || map->right_shift;
    if (is_letter(plain[key]) && map->caps_lock) is_shifted = !is_shifted;
    char c = is_shifted ? shifted[key] : plain[key];
    /* Control makes the characters from '@' to '_' and the letters into 0 to 31. */
    bool has_control = map->left_control || map->right_control;
    if (has_control && (is_letter(c) || (c >= '[' && c <= '_'))) c &= 0x1f;
    return c;
}

size_t keymap_feed(struct keymap *map, uint8_t code, char output[KEYMAP_OUTPUT_MAX])
{
    if (map->skip) {
        map->skip--;
        return 0;
    }
    if (code == CODE_EXTENDED || code == CODE_PAUSE) {
        map->is_extended = code == CODE_EXTENDED;
        map->skip = code == CODE_PAUSE ? PAUSE_CODES : 0;
        return 0;
    }
    bool is_extended = map->is_extended, is_down = !(code & CODE_RELEASED);
    uint8_t key = code & (uint8_t)~CODE_RELEASED;
    map->is_extended = false;
    if (feed_modifier(map, key, is_down, is_extended) || !is_down) return 0;
    if (is_extended) return feed_extended(key, output);

    char c = character_of(map, key);
    if (c == 0) return 0;
    size_t count = map->alt ? emit(output, "\033") : 0;
    output[count++] = c;
    return count;
}
