/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that a call names: one piece, or an iovec array. [linux lib/iov_iter.c] for the order of checks. */
#pragma once
#include "abi/linux/fcntl.h"
#include "fs/io_buffer.h"

enum { IO_PIECES_SHORT = 8 };

struct io_pieces {
    struct io_segment *segments;
    uint64_t bytes; /* of all, cut to LINUX_RW_COUNT_MAX */
    struct io_segment near[IO_PIECES_SHORT];
};

/* FAULT. Needs no io_pieces_fini. */
err_t io_pieces_decode(uint64_t address, uint64_t bytes, struct io_pieces *out);
/* INVALID, also for more than IOV_MAX; FAULT, NO_MEMORY. */
err_t io_pieces_decode_vector(uint64_t address, uint64_t count, struct io_pieces *out);
void io_pieces_fini(struct io_pieces *pieces);
