/* SPDX-License-Identifier: Apache-2.0 */
/* What scalar instructions compute, as numbers written down from the manual: the table's meanings, which the
 * models of scalar_test.c share, are held to these. [vega-isa 12.1 to 12.5] */
#include "tests/gfx9/lone_wave.h"
#include "tests/harness/test.h"

enum { A = 20, B = 24, D = 30 };
static const uint64_t EXEC = 0xff0;

struct fact {
    const char *name;
    uint64_t a, b; /* of SOPK: a is the constant, */
    uint64_t old;  /* and the register's value is the other operand */
    bool scc;
    uint64_t result;
    bool scc_after;
};

static const struct fact facts[] = {
    { "s_add_u32", 0xffffffff, 0x2, 0, 0, 0x1, 1 },
    { "s_sub_u32", 0x1, 0x2, 0, 0, 0xffffffff, 1 },
    { "s_add_i32", 0x7fffffff, 0x1, 0, 0, 0x80000000, 1 },
    { "s_sub_i32", 0x80000000, 0x1, 0, 0, 0x7fffffff, 1 },
    { "s_addc_u32", 0xffffffff, 0, 0, 1, 0, 1 },
    { "s_subb_u32", 0x1, 0, 0, 1, 0, 0 },
    { "s_min_i32", 0xffffffff, 0x1, 0, 0, 0xffffffff, 1 },
    { "s_min_u32", 0xffffffff, 0x1, 0, 1, 0x1, 0 },
    { "s_max_i32", 0xffffffff, 0x1, 0, 1, 0x1, 0 },
    { "s_max_u32", 0xffffffff, 0x1, 0, 0, 0xffffffff, 1 },
    { "s_cselect_b32", 0x1, 0x2, 0, 1, 0x1, 1 },
    { "s_cselect_b64", 0x100000001, 0x200000002, 0, 0, 0x200000002, 0 },
    { "s_and_b32", 0xf0, 0x3c, 0, 0, 0x30, 1 },
    { "s_and_b64", 0xf0000000f, 0xf00000000, 0, 0, 0xf00000000, 1 },
    { "s_or_b32", 0, 0, 0, 1, 0, 0 },
    { "s_or_b64", 0x100000000, 0x1, 0, 0, 0x100000001, 1 },
    { "s_xor_b32", 0x5, 0x5, 0, 1, 0, 0 },
    { "s_xor_b64", 0x100000001, 0x1, 0, 0, 0x100000000, 1 },
    { "s_andn2_b32", 0xff, 0xf, 0, 0, 0xf0, 1 },
    { "s_andn2_b64", 0xf000000ff, 0xf, 0, 0, 0xf000000f0, 1 },
    { "s_orn2_b32", 0, 0xffffffff, 0, 1, 0, 0 },
    { "s_orn2_b64", 0, 0xfffffffffffffffe, 0, 0, 0x1, 1 },
    { "s_nand_b32", 0xffffffff, 0xffffffff, 0, 1, 0, 0 },
    { "s_nand_b64", 0xf, 0xf, 0, 0, 0xfffffffffffffff0, 1 },
    { "s_nor_b32", 0, 0, 0, 0, 0xffffffff, 1 },
    { "s_nor_b64", 0xffffffffffffffff, 0, 0, 1, 0, 0 },
    { "s_xnor_b32", 0x5, 0x5, 0, 0, 0xffffffff, 1 },
    { "s_xnor_b64", 0x1, 0, 0, 0, 0xfffffffffffffffe, 1 },
    { "s_lshl_b32", 0x3, 0x21, 0, 0, 0x6, 1 },
    { "s_lshl_b64", 0x3, 0x41, 0, 0, 0x6, 1 },
    { "s_lshr_b32", 0x80000000, 0x1f, 0, 0, 0x1, 1 },
    { "s_lshr_b64", 0x8000000000000000, 0x3f, 0, 0, 0x1, 1 },
    { "s_ashr_i32", 0x80000000, 0x1f, 0, 0, 0xffffffff, 1 },
    { "s_ashr_i64", 0x8000000000000000, 0x3c, 0, 0, 0xfffffffffffffff8, 1 },
    { "s_bfm_b32", 0x4, 0x8, 0, 1, 0xf00, 1 },
    { "s_bfm_b64", 0x24, 0x4, 0, 0, 0xfffffffff0, 0 },
    { "s_mul_i32", 0xffffffff, 0x3, 0, 1, 0xfffffffd, 1 },
    { "s_bfe_u32", 0x12345678, 0xc0008, 0, 0, 0x456, 1 },
    { "s_bfe_i32", 0xf00, 0x40008, 0, 0, 0xffffffff, 1 },
    { "s_bfe_u64", 0x123456789abcdef0, 0x100020, 0, 0, 0x5678, 1 },
    { "s_bfe_i64", 0xf00000000, 0x40020, 0, 0, 0xffffffffffffffff, 1 },
    { "s_absdiff_i32", 0x3, 0x5, 0, 0, 0x2, 1 },
    { "s_mul_hi_u32", 0xffffffff, 0x2, 0, 0, 0x1, 0 },
    { "s_mul_hi_i32", 0xffffffff, 0x2, 0, 0, 0xffffffff, 0 },
    { "s_lshl1_add_u32", 0x80000000, 0x1, 0, 0, 0x1, 1 },
    { "s_lshl2_add_u32", 0x3, 0x1, 0, 1, 0xd, 0 },
    { "s_lshl3_add_u32", 0x3, 0x1, 0, 1, 0x19, 0 },
    { "s_lshl4_add_u32", 0x10000000, 0x1, 0, 0, 0x1, 1 },
    { "s_pack_ll_b32_b16", 0x1111aaaa, 0x2222bbbb, 0, 0, 0xbbbbaaaa, 0 },
    { "s_pack_lh_b32_b16", 0x1111aaaa, 0x2222bbbb, 0, 0, 0x2222aaaa, 0 },
    { "s_pack_hh_b32_b16", 0x1111aaaa, 0x2222bbbb, 0, 0, 0x22221111, 0 },
    { "s_mov_b32", 0x5, 0, 0x7, 1, 0x5, 1 },
    { "s_mov_b64", 0x500000006, 0, 0x7, 0, 0x500000006, 0 },
    { "s_cmov_b32", 0x5, 0, 0x7, 0, 0x7, 0 },
    { "s_cmov_b64", 0x500000006, 0, 0x7, 1, 0x500000006, 1 },
    { "s_not_b32", 0xf, 0, 0, 0, 0xfffffff0, 1 },
    { "s_not_b64", 0xffffffffffffffff, 0, 0, 1, 0, 0 },
    { "s_wqm_b32", 0x10200, 0, 0, 0, 0xf0f00, 1 },
    { "s_wqm_b64", 0x1000000000000001, 0, 0, 0, 0xf00000000000000f, 1 },
    { "s_brev_b32", 0x1, 0, 0, 0, 0x80000000, 0 },
    { "s_brev_b64", 0x1, 0, 0, 0, 0x8000000000000000, 0 },
    { "s_bcnt0_i32_b32", 0xffffffff, 0, 0, 1, 0, 0 },
    { "s_bcnt0_i32_b64", 0, 0, 0, 0, 0x40, 1 },
    { "s_bcnt1_i32_b32", 0xf0f, 0, 0, 0, 0x8, 1 },
    { "s_bcnt1_i32_b64", 0xf0000000f, 0, 0, 0, 0x8, 1 },
    { "s_ff0_i32_b32", 0x7, 0, 0, 0, 0x3, 0 },
    { "s_ff0_i32_b64", 0xffffffffffffffff, 0, 0, 0, 0xffffffff, 0 },
    { "s_ff1_i32_b32", 0x8, 0, 0, 0, 0x3, 0 },
    { "s_ff1_i32_b64", 0x100000000, 0, 0, 0, 0x20, 0 },
    { "s_flbit_i32_b32", 0x10000, 0, 0, 0, 0xf, 0 },
    { "s_flbit_i32_b64", 0x1, 0, 0, 0, 0x3f, 0 },
    { "s_flbit_i32", 0xffff0000, 0, 0, 0, 0x10, 0 },
    { "s_flbit_i32_i64", 0xffff000000000000, 0, 0, 0, 0x10, 0 },
    { "s_sext_i32_i8", 0x80, 0, 0, 0, 0xffffff80, 0 },
    { "s_sext_i32_i16", 0x8000, 0, 0, 0, 0xffff8000, 0 },
    { "s_bitset0_b32", 0x4, 0, 0xff, 0, 0xef, 0 },
    { "s_bitset0_b64", 0x24, 0, 0xff00000000, 0, 0xef00000000, 0 },
    { "s_bitset1_b32", 0x4, 0, 0, 0, 0x10, 0 },
    { "s_bitset1_b64", 0x24, 0, 0, 0, 0x1000000000, 0 },
    { "s_quadmask_b32", 0x10200, 0, 0, 0, 0x14, 1 },
    { "s_quadmask_b64", 0x1000000000000001, 0, 0, 0, 0x8001, 1 },
    { "s_abs_i32", 0xffffffff, 0, 0, 0, 0x1, 1 },
    { "s_bitreplicate_b64_b32", 0x5, 0, 0, 0, 0x33, 0 },
    { "s_cmp_eq_i32", 0x5, 0x5, 0x9, 0, 0x9, 1 },
    { "s_cmp_lg_i32", 0x5, 0x5, 0x9, 1, 0x9, 0 },
    { "s_cmp_gt_i32", 0xffffffff, 0x1, 0x9, 1, 0x9, 0 },
    { "s_cmp_ge_i32", 0x1, 0x1, 0x9, 0, 0x9, 1 },
    { "s_cmp_lt_i32", 0xffffffff, 0x1, 0x9, 0, 0x9, 1 },
    { "s_cmp_le_i32", 0x2, 0x1, 0x9, 1, 0x9, 0 },
    { "s_cmp_eq_u32", 0x5, 0x6, 0x9, 1, 0x9, 0 },
    { "s_cmp_lg_u32", 0x5, 0x6, 0x9, 0, 0x9, 1 },
    { "s_cmp_gt_u32", 0xffffffff, 0x1, 0x9, 0, 0x9, 1 },
    { "s_cmp_ge_u32", 0, 0x1, 0x9, 1, 0x9, 0 },
    { "s_cmp_lt_u32", 0xffffffff, 0x1, 0x9, 1, 0x9, 0 },
    { "s_cmp_le_u32", 0x1, 0x1, 0x9, 0, 0x9, 1 },
    { "s_bitcmp0_b32", 0x4, 0x2, 0x9, 1, 0x9, 0 },
    { "s_bitcmp1_b32", 0x4, 0x2, 0x9, 0, 0x9, 1 },
    { "s_bitcmp0_b64", 0x100000000, 0x21, 0x9, 0, 0x9, 1 },
    { "s_bitcmp1_b64", 0x100000000, 0x20, 0x9, 0, 0x9, 1 },
    { "s_cmp_eq_u64", 0x100000000, 0, 0x9, 1, 0x9, 0 },
    { "s_cmp_lg_u64", 0x100000000, 0, 0x9, 0, 0x9, 1 },
    { "s_movk_i32", 0xffff, 0, 0x9, 1, 0xffffffff, 1 },
    { "s_cmovk_i32", 0x5, 0, 0x7, 1, 0x5, 1 },
    { "s_cmpk_eq_i32", 0xffff, 0, 0xffffffff, 0, 0xffffffff, 1 },
    { "s_cmpk_lg_i32", 0xffff, 0, 0xffffffff, 1, 0xffffffff, 0 },
    { "s_cmpk_gt_i32", 0xffff, 0, 0x1, 0, 0x1, 1 },
    { "s_cmpk_ge_i32", 0xffff, 0, 0xffffffff, 0, 0xffffffff, 1 },
    { "s_cmpk_lt_i32", 0xffff, 0, 0xfffffffe, 0, 0xfffffffe, 1 },
    { "s_cmpk_le_i32", 0xffff, 0, 0x1, 1, 0x1, 0 },
    { "s_cmpk_eq_u32", 0xffff, 0, 0xffff, 0, 0xffff, 1 },
    { "s_cmpk_lg_u32", 0xffff, 0, 0xffffffff, 0, 0xffffffff, 1 },
    { "s_cmpk_gt_u32", 0xffff, 0, 0x10000, 0, 0x10000, 1 },
    { "s_cmpk_ge_u32", 0xffff, 0, 0xfffe, 1, 0xfffe, 0 },
    { "s_cmpk_lt_u32", 0xffff, 0, 0xfffe, 0, 0xfffe, 1 },
    { "s_cmpk_le_u32", 0xffff, 0, 0xffff, 0, 0xffff, 1 },
    { "s_addk_i32", 0x1, 0, 0x7fffffff, 0, 0x80000000, 1 },
    { "s_mulk_i32", 0xffff, 0, 0x3, 0, 0xfffffffd, 0 },
};

