/* SPDX-License-Identifier: Apache-2.0 */
#include "process/signal_fpu.h"

#include "abi/linux/fpu.h"
#include "sched/fpu_ktest.h"
#include "vm/space_ktest.h"

enum { XMM0 = 160, MXCSR = 24, HEADER = 512, YMM0 = 576 };

static bool has_xsave(void) { return fpu_layout.way != FPU_BY_FXSAVE; }

static void protection_fault(struct trap_frame *frame) { EXPECT(trap_continue_at_fixup(frame)); }

/* A program with registers of its own and a page for frames; the next page is not mapped. */
static uint64_t page;
static struct registers mine, found, saved_half;
static trap_handler_t protection_before;

static void open_program(void)
{
    open_space();
    fpu_begin();
    protection_before = trap_get_handler(TRAP_PROTECTION);
    trap_set_handler(TRAP_PROTECTION, protection_fault);
    page = map(0, PAGE_BYTES, RW);
    registers_fill(&mine, 21);
    registers_load(&mine);
}

static void close_program(void)
{
    trap_set_handler(TRAP_PROTECTION, protection_before);
    close_space();
}

static bool is_mine(void)
{
    registers_store(&found);
    return memcmp(&found, &mine, sizeof(mine)) == 0;
}

static bool is_initial(void)
{
    registers_store(&found);
    return registers_are_initial(&found);
}

static void put(uint64_t offset, const void *bytes, size_t count)
{
    EXPECT_OK(user_copy_out(UADDR(page + offset), bytes, count));
}

static struct linux_fpx_sw_bytes software(void)
{
    struct linux_fpx_sw_bytes software;
    EXPECT_OK(user_copy_in(&software, UADDR(page + LINUX_FPX_SW_OFFSET), sizeof(software)));
    return software;
}

TEST(a_frame_takes_the_registers_and_gives_them_back)
{
    open_program();
    EXPECT_OK(signal_fpu_save(UADDR(page)));
    EXPECT(is_initial());
    EXPECT_OK(signal_fpu_load(UADDR(page)));
    EXPECT(is_mine());
    close_program();
}

TEST(a_frame_says_what_it_holds_as_linux_does)
{
    open_program();
    poke(page + HEADER + 8, ~0ull);
    EXPECT_OK(signal_fpu_save(UADDR(page)));
    struct linux_fpx_sw_bytes s = software();
    if (has_xsave()) {
        EXPECT_EQ(s.magic1, LINUX_FP_XSTATE_MAGIC1);
        EXPECT_EQ(s.xfeatures, fpu_layout.features);
        EXPECT_EQ(s.xstate_size, fpu_layout.bytes);
        EXPECT_EQ(s.extended_size, fpu_layout.bytes + 4);
        EXPECT_EQ((uint32_t)peek(page + s.xstate_size), LINUX_FP_XSTATE_MAGIC2);
        EXPECT_EQ(peek(page + HEADER) & 3, 3);
        EXPECT_EQ(peek(page + HEADER + 8), 0);
    } else {
        EXPECT_EQ(s.magic1, 0);
        EXPECT_EQ(signal_fpu_bytes(), 512);
    }
    uint8_t vector[16];
    EXPECT_OK(user_copy_in(vector, UADDR(page + XMM0), sizeof(vector)));
    EXPECT(memcmp(vector, mine.vector[0], sizeof(vector)) == 0);
    close_program();
}

TEST(a_handler_s_changes_to_the_frame_become_the_program_s_registers)
{
    open_program();
    EXPECT_OK(signal_fpu_save(UADDR(page)));
    put(XMM0 + 16 * 3, "changed by hand", 16);
    memcpy(mine.vector[3], "changed by hand", 16);
    EXPECT_OK(signal_fpu_load(UADDR(page)));
    EXPECT(is_mine());
    close_program();
}

TEST(a_program_that_used_no_registers_has_a_frame_all_the_same)
{
    open_program();
    fpu_reset(&thread_current()->fpu);
    EXPECT_OK(signal_fpu_save(UADDR(page)));
    registers_load(&mine);
    EXPECT_OK(signal_fpu_load(UADDR(page)));
    EXPECT(is_initial());
    close_program();
}

