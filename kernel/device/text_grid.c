/* SPDX-License-Identifier: Apache-2.0 */
/* Escape sequences are those of [ecma-48], of which programs on a boot console use few: SGR colours,
 * erase in line and display, and cursor moves. */
#include "device/text_grid.h"

#include "lib/string.h"

enum {
    TAB_COLUMNS = 8,
    ESCAPE = 0x1b,
    PARAMETER_VALUE_MAX = 9999,
};

static const struct text_cell blank = { ' ', TEXT_COLOUR_DEFAULT };

size_t text_grid_storage_bytes(uint32_t columns, uint32_t rows)
{
    return 2 * sizeof(struct text_cell) * columns * rows;
}

static struct text_cell *row_of(struct text_grid *grid, uint32_t row)
{
    return grid->cells + (size_t)row * grid->columns;
}

static void mark_dirty(struct text_grid *grid, uint32_t first, uint32_t end)
{
    grid->dirty_first = MIN(grid->dirty_first, first);
    grid->dirty_end = MAX(grid->dirty_end, end);
}

static void clear_cells(struct text_grid *grid, uint32_t row, uint32_t first, uint32_t end)
{
    struct text_cell *cells = row_of(grid, row);
    for (uint32_t i = first; i < end; i++) cells[i] = (struct text_cell){ ' ', grid->colour };
    mark_dirty(grid, row, row + 1);
}

void text_grid_init(struct text_grid *grid, void *storage, uint32_t columns, uint32_t rows)
{
    size_t count = (size_t)columns * rows;
    *grid = (struct text_grid){
        .columns = columns,
        .rows = rows,
        .colour = TEXT_COLOUR_DEFAULT,
        .dirty_first = rows,
        .cells = storage,
        .shown = (struct text_cell *)storage + count,
    };
    for (size_t i = 0; i < count; i++) grid->cells[i] = grid->shown[i] = blank;
}

/* ---- plain text ---- */
static void line_feed(struct text_grid *grid)
{
    if (grid->row + 1 < grid->rows) {
        grid->row++;
        return;
    }
    memmove(grid->cells, row_of(grid, 1), sizeof(struct text_cell) * grid->columns * (grid->rows - 1));
    clear_cells(grid, grid->rows - 1, 0, grid->columns);
    mark_dirty(grid, 0, grid->rows);
}

static void put_character(struct text_grid *grid, uint8_t character)
{
    if (grid->column == grid->columns) {
        grid->column = 0;
        line_feed(grid);
    }
    row_of(grid, grid->row)[grid->column++] = (struct text_cell){ character, grid->colour };
    mark_dirty(grid, grid->row, grid->row + 1);
}

static void write_plain(struct text_grid *grid, uint8_t byte)
{
    switch (byte) {
    case '\n':
        grid->column = 0;
        line_feed(grid);
        return;
    case '\r': grid->column = 0; return;
    case '\b': grid->column -= grid->column > 0; return;
    case '\t': grid->column = MIN((grid->column / TAB_COLUMNS + 1) * TAB_COLUMNS, grid->columns - 1); return;
    case ESCAPE: grid->state = TEXT_ESCAPE; return;
    }
    if (byte < ' ' || byte == 0x7f) return;
    if ((byte & 0xc0) == 0x80) return; /* the rest of a UTF-8 character that is shown as one '?' */
    put_character(grid, byte < 0x80 ? byte : '?');
}

/* ---- escape sequences ---- */
static uint32_t parameter(const struct text_grid *grid, uint32_t index, uint32_t if_absent)
{
    bool is_given = index < grid->parameter_count && grid->parameters[index] != 0;
    return is_given ? grid->parameters[index] : if_absent;
}

/* ECMA-48 counts red, green, blue from the low bit, VGA from the high one. */
static uint8_t vga_colour(uint32_t ecma) { return (uint8_t)((ecma & 1) << 2 | (ecma & 2) | (ecma & 4) >> 2); }

static void select_rendition(struct text_grid *grid, uint32_t value)
{
    uint8_t foreground = grid->colour & 0x0f, background = grid->colour >> 4;
    switch (value) {
    case 0: foreground = TEXT_COLOUR_DEFAULT & 0x0f, background = TEXT_COLOUR_DEFAULT >> 4; break;
    case 1: foreground |= 8; break;
    case 22: foreground &= 7; break;
    case 30 ... 37: foreground = (foreground & 8) | vga_colour(value - 30); break;
    case 39: foreground = TEXT_COLOUR_DEFAULT & 0x0f; break;
    case 40 ... 47: background = vga_colour(value - 40); break;
    case 49: background = TEXT_COLOUR_DEFAULT >> 4; break;
    case 90 ... 97: foreground = 8 | vga_colour(value - 90); break;
    case 100 ... 107: background = 8 | vga_colour(value - 100); break;
    }
    grid->colour = (uint8_t)(background << 4 | foreground);
}

