/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts of processors other than the one at hand, from what their CPUID says. */
#include "arch/fpu_layout.h"

#include "lib/random.h"
#include "tests/harness/test.h"

enum { SUBLEAVES = 19, XSAVE_OFFERED = 1 << 26 };

/* Leaf 0xD of a processor; leaf 1 says XSAVE where subleaf 0 is not all zeros. */
struct processor {
    struct cpuid subleaf[SUBLEAVES];
};

/* Core i7-4770, GenuineIntel00306C3. [instlatx64] */
static const struct processor haswell = {
    { { 0x7, 0x340, 0x340, 0 }, { 0x1, 0, 0, 0 }, { 0x100, 0x240, 0, 0 } }
};
/* Core i9-7900X, GenuineIntel0050654. [instlatx64] */
static const struct processor skylake_x = { { [0] = { 0xff, 0xa80, 0xa80, 0 },
                                              [1] = { 0xf, 0xa00, 0x100, 0 },
                                              [2] = { 0x100, 0x240, 0, 0 },
                                              [3] = { 0x40, 0x3c0, 0, 0 },
                                              [4] = { 0x40, 0x400, 0, 0 },
                                              [5] = { 0x40, 0x440, 0, 0 },
                                              [6] = { 0x200, 0x480, 0, 0 },
                                              [7] = { 0x400, 0x680, 0, 0 },
                                              [8] = { 0x80, 0, 1, 0 } } };
/* As a maintainer of QEMU quoted it: qemu-devel, 22 March 2022, "x86: Grant AMX permission for guest". */
static const struct processor sapphire_rapids = { { [0] = { 0x602e7, 0x2b00, 0x2b00, 0 },
                                                    [1] = { 0x1f, 0x2d00, 0xdd00, 0 },
                                                    [2] = { 0x100, 0x240, 0, 0 },
                                                    [5] = { 0x40, 0x440, 0, 0 },
                                                    [6] = { 0x200, 0x480, 0, 0 },
                                                    [7] = { 0x400, 0x680, 0, 0 },
                                                    [8] = { 0x80, 0, 1, 0 },
                                                    [9] = { 0x8, 0xa80, 0, 0 },
                                                    [10] = { 0x8, 0, 1, 0 },
                                                    [11] = { 0x10, 0, 1, 0 },
                                                    [12] = { 0x18, 0, 1, 0 },
                                                    [14] = { 0x30, 0, 1, 0 },
                                                    [15] = { 0x328, 0, 1, 0 },
                                                    [17] = { 0x40, 0xac0, 2, 0 },
                                                    [18] = { 0x2000, 0xb00, 6, 0 } } };
/* Ryzen 5 7600X, AuthenticAMD0A60F12. [instlatx64] There is no gap for MPX: AVX-512 lies lower than on Intel's. */
static const struct processor zen4 = { { [0] = { 0x2e7, 0x980, 0x988, 0 },
                                         [1] = { 0xf, 0x990, 0x1800, 0 },
                                         [2] = { 0x100, 0x240, 0, 0 },
                                         [5] = { 0x40, 0x340, 0, 0 },
                                         [6] = { 0x200, 0x380, 0, 0 },
                                         [7] = { 0x400, 0x580, 0, 0 },
                                         [9] = { 0x8, 0x980, 0, 0 },
                                         [11] = { 0x10, 0, 1, 0 },
                                         [12] = { 0x18, 0, 1, 0 } } };
/* A hypervisor on a Sapphire Rapids that hides AMX in subleaf 0 and nowhere else, as seen in a cloud. */
static const struct processor hidden_amx = { { [0] = { 0xe7, 0xa80, 0x2b00, 0 },
                                               [1] = { 0x1f, 0x980, 0, 0 },
                                               [2] = { 0x100, 0x240, 0, 0 },
                                               [5] = { 0x40, 0x440, 0, 0 },
                                               [6] = { 0x200, 0x480, 0, 0 },
                                               [7] = { 0x400, 0x680, 0, 0 },
                                               [17] = { 0x40, 0xac0, 2, 0 },
                                               [18] = { 0x2000, 0xb00, 6, 0 } } };
/* QEMU 7.2, TCG, -cpu max. */
static const struct processor qemu_max = { { [0] = { 0x21f, 0x440, 0xa88, 0 },
                                             [1] = { 0x5, 0x3c8, 0, 0 },
                                             [2] = { 0x100, 0x240, 0, 0 },
                                             [3] = { 0x40, 0x3c0, 0, 0 },
                                             [4] = { 0x40, 0x400, 0, 0 },
                                             [9] = { 0x8, 0xa80, 0, 0 } } };
/* QEMU 7.2, -cpu qemu64: FXSAVE alone. */
static const struct processor qemu64 = { { { 0 } } };

static struct processor now;

static struct cpuid read_now(uint32_t leaf, uint32_t subleaf)
{
    bool has_xsave = now.subleaf[0].eax;
    if (leaf == 0) return (struct cpuid){ .eax = has_xsave ? 0x1f : 7 };
    if (leaf == 1) return (struct cpuid){ .ecx = has_xsave ? XSAVE_OFFERED : 0 };
    /* A leaf beyond the last gives the last one's numbers, which are anything. [intel-sdm2 CPUID] */
    if (!has_xsave) return (struct cpuid){ ~0u, ~0u, ~0u, ~0u };
    return subleaf < SUBLEAVES ? now.subleaf[subleaf] : (struct cpuid){ 0 };
}

