/* SPDX-License-Identifier: Apache-2.0 */
/* Where a read puts its bytes and a write takes them from: up to 1024 pieces of user memory, or one
 * piece of the kernel's, seen as a single stream.
 *
 * A copy that meets a bad user address moves what lies before it, to the byte, and says how much:
 * reads and writes then return that count, as on Linux. Threads only, no spin lock held. */
#pragma once
#include "lib/base.h"

/* Laid out like struct iovec, so that a decoded iovec array is used as it is. */
struct io_segment {
    uint64_t address;
    uint64_t bytes;
};

struct io_buffer {
    const struct io_segment *segments;
    size_t index;     /* the current segment */
    uint64_t skipped; /* bytes of it already used */
    uint64_t left;    /* bytes of all segments not used yet */
    bool is_kernel;
    bool appends; /* a write to a regular file goes to its end, whatever the file's flags say */
};

/* The segments stay the caller's and must live as long as the buffer. `bytes` is their sum or less. */
void io_buffer_init_user(struct io_buffer *buffer, const struct io_segment *segments, uint64_t bytes);
void io_buffer_init_kernel(struct io_buffer *buffer, struct io_segment *segment, void *data, uint64_t bytes);

/* Bytes copied: min(bytes, left), or less after a fault. */
size_t io_put(struct io_buffer *to, const void *from, size_t bytes);
size_t io_put_zeros(struct io_buffer *to, size_t bytes);
size_t io_take(struct io_buffer *from, void *to, size_t bytes);
/* Uses bytes up without copying them. */
size_t io_skip(struct io_buffer *buffer, size_t bytes);

/* What a read or write returns that moved `done` bytes and then met `e`. */
static inline int64_t io_result(uint64_t done, err_t e) { return done > 0 ? (int64_t)done : e.code; }
