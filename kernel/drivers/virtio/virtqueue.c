/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/virtio/virtqueue.h"

#include "lib/string.h"

enum { USED_ALIGN = 64 }; /* 4 would do; parts that different sides write share no cache line */

uint64_t virtqueue_available_offset(uint16_t size) { return size * sizeof(struct virtq_descriptor); }

uint64_t virtqueue_used_offset(uint16_t size)
{
    uint64_t available_bytes = sizeof(struct virtq_available) + (size + 1ull) * sizeof(uint16_t);
    return align_up(virtqueue_available_offset(size) + available_bytes, USED_ALIGN);
}

uint64_t virtqueue_bytes(uint16_t size)
{
    uint64_t used_bytes =
        sizeof(struct virtq_used) + size * sizeof(struct virtq_used_element) + sizeof(uint16_t);
    return virtqueue_used_offset(size) + used_bytes;
}

void virtqueue_init(struct virtqueue *queue, void *memory, uint16_t size, bool has_event_index,
                    struct dma_client *dma, struct virtqueue_mapping *mappings)
{
    ASSERT(is_power_of_two(size) && size <= VIRTQUEUE_SIZE_MAX);
    memset(queue, 0, sizeof(*queue));
    queue->descriptors = memory;
    queue->available = (void *)((char *)memory + virtqueue_available_offset(size));
    queue->used = (void *)((char *)memory + virtqueue_used_offset(size));
    queue->size = queue->free_count = size;
    queue->has_event_index = has_event_index;
    queue->dma = dma;
    queue->mappings = mappings;
    for (uint16_t i = 0; i < size; i++) queue->slots[i].next = (uint16_t)(i + 1);
}

/* The event fields lie behind the rings. */
static volatile uint16_t *used_event(struct virtqueue *queue) { return &queue->available->ring[queue->size]; }
static uint16_t available_event(const struct virtqueue *queue)
{
    return *(volatile const uint16_t *)&queue->used->ring[queue->size];
}

/* Whether `event` is among the indices from `old` on that were passed to come to `now`. [virtio-1.2 2.7.7.1] */
static bool passed(uint16_t event, uint16_t old, uint16_t now)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

uint16_t virtqueue_pending(const struct virtqueue *queue)
{
    return (uint16_t)(queue->available_index - queue->used_index);
}

/* ---- what the device sees, where it has addresses of its own ---- */

static void unmap(struct virtqueue *queue, uint16_t head, uint32_t count)
{
    for (uint16_t at = head; count > 0; at = queue->slots[at].next, count--)
        dma_unmap(queue->dma, queue->mappings[at].address, queue->mappings[at].bytes);
}

/* Along the descriptors from `head` on. All or nothing. */
static bool map(struct virtqueue *queue, uint16_t head, const struct virtqueue_piece *pieces, uint32_t reads,
                uint32_t count)
{
    uint16_t at = head;
    for (uint32_t i = 0; i < count; i++, at = queue->slots[at].next) {
        struct virtqueue_mapping *m = &queue->mappings[at];
        m->bytes = pieces[i].bytes;
        err_t e = dma_map(queue->dma, pieces[i].address, m->bytes,
                          i < reads ? DMA_TO_DEVICE : DMA_FROM_DEVICE, &m->address);
        if (!failed(e)) continue;
        unmap(queue, head, i);
        return false;
    }
    return true;
}

/* ---- chains ---- */

bool virtqueue_add(struct virtqueue *queue, const struct virtqueue_piece *pieces, uint32_t reads,
                   uint32_t writes, void *token)
{
    uint32_t count = reads + writes;
    if (queue->broken || !count || queue->free_count < count) return false;
    uint16_t head = queue->first_free, at = head;
    if (unlikely(queue->mappings) && !map(queue, head, pieces, reads, count)) return false;
    struct virtqueue_slot *first = &queue->slots[head];
    first->room = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct virtq_descriptor *d = &queue->descriptors[at];
        uint16_t next = queue->slots[at].next;
        d->address = unlikely(queue->mappings) ? queue->mappings[at].address.raw : pieces[i].address.raw;
        d->bytes = pieces[i].bytes;
        d->flags = (uint16_t)((i + 1 < count ? VIRTQ_NEXT : 0) | (i >= reads ? VIRTQ_DEVICE_WRITES : 0));
        d->next = i + 1 < count ? next : 0;
        if (i >= reads) first->room += pieces[i].bytes;
        at = next;
    }
    first->token = token;
    first->count = (uint16_t)count;
    queue->first_free = at;
    queue->free_count = (uint16_t)(queue->free_count - count);
    queue->available->ring[queue->available_index & (queue->size - 1)] = head;
    queue->available_index++;
    __atomic_store_n(&queue->available->index, queue->available_index, __ATOMIC_RELEASE);
    return true;
}

bool virtqueue_must_notify(struct virtqueue *queue)
{
    uint16_t old = queue->notified_index, now = queue->available_index;
    if (queue->broken || old == now) return false;
    queue->notified_index = now;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* either the device sees the index, or we see what it wants */
    if (queue->has_event_index) return passed(available_event(queue), old, now);
    return !(queue->used->flags & VIRTQ_NO_NOTIFY);
}

static void *breaks(struct virtqueue *queue, const char *why)
{
    queue->broken = why;
    return NULL;
}

static void free_chain(struct virtqueue *queue, uint16_t head)
{
    uint16_t last = head;
    if (unlikely(queue->mappings)) unmap(queue, head, queue->slots[head].count);
    for (uint16_t i = 1; i < queue->slots[head].count; i++) last = queue->slots[last].next;
    queue->slots[last].next = queue->first_free;
    queue->first_free = head;
    queue->free_count = (uint16_t)(queue->free_count + queue->slots[head].count);
    queue->slots[head].token = NULL;
}

void *virtqueue_take(struct virtqueue *queue, uint32_t *bytes)
{
    if (queue->broken) return NULL;
    uint16_t done = (uint16_t)(__atomic_load_n(&queue->used->index, __ATOMIC_ACQUIRE) - queue->used_index);
    if (!done) return NULL;
    if (done > virtqueue_pending(queue)) return breaks(queue, "more chains are used than there were");
    /* Read once: the device could change it behind the checks. */
    volatile const struct virtq_used_element *e = &queue->used->ring[queue->used_index & (queue->size - 1)];
    uint32_t id = e->id, written = e->bytes;
    if (id >= queue->size || !queue->slots[id].token)
        return breaks(queue, "a chain is used that is not under way");
    if (written > queue->slots[id].room) return breaks(queue, "more was written than there is room");
    void *token = queue->slots[id].token;
    free_chain(queue, (uint16_t)id);
    queue->used_index++;
    *bytes = written;
    return token;
}

/* With event indices a value that lies behind never comes. */
void virtqueue_mute(struct virtqueue *queue)
{
    if (queue->has_event_index)
        *used_event(queue) = (uint16_t)(queue->used_index - 1);
    else
        queue->available->flags = VIRTQ_NO_INTERRUPT;
}

bool virtqueue_listen(struct virtqueue *queue, uint16_t after)
{
    if (queue->has_event_index)
        *used_event(queue) = (uint16_t)(queue->used_index + after - 1);
    else
        queue->available->flags = 0;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (uint16_t)(queue->used->index - queue->used_index) < after || queue->broken;
}
