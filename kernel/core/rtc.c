/* SPDX-License-Identifier: Apache-2.0 */
/* MC146818 and its descendants, behind two ports: index and data. [mc146818a] */
#include "core/rtc.h"

#include "arch/io.h"
#include "lib/string.h"

enum {
    RTC_INDEX_PORT = 0x70, /* bit 7 shuts the NMI; we keep it open */
    RTC_DATA_PORT = 0x71,

    RTC_SECONDS = 0x00,
    RTC_MINUTES = 0x02,
    RTC_HOURS = 0x04,
    RTC_HOURS_PM = 0x80, /* with the 12-hour clock */
    RTC_DAY = 0x07,
    RTC_MONTH = 0x08,
    RTC_YEAR = 0x09,
    RTC_STATUS_A = 0x0a,
    RTC_STATUS_A_UPDATING = 0x80,
    RTC_STATUS_B = 0x0b,
    RTC_STATUS_B_24_HOURS = 0x02,
    RTC_STATUS_B_BINARY = 0x04,

    /* An update takes 2 ms at most and a read over the bus 1 us at least on real hardware. */
    RTC_UPDATE_READS_MAX = 4000,
    RTC_READ_TRIES = 4,
};

struct rtc_time {
    uint8_t second, minute, hour, day, month, year, century;
};

static uint8_t rtc_read(uint8_t index)
{
    port_write8(RTC_INDEX_PORT, index);
    return port_read8(RTC_DATA_PORT);
}

static bool wait_update_over(void)
{
    for (int i = 0; i < RTC_UPDATE_READS_MAX; i++) {
        if (!(rtc_read(RTC_STATUS_A) & RTC_STATUS_A_UPDATING)) return true;
    }
    return false;
}

static struct rtc_time read_raw(uint8_t century_index)
{
    return (struct rtc_time){
        .second = rtc_read(RTC_SECONDS),
        .minute = rtc_read(RTC_MINUTES),
        .hour = rtc_read(RTC_HOURS),
        .day = rtc_read(RTC_DAY),
        .month = rtc_read(RTC_MONTH),
        .year = rtc_read(RTC_YEAR),
        .century = century_index ? rtc_read(century_index) : 0,
    };
}

/* Two equal readings in a row did not have an update between their halves. */
static bool read_stable(uint8_t century_index, struct rtc_time *out)
{
    struct rtc_time previous = { .month = 0xff };
    for (int i = 0; i < RTC_READ_TRIES; i++) {
        if (!wait_update_over()) return false;
        *out = read_raw(century_index);
        if (memcmp(out, &previous, sizeof previous) == 0) return true;
        previous = *out;
    }
    return false;
}

static uint8_t from_bcd(uint8_t value) { return (uint8_t)((value >> 4) * 10 + (value & 0x0f)); }

static void decode(struct rtc_time *t, uint8_t status_b)
{
    bool is_pm = t->hour & RTC_HOURS_PM;
    t->hour &= (uint8_t)~RTC_HOURS_PM;
    if (!(status_b & RTC_STATUS_B_BINARY)) {
        t->second = from_bcd(t->second);
        t->minute = from_bcd(t->minute);
        t->hour = from_bcd(t->hour);
        t->day = from_bcd(t->day);
        t->month = from_bcd(t->month);
        t->year = from_bcd(t->year);
        t->century = from_bcd(t->century);
    }
    if (!(status_b & RTC_STATUS_B_24_HOURS)) t->hour = (uint8_t)(t->hour % 12 + (is_pm ? 12 : 0));
    if (t->century < 19 || t->century > 22) t->century = 20;
}

static bool is_plausible(const struct rtc_time *t)
{
    return t->second < 60 && t->minute < 60 && t->hour < 24 && t->day >= 1 && t->day <= 31 && t->month >= 1 &&
           t->month <= 12 && t->year < 100 && t->century * 100 + t->year >= 1970;
}

/* Days from 1970-01-01 in the Gregorian calendar, counting years from March so that the leap day is
 * a year's last. */
static uint64_t days_since_1970(uint64_t year, uint64_t month, uint64_t day)
{
    if (month <= 2) year--;
    uint64_t month_from_march = (month + 9) % 12;
    uint64_t leap_days = year / 4 - year / 100 + year / 400;
    uint64_t days_before_month = (153 * month_from_march + 2) / 5; /* 31,30,31,30,31, twice, and the rest */
    return year * 365 + leap_days + days_before_month + (day - 1) - 719468;
}

err_t rtc_read_seconds(uint8_t century_index, uint64_t *seconds)
{
    struct rtc_time t;
    if (!read_stable(century_index, &t)) return ERR_NO_DEVICE;
    decode(&t, rtc_read(RTC_STATUS_B));
    if (!is_plausible(&t)) return ERR_NO_DEVICE;

    uint64_t days = days_since_1970(t.century * 100u + t.year, t.month, t.day);
    *seconds = ((days * 24 + t.hour) * 60 + t.minute) * 60 + t.second;
    return OK;
}
