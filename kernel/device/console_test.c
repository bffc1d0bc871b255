/* SPDX-License-Identifier: Apache-2.0 */
#include "device/console.h"

#include "tests/fakes/fake_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

/* The console has no way to remove what was added, so all tests share one output and one pipe. */
static char shown[8192];
static size_t shown_bytes;

static void record(struct console_output *output, const char *text, size_t bytes)
{
    (void)output;
    bytes = MIN(bytes, sizeof shown - 1 - shown_bytes);
    memcpy(shown + shown_bytes, text, bytes);
    shown_bytes += bytes;
    shown[shown_bytes] = 0;
}

static struct console_output output = { .name = "test", .write = record };

static char pipe_bytes[20000];
static size_t pipe_first, pipe_count;
static err_t start_result;

static size_t pipe_read(struct byte_pipe *pipe, void *buffer, size_t capacity)
{
    (void)pipe;
    size_t count = MIN(capacity, pipe_count - pipe_first);
    memcpy(buffer, pipe_bytes + pipe_first, count);
    pipe_first += count;
    return count;
}

static err_t pipe_start(struct byte_pipe *pipe)
{
    (void)pipe;
    return start_result;
}

static struct byte_pipe pipe = { .read = pipe_read, .start_reading = pipe_start };

static void send(const char *text)
{
    pipe_first = 0;
    pipe_count = strlen(text);
    memcpy(pipe_bytes, text, pipe_count);
}

/* Who is typed for, with room for so much. */
static char typed[20000];
static size_t typed_bytes, room;
static size_t take(const char *bytes, size_t count)
{
    count = MIN(count, room);
    memcpy(typed + typed_bytes, bytes, count);
    typed_bytes += count;
    room -= count;
    return count;
}

static void set_up(void)
{
    static bool is_done;
    fake_kernel_reset();
    if (!is_done) {
        start_result = OK;
        console_add_output(&output);
        console_add_input(&pipe);
    }
    is_done = true;
    pipe_first = pipe_count = 0;
    shown_bytes = typed_bytes = 0;
    shown[0] = 0;
    room = sizeof typed;
    console_typed_hook = take;
}

static void expect_typed(const char *expected)
{
    EXPECT_EQ(typed_bytes, strlen(expected));
    EXPECT(!memcmp(typed, expected, typed_bytes));
}

TEST(console_output_shows_writes_of_any_length)
{
    set_up();
    char text[1000];
    memset(text, 'x', sizeof text);
    console_write(text, sizeof text);
    EXPECT_EQ(shown_bytes, sizeof text);
}

TEST(console_output_is_given_the_log_so_far)
{
    set_up();
    static struct console_output late = { .name = "late", .write = record };
    log_info("before");
    shown_bytes = 0;
    console_add_output(&late);
    EXPECT_STR(shown, "before\n");
    late.write = output.write;
}

TEST(what_is_typed_goes_to_whoever_takes_it)
{
    set_up();
    console_input_bytes("now\n", 4);
    send("pipe\n");
    pipe.on_readable(pipe.context);
    expect_typed("now\npipe\n");
    console_typed_hook = NULL;
    console_input_bytes("lost", 4);
    expect_typed("now\npipe\n");
}

/* What nobody has room for stays where it is, and comes in order later. */
TEST(a_pipe_is_read_as_far_as_there_is_room)
{
    set_up();
    for (size_t i = 0; i < sizeof pipe_bytes; i++) pipe_bytes[i] = (char)('a' + i % 26);
    pipe_first = 0;
    pipe_count = sizeof pipe_bytes;
    room = 1001;
    pipe.on_readable(pipe.context);
    EXPECT_EQ(typed_bytes, 1001);
    EXPECT(pipe_first < 1100);
    room = 7;
    console_pull();
    EXPECT_EQ(typed_bytes, 1008);
    room = sizeof typed;
    console_pull();
    EXPECT_EQ(typed_bytes, sizeof pipe_bytes);
    EXPECT(!memcmp(typed, pipe_bytes, sizeof pipe_bytes));
}

TEST(an_input_without_an_interrupt_has_to_be_asked)
{
    set_up();
    static struct byte_pipe second = { .read = pipe_read, .start_reading = pipe_start };
    EXPECT(!console_must_poll());
    start_result = ERR_NO_DEVICE;
    console_add_input(&second);
    EXPECT(strstr(fake_log_text, "polled"));
    EXPECT(console_must_poll());
    send("polled\n");
    console_pull();
    expect_typed("polled\n");
}
