/* SPDX-License-Identifier: Apache-2.0 */
/* Open terminals: reading by lines or by VMIN and VTIME, writing, and requests. */
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "core/time.h"
#include "fs/credentials.h"
#include "terminal/terminal.h"
#include "vm/usercopy.h"

enum { CHUNK_BYTES = 512 };
#define TENTH_NS 100000000ull /* the unit of VTIME */

err_t terminal_open(struct terminal *t, struct file *file, uint32_t flags)
{
    spin_lock(&t->queue.lock);
    err_t e = t->is_hung_up ? ERR_IO : t->is_exclusive && !may_use(LINUX_CAP_SYS_ADMIN) ? ERR_BUSY : OK;
    if (!failed(e)) {
        t->opens++;
        t->was_opened = true;
        if (t->changed_locked) t->changed_locked(t);
    }
    spin_unlock(&t->queue.lock);
    if (failed(e)) return e;
    if (!(flags & LINUX_O_NOCTTY)) job_take_free_terminal(t);
    file->ops = &terminal_ops;
    file->context = terminal_get(t);
    return OK;
}

static void release(struct file *file)
{
    struct terminal *t = file->context;
    spin_lock(&t->queue.lock);
    t->opens--;
    wait_wake_all_locked(&t->queue);
    if (t->changed_locked) t->changed_locked(t);
    spin_unlock(&t->queue.lock);
    terminal_put(t);
}

/* ---- reading ---- */

/* How long a read waits: without lines, for the first byte or for each further one. */
struct patience {
    size_t least;        /* bytes that end it */
    uint64_t between_ns; /* 0: as long as it takes */
    bool is_from_start;  /* or from the first byte on */
};

static struct patience patience_of(const struct terminal *t, size_t wanted)
{
    const struct linux_termios *m = &t->line.termios;
    if (m->c_lflag & LINUX_ICANON) return (struct patience){ .least = 1 };
    size_t least = MAX((size_t)m->c_cc[LINUX_VMIN], (size_t)1);
    least = MIN(least, wanted);
    return (struct patience){ least, m->c_cc[LINUX_VTIME] * TENTH_NS, !m->c_cc[LINUX_VMIN] };
}

static bool returns_at_once(const struct terminal *t)
{
    const struct linux_termios *m = &t->line.termios;
    return !(m->c_lflag & LINUX_ICANON) && !m->c_cc[LINUX_VMIN] && !m->c_cc[LINUX_VTIME];
}

/* Until there is enough. TRY_AGAIN, TIMED_OUT, INTERRUPTED; IO: the other end is gone. */
static err_t wait_for_input_locked(struct terminal *t, bool is_impatient, size_t wanted)
    REQUIRES(t->queue.lock)
{
    size_t seen = 0;
    uint64_t deadline_ns = UINT64_MAX;
    for (bool is_first = true;; is_first = false) {
        struct patience p = patience_of(t, wanted);
        if (line_is_readable(&t->line, p.least)) return OK;
        if (t->is_hung_up) return ERR_IO;
        if (returns_at_once(t)) return ERR_TIMED_OUT;
        if (is_impatient) return ERR_TRY_AGAIN;
        size_t there = line_available(&t->line);
        bool begins = is_first ? p.is_from_start || there : there > seen;
        if (p.between_ns && begins) deadline_ns = time_now_ns() + p.between_ns;
        seen = there;
        err_t e = wait_sleep_interruptible_locked(&t->queue, deadline_ns);
        if (failed(e)) return e;
    }
}

/* What there is after that; also less than enough, when time ran out or somebody is not patient. */
static int64_t take(struct terminal *t, char *bytes, size_t wanted, bool is_impatient)
{
    spin_lock(&t->queue.lock);
    err_t e = wait_for_input_locked(t, is_impatient, wanted);
    bool has_some = line_available(&t->line);
    int64_t count = 0;
    if (!failed(e) || has_some)
        count = (int64_t)line_read(&t->line, bytes, wanted);
    else if (e.code != ERR_TIMED_OUT.code && e.code != ERR_IO.code)
        count = e.code;
    if (t->changed_locked) t->changed_locked(t);
    spin_unlock(&t->queue.lock);
    return count;
}

