/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time_page.h"

#include "lib/random.h"
#include "tests/harness/test.h"

#include <pthread.h>

static uint64_t ticks;
static uint64_t read_ticks(void) { return ticks; }

/* Floor of ticks * 1,000,000 / khz, to the last bit of the rounded multiplier. */
static uint64_t wanted_ns(uint64_t at, uint64_t khz)
{
    uint64_t ns_per_tick = (1000000ull << TIME_NS_SHIFT) / khz;
    uint64_t high = at >> 32, low = at & UINT32_MAX, m_high = ns_per_tick >> 32,
             m_low = ns_per_tick & UINT32_MAX;
    /* The same product by schoolbook in 32 bits. */
    uint64_t ll = low * m_low, lh = low * m_high, hl = high * m_low, hh = high * m_high;
    uint64_t middle = (ll >> 32) + (lh & UINT32_MAX) + (hl & UINT32_MAX);
    uint64_t bottom = middle << 32 | (ll & UINT32_MAX), top = hh + (lh >> 32) + (hl >> 32) + (middle >> 32);
    return top << (64 - TIME_NS_SHIFT) | bottom >> TIME_NS_SHIFT;
}

static uint64_t read_clock(const struct time_page *page, uint32_t clock)
{
    uint64_t ns = 0;
    EXPECT(time_page_read(page, clock, read_ticks, &ns));
    return ns;
}

TEST(time_page_shows_no_clock_before_it_is_set)
{
    static const struct time_page page;
    uint64_t ns = 7;
    for (uint32_t clock = 0; clock < TIME_PAGE_CLOCKS; clock++)
        EXPECT(!time_page_read(&page, clock, read_ticks, &ns));
    EXPECT_EQ(ns, 7);
}

TEST(time_page_knows_no_clock_beyond_its_end)
{
    struct time_page page;
    uint64_t ns;
    for (uint32_t clock = 0; clock < TIME_PAGE_CLOCKS; clock++) time_page_set_clock(&page, clock, 1, 1);
    static const uint32_t beyond[] = { TIME_PAGE_CLOCKS, TIME_PAGE_CLOCKS + 1, 1u << 28, 1u << 31,
                                       UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LENGTH(beyond); i++)
        EXPECT(!time_page_read(&page, beyond[i], read_ticks, &ns));
}

TEST(time_page_reads_what_the_kernel_reads_at_any_rate_and_time)
{
    struct random random;
    random_init(&random, "time", 4);
    for (int turn = 0; turn < 100000; turn++) {
        uint64_t khz = 100000 + random_u64(&random) % 9900001, offset = random_u64(&random) >> 2;
        struct time_scale scale = time_scale_of_khz(khz);
        struct time_page page = { 0 };
        ticks = random_u64(&random) >> random_u64(&random) % 64;
        time_page_set_clock(&page, LINUX_CLOCK_MONOTONIC, scale.ns_per_tick, 0);
        time_page_set_clock(&page, LINUX_CLOCK_REALTIME, scale.ns_per_tick, offset);
        uint64_t ns = time_scale_to_ns(&scale, ticks);
        EXPECT_EQ(ns, wanted_ns(ticks, khz));
        EXPECT_EQ(read_clock(&page, LINUX_CLOCK_MONOTONIC), ns);
        EXPECT_EQ(read_clock(&page, LINUX_CLOCK_REALTIME), ns + offset);
    }
}

TEST(time_page_goes_forward_where_half_of_the_counter_wraps_around)
{
    struct time_page page = { 0 };
    time_page_set_clock(&page, 1, time_scale_of_khz(2300000).ns_per_tick, 0);
    for (int bit = 21; bit < 64; bit++) {
        ticks = (1ull << bit) - 1000;
        uint64_t last = read_clock(&page, 1);
        for (int i = 0; i < 2000; i++, ticks++) {
            uint64_t now = read_clock(&page, 1);
            EXPECT(now >= last && now - last <= 1);
            last = now;
        }
    }
}

/* ---- while another thread sets it ---- */

static struct time_page shared;
static bool is_over;

static void *set_again_and_again(void *unused)
{
    for (uint64_t i = 0; i < 1000000; i++)
        time_page_set_clock(&shared, 0, 1ull << TIME_NS_SHIFT, i << 32 | i);
    __atomic_store_n(&is_over, true, __ATOMIC_RELEASE);
    return unused;
}

TEST(time_page_shows_an_offset_whole_while_it_is_replaced)
{
    pthread_t thread;
    ticks = 0;
    EXPECT_EQ(pthread_create(&thread, NULL, set_again_and_again, NULL), 0);
    uint64_t last = 0;
    while (!__atomic_load_n(&is_over, __ATOMIC_ACQUIRE)) {
        uint64_t ns = 0;
        if (!time_page_read(&shared, 0, read_ticks, &ns)) continue;
        EXPECT(ns >> 32 == (ns & UINT32_MAX) && ns >= last);
        last = ns;
    }
    pthread_join(thread, NULL);
}
