/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/io_buffer.h"

#include "lib/string.h"
#include "vm/usercopy.h"

void io_buffer_init_user(struct io_buffer *buffer, const struct io_segment *segments, uint64_t bytes)
{
    *buffer = (struct io_buffer){ .segments = segments, .left = bytes };
}

void io_buffer_init_kernel(struct io_buffer *buffer, struct io_segment *segment, void *data, uint64_t bytes)
{
    *segment = (struct io_segment){ (uint64_t)data, bytes };
    *buffer = (struct io_buffer){ .segments = segment, .left = bytes, .is_kernel = true };
}

enum direction { PUT, PUT_ZEROS, TAKE, SKIP };

/* One call of usercopy; all or nothing counts here. */
static bool copy_piece(enum direction direction, uaddr_t user, void *kernel, size_t bytes)
{
    switch (direction) {
    case PUT: return !failed(user_copy_out(user, kernel, bytes));
    case PUT_ZEROS: return !failed(user_zero(user, bytes));
    case TAKE: return !failed(user_copy_in(kernel, user, bytes));
    case SKIP: return true;
    }
    return false;
}

/* A fault does not say where it was, so what failed as a whole is repeated in pieces: first by page of
 * user memory, as access changes only at page borders. */
static size_t copy_user(enum direction direction, uint64_t user, char *kernel, size_t bytes)
{
    if (copy_piece(direction, UADDR(user), kernel, bytes)) return bytes;

    size_t done = 0;
    while (done < bytes) {
        size_t piece = MIN(bytes - done, PAGE_BYTES - ((user + done) & (PAGE_BYTES - 1)));
        if (!copy_piece(direction, UADDR(user + done), kernel ? kernel + done : NULL, piece)) break;
        done += piece;
    }
    return done;
}

static size_t copy_kernel(enum direction direction, char *theirs, void *ours, size_t bytes)
{
    switch (direction) {
    case PUT: memcpy(theirs, ours, bytes); break;
    case PUT_ZEROS: memset(theirs, 0, bytes); break;
    case TAKE: memcpy(ours, theirs, bytes); break;
    case SKIP: break;
    }
    return bytes;
}

static size_t transfer(struct io_buffer *buffer, enum direction direction, char *ours, size_t bytes)
{
    size_t wanted = MIN(bytes, buffer->left);
    size_t done = 0;
    while (done < wanted) {
        const struct io_segment *segment = &buffer->segments[buffer->index];
        size_t piece = MIN(wanted - done, segment->bytes - buffer->skipped);
        uint64_t theirs = segment->address + buffer->skipped;
        char *at = ours ? ours + done : NULL;
        size_t copied = buffer->is_kernel ? copy_kernel(direction, (char *)theirs, at, piece)
                                          : copy_user(direction, theirs, at, piece);
        done += copied;
        buffer->skipped += copied;
        buffer->left -= copied;
        if (copied < piece) break;
        if (buffer->skipped == segment->bytes) {
            buffer->index++;
            buffer->skipped = 0;
        }
    }
    return done;
}

/* Most copies use up one piece of user memory, or a part of it: those need no loop. */
static bool is_simple(const struct io_buffer *buffer, size_t bytes)
{
    return !buffer->is_kernel && bytes != 0 && bytes <= buffer->left &&
           bytes <= buffer->segments[buffer->index].bytes - buffer->skipped;
}
static uaddr_t place(const struct io_buffer *buffer)
{
    return UADDR(buffer->segments[buffer->index].address + buffer->skipped);
}
static size_t use(struct io_buffer *buffer, size_t bytes)
{
    buffer->left -= bytes;
    buffer->skipped += bytes;
    if (buffer->skipped == buffer->segments[buffer->index].bytes) {
        buffer->index++;
        buffer->skipped = 0;
    }
    return bytes;
}

size_t io_put(struct io_buffer *to, const void *from, size_t bytes)
{
    if (is_simple(to, bytes) && !failed(user_copy_out(place(to), from, bytes))) return use(to, bytes);
    return transfer(to, PUT, (char *)from, bytes);
}

size_t io_put_zeros(struct io_buffer *to, size_t bytes) { return transfer(to, PUT_ZEROS, NULL, bytes); }

size_t io_take(struct io_buffer *from, void *to, size_t bytes)
{
    if (is_simple(from, bytes) && !failed(user_copy_in(to, place(from), bytes))) return use(from, bytes);
    return transfer(from, TAKE, to, bytes);
}

size_t io_skip(struct io_buffer *buffer, size_t bytes) { return transfer(buffer, SKIP, NULL, bytes); }
