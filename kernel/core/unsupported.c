/* SPDX-License-Identifier: Apache-2.0 */
#include "core/unsupported.h"

enum { NOTES = 128 }; /* a power of two; programs try a dozen things */

/* A key is written once, by whoever finds the place free. */
static struct note {
    uint64_t key;   /* kind and number; 0: free */
    uint64_t count; /* both atomic */
} notes[NOTES];
static uint64_t unnamed_count;

enum { KIND_SHIFT = 56 };

static struct note *find(uint64_t key, bool *is_new)
{
    uint64_t at = key * 0x9e3779b97f4a7c15ull >> 32;
    for (uint32_t i = 0; i < NOTES; i++) {
        struct note *note = &notes[(at + i) % NOTES];
        uint64_t seen = __atomic_load_n(&note->key, __ATOMIC_RELAXED);
        *is_new = !seen && __atomic_compare_exchange_n(&note->key, &seen, key, false, __ATOMIC_RELAXED,
                                                       __ATOMIC_RELAXED);
        if (*is_new || seen == key) return note;
    }
    return NULL;
}

bool unsupported_note(enum channel_stat_kind kind, uint64_t number)
{
    bool is_new;
    uint64_t key = (uint64_t)kind << KIND_SHIFT | (number & ((1ull << KIND_SHIFT) - 1));
    struct note *note = find(key, &is_new);
    __atomic_fetch_add(note ? &note->count : &unnamed_count, 1, __ATOMIC_RELAXED);
    return note && is_new;
}

bool unsupported_next(uint32_t *cursor, struct channel_stat *out)
{
    while (*cursor < NOTES) {
        const struct note *note = &notes[(*cursor)++];
        uint64_t key = __atomic_load_n(&note->key, __ATOMIC_RELAXED);
        if (!key) continue;
        *out = (struct channel_stat){ .kind = (uint32_t)(key >> KIND_SHIFT),
                                      .number = key & ((1ull << KIND_SHIFT) - 1),
                                      .count = __atomic_load_n(&note->count, __ATOMIC_RELAXED) };
        return true;
    }
    *out = (struct channel_stat){ .kind = CHANNEL_STAT_UNNAMED,
                                  .count = __atomic_load_n(&unnamed_count, __ATOMIC_RELAXED) };
    return (*cursor)++ == NOTES && out->count;
}
