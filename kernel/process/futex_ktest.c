/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/futex.h"
#include "core/time.h"
#include "lib/random.h"
#include "process/futex_internal.h"
#include "process/user_thread.h"
#include "vm/space_ktest.h"

enum { WORDS = 0x20000000, SOON_NS = 2000000, SLEEPERS = 4 };
#define ANY LINUX_FUTEX_BITSET_ANY

static uint32_t *word_at(uint64_t at) { return (uint32_t *)at; }

TEST(words_that_are_not_present_end_the_access_at_once_whatever_locks_are_held)
{
    static struct spinlock lock = SPINLOCK_INIT;
    open_space();
    map(WORDS, 2 * PAGE_BYTES, RW | SPACE_NO_HUGE | SPACE_FIXED);
    spin_lock(&lock);
    EXPECT_EQ(arch_user_load32(word_at(WORDS)), -1);
    EXPECT_EQ(arch_user_compare_exchange32(word_at(WORDS), 0, 1), -1);
    EXPECT_EQ(arch_user_load32(word_at(0x30000000)), -1);
    spin_unlock(&lock);
    EXPECT_EQ(arch_user_touch32(word_at(WORDS)), 0);
    EXPECT(arch_user_touch32(word_at(0x30000000)) != 0);
    spin_lock(&lock);
    EXPECT_EQ(arch_user_load32(word_at(WORDS)), 0);
    EXPECT_EQ(arch_user_compare_exchange32(word_at(WORDS), 0, UINT32_MAX), 0);
    EXPECT_EQ(arch_user_compare_exchange32(word_at(WORDS), 0, 1), UINT32_MAX);
    EXPECT_EQ(arch_user_load32(word_at(WORDS)), UINT32_MAX);
    spin_unlock(&lock);
    EXPECT_OK(space_protect(space, WORDS, PAGE_BYTES, SPACE_READ));
    EXPECT_EQ(arch_user_load32(word_at(WORDS)), UINT32_MAX);
    EXPECT_EQ(arch_user_compare_exchange32(word_at(WORDS), UINT32_MAX, 1), -1);
    EXPECT(arch_user_touch32(word_at(WORDS)) != 0);
    close_space();
}

TEST(a_wait_brings_its_word_in_and_ends_in_time)
{
    open_space();
    map(WORDS, PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT_EQ(futex_wait(UADDR(WORDS), false, 1, ANY, UINT64_MAX).code, ERR_TRY_AGAIN.code);
    EXPECT_EQ(futex_wait(UADDR(WORDS + 1), false, 0, ANY, UINT64_MAX).code, ERR_INVALID.code);
    EXPECT_EQ(futex_wait(UADDR(0x30000000), false, 0, ANY, UINT64_MAX).code, ERR_FAULT.code);
    EXPECT_EQ(futex_wait(UADDR(USER_END), false, 0, ANY, UINT64_MAX).code, ERR_FAULT.code);
    uint64_t until = time_now_ns() + SOON_NS;
    EXPECT_EQ(futex_wait(UADDR(WORDS), false, 0, ANY, until).code, ERR_TIMED_OUT.code);
    EXPECT(time_now_ns() >= until);
    EXPECT_EQ(futex_wait(UADDR(WORDS), true, 0, ANY, 1).code, ERR_TIMED_OUT.code);
    EXPECT_EQ(futex_wake(UADDR(WORDS), false, 1, ANY), 0);
    close_space();
}

/* ---- sleepers ---- */

static struct sleeper {
    struct thread *thread;
    uint32_t bitset;
    int result, order;
} sleepers[SLEEPERS];
static int woken_count;

static void sleep_on_word(void *argument)
{
    struct sleeper *s = argument;
    enter(space);
    s->result = futex_wait(UADDR(WORDS), false, 0, s->bitset, UINT64_MAX).code;
    s->order = ++woken_count;
    thread_set_space(NULL, NULL);
}

static void start_sleepers(void)
{
    woken_count = 0;
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct sleeper){ .bitset = 1u << i, .result = 1 };
        sleepers[i].thread = thread_create("sleeper", sleep_on_word, &sleepers[i]);
        EXPECT(sleepers[i].thread != NULL);
    }
    thread_yield(); /* they run in the order of their making, and fall asleep */
}

static void join_sleepers(void)
{
    for (int i = 0; i < SLEEPERS; i++) thread_join(sleepers[i].thread);
}

