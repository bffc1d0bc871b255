/* SPDX-License-Identifier: Apache-2.0 */
/* sendfile and copy_file_range: the bytes pass through a buffer of the kernel, not of the program. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "fs/pipe.h"
#include "mm/heap.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

enum { BOUNCE_BYTES = 2 * PAGE_BYTES };

/* A position of the caller's in user memory, or the file's own. */
struct copy_position {
    uint64_t address; /* 0: the file's own */
    uint64_t value;
};

static err_t position_read(struct copy_position *p, uint64_t address)
{
    *p = (struct copy_position){ .address = address };
    if (address == 0) return OK;
    err_t e = user_copy_in(&p->value, UADDR(address), sizeof(p->value));
    if (failed(e)) return e;
    return (int64_t)p->value < 0 ? ERR_INVALID : OK;
}

static err_t position_write(const struct copy_position *p)
{
    return p->address ? user_copy_out(UADDR(p->address), &p->value, sizeof(p->value)) : OK;
}

struct copy {
    struct file *in, *out;
    struct copy_position from, to;
    uint64_t bytes;
};

/* At most one buffer full: reads without moving the input's position, then moves both by what could be
 * written. */
static int64_t copy_some(struct copy *c, void *bounce, uint64_t *in_at, uint64_t *out_at, size_t bytes)
{
    struct io_segment segment;
    struct io_buffer buffer;
    uint64_t ahead = *in_at;
    io_buffer_init_kernel(&buffer, &segment, bounce, bytes);
    int64_t got = file_read(c->in, &buffer, &ahead);
    if (got <= 0) return got;
    io_buffer_init_kernel(&buffer, &segment, bounce, (uint64_t)got);
    int64_t put = file_write(c->out, &buffer, out_at);
    if (put > 0) *in_at += (uint64_t)put;
    return put;
}

/* The input's position is read once and set once: both descriptors may be the same file. */
static int64_t copy_all(struct copy *c, void *bounce)
{
    bool has_own_in = !c->from.address;
    if (has_own_in) c->from.value = c->in->position;
    uint64_t done = 0;
    int64_t some = 0;
    while (done < c->bytes) {
        size_t bytes = MIN(c->bytes - done, (uint64_t)BOUNCE_BYTES);
        some = copy_some(c, bounce, &c->from.value, c->to.address ? &c->to.value : NULL, bytes);
        if (some <= 0) break;
        done += (uint64_t)some;
        if ((uint64_t)some < bytes) break;
    }
    if (has_own_in) c->in->position = c->from.value;
    return done > 0 ? (int64_t)done : some;
}

/* A pipe takes what it has room for, as with splice. */
static int64_t copy_to_pipe(struct copy *c)
{
    bool is_nonblocking = c->out->flags & LINUX_O_NONBLOCK;
    uint64_t position = c->from.address ? c->from.value : c->in->position;
    int64_t moved = pipe_splice_in(c->out, c->in, &position, c->bytes, is_nonblocking);
    if (moved < 0) return moved;
    if (!c->from.address) c->in->position = position;
    c->from.value = position;
    err_t e = position_write(&c->from);
    return failed(e) ? e.code : moved;
}

static int64_t copy_run(struct copy *c)
{
    c->bytes = MIN(c->bytes, LINUX_RW_COUNT_MAX);
    if (pipe_is_end(c->out)) return copy_to_pipe(c);
    void *bounce = heap_alloc(BOUNCE_BYTES);
    if (!bounce) return ERR_NO_MEMORY.code;
    int64_t result = copy_all(c, bounce);
    heap_free(bounce);
    if (result < 0) return result;
    err_t e = position_write(&c->from);
    if (!failed(e)) e = position_write(&c->to);
    return failed(e) ? e.code : result;
}

static err_t files_get(uint64_t in_fd, uint64_t out_fd, struct copy *c)
{
    err_t e = file_argument(in_fd, &c->in);
    if (failed(e)) return e;
    e = file_argument(out_fd, &c->out);
    if (failed(e)) file_put(c->in);
    return e;
}

static void files_put(struct copy *c)
{
    file_put(c->in);
    file_put(c->out);
}

/* All there is to say about the input comes before the output is looked at. [linux fs/read_write.c do_sendfile] */
static err_t check_sendfile_input(const struct copy *c)
{
    if (!file_is_readable(c->in)) return ERR_BAD_FD;
    if (c->from.address && !c->in->ops->is_seekable) return ERR_SEEK_PIPE;
    return (int64_t)c->bytes < 0 ? ERR_INVALID : OK;
}

static err_t check_sendfile(const struct copy *c)
{
    if (!file_is_writable(c->out)) return ERR_BAD_FD;
    if (!c->in->ops->is_seekable) return ERR_INVALID;
    if (!vnode_is_regular(c->in->vnode) || !c->out->ops->write) return ERR_INVALID;
    return c->out->flags & LINUX_O_APPEND ? ERR_INVALID : OK;
}

int64_t sys_sendfile(uint64_t out_fd, uint64_t in_fd, uint64_t offset, uint64_t bytes)
{
    struct copy c = { .bytes = bytes };
    err_t e = position_read(&c.from, offset);
    if (failed(e)) return e.code;
    e = file_argument(in_fd, &c.in);
    if (failed(e)) return e.code;
    e = check_sendfile_input(&c);
    if (!failed(e)) e = file_argument(out_fd, &c.out);
    if (failed(e)) {
        file_put(c.in);
        return e.code;
    }
    e = check_sendfile(&c);
    int64_t result = failed(e) ? e.code : copy_run(&c);
    files_put(&c);
    return result;
}

static uint64_t start_of(const struct copy_position *p, const struct file *file)
{
    return p->address ? p->value : file->position;
}

/* [linux fs/read_write.c generic_copy_file_checks] */
static err_t check_copy_range(const struct copy *c)
{
    if (vnode_is_directory(c->in->vnode) || vnode_is_directory(c->out->vnode)) return ERR_IS_DIRECTORY;
    if (!vnode_is_regular(c->in->vnode) || !vnode_is_regular(c->out->vnode)) return ERR_INVALID;
    if (!file_is_readable(c->in) || !file_is_writable(c->out)) return ERR_BAD_FD;
    if (c->out->flags & LINUX_O_APPEND) return ERR_BAD_FD;
    if (c->in->vnode->filesystem != c->out->vnode->filesystem) return ERR_CROSS_DEVICE;
    uint64_t in_start = start_of(&c->from, c->in), out_start = start_of(&c->to, c->out), end;
    if (add_overflows(in_start, c->bytes, &end) || add_overflows(out_start, c->bytes, &end))
        return ERR_OVERFLOW;
    uint64_t size = c->in->vnode->size, bytes = in_start < size ? MIN(c->bytes, size - in_start) : 0;
    bool overlaps = in_start < out_start + bytes && out_start < in_start + bytes;
    return c->in->vnode == c->out->vnode && overlaps ? ERR_INVALID : OK;
}

int64_t sys_copy_file_range(uint64_t in_fd, uint64_t in_offset, uint64_t out_fd, uint64_t out_offset,
                            uint64_t bytes, uint64_t flags)
{
    struct copy c = { .bytes = bytes };
    err_t e = files_get(in_fd, out_fd, &c);
    if (failed(e)) return e.code;
    e = position_read(&c.from, in_offset);
    if (!failed(e)) e = position_read(&c.to, out_offset);
    if (!failed(e) && (uint32_t)flags) e = ERR_INVALID;
    if (!failed(e)) e = check_copy_range(&c);
    int64_t result = failed(e) ? e.code : copy_run(&c);
    files_put(&c);
    return result;
}