/* Of 0xf0f with EXEC 0xff0. */
static const struct {
    const char *name;
    uint64_t exec_after;
} exec_facts[] = {
    { "s_and_saveexec_b64", 0xf00 },
    { "s_or_saveexec_b64", 0xfff },
    { "s_xor_saveexec_b64", 0xff },
    { "s_andn2_saveexec_b64", 0xf },
    { "s_orn2_saveexec_b64", 0xffffffffffffff0f },
    { "s_nand_saveexec_b64", 0xfffffffffffff0ff },
    { "s_nor_saveexec_b64", 0xfffffffffffff000 },
    { "s_xnor_saveexec_b64", 0xffffffffffffff00 },
    { "s_andn1_saveexec_b64", 0xf0 },
    { "s_orn1_saveexec_b64", 0xfffffffffffffff0 },
    { "s_andn1_wrexec_b64", 0xf0 },
    { "s_andn2_wrexec_b64", 0xf },
};

static const struct instruction *find(const char *name)
{
    for (unsigned row = 0; row < gfx9_instruction_count; row++)
        if (strcmp(gfx9_instructions[row].name, name) == 0) return &gfx9_instructions[row];
    test_fail(__FILE__, __LINE__, "there is no %s", name);
    return NULL;
}

static void set_pair(unsigned sgpr, uint64_t value)
{
    lone_set_sgpr(sgpr, (uint32_t)value);
    lone_set_sgpr(sgpr + 1, (uint32_t)(value >> 32));
}

