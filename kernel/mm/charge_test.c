/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/charge.h"

#include <string.h>

#include "config.h"
#include "tests/harness/test.h"

enum { MACHINE = 128 * 100 };

static uint64_t reserve_of(uint64_t machine)
{
    charge_start(machine);
    return charge_read().reserve;
}

/* Everything was given back, and other tests find no limit. */
static void end(void)
{
    EXPECT_EQ(charge_read().total, 0);
    charge_start(CHARGE_NO_LIMIT);
}

/* How many single frames the kind gets before it is refused; they are given back. */
static uint64_t fill(enum charge_kind kind)
{
    uint64_t got = 0;
    while (charge_try(kind, 1)) got++;
    charge_drop(kind, got);
    return got;
}

TEST(charge_counts_each_kind_and_their_sum)
{
    charge_start(MACHINE);
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) EXPECT(charge_try(kind, 1u << kind));
    struct charge_stats s = charge_read();
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) EXPECT_EQ(s.kinds[kind], 1u << kind);
    EXPECT_EQ(s.total, (1u << CHARGE_KIND_COUNT) - 1);
    EXPECT_EQ(s.free, MACHINE - s.total);
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) charge_drop(kind, 1u << kind);
    s = charge_read();
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) EXPECT_EQ(s.kinds[kind], 0);
    EXPECT_EQ(s.total, 0);
    EXPECT_EQ(s.free, MACHINE);
    end();
}

TEST(charge_holds_every_kind_to_the_containers_limit_exactly)
{
    charge_start(MACHINE);
    charge_set_limit(1000);
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) EXPECT_EQ(fill(kind), 1000);
    EXPECT(charge_try(CHARGE_FILE, 999));
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) {
        EXPECT(!charge_try(kind, 2));
        EXPECT_EQ(fill(kind), 1);
    }
    EXPECT_EQ(charge_read().available, 1);
    charge_drop(CHARGE_FILE, 999);
    end();
}

TEST(charge_refused_changes_nothing)
{
    charge_start(MACHINE);
    charge_set_limit(1000);
    EXPECT(charge_try(CHARGE_ANONYMOUS, 600));
    EXPECT(!charge_try(CHARGE_ANONYMOUS, 512));
    struct charge_stats s = charge_read();
    EXPECT_EQ(s.total, 600);
    EXPECT_EQ(s.peak, 600);
    EXPECT_EQ(s.kinds[CHARGE_ANONYMOUS], 600);
    charge_drop(CHARGE_ANONYMOUS, 600);
    end();
}

TEST(charge_keeps_the_last_frames_of_the_machine_for_the_kernel)
{
    charge_start(MACHINE);
    uint64_t reserve = charge_read().reserve;
    EXPECT_EQ(reserve, 100);
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++)
        EXPECT_EQ(fill(kind), kind == CHARGE_KERNEL ? MACHINE : MACHINE - reserve);
    /* What is free counts, whoever has the rest. */
    EXPECT(charge_try(CHARGE_KERNEL, MACHINE - reserve));
    EXPECT(!charge_try(CHARGE_ANONYMOUS, 1));
    EXPECT_EQ(fill(CHARGE_KERNEL), reserve);
    charge_drop(CHARGE_KERNEL, MACHINE - reserve);
    end();
}

TEST(charge_obeys_the_nearer_of_two_limits)
{
    charge_start(MACHINE);
    charge_set_limit(MACHINE - 101);
    EXPECT_EQ(fill(CHARGE_ANONYMOUS), MACHINE - 101);
    charge_start(MACHINE);
    charge_set_limit(MACHINE - 99);
    EXPECT_EQ(fill(CHARGE_ANONYMOUS), MACHINE - 100);
    EXPECT_EQ(fill(CHARGE_KERNEL), MACHINE - 99);
    charge_start(MACHINE);
    charge_set_limit(MACHINE + 1);
    EXPECT_EQ(fill(CHARGE_KERNEL), MACHINE);
    end();
}