static void expect_legacy_load(void)
{
    EXPECT_OK(signal_fpu_load(UADDR(page)));
    saved_half = mine;
    for (int i = 0; i < 16; i++) memset(saved_half.vector[i] + 16, 0, 16);
    registers_store(&found);
    EXPECT(memcmp(&found, &saved_half, sizeof(found)) == 0);
}

TEST(without_its_marks_a_frame_is_an_fxsave_image_and_the_rest_is_initial)
{
    open_program();
    for (int which = 0; which < 5; which++) {
        registers_load(&mine);
        EXPECT_OK(signal_fpu_save(UADDR(page)));
        struct linux_fpx_sw_bytes s = software();
        uint32_t size = s.xstate_size, nothing = 0;
        if (which == 0) s.magic1++;
        if (which == 1) s.xstate_size = 575;
        if (which == 2) s.xstate_size = size + 1;
        if (which == 3) s.extended_size = size - 1;
        if (which == 4 && has_xsave()) put(size, &nothing, sizeof(nothing));
        put(LINUX_FPX_SW_OFFSET, &s, sizeof(s));
        expect_legacy_load();
    }
    close_program();
}

TEST(components_that_a_frame_does_not_name_become_initial)
{
    open_program();
    EXPECT_OK(signal_fpu_save(UADDR(page)));
    struct linux_fpx_sw_bytes s = software();
    s.xfeatures = 1ull << 63 | FPU_X87;
    put(LINUX_FPX_SW_OFFSET, &s, sizeof(s));
    EXPECT_OK(signal_fpu_load(UADDR(page)));
    registers_store(&found);
    EXPECT_EQ(found.x87, mine.x87);
    if (has_xsave()) EXPECT_EQ(found.mxcsr, 0x1f80);
    s.xfeatures = 0;
    put(LINUX_FPX_SW_OFFSET, &s, sizeof(s));
    EXPECT_OK(signal_fpu_load(UADDR(page)));
    if (has_xsave()) EXPECT(is_initial());
    close_program();
}

TEST(a_state_that_no_cpu_has_is_refused_and_leaves_the_initial_one)
{
    const struct {
        uint64_t offset, value;
    } cases[] = {
        { MXCSR, 0xffffffffull << 32 | 0x10000 }, /* the mask behind it is not read */
        { HEADER, 1ull << 62 | 3 },               /* no such component */
        { HEADER, 1ull << 3 | 3 },                /* one that is off */
        { HEADER + 8, 1ull << 63 },               /* the compacted format, with nothing in it */
        { HEADER + 8, 1 },
        { HEADER + 16, 1 },
    };
    open_program();
    for (size_t i = 0; i < (has_xsave() ? ARRAY_LENGTH(cases) : 1); i++) {
        registers_load(&mine);
        EXPECT_OK(signal_fpu_save(UADDR(page)));
        poke(page + cases[i].offset, cases[i].value);
        EXPECT_ERR(signal_fpu_load(UADDR(page)), ERR_FAULT);
        EXPECT(is_initial());
    }
    close_program();
}

TEST(a_frame_that_is_not_the_program_s_memory_is_refused)
{
    open_program();
    const uint64_t bad[] = {
        page + PAGE_BYTES - 400, /* the last vector registers are not there */
        page + PAGE_BYTES - 512, /* nor is what is behind the first 512 */
        page + PAGE_BYTES - 576, page + PAGE_BYTES,        64,     USER_END - 64, USER_END,
        0x800000000000,          (uint64_t)&mine & ~63ull, ~63ull, page + 8,
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        if (!has_xsave() && bad[i] == page + PAGE_BYTES - 512) continue; /* which is all of it there */
        if (!has_xsave() && bad[i] == page + PAGE_BYTES - 576) continue;
        registers_load(&mine);
        EXPECT_ERR(signal_fpu_save(UADDR(bad[i])), ERR_FAULT);
        EXPECT(is_mine());
        EXPECT_ERR(signal_fpu_load(UADDR(bad[i])), ERR_FAULT);
        EXPECT(is_initial());
    }
    close_program();
}

TEST(no_frame_at_all_means_the_initial_state)
{
    open_program();
    EXPECT_OK(signal_fpu_load(UADDR(0)));
    EXPECT(is_initial());
    close_program();
}
