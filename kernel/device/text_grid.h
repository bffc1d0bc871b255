/* SPDX-License-Identifier: Apache-2.0 */
/* A screen of characters: what a terminal makes of a stream of text, without drawing it.
 *
 * The grid keeps two copies, what should be on the screen and what is. A flush draws only cells that
 * differ, so that scrolling costs what changed and not the whole screen, and many lines written at
 * once are drawn once. No locking: the console output that owns the grid is written by one CPU at a
 * time. */
#pragma once
#include "lib/base.h"

struct text_cell {
    uint8_t character; /* printable ASCII */
    uint8_t colour;    /* background in the high half, as VGA has it */
};

enum text_colour {
    TEXT_COLOUR_DEFAULT = 0x07, /* light grey on black */
    TEXT_PARAMETERS_MAX = 8,    /* of one escape sequence; more are ignored */
};

enum text_state { TEXT_PLAIN, TEXT_ESCAPE, TEXT_SEQUENCE };

struct text_grid {
    uint32_t columns, rows;
    uint32_t column, row; /* of the cursor; column == columns: the next character wraps */
    bool draws_cursor;    /* as a cell with its colours swapped */
    uint8_t colour;
    uint32_t dirty_first, dirty_end; /* rows that may differ */
    enum text_state state;
    uint32_t parameter_count;
    uint16_t parameters[TEXT_PARAMETERS_MAX];
    struct text_cell *cells, *shown;
};

typedef void (*text_draw_t)(void *context, uint32_t column, uint32_t row, struct text_cell cell);

size_t text_grid_storage_bytes(uint32_t columns, uint32_t rows);
/* `storage` lives as long as the grid. The screen is taken to be blank in the default colour. */
void text_grid_init(struct text_grid *grid, void *storage, uint32_t columns, uint32_t rows);
/* Understands \n \r \b \t, colours and cursor movement of ECMA-48; ignores the rest of it. */
void text_grid_write(struct text_grid *grid, const char *text, size_t bytes);
void text_grid_flush(struct text_grid *grid, text_draw_t draw, void *context);
