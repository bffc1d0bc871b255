/* SPDX-License-Identifier: Apache-2.0 */
/* FLAT rows on a lone wave, each as flat_, global_ and scratch_: where a lane's address leads, and what happens
 * there. [vega-isa 9], [llvm-amdgpu, Flat Scratch] */
#include "tests/gfx9/element_model.h"
#include "tests/gfx9/rows.h"

#include <stdio.h>

enum { ROUNDS = 24, OFF = 0x7f };

struct flat {
    struct mnemonic m;
    unsigned segment, address, data, dest, sgpr;
    int offset;
    bool has_sgpr, glc, lds;
};

static unsigned private_bytes(void) { return lone.group->dispatch->launch.scratch_wave_bytes / LANES; }

/* Private memory: the lanes' dwords side by side. Outside of it a fault names the private address. */
static struct element_place private_place(unsigned lane, uint64_t offset)
{
    struct element_place place = { .is_loose = true };
    uint64_t base = lone.wave->sgpr[102] | (uint64_t)lone.wave->sgpr[103] << 32;
    for (unsigned k = 0; k < ELEMENT_MODEL_BYTES; k++) {
        uint64_t at = offset + k;
        place.byte[k] =
            at < private_bytes() ? base + at / 4 * 256 + lane * 4 + at % 4 : GFX9_SCRATCH_APERTURE + at;
    }
    return place;
}

static struct element_place place_of(const struct flat *f, unsigned lane)
{
    uint64_t low = lone.wave->vgpr[f->address][lane], offset = (uint64_t)f->offset;
    if (f->segment == SEGMENT_SCRATCH)
        return private_place(lane, (uint32_t)((f->has_sgpr ? lone.wave->sgpr[f->sgpr] : low) + offset));
    uint64_t high = f->has_sgpr ? 0 : (uint64_t)lone.wave->vgpr[f->address + 1][lane] << 32;
    uint64_t base = f->has_sgpr ? lone.wave->sgpr[f->sgpr] | (uint64_t)lone.wave->sgpr[f->sgpr + 1] << 32 : 0;
    uint64_t address = base + (high | low) + offset;
    if (f->segment == SEGMENT_FLAT && address >> 32 == GFX9_LDS_APERTURE >> 32)
        return element_at((uint32_t)address, true);
    if (f->segment == SEGMENT_FLAT && address >> 32 == GFX9_SCRATCH_APERTURE >> 32)
        return private_place(lane, (uint32_t)address);
    return element_at(address, false);
}

static uint64_t random_target(const struct flat *f)
{
    uint64_t in_private = lone_one_in(64) ? lone_operand() : lone_below(MAX(private_bytes(), 16u) - 15);
    if (f->segment == SEGMENT_SCRATCH) return in_private;
    if (f->segment == SEGMENT_FLAT && lone_one_in(4)) return GFX9_SCRATCH_APERTURE + (uint32_t)in_private;
    if (f->segment == SEGMENT_FLAT && lone_one_in(3))
        return GFX9_LDS_APERTURE + lone_below(lone_one_in(8) ? UINT32_MAX : lone.group->lds_bytes + 8);
    return lone_any_place(f->m.bytes, f->m.bytes == 12 ? 4 : f->m.bytes);
}

static void set_flat_scene(const struct flat *f)
{
    lone.group->dispatch->launch.scratch_wave_bytes = LANES * 16 * lone_below(5);
    uint64_t scratch = lone_one_in(8) ? lone_any_place(1, 4) : lone_place(4096, 4) & ~3ull;
    lone_set_sgpr(102, (uint32_t)scratch);
    lone_set_sgpr(103, (uint32_t)(scratch >> 32));
    uint64_t base = f->segment == SEGMENT_SCRATCH ? random_target(f) - (uint64_t)f->offset
                                                  : LONE_VA - lone_below(1u << 31);
    if (f->has_sgpr) lone_set_sgpr(f->sgpr, (uint32_t)base);
    if (f->has_sgpr && f->segment == SEGMENT_GLOBAL) lone_set_sgpr(f->sgpr + 1, (uint32_t)(base >> 32));
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = random_target(f) - (uint64_t)f->offset;
        if (f->has_sgpr || f->segment == SEGMENT_SCRATCH)
            lone_set_vgpr(f->address, lane, (uint32_t)(address - (f->has_sgpr ? base : 0)));
        else
            lone_set_vgprs(f->address, lane, address);
    }
    for (unsigned lane = 0; f->m.kind == MNEMONIC_ATOMIC && lane < LANES; lane++) {
        struct element_place place = place_of(f, lane);
        element_prepare_atomic(&f->m, &place, lane, f->data, f->data + f->m.bytes / 4);
    }
}

static struct flat random_flat(const struct instruction *i, unsigned segment)
{
    struct flat f = { .m = mnemonic_read(i->name), .segment = segment };
    f.address = lone_below(GFX9_VGPRS - 1);
    f.data = lone_below(GFX9_VGPRS - 3);
    f.dest = lone_one_in(4) ? MIN(f.address, GFX9_VGPRS - 4u) : lone_below(GFX9_VGPRS - 3);
    f.has_sgpr = segment != SEGMENT_FLAT && lone_one_in(2);
    f.sgpr = lone_below(50) * 2;
    f.offset = (int)lone_below(4096) - (segment != SEGMENT_FLAT && lone_one_in(2) ? 4096 : 0);
    if (lone_one_in(4)) f.offset = segment == SEGMENT_FLAT ? 0 : -(int)lone_below(8);
    f.glc = lone_one_in(2);
    f.lds = lone_one_in(16) && segment != SEGMENT_FLAT && f.m.kind == MNEMONIC_LOAD && f.m.bytes <= 4 &&
            !f.m.keeps_half;
    return f;
}

static void check_segment(const struct instruction *i, unsigned segment)
{
    static const char *const names[] = { "flat", "scratch", "global" };
    lone_begin();
    struct flat f = random_flat(i, segment);
    uint32_t words[2] = { 0xdc000000 | (uint32_t)i->opcode << 18 | (uint32_t)f.glc << 16 | segment << 14 |
                              (uint32_t)f.lds << 13 | ((uint32_t)f.offset & 0x1fff),
                          f.address | f.data << 8 |
                              (f.has_sgpr                ? f.sgpr
                               : segment == SEGMENT_FLAT ? 0u
                                                         : OFF)
                                  << 16 |
                              f.dest << 24 };
    char name[64];
    set_flat_scene(&f);
    if (f.lds) lone.error = GFX9_ERROR_INSTRUCTION; /* loads into LDS are refused */
    for (unsigned lane = 0; lane < LANES && lone.error == GFX9_ERROR_NONE; lane++) {
        struct element_place place = place_of(&f, lane);
        if (!(WAVE_EXEC(lone.wave) >> lane & 1)) continue;
        element_move(&f.m, &place, lane, f.dest, f.data, f.data + f.m.bytes / 4, f.glc);
    }
    lone_run(words);
    snprintf(name, sizeof name, "%s_%s", names[segment], i->name);
    lone_check(name);
}

static bool is_flat(const struct instruction *i) { return i->encoding == FLAT; }

static void check_flat(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        check_segment(i, SEGMENT_FLAT);
        check_segment(i, SEGMENT_GLOBAL);
        if (mnemonic_read(i->name).kind != MNEMONIC_ATOMIC) check_segment(i, SEGMENT_SCRATCH);
    }
}

ROW_MODEL(each_lane_s_address_leads_to_memory_the_group_s_or_its_own, is_flat, check_flat)