static struct fpu_layout layout_of(const struct processor *p)
{
    struct fpu_layout layout;
    now = *p;
    fpu_layout_read(&layout, read_now);
    return layout;
}

TEST(known_processors_get_areas_of_known_sizes)
{
    const uint32_t sse = FPU_X87 | FPU_SSE;
    const struct {
        const struct processor *processor;
        enum fpu_way way;
        uint32_t features, bytes, bytes_max;
    } cases[] = {
        { &qemu64, FPU_BY_FXSAVE, sse, 512, 512 },
        { &haswell, FPU_BY_XSAVEOPT, sse | FPU_AVX, 832, 832 },
        { &qemu_max, FPU_BY_XSAVEOPT, sse | FPU_AVX, 832, 832 },
        { &skylake_x, FPU_BY_XSAVEOPT, sse | FPU_AVX | FPU_AVX512, 2688, 2688 },
        { &zen4, FPU_BY_XSAVEOPT, sse | FPU_AVX | FPU_AVX512, 2432, 2432 },
        { &hidden_amx, FPU_BY_XSAVEOPT, sse | FPU_AVX | FPU_AVX512, 2688, 2688 },
        { &sapphire_rapids, FPU_BY_XSAVEOPT, sse | FPU_AVX | FPU_AVX512 | FPU_AMX, 2816, 11008 },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fpu_layout layout = layout_of(cases[i].processor);
        EXPECT_EQ(layout.way, cases[i].way);
        EXPECT_EQ(layout.features, cases[i].features);
        EXPECT_EQ(layout.bytes, cases[i].bytes);
        EXPECT_EQ(layout.bytes_max, cases[i].bytes_max);
        EXPECT_EQ(layout.refusal_count, 0);
    }
}

TEST(a_signal_frame_holds_one_word_more_where_there_is_xsave)
{
    struct fpu_layout old = layout_of(&qemu64), new = layout_of(&sapphire_rapids);
    EXPECT_EQ(fpu_signal_bytes(&old, old.features), 512);
    EXPECT_EQ(fpu_signal_bytes(&new, fpu_default_features(&new)), 2816 + 4);
    EXPECT_EQ(fpu_signal_bytes(&new, new.features), 11008 + 4);
}

/* The largest frame: the area and its end mark, at worst 63 bytes to align it and 15 to align what is below. */
TEST(the_least_signal_stack_has_room_for_tiles_that_nobody_asked_for)
{
    enum { FRAME = 440 };
    const struct {
        const struct processor *processor;
        uint32_t bytes;
    } cases[] = {
        { &qemu64, 1040 },           /* 512 + 440 + 78 = 1030 */
        { &haswell, 1360 },          /* 836 + 440 + 78 = 1354 */
        { &skylake_x, 3216 },        /* 2692 + 440 + 78 = 3210 */
        { &zen4, 2960 },             /* 2436 + 440 + 78 = 2954 */
        { &sapphire_rapids, 11536 }, /* 11012 + 440 + 78 = 11530 */
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct fpu_layout layout = layout_of(cases[i].processor);
        EXPECT_EQ(fpu_signal_stack_bytes_min(&layout, FRAME), cases[i].bytes);
    }
}

TEST(xsave_is_done_without_where_a_part_of_the_basics_is_missing)
{
    struct processor p = haswell;
    p.subleaf[0].eax = FPU_X87 | FPU_AVX;
    struct fpu_layout layout = layout_of(&p);
    EXPECT_EQ(layout.way, FPU_BY_FXSAVE);
    EXPECT_EQ(layout.features, FPU_X87 | FPU_SSE);
    EXPECT_EQ(layout.bytes_max, 512);
}

TEST(a_processor_with_avx_may_lack_the_optimised_save)
{
    struct processor p = haswell;
    p.subleaf[1].eax = 0;
    struct fpu_layout layout = layout_of(&p);
    EXPECT_EQ(layout.way, FPU_BY_XSAVE);
    EXPECT_EQ(layout.bytes, 832);
    EXPECT(!layout.reads_xinuse);
}

