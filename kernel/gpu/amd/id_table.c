/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/amd/id_table.h"

#include "lib/string.h"
#include "mm/heap.h"

void id_table_init(struct id_table *table, uint32_t first, uint32_t limit)
{
    ASSERT(limit <= ID_TABLE_CHUNKS * ID_TABLE_CHUNK);
    memset(table->chunks, 0, sizeof(table->chunks));
    table->first = first;
    table->limit = limit;
}

void id_table_fini(struct id_table *table)
{
    for (uint32_t i = 0; i < ID_TABLE_CHUNKS; i++) heap_free(table->chunks[i]);
    memset(table->chunks, 0, sizeof(table->chunks));
}

err_t id_table_reserve(struct id_table *table, uint32_t *id)
{
    uint32_t at = table->first;
    while (at < table->limit && id_table_get(table, at)) at++;
    table->first = at;
    if (at == table->limit) return ERR_NO_SPACE;
    void ***chunk = &table->chunks[at / ID_TABLE_CHUNK];
    if (!*chunk) {
        void **fresh = heap_alloc_zeroed(ID_TABLE_CHUNK * sizeof(void *));
        if (!fresh) return ERR_NO_MEMORY;
        __atomic_store_n(chunk, fresh, __ATOMIC_RELEASE);
    }
    *id = at;
    return OK;
}

void id_table_set(struct id_table *table, uint32_t id, void *thing)
{
    table->chunks[id / ID_TABLE_CHUNK][id % ID_TABLE_CHUNK] = thing;
    if (!thing && id < table->first) table->first = id;
}

void *id_table_next(const struct id_table *table, uint32_t *id)
{
    for (uint32_t at = *id; at < table->limit; at++) {
        if (!table->chunks[at / ID_TABLE_CHUNK]) {
            at |= ID_TABLE_CHUNK - 1; /* the whole chunk is missing */
            continue;
        }
        void *thing = id_table_get(table, at);
        if (!thing) continue;
        *id = at;
        return thing;
    }
    return NULL;
}