static int64_t terminal_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    struct terminal *t = file->context;
    char bytes[CHUNK_BYTES];
    uint64_t done = 0;
    (void)position;
    bool is_impatient = file->flags & LINUX_O_NONBLOCK;
    while (to->left) {
        err_t e = job_check(t, LINUX_SIGTTIN);
        size_t wanted = MIN(to->left, (uint64_t)sizeof(bytes));
        int64_t count = failed(e) ? e.code : take(t, bytes, wanted, is_impatient || done);
        if (count <= 0) return done ? (int64_t)done : count;
        if (io_put(to, bytes, (size_t)count) < (size_t)count) return io_result(done, ERR_FAULT);
        done += (uint64_t)count;
        bool is_line = t->line.termios.c_lflag & LINUX_ICANON;
        if (count < (int64_t)wanted || (is_line && bytes[count - 1] == '\n')) break;
    }
    return (int64_t)done;
}

/* ---- writing ---- */

/* Writes a piece whole, or until somebody interrupts. */
static err_t write_piece(struct terminal *t, const char *bytes, size_t count, bool is_impatient, size_t *done)
{
    err_t e = OK;
    *done = 0;
    spin_lock(&t->queue.lock);
    while (*done < count && !failed(e)) {
        if (t->is_hung_up) {
            e = ERR_IO;
            break;
        }
        size_t took = t->line.is_stopped ? 0 : line_write(&t->line, bytes + *done, count - *done);
        *done += took;
        if (took && t->changed_locked) t->changed_locked(t);
        if (*done < count && !took)
            e = is_impatient ? ERR_TRY_AGAIN : wait_sleep_interruptible_locked(&t->queue, UINT64_MAX);
    }
    wait_wake_all_locked(&t->queue);
    spin_unlock(&t->queue.lock);
    return e;
}

static int64_t terminal_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    struct terminal *t = file->context;
    char bytes[CHUNK_BYTES];
    uint64_t done = 0;
    (void)position;
    err_t e = t->line.termios.c_lflag & LINUX_TOSTOP ? job_check(t, LINUX_SIGTTOU) : OK;
    while (from->left && !failed(e)) {
        size_t wanted = MIN(from->left, (uint64_t)sizeof(bytes)), count = io_take(from, bytes, wanted), now;
        if (!count) return io_result(done, ERR_FAULT);
        e = write_piece(t, bytes, count, file->flags & LINUX_O_NONBLOCK, &now);
        done += now;
    }
    return failed(e) ? io_result(done, e) : (int64_t)done;
}

static uint32_t terminal_poll(struct file *file)
{
    struct terminal *t = file->context;
    spin_lock(&t->queue.lock);
    const struct linux_termios *m = &t->line.termios;
    size_t least = m->c_cc[LINUX_VTIME] || !m->c_cc[LINUX_VMIN] ? 1 : m->c_cc[LINUX_VMIN];
    uint32_t ready = line_is_readable(&t->line, least) ? LINUX_POLLIN | LINUX_POLLRDNORM : 0;
    bool has_room = t->output_head - t->output_tail < TERMINAL_OUTPUT_MAX / 2 && !t->line.is_stopped;
    if (has_room) ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    if (t->is_hung_up)
        ready = LINUX_POLLIN | LINUX_POLLOUT | LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLRDNORM |
                LINUX_POLLWRNORM;
    spin_unlock(&t->queue.lock);
    return ready;
}

static struct readiness *readiness_of(struct file *file)
{
    return &((struct terminal *)file->context)->readiness;
}

static int64_t ioctl_of_file(struct file *file, uint32_t request, uint64_t argument)
{
    struct terminal *t = file->context;
    if (t->is_hung_up) return request == LINUX_TIOCSPGRP ? ERR_NOT_TTY.code : ERR_IO.code;
    return terminal_ioctl(t, false, request, argument);
}

const struct file_ops terminal_ops = {
    .name = "/dev/tty",
    .mode = LINUX_S_IFCHR | 0620,
    .device = 5 << 8,
    .read = terminal_read,
    .write = terminal_write,
    .ioctl = ioctl_of_file,
    .poll = terminal_poll,
    .readiness = readiness_of,
    .release = release,
};
