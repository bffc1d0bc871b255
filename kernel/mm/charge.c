/* SPDX-License-Identifier: Apache-2.0 */
#include "mm/charge.h"

#include "config.h"

struct charge_counters charge_counters = { .limits = { [0 ... CHARGE_KIND_COUNT - 1] = CHARGE_NO_LIMIT } };

/* Fixed by charge_start. */
static uint64_t machine = CHARGE_NO_LIMIT, reserve;
static struct {
    uint64_t total, kinds[CHARGE_KIND_COUNT];
} before; /* charged when the container began */

static uint64_t container_limit = CHARGE_NO_LIMIT;

/* The kind and the frames of a refusal in one word, so that they belong together. */
enum { REFUSAL_KIND_SHIFT = 56 };
static uint64_t last_refusal;

static uint64_t read(const uint64_t *counter) { return __atomic_load_n(counter, __ATOMIC_RELAXED); }

bool charge_refuse(enum charge_kind kind, uint64_t frames)
{
    __atomic_store_n(&last_refusal, (uint64_t)kind << REFUSAL_KIND_SHIFT | frames, __ATOMIC_RELAXED);
    return false;
}

/* A fall that others raced with is seen by whoever was there first. */
void charge_set_peak(uint64_t total)
{
    uint64_t *peak = &charge_counters.peak, seen = read(peak);
    while (seen < total &&
           !__atomic_compare_exchange_n(peak, &seen, total, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/* What the machine lets the kind have. */
static uint64_t machine_limit(enum charge_kind kind)
{
    return kind == CHARGE_KERNEL ? machine : machine - reserve;
}

void charge_set_limit(uint64_t frames)
{
    uint64_t top;
    container_limit = frames;
    if (add_overflows(before.total, frames, &top)) top = CHARGE_NO_LIMIT;
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++)
        __atomic_store_n(&charge_counters.limits[kind], MIN(machine_limit(kind), top), __ATOMIC_RELAXED);
}

void charge_start(uint64_t machine_frames)
{
    struct charge_counters *c = &charge_counters;
    machine = machine_frames;
    reserve = MIN(machine_frames / CONFIG_RESERVE_PART, (uint64_t)CONFIG_RESERVE_FRAMES_MAX);
    before.total = read(&c->total);
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++) before.kinds[kind] = read(&c->kinds[kind]);
    __atomic_store_n(&c->peak, before.total, __ATOMIC_RELAXED);
    charge_set_limit(CHARGE_NO_LIMIT);
}

struct charge_refusal charge_take_refusal(void)
{
    uint64_t word = __atomic_exchange_n(&last_refusal, 0, __ATOMIC_RELAXED);
    enum charge_kind kind = (enum charge_kind)(word >> REFUSAL_KIND_SHIFT);
    return (struct charge_refusal){ .kind = kind,
                                    .frames = word & ((1ull << REFUSAL_KIND_SHIFT) - 1),
                                    .is_container_limit =
                                        read(&charge_counters.limits[kind]) < machine_limit(kind) };
}

/* What began before the container may end in it, so there can be less than nothing. */
static uint64_t above(uint64_t value, uint64_t floor) { return value > floor ? value - floor : 0; }

struct charge_stats charge_read(void)
{
    const struct charge_counters *c = &charge_counters;
    uint64_t total = read(&c->total);
    struct charge_stats s = {
        .total = above(total, before.total),
        .peak = above(MAX(read(&c->peak), total), before.total),
        .limit = container_limit,
        .boot = before.total,
        .machine = machine,
        .free = above(machine, total),
        .reserve = reserve,
        .available = above(read(&c->limits[CHARGE_ANONYMOUS]), total),
    };
    for (uint32_t kind = 0; kind < CHARGE_KIND_COUNT; kind++)
        s.kinds[kind] = above(read(&c->kinds[kind]), before.kinds[kind]);
    return s;
}

const char *charge_kind_name(enum charge_kind kind)
{
    static const char *const names[CHARGE_KIND_COUNT] = { "anonymous", "file", "kernel", "pinned", "gpu" };
    return names[kind];
}