TEST(sleepers_wake_in_the_order_in_which_they_came_and_by_their_bits)
{
    open_space();
    map(WORDS, PAGE_BYTES, RW | SPACE_FIXED);
    poke(WORDS, 0);
    start_sleepers();
    EXPECT_EQ(futex_wake(UADDR(WORDS + 4), false, 9, ANY), 0);
    EXPECT_EQ(futex_wake(UADDR(WORDS), true, 9, ANY), 0); /* looked for as a shared word, it is another */
    EXPECT_EQ(futex_wake(UADDR(WORDS), false, 9, 1u << 31), 0);
    EXPECT_EQ(futex_wake(UADDR(WORDS), false, 9, 1u << 2), 1);
    thread_yield();
    EXPECT_EQ(sleepers[2].order, 1);
    EXPECT_EQ(futex_wake(UADDR(WORDS), false, 0, ANY), 1); /* none means one, as on Linux */
    thread_yield();
    EXPECT_EQ(sleepers[0].order, 2);
    EXPECT_EQ(futex_wake(UADDR(WORDS), false, 9, ANY), 2);
    join_sleepers();
    EXPECT_EQ(sleepers[1].order, 3);
    EXPECT_EQ(sleepers[3].order, 4);
    for (int i = 0; i < SLEEPERS; i++) EXPECT_EQ(sleepers[i].result, 0);
    close_space();
}

TEST(who_is_to_leave_the_kernel_leaves_its_futex_also_one_it_was_moved_to)
{
    open_space();
    map(WORDS, PAGE_BYTES, RW | SPACE_FIXED);
    poke(WORDS, 0);
    start_sleepers();
    struct futex_requeue request = { .from = UADDR(WORDS), .to = UADDR(WORDS + 64), .move_count = 2 };
    EXPECT_EQ(futex_requeue(&request), 2);
    thread_interrupt(sleepers[0].thread);
    thread_interrupt(sleepers[3].thread);
    thread_yield();
    EXPECT_EQ(sleepers[0].result, ERR_INTERRUPTED.code);
    EXPECT_EQ(sleepers[3].result, ERR_INTERRUPTED.code);
    EXPECT_EQ(futex_wake(UADDR(WORDS + 64), false, 9, ANY), 1);
    EXPECT_EQ(futex_wake(UADDR(WORDS), false, 9, ANY), 1);
    join_sleepers();
    for (uint32_t i = 0; i < CONFIG_FUTEX_BUCKETS; i++) EXPECT_EQ(futex_buckets[i].count, 0);
    close_space();
}

/* ---- robust lists ---- */

static struct process process;
static struct user_thread ending;

/* The test's thread as one of a program, with number 7. */
static void begin_ending(uint64_t list)
{
    ending = (struct user_thread){ .thread = thread_current(), .process = &process, .tid = 7 };
    ending.robust_list = list;
    process = (struct process){ .space = space, .thread_count = 2 };
}

TEST(a_ring_of_locks_is_marked_once_and_the_walk_ends)
{
    open_space();
    map(WORDS, PAGE_BYTES, RW | SPACE_FIXED);
    struct linux_robust_list_head head = { .next = WORDS + 64, .futex_offset = 8 };
    EXPECT_OK(user_copy_out(UADDR(WORDS), &head, sizeof(head)));
    poke(WORDS + 64, WORDS + 128);
    poke(WORDS + 72, 7 | LINUX_FUTEX_WAITERS);
    poke(WORDS + 128, WORDS + 64); /* never back to the head */
    poke(WORDS + 136, 8);
    begin_ending(WORDS);
    futex_exit_robust(&ending);
    EXPECT_EQ((uint32_t)peek(WORDS + 72), LINUX_FUTEX_WAITERS | LINUX_FUTEX_OWNER_DIED);
    EXPECT_EQ((uint32_t)peek(WORDS + 136), 8);
    close_space();
}

#define ANOTHERS 0x0000000800000008ull /* words of thread 8, which does not end */

/* Pointers into the page, into the next one, odd, wild and into the kernel; words with every mixture of marks. */
static uint64_t any_pointer(struct random *random)
{
    switch (random_u64(random) % 8) {
    case 0: return random_u64(random);
    case 1: return 0xffff800000000000 + random_u64(random) % PAGE_BYTES;
    case 2: return USER_END - random_u64(random) % 16;
    default: return WORDS + random_u64(random) % (PAGE_BYTES + 512);
    }
}

TEST(lists_of_any_contents_harm_nobody)
{
    struct random random;
    random_init(&random, "futex", 5);
    open_space();
    map(WORDS, 2 * PAGE_BYTES, RW | SPACE_FIXED);
    for (uint64_t at = 0; at < PAGE_BYTES; at += 8) poke(WORDS + PAGE_BYTES + at, ANOTHERS);
    for (int round = 0; round < 200; round++) {
        for (uint64_t at = 0; at < PAGE_BYTES; at += 8) {
            bool is_word = random_u64(&random) % 2;
            poke(WORDS + at, is_word ? 7 | (random_u64(&random) << 30) : any_pointer(&random));
        }
        begin_ending(WORDS + random_u64(&random) % PAGE_BYTES);
        ending.clear_tid = WORDS + random_u64(&random) % (PAGE_BYTES - 4);
        futex_exit_robust(&ending);
        futex_clear_tid(&ending);
    }
    for (uint64_t at = 0; at < PAGE_BYTES; at += 8) EXPECT_EQ(peek(WORDS + PAGE_BYTES + at), ANOTHERS);
    close_space();
}
