/* SPDX-License-Identifier: Apache-2.0 */
/* splice, tee, vmsplice. [linux fs/splice.c] for the order of checks. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "syscall/io_pieces.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

enum {
    SPLICE_FLAGS = LINUX_SPLICE_F_MOVE | LINUX_SPLICE_F_NONBLOCK | LINUX_SPLICE_F_MORE | LINUX_SPLICE_F_GIFT,
};

struct splice {
    struct file *in, *out;
    uint64_t in_at, out_at; /* addresses of positions; 0: the file's own */
    uint64_t bytes;
    bool is_nonblocking;
};

static bool never_waits(const struct file *file) { return file->flags & LINUX_O_NONBLOCK; }

static err_t files_get(struct splice *s, uint64_t in_fd, uint64_t out_fd)
{
    err_t e = file_argument(in_fd, &s->in);
    if (failed(e)) return e;
    e = file_argument(out_fd, &s->out);
    if (failed(e)) file_put(s->in);
    return e;
}

static void files_put(struct splice *s)
{
    file_put(s->in);
    file_put(s->out);
}

/* ---- a pipe and another file ---- */

typedef int64_t (*splice_way)(struct file *pipe, struct file *other, uint64_t *position, uint64_t bytes,
                              bool is_nonblocking);

static bool is_in_range(uint64_t position, uint64_t bytes)
{
    return (int64_t)position >= 0 && (int64_t)(position + bytes) >= 0;
}

static int64_t splice_at(const struct splice *s, splice_way way, struct file *pipe, struct file *other,
                         uint64_t address)
{
    uint64_t position;
    err_t e = user_copy_in(&position, UADDR(address), sizeof(position));
    if (failed(e)) return e.code;
    if (!other->ops->is_seekable || !is_in_range(position, s->bytes)) return ERR_INVALID.code;
    int64_t moved = way(pipe, other, &position, s->bytes, s->is_nonblocking);
    if (moved > 0) e = user_copy_out(UADDR(address), &position, sizeof(position));
    return failed(e) ? e.code : moved;
}

static int64_t splice_here(const struct splice *s, splice_way way, struct file *pipe, struct file *other)
{
    if (!other->ops->is_seekable) return way(pipe, other, NULL, s->bytes, s->is_nonblocking);
    if (!is_in_range(other->position, s->bytes)) return ERR_INVALID.code;
    file_take_position(other);
    int64_t moved = way(pipe, other, &other->position, s->bytes, s->is_nonblocking);
    file_give_position(other);
    return moved;
}

static int64_t splice_with(struct splice *s, splice_way way, struct file *pipe, struct file *other,
                           uint64_t address)
{
    if (!other->ops->is_spliceable) return ERR_INVALID.code;
    s->is_nonblocking |= never_waits(pipe);
    return address ? splice_at(s, way, pipe, other, address) : splice_here(s, way, pipe, other);
}

static int64_t splice(struct splice *s)
{
    bool is_from = pipe_is_end(s->in), is_to = pipe_is_end(s->out);
    if ((is_from && s->in_at) || (is_to && s->out_at)) return ERR_SEEK_PIPE.code;
    if (!file_is_readable(s->in) || !file_is_writable(s->out)) return ERR_BAD_FD.code;
    if (is_from && is_to) {
        s->is_nonblocking |= never_waits(s->in) || never_waits(s->out);
        if (s->in->context == s->out->context) return ERR_INVALID.code;
        return pipe_splice_between(s->in, s->out, s->bytes, s->is_nonblocking, false);
    }
    if (is_from && (s->out->flags & LINUX_O_APPEND)) return ERR_INVALID.code;
    if (is_from) return splice_with(s, pipe_splice_out, s->in, s->out, s->out_at);
    if (is_to) return splice_with(s, pipe_splice_in, s->out, s->in, s->in_at);
    return ERR_INVALID.code;
}

int64_t sys_splice(uint64_t in_fd, uint64_t in_at, uint64_t out_fd, uint64_t out_at, uint64_t bytes,
                   uint64_t flags)
{
    if (bytes == 0) return 0;
    if ((uint32_t)flags & ~(uint32_t)SPLICE_FLAGS) return ERR_INVALID.code;
    struct splice s = {
        .in_at = in_at,
        .out_at = out_at,
        .bytes = MIN(bytes, LINUX_RW_COUNT_MAX),
        .is_nonblocking = flags & LINUX_SPLICE_F_NONBLOCK,
    };
    err_t e = files_get(&s, in_fd, out_fd);
    if (failed(e)) return e.code;
    int64_t result = splice(&s);
    files_put(&s);
    return result;
}

static int64_t tee(struct splice *s)
{
    if (!file_is_readable(s->in) || !file_is_writable(s->out)) return ERR_BAD_FD.code;
    bool is_possible = pipe_is_end(s->in) && pipe_is_end(s->out) && s->in->context != s->out->context;
    if (!is_possible) return ERR_INVALID.code;
    s->is_nonblocking |= never_waits(s->in) || never_waits(s->out);
    return pipe_splice_between(s->in, s->out, s->bytes, s->is_nonblocking, true);
}

int64_t sys_tee(uint64_t in_fd, uint64_t out_fd, uint64_t bytes, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)SPLICE_FLAGS) return ERR_INVALID.code;
    if (bytes == 0) return 0;
    struct splice s = { .bytes = bytes, .is_nonblocking = flags & LINUX_SPLICE_F_NONBLOCK };
    err_t e = files_get(&s, in_fd, out_fd);
    if (failed(e)) return e.code;
    int64_t result = tee(&s);
    files_put(&s);
    return result;
}

/* ---- memory ---- */

static int64_t splice_memory(struct file *file, const struct io_pieces *pieces, bool is_nonblocking)
{
    struct io_buffer buffer;
    if (pieces->bytes == 0) return 0;
    if (!pipe_is_end(file)) return ERR_BAD_FD.code;
    io_buffer_init_user(&buffer, pieces->segments, pieces->bytes);
    return file_is_writable(file) ? pipe_splice_from_memory(file, &buffer, is_nonblocking)
                                  : pipe_splice_to_memory(file, &buffer, is_nonblocking);
}

/* What is lent to the pipe is copied, so that changing it afterwards does not change what is read. */
int64_t sys_vmsplice(uint64_t fd, uint64_t vector, uint64_t count, uint64_t flags)
{
    if ((uint32_t)flags & ~(uint32_t)SPLICE_FLAGS) return ERR_INVALID.code;
    struct file *file;
    struct io_pieces pieces;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = io_pieces_decode_vector(vector, count, &pieces);
    int64_t result = e.code;
    if (!failed(e)) {
        result = splice_memory(file, &pieces, flags & LINUX_SPLICE_F_NONBLOCK);
        io_pieces_fini(&pieces);
    }
    file_put(file);
    return result;
}