static void erase_in_line(struct text_grid *grid, uint32_t what)
{
    uint32_t here = MIN(grid->column, grid->columns - 1);
    clear_cells(grid, grid->row, what == 0 ? here : 0, what == 1 ? here + 1 : grid->columns);
}

static void erase_in_display(struct text_grid *grid, uint32_t what)
{
    erase_in_line(grid, what);
    uint32_t first = what == 0 ? grid->row + 1 : 0;
    uint32_t end = what == 1 ? grid->row : grid->rows;
    for (uint32_t row = first; row < end; row++) clear_cells(grid, row, 0, grid->columns);
}

static void run_sequence(struct text_grid *grid, uint8_t final)
{
    uint32_t last_row = grid->rows - 1, last_column = grid->columns - 1;
    uint32_t distance = parameter(grid, 0, 1), column = MIN(grid->column, last_column);
    switch (final) {
    case 'm':
        for (uint32_t i = 0; i < MAX(grid->parameter_count, 1u); i++)
            select_rendition(grid, parameter(grid, i, 0));
        break;
    case 'A': grid->row -= MIN(distance, grid->row); break;
    case 'B': grid->row = MIN(grid->row + distance, last_row); break;
    case 'C': grid->column = MIN(column + distance, last_column); break;
    case 'D': grid->column = column - MIN(distance, column); break;
    case 'H':
    case 'f':
        grid->row = MIN(parameter(grid, 0, 1) - 1, last_row);
        grid->column = MIN(parameter(grid, 1, 1) - 1, last_column);
        break;
    case 'J': erase_in_display(grid, parameter(grid, 0, 0)); break;
    case 'K': erase_in_line(grid, parameter(grid, 0, 0)); break;
    }
}

static void write_sequence(struct text_grid *grid, uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        if (grid->parameter_count == 0) grid->parameter_count = 1;
        if (grid->parameter_count > TEXT_PARAMETERS_MAX) return;
        uint16_t *value = &grid->parameters[grid->parameter_count - 1];
        *value = (uint16_t)MIN(*value * 10u + (byte - '0'), (uint32_t)PARAMETER_VALUE_MAX);
    } else if (byte == ';') {
        if (grid->parameter_count == 0) grid->parameter_count = 1;
        if (grid->parameter_count <= TEXT_PARAMETERS_MAX) grid->parameter_count++;
    } else if (byte >= 0x40 && byte <= 0x7e) {
        grid->parameter_count = MIN(grid->parameter_count, (uint32_t)TEXT_PARAMETERS_MAX);
        run_sequence(grid, byte);
        grid->state = TEXT_PLAIN;
    } else if (byte < ' ' || byte > 0x7e) {
        /* No sequence contains these: it was cut short, and this is text again. */
        grid->state = TEXT_PLAIN;
        write_plain(grid, byte);
    }
}

static void write_escape(struct text_grid *grid, uint8_t byte)
{
    grid->state = byte == '[' ? TEXT_SEQUENCE : TEXT_PLAIN;
    grid->parameter_count = 0;
    memset(grid->parameters, 0, sizeof grid->parameters);
}

void text_grid_write(struct text_grid *grid, const char *text, size_t bytes)
{
    mark_dirty(grid, grid->row, grid->row + 1); /* the cursor leaves */
    for (size_t i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)text[i];
        switch (grid->state) {
        case TEXT_PLAIN: write_plain(grid, byte); break;
        case TEXT_ESCAPE: write_escape(grid, byte); break;
        case TEXT_SEQUENCE: write_sequence(grid, byte); break;
        }
    }
    mark_dirty(grid, grid->row, grid->row + 1);
}

/* ---- drawing ---- */
static struct text_cell wanted_cell(const struct text_grid *grid, uint32_t column, uint32_t row)
{
    struct text_cell cell = grid->cells[(size_t)row * grid->columns + column];
    bool is_cursor = row == grid->row && column == MIN(grid->column, grid->columns - 1);
    if (grid->draws_cursor && is_cursor) cell.colour = (uint8_t)(cell.colour << 4 | cell.colour >> 4);
    return cell;
}

void text_grid_flush(struct text_grid *grid, text_draw_t draw, void *context)
{
    for (uint32_t row = grid->dirty_first; row < grid->dirty_end; row++) {
        struct text_cell *shown = grid->shown + (size_t)row * grid->columns;
        for (uint32_t column = 0; column < grid->columns; column++) {
            struct text_cell cell = wanted_cell(grid, column, row);
            if (cell.character == shown[column].character && cell.colour == shown[column].colour) continue;
            shown[column] = cell;
            draw(context, column, row, cell);
        }
    }
    grid->dirty_first = grid->rows;
    grid->dirty_end = 0;
}
