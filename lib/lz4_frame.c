/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor steps through frames and blocks; sizing and decoding are two walks with the same cursor.
 *
 * Upstream's frame code wants an allocator and decodes piecewise into buffers of its own. Here the
 * whole input and the whole output lie in memory, which leaves little to do. */
#include "lib/lz4_frame.h"

#include "lib/bits.h"
#include "lib/lz4_block.h"
#include "lib/string.h"
#include "lib/xxh32.h"

#define MAGIC_FRAME          0x184d2204u
#define MAGIC_LEGACY         0x184c2102u
#define MAGIC_SKIPPABLE      0x184d2a50u /* to ...5f */
#define MAGIC_SKIPPABLE_MASK 0xfffffff0u
#define BLOCK_IS_STORED      0x80000000u

enum {
    LEGACY_BLOCK_MAX = 8 << 20, /* contents; only a frame's last block is smaller */
    LEGACY_BLOCK_BYTES_MAX = LEGACY_BLOCK_MAX + LEGACY_BLOCK_MAX / 255 + 16, /* where nothing repeats */
    WINDOW_BYTES = 64 << 10, /* how far back a linked block may refer */

    FLAG_DICTIONARY = 1 << 0,
    FLAG_RESERVED = 1 << 1,
    FLAG_CONTENT_CHECKSUM = 1 << 2,
    FLAG_CONTENT_SIZE = 1 << 3,
    FLAG_BLOCK_CHECKSUMS = 1 << 4,
    FLAG_INDEPENDENT = 1 << 5,
    VERSION_SHIFT = 6,
};

struct cursor {
    const uint8_t *at, *end;
};

struct frame {
    bool is_legacy, is_linked;
    bool has_block_checksums, has_content_checksum, has_content_bytes;
    uint32_t block_max; /* bytes of contents */
    uint64_t content_bytes;
};

struct block {
    const uint8_t *data;
    uint32_t bytes;
    bool is_stored;
};

static err_t refuse(const char **why, const char *text)
{
    *why = text;
    return ERR_INVALID;
}

static size_t left_in(const struct cursor *c) { return (size_t)(c->end - c->at); }

static bool take_u32(struct cursor *c, uint32_t *out)
{
    if (left_in(c) < 4) return false;
    *out = load_u32(c->at);
    c->at += 4;
    return true;
}

static bool is_frame_magic(uint32_t magic)
{
    return magic == MAGIC_FRAME || magic == MAGIC_LEGACY || (magic & MAGIC_SKIPPABLE_MASK) == MAGIC_SKIPPABLE;
}

bool lz4_is_frame(const void *in, size_t in_bytes)
{
    if (in_bytes < 4) return false;
    uint32_t magic = load_u32(in);
    return magic == MAGIC_FRAME || magic == MAGIC_LEGACY;
}

/* ---- frames ---- */

/* Behind the magic: flags, block size, optional content size, one byte of checksum over these. */
static err_t parse_descriptor(struct cursor *c, struct frame *frame, const char **why)
{
    const uint8_t *start = c->at;
    if (left_in(c) < 3) return refuse(why, "the LZ4 data ends inside a frame header");
    uint8_t flags = start[0], size_code = start[1] >> 4 & 7;
    if (flags >> VERSION_SHIFT != 1) return refuse(why, "an LZ4 frame has an unknown version");
    if ((flags & FLAG_RESERVED) || (start[1] & 0x8f))
        return refuse(why, "an LZ4 frame has reserved bits set");
    if (flags & FLAG_DICTIONARY) return refuse(why, "an LZ4 frame wants a dictionary");
    if (size_code < 4) return refuse(why, "an LZ4 frame has an unknown block size");
    uint32_t bytes = flags & FLAG_CONTENT_SIZE ? 10 : 2;
    if (left_in(c) < bytes + 1) return refuse(why, "the LZ4 data ends inside a frame header");
    if (start[bytes] != (uint8_t)(xxh32(start, bytes, 0) >> 8))
        return refuse(why, "an LZ4 frame header has a wrong checksum");
    c->at += bytes + 1;
    *frame = (struct frame){
        .is_linked = !(flags & FLAG_INDEPENDENT),
        .has_block_checksums = flags & FLAG_BLOCK_CHECKSUMS,
        .has_content_checksum = flags & FLAG_CONTENT_CHECKSUM,
        .has_content_bytes = flags & FLAG_CONTENT_SIZE,
        .block_max = 1u << (8 + 2 * size_code), /* 64 KiB, 256 KiB, 1 MiB, 4 MiB */
        .content_bytes = flags & FLAG_CONTENT_SIZE ? load_u64(start + 2) : 0,
    };
    return OK;
}

