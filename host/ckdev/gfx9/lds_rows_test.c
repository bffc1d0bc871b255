/* SPDX-License-Identifier: Apache-2.0 */
/* DS rows on a lone wave: memory of the work-group, and lanes that exchange values. [vega-isa 12.15] */
#include "tests/gfx9/element_model.h"
#include "tests/gfx9/rows.h"

enum { ROUNDS = 32 };

static const char *const between_lanes[] = {
    "ds_swizzle_b32", "ds_permute_b32", "ds_bpermute_b32", "ds_append", "ds_consume",
};

static bool is_between_lanes(const struct instruction *i)
{
    for (unsigned k = 0; k < ARRAY_LENGTH(between_lanes); k++)
        if (strcmp(i->name, between_lanes[k]) == 0) return true;
    return false;
}

static bool is_nop(const struct instruction *i) { return strcmp(i->name, "ds_nop") == 0; }

static bool is_memory(const struct instruction *i)
{
    return i->encoding == DS && !is_between_lanes(i) && !is_nop(i);
}

struct ds {
    struct mnemonic m;
    unsigned address, data, second, dest; /* VGPRs */
    unsigned offset;                      /* of 16 bits; in pairs: two of 8 */
    bool has_data, has_second, has_dest, gds;
};

static void ds_words(const struct instruction *i, const struct ds *d, uint32_t words[2])
{
    words[0] = 0xd8000000 | (uint32_t)i->opcode << 17 | (uint32_t)d->gds << 16 | d->offset;
    words[1] = (d->m.by_lane ? 0 : d->address) | (d->has_data ? d->data << 8 : 0) |
               (d->has_second ? d->second << 16 : 0) | (d->has_dest ? d->dest << 24 : 0);
}

static unsigned offset_of(const struct ds *d, unsigned element)
{
    if (d->m.elements == 1) return d->offset;
    return (d->offset >> 8 * element & 0xff) * d->m.bytes * d->m.stride;
}

/* Bytes wrap at 32 bits: a negative register and a positive offset meet in memory. */
static struct element_place place_of(const struct ds *d, unsigned lane, unsigned element)
{
    uint32_t base =
        d->m.by_lane ? (WAVE_M0(lone.wave) & 0xffff) + 4 * lane : lone.wave->vgpr[d->address][lane];
    return element_at((uint32_t)(base + offset_of(d, element)), true);
}

static uint32_t random_lds_address(const struct mnemonic *m)
{
    uint32_t end = lone.group->lds_bytes;
    if (lone_one_in(32) || end == 0) return lone_operand();
    if (lone_one_in(32)) return end - lone_below(2 * m->bytes);
    uint32_t address = lone_below(end);
    return lone_one_in(4) ? address : address - address % m->bytes;
}

static struct ds random_ds(const struct instruction *i)
{
    struct ds d = { .m = mnemonic_read(i->name) };
    const char *o = d.m.operation;
    d.has_data = d.m.kind != MNEMONIC_LOAD;
    d.has_second = (d.has_data && d.m.elements == 2) || mnemonic_compares(&d.m) || strcmp(o, "mskor") == 0 ||
                   strcmp(o, "wrap") == 0;
    d.has_dest = d.m.kind == MNEMONIC_LOAD || d.m.returns;
    d.address = lone_below(GFX9_VGPRS);
    d.data = lone_below(GFX9_VGPRS - 3);
    d.second = lone_below(GFX9_VGPRS - 3);
    d.dest = lone_one_in(4) ? MIN(d.address, GFX9_VGPRS - 4u) : lone_below(GFX9_VGPRS - 3);
    d.offset = lone_one_in(2) ? lone_random() & 0xffff : lone_random() & 0x0303;
    d.gds = lone_one_in(16);
    return d;
}

static void set_ds_scene(const struct ds *d)
{
    lone_set_sgpr(SRC_M0, lone_below(2048) | lone_random() << 16);
    for (unsigned lane = 0; lane < LANES; lane++)
        lone_set_vgpr(d->address, lane, random_lds_address(&d->m) - offset_of(d, 0));
    for (unsigned lane = 0; d->m.kind == MNEMONIC_ATOMIC && lane < LANES; lane++) {
        struct element_place place = place_of(d, lane, 0);
        element_prepare_atomic(&d->m, &place, lane, d->data, d->second);
    }
}

static void model_ds(const struct ds *d)
{
    /* Stores: the first elements of all lanes go before the second ones. Exchanges: lane by lane. */
    unsigned passes = d->m.kind == MNEMONIC_ATOMIC ? 1 : d->m.elements;
    for (unsigned step = 0; step < passes * LANES; step++) {
        unsigned lane = step % LANES, first = passes == 1 ? 0 : step / LANES,
                 end = passes == 1 ? d->m.elements : first + 1;
        if (!(WAVE_EXEC(lone.wave) >> lane & 1)) continue;
        for (unsigned element = first; element < end; element++) {
            struct element_place place = place_of(d, lane, element);
            unsigned data = element ? d->second : d->data, dest = d->dest + element * (d->m.bytes / 4);
            element_move(&d->m, &place, lane, dest, data, d->second, d->m.returns);
        }
    }
}

