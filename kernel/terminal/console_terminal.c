/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/console_terminal.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "device/console.h"
#include "fs/devfs.h"
#include "sched/sleep.h"
#include "sched/thread.h"
#include "terminal/job_control.h"
#include "terminal/pty.h"

#define TTY_DEVICE     (5ull << 8)
#define CONSOLE_DEVICE (5ull << 8 | 1)
enum { CHUNK_BYTES = 256, POLL_NS = 10 * 1000 * 1000, SCREEN_ROWS = 25, SCREEN_COLUMNS = 80 };

static struct terminal terminal;

struct terminal *console_terminal(void) { return &terminal; }

static void never(struct terminal *t) { ASSERT(t != &terminal); } /* init's reference stays */

/* ---- the screen ---- */

static void show_locked(struct terminal *t)
{
    char bytes[CHUNK_BYTES];
    while (t->output_head != t->output_tail) {
        size_t count = 0;
        for (; count < sizeof(bytes) && t->output_head != t->output_tail; t->output_tail++)
            bytes[count++] = (char)t->output[t->output_tail % TERMINAL_OUTPUT_MAX];
        console_write(bytes, count);
    }
}

/* Backspace keys send one or the other, and programs expect DEL, as from Linux's keyboards. */
static size_t type(const char *bytes, size_t count)
{
    static const char delete = 127;
    size_t done = 0;
    for (size_t taken = 1; done < count && taken; done += taken)
        taken = terminal_input(&terminal, bytes[done] == '\b' ? &delete : bytes + done, 1);
    return done;
}

/* Where an input has no interrupt, somebody has to look. */
static void poll_inputs(void *unused)
{
    (void)unused;
    for (;;) {
        thread_sleep_until_ns(time_now_ns() + POLL_NS);
        console_pull();
    }
}

/* ---- devices ---- */

static err_t open_console(struct file *file, uint32_t flags) { return terminal_open(&terminal, file, flags); }

/* Whatever terminal the running process's session has. */
static err_t open_own(struct file *file, uint32_t flags)
{
    struct terminal *t = job_terminal();
    if (!t) return ERR_NO_DEVICE_ADDRESS;
    err_t e = terminal_open(t, file, flags | LINUX_O_NOCTTY);
    terminal_put(t);
    return e;
}

static const struct file_ops console_ops = { .name = "/dev/console", .open = open_console };
static const struct file_ops own_ops = { .name = "/dev/tty", .open = open_own };

static const struct char_device devices[] = {
    { .name = "console", .number = CONSOLE_DEVICE, .permissions = 0600, .ops = &console_ops },
    { .name = "tty", .number = TTY_DEVICE, .permissions = 0666, .ops = &own_ops },
    { .name = "ptmx", .number = PTMX_DEVICE, .permissions = 0666, .ops = &ptmx_ops },
    { .number = PTS_DEVICE, .ops = &pts_ops, .further = PTYS_MAX - 1 },
};

void terminals_init(void)
{
    terminal_init(&terminal, CONSOLE_DEVICE, never);
    terminal.size = (struct linux_winsize){ .ws_row = SCREEN_ROWS, .ws_col = SCREEN_COLUMNS };
    terminal.changed_locked = show_locked;
    terminal.line.termios.c_iflag |= LINUX_IUTF8;
    for (size_t i = 0; i < ARRAY_LENGTH(devices); i++) devfs_add(&devices[i]);
    static struct mount_type devpts = { "devpts", LINUX_DEVPTS_MAGIC, false, pts_create, NULL };
    devfs_add_tree("pts", &devpts, FILESYSTEM_TERMINALS);
    job_control_init();
    console_typed_hook = type;
    console_pull();
    if (console_must_poll() && !thread_create("console", poll_inputs, NULL))
        log_warning("console: no memory for a thread that looks for input");
}

void console_terminal_pass_through(void (*changed)(struct terminal *t))
{
    console_typed_hook = NULL;
    spin_lock(&terminal.queue.lock);
    terminal.changed_locked = changed;
    spin_unlock(&terminal.queue.lock);
}