static err_t skip_skippable(struct cursor *c, const char **why)
{
    uint32_t bytes;
    if (!take_u32(c, &bytes) || bytes > left_in(c))
        return refuse(why, "the LZ4 data ends inside a skippable frame");
    c->at += bytes;
    return OK;
}

static bool is_padding(const struct cursor *c) { return is_all_zero(c->at, left_in(c)); }

/* ERR_NOT_FOUND behind the last frame. */
static err_t next_frame(struct cursor *c, struct frame *frame, const char **why)
{
    uint32_t magic;
    for (;;) {
        if (is_padding(c)) return ERR_NOT_FOUND;
        if (!take_u32(c, &magic) || !is_frame_magic(magic))
            return refuse(why, "no LZ4 frame where one should start");
        if (magic == MAGIC_FRAME) return parse_descriptor(c, frame, why);
        if (magic == MAGIC_LEGACY) {
            *frame = (struct frame){ .is_legacy = true, .block_max = LEGACY_BLOCK_MAX };
            return OK;
        }
        err_t e = skip_skippable(c, why);
        if (failed(e)) return e;
    }
}

/* ---- blocks ---- */

/* A legacy frame has no end mark: it lasts to the end of the data, to padding or to another frame. */
static err_t next_legacy_block(struct cursor *c, struct block *block, const char **why)
{
    if (c->at == c->end) return ERR_NOT_FOUND;
    uint32_t bytes;
    if (!take_u32(c, &bytes))
        return is_padding(c) ? ERR_NOT_FOUND : refuse(why, "the LZ4 data ends inside a block");
    if (bytes == 0 || is_frame_magic(bytes)) {
        c->at -= 4;
        return ERR_NOT_FOUND;
    }
    if (bytes > LEGACY_BLOCK_BYTES_MAX) return refuse(why, "an LZ4 block is too large");
    if (bytes > left_in(c)) return refuse(why, "the LZ4 data ends inside a block");
    *block = (struct block){ c->at, bytes, false };
    c->at += bytes;
    return OK;
}

/* ERR_NOT_FOUND at the frame's end; what follows there is left to finish_frame(). */
static err_t next_block(struct cursor *c, const struct frame *frame, struct block *block, const char **why)
{
    if (frame->is_legacy) return next_legacy_block(c, block, why);
    uint32_t word;
    if (!take_u32(c, &word)) return refuse(why, "the LZ4 data ends inside a frame");
    if (word == 0) return ERR_NOT_FOUND;
    uint32_t bytes = word & ~BLOCK_IS_STORED;
    if (bytes > frame->block_max) return refuse(why, "an LZ4 block is too large");
    if (bytes > left_in(c)) return refuse(why, "the LZ4 data ends inside a block");
    *block = (struct block){ c->at, bytes, word & BLOCK_IS_STORED };
    c->at += bytes;
    uint32_t checksum;
    if (!frame->has_block_checksums) return OK;
    if (!take_u32(c, &checksum)) return refuse(why, "the LZ4 data ends inside a block");
    return OK;
}

/* A length of 15 goes on in further bytes, as long as these are 255. */
static bool take_length(struct cursor *c, uint64_t *length)
{
    uint8_t byte;
    if (*length < 15) return true;
    do {
        if (c->at == c->end) return false;
        byte = *c->at++;
        *length += byte;
    } while (byte == 255);
    return true;
}

/* What the block's sequences add up to: literals, then a match of at least 4 bytes, ...; the last
 * one ends with its literals. [lz4-block-format] */
static err_t sized_block(const struct block *block, uint64_t *contents, const char **why)
{
    static const char torn[] = "an LZ4 block is torn";
    *contents = block->bytes;
    if (block->is_stored) return OK;
    struct cursor c = { block->data, block->data + block->bytes };
    uint64_t total = 0;
    while (c.at < c.end) {
        uint8_t token = *c.at++;
        uint64_t literals = token >> 4, match = token & 15;
        if (!take_length(&c, &literals) || literals > left_in(&c)) return refuse(why, torn);
        c.at += literals;
        total += literals;
        if (c.at == c.end) {
            *contents = total;
            return OK;
        }
        if (left_in(&c) < 2) return refuse(why, torn);
        c.at += 2; /* the match's offset */
        if (!take_length(&c, &match)) return refuse(why, torn);
        total += match + 4;
    }
    return refuse(why, torn);
}

