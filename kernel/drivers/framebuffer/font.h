/* SPDX-License-Identifier: Apache-2.0 */
/* The console's characters, drawn for this project as 5 by 8 dots: seven rows above the base line
 * and one below. On the screen a dot is one pixel wide and two high. */
#pragma once
#include "lib/base.h"

enum {
    FONT_FIRST = ' ',
    FONT_LAST = '~',
    FONT_ROWS = 8,
    FONT_DOTS = 5, /* in a row; bit 4 is the leftmost */
    FONT_CELL_WIDTH = 8,
    FONT_CELL_HEIGHT = 2 * FONT_ROWS,
};

/* The rows of a character, top first; a box for one the font has not. */
const uint8_t *font_rows(uint8_t character);
