/* SPDX-License-Identifier: Apache-2.0 */
/* Pages between pipes and other files. [linux fs/splice.c] for what a program can see: who waits for what, how much one
 * call moves, and which slots it fills.
 *
 * The pipe is busy while the other file is read or written, as Linux holds its mutex then. Files are read into the
 * pipe's own pages and written from them; between pipes a whole page changes hands. */
#include "fs/pipe_internal.h"

#include "lib/string.h"
#include "mm/direct_map.h"

enum { BATCH_PAGES = 16 };

/* Pages to be filled by one read. */
struct batch {
    struct io_segment segments[BATCH_PAGES];
    paddr_t frames[BATCH_PAGES];
    uint32_t count;
    uint64_t bytes;
};

static bool has_room(const struct pipe *p, uint32_t head) { return head - p->tail < p->slot_count; }

/* The first one begins `skip` bytes into its page. */
static void batch_get(struct pipe *p, struct batch *b, uint32_t room, size_t skip, uint64_t bytes)
{
    b->bytes = 0;
    for (b->count = 0; b->count < MIN(room, (uint32_t)BATCH_PAGES) && b->bytes < bytes; b->count++) {
        paddr_t frame = pipe_page_get(p);
        if (is_paddr_none(frame)) return;
        size_t piece = MIN(bytes - b->bytes, PAGE_BYTES - skip);
        b->frames[b->count] = frame;
        b->segments[b->count] = (struct io_segment){ (uint64_t)direct_map(frame) + skip, piece };
        b->bytes += piece;
        skip = 0;
    }
}

/* Puts what was read into slots, and gives back what is left. */
static void batch_put(struct pipe *p, const struct batch *b, uint64_t bytes, uint32_t *head)
{
    for (uint32_t i = 0; i < b->count; i++) {
        const struct io_segment *s = &b->segments[i];
        uint64_t used = MIN(bytes, s->bytes);
        bytes -= used;
        if (used == 0) {
            pipe_page_put(p, b->frames[i]);
            continue;
        }
        *pipe_slot_at(p, (*head)++) = (struct pipe_slot){ .frame = b->frames[i],
                                                          .offset = s->address & (PAGE_BYTES - 1),
                                                          .bytes = (uint16_t)used,
                                                          .is_full = true };
    }
}

/* A slot holds part of one page of the file, as it does where pages are shared. */
static int64_t fill_some(struct pipe *p, uint32_t *head, struct file *from, uint64_t *position,
                         uint64_t bytes)
{
    struct batch b;
    struct io_buffer buffer;
    size_t skip = position ? *position & (PAGE_BYTES - 1) : 0;
    batch_get(p, &b, p->slot_count - (*head - p->tail), skip, bytes);
    if (b.count == 0) return ERR_NO_MEMORY.code;
    io_buffer_init_user(&buffer, b.segments, b.bytes);
    buffer.is_kernel = true;
    int64_t got = file_read(from, &buffer, position);
    batch_put(p, &b, got > 0 ? (uint64_t)got : 0, head);
    return got;
}

static bool has_news(struct file *file)
{
    return file_poll(file) & (LINUX_POLLIN | LINUX_POLLERR | LINUX_POLLHUP | LINUX_POLLRDHUP);
}

int64_t pipe_splice_in(struct file *to, struct file *from, uint64_t *position, uint64_t bytes,
                       bool is_nonblocking)
{
    struct pipe *p = to->context;
    err_t e = pipe_start_writing(p, is_nonblocking, true);
    if (failed(e)) return e.code;
    uint32_t head = p->head;
    uint64_t done = 0;
    int64_t got = ERR_TRY_AGAIN.code;
    bool may_read = position || !is_nonblocking || has_news(from);
    while (may_read && done < bytes && has_room(p, head)) {
        got = fill_some(p, &head, from, position, bytes - done);
        if (got <= 0) break;
        done += (uint64_t)got;
        may_read = position; /* the next bytes of others may be long in coming */
    }
    pipe_give(p, head, p->tail, done > 0);
    return done > 0 ? (int64_t)done : got;
}

static void consume(struct pipe *p, uint64_t bytes, uint32_t *tail)
{
    struct pipe_slot *slot = pipe_slot_at(p, *tail);
    slot->offset += (uint16_t)bytes;
    slot->bytes -= (uint16_t)bytes;
    if (slot->bytes) return;
    pipe_page_put(p, slot->frame);
    (*tail)++;
}

