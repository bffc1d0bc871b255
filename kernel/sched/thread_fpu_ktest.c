/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that use the registers the way ring 3 does. They run in ring 0, where nothing else touches them. */
#include "sched/thread_fpu.h"

#include "arch/cpu.h"
#include "arch/zero.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "sched/fpu_ktest.h"

enum { ROUNDS = 100, XMM3_OFFSET = 160 + 3 * 16 };

static uint32_t wrong;

static void keep(void *argument)
{
    uint32_t seed = *(const uint32_t *)argument;
    struct registers mine, found;
    fpu_begin();
    for (uint32_t i = 0; i < ROUNDS; i++) {
        registers_fill(&mine, seed + i);
        registers_load(&mine);
        for (uint32_t turns = 0; turns <= i % 3; turns++) thread_yield();
        registers_store(&found);
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
    fpu_begin();
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
    fpu_begin();
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
    fpu_begin();
    registers_fill(&mine, 5);
    registers_load(&mine);
    thread_yield();
    counted = fpu_counts;
    yield_often(argument);
    counted = (struct fpu_counts){ fpu_counts.saves - counted.saves, fpu_counts.loads - counted.loads };
    registers_store(&found);
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

/* As if the sleeper had run on another CPU, which loaded its state, changed it and saved it again. */
static void change_elsewhere(void *argument)
{
    struct fpu *fpu = &((struct thread *)argument)->fpu;
    EXPECT(fpu->resident == percpu() && percpu()->fpu_resident == fpu);
    fpu->resident = NULL;
    memset((uint8_t *)fpu->area + XMM3_OFFSET, 0x5a, 16);
}

static void sleep_elsewhere(void *argument)
{
    struct registers mine;
    fpu_begin();
    registers_fill(&mine, 12);
    registers_load(&mine);
    struct thread *other = thread_create("elsewhere", change_elsewhere, thread_current());
    if (other) thread_join(other);
    registers_store(argument);
}

TEST(a_thread_that_was_on_another_cpu_does_not_find_what_it_left_here)
{
    struct registers found, expected;
    registers_fill(&expected, 12);
    memset(expected.vector[3], 0x5a, 16);
    struct thread *threads[] = { thread_create("sleeper", sleep_elsewhere, &found) };
    run(threads, 1);
    EXPECT(memcmp(&found, &expected, sizeof(found)) == 0);
}

static void look_at_first(void *argument)
{
    fpu_begin();
    registers_store(argument);
    EXPECT(thread_current()->fpu.in_use != FPU_UNUSED);
}

static void fill_and_look(void *argument)
{
    struct registers mine;
    fpu_begin();
    registers_fill(&mine, 6);
    registers_load(&mine);
    struct thread *other = thread_create("other", look_at_first, argument);
    if (other) thread_join(other);
}

TEST(what_a_thread_finds_first_is_the_initial_state_and_nothing_of_another_s)
{
    struct registers found;
    registers_fill(&found, 7);
    struct thread *threads[] = { thread_create("filling", fill_and_look, &found) };
    run(threads, 1);
    EXPECT(registers_are_initial(&found));
}

static void reset_and_look(void *argument)
{
    struct registers mine;
    struct fpu *fpu = &thread_current()->fpu;
    fpu_begin();
    registers_fill(&mine, 8);
    registers_load(&mine);
    fpu_clear(fpu);
    EXPECT(fpu->in_use != FPU_UNUSED);
    registers_store(argument);
    EXPECT(registers_are_initial(argument));
    registers_load(&mine);
    fpu_reset(fpu);
    EXPECT_EQ(fpu->in_use, FPU_UNUSED);
    EXPECT(cr0_read() & CR0_TS);
    registers_store(argument);
    EXPECT(fpu->in_use != FPU_UNUSED);
}

TEST(a_new_program_and_a_signal_handler_find_the_initial_state)
{
    struct registers found;
    struct thread *threads[] = { thread_create("resetting", reset_and_look, &found) };
    run(threads, 1);
    EXPECT(registers_are_initial(&found));
}

static void look_and_spoil(void *argument)
{
    struct registers other;
    registers_store(argument);
    registers_fill(&other, 10);
    registers_load(&other);
    thread_yield();
}

static void fork_and_look(void *argument)
{
    struct registers mine, found;
    fpu_begin();
    registers_fill(&mine, 9);
    registers_load(&mine);
    struct thread *child = thread_create("child", look_and_spoil, argument);
    if (!child) return;
    EXPECT_OK(thread_fpu_create(child));
    fpu_copy(&child->fpu, &thread_current()->fpu);
    thread_yield();
    registers_store(&found);
    EXPECT(memcmp(&mine, &found, sizeof(mine)) == 0);
    thread_join(child);
}

TEST(a_child_begins_with_its_parent_s_registers_and_then_has_its_own)
{
    struct registers found, expected;
    registers_fill(&expected, 9);
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
    fpu_begin();
    zero_something();
    EXPECT_EQ(thread_current()->fpu.in_use, FPU_UNUSED);
    EXPECT(cr0_read() & CR0_TS);
    registers_store(argument);
    EXPECT(registers_are_initial(argument));
    registers_fill(&mine, 11);
    registers_load(&mine);
    zero_something();
    registers_store(&found);
    EXPECT(memcmp(&mine, &found, sizeof(mine)) == 0);
}

TEST(zeroing_a_page_changes_neither_registers_nor_that_they_are_off)
{
    struct registers found;
    struct thread *threads[] = { thread_create("zeroing", zero_in_between, &found) };
    run(threads, 1);
}