static uint64_t pair_at(unsigned sgpr)
{
    return lone.wave->sgpr[sgpr] | (uint64_t)lone.wave->sgpr[sgpr + 1] << 32;
}

static void step(const struct instruction *i, uint64_t a, uint64_t b, uint64_t old, bool scc)
{
    uint32_t words[2] = { 0 }, opcode = i->opcode;
    lone_begin();
    set_pair(A, a), set_pair(B, b), set_pair(D, old);
    WAVE_EXEC(lone.wave) = EXEC;
    lone.wave->scc = scc;
    switch (i->encoding) {
    case SOP1: words[0] = 0xbe800000 | D << 16 | opcode << 8 | A; break;
    case SOP2: words[0] = 0x80000000 | opcode << 23 | D << 16 | B << 8 | A; break;
    case SOPC: words[0] = 0xbf000000 | opcode << 16 | B << 8 | A; break;
    default: words[0] = 0xb0000000 | opcode << 23 | D << 16 | (uint32_t)a;
    }
    lone_run(words);
}

TEST(scalar_results_and_conditions_are_the_manual_s)
{
    for (unsigned k = 0; k < ARRAY_LENGTH(facts); k++) {
        const struct fact *f = &facts[k];
        step(find(f->name), f->a, f->b, f->old, f->scc);
        if (pair_at(D) != f->result || lone.wave->scc != f->scc_after)
            test_fail(__FILE__, __LINE__, "%s of %llx and %llx is %llx and %u, expected %llx and %u", f->name,
                      (unsigned long long)f->a, (unsigned long long)f->b, (unsigned long long)pair_at(D),
                      lone.wave->scc, (unsigned long long)f->result, f->scc_after);
        EXPECT_EQ(WAVE_EXEC(lone.wave), EXEC);
    }
}

