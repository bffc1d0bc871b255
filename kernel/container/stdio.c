/* SPDX-License-Identifier: Apache-2.0 */
#include "container/stdio.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "container/channel.h"
#include "process/user_thread.h"
#include "core/time.h"
#include "fs/open.h"
#include "fs/pipe.h"
#include "terminal/console_terminal.h"
#include "vm/usercopy.h"

enum { CHUNK_BYTES = 1024 };
#define DRAIN_NS (5ull * 1000000000) /* a host that does not read at the end loses what is left */

/* ---- the channel: pipes, as a shell would make them ---- */

static int64_t channel_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    char bytes[CHUNK_BYTES];
    size_t count;
    (void)position;
    if ((file->flags & LINUX_O_NONBLOCK) && !channel_stdin_is_ready()) return ERR_TRY_AGAIN.code;
    err_t e = channel_read_stdin(bytes, MIN(to->left, sizeof(bytes)), &count);
    if (failed(e)) return e.code;
    size_t copied = io_put(to, bytes, count);
    return copied || !count ? (int64_t)copied : ERR_FAULT.code;
}

/* `send` is told of each piece; false ends the write as a broken pipe. */
static int64_t write_pieces(struct io_buffer *from, bool (*send)(const char *, size_t, uintptr_t),
                            uintptr_t context)
{
    char bytes[CHUNK_BYTES];
    uint64_t done = 0;
    while (from->left) {
        size_t count = io_take(from, bytes, MIN(from->left, sizeof(bytes)));
        if (!count) return io_result(done, ERR_FAULT);
        if (!send(bytes, count, context)) return io_result(done, ERR_BROKEN_PIPE);
        done += count;
    }
    return (int64_t)done;
}

static bool send_to_channel(const char *bytes, size_t count, uintptr_t type)
{
    return channel_send((enum channel_type)type, bytes, count);
}

static int64_t channel_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    (void)position;
    return write_pieces(from, send_to_channel, (uintptr_t)file->context);
}

static int64_t channel_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    (void)file;
    if (request != LINUX_FIONREAD) return ERR_NOT_TTY.code;
    uint32_t bytes = channel_stdin_bytes();
    return user_copy_out(UADDR(argument), &bytes, sizeof(bytes)).code;
}

static uint32_t channel_poll_input(struct file *file)
{
    (void)file;
    return channel_stdin_is_ready() ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
}

static uint32_t channel_poll_output(struct file *file UNUSED) { return LINUX_POLLOUT | LINUX_POLLWRNORM; }

static struct readiness *channel_input_readiness(struct file *file UNUSED)
{
    return channel_stdin_readiness();
}

static const struct file_ops channel_input_ops = {
    .name = "pipe",
    .mode = LINUX_S_IFIFO | 0600,
    .is_shared = true,
    .is_spliceable = true,
    .read = channel_read,
    .ioctl = channel_ioctl,
    .poll = channel_poll_input,
    .readiness = channel_input_readiness,
};
static const struct file_ops channel_output_ops = {
    .name = "pipe",
    .mode = LINUX_S_IFIFO | 0600,
    .is_shared = true,
    .is_spliceable = true,
    .write = channel_write,
    .poll = channel_poll_output,
};

static void signal_broken_pipe(void)
{
    const struct linux_siginfo_head info =
        signal_info_of_sender(process_current()->pid, LINUX_SIGPIPE, LINUX_SI_USER);
    err_t e = signal_send_thread(user_thread_current(), &info);
    (void)e; /* the write fails all the same */
}

void stdio_init(void)
{
    terminals_init();
    pipe_broken_hook = signal_broken_pipe;
}

/* ---- a terminal: the console, or what the host passes through ---- */

static bool is_terminal;

/* Sends what the program writes, as it comes. */
static void send_output(void *unused)
{
    struct terminal *t = console_terminal();
    char bytes[CHUNK_BYTES];
    (void)unused;
    for (;;) {
        size_t count = terminal_take_output(t, bytes, sizeof(bytes));
        if (count) {
            channel_send(CHANNEL_STDOUT, bytes, count);
            continue;
        }
        spin_lock(&t->queue.lock);
        if (t->output_head == t->output_tail || t->line.is_stopped) wait_sleep_locked(&t->queue);
        spin_unlock(&t->queue.lock);
    }
}

/* Types what comes from the host, as far as there is room. At its end the program reads an end of file. */
static void type_input(void *unused)
{
    struct terminal *t = console_terminal();
    char bytes[CHUNK_BYTES];
    size_t count;
    (void)unused;
    for (;;) {
        err_t e = channel_read_stdin(bytes, sizeof(bytes), &count);
        if (failed(e) || !count) break;
        for (size_t done = 0; done < count;) {
            done += terminal_input(t, bytes + done, count - done);
            spin_lock(&t->queue.lock);
            if (done < count && !line_room(&t->line)) wait_sleep_locked(&t->queue);
            spin_unlock(&t->queue.lock);
        }
    }
    terminal_input(t, (const char *)&t->line.termios.c_cc[LINUX_VEOF], 1);
}

static void output_changed_locked(struct terminal *t) NO_THREAD_SAFETY_ANALYSIS
{
    wait_wake_all_locked(&t->queue);
}

static void set_size(uint16_t rows, uint16_t columns)
{
    struct linux_winsize size = { .ws_row = rows, .ws_col = columns };
    terminal_resize(console_terminal(), &size);
}

bool stdio_pass_terminal(uint32_t rows, uint32_t columns)
{
    console_terminal_pass_through(output_changed_locked);
    set_size((uint16_t)rows, (uint16_t)columns);
    channel_resized_hook = set_size;
    is_terminal = thread_create("terminal output", send_output, NULL) &&
                  thread_create("terminal input", type_input, NULL);
    return is_terminal;
}

void stdio_drain(void)
{
    struct terminal *t = console_terminal();
    uint64_t deadline_ns = time_now_ns() + DRAIN_NS;
    spin_lock(&t->queue.lock);
    t->line.is_stopped = false;
    wait_wake_all_locked(&t->queue);
    while (is_terminal && t->output_head != t->output_tail && time_now_ns() < deadline_ns) {
        err_t e = wait_sleep_until_locked(&t->queue, deadline_ns);
        (void)e;
    }
    spin_unlock(&t->queue.lock);
}

static bool has_terminal(void) { return is_terminal || !channel_is_started(); }

void stdio_take_terminal(void)
{
    if (has_terminal()) job_take_free_terminal(console_terminal());
}

static struct file *open_console(struct fs_context *fs)
{
    struct path_from from = { .context = fs };
    struct open_request how = { .flags = LINUX_O_RDWR | LINUX_O_NOCTTY };
    struct file *file;
    return failed(open_path(&from, "/dev/console", &how, &file)) ? NULL : file;
}

struct file *stdio_open(struct fs_context *fs, uint32_t descriptor)
{
    if (has_terminal()) return open_console(fs);
    if (descriptor == 0) return file_create(&channel_input_ops, NULL, LINUX_O_RDONLY);
    uintptr_t type = descriptor == 1 ? CHANNEL_STDOUT : CHANNEL_STDERR;
    return file_create(&channel_output_ops, (void *)type, LINUX_O_WRONLY);
}
