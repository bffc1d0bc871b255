/* SPDX-License-Identifier: Apache-2.0 */
/* Vector rows that are no function of one lane, on a lone wave. [vega-isa 12.9, 12.10] */
#include "tests/gfx9/lone_wave.h"
#include "tests/gfx9/rows.h"

enum { ROUNDS = 64 };

/* An operand of the scalar unit: a register or a small constant. */
struct scalar {
    unsigned code;
    uint32_t value;
};

static struct scalar random_scalar(void)
{
    unsigned number = lone_below(65), sgpr = lone_below(102);
    if (lone_one_in(2)) return (struct scalar){ 128 + number, number };
    if (lone_one_in(4)) sgpr = SRC_M0;
    return (struct scalar){ sgpr, lone.wave->sgpr[sgpr] };
}

static void check_reading(const struct instruction *i)
{
    bool first = strcmp(i->name, "v_readfirstlane_b32") == 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        lone_begin();
        unsigned from = lone_below(GFX9_VGPRS), to = lone_below(102), lane = 0;
        struct scalar s = random_scalar();
        uint64_t exec = WAVE_EXEC(lone.wave);
        if (first)
            while (exec && !(exec >> lane & 1)) lane++; /* 0 when none is active */
        else
            lane = s.value % 64;
        lone.model->sgpr[to] = lone.wave->vgpr[from][lane];
        uint32_t words[2] = { 0xd0000000 | (uint32_t)i->opcode << 16 | to, (256 + from) | s.code << 9 };
        if (first) words[0] = 0x7e000000 | to << 17 | (uint32_t)i->opcode << 9 | (256 + from);
        lone_run(words);
        lone_check(i->name);
    }
}

static void check_writing(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        lone_begin();
        unsigned to = lone_below(GFX9_VGPRS);
        struct scalar value = random_scalar(), lane = random_scalar();
        if (lane.code <= SRC_M0) value = (struct scalar){ 128 + 7, 7 }; /* one register at a time */
        lone.model->vgpr[to][lane.value % 64] = value.value;            /* whatever EXEC says */
        lone_run((uint32_t[]){ 0xd0000000 | (uint32_t)i->opcode << 16 | to, value.code | lane.code << 9 });
        lone_check(i->name);
    }
}

static void check_swap(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        lone_begin();
        unsigned a = lone_below(GFX9_VGPRS), b = lone_below(GFX9_VGPRS);
        for (unsigned lane = 0; lane < LANES; lane++) {
            if (!(WAVE_EXEC(lone.wave) >> lane & 1)) continue;
            lone.model->vgpr[a][lane] = lone.wave->vgpr[b][lane];
            lone.model->vgpr[b][lane] = lone.wave->vgpr[a][lane];
        }
        lone_run((uint32_t[]){ 0x7e000000 | a << 17 | (uint32_t)i->opcode << 9 | (256 + b), 0 });
        lone_check(i->name);
    }
}

/* Differences of four bytes, of those that the reference does not leave out by a zero. */
static uint32_t masked_difference(uint64_t bytes, uint32_t reference)
{
    uint32_t sum = 0;
    for (unsigned k = 0; k < 32; k += 8) {
        int a = bytes >> k & 0xff, b = reference >> k & 0xff;
        if (b) sum += (uint32_t)(a < b ? b - a : a - b);
    }
    return sum;
}

static void check_sads(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        lone_begin();
        unsigned a = lone_below(255), b = lone_below(256), c = lone_below(253), to = lone_below(253);
        bool clamp = lone_random() & 1;
        for (unsigned lane = 0; lane < LANES; lane++) {
            if (lone_one_in(4)) lone_set_vgpr(c + lone_below(4), lane, 0xffffff00 | lone_random());
            if (lone_one_in(4)) lone_set_vgpr(b, lane, lone_random() & 0xff00ff00);
        }
        for (unsigned lane = 0; lane < LANES; lane++) {
            const struct wave *w = lone.wave;
            uint64_t bytes = w->vgpr[a][lane] | (uint64_t)w->vgpr[a + 1][lane] << 32;
            for (unsigned k = 0; k < 4 && WAVE_EXEC(w) >> lane & 1; k++) {
                uint64_t sum =
                    (uint64_t)w->vgpr[c + k][lane] + masked_difference(bytes >> 8 * k, w->vgpr[b][lane]);
                lone.model->vgpr[to + k][lane] = clamp && sum >> 32 ? UINT32_MAX : (uint32_t)sum;
            }
        }
        lone_run((uint32_t[]){ 0xd0000000 | (uint32_t)i->opcode << 16 | (uint32_t)clamp << 15 | to,
                               (256 + a) | (256 + b) << 9 | (256 + c) << 18 });
        lone_check(i->name);
    }
}

TEST(lanes_count_the_bits_below_them)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t masks[2], count[LANES];
        lone_begin();
        for (unsigned half = 0; half < 2; half++) {
            masks[half] = lone_random();
            lone_set_sgpr(20 + half, masks[half]);
        }
        WAVE_EXEC(lone.wave) = UINT64_MAX;
        for (unsigned lane = 0; lane < LANES; lane++) {
            count[lane] = 0;
            for (unsigned bit = 0; bit < lane; bit++) count[lane] += masks[bit / 32] >> bit % 32 & 1;
        }
        /* v_mbcnt_lo_u32_b32 v1, s20, 0; v_mbcnt_hi_u32_b32 v1, s21, v1 */
        lone_run((uint32_t[]){ 0xd28c0001, 20 | 128 << 9 });
        lone_run((uint32_t[]){ 0xd28d0001, 21 | 257 << 9 });
        EXPECT(memcmp(lone.wave->vgpr[1], count, sizeof count) == 0);
    }
}

static void check_idle(const struct instruction *i)
{
    lone_begin();
    lone_run((uint32_t[]){ 0x7e000000 | (uint32_t)i->opcode << 9, 0 });
    lone_check(i->name);
}

static bool is_named(const struct instruction *i, const char *a, const char *b)
{
    return strcmp(i->name, a) == 0 || strcmp(i->name, b) == 0;
}
static bool is_reading(const struct instruction *i)
{
    return is_named(i, "v_readfirstlane_b32", "v_readlane_b32");
}
static bool is_writing(const struct instruction *i) { return strcmp(i->name, "v_writelane_b32") == 0; }
static bool is_swap(const struct instruction *i) { return strcmp(i->name, "v_swap_b32") == 0; }
static bool is_sads(const struct instruction *i) { return strcmp(i->name, "v_mqsad_u32_u8") == 0; }
/* Exceptions are not recorded, so there are none to clear. */
static bool is_idle(const struct instruction *i) { return is_named(i, "v_nop", "v_clrexcp"); }

ROW_MODEL(a_lane_is_read_into_a_scalar_register, is_reading, check_reading)
ROW_MODEL(a_lane_is_written_from_a_scalar_register, is_writing, check_writing)
ROW_MODEL(active_lanes_of_two_registers_change_places, is_swap, check_swap)
ROW_MODEL(four_masked_sums_start_one_byte_further_each, is_sads, check_sads)
ROW_MODEL(idle_vector_instructions_change_nothing, is_idle, check_idle)
