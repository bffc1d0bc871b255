/* SPDX-License-Identifier: Apache-2.0 */
/* What dmesg under `ck run` cannot show of the kernel's log: lines that are lost, and reads that are too small. */
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "config.h"
#include "core/log.h"
#include "core/log_records.h"
#include "fs/devfs.h"
#include "fs/kernel_log.h"
#include "lib/string.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"

enum { KMSG = 0x10b };
static char got[4096];

static struct file *open_log(uint32_t flags)
{
    const struct char_device *device = devfs_find(KMSG);
    if (!device) kernel_log_init();
    device = devfs_find(KMSG);
    struct file *file = file_create(device->ops, NULL, flags);
    EXPECT(!failed(device->ops->open(file, flags)));
    return file;
}

static int64_t read_log(struct file *file, uint64_t bytes)
{
    struct io_segment segment;
    struct io_buffer to;
    io_buffer_init_kernel(&to, &segment, got, bytes);
    int64_t result = file->ops->read(file, &to, NULL);
    got[MAX(result, 0)] = '\0';
    return result;
}

static int64_t write_log(struct file *file, const char *text)
{
    struct io_segment segment;
    struct io_buffer from;
    memcpy(got, text, strlen(text));
    io_buffer_init_kernel(&from, &segment, got, strlen(text));
    return file->ops->write(file, &from, NULL);
}

static err_t seek_log(struct file *file, int64_t offset, uint32_t whence)
{
    uint64_t position;
    return file->ops->seek(file, offset, whence, &position);
}

static struct file *start(void)
{
    fake_process_start(NULL, 0);
    log_threshold = LOG_INFO;
    struct file *file = open_log(LINUX_O_RDWR | LINUX_O_NONBLOCK);
    EXPECT(!failed(seek_log(file, 0, LINUX_SEEK_END)));
    return file;
}

static void stop(struct file *file)
{
    file_put(file);
    EXPECT(!fake_wait_has_timer());
    fake_process_stop();
    EXPECT_EQ(fake_heap_blocks(), 0);
}

TEST(a_line_of_the_kernel_s_is_a_record_with_its_level_and_without_its_prefix)
{
    struct file *file = start();
    EXPECT_EQ(read_log(file, sizeof(got)), ERR_TRY_AGAIN.code);
    EXPECT_EQ(file->ops->poll(file), 0);
    log_error("no %s", "luck");
    EXPECT_EQ(file->ops->poll(file), LINUX_POLLIN | LINUX_POLLRDNORM);
    EXPECT(read_log(file, sizeof(got)) > 0);
    EXPECT(strncmp(got, "3,", 2) == 0);
    EXPECT(strcmp(strchr(got, ';'), ";no luck\n") == 0);
    stop(file);
}

TEST(a_program_s_line_is_never_the_kernel_s_and_what_is_not_printable_is_escaped)
{
    static const struct {
        const char *written, *priority, *text;
    } cases[] = {
        { "plain\n", "12,", ";plain\n" },
        { "<3>error", "11,", ";error\n" },
        { "<30>daemon", "30,", ";daemon\n" },
        { "<3", "12,", ";<3\n" },
        { "<x>y", "12,", ";<x>y\n" },
        { "", "12,", ";\n" },
        { "a\tb\\c\xff", "12,", ";a\\x09b\\x5cc\\xff\n" },
    };
    struct file *file = start();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        EXPECT_EQ(write_log(file, cases[i].written), strlen(cases[i].written));
        EXPECT(read_log(file, sizeof(got)) > 0);
        EXPECT(strncmp(got, cases[i].priority, strlen(cases[i].priority)) == 0);
        EXPECT(strcmp(strchr(got, ';'), cases[i].text) == 0);
    }
    stop(file);
}

TEST(a_record_that_does_not_fit_is_passed_over_and_a_line_that_is_too_long_is_refused)
{
    char longest[LOG_TEXT_MAX + 2];
    struct file *file = start();
    log_error("one");
    log_error("two");
    EXPECT_EQ(read_log(file, 5), ERR_INVALID.code);
    EXPECT(read_log(file, sizeof(got)) > 0);
    EXPECT(strstr(got, "two"));
    memset(longest, 'x', sizeof(longest));
    longest[LOG_TEXT_MAX + 1] = '\0';
    EXPECT_EQ(write_log(file, longest), ERR_INVALID.code);
    longest[LOG_TEXT_MAX] = '\0';
    EXPECT_EQ(write_log(file, longest), LOG_TEXT_MAX);
    EXPECT(read_log(file, sizeof(got)) > LOG_TEXT_MAX);
    stop(file);
}

