/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall/io_pieces.h"

#include "mm/heap.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

_Static_assert(sizeof(struct io_segment) == sizeof(struct linux_iovec) &&
                   offsetof(struct io_segment, bytes) == offsetof(struct linux_iovec, iov_len),
               "an iovec array is copied in and used as it is");

void io_pieces_fini(struct io_pieces *pieces)
{
    if (pieces->segments != pieces->near) heap_free(pieces->segments);
}

err_t io_pieces_decode(uint64_t address, uint64_t bytes, struct io_pieces *out)
{
    if (!is_user_range(address, bytes)) return ERR_FAULT;
    out->bytes = MIN(bytes, LINUX_RW_COUNT_MAX);
    out->segments = out->near;
    out->near[0] = (struct io_segment){ address, out->bytes };
    return OK;
}

static err_t check_segments(struct io_pieces *pieces, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        if ((int64_t)pieces->segments[i].bytes < 0) return ERR_INVALID;
    pieces->bytes = 0;
    for (uint64_t i = 0; i < count; i++) {
        struct io_segment *segment = &pieces->segments[i];
        if (!is_user_range(segment->address, segment->bytes)) return ERR_FAULT;
        segment->bytes = MIN(segment->bytes, LINUX_RW_COUNT_MAX - pieces->bytes);
        pieces->bytes += segment->bytes;
    }
    return OK;
}

err_t io_pieces_decode_vector(uint64_t address, uint64_t count, struct io_pieces *out)
{
    if (count > LINUX_IOV_MAX) return ERR_INVALID;
    size_t bytes = count * sizeof(struct io_segment);
    out->segments = count <= IO_PIECES_SHORT ? out->near : heap_alloc(bytes);
    if (!out->segments) return ERR_NO_MEMORY;
    err_t e = user_copy_in(out->segments, UADDR(address), bytes);
    if (!failed(e)) e = check_segments(out, count);
    if (failed(e)) io_pieces_fini(out);
    return e;
}
