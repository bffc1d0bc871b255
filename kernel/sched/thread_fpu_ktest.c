/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that use the registers the way ring 3 does. They run in ring 0, where nothing else touches them. */
#include "sched/thread_fpu.h"

#include "arch/cpu.h"
#include "arch/features.h"
#include "arch/trap.h"
#include "arch/zero.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "tests/harness/test.h"

enum { ROUNDS = 100 };

/* A part of every component that TCG has: the rest is saved and loaded by the same instruction. */
struct registers {
    uint8_t vector[16][32]; /* YMM0 to YMM15; XMM, and the upper halves not used, without AVX */
    int64_t x87;
    uint32_t mxcsr;
    uint16_t control;
};

static bool has_avx(void) { return fpu_layout.features & FPU_AVX; }

#define EACH_VECTOR(text) ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t" text "\n\t.endr"

static void load(const struct registers *r)
{
    __asm__ volatile("fninit; fldcw %0; fildll %1; ldmxcsr %2"
                     :
                     : "m"(r->control), "m"(r->x87), "m"(r->mxcsr));
    if (has_avx())
        __asm__ volatile(EACH_VECTOR("vmovdqu \\n*32(%0), %%ymm\\n") : : "r"(r->vector) : "memory");
    else
        __asm__ volatile(EACH_VECTOR("movdqu \\n*32(%0), %%xmm\\n") : : "r"(r->vector) : "memory");
}

static void store(struct registers *r)
{
    memset(r, 0, sizeof(*r));
    __asm__ volatile("fnstcw %0; fistpll %1; stmxcsr %2" : "=m"(r->control), "=m"(r->x87), "=m"(r->mxcsr));
    if (has_avx())
        __asm__ volatile(EACH_VECTOR("vmovdqu %%ymm\\n, \\n*32(%0)") : : "r"(r->vector) : "memory");
    else
        __asm__ volatile(EACH_VECTOR("movdqu %%xmm\\n, \\n*32(%0)") : : "r"(r->vector) : "memory");
}

static void fill(struct registers *r, uint32_t seed)
{
    memset(r, 0, sizeof(*r));
    for (uint32_t i = 0; i < 16; i++)
        for (uint32_t k = 0; k < (has_avx() ? 32u : 16u); k++)
            r->vector[i][k] = (uint8_t)(seed * 29 + i * 7 + k);
    r->x87 = -1000000007ll * seed;
    r->mxcsr = 0x1f80 | (seed & 3) << 13; /* rounding */
    r->control = (uint16_t)(0x37f | (seed & 3) << 10);
}

/* The trap of the first use comes from ring 0 here. */
static void first_use(struct trap_frame *frame)
{
    (void)frame;
    EXPECT_OK(thread_fpu_trap(0));
}

static void begin(void)
{
    trap_set_handler(TRAP_NO_FPU, first_use);
    EXPECT_OK(thread_fpu_create(thread_current()));
    fpu_reset(&thread_current()->fpu);
}

static uint32_t wrong;

static void keep(void *argument)
{
    uint32_t seed = *(const uint32_t *)argument;
    struct registers mine, found;
    begin();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        fill(&mine, seed + i);
        load(&mine);
        for (uint32_t turns = 0; turns <= i % 3; turns++) thread_yield();
        store(&found);
        wrong += memcmp(&mine, &found, sizeof(mine)) != 0;
    }
}

static void yield_often(void *argument)
{
    (void)argument;
    for (int i = 0; i < ROUNDS; i++) thread_yield();
}

static void yield_often_in_ring_3(void *argument)
{
    begin();
    yield_often(argument);
    EXPECT_EQ(thread_current()->fpu.in_use, FPU_UNUSED);
}

static void run(struct thread **threads, int count)
{
    for (int i = 0; i < count; i++) EXPECT(threads[i] != NULL);
    for (int i = 0; i < count; i++)
        if (threads[i]) thread_join(threads[i]);
}

TEST(threads_keep_their_registers_while_others_use_theirs)
{
    static uint32_t seeds[] = { 3, 1000, 70000 };
    wrong = 0;
    struct thread *threads[] = {
        thread_create("first", keep, &seeds[0]),  thread_create("kernel", yield_often, NULL),
        thread_create("second", keep, &seeds[1]), thread_create("idle", yield_often_in_ring_3, NULL),
        thread_create("third", keep, &seeds[2]),
    };
    run(threads, ARRAY_LENGTH(threads));
    EXPECT_EQ(wrong, 0);
}

static struct fpu_counts counted;

static void count_while_yielding(void *argument)
{
    begin();
    thread_yield();
    counted = fpu_counts;
    yield_often(argument);
    counted = (struct fpu_counts){ fpu_counts.saves - counted.saves, fpu_counts.loads - counted.loads };
}

