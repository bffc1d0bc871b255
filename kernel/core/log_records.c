/* SPDX-License-Identifier: Apache-2.0 */
/* A record lives as long as its text: it is gone when the ring has come round to the text, or when its own place was
 * taken by one that is CONFIG_LOG_RECORDS younger. */
#include "core/log_records.h"

#include "config.h"
#include "core/log_internal.h"
#include "lib/string.h"

_Static_assert((int)LOG_TEXT_MAX < (int)CONFIG_LOG_RING_BYTES, "a text fits the ring");
_Static_assert((int)CONFIG_LOG_LINE_MAX <= (int)LOG_TEXT_MAX, "what is read has room");

static struct log_record records[CONFIG_LOG_RECORDS] GUARDED_BY(log_lock);
static uint64_t next_number GUARDED_BY(log_lock);

void log_record_add_locked(uint32_t priority, uint64_t time_us, size_t prefix, size_t bytes)
{
    records[next_number % CONFIG_LOG_RECORDS] =
        (struct log_record){ next_number, time_us, log_end + prefix, priority, (uint32_t)bytes };
    next_number++;
}

static bool is_left_locked(const struct log_record *r) REQUIRES(log_lock)
{
    return log_end - r->at <= CONFIG_LOG_RING_BYTES;
}

static uint64_t first_locked(void) REQUIRES(log_lock)
{
    uint64_t number = next_number - MIN(next_number, (uint64_t)CONFIG_LOG_RECORDS);
    while (number < next_number && !is_left_locked(&records[number % CONFIG_LOG_RECORDS])) number++;
    return number;
}

static void copy_text_locked(const struct log_record *r, char *text) REQUIRES(log_lock)
{
    size_t offset = r->at % CONFIG_LOG_RING_BYTES;
    size_t chunk = MIN(r->bytes, CONFIG_LOG_RING_BYTES - offset);
    memcpy(text, log_ring + offset, chunk);
    memcpy(text + chunk, log_ring, r->bytes - chunk);
}

bool log_record_read(uint64_t number, struct log_record *out, char *text)
{
    spin_lock(&log_lock);
    number = MAX(number, first_locked());
    bool is_there = number < next_number;
    if (is_there) {
        *out = records[number % CONFIG_LOG_RECORDS];
        copy_text_locked(out, text);
    }
    spin_unlock(&log_lock);
    return is_there;
}

uint64_t log_record_first(void)
{
    spin_lock(&log_lock);
    uint64_t number = first_locked();
    spin_unlock(&log_lock);
    return number;
}

uint64_t log_record_next(void)
{
    spin_lock(&log_lock);
    uint64_t number = next_number;
    spin_unlock(&log_lock);
    return number;
}
