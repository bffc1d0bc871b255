/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers for things: the lowest one that is free. Chunks come as they are needed and never move, so a look-up may
 * go on under another lock than the one that guards the making of new numbers.
 *
 * No locking: whoever owns the table says what guards it. */
#pragma once
#include "lib/base.h"

enum { ID_TABLE_CHUNKS = 128, ID_TABLE_CHUNK = 512 };

struct id_table {
    void **chunks[ID_TABLE_CHUNKS];
    uint32_t first; /* none below it is free */
    uint32_t limit; /* all are below it */
};

/* Numbers from `first` up to, not including, `limit`, which is at most ID_TABLE_CHUNKS * ID_TABLE_CHUNK. */
void id_table_init(struct id_table *table, uint32_t first, uint32_t limit);
/* Frees the table's memory, not what is in it. */
void id_table_fini(struct id_table *table);
/* A number that is free, with room for it; id_table_set takes it. ERR_NO_MEMORY; ERR_NO_SPACE, all are in use. */
err_t id_table_reserve(struct id_table *table, uint32_t *id);
/* The number is a reserved one or, with NULL, one in use. */
void id_table_set(struct id_table *table, uint32_t id, void *thing);
/* NULL: nothing has the number. */
static inline void *id_table_get(const struct id_table *table, uint64_t id)
{
    if (id >= table->limit) return NULL;
    void **chunk = __atomic_load_n(&table->chunks[id / ID_TABLE_CHUNK], __ATOMIC_ACQUIRE);
    return chunk ? chunk[id % ID_TABLE_CHUNK] : NULL;
}
/* The first thing from number `*id` on, and its number. NULL: there is none. */
void *id_table_next(const struct id_table *table, uint32_t *id);
