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
    shown_bytes = 0;
    shown[0] = 0;
    console_interrupt_hook = NULL;
    console_readable_hook = NULL;
    console_set_mode((struct line_mode){ .is_canonical = true, .is_echoing = true, .has_signals = true });
}

static void expect_read(const char *expected)
{
    char text[256];
    size_t count;
    EXPECT_OK(console_read(text, sizeof text - 1, &count));
    text[count] = 0;
    EXPECT_STR(text, expected);
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

TEST(console_typing_wakes_readers)
{
    set_up();
    console_input_bytes("now\n", 4);
    EXPECT(fake_wakes > 0);
    expect_read("now\n");
}

static void type_line(void) { console_input_bytes("later\n", 6); }

TEST(console_read_returns_what_is_typed_while_it_sleeps)
{
    set_up();
    fake_sleep = type_line;
    expect_read("later\n");
    EXPECT_EQ(fake_sleep_deadline_ns, UINT64_MAX);
}

TEST(console_read_ends_when_its_thread_is_wanted_elsewhere)
{
    set_up();
    fake_sleep_result = ERR_INTERRUPTED;
    char byte;
    size_t count = 7;
    EXPECT_ERR(console_read(&byte, 1, &count), ERR_INTERRUPTED);
    EXPECT_EQ(count, 0);
}

static int interrupts;
static void count_interrupt(void) { interrupts++; }

TEST(console_interrupt_key_calls_the_hook_without_holding_the_lock)
{
    set_up();
    interrupts = 0;
    console_interrupt_hook = count_interrupt;
    console_input_bytes("abc\x03", 4);
    EXPECT_EQ(interrupts, 1);
    EXPECT(!console_is_readable());
}

TEST(console_readable_hook_runs_once_a_line_is_there)
{
    set_up();
    interrupts = 0;
    console_readable_hook = count_interrupt;
    console_input_bytes("ab", 2);
    EXPECT_EQ(interrupts, 0);
    console_input_bytes("\n", 1);
    EXPECT_EQ(interrupts, 1);
    expect_read("ab\n");
}

/* Far more than the console can queue is waiting in the device: it is all read, in order. */
TEST(console_pulls_from_a_pipe_only_what_it_has_room_for)
{
    set_up();
    for (size_t i = 0; i < sizeof pipe_bytes; i++) pipe_bytes[i] = i % 50 == 49 ? '\n' : (char)('a' + i % 26);
    pipe_first = 0;
    pipe_count = sizeof pipe_bytes;
    pipe.on_readable(pipe.context);
    EXPECT(pipe_first < pipe_count);

    size_t at = 0;
    while (at < sizeof pipe_bytes) {
        char line[64];
        size_t count;
        EXPECT_OK(console_read(line, sizeof line, &count));
        EXPECT_EQ(count, 50);
        if (count != 50) return;
        EXPECT(memcmp(line, pipe_bytes + at, count) == 0);
        at += count;
    }
}

static void send_late(void) { send("polled\n"); }

TEST(console_polls_an_input_that_has_no_interrupt)
{
    set_up();
    static struct byte_pipe second = { .read = pipe_read, .start_reading = pipe_start };
    start_result = ERR_NO_DEVICE;
    console_add_input(&second);
    EXPECT(strstr(fake_log_text, "polled"));
    fake_now_ns = 1000;
    fake_sleep = send_late;
    fake_sleep_result = ERR_TIMED_OUT;
    expect_read("polled\n");
    EXPECT(fake_sleep_deadline_ns > 1000 && fake_sleep_deadline_ns < 1000000000);
}
