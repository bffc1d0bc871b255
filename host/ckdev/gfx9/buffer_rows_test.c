/* SPDX-License-Identifier: Apache-2.0 */
/* MUBUF rows on a lone wave: every way to make an address of a resource, and where it ends. [vega-isa 8.1] */
#include "tests/gfx9/element_model.h"
#include "tests/gfx9/rows.h"

enum { ROUNDS = 48, RESOURCE = 8 };

struct buffer {
    struct mnemonic m;
    unsigned address, data; /* VGPRs */
    unsigned offset, scalar_code;
    uint32_t scalar;
    bool has_index, has_offset, glc, lds, tfe;
    /* the resource */
    uint64_t base;
    uint32_t stride, records, index_stride;
    bool swizzled, adds_lane;
};

/* What the four words say. The format's bits are more of the stride where the lane is added. */
static void set_resource(const struct buffer *b)
{
    uint32_t log = (uint32_t)__builtin_ctz(b->index_stride / 8);
    lone_set_sgpr(RESOURCE, (uint32_t)b->base);
    lone_set_sgpr(RESOURCE + 1, (uint32_t)(b->base >> 32 & 0xffff) | (b->stride & 0x3fff) << 16 |
                                    (uint32_t)b->swizzled << 31);
    lone_set_sgpr(RESOURCE + 2, b->records);
    lone_set_sgpr(RESOURCE + 3, 0xfac | (b->adds_lane ? b->stride >> 14 << 15 : lone_below(16) << 15) |
                                    log << 21 | (uint32_t)b->adds_lane << 23);
}

static struct buffer random_buffer(const struct instruction *i)
{
    static const uint32_t strides[] = { 0, 0, 4, 8, 12, 20, 64, 1 };
    struct buffer b = { .m = mnemonic_read(i->name) };
    b.address = lone_below(GFX9_VGPRS - 1);
    b.data = MIN(lone_one_in(4) ? b.address : lone_below(GFX9_VGPRS), GFX9_VGPRS - 5u); /* and a status */
    b.offset = lone_one_in(2) ? lone_below(64) : lone_below(4096);
    b.has_index = lone_random() & 1, b.has_offset = lone_random() & 1, b.glc = lone_random() & 1;
    b.lds = lone_one_in(32) && b.m.kind == MNEMONIC_LOAD && b.m.bytes <= 4 && !b.m.keeps_half;
    b.tfe = !b.lds && lone_one_in(32) && b.m.kind != MNEMONIC_ATOMIC;
    b.base = (lone_one_in(64) ? lone_any_place(1, 1) : lone_place(1, 16)) & 0xffffffffffff;
    b.stride = strides[lone_below(ARRAY_LENGTH(strides))];
    b.index_stride = 8u << lone_below(4);
    b.swizzled = lone_random() & 1, b.adds_lane = lone_one_in(3);
    if (b.adds_lane && lone_one_in(4)) b.stride |= lone_below(16) << 14;
    b.records = lone_one_in(3) ? lone_below(64) : lone_one_in(2) ? lone_below(4096) : lone_operand();
    b.scalar_code = lone_one_in(2) ? 128 + lone_below(65) : 40;
    b.scalar = b.scalar_code == 40 ? lone_below(512) : b.scalar_code - 128;
    return b;
}

static struct element_place place_of(const struct buffer *b, unsigned lane)
{
    uint64_t index = (b->adds_lane ? lane : 0), offset = b->offset;
    if (b->has_index) index += lone.wave->vgpr[b->address][lane];
    if (b->has_offset) offset += lone.wave->vgpr[b->address + b->has_index][lane];
    struct element_place place = { 0 };
    /* Records are counted where the instruction has an index and they have a size, bytes elsewhere. */
    if (b->has_index && b->stride)
        place.is_nowhere = index >= b->records || (b->swizzled && offset >= b->stride);
    else
        place.is_nowhere = offset + b->m.bytes > b->records;
    for (unsigned k = 0; k < ELEMENT_MODEL_BYTES; k++) {
        uint64_t at = offset + k, in_buffer = index * b->stride + at;
        if (b->swizzled) {
            uint64_t row = index / b->index_stride, column = index % b->index_stride;
            in_buffer = (row * b->stride + at / 4 * 4) * b->index_stride + column * 4 + at % 4;
        }
        place.byte[k] = b->base + b->scalar + in_buffer;
    }
    if (b->m.kind == MNEMONIC_ATOMIC) /* one access, whatever the swizzle does to its later bytes */
        for (unsigned k = 1; k < ELEMENT_MODEL_BYTES; k++) place.byte[k] = place.byte[0] + k;
    return place;
}

static void set_buffer_scene(const struct buffer *b)
{
    set_resource(b);
    lone_set_sgpr(40, b->scalar_code == 40 ? b->scalar : 0);
    uint32_t end = MIN(b->records, 300u);
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint32_t index = lone_one_in(256) ? lone_operand() : lone_below(end + 2),
                 offset = lone_one_in(256) ? lone_operand() : lone_below(MIN(b->records, 1024u) + 8);
        if (b->stride && lone_one_in(2)) offset %= b->stride;
        if (!lone_one_in(4)) offset -= (offset + b->offset) % b->m.bytes;
        if (b->has_index) lone_set_vgpr(b->address, lane, index);
        if (b->has_offset) lone_set_vgpr(b->address + b->has_index, lane, offset);
    }
    for (unsigned lane = 0; b->m.kind == MNEMONIC_ATOMIC && lane < LANES; lane++) {
        struct element_place place = place_of(b, lane);
        element_prepare_atomic(&b->m, &place, lane, b->data, b->data + b->m.bytes / 4);
    }
}

static void check_buffer(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        lone_begin();
        struct buffer b = random_buffer(i);
        uint32_t words[2] = { 0xe0000000 | (uint32_t)i->opcode << 18 | (uint32_t)b.lds << 16 |
                                  (uint32_t)b.glc << 14 | (uint32_t)b.has_index << 13 |
                                  (uint32_t)b.has_offset << 12 | b.offset,
                              b.address | b.data << 8 | RESOURCE / 4 << 16 | (uint32_t)b.tfe << 23 |
                                  b.scalar_code << 24 };
        set_buffer_scene(&b);
        if (b.lds || b.tfe) lone.error = GFX9_ERROR_INSTRUCTION; /* both are refused */
        for (unsigned lane = 0; lane < LANES && lone.error == GFX9_ERROR_NONE; lane++) {
            struct element_place place = place_of(&b, lane);
            if (WAVE_EXEC(lone.wave) >> lane & 1)
                element_move(&b.m, &place, lane, b.data, b.data, b.data + b.m.bytes / 4, b.glc);
        }
        lone_run(words);
        lone_check(i->name);
    }
}

static bool is_cache_control(const struct instruction *i)
{
    return i->encoding == MUBUF && strncmp(i->name, "buffer_wb", 9) == 0;
}
static bool is_buffer(const struct instruction *i) { return i->encoding == MUBUF && !is_cache_control(i); }
static void check_cache_control(const struct instruction *i)
{
    uint32_t words[2] = { 0xe0000000 | (uint32_t)i->opcode << 18, 0 };
    lone_begin();
    lone_run(words);
    lone_check(i->name);
}

ROW_MODEL(buffers_are_addressed_by_record_offset_and_swizzle_up_to_their_end, is_buffer, check_buffer)
ROW_MODEL(writing_back_the_vector_cache_changes_nothing, is_cache_control, check_cache_control)
