/* SPDX-License-Identifier: Apache-2.0 */
/* Scan codes of set 1 to characters, US layout. State without hardware: a test can type. */
#pragma once
#include "lib/base.h"

enum { KEYMAP_OUTPUT_MAX = 4 }; /* bytes one scan code can become */

struct keymap {
    bool left_shift, right_shift, left_control, right_control, alt, caps_lock;
    bool is_extended; /* the last code was the prefix 0xe0 */
    uint8_t skip;     /* codes left of a sequence that means nothing to us */
};

/* Takes one scan code; returns how many bytes it typed. Cursor and editing keys give the escape
 * sequences of a VT220, Alt puts ESC before the character. */
size_t keymap_feed(struct keymap *map, uint8_t code, char output[KEYMAP_OUTPUT_MAX]);