TEST(scalar_instructions_that_set_exec_give_back_the_old_one_or_the_new)
{
    for (unsigned k = 0; k < ARRAY_LENGTH(exec_facts); k++) {
        step(find(exec_facts[k].name), 0xf0f, 0, 0, false);
        EXPECT_EQ(WAVE_EXEC(lone.wave), exec_facts[k].exec_after);
        EXPECT_EQ(pair_at(D), strstr(exec_facts[k].name, "wrexec") ? exec_facts[k].exec_after : EXEC);
        EXPECT(lone.wave->scc);
    }
}

/* Where a register's number or what is behind it is computed: those have models of their own, and numbers in
 * scalar_test.c. */
static bool is_elsewhere(const char *name)
{
    static const char *const parts[] = { "pc_b64", "call", "movrel", "gpr_idx", "etreg" };
    for (unsigned k = 0; k < ARRAY_LENGTH(parts); k++)
        if (strstr(name, parts[k])) return true;
    return false;
}

static bool has_number(const char *name)
{
    for (unsigned k = 0; k < ARRAY_LENGTH(facts); k++)
        if (strcmp(facts[k].name, name) == 0) return true;
    for (unsigned k = 0; k < ARRAY_LENGTH(exec_facts); k++)
        if (strcmp(exec_facts[k].name, name) == 0) return true;
    return is_elsewhere(name);
}

TEST(every_scalar_meaning_is_held_to_a_number)
{
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        if (i->encoding <= SOPC && i->action == ACTION_COMPUTE && !has_number(i->name))
            test_fail(__FILE__, __LINE__, "%s has no number", i->name);
    }
}
