/* SPDX-License-Identifier: Apache-2.0 */
#include "container/stdio.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "container/channel.h"
#include "process/user_thread.h"
#include "core/log.h"
#include "device/console.h"
#include "fs/devfs.h"
#include "fs/pipe.h"
#include "vm/usercopy.h"

enum { CHUNK_BYTES = 1024 };

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

/* ---- the console: a terminal ---- */

static struct readiness terminal_readable = READINESS_INIT(terminal_readable);
static void terminal_became_readable(void)
{
    readiness_changed(&terminal_readable, LINUX_POLLIN | LINUX_POLLRDNORM);
}
static struct readiness *terminal_readiness(struct file *file UNUSED) { return &terminal_readable; }

static int64_t terminal_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    char bytes[CHUNK_BYTES];
    size_t count;
    (void)position;
    if ((file->flags & LINUX_O_NONBLOCK) && !console_is_readable()) return ERR_TRY_AGAIN.code;
    err_t e = console_read(bytes, MIN(to->left, sizeof(bytes)), &count);
    if (failed(e)) return e.code;
    size_t copied = io_put(to, bytes, count);
    return copied || !count ? (int64_t)copied : ERR_FAULT.code;
}

static bool send_to_console(const char *bytes, size_t count, uintptr_t context)
{
    (void)context;
    console_write(bytes, count);
    return true;
}

static int64_t terminal_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    (void)file, (void)position;
    return write_pieces(from, send_to_console, 0);
}

static uint32_t terminal_poll(struct file *file)
{
    (void)file;
    return LINUX_POLLOUT | LINUX_POLLWRNORM | (console_is_readable() ? LINUX_POLLIN | LINUX_POLLRDNORM : 0);
}

static void get_termios(struct linux_termios *out)
{
    struct line_mode mode = console_mode();
    *out = (struct linux_termios){
        .c_iflag = LINUX_ICRNL | LINUX_IXON | LINUX_IUTF8,
        .c_oflag = LINUX_OPOST | LINUX_ONLCR,
        .c_cflag = LINUX_B38400 | LINUX_CS8 | LINUX_CREAD,
        .c_lflag =
            (mode.is_canonical ? LINUX_ICANON : 0) | (mode.has_signals ? LINUX_ISIG : 0) |
            (mode.is_echoing ? LINUX_ECHO | LINUX_ECHOE | LINUX_ECHOK | LINUX_ECHOCTL | LINUX_ECHOKE : 0) |
            LINUX_IEXTEN,
        /* VINTR VQUIT VERASE VKILL VEOF VTIME VMIN [linux uapi asm-generic/termbits.h] */
        .c_cc = { 3, 28, 127, 21, 4, 0, 1 },
    };
}

static int64_t terminal_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    struct linux_termios termios;
    struct linux_winsize size = { .ws_row = 25, .ws_col = 80 };
    int32_t group = 1;
    (void)file;
    switch (request) {
    case LINUX_TCGETS:
        get_termios(&termios);
        return user_copy_out(UADDR(argument), &termios, sizeof(termios)).code;
    case LINUX_TCSETS:
    case LINUX_TCSETSW:
    case LINUX_TCSETSF: {
        err_t e = user_copy_in(&termios, UADDR(argument), sizeof(termios));
        if (failed(e)) return e.code;
        console_set_mode((struct line_mode){ .is_canonical = termios.c_lflag & LINUX_ICANON,
                                             .is_echoing = termios.c_lflag & LINUX_ECHO,
                                             .has_signals = termios.c_lflag & LINUX_ISIG });
        return 0;
    }
    case LINUX_TIOCGWINSZ: return user_copy_out(UADDR(argument), &size, sizeof(size)).code;
    case LINUX_TIOCGPGRP: return user_copy_out(UADDR(argument), &group, sizeof(group)).code;
    case LINUX_TIOCSPGRP: return 0;
    }
    return ERR_NOT_TTY.code;
}

static const struct file_ops terminal_ops = {
    .name = "/dev/console",
    .mode = LINUX_S_IFCHR | 0620,
    .device = 5 << 8 | 1,
    .read = terminal_read,
    .write = terminal_write,
    .ioctl = terminal_ioctl,
    .poll = terminal_poll,
    .readiness = terminal_readiness,
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
    static const struct char_device console = {
        .name = "console",
        .number = 5 << 8 | 1,
        .permissions = 0600,
        .ops = &terminal_ops,
    };
    static const struct char_device tty = {
        .name = "tty",
        .number = 5 << 8,
        .permissions = 0666,
        .ops = &terminal_ops,
    };
    devfs_add(&console);
    devfs_add(&tty);
    console_readable_hook = terminal_became_readable;
    pipe_broken_hook = signal_broken_pipe;
}

struct file *stdio_open(uint32_t descriptor)
{
    if (!channel_is_started()) return file_create(&terminal_ops, NULL, LINUX_O_RDWR);
    if (descriptor == 0) return file_create(&channel_input_ops, NULL, LINUX_O_RDONLY);
    uintptr_t type = descriptor == 1 ? CHANNEL_STDOUT : CHANNEL_STDERR;
    return file_create(&channel_output_ops, (void *)type, LINUX_O_WRONLY);
}
