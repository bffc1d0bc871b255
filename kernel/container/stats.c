/* SPDX-License-Identifier: Apache-2.0 */
#include "container/stats.h"

#include "arch/cpu.h"
#include "container/channel.h"
#include "core/unsupported.h"
#include "mm/charge.h"
#include "vm/space.h"

enum { STATS_PER_FRAME = 64 };

bool (*stats_next_call)(uint32_t *cursor, struct channel_stat *out);

static uint64_t first_tick;

struct batch {
    struct channel_stat stats[STATS_PER_FRAME];
    uint32_t count;
};

static void flush(struct batch *b)
{
    if (b->count) channel_send(CHANNEL_STATS, b->stats, b->count * sizeof(b->stats[0]));
    b->count = 0;
}

static void add(struct batch *b, struct channel_stat stat)
{
    b->stats[b->count++] = stat;
    if (b->count == STATS_PER_FRAME) flush(b);
}

void stats_begin(void) { first_tick = tsc_read(); }

void stats_send(void)
{
    if (!stats_next_call) return;
    static struct batch b; /* too large for a stack */
    struct channel_stat stat;
    add(&b, (struct channel_stat){ .kind = CHANNEL_STAT_TICKS, .count = tsc_read() - first_tick });
    add(&b, (struct channel_stat){ .kind = CHANNEL_STAT_MEMORY, .count = charge_read().peak * PAGE_BYTES });
    add(&b, (struct channel_stat){ .kind = CHANNEL_STAT_FAULTS, .count = space_faults_of_the_gone() });
    for (uint32_t cursor = 0; stats_next_call(&cursor, &stat);) add(&b, stat);
    for (uint32_t cursor = 0; unsupported_next(&cursor, &stat);) add(&b, stat);
    flush(&b);
}
