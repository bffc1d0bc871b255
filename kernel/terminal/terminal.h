/* SPDX-License-Identifier: Apache-2.0 */
/* Terminals: a line discipline (terminal/line_discipline.h), who reads and writes, and the session that it controls.
 * The other end is a pseudo terminal's master (terminal/pty.c) or the console (terminal/console_terminal.c).
 *
 * Locking: queue.lock guards all but what is said to be under process_tree_lock; neither is taken under the other, so
 * what typed bytes ask of processes is done after the terminal's lock has been released. Any context, but for files. */
#pragma once
#include "fs/file.h"
#include "process/process_id.h"
#include "terminal/line_discipline.h"

enum { TERMINAL_OUTPUT_MAX = 8192 }; /* bytes that the other end has not taken; a power of two */

struct terminal {
    uint32_t references;     /* atomic */
    struct wait_queue queue; /* readers and writers of both ends */
    struct readiness readiness;
    struct line_discipline line;
    struct linux_winsize size;
    uint32_t device; /* st_rdev; fixed */
    bool is_hung_up, is_exclusive;
    bool was_opened;
    uint32_t opens; /* files of this end */
    uint8_t output[TERMINAL_OUTPUT_MAX];
    uint32_t output_head, output_tail; /* counting for ever */
    uint32_t echo_start;               /* where output_head was when the typed bytes came */
    struct process_id *session;        /* that it controls, counted; under process_tree_lock */
    /* There is output, or room for input; with queue.lock, any context. NULL: nobody wants to know. */
    void (*changed_locked)(struct terminal *terminal);
    void (*destroy)(struct terminal *terminal);
};

/* In storage of zeros. One reference. */
void terminal_init(struct terminal *terminal, uint32_t device, void (*destroy)(struct terminal *));
struct terminal *terminal_get(struct terminal *terminal);
void terminal_put(struct terminal *terminal); /* NULL is fine. Threads only */

/* Typed bytes; returns how many there was room for. Any context. */
size_t terminal_input(struct terminal *terminal, const char *bytes, size_t count);
/* What the other end is to show: takes up to `capacity` bytes off the output. Any context. */
size_t terminal_take_output(struct terminal *terminal, char *bytes, size_t capacity);
/* Another size; the foreground learns of it. */
void terminal_resize(struct terminal *terminal, const struct linux_winsize *size);
/* The other end is gone: readers see the end, writers fail, and the session's leader gets SIGHUP. Threads only. */
void terminal_hang_up(struct terminal *terminal);

/* ---- files ---- */

/* The file, which was opened with these flags, becomes one of the terminal; its context is counted. A leader of a
 * session without a terminal gets it unless O_NOCTTY. ERR_IO: hung up; ERR_BUSY. */
err_t terminal_open(struct terminal *terminal, struct file *file, uint32_t flags);
extern const struct file_ops terminal_ops;
/* Requests that both ends of a pseudo terminal know; NOT_TTY: not one of them. `is_master`: without job control. */
int64_t terminal_ioctl(struct terminal *terminal, bool is_master, uint32_t request, uint64_t argument);

/* ---- job control: terminal/job_control.c ---- */

/* Whether the running process may read (SIGTTIN) or change (SIGTTOU) the terminal now. INTERRUPTED: its group has got
 * that signal. IO. */
err_t job_check(struct terminal *terminal, uint32_t signal);
/* For the group in the foreground. Any context. */
void job_signal(struct terminal *terminal, uint32_t signal);
/* What typed bytes asked for: LINE_SIGNAL_. */
void job_act(struct terminal *terminal, uint32_t events);
/* The running process, a leader, gets the terminal. NOT_PERMITTED. `steals`: also from another session. */
err_t job_take_terminal(struct terminal *terminal, bool steals);
/* The same when it is a leader without a terminal and the terminal controls nobody; else nothing happens. */
void job_take_free_terminal(struct terminal *terminal);
/* The running process's session gives the terminal up. NOT_TTY: it is not its own. */
err_t job_leave_terminal(struct terminal *terminal);
/* Counted; NULL: the running process's session has none. */
struct terminal *job_terminal(void);
err_t job_get_group(struct terminal *terminal, bool is_master, int32_t *group);
err_t job_set_group(struct terminal *terminal, bool is_master, int32_t group);
err_t job_get_session(struct terminal *terminal, bool is_master, int32_t *session);
/* SIGHUP for the session of a terminal that was hung up, which has none from now on. Threads only. */
void job_hang_up(struct terminal *terminal);