TEST(charge_reserve_grows_with_the_machine_up_to_a_bound)
{
    EXPECT_EQ(reserve_of(0), 0);
    EXPECT_EQ(reserve_of(CONFIG_RESERVE_PART - 1), 0);
    EXPECT_EQ(reserve_of(CONFIG_RESERVE_PART), 1);
    uint64_t turn = (uint64_t)CONFIG_RESERVE_PART * CONFIG_RESERVE_FRAMES_MAX;
    EXPECT_EQ(reserve_of(turn - 1), CONFIG_RESERVE_FRAMES_MAX - 1);
    EXPECT_EQ(reserve_of(turn), CONFIG_RESERVE_FRAMES_MAX);
    EXPECT_EQ(reserve_of(1ull << 40), CONFIG_RESERVE_FRAMES_MAX);
    end();
}

TEST(charge_of_boot_is_not_the_containers)
{
    EXPECT(charge_try(CHARGE_KERNEL, 300));
    charge_start(MACHINE);
    charge_set_limit(1000);
    struct charge_stats s = charge_read();
    EXPECT_EQ(s.total, 0);
    EXPECT_EQ(s.peak, 0);
    EXPECT_EQ(s.kinds[CHARGE_KERNEL], 0);
    EXPECT_EQ(s.boot, 300);
    EXPECT_EQ(s.free, MACHINE - 300);
    EXPECT_EQ(s.available, 1000);
    EXPECT_EQ(fill(CHARGE_KERNEL), 1000);
    /* What boot gives back later makes room, and no number wraps. */
    charge_drop(CHARGE_KERNEL, 300);
    s = charge_read();
    EXPECT_EQ(s.total, 0);
    EXPECT_EQ(s.kinds[CHARGE_KERNEL], 0);
    EXPECT_EQ(fill(CHARGE_KERNEL), 1300);
    end();
}

TEST(charge_peak_is_the_most_there_ever_was_since_the_start)
{
    charge_start(MACHINE);
    EXPECT(charge_try(CHARGE_FILE, 500));
    EXPECT_EQ(charge_read().peak, 500); /* before anything fell */
    EXPECT(charge_try(CHARGE_KERNEL, 30));
    charge_drop(CHARGE_FILE, 500);
    EXPECT(charge_try(CHARGE_FILE, 499));
    EXPECT_EQ(charge_read().peak, 530);
    charge_drop(CHARGE_FILE, 499);
    charge_start(MACHINE);
    EXPECT_EQ(charge_read().peak, 0);
    charge_drop(CHARGE_KERNEL, 30);
    end();
}

TEST(charge_limit_may_fall_below_what_is_charged)
{
    charge_start(MACHINE);
    EXPECT(charge_try(CHARGE_ANONYMOUS, 700));
    charge_set_limit(400);
    EXPECT_EQ(fill(CHARGE_ANONYMOUS), 0);
    EXPECT_EQ(charge_read().available, 0);
    EXPECT_EQ(charge_read().kinds[CHARGE_ANONYMOUS], 700);
    charge_drop(CHARGE_ANONYMOUS, 350);
    EXPECT_EQ(fill(CHARGE_KERNEL), 50);
    charge_drop(CHARGE_ANONYMOUS, 350);
    end();
}

TEST(charge_tells_what_was_refused_last_and_by_which_limit)
{
    charge_start(MACHINE);
    charge_set_limit(1000);
    (void)charge_take_refusal();
    EXPECT(charge_try(CHARGE_KERNEL, 900));
    EXPECT_EQ(charge_take_refusal().frames, 0);
    EXPECT(!charge_try(CHARGE_ANONYMOUS, 512));
    EXPECT(!charge_try(CHARGE_FILE, 101));
    struct charge_refusal r = charge_take_refusal();
    EXPECT_EQ(r.kind, CHARGE_FILE);
    EXPECT_EQ(r.frames, 101);
    EXPECT(r.is_container_limit);
    EXPECT_EQ(charge_take_refusal().frames, 0);
    charge_set_limit(MACHINE - charge_read().reserve); /* not nearer than the machine's, for a program */
    EXPECT(!charge_try(CHARGE_ANONYMOUS, MACHINE));
    EXPECT(!charge_take_refusal().is_container_limit);
    EXPECT(!charge_try(CHARGE_KERNEL, MACHINE));
    EXPECT(charge_take_refusal().is_container_limit);
    charge_drop(CHARGE_KERNEL, 900);
    end();
}

TEST(charge_kinds_have_names)
{
    EXPECT_STR(charge_kind_name(CHARGE_ANONYMOUS), "anonymous");
    EXPECT_STR(charge_kind_name(CHARGE_GPU), "gpu");
}
