/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces that run into the container's limit, at every limit in a row: what could not be had is
 * refused, nothing else is, and nothing stays behind. */
#include "arch/trap.h"
#include "config.h"
#include "mm/charge.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "sched/thread.h"
#include "tests/harness/test.h"
#include "vm/space.h"

enum {
    LIMITS = 129,                             /* one after the other */
    SMALL_PAGES = 256,                        /* more than the largest limit has room for */
    HUGE_PAGES = 2 * HUGE_BYTES / PAGE_BYTES, /* 2 MiB of them at once, where the limit allows it */
    START_MAX = 1024,                         /* no workload needs so much to begin with */
};
static const uint64_t place = 0x10000000;

struct outcome {
    bool has_begun; /* a space, an area, the first page */
    uint64_t pages; /* that could be had, the whole of a large one for its first */
    struct charge_stats at_the_end;
    struct charge_refusal refusal;
};

static void touch_all(struct space *space, uint64_t pages, struct outcome *out)
{
    for (out->pages = 0; out->pages < pages; out->pages++) {
        err_t e = space_fault(space, place + (out->pages << PAGE_SHIFT), PF_USER | PF_WRITE);
        if (!failed(e)) continue;
        EXPECT_ERR(e, ERR_NO_MEMORY);
        break;
    }
    out->has_begun = out->pages > 0;
}

/* Maps `pages` and touches one after the other, with so many frames for all of it. */
static struct outcome run(uint64_t limit, uint64_t pages)
{
    struct outcome out = { .pages = 0 };
    struct space *space;
    uint64_t at, free = frame_free_count();
    charge_start(frame_total_count());
    charge_set_limit(limit);
    (void)charge_take_refusal();
    if (!failed(space_create(&space))) {
        err_t e = space_map(space, place, pages << PAGE_SHIFT, SPACE_READ | SPACE_WRITE | SPACE_FIXED, NULL,
                            0, &at);
        if (failed(e))
            EXPECT_ERR(e, ERR_NO_MEMORY);
        else
            touch_all(space, pages, &out);
        out.at_the_end = charge_read();
        out.refusal = charge_take_refusal();
        space_destroy(space);
    }
    /* Only the heap may have kept something for later: a slab for each size that was new to it. */
    struct charge_stats after = charge_read();
    EXPECT_EQ(after.kinds[CHARGE_ANONYMOUS], 0);
    EXPECT_EQ(frame_free_count(), after.free);
    EXPECT_EQ(free - frame_free_count(), after.kinds[CHARGE_KERNEL]);
    charge_set_limit(CHARGE_NO_LIMIT);
    return out;
}

static uint64_t least_limit(uint64_t pages)
{
    uint64_t limit = 0;
    run(START_MAX, 1); /* the heap has what it keeps */
    while (limit < START_MAX && !run(limit, pages).has_begun) limit++;
    EXPECT(limit > 0 && limit < START_MAX);
    return limit;
}

static void expect_stopped_at(const struct outcome *out, uint64_t limit)
{
    EXPECT(out->has_begun);
    EXPECT(out->at_the_end.total <= limit);
    EXPECT_EQ(out->at_the_end.peak, limit); /* it tried all of it before it gave up */
    EXPECT_EQ(out->at_the_end.kinds[CHARGE_ANONYMOUS], out->pages);
    EXPECT_EQ(out->refusal.frames, 1);
    EXPECT(out->refusal.is_container_limit);
}

TEST(limit_stops_a_space_at_every_frame_count)
{
    uint64_t least = least_limit(SMALL_PAGES), hits = 0;
    for (uint64_t limit = least; limit < least + LIMITS; limit++) {
        struct outcome out = run(limit, SMALL_PAGES);
        expect_stopped_at(&out, limit);
        EXPECT_EQ(out.pages, limit - least + 1);
        hits += out.pages < SMALL_PAGES;
    }
    EXPECT_EQ(hits, LIMITS);
    test_note("limits of %llu to %llu frames, each of them reached", (unsigned long long)least,
              (unsigned long long)(least + LIMITS - 1));
}

TEST(limit_leaves_single_pages_where_a_large_one_does_not_fit)
{
    /* From just below the frames that a 2 MiB page takes to well above. */
    uint64_t least = least_limit(HUGE_PAGES), first = least + HUGE_BYTES / PAGE_BYTES - 2;
    for (uint64_t limit = first; limit < first + LIMITS; limit++) {
        struct outcome out = run(limit, HUGE_PAGES);
        expect_stopped_at(&out, limit);
    }
}

static void map(struct space *space, uint64_t at, uint64_t pages)
{
    EXPECT_OK(
        space_map(space, at, pages << PAGE_SHIFT, SPACE_READ | SPACE_WRITE | SPACE_FIXED, NULL, 0, &at));
}

TEST(limit_stops_a_space_only_until_it_gives_something_back)
{
    enum { OTHER_PAGES = 8 };
    struct space *space;
    struct outcome out;
    charge_start(frame_total_count());
    EXPECT_OK(space_create(&space));
    map(space, place, SMALL_PAGES);
    map(space, place + HUGE_BYTES, OTHER_PAGES);
    for (uint64_t i = 0; i < OTHER_PAGES; i++)
        EXPECT_OK(space_fault(space, place + HUGE_BYTES + (i << PAGE_SHIFT), PF_USER | PF_WRITE));
    charge_set_limit(charge_read().total + 40);
    touch_all(space, SMALL_PAGES, &out);
    uint64_t had = out.pages;
    EXPECT(had >= 39 && had <= 40);
    EXPECT_OK(space_unmap(space, place + HUGE_BYTES, OTHER_PAGES << PAGE_SHIFT));
    touch_all(space, SMALL_PAGES, &out);
    EXPECT(out.pages >= had + OTHER_PAGES);
    charge_set_limit(CHARGE_NO_LIMIT);
    touch_all(space, SMALL_PAGES, &out);
    EXPECT_EQ(out.pages, SMALL_PAGES);
    space_destroy(space);
}

static void do_nothing(void *argument UNUSED) {}

static bool run_thread(void)
{
    struct thread *thread = thread_create("limited", do_nothing, NULL);
    if (thread) thread_join(thread);
    kernel_stack_trim(); /* or the next one would cost nothing */
    return thread;
}

static bool use_heap(void)
{
    void *block = heap_alloc(8 * PAGE_BYTES);
    heap_free(block);
    return block;
}

/* The least limit at which it works; below it always fails, above it never does, and it leaves nothing. */
static uint64_t first_success(bool (*attempt)(void))
{
    uint64_t first = START_MAX;
    attempt(); /* the heap has what it keeps */
    charge_start(frame_total_count());
    for (uint64_t limit = 0; limit < 64; limit++) {
        charge_set_limit(limit);
        bool works = attempt();
        if (works) first = MIN(first, limit);
        EXPECT_EQ(works, limit >= first);
        EXPECT_EQ(charge_read().total, 0);
    }
    charge_set_limit(CHARGE_NO_LIMIT);
    return first;
}

TEST(limit_holds_for_kernel_stacks)
{
    EXPECT_EQ(first_success(run_thread), CONFIG_KERNEL_STACK_BYTES / PAGE_BYTES);
}

TEST(limit_holds_for_the_heap)
{
    uint64_t first = first_success(use_heap);
    EXPECT(first >= 8 && first <= 16);
}
