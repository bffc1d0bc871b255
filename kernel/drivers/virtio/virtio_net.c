/* SPDX-License-Identifier: Apache-2.0 */
/* The network device. [virtio-1.2 5.1]
 *
 * Received frames lie in buffers of the heap that the stack keeps as long as it wants; each that is taken is replaced. With
 * merged buffers a frame may have several, so large ones that the host has put together need no large buffers. A frame
 * to send stays where it is, behind a header of its own. Interrupts are off from the first until poll() has found
 * nothing more; sends are looked after at the next poll or when the ring is full. */
#include "core/log.h"
#include "device/netif.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtio_probe.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/heap.h"

enum {
    QUEUE_RECEIVE = 0,
    QUEUE_SEND = 1,
    BUFFER_ROOM = NET_BUFFER_BYTES - sizeof(struct net_buffer),
    MTU_DEFAULT = 1500,
    MTU_MIN = 1280, /* of IPv6 */
    SENT_BATCH = VIRTQUEUE_SIZE_MAX / 4,
};

struct send_slot {
    void *packet; /* NULL: free */
    struct virtio_net_header header;
};

struct virtio_net {
    struct net_device net;
    struct virtio_device *device;
    struct virtqueue receive, send;
    struct send_slot slots[VIRTQUEUE_SIZE_MAX];
    uint16_t free_slots[VIRTQUEUE_SIZE_MAX], free_count;
    bool was_full; /* somebody waits for room */
};

static struct virtio_net *of(struct net_device *net) { return CONTAINER_OF(net, struct virtio_net, net); }

/* ---- receiving ---- */

/* As many buffers as there is room for; fewer when memory is short: the next poll tries again. */
static void fill(struct virtio_net *v)
{
    while (v->receive.free_count) {
        struct net_buffer *buffer = heap_alloc(NET_BUFFER_BYTES);
        if (!buffer) break;
        struct virtqueue_piece piece = { direct_map_to_paddr(buffer->data), BUFFER_ROOM };
        if (virtqueue_add(&v->receive, &piece, 0, 1, buffer)) continue;
        heap_free(buffer);
        break;
    }
    virtio_notify(v->device, QUEUE_RECEIVE, &v->receive);
}

static void free_frame(struct net_buffer *frame)
{
    for (struct net_buffer *next; frame; frame = next) {
        next = frame->next;
        heap_free(frame);
    }
}

/* The buffers behind the first. NULL: the device says that there are some, and there are not. */
static bool take_rest(struct virtio_net *v, struct net_buffer *first, uint16_t count)
{
    uint32_t bytes;
    struct net_buffer *last = first;
    for (uint16_t i = 1; i < count; i++) {
        struct net_buffer *buffer = virtqueue_take(&v->receive, &bytes);
        if (!buffer) return false;
        buffer->next = NULL;
        buffer->start = 0;
        buffer->bytes = bytes;
        last->next = buffer;
        last = buffer;
    }
    return true;
}

/* False: there was none. */
static bool receive_one(struct virtio_net *v)
{
    uint32_t bytes;
    struct virtio_net_header header;
    struct net_buffer *frame = virtqueue_take(&v->receive, &bytes);
    if (!frame) return false;
    frame->next = NULL;
    frame->start = sizeof(header);
    frame->bytes = bytes - (uint32_t)sizeof(header);
    memcpy(&header, frame->data, sizeof(header)); /* once: the device may still write */
    uint16_t count = virtio_has(v->device, VIRTIO_NET_F_MRG_RXBUF) ? header.buffer_count : 1;
    if (bytes < sizeof(header) || !count || !take_rest(v, frame, count)) {
        if (!v->receive.broken) v->receive.broken = "a received frame is not what its header says";
        free_frame(frame);
        return false;
    }
    bool is_checked = header.flags & (VIRTIO_NET_NEEDS_CHECKSUM | VIRTIO_NET_CHECKSUM_VALID);
    is_checked = is_checked && virtio_has(v->device, VIRTIO_NET_F_GUEST_CSUM);
    v->net.receive(&v->net, frame, is_checked ? NET_CHECK_DONE : NET_CHECK_NEEDED);
    return true;
}

/* ---- sending ---- */

static void take_sent(struct virtio_net *v)
{
    uint32_t bytes;
    struct send_slot *slot;
    while ((slot = virtqueue_take(&v->send, &bytes))) {
        void *packet = slot->packet;
        slot->packet = NULL;
        v->free_slots[v->free_count++] = (uint16_t)(slot - v->slots);
        v->net.sent(&v->net, packet);
    }
}

static bool send(struct net_device *net, const struct net_frame *frame)
{
    struct virtio_net *v = of(net);
    struct virtqueue_piece pieces[NET_SEGMENTS_MAX + 1];
    if (v->send.free_count <= frame->segment_count || !v->free_count) take_sent(v);
    if (v->send.free_count <= frame->segment_count || !v->free_count) {
        v->was_full = true;
        virtio_notify(v->device, QUEUE_SEND, &v->send);
        if (!virtqueue_listen(&v->send, SENT_BATCH)) net->wake(net);
        return false;
    }
    struct send_slot *slot = &v->slots[v->free_slots[--v->free_count]];
    slot->packet = frame->packet;
    slot->header = (struct virtio_net_header){ 0 };
    if (frame->checksum_start) {
        slot->header.flags = VIRTIO_NET_NEEDS_CHECKSUM;
        slot->header.checksum_start = frame->checksum_start;
        slot->header.checksum_offset = (uint16_t)(frame->checksum_place - frame->checksum_start);
    }
    pieces[0] = (struct virtqueue_piece){ direct_map_to_paddr(&slot->header), sizeof(slot->header) };
    for (uint32_t i = 0; i < frame->segment_count; i++)
        pieces[i + 1] = (struct virtqueue_piece){ frame->segments[i].address, frame->segments[i].bytes };
    if (virtqueue_add(&v->send, pieces, frame->segment_count + 1, 0, slot)) return true;
    /* It cannot be mapped, and nobody could say when it can: it is lost on the way, like others. */
    slot->packet = NULL;
    v->free_slots[v->free_count++] = (uint16_t)(slot - v->slots);
    net->sent(net, frame->packet);
    return true;
}

