/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to terminals. [linux man ioctl_tty] */
#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "terminal/terminal.h"
#include "vm/usercopy.h"

static err_t set_mode(struct terminal *t, uint32_t request, uint64_t argument)
{
    struct linux_termios mode;
    err_t e = user_copy_in(&mode, UADDR(argument), sizeof(mode));
    if (failed(e)) return e;
    spin_lock(&t->queue.lock);
    /* A line of such a kind has no other sizes. */
    mode.c_cflag = (mode.c_cflag & ~(uint32_t)(LINUX_CSIZE | LINUX_PARENB)) | LINUX_CS8 | LINUX_CREAD;
    if (request == LINUX_TCSETSF) line_flush_input(&t->line);
    line_set_mode(&t->line, &mode);
    wait_wake_all_locked(&t->queue);
    spin_unlock(&t->queue.lock);
    readiness_changed(&t->readiness, LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT);
    return OK;
}

static err_t flush(struct terminal *t, uint64_t what)
{
    enum { INPUT, OUTPUT, BOTH };
    if (what > BOTH) return ERR_INVALID;
    spin_lock(&t->queue.lock);
    if (what != OUTPUT) line_flush_input(&t->line);
    if (what != INPUT) t->output_tail = t->output_head;
    wait_wake_all_locked(&t->queue);
    spin_unlock(&t->queue.lock);
    return OK;
}

static err_t control_flow(struct terminal *t, uint64_t what)
{
    enum { STOP_OUTPUT, START_OUTPUT, STOP_INPUT, START_INPUT };
    if (what > START_INPUT) return ERR_INVALID;
    spin_lock(&t->queue.lock);
    if (what <= START_OUTPUT) t->line.is_stopped = what == STOP_OUTPUT;
    char key = (char)t->line.termios.c_cc[what == STOP_INPUT ? LINUX_VSTOP : LINUX_VSTART];
    if (what >= STOP_INPUT && key) t->line.put(t, &key, 1);
    if (t->changed_locked) t->changed_locked(t);
    wait_wake_all_locked(&t->queue);
    spin_unlock(&t->queue.lock);
    return OK;
}

static err_t write_number(uint64_t argument, int32_t number)
{
    return user_copy_out(UADDR(argument), &number, sizeof(number));
}

static err_t get(struct terminal *t, uint32_t request, uint64_t argument)
{
    spin_lock(&t->queue.lock);
    struct linux_termios mode = t->line.termios;
    struct linux_winsize size = t->size;
    int32_t number = (int32_t)(request == LINUX_FIONREAD ? line_available(&t->line) : 0);
    spin_unlock(&t->queue.lock);
    if (request == LINUX_TCGETS) return user_copy_out(UADDR(argument), &mode, sizeof(mode));
    if (request == LINUX_TIOCGWINSZ) return user_copy_out(UADDR(argument), &size, sizeof(size));
    return write_number(argument, number);
}

static err_t set_size(struct terminal *t, uint64_t argument)
{
    struct linux_winsize size;
    err_t e = user_copy_in(&size, UADDR(argument), sizeof(size));
    if (!failed(e)) terminal_resize(t, &size);
    return e;
}

static err_t set_group(struct terminal *t, bool is_master, uint64_t argument)
{
    int32_t group;
    err_t e = user_copy_in(&group, UADDR(argument), sizeof(group));
    return failed(e) ? e : job_set_group(t, is_master, group);
}

static err_t set_exclusive(struct terminal *t, bool is_exclusive)
{
    spin_lock(&t->queue.lock);
    t->is_exclusive = is_exclusive;
    spin_unlock(&t->queue.lock);
    return OK;
}

/* Whoever is not in the foreground may not change the terminal. */
static bool is_change(uint32_t request)
{
    return (request >= LINUX_TCSETS && request <= LINUX_TCSETSF) || request == LINUX_TCSBRK ||
           request == LINUX_TCSBRKP || request == LINUX_TCXONC || request == LINUX_TCFLSH;
}

int64_t terminal_ioctl(struct terminal *t, bool is_master, uint32_t request, uint64_t argument)
{
    int32_t number = 0;
    err_t e = is_change(request) && !is_master ? job_check(t, LINUX_SIGTTOU) : OK;
    if (failed(e)) return e.code;
    switch (request) {
    case LINUX_TCGETS:
    case LINUX_TIOCGWINSZ:
    case LINUX_TIOCOUTQ:
    case LINUX_FIONREAD: return get(t, request, argument).code;
    case LINUX_TCSETS:
    case LINUX_TCSETSW:
    case LINUX_TCSETSF: return set_mode(t, request, argument).code;
    case LINUX_TIOCSWINSZ: return set_size(t, argument).code;
    case LINUX_TCSBRK:
    case LINUX_TCSBRKP: return 0; /* what was written has left the terminal, and there is no line to break */
    case LINUX_TCFLSH: return flush(t, argument).code;
    case LINUX_TCXONC: return control_flow(t, argument).code;
    case LINUX_TIOCEXCL: return set_exclusive(t, true).code;
    case LINUX_TIOCNXCL: return set_exclusive(t, false).code;
    case LINUX_TIOCSPGRP: return set_group(t, is_master, argument).code;
    case LINUX_TIOCGPGRP:
        e = job_get_group(t, is_master, &number);
        return failed(e) ? e.code : write_number(argument, number).code;
    case LINUX_TIOCGSID:
        e = job_get_session(t, is_master, &number);
        return failed(e) ? e.code : write_number(argument, number).code;
    case LINUX_TIOCSCTTY: return job_take_terminal(t, argument == 1).code;
    case LINUX_TIOCNOTTY: return job_leave_terminal(t).code;
    case LINUX_TIOCSTI: return ERR_IO.code; /* as where dev.tty.legacy_tiocsti is off */
    }
    return ERR_NOT_TTY.code;
}
