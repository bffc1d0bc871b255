/* SPDX-License-Identifier: Apache-2.0 */
/* pipe(2): bytes from writers to readers, through a ring of pages that are allocated as they fill.
 *
 * Each page is a slot of the ring, used as Linux uses its own, since programs see it: when a pipe is full
 * depends on how the bytes came. A write of less than a page is one piece (PIPE_BUF). With O_DIRECT each
 * write of up to a page is a packet, which one read takes, and loses what it has no room for. */
#pragma once
#include "lib/base.h"

struct file;
struct io_buffer;
struct vnode;

/* The two ends; `flags` are LINUX_O_NONBLOCK, of both, and LINUX_O_DIRECT, of the writer. ERR_NO_MEMORY. */
err_t pipe_open(uint32_t flags, struct file **out_reader, struct file **out_writer);

/* What is under the name of a FIFO gets a pipe if it has none; its file_ops.reopen waits for the other end.
 * ERR_NO_MEMORY. */
err_t fifo_prepare(struct vnode *fifo);

/* F_GETPIPE_SZ and F_SETPIPE_SZ, in bytes. A capacity is rounded up to a power of two of pages.
 * ERR_BAD_FD: not a pipe. ERR_INVALID: too large a number. ERR_BUSY: it holds more than that now. */
err_t pipe_get_capacity(struct file *file, uint32_t *out_bytes);
err_t pipe_set_capacity(struct file *file, uint64_t bytes, uint32_t *out_bytes);

/* ---- splice(2), tee(2), vmsplice(2): pipe_splice.c. A count or a negative errno; threads only ---- */

bool pipe_is_end(const struct file *file);
/* What fits into the pipe `to`. A file with a position is read at `position`, which is advanced; else that is NULL. */
int64_t pipe_splice_in(struct file *to, struct file *from, uint64_t *position, uint64_t bytes,
                       bool is_nonblocking);
/* What the pipe `from` has; likewise. */
int64_t pipe_splice_out(struct file *from, struct file *to, uint64_t *position, uint64_t bytes,
                        bool is_nonblocking);
/* Between the ends of two different pipes; with `is_kept` the bytes are in both afterwards. */
int64_t pipe_splice_between(struct file *from, struct file *to, uint64_t bytes, bool is_nonblocking,
                            bool is_kept);
/* What fits into the pipe of memory, and what it has into memory. */
int64_t pipe_splice_from_memory(struct file *to, struct io_buffer *from, bool is_nonblocking);
int64_t pipe_splice_to_memory(struct file *from, struct io_buffer *to, bool is_nonblocking);

/* Runs in a thread that writes to a pipe without readers; whoever knows signals sends SIGPIPE. NULL at first. */
extern void (*pipe_broken_hook)(void);