static void check_memory(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t words[2];
        lone_begin();
        struct ds d = random_ds(i);
        set_ds_scene(&d);
        ds_words(i, &d, words);
        if (d.gds)
            lone.error = GFX9_ERROR_INSTRUCTION; /* there is no global data share */
        else
            model_ds(&d);
        lone_run(words);
        lone_check(i->name);
    }
}

ROW_MODEL(work_group_memory_is_read_written_and_changed_as_the_names_say, is_memory, check_memory)

/* ---- between lanes ---- */

/* The lane whose value ds_swizzle gives to `lane`. */
static unsigned swizzle_source(unsigned lane, unsigned pattern)
{
    unsigned half = lane / 32 * 32, n = lane % 32;
    if (pattern >= 0xc000) {
        unsigned kept = pattern % 32, turn = pattern / 32 % 32;
        unsigned turned = (pattern & 0x400 ? n + 32 - turn : n + turn) % 32;
        unsigned source = 0;
        for (unsigned bit = 0; bit < 5; bit++) source |= ((kept >> bit & 1 ? n : turned) & 1u << bit);
        return half + source;
    }
    if (pattern >= 0x8000) return lane / 4 * 4 + (pattern >> lane % 4 * 2 & 3);
    return half + (((n & pattern % 32) | pattern / 32 % 32) ^ pattern / 1024 % 32);
}

static void model_exchange(const char *name, const struct ds *d)
{
    uint64_t exec = WAVE_EXEC(lone.wave);
    const uint32_t *address = lone.wave->vgpr[d->address], *data = lone.wave->vgpr[d->data];
    for (unsigned lane = 0; lane < LANES; lane++) {
        unsigned from = 0;
        uint32_t result = 0;
        if (strcmp(name, "ds_swizzle_b32") == 0) {
            from = swizzle_source(lane, d->offset);
            if (exec >> from & 1) result = address[from];
        } else if (strcmp(name, "ds_bpermute_b32") == 0) {
            from = (address[lane] + d->offset) % 256 / 4;
            if (exec >> from & 1) result = data[from];
        } else { /* ds_permute_b32: the last lane that sends here wins */
            for (from = 0; from < LANES; from++)
                if (exec >> from & 1 && (address[from] + d->offset) % 256 / 4 == lane) result = data[from];
        }
        if (exec >> lane & 1) lone.model->vgpr[d->dest][lane] = result;
    }
}

/* M0 has the counter's address, as compilers set it. */
static void model_count(const char *name, const struct ds *d)
{
    uint64_t exec = WAVE_EXEC(lone.wave);
    uint32_t count = (uint32_t)__builtin_popcountll(exec), old = 0, new;
    uint64_t at = (WAVE_M0(lone.wave) & 0xffff) + d->offset;
    bool inside = at + 4 <= lone.group->lds_bytes;
    if (!exec) return;
    if (inside) memcpy(&old, lone.model_lds + at, 4);
    new = strcmp(name, "ds_append") == 0 ? old + count : old - count;
    if (inside) memcpy(lone.model_lds + at, &new, 4);
    for (unsigned lane = 0; lane < LANES; lane++)
        if (exec >> lane & 1) lone.model->vgpr[d->dest][lane] = old;
}

static void check_between_lanes(const struct instruction *i)
{
    bool counts = strcmp(i->name, "ds_append") == 0 || strcmp(i->name, "ds_consume") == 0;
    bool swizzles = strcmp(i->name, "ds_swizzle_b32") == 0;
    for (unsigned round = 0; round < 4 * ROUNDS; round++) {
        uint32_t words[2];
        lone_begin();
        struct ds d = random_ds(i);
        d.has_data = !counts && !swizzles;
        d.has_dest = true;
        d.gds &= !d.has_data;
        d.m.by_lane = counts; /* no address */
        if (counts) d.offset &= 0xfff;
        lone_set_sgpr(SRC_M0, lone_below(5000) | lone_random() << 16);
        for (unsigned lane = 0; lane < LANES; lane++) lone_set_vgpr(d.address, lane, lone_random());
        if (d.gds || (swizzles && d.offset >= 0xe000))
            lone.error = GFX9_ERROR_INSTRUCTION; /* and there is no FFT pattern */
        else if (counts)
            model_count(i->name, &d);
        else
            model_exchange(i->name, &d);
        ds_words(i, &d, words);
        lone_run(words);
        lone_check(i->name);
    }
}

static bool is_ds_between_lanes(const struct instruction *i)
{
    return i->encoding == DS && is_between_lanes(i);
}
ROW_MODEL(lanes_swizzle_permute_and_count_themselves_as_the_manual_says, is_ds_between_lanes,
          check_between_lanes)

static bool is_ds_nop(const struct instruction *i) { return i->encoding == DS && is_nop(i); }
static void check_nop(const struct instruction *i)
{
    uint32_t words[2] = { 0xd8000000 | (uint32_t)i->opcode << 17, 0 };
    lone_begin();
    lone_run(words);
    lone_check(i->name);
}
ROW_MODEL(an_idle_work_group_memory_instruction_changes_nothing, is_ds_nop, check_nop)