TEST(components_that_make_no_sense_are_left_off_with_a_reason)
{
    const struct {
        uint8_t subleaf;
        struct cpuid says;
        uint32_t lost;
        const char *why;
    } cases[] = {
        { 2,
          { 0x104, 0x240, 0, 0 },
          FPU_AVX | FPU_AVX512,
          "a component has another size than the manual says" },
        { 2, { 0, 0, 0, 0 }, FPU_AVX | FPU_AVX512, "a component has another size than the manual says" },
        { 2, { 0x100, 0x240, 1, 0 }, FPU_AVX | FPU_AVX512, "a component is not ring 3's" },
        { 2, { 0x100, 0x200, 0, 0 }, FPU_AVX | FPU_AVX512, "a component lies outside any sensible area" },
        { 5, { 0x40, 0x300, 0, 0 }, FPU_AVX512, "a component overlaps another" },
        { 5, { 0x40, 0x201, 0, 0 }, FPU_AVX512, "a component lies outside any sensible area" },
        { 6, { 0x200, 0xfffffff0, 0, 0 }, FPU_AVX512, "a component lies outside any sensible area" },
        { 6, { 0x200, 0x481, 0, 0 }, FPU_AVX512, "a component overlaps another" },
        { 7, { 0x400, 0x47f, 0, 0 }, FPU_AVX512, "a component overlaps another" },
        { 7, { 0x400, 0x2701, 0, 0 }, FPU_AVX512, "a component lies outside the CPU's own area" },
        { 7, { 0x400, 0x3c01, 0, 0 }, FPU_AVX512, "a component lies outside any sensible area" },
        { 17, { 0x40, 0xa7f, 2, 0 }, FPU_AMX, "a component overlaps another" },
        { 18, { 0x2000, 0xb00, 2, 0 }, FPU_AMX, "nothing would keep it from those who did not ask" },
        { 18, { 0x2000, 0xb01, 6, 0 }, FPU_AMX, "a component lies outside the CPU's own area" },
        { 18, { 0x40000000, 0xb00, 6, 0 }, FPU_AMX, "a component has another size than the manual says" },
        { 1, { 0xf, 0x2d00, 0, 0 }, FPU_AMX, "nothing would keep it from those who did not ask" },
        { 0, { 0x202e7, 0x2b00, 0x2b00, 0 }, FPU_AMX, "only a part of it is offered" },
        { 0, { 0x602a7, 0x2b00, 0x2b00, 0 }, FPU_AVX512, "only a part of it is offered" },
        { 0, { 0x602e3, 0x2b00, 0x2b00, 0 }, FPU_AVX | FPU_AVX512, "what it is built on is off" },
    };
    const uint32_t all = FPU_X87 | FPU_SSE | FPU_AVX | FPU_AVX512 | FPU_AMX;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct processor p = sapphire_rapids;
        p.subleaf[cases[i].subleaf] = cases[i].says;
        struct fpu_layout layout = layout_of(&p);
        EXPECT_EQ(layout.features, all & ~cases[i].lost);
        EXPECT(layout.refusal_count >= 1);
        if (layout.refusal_count) EXPECT_STR(layout.refusals[0].why, cases[i].why);
    }
}

/* Half of the numbers are those of a real machine, so that not everything is refused at once. */
TEST(no_cpuid_makes_an_area_that_its_components_do_not_fit)
{
    struct random random;
    random_init(&random, "fpu", 3);
    uint32_t accepted = 0;
    for (int turn = 0; turn < 100000; turn++) {
        struct processor p = sapphire_rapids;
        for (int i = 0; i < 4; i++) {
            uint64_t bits = random_u64(&random);
            uint32_t *word = &p.subleaf[bits % SUBLEAVES].eax + (bits >> 8) % 3;
            *word = bits & 1 << 16 ? (uint32_t)(bits >> 32) : (uint32_t)(bits >> 32) & 0x3fff;
        }
        p.subleaf[0].eax |= FPU_X87 | FPU_SSE;
        struct fpu_layout layout = layout_of(&p);
        EXPECT(layout.bytes >= 576 && layout.bytes <= layout.bytes_max);
        EXPECT(layout.bytes_max <= FPU_AREA_BYTES_MAX);
        uint32_t sum = 576;
        for (uint32_t i = 2; i < SUBLEAVES; i++)
            if (layout.features >> i & 1) {
                sum += p.subleaf[i].eax;
                EXPECT((uint64_t)p.subleaf[i].ebx + p.subleaf[i].eax <= layout.bytes_max);
            }
        EXPECT(sum <= layout.bytes_max); /* none overlap */
        accepted += layout.features == (FPU_X87 | FPU_SSE | FPU_AVX | FPU_AVX512 | FPU_AMX);
    }
    EXPECT(accepted > 1000 && accepted < 90000);
}

TEST(only_what_is_kept_back_can_be_asked_for)
{
    struct fpu_layout with = layout_of(&sapphire_rapids), without = layout_of(&skylake_x);
    uint32_t permitted = 0;
    EXPECT_EQ(fpu_default_features(&with) & FPU_TILE_DATA, 0);
    EXPECT_ERR(fpu_request(&with, 19, &permitted), ERR_INVALID);
    EXPECT_ERR(fpu_request(&with, 1ull << 32 | 18, &permitted), ERR_INVALID);
    EXPECT_ERR(fpu_request(&with, 17, &permitted), ERR_NOT_SUPPORTED);
    EXPECT_ERR(fpu_request(&with, 2, &permitted), ERR_NOT_SUPPORTED);
    EXPECT_ERR(fpu_request(&without, 18, &permitted), ERR_NOT_SUPPORTED);
    EXPECT_EQ(permitted, 0);
    EXPECT_OK(fpu_request(&with, 18, &permitted));
    EXPECT_OK(fpu_request(&with, 18, &permitted));
    EXPECT_EQ(permitted, FPU_TILE_DATA);
}
