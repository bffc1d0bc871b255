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

void text_add_set(struct text *text, uint64_t set)
{
    const char *separator = "";
    while (set) {
        uint32_t first = (uint32_t)__builtin_ctzll(set);
        uint64_t above = ~(set >> first);
        uint32_t last = first + (above ? (uint32_t)__builtin_ctzll(above) : 64) - 1;
        text_add(text, last > first ? "%s%u-%u" : "%s%u", separator, first, last);
        set &= last == 63 ? 0 : ~0ull << (last + 1);
        separator = ",";
    }
}

static void write_constant(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    text_add(text, "%s", (const char *)text->node->row->argument);
}

static void write_number(struct text *text, uint64_t *cursor)
{
    uint64_t (*number)(void) = (uint64_t (*)(void))text->node->row->argument;
    if ((*cursor)++) return;
    text_add(text, "%lu\n", number());
}

static err_t open_for_reading(const struct made_node *node, uint32_t flags)
{
    (void)node;
    return (flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY ? OK : ERR_ACCESS;
}

const struct text_source text_constant = { .write = write_constant, .open = open_for_reading };
const struct text_source text_number = { .write = write_number, .open = open_for_reading };

/* ---- numbers that can be set ---- */

static void write_limit(struct text *text, uint64_t *cursor)
{
    const uint32_t *limit = (const uint32_t *)text->node->row->argument;
    if (!(*cursor)++) text_add(text, "%u\n", __atomic_load_n(limit, __ATOMIC_RELAXED));
}

static err_t store_limit(const struct made_node *node, const char *bytes, size_t count)
{
    uint64_t number;
    (void)count;
    err_t e = text_parse_number(bytes, INT32_MAX, &number);
    if (!failed(e)) __atomic_store_n((uint32_t *)node->row->argument, (uint32_t)number, __ATOMIC_RELAXED);
    return e;
}

const struct text_source text_limit = { .write = write_limit, .store = store_limit };

/* ---- reading ---- */

static struct reader *reader_of(struct file *file)
{
    struct reader *r = file->context;
    if (r) return r;
    r = file->context = heap_alloc_zeroed(sizeof(*r));
    if (r) r->piece.node = file->vnode->made;
    return r;
}

static void rewind_to_start(struct reader *r) { r->start = r->cursor = r->piece.used = 0; }

/* The piece after the one that is there; an empty one is the end. */
static err_t next_piece(struct reader *r, const struct text_source *source)
{
    r->start += r->piece.used;
    r->piece.used = 0;
    source->write(&r->piece, &r->cursor);
    err_t e = r->piece.is_short ? ERR_NO_MEMORY : r->piece.error;
    if (!failed(e)) return OK;
    /* From the beginning when it is tried again. */
    r->piece.is_short = false;
    r->piece.error = OK;
    rewind_to_start(r);
    return e;
}

static err_t find_piece(struct reader *r, const struct text_source *source, uint64_t position)
{
    if (position < r->start || position == 0) rewind_to_start(r);
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
        r ? read_pieces(r, file->vnode->made->row->text, to, position) : (int64_t)ERR_NO_MEMORY.code;
    if (!has_turn) file_give_position(file);
    return result;
}

static int64_t store(struct file *file, const struct text_source *source, struct io_buffer *from,
                     uint64_t *position)
{
    char *bytes = heap_alloc(TEXT_STORE_MAX + 1);
    if (!bytes) return ERR_NO_MEMORY.code;
    size_t wanted = MIN(from->left, (uint64_t)TEXT_STORE_MAX), count = io_take(from, bytes, wanted);
    bytes[count] = '\0';
    err_t e = count < wanted ? ERR_FAULT : source->store(file->vnode->made, bytes, count);
    heap_free(bytes);
    if (failed(e)) return e.code;
    *position += count;
    return (int64_t)count;
}

static int64_t text_write(struct file *file, struct io_buffer *from, uint64_t *position)
{
    const struct text_source *source = file->vnode->made->row->text;
    return source->store ? store(file, source, from, position) : ERR_INVALID.code;
}

err_t text_parse_number(const char *bytes, uint64_t most, uint64_t *out)
{
    uint64_t number = 0;
    while (*bytes == ' ' || *bytes == '\t') bytes++;
    const char *first = bytes;
    for (; *bytes >= '0' && *bytes <= '9'; bytes++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*bytes - '0'), &number))
            return ERR_INVALID;
    bool is_empty = bytes == first;
    while (*bytes == ' ' || *bytes == '\t' || *bytes == '\n') bytes++;
    *out = number;
    return is_empty || *bytes || number > most ? ERR_INVALID : OK;
}

static err_t text_open(struct file *file)
{
    const struct made_node *node = file->vnode->made;
    return node->row->text->open ? node->row->text->open(node, file->flags) : OK;
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
    .is_spliceable = true,
    .read = text_read,
    .write = text_write,
    .reopen = text_open,
    .seek = text_seek,
    .release = text_release,
};
