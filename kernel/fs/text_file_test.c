/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are made when they are read: every way to cut a read, places read out of order, a text that
 * changes meanwhile, memory that runs out. */
#include "fs/text_file.h"

#include "abi/linux/fcntl.h"
#include "lib/string.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_vm.h"
#include "tests/harness/test.h"

enum { PIECES = 5, WHOLE_MAX = 8192 };

/* Pieces of different lengths, one of them longer than the first buffer; the cursor is not a count. */
static const uint16_t lengths[PIECES] = { 3, 1, 40, 1500, 7 };
static char generation; /* what the pieces consist of: 'a', 'b', ... in the first one */
static uint32_t written;

static void write_piece(struct text *text, uint64_t *cursor)
{
    uint64_t piece = *cursor / 1000;
    if (piece >= PIECES) return;
    written++;
    for (uint32_t i = 0; i < lengths[piece]; i++) text_add(text, "%c", generation + (char)piece);
    *cursor += 1000;
}
static const struct text_source source = { .write = write_piece };
static const struct made_row row = MADE_FILE("", 0444, &source, 0);

static struct file *file;
static char whole[WHOLE_MAX];
static size_t whole_bytes;

static void start(void)
{
    struct vnode *v;
    EXPECT_OK(made_create(&row, FILESYSTEM_PROC, 0, &v));
    file = file_create_for(&text_file_ops, v, NULL, NULL, LINUX_O_RDONLY);
    vnode_put(v);
    generation = 'a';
    written = 0;
    whole_bytes = 0;
    for (uint32_t piece = 0; piece < PIECES; piece++)
        for (uint32_t i = 0; i < lengths[piece]; i++) whole[whole_bytes++] = (char)('a' + piece);
}

static void stop(void)
{
    file_put(file);
    EXPECT_EQ(fake_heap_blocks(), 0);
}

static char got[WHOLE_MAX];

/* `at` UINT64_MAX: at the file's own position. */
static int64_t read_at(uint64_t at, size_t bytes)
{
    struct io_segment segment;
    struct io_buffer to;
    io_buffer_init_kernel(&to, &segment, got, bytes);
    memset(got, 0, sizeof(got));
    return file_read(file, &to, at == UINT64_MAX ? NULL : &at);
}

static void expect_part(uint64_t at, size_t bytes, int64_t result)
{
    size_t expected = at < whole_bytes ? MIN(bytes, whole_bytes - at) : 0;
    EXPECT_EQ(result, expected);
    if (expected) EXPECT(!memcmp(got, whole + at, expected));
}

TEST(a_text_read_in_one_go_is_whole_and_then_at_its_end)
{
    start();
    expect_part(0, WHOLE_MAX, read_at(UINT64_MAX, WHOLE_MAX));
    EXPECT_EQ(read_at(UINT64_MAX, WHOLE_MAX), 0);
    EXPECT_EQ(written, PIECES);
    stop();
}

TEST(reads_of_every_size_give_the_same_text)
{
    for (size_t size = 1; size <= whole_bytes + 1 || size == 1; size++) {
        start();
        for (uint64_t at = 0; at <= whole_bytes; at += size) expect_part(at, size, read_at(UINT64_MAX, size));
        EXPECT_EQ(written, PIECES); /* each piece once, however it is cut */
        stop();
    }
}

TEST(every_place_can_be_read_after_every_other)
{
    start();
    static const uint64_t places[] = {
        0, 1, 2, 3, 4, 5, 43, 44, 45, 1000, 1543, 1544, 1545, 1550, 1551, 9999
    };
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
        for (size_t j = 0; j < ARRAY_LENGTH(places); j++) {
            expect_part(places[i], 50, read_at(places[i], 50));
            expect_part(places[j], 2000, read_at(places[j], 2000));
        }
    expect_part(0, 10, read_at(UINT64_MAX, 10)); /* the file's own position has stayed */
    stop();
}

TEST(a_piece_stays_as_it_was_when_the_reader_came_to_it)
{
    start();
    EXPECT_EQ(read_at(UINT64_MAX, 2), 2);
    generation = 'p';
    EXPECT_EQ(read_at(UINT64_MAX, 3), 3);
    EXPECT_STR(got, "aqr"); /* the rest of the first piece is old, what follows is new */
    EXPECT_EQ(read_at(0, 4), 4);
    EXPECT_STR(got, "pppq");
    stop();
}

TEST(positions_are_set_from_the_start_or_the_place_and_never_from_the_end)
{
    start();
    uint64_t at = 5;
    EXPECT_OK(file->ops->seek(file, 7, LINUX_SEEK_SET, &at));
    EXPECT_EQ(at, 7);
    EXPECT_OK(file->ops->seek(file, -3, LINUX_SEEK_CUR, &at));
    EXPECT_EQ(at, 4);
    EXPECT_ERR(file->ops->seek(file, -5, LINUX_SEEK_CUR, &at), ERR_INVALID);
    EXPECT_ERR(file->ops->seek(file, INT64_MAX, LINUX_SEEK_CUR, &at), ERR_INVALID);
    EXPECT_ERR(file->ops->seek(file, 0, LINUX_SEEK_END, &at), ERR_INVALID);
    EXPECT_EQ(at, 4);
    stop();
}

TEST(a_bad_address_in_the_middle_keeps_what_came_before_it)
{
    start();
    static char area[2 * PAGE_BYTES] ALIGNED(PAGE_BYTES);
    fake_user_poison(area + PAGE_BYTES, PAGE_BYTES);
    struct io_segment segment = { (uint64_t)area + PAGE_BYTES - 10, 100 };
    struct io_buffer to;
    io_buffer_init_user(&to, &segment, 100);
    EXPECT_EQ(file_read(file, &to, NULL), 10);
    EXPECT(!memcmp(area + PAGE_BYTES - 10, whole, 10));
    EXPECT_EQ(file_read(file, &to, NULL), ERR_FAULT.code);
    fake_user_poison(NULL, 0);
    EXPECT_EQ(read_at(UINT64_MAX, 40), 40);
    EXPECT(!memcmp(got, whole + 10, 40));
    stop();
}

TEST(a_read_that_finds_no_memory_says_so_or_gives_what_it_has_and_can_be_tried_again)
{
    for (uint64_t n = 1;; n++) {
        start();
        fake_heap_fail_at(n);
        int64_t first = read_at(UINT64_MAX, WHOLE_MAX);
        bool has_failed = fake_heap_has_failed();
        fake_heap_fail_at(0);
        if (first < 0) EXPECT_EQ(first, ERR_NO_MEMORY.code);
        uint64_t at = first > 0 ? (uint64_t)first : 0;
        if (first > 0) expect_part(0, (size_t)first, first);
        if (has_failed) expect_part(at, WHOLE_MAX, read_at(UINT64_MAX, WHOLE_MAX));
        stop();
        if (!has_failed) break;
        EXPECT(n < 20);
    }
}
