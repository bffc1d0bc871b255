/* SPDX-License-Identifier: Apache-2.0 */
#include "device/text_grid.h"

#include "tests/harness/test.h"

#include <string.h>

enum { COLUMNS = 10, ROWS = 4 };

static struct text_grid grid;
static char storage[2 * sizeof(struct text_cell) * COLUMNS * ROWS];

/* What a driver would have on its screen. */
static struct text_cell screen[ROWS][COLUMNS];
static uint32_t draws;

static void draw(void *context, uint32_t column, uint32_t row, struct text_cell cell)
{
    (void)context;
    ASSERT(column < COLUMNS && row < ROWS);
    screen[row][column] = cell;
    draws++;
}

static void set_up(void)
{
    EXPECT_EQ(text_grid_storage_bytes(COLUMNS, ROWS), sizeof storage);
    text_grid_init(&grid, storage, COLUMNS, ROWS);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        screen[i / COLUMNS][i % COLUMNS] = (struct text_cell){ ' ', TEXT_COLOUR_DEFAULT };
    draws = 0;
}

static void write_text(const char *text)
{
    text_grid_write(&grid, text, strlen(text));
    text_grid_flush(&grid, draw, NULL);
}

/* A row without its trailing blanks. */
static const char *row(uint32_t number)
{
    static char text[ROWS][COLUMNS + 1];
    int length = COLUMNS;
    while (length && screen[number][length - 1].character == ' ') length--;
    for (int i = 0; i < length; i++) text[number][i] = (char)screen[number][i].character;
    text[number][length] = 0;
    return text[number];
}

TEST(text_grid_draws_only_what_changed)
{
    set_up();
    write_text("hello");
    EXPECT_STR(row(0), "hello");
    EXPECT_EQ(draws, 5);
    write_text("");
    EXPECT_EQ(draws, 5);
    write_text("\rhellO");
    EXPECT_EQ(draws, 6);
}

TEST(text_grid_scrolls_when_the_last_row_ends)
{
    set_up();
    write_text("a\nb\nc\nd\ne");
    EXPECT_STR(row(0), "b");
    EXPECT_STR(row(2), "d");
    EXPECT_STR(row(3), "e");
}

TEST(text_grid_scrolling_equal_lines_redraws_nothing_of_them)
{
    set_up();
    write_text("same\nsame\nsame\nsame");
    draws = 0;
    write_text("\nsame");
    EXPECT_EQ(draws, 0);
}

TEST(text_grid_wraps_only_when_another_character_comes)
{
    set_up();
    write_text("0123456789");
    EXPECT_STR(row(1), "");
    EXPECT_EQ(grid.row, 0);
    write_text("\nnext");
    EXPECT_STR(row(1), "next");
    write_text("\n0123456789x");
    EXPECT_STR(row(3), "x");
}

TEST(text_grid_knows_tab_backspace_and_carriage_return)
{
    set_up();
    write_text("a\tb\rA\b\bB");
    EXPECT_STR(row(0), "B       b");
    write_text("\t\t\tz");
    EXPECT_EQ(screen[0][9].character, 'z');
}

TEST(text_grid_sets_colours_and_resets_them)
{
    set_up();
    write_text("\033[31mr\033[1;44mB\033[0mn\033[92mg\033[39;49md");
    EXPECT_EQ(screen[0][0].colour, 0x04);
    EXPECT_EQ(screen[0][1].colour, 0x1c);
    EXPECT_EQ(screen[0][2].colour, 0x07);
    EXPECT_EQ(screen[0][3].colour, 0x0a);
    EXPECT_EQ(screen[0][4].colour, 0x07);
}

TEST(text_grid_moves_the_cursor_and_never_off_the_screen)
{
    set_up();
    write_text("\033[2;3Hx\033[99;99Hy\033[Hz\033[99A\033[99Dw\033[99B\033[99C!");
    EXPECT_STR(row(1), "  x");
    EXPECT_EQ(screen[0][0].character, 'w');
    EXPECT_EQ(screen[3][9].character, '!');
}

TEST(text_grid_erases_lines_and_the_display)
{
    set_up();
    write_text("abcdef\033[3D\033[K\nsecond\nthird");
    EXPECT_STR(row(0), "abc");
    write_text("\033[2;4H\033[1K");
    EXPECT_STR(row(1), "    nd");
    write_text("\033[J");
    EXPECT_STR(row(0), "abc");
    EXPECT_STR(row(1), "");
    EXPECT_STR(row(2), "");
    write_text("\033[2J");
    EXPECT_STR(row(0), "");
}

TEST(text_grid_swallows_sequences_it_does_not_know)
{
    set_up();
    write_text("a\033[?25lb\033[12;34;56qc\033=d");
    EXPECT_STR(row(0), "abcd");
}

TEST(text_grid_takes_up_a_sequence_where_the_last_write_left_it)
{
    set_up();
    write_text("\033");
    write_text("[3");
    write_text("2mg");
    EXPECT_EQ(screen[0][0].colour, 0x02);
    EXPECT_STR(row(0), "g");
}

TEST(text_grid_survives_absurd_parameters)
{
    set_up();
    write_text("\033[99999999999999999999;1;1;1;1;1;1;1;1;1;1;1;1;1Hx\033[;;;;;;;;;;;;;;my");
    EXPECT_EQ(grid.row, ROWS - 1);
    EXPECT_STR(row(3), "xy");
}

TEST(text_grid_shows_one_mark_for_a_utf8_character)
{
    set_up();
    write_text("a\xe2\x82\xac"
               "b");
    EXPECT_STR(row(0), "a?b");
}

TEST(text_grid_cursor_is_a_cell_with_swapped_colours_that_leaves_no_trace)
{
    set_up();
    grid.draws_cursor = true;
    write_text("ab");
    EXPECT_EQ(screen[0][2].colour, 0x70);
    write_text("c\n");
    EXPECT_EQ(screen[0][2].colour, 0x07);
    EXPECT_EQ(screen[0][3].colour, 0x07);
    EXPECT_EQ(screen[1][0].colour, 0x70);
}

/* The screen is always what the cells say, whatever bytes were written in whatever pieces. */
TEST(text_grid_screen_equals_the_grid_after_random_text)
{
    static const char alphabet[] = "ab \n\r\b\t\033[[;0123456789mHJKABCD\xc3\xa9";
    set_up();
    uint32_t seed = 7;
    for (int round = 0; round < 2000; round++) {
        char text[16];
        for (size_t i = 0; i < sizeof text; i++) {
            seed = seed * 1103515245 + 12345;
            text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
        }
        text_grid_write(&grid, text, sizeof text);
        text_grid_flush(&grid, draw, NULL);
        EXPECT(memcmp(screen, grid.cells, sizeof screen) == 0);
        EXPECT(grid.row < ROWS && grid.column <= COLUMNS);
    }
}
