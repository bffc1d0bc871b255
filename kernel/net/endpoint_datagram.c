/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams that have arrived and wait to be read, of UDP and raw endpoints. */
#include "mm/heap.h"
#include "net/endpoint_internal.h"

struct list endpoint_datagram_all = LIST_INIT(endpoint_datagram_all);

void datagram_init(struct endpoint *endpoint)
{
    list_init(&endpoint->datagrams);
    list_init(&endpoint->memberships);
    list_init(&endpoint->link);
    endpoint->ready = ENDPOINT_WRITABLE;
}

/* The memory they hold, of which a short one has much: Linux counts it so, too. */
static uint64_t memory_of(const struct pbuf *packet)
{
    uint64_t buffers = packet->flags & PBUF_FLAG_IS_CUSTOM ? pbuf_clen(packet) * (uint64_t)NET_BUFFER_BYTES
                                                           : packet->tot_len;
    return buffers + sizeof(struct datagram) + sizeof(struct pbuf);
}

static void describe(struct datagram *datagram, struct endpoint *endpoint, const ip_addr_t *from,
                     uint16_t from_port)
{
    struct endpoint_message *m = &datagram->message;
    uint16_t own_port = endpoint->kind == ENDPOINT_UDP ? endpoint->udp->local_port : 0;
    net_address_from_lwip(&m->from, from, from_port);
    net_address_from_lwip(&m->to, ip_current_dest_addr(), own_port);
    m->interface = netif_get_index(ip_current_input_netif());
    m->bytes = datagram->packet->tot_len;
    if (ip_current_is_v6()) {
        m->ttl = IP6H_HOPLIM(ip6_current_header());
        m->tos = (uint8_t)IP6H_TC(ip6_current_header());
    } else {
        m->ttl = IPH_TTL(ip4_current_header());
        m->tos = IPH_TOS(ip4_current_header());
    }
}

void datagram_arrived(struct endpoint *endpoint, struct pbuf *packet, const ip_addr_t *from,
                      uint16_t from_port)
{
    uint64_t bytes = memory_of(packet);
    bool has_room = endpoint->datagram_bytes + bytes <= endpoint->options[ENDPOINT_RECEIVE_BYTES];
    struct datagram *datagram = has_room ? heap_alloc_zeroed(sizeof(*datagram)) : NULL;
    if (!datagram) {
        pbuf_free(packet);
        return;
    }
    datagram->packet = packet;
    describe(datagram, endpoint, from, from_port);
    endpoint->datagram_bytes += bytes;
    list_push_back(&endpoint->datagrams, &datagram->link);
    endpoint_update(endpoint, ENDPOINT_READABLE, 0, ENDPOINT_READABLE);
}

static void free_one(struct endpoint *endpoint, struct datagram *datagram) REQUIRES(net_mutex)
{
    list_remove(&datagram->link);
    endpoint->datagram_bytes -= memory_of(datagram->packet);
    pbuf_free(datagram->packet);
    heap_free(datagram);
}

void datagram_close(struct endpoint *endpoint)
{
    endpoint_leave_all(endpoint);
    list_remove(&endpoint->link);
    while (!list_is_empty(&endpoint->datagrams))
        free_one(endpoint, LIST_ENTRY(endpoint->datagrams.next, struct datagram, link));
}

/* ERR_FAULT where the program's memory ends before the datagram does. */
static int64_t copy(struct io_buffer *to, const struct pbuf *packet, bool is_skipped)
{
    int64_t done = 0;
    for (const struct pbuf *p = packet; p && to->left; p = p->next) {
        size_t wanted = MIN((uint64_t)p->len, to->left);
        size_t bytes = is_skipped ? io_skip(to, wanted) : io_put(to, p->payload, wanted);
        if (bytes < wanted) return ERR_FAULT.code;
        done += (int64_t)bytes;
        if (p->len == p->tot_len) break;
    }
    return done;
}

int64_t datagram_receive(struct endpoint *endpoint, struct io_buffer *to, struct endpoint_message *message,
                         uint32_t flags)
{
    err_t e = endpoint_error_locked(endpoint);
    if (failed(e)) return e.code;
    if (list_is_empty(&endpoint->datagrams))
        return endpoint_has(endpoint, ENDPOINT_READ_END) ? 0 : ERR_TRY_AGAIN.code;
    struct datagram *datagram = LIST_ENTRY(endpoint->datagrams.next, struct datagram, link);
    int64_t result = copy(to, datagram->packet, flags & ENDPOINT_SKIP);
    if (message) {
        *message = datagram->message;
        message->is_cut = result >= 0 && (uint64_t)result < message->bytes;
    }
    if (flags & ENDPOINT_PEEK) return result;
    free_one(endpoint, datagram);
    if (list_is_empty(&endpoint->datagrams) && !endpoint_has(endpoint, ENDPOINT_READ_END))
        endpoint_update(endpoint, 0, ENDPOINT_READABLE, 0);
    return result;
}

err_t datagram_shutdown(struct endpoint *endpoint, bool reading, bool writing)
{
    uint32_t states = (reading ? ENDPOINT_READABLE | ENDPOINT_READ_END : 0) |
                      (writing ? ENDPOINT_WRITABLE | ENDPOINT_WRITE_END : 0);
    if (!endpoint_has(endpoint, ENDPOINT_CONNECTED)) return ERR_NOT_CONNECTED;
    endpoint_update(endpoint, states, 0, 0);
    return OK;
}