int64_t pipe_splice_out(struct file *from, struct file *to, uint64_t *position, uint64_t bytes,
                        bool is_nonblocking)
{
    struct pipe *p = from->context;
    err_t e;
    if (!pipe_start_reading(p, is_nonblocking, &e)) return e.code;
    uint32_t tail = p->tail;
    uint64_t done = 0;
    int64_t put = 0;
    while (done < bytes && tail != p->head) {
        struct pipe_slot *slot = pipe_slot_at(p, tail);
        struct io_segment segment;
        struct io_buffer buffer;
        uint64_t piece = MIN(bytes - done, (uint64_t)slot->bytes);
        io_buffer_init_kernel(&buffer, &segment, (char *)direct_map(slot->frame) + slot->offset, piece);
        put = file_write(to, &buffer, position);
        if (put <= 0) break;
        consume(p, (uint64_t)put, &tail);
        done += (uint64_t)put;
        if ((uint64_t)put < piece) break;
    }
    pipe_give(p, p->head, tail, false);
    return done > 0 ? (int64_t)done : put;
}

/* ---- between two pipes ---- */

/* Whoever wants both takes the one at the lower address first. */
static void take_both(struct pipe *a, struct pipe *b)
{
    pipe_take(a < b ? a : b);
    pipe_take(a < b ? b : a);
}

/* One slot of `to` from one of `from`: the page itself when all of it goes, else a copy. */
static err_t move_slot(struct pipe *from, struct pipe *to, uint64_t bytes, bool is_kept, uint32_t *tail,
                       uint32_t *head)
{
    struct pipe_slot *source = pipe_slot_at(from, *tail), *target = pipe_slot_at(to, *head);
    if (!is_kept && bytes == source->bytes) {
        *target = *source;
        (*tail)++;
    } else {
        paddr_t frame = pipe_page_get(to);
        if (is_paddr_none(frame)) return ERR_NO_MEMORY;
        memcpy(direct_map(frame), (char *)direct_map(source->frame) + source->offset, bytes);
        *target = (struct pipe_slot){
            .frame = frame, .bytes = (uint16_t)bytes, .is_packet = source->is_packet, .is_full = true
        };
        if (is_kept)
            (*tail)++;
        else
            consume(from, bytes, tail);
    }
    (*head)++;
    return OK;
}

static int64_t move_both_taken(struct pipe *from, struct pipe *to, uint64_t bytes, bool is_kept)
{
    uint32_t tail = from->tail, head = to->head;
    uint64_t done = 0;
    err_t e = OK;
    while (done < bytes && tail != from->head && has_room(to, head)) {
        uint64_t piece = MIN(bytes - done, (uint64_t)pipe_slot_at(from, tail)->bytes);
        e = move_slot(from, to, piece, is_kept, &tail, &head);
        if (failed(e)) break;
        done += piece;
    }
    pipe_give(to, head, to->tail, done > 0);
    pipe_give(from, from->head, is_kept ? from->tail : tail, false);
    return io_result(done, e);
}

int64_t pipe_splice_between(struct file *from, struct file *to, uint64_t bytes, bool is_nonblocking,
                            bool is_kept)
{
    struct pipe *in = from->context, *out = to->context;
    int64_t moved;
    do {
        err_t e;
        if (!pipe_start_reading(in, is_nonblocking, &e)) return e.code;
        pipe_give(in, in->head, in->tail, false);
        e = pipe_start_writing(out, is_nonblocking, true);
        if (failed(e)) return e.code;
        pipe_give(out, out->head, out->tail, false);
        take_both(in, out);
        moved = move_both_taken(in, out, bytes, is_kept); /* 0: somebody else was faster */
    } while (moved == 0 && !is_nonblocking);
    return moved;
}

/* ---- memory ---- */

/* The rest of one page of the program's: that much would one slot share. */
static uint64_t piece_of(struct io_buffer *from)
{
    while (from->segments[from->index].bytes == from->skipped) {
        from->index++;
        from->skipped = 0;
    }
    const struct io_segment *s = &from->segments[from->index];
    uint64_t in_page = PAGE_BYTES - ((s->address + from->skipped) & (PAGE_BYTES - 1));
    uint64_t in_segment = MIN(s->bytes - from->skipped, from->left);
    return MIN(in_segment, in_page);
}

int64_t pipe_splice_from_memory(struct file *file, struct io_buffer *from, bool is_nonblocking)
{
    struct pipe *p = file->context;
    err_t e = pipe_start_writing(p, is_nonblocking, true);
    if (failed(e)) return e.code;
    uint32_t head = p->head;
    uint64_t done = 0;
    while (from->left > 0 && has_room(p, head)) {
        uint64_t bytes = piece_of(from);
        paddr_t frame = pipe_page_get(p);
        e = is_paddr_none(frame) ? ERR_NO_MEMORY : OK;
        if (!failed(e) && io_take(from, direct_map(frame), bytes) < bytes) {
            pipe_page_put(p, frame);
            e = ERR_FAULT;
        }
        if (failed(e)) break;
        *pipe_slot_at(p, head++) =
            (struct pipe_slot){ .frame = frame, .bytes = (uint16_t)bytes, .is_full = true };
        done += bytes;
    }
    pipe_give(p, head, p->tail, done > 0);
    return io_result(done, e);
}