static err_t size_frame(struct cursor *c, const struct frame *frame, uint64_t *total, const char **why)
{
    struct block block;
    uint64_t contents, before = *total;
    for (;;) {
        err_t e = next_block(c, frame, &block, why);
        if (e.code == ERR_NOT_FOUND.code) break;
        if (!failed(e)) e = sized_block(&block, &contents, why);
        if (failed(e)) return e;
        if (contents > frame->block_max) return refuse(why, "an LZ4 block's contents are too large");
        *total += contents;
    }
    uint32_t checksum;
    if (frame->has_content_checksum && !take_u32(c, &checksum))
        return refuse(why, "the LZ4 data ends in front of a frame's checksum");
    if (frame->has_content_bytes && *total - before != frame->content_bytes)
        return refuse(why, "an LZ4 frame's contents do not have the size it announced");
    return OK;
}

err_t lz4_frame_content_bytes(const void *in, size_t in_bytes, uint64_t *out_bytes, const char **why)
{
    struct cursor c = { in, (const uint8_t *)in + in_bytes };
    struct frame frame;
    uint64_t total = 0;
    if (!lz4_is_frame(in, in_bytes)) return refuse(why, "not LZ4 data");
    for (;;) {
        err_t e = next_frame(&c, &frame, why);
        if (e.code == ERR_NOT_FOUND.code) break;
        if (!failed(e)) e = size_frame(&c, &frame, &total, why);
        if (failed(e)) return e;
    }
    *out_bytes = total;
    return OK;
}

/* ---- contents ---- */

struct output {
    uint8_t *start, *at, *end;
};

static err_t no_space(const char **why)
{
    *why = "the LZ4 contents do not fit";
    return ERR_NO_SPACE;
}

static err_t decompress_block(const struct frame *frame, const struct block *block,
                              const uint8_t *frame_start, struct output *out, const char **why)
{
    size_t room = (size_t)(out->end - out->at);
    if (block->is_stored) {
        if (block->bytes > room) return no_space(why);
        memcpy(out->at, block->data, block->bytes);
        out->at += block->bytes;
        return OK;
    }
    size_t window = frame->is_linked ? MIN((size_t)(out->at - frame_start), (size_t)WINDOW_BYTES) : 0;
    size_t capacity = MIN(room, (size_t)frame->block_max);
    int got = lz4_block_decompress(block->data, block->bytes, out->at, capacity, window);
    if (got >= 0) {
        out->at += got;
        return OK;
    }
    uint64_t contents;
    err_t e = sized_block(block, &contents, why);
    if (failed(e)) return e;
    if (contents == 0) return OK; /* with no room left, the decompressor takes one form of it only */
    if (contents > frame->block_max) return refuse(why, "an LZ4 block's contents are too large");
    return contents > room ? no_space(why) : refuse(why, "an LZ4 block refers to data in front of the frame");
}

static err_t decompress_frame(struct cursor *c, const struct frame *frame, struct output *out,
                              const char **why)
{
    const uint8_t *frame_start = out->at;
    struct block block;
    for (;;) {
        err_t e = next_block(c, frame, &block, why);
        if (e.code == ERR_NOT_FOUND.code) break;
        if (failed(e)) return e;
        if (frame->has_block_checksums &&
            load_u32(block.data + block.bytes) != xxh32(block.data, block.bytes, 0))
            return refuse(why, "an LZ4 block has a wrong checksum");
        e = decompress_block(frame, &block, frame_start, out, why);
        if (failed(e)) return e;
    }
    uint32_t checksum;
    size_t contents = (size_t)(out->at - frame_start);
    if (frame->has_content_checksum) {
        if (!take_u32(c, &checksum)) return refuse(why, "the LZ4 data ends in front of a frame's checksum");
        if (checksum != xxh32(frame_start, contents, 0))
            return refuse(why, "an LZ4 frame's contents have a wrong checksum");
    }
    if (frame->has_content_bytes && contents != frame->content_bytes)
        return refuse(why, "an LZ4 frame's contents do not have the size it announced");
    return OK;
}

err_t lz4_frame_decompress(const void *in, size_t in_bytes, void *out, size_t capacity, size_t *out_bytes,
                           const char **why)
{
    struct cursor c = { in, (const uint8_t *)in + in_bytes };
    struct output output = { out, out, (uint8_t *)out + capacity };
    struct frame frame;
    if (!lz4_is_frame(in, in_bytes)) return refuse(why, "not LZ4 data");
    for (;;) {
        err_t e = next_frame(&c, &frame, why);
        if (e.code == ERR_NOT_FOUND.code) break;
        if (!failed(e)) e = decompress_frame(&c, &frame, &output, why);
        if (failed(e)) return e;
    }
    *out_bytes = (size_t)(output.at - output.start);
    return OK;
}
