/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/text_file.h"

#include "abi/linux/fcntl.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { FIRST_CAPACITY = 1024 };

/* What an open file remembers; whose turn the position is holds it. */
struct reader {
    struct text piece;
    uint64_t start;  /* of the piece, in the file */
    uint64_t cursor; /* of the next one */
};

/* ---- pieces ---- */

char *text_reserve(struct text *text, size_t bytes)
{
    if (text->is_short) return NULL;
    size_t capacity = MAX(text->capacity, (size_t)FIRST_CAPACITY);
    while (capacity - text->used < bytes) capacity *= 2;
    if (capacity > text->capacity) {
        char *larger = heap_resize(text->bytes, capacity);
        text->is_short = !larger;
        if (!larger) return NULL;
        text->bytes = larger;
        text->capacity = capacity;
    }
    return text->bytes + text->used;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args;
    for (size_t needed = 1;;) {
        char *to = text_reserve(text, needed);
        if (!to) return;
        size_t room = text->capacity - text->used;
        va_start(args, format);
        needed = format_string_va(to, room, format, args) + 1; /* with the NUL */
        va_end(args);
        if (needed > room) continue;
        text->used += needed - 1;
        return;
    }
}

void text_add_kib(struct text *text, const char *name, uint64_t bytes)
{
    text_add(text, "%-16s%8lu kB\n", name, bytes >> 10);
}

/* ---- reading ---- */

static struct reader *reader_of(struct file *file)
{
    if (!file->context) file->context = heap_alloc_zeroed(sizeof(struct reader));
    return file->context;
}

/* The piece after the one that is there; an empty one is the end. */
static err_t next_piece(struct reader *r, const struct text_source *source)
{
    r->start += r->piece.used;
    r->piece.used = 0;
    source->write(&r->piece, &r->cursor);
    if (!r->piece.is_short) return OK;
    /* From the beginning when it is tried again. */
    r->piece.is_short = false;
    r->start = r->cursor = r->piece.used = 0;
    return ERR_NO_MEMORY;
}

static err_t find_piece(struct reader *r, const struct text_source *source, uint64_t position)
{
    if (position < r->start) r->start = r->cursor = r->piece.used = 0;
    while (position >= r->start + r->piece.used) {
        err_t e = next_piece(r, source);
        if (failed(e) || !r->piece.used) return e;
    }
    return OK;
}

static int64_t read_pieces(struct reader *r, const struct text_source *source, struct io_buffer *to,
                           uint64_t *position)
{
    uint64_t done = 0;
    while (to->left) {
        err_t e = find_piece(r, source, *position);
        if (failed(e)) return io_result(done, e);
        if (!r->piece.used) break;
        size_t inside = *position - r->start, bytes = MIN(r->piece.used - inside, to->left);
        size_t moved = io_put(to, r->piece.bytes + inside, bytes);
        *position += moved;
        done += moved;
        if (moved < bytes) return io_result(done, ERR_FAULT);
    }
    return (int64_t)done;
}

static int64_t text_read(struct file *file, struct io_buffer *to, uint64_t *position)
{
    /* A read at a place of its own waits for its turn as well, since it moves the reader. */
    bool has_turn = position == &file->position;
    if (!has_turn) file_take_position(file);
    struct reader *r = reader_of(file);
    int64_t result =
        r ? read_pieces(r, file->vnode->regular.text, to, position) : (int64_t)ERR_NO_MEMORY.code;
    if (!has_turn) file_give_position(file);
    return result;
}

/* There is no end to seek from: nobody knows it before it is read. */
static err_t text_seek(struct file *file, int64_t offset, uint32_t whence, uint64_t *position)
{
    (void)file;
    int64_t base = whence == LINUX_SEEK_CUR ? (int64_t)*position : 0, target;
    if (whence > LINUX_SEEK_CUR || __builtin_add_overflow(base, offset, &target) || target < 0)
        return ERR_INVALID;
    *position = (uint64_t)target;
    return OK;
}

static void text_release(struct file *file)
{
    struct reader *r = file->context;
    if (r) heap_free(r->piece.bytes);
    heap_free(r);
}

const struct file_ops text_file_ops = {
    .name = "text",
    .is_seekable = true,
    .read = text_read,
    .seek = text_seek,
    .release = text_release,
};
