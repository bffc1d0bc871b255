/* SPDX-License-Identifier: Apache-2.0 */
/* Memory as a worker sees it: translations that are kept until their address space changes. */
#include "host/ckdev/gfx9/wave.h"

enum { PAGE = 4096 };
static const uint64_t NO_PAGE = UINT64_MAX;

void gfx9_memory_init(struct gfx9_memory *memory,
                      void *(*translate)(struct gfx9_memory *, uint64_t, unsigned, uint64_t *))
{
    static uint64_t last_id;
    *memory = (struct gfx9_memory){ .translate = translate,
                                    .id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED) };
}

uint64_t gfx9_memory_changed(struct gfx9_memory *memory)
{
    return __atomic_add_fetch(&memory->epoch, 1, __ATOMIC_SEQ_CST);
}

void worker_forget_translations(struct gfx9_worker *worker)
{
    for (unsigned k = 0; k < TLB_ENTRIES; k++) worker->read[k].page = worker->write[k].page = NO_PAGE;
}

void worker_quiesce(struct gfx9_worker *worker)
{
    uint64_t epoch = __atomic_load_n(&worker->memory->epoch, __ATOMIC_SEQ_CST);
    if (epoch == worker->seen_epoch) return;
    worker_forget_translations(worker);
    gfx9_worker_forget_code(worker); /* code may be what was replaced */
    __atomic_store_n(&worker->seen_epoch, epoch, __ATOMIC_SEQ_CST);
}

bool gfx9_worker_has_seen(const struct gfx9_worker *worker, const struct gfx9_memory *memory, uint64_t epoch)
{
    if (__atomic_load_n(&worker->memory, __ATOMIC_SEQ_CST) != memory) return true;
    return __atomic_load_n(&worker->seen_epoch, __ATOMIC_SEQ_CST) >= epoch;
}

/* Ask the caller, and keep what lies in the page. */
static void *translate_slowly(struct gfx9_worker *worker, struct translation *entry, uint64_t address,
                              unsigned bytes, unsigned access)
{
    struct gfx9_memory *memory = worker->memory;
    uint64_t span = 0;
    uint8_t *host = memory->translate(memory, address, access, &span);
    /* It may have waited until a fault was repaired: what else was translated may have gone meanwhile. */
    if (__atomic_load_n(&memory->epoch, __ATOMIC_SEQ_CST) != worker->seen_epoch)
        worker_forget_translations(worker);
    if (!host || span < bytes) return NULL;
    unsigned inside = address % PAGE;
    if (access & GFX9_EXECUTE) return host;
    *entry = (struct translation){ address / PAGE, host - inside, inside,
                                   (uint32_t)MIN(span, (uint64_t)(PAGE - inside)), access };
    return host;
}

/* A host pointer for bytes that do not cross a page. */
void *worker_translate(struct gfx9_worker *worker, uint64_t address, unsigned bytes, unsigned access)
{
    uint64_t page = address / PAGE;
    unsigned inside = address % PAGE;
    struct translation *entry = &(access & GFX9_WRITE ? worker->write : worker->read)[page % TLB_ENTRIES];
    if (likely(entry->page == page && inside >= entry->first &&
               inside + bytes <= entry->first + entry->bytes && (entry->access & access) == access))
        return entry->host + inside;
    return translate_slowly(worker, entry, address, bytes, access);
}

/* One host access where the address allows it: another thread or the guest may look at the same time. */
static void copy_piece(void *to, const void *from, unsigned bytes)
{
    switch (bytes) {
    case 8:
        __atomic_store_n((uint64_t *)to, __atomic_load_n((const uint64_t *)from, __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
        break;
    case 4:
        __atomic_store_n((uint32_t *)to, __atomic_load_n((const uint32_t *)from, __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
        break;
    case 2:
        __atomic_store_n((uint16_t *)to, __atomic_load_n((const uint16_t *)from, __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
        break;
    default:
        __atomic_store_n((uint8_t *)to, __atomic_load_n((const uint8_t *)from, __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
        break;
    }
}

static unsigned piece_bytes(uint64_t address, unsigned left)
{
    for (unsigned size = 8; size > 1; size /= 2)
        if (left >= size && address % size == 0) return size;
    return 1;
}

bool worker_read(struct gfx9_worker *worker, uint64_t address, void *to, unsigned bytes, unsigned access,
                 uint64_t *fault)
{
    for (unsigned done = 0; done < bytes;) {
        unsigned piece = piece_bytes(address + done, bytes - done);
        uint64_t value = 0;
        void *host = worker_translate(worker, address + done, piece, access);
        *fault = address + done;
        if (!host) return false;
        copy_piece(&value, host, piece);
        memcpy((uint8_t *)to + done, &value, piece);
        done += piece;
    }
    return true;
}

bool worker_write(struct gfx9_worker *worker, uint64_t address, const void *from, unsigned bytes,
                  uint64_t *fault)
{
    for (unsigned done = 0; done < bytes;) {
        unsigned piece = piece_bytes(address + done, bytes - done);
        uint64_t value = 0;
        memcpy(&value, (const uint8_t *)from + done, piece);
        void *host = worker_translate(worker, address + done, piece, GFX9_WRITE);
        *fault = address + done;
        if (!host) return false;
        copy_piece(host, &value, piece);
        done += piece;
    }
    return true;
}