static void flush(struct net_device *net)
{
    struct virtio_net *v = of(net);
    if (!v->net.is_broken) virtio_notify(v->device, QUEUE_SEND, &v->send);
}

/* ---- work ---- */

static void follow_link(struct virtio_net *v)
{
    if (!virtio_has(v->device, VIRTIO_NET_F_STATUS)) return;
    v->net.has_link =
        v->device->transport->read_config(v->device, VIRTIO_NET_CONFIG_STATUS, 2) & VIRTIO_NET_LINK_UP;
}

static bool is_broken(struct virtio_net *v)
{
    const char *why = v->receive.broken ? v->receive.broken : v->send.broken;
    if (!why) return false;
    v->net.is_broken = true;
    v->net.has_link = false;
    virtio_fail(v->device, why);
    return true;
}

static bool poll(struct net_device *net, uint32_t budget)
{
    struct virtio_net *v = of(net);
    uint32_t count = 0;
    if (v->send.free_count < v->send.size) take_sent(v);
    while (count < budget && receive_one(v)) count++;
    if (is_broken(v)) return false;
    if (count) fill(v);
    if (count == budget) return true;
    if (!count && !v->receive.free_count)
        follow_link(v); /* an interrupt without a frame: perhaps it is about this */
    if (v->receive.free_count) fill(v);
    v->was_full = false;
    return !virtqueue_listen(&v->receive, 1);
}

/* Interrupt context: the task reads the queues; until then they are to be silent. */
static void interrupt(struct virtio_device *device)
{
    struct virtio_net *v = device->driver;
    virtqueue_mute(&v->receive);
    virtqueue_mute(&v->send);
    v->net.wake(&v->net);
}

static err_t start(struct net_device *net)
{
    struct virtio_net *v = of(net);
    v->device->interrupt = interrupt;
    virtqueue_mute(&v->send);
    virtio_finish(v->device);
    fill(v);
    follow_link(v);
    if (!virtqueue_listen(&v->receive, 1)) net->wake(net);
    return virtqueue_pending(&v->receive) ? OK : ERR_NO_MEMORY;
}

static const struct net_device_ops net_ops = { .start = start, .send = send, .flush = flush, .poll = poll };

/* ---- its making ---- */

static void read_facts(struct virtio_net *v)
{
    const struct virtio_transport *t = v->device->transport;
    for (uint32_t i = 0; i < NET_MAC_BYTES; i++)
        v->net.mac[i] = (uint8_t)t->read_config(v->device, VIRTIO_NET_CONFIG_MAC + i, 1);
    uint32_t mtu = MTU_DEFAULT;
    if (virtio_has(v->device, VIRTIO_NET_F_MTU)) mtu = t->read_config(v->device, VIRTIO_NET_CONFIG_MTU, 2);
    /* What arrives may need several buffers. */
    uint32_t most = virtio_has(v->device, VIRTIO_NET_F_MRG_RXBUF) ? UINT16_MAX - 64u : BUFFER_ROOM - 64u;
    mtu = MAX(mtu, (uint32_t)MTU_MIN);
    v->net.mtu = (uint16_t)MIN(mtu, most);
    v->net.has_link = true;
    v->net.sends_checksums = virtio_has(v->device, VIRTIO_NET_F_CSUM);
}

static err_t begin(struct virtio_net *v)
{
    uint64_t wanted = VIRTIO_F_EVENT_INDEX | VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_MTU |
                      VIRTIO_NET_F_MAC | VIRTIO_NET_F_MRG_RXBUF | VIRTIO_NET_F_STATUS;
    uint64_t large = VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6;
    uint64_t offered = v->device->transport->read_features(v->device);
    /* Only with buffers that can be merged do they fit. */
    if ((offered & VIRTIO_NET_F_MRG_RXBUF) && (offered & VIRTIO_NET_F_GUEST_CSUM)) wanted |= large;
    err_t e = virtio_begin(v->device, wanted);
    if (failed(e)) return e;
    if (!virtio_has(v->device, VIRTIO_NET_F_MAC)) return ERR_NOT_SUPPORTED;
    e = virtio_start_queue(v->device, QUEUE_RECEIVE, VIRTQUEUE_SIZE_MAX, &v->receive);
    if (failed(e)) return e;
    return virtio_start_queue(v->device, QUEUE_SEND, VIRTQUEUE_SIZE_MAX, &v->send);
}

err_t virtio_net_start(struct virtio_device *device)
{
    struct virtio_net *v = heap_alloc_zeroed(sizeof(*v));
    if (!v) return ERR_NO_MEMORY;
    v->device = device;
    device->driver = v;
    for (uint16_t i = 0; i < VIRTQUEUE_SIZE_MAX; i++) v->free_slots[v->free_count++] = i;
    err_t e = begin(v);
    if (failed(e)) {
        heap_free(v);
        return e;
    }
    read_facts(v);
    v->net.ops = &net_ops;
    virtio_net_found(&v->net);
    return OK;
}
