/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rtc.h"

#include "tests/fakes/fake_bus.h"
#include "tests/fakes/fake_clocks.h"
#include "tests/harness/test.h"

enum { BINARY_24 = 0x06, BCD_24 = 0x02, BCD_12 = 0x00, CENTURY = 0x32 };

/* Values as the chip holds them. */
static void set_cmos(uint8_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute, uint8_t second,
                     uint8_t status_b)
{
    fake_clocks_reset();
    fake_cmos[0x00] = second;
    fake_cmos[0x02] = minute;
    fake_cmos[0x04] = hour;
    fake_cmos[0x07] = day;
    fake_cmos[0x08] = month;
    fake_cmos[0x09] = year;
    fake_cmos[0x0a] = 0x26;
    fake_cmos[0x0b] = status_b;
}

static uint64_t seconds_or_0(uint8_t century_index)
{
    uint64_t seconds = 0;
    return failed(rtc_read_seconds(century_index, &seconds)) ? 0 : seconds;
}

TEST(rtc_reads_bcd_and_binary_clocks)
{
    set_cmos(0x24, 0x01, 0x01, 0x00, 0x00, 0x00, BCD_24);
    EXPECT_EQ(seconds_or_0(0), 1704067200);
    set_cmos(24, 2, 29, 23, 59, 59, BINARY_24);
    EXPECT_EQ(seconds_or_0(0), 1709251199);
    set_cmos(0x99, 0x12, 0x31, 0x23, 0x59, 0x59, BCD_24);
    EXPECT_EQ(seconds_or_0(0), 4102444799);
}

TEST(rtc_reads_the_twelve_hour_clock)
{
    set_cmos(0x24, 0x01, 0x01, 0x12, 0x00, 0x00, BCD_12); /* midnight */
    EXPECT_EQ(seconds_or_0(0), 1704067200);
    set_cmos(0x24, 0x01, 0x01, 0x92, 0x00, 0x00, BCD_12); /* noon */
    EXPECT_EQ(seconds_or_0(0), 1704067200 + 12 * 3600);
    set_cmos(0x24, 0x01, 0x01, 0x81, 0x00, 0x00, BCD_12);
    EXPECT_EQ(seconds_or_0(0), 1704067200 + 13 * 3600);
}

TEST(rtc_takes_the_century_only_when_it_makes_sense)
{
    set_cmos(0x70, 0x01, 0x01, 0x00, 0x00, 0x01, BCD_24);
    fake_cmos[CENTURY] = 0x19;
    EXPECT_EQ(seconds_or_0(CENTURY), 1);
    fake_cmos[CENTURY] = 0x00;
    EXPECT_EQ(seconds_or_0(CENTURY), 3155760001);
}

TEST(rtc_knows_the_leap_days_around_2100)
{
    set_cmos(0x00, 0x02, 0x28, 0x00, 0x00, 0x00, BCD_24);
    fake_cmos[CENTURY] = 0x21;
    uint64_t february = seconds_or_0(CENTURY);
    fake_cmos[0x08] = 0x03;
    fake_cmos[0x07] = 0x01;
    EXPECT_EQ(seconds_or_0(CENTURY) - february, 86400);
    fake_cmos[CENTURY] = 0x20; /* 2000 had one */
    uint64_t march = seconds_or_0(CENTURY);
    fake_cmos[0x08] = 0x02;
    fake_cmos[0x07] = 0x28;
    EXPECT_EQ(march - seconds_or_0(CENTURY), 2 * 86400);
}

TEST(rtc_is_absent_where_nothing_answers)
{
    fake_bus_reset();
    uint64_t seconds;
    EXPECT_ERR(rtc_read_seconds(0, &seconds), ERR_NO_DEVICE);
    EXPECT(fake_bus_accesses < 20000);
}

TEST(rtc_read_ends_when_the_clock_updates_for_ever)
{
    set_cmos(0x24, 0x01, 0x01, 0x00, 0x00, 0x00, BCD_24);
    fake_cmos_is_updating = true;
    uint64_t seconds;
    EXPECT_ERR(rtc_read_seconds(0, &seconds), ERR_NO_DEVICE);
    EXPECT(fake_bus_accesses < 20000);
}

TEST(rtc_refuses_dates_that_are_none)
{
    static const uint8_t bad[][6] = {
        { 0x24, 0x00, 0x01, 0, 0, 0 },    { 0x24, 0x13, 0x01, 0, 0, 0 },    { 0x24, 0x01, 0x00, 0, 0, 0 },
        { 0x24, 0x01, 0x32, 0, 0, 0 },    { 0x24, 0x01, 0x01, 0x24, 0, 0 }, { 0x24, 0x01, 0x01, 0, 0x60, 0 },
        { 0x24, 0x01, 0x01, 0, 0, 0x60 },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        const uint8_t *b = bad[i];
        set_cmos(b[0], b[1], b[2], b[3], b[4], b[5], BCD_24);
        uint64_t seconds;
        EXPECT_ERR(rtc_read_seconds(0, &seconds), ERR_NO_DEVICE);
    }
}