static void lose_lines(uint32_t count, const char *text)
{
    for (uint32_t i = 0; i < count; i++) log_error("%u %s", i, text);
}

TEST(whoever_is_overtaken_is_told_once_and_goes_on_with_the_oldest_line_that_is_left)
{
    struct file *file = start();
    lose_lines(CONFIG_LOG_RECORDS + 10, "");
    EXPECT(file->ops->poll(file) & LINUX_POLLERR);
    EXPECT_EQ(read_log(file, sizeof(got)), ERR_BROKEN_PIPE.code);
    EXPECT(read_log(file, sizeof(got)) > 0);
    EXPECT(strncmp(strchr(got, ';'), ";10 ", 4) == 0);
    stop(file);
}

TEST(long_lines_push_out_others_earlier_and_none_is_left_that_was_cut)
{
    char text[400];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    struct file *file = start();
    lose_lines(CONFIG_LOG_RECORDS, text);
    EXPECT_EQ(read_log(file, sizeof(got)), ERR_BROKEN_PIPE.code);
    uint32_t left = 0;
    while (read_log(file, sizeof(got)) > 0) {
        left++;
        EXPECT(strstr(got, text));
    }
    EXPECT(left > 20 && left < CONFIG_LOG_RING_BYTES / sizeof(text));
    stop(file);
}

TEST(places_to_go_to_are_the_beginning_what_was_cleared_and_the_end)
{
    struct file *file = start();
    log_error("old");
    kernel_log_clear();
    log_error("new");
    EXPECT(!failed(seek_log(file, 0, LINUX_SEEK_DATA)));
    EXPECT(read_log(file, sizeof(got)) > 0 && strstr(got, "new"));
    EXPECT(!failed(seek_log(file, 0, LINUX_SEEK_SET)));
    EXPECT(read_log(file, sizeof(got)) > 0 && !strstr(got, "new"));
    EXPECT_EQ(seek_log(file, 1, LINUX_SEEK_SET).code, ERR_SEEK_PIPE.code);
    EXPECT_EQ(seek_log(file, 0, LINUX_SEEK_CUR).code, ERR_INVALID.code);
    stop(file);
}

/* What syslog(2) gives, without the time. */
static int64_t call(int64_t (*read)(struct io_buffer *to), uint64_t bytes)
{
    struct io_segment segment;
    struct io_buffer to;
    io_buffer_init_kernel(&to, &segment, got, bytes);
    int64_t result = read(&to);
    got[MAX(result, 0)] = '\0';
    return result;
}

static int64_t take_all(struct io_buffer *to) { return kernel_log_read_all(to, false); }
static int64_t take_and_clear(struct io_buffer *to) { return kernel_log_read_all(to, true); }

TEST(syslog_gives_whole_lines_but_a_first_one_in_parts_when_there_is_no_room)
{
    struct file *file = start();
    while (kernel_log_untaken_bytes()) EXPECT(call(kernel_log_take, sizeof(got)) > 0);
    EXPECT_EQ(write_log(file, "<3>first"), 8);
    EXPECT_EQ(write_log(file, "second"), 6);
    int64_t all = kernel_log_untaken_bytes();
    EXPECT_EQ(call(kernel_log_take, 3), 3);
    EXPECT(strcmp(got, "<11") == 0);
    EXPECT_EQ(kernel_log_untaken_bytes(), all - 3);
    EXPECT_EQ(call(kernel_log_take, (uint64_t)all - 4), all / 2 - 3);
    EXPECT(strstr(got, "] first\n"));
    EXPECT(call(kernel_log_take, sizeof(got)) > 0 && strstr(got, "] second\n"));
    EXPECT_EQ(kernel_log_untaken_bytes(), 0);
    stop(file);
}

TEST(of_all_lines_syslog_gives_the_last_ones_that_fit_and_none_that_were_cleared)
{
    struct file *file = start();
    kernel_log_clear();
    EXPECT_EQ(call(take_all, sizeof(got)), 0);
    EXPECT_EQ(write_log(file, "one\nmore"), 8);
    EXPECT_EQ(write_log(file, "two"), 3);
    int64_t all = call(take_all, sizeof(got));
    EXPECT(strstr(got, "] one\n<12>[") && strstr(got, "] more\n") && strstr(got, "] two\n"));
    EXPECT(call(take_all, (uint64_t)all - 1) > 0 && !strstr(got, "one") && strstr(got, "] two\n"));
    EXPECT_EQ(call(take_and_clear, sizeof(got)), all);
    EXPECT_EQ(call(take_all, sizeof(got)), 0);
    stop(file);
}
