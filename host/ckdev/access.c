/* SPDX-License-Identifier: Apache-2.0 */
/* The program's memory as packets name it. A host address is used at once and never kept: the next quiescent point may
 * be the end of what it names. */
#include "host/ckdev/device_internal.h"

#include <string.h>

enum { COPY_BYTES_MAX = 1 << 20 }; /* between quiescent points: a tenth of a millisecond or so */

static _Thread_local struct worker *this_worker;

void access_set_worker(struct worker *worker) { this_worker = worker; }

/* What lies at `address`. Waits for the kernel when nothing does. */
static bool find(struct worker *worker, uint64_t address, enum gpu_access access, struct map_place *out)
{
    const struct memory *memory = &worker->device->config.memory;
    enum gpu_fault reason;
    while ((reason = map_walk(memory, worker->setup.map_table, address, access, out)) != 0)
        if (!fault_wait(worker, address, access, reason)) return false;
    return true;
}

void *access_translate(struct gfx9_memory *memory, uint64_t address, unsigned access, uint64_t *span_bytes)
{
    (void)memory; /* the one of the queue that this thread works for */
    struct map_place place;
    if (access & GFX9_EXECUTE && !find(this_worker, address, GPU_ACCESS_EXECUTE, &place)) return NULL;
    if (access & GFX9_READ && !find(this_worker, address, GPU_ACCESS_READ, &place)) return NULL;
    if (access & GFX9_WRITE && !find(this_worker, address, GPU_ACCESS_WRITE, &place)) return NULL;
    *span_bytes = place.bytes;
    return place.host;
}

bool access_read(struct worker *worker, uint64_t address, void *out, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        struct map_place place;
        if (!find(worker, address + done, GPU_ACCESS_READ, &place)) return false;
        uint64_t length = MIN(bytes - done, place.bytes);
        memcpy((uint8_t *)out + done, place.host, length);
        done += length;
    }
    return true;
}

bool access_write(struct worker *worker, uint64_t address, const void *data, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        struct map_place place;
        if (!find(worker, address + done, GPU_ACCESS_WRITE, &place)) return false;
        uint64_t length = MIN(bytes - done, place.bytes);
        memcpy(place.host, (const uint8_t *)data + done, length);
        done += length;
    }
    return true;
}

static uint64_t smallest(uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t smaller = MIN(a, b), cap = MIN(c, (uint64_t)COPY_BYTES_MAX);
    return MIN(smaller, cap);
}

bool access_copy(struct worker *worker, uint64_t to, uint64_t from, uint64_t bytes)
{
    while (bytes) {
        if (queue_is_halted(worker->queue)) return false;
        struct map_place source, target;
        if (!find(worker, from, GPU_ACCESS_READ, &source)) return false;
        uint64_t epoch = worker->seen;
        if (!find(worker, to, GPU_ACCESS_WRITE, &target)) return false;
        /* It waited for the second one, and the first may have gone meanwhile. */
        if (worker->seen != epoch) continue;
        uint64_t length = smallest(source.bytes, target.bytes, bytes);
        memmove(target.host, source.host, length);
        to += length;
        from += length;
        bytes -= length;
        epoch_pass(worker);
    }
    return true;
}

bool access_fill(struct worker *worker, uint64_t to, uint32_t pattern, uint32_t unit_bytes, uint64_t bytes)
{
    uint8_t units[PAGE_BYTES];
    for (size_t i = 0; i < sizeof units; i += unit_bytes) memcpy(units + i, &pattern, unit_bytes);
    while (bytes) {
        if (queue_is_halted(worker->queue)) return false;
        uint64_t length = MIN(bytes, (uint64_t)sizeof units);
        if (!access_write(worker, to, units, length)) return false;
        to += length;
        bytes -= length;
        epoch_pass(worker);
    }
    return true;
}

/* A word that is aligned lies in one page. */
static void *find_word(struct worker *worker, uint64_t address, uint32_t bytes, enum gpu_access access)
{
    struct map_place place;
    if (!is_aligned(address, bytes)) {
        packet_refuse(worker, worker->queue, address, "0x%lx is no address of %u bytes", address, bytes);
        return NULL;
    }
    return find(worker, address, access, &place) ? place.host : NULL;
}

bool access_load32(struct worker *worker, uint64_t address, uint32_t *out)
{
    const uint32_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_READ);
    if (word) *out = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    return word;
}

bool access_load64(struct worker *worker, uint64_t address, uint64_t *out)
{
    const uint64_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_READ);
    if (word) *out = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    return word;
}

bool access_store16(struct worker *worker, uint64_t address, uint16_t value)
{
    uint16_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_WRITE);
    if (word) __atomic_store_n(word, value, __ATOMIC_RELEASE);
    return word;
}

bool access_store32(struct worker *worker, uint64_t address, uint32_t value)
{
    uint32_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_WRITE);
    if (word) __atomic_store_n(word, value, __ATOMIC_RELEASE);
    return word;
}

bool access_store64(struct worker *worker, uint64_t address, uint64_t value)
{
    uint64_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_WRITE);
    if (word) __atomic_store_n(word, value, __ATOMIC_RELEASE);
    return word;
}

bool access_add32(struct worker *worker, uint64_t address, uint32_t value)
{
    uint32_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_WRITE);
    if (word) __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
    return word;
}

bool access_add64(struct worker *worker, uint64_t address, uint64_t value)
{
    uint64_t *word = find_word(worker, address, sizeof *word, GPU_ACCESS_WRITE);
    if (word) __atomic_add_fetch(word, value, __ATOMIC_SEQ_CST);
    return word;
}