TEST(threads_that_never_use_the_registers_save_and_load_none)
{
    struct thread *threads[] = {
        thread_create("counting", count_while_yielding, NULL),
        thread_create("idle", yield_often_in_ring_3, NULL),
        thread_create("kernel", yield_often, NULL),
    };
    run(threads, ARRAY_LENGTH(threads));
    EXPECT_EQ(counted.saves, 0);
    EXPECT_EQ(counted.loads, 0);
}

static void count_while_using(void *argument)
{
    struct registers mine, found;
    begin();
    fill(&mine, 5);
    load(&mine);
    thread_yield();
    counted = fpu_counts;
    yield_often(argument);
    counted = (struct fpu_counts){ fpu_counts.saves - counted.saves, fpu_counts.loads - counted.loads };
    store(&found);
    EXPECT(memcmp(&mine, &found, sizeof(mine)) == 0);
}

TEST(kernel_threads_in_between_leave_the_registers_loaded)
{
    struct thread *threads[] = {
        thread_create("counting", count_while_using, NULL),
        thread_create("kernel", yield_often, NULL),
        thread_create("another", yield_often, NULL),
    };
    run(threads, ARRAY_LENGTH(threads));
    EXPECT(counted.saves > 0 && counted.saves <= ROUNDS);
    EXPECT_EQ(counted.loads, 0);
}

static bool is_initial(const struct registers *r)
{
    static const uint8_t zeros[sizeof(r->vector)];
    return memcmp(r->vector, zeros, sizeof(zeros)) == 0 && r->mxcsr == 0x1f80 && r->control == 0x37f;
}

static void look_at_first(void *argument)
{
    begin();
    store(argument);
    EXPECT(thread_current()->fpu.in_use != FPU_UNUSED);
}

static void fill_and_look(void *argument)
{
    struct registers mine;
    begin();
    fill(&mine, 6);
    load(&mine);
    struct thread *other = thread_create("other", look_at_first, argument);
    if (other) thread_join(other);
}

TEST(what_a_thread_finds_first_is_the_initial_state_and_nothing_of_another_s)
{
    struct registers found;
    fill(&found, 7);
    struct thread *threads[] = { thread_create("filling", fill_and_look, &found) };
    run(threads, 1);
    EXPECT(is_initial(&found));
}

static void reset_and_look(void *argument)
{
    struct registers mine;
    struct fpu *fpu = &thread_current()->fpu;
    begin();
    fill(&mine, 8);
    load(&mine);
    fpu_clear(fpu);
    EXPECT(fpu->in_use != FPU_UNUSED);
    store(argument);
    EXPECT(is_initial(argument));
    load(&mine);
    fpu_reset(fpu);
    EXPECT_EQ(fpu->in_use, FPU_UNUSED);
    EXPECT(cr0_read() & CR0_TS);
    store(argument);
    EXPECT(fpu->in_use != FPU_UNUSED);
}

TEST(a_new_program_and_a_signal_handler_find_the_initial_state)
{
    struct registers found;
    struct thread *threads[] = { thread_create("resetting", reset_and_look, &found) };
    run(threads, 1);
    EXPECT(is_initial(&found));
}

static void look_and_spoil(void *argument)
{
    struct registers other;
    store(argument);
    fill(&other, 10);
    load(&other);
    thread_yield();
}

static void fork_and_look(void *argument)
{
    struct registers mine, found;
    begin();
    fill(&mine, 9);
    load(&mine);
    struct thread *child = thread_create("child", look_and_spoil, argument);
    if (!child) return;
    EXPECT_OK(thread_fpu_create(child));
    fpu_copy(&child->fpu, &thread_current()->fpu);
    thread_yield();
    store(&found);
    EXPECT(memcmp(&mine, &found, sizeof(mine)) == 0);
    thread_join(child);
}

TEST(a_child_begins_with_its_parent_s_registers_and_then_has_its_own)
{
    struct registers found, expected;
    fill(&expected, 9);
    struct thread *threads[] = { thread_create("parent", fork_and_look, &found) };
    run(threads, 1);
    EXPECT(memcmp(&found, &expected, sizeof(found)) == 0);
}

static void zero_something(void)
{
    paddr_t frame = frame_alloc();
    EXPECT(!is_paddr_none(frame));
    if (is_paddr_none(frame)) return;
    zero_pages(direct_map(frame), PAGE_BYTES);
    frame_free(frame);
}

static void zero_in_between(void *argument)
{
    struct registers mine, found;
    begin();
    zero_something();
    EXPECT_EQ(thread_current()->fpu.in_use, FPU_UNUSED);
    EXPECT(cr0_read() & CR0_TS);
    store(argument);
    EXPECT(is_initial(argument));
    fill(&mine, 11);
    load(&mine);
    zero_something();
    store(&found);
    EXPECT(memcmp(&mine, &found, sizeof(mine)) == 0);
}

TEST(zeroing_a_page_changes_neither_registers_nor_that_they_are_off)
{
    struct registers found;
    struct thread *threads[] = { thread_create("zeroing", zero_in_between, &found) };
    run(threads, 1);
}
