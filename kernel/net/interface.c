/* SPDX-License-Identifier: Apache-2.0 */
/* Between devices (device/netif.h) and lwIP: frames in and out, without copies.
 *
 * A received frame stays in the driver's buffer, whose first bytes become lwIP's packet; it goes back to the heap when
 * the last reader is done. A frame to send is described to the device where it lies, and lwIP keeps it until the device
 * has it. */
#include "net/interface.h"

#include "core/log.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/heap.h"
#include "net/interface_internal.h"
#include "net/loopback.h"

enum { POLL_BUDGET = 64 };

_Static_assert(NET_BUFFER_HEADERS >= SIZEOF_ETH_HDR + 2 * IP_HLEN_MAX, "all headers");

_Static_assert(sizeof(struct pbuf_custom) <= NET_BUFFER_STACK_BYTES, "it lies in the buffer");

struct interface *interfaces[INTERFACES_MAX]; /* of devices, in the order of their numbers */
uint32_t interface_count;
bool interfaces_have_sent;

bool interfaces_exist(void) { return __atomic_load_n(&interface_count, __ATOMIC_RELAXED); }

/* ---- receiving ---- */

static void free_buffer(struct pbuf *packet) { heap_free(CONTAINER_OF(packet, struct net_buffer, stack)); }

static struct pbuf *packet_of(struct net_buffer *buffer)
{
    struct pbuf_custom *custom = (struct pbuf_custom *)buffer->stack;
    uint8_t *start = buffer->data + buffer->start;
    custom->custom_free_function = free_buffer;
    /* Cannot fail: the payload is as long as it says. */
    return pbuf_alloced_custom(PBUF_RAW, (u16_t)buffer->bytes, PBUF_REF, custom, start, (u16_t)buffer->bytes);
}

/* One packet of all buffers of a frame. NULL: it is longer than lwIP can count. */
static struct pbuf *chain_of(struct net_buffer *frame)
{
    uint64_t bytes = 0;
    struct pbuf *first = NULL, *last = NULL;
    for (struct net_buffer *b = frame; b; b = b->next) bytes += b->bytes;
    if (bytes > UINT16_MAX) return NULL;
    for (struct net_buffer *b = frame, *next; b; b = next) {
        next = b->next;
        struct pbuf *p = packet_of(b);
        p->tot_len = (u16_t)bytes;
        bytes -= p->len;
        if (last)
            last->next = p;
        else
            first = p;
        last = p;
    }
    return first;
}

static uint16_t read_u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static uint32_t header_bytes(uint16_t type)
{
    switch (type) {
    case ETHTYPE_IP: return IP_HLEN;
    case ETHTYPE_IPV6: return IP6_HLEN;
    case ETHTYPE_ARP: return SIZEOF_ETHARP_HDR;
    default: return 0;
    }
}

/* lwIP reads headers in a frame's first piece, some of them before it looks at the length or without. So there is at least
 * the first one, and zeros follow a short frame. A device that cuts a frame into pieces fills each of them, so that the
 * first has all headers. NULL: the packet cannot be shown to lwIP, and is freed. */
static struct pbuf *with_headers(struct pbuf *packet)
{
    uint8_t *at = packet->payload;
    uint32_t least = packet->len >= SIZEOF_ETH_HDR ? header_bytes(read_u16(at + 12)) : 0;
    bool is_good = packet->len >= (packet->next ? NET_BUFFER_HEADERS : SIZEOF_ETH_HDR + least);
    if (is_good && packet->len < NET_BUFFER_HEADERS)
        memset(at + packet->len, 0, NET_BUFFER_HEADERS - packet->len);
    if (is_good) return packet;
    pbuf_free(packet);
    return NULL;
}

static void free_frame(struct net_buffer *frame)
{
    for (struct net_buffer *next; frame; frame = next) {
        next = frame->next;
        heap_free(frame);
    }
}

static void receive(struct net_device *device, struct net_buffer *frame,
                    enum net_check check) NO_THREAD_SAFETY_ANALYSIS
{
    struct interface *interface = device->context;
    struct netif *netif = &interface->netif;
    struct pbuf *packet = chain_of(frame);
    if (!packet) free_frame(frame);
    if (packet) packet = with_headers(packet);
    if (!packet) {
        interface->received.errors++;
        return;
    }
    interface->received.packets++;
    interface->received.bytes += packet->tot_len;
    u16_t checks = netif->chksum_flags;
    if (check == NET_CHECK_DONE)
        netif->chksum_flags &= (u16_t) ~(NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP);
    if (ethernet_input(packet, netif) != ERR_OK) pbuf_free(packet);
    netif->chksum_flags = checks;
}

/* ---- sending ---- */

/* Has the device compute TCP's checksum: it wants the sum of the pseudo header where the result goes. Only the headers,
 * which lwIP has in the first piece, are looked at. */
static void leave_checksum(struct net_frame *frame, const struct pbuf *packet)
{
    uint8_t *at = packet->payload, *ip = at + SIZEOF_ETH_HDR;
    uint32_t transport, addresses_at, address_bytes;
    uint16_t type = packet->len > SIZEOF_ETH_HDR + IP6_HLEN ? read_u16(at + 12) : 0;
    if (type == ETHTYPE_IP && ip[9] == IP_PROTO_TCP) {
        transport = SIZEOF_ETH_HDR + (ip[0] & 15u) * 4;
        addresses_at = 12, address_bytes = 8;
    } else if (type == ETHTYPE_IPV6 && ip[6] == IP_PROTO_TCP) {
        transport = SIZEOF_ETH_HDR + IP6_HLEN;
        addresses_at = 8, address_bytes = 32;
    } else {
        return;
    }
    if (packet->len < transport + TCP_HLEN) return;
    uint32_t sum = lwip_port_checksum(ip + addresses_at, (int)address_bytes);
    sum += lwip_htons(IP_PROTO_TCP) + (uint32_t)lwip_htons((u16_t)(packet->tot_len - transport));
    sum = (sum & 0xffff) + (sum >> 16);
    uint16_t folded = (uint16_t)((sum & 0xffff) + (sum >> 16));
    frame->checksum_start = (uint16_t)transport;
    frame->checksum_place = (uint16_t)(transport + offsetof(struct tcp_hdr, chksum));
    memcpy(at + frame->checksum_place, &folded, sizeof(folded));
}

static bool describe(struct net_frame *frame, struct pbuf *packet)
{
    for (struct pbuf *p = packet; p; p = p->next) {
        if (!p->len) continue;
        if (frame->segment_count == NET_SEGMENTS_MAX) return false;
        frame->segments[frame->segment_count].address = direct_map_to_paddr(p->payload);
        frame->segments[frame->segment_count++].bytes = p->len;
    }
    frame->packet = packet;
    return true;
}

/* Takes over one reference. */
static bool send_now(struct interface *interface, struct pbuf *packet) REQUIRES(net_mutex)
{
    struct net_frame frame = { 0 };
    if (!describe(&frame, packet)) return false;
    if (interface->device->sends_checksums) leave_checksum(&frame, packet);
    if (!interface->device->ops->send(interface->device, &frame)) return false;
    interface->sent.packets++;
    interface->sent.bytes += packet->tot_len;
    interfaces_have_sent = true;
    return true;
}

/* What found no room, in its order, until there is some. */
static void send_waiting(struct interface *interface) REQUIRES(net_mutex)
{
    while (interface->waiting_count) {
        struct pbuf *packet = interface->waiting[interface->first_waiting];
        if (!send_now(interface, packet)) return;
        interface->first_waiting = (interface->first_waiting + 1) % CONFIG_NET_QUEUE_PACKETS;
        interface->waiting_count--;
    }
}

static lwip_err_t let_wait(struct interface *interface, struct pbuf *packet) REQUIRES(net_mutex)
{
    if (interface->waiting_count == CONFIG_NET_QUEUE_PACKETS || interface->device->is_broken) {
        interface->sent.dropped++;
        pbuf_free(packet);
        return ERR_MEM;
    }
    uint32_t place = (interface->first_waiting + interface->waiting_count++) % CONFIG_NET_QUEUE_PACKETS;
    interface->waiting[place] = packet;
    return ERR_OK;
}

static lwip_err_t link_output(struct netif *netif, struct pbuf *packet) NO_THREAD_SAFETY_ANALYSIS
{
    struct interface *interface = netif->state;
    if (pbuf_clen(packet) > NET_SEGMENTS_MAX) {
        packet = pbuf_clone(PBUF_RAW, PBUF_RAM, packet);
        if (!packet) return ERR_MEM;
    } else {
        pbuf_ref(packet);
    }
    if (!interface->waiting_count && send_now(interface, packet)) return ERR_OK;
    return let_wait(interface, packet);
}

static void sent(struct net_device *device, void *packet)
{
    (void)device;
    pbuf_free(packet);
}

/* ---- work ---- */

static void follow_link(struct interface *interface) REQUIRES(net_mutex)
{
    if (interface->device->has_link == (bool)netif_is_link_up(&interface->netif)) return;
    log_info("%s: the link is %s", interface->name, interface->device->has_link ? "up" : "down");
    if (interface->device->has_link)
        netif_set_link_up(&interface->netif);
    else
        netif_set_link_down(&interface->netif);
}

bool interfaces_poll(void)
{
    bool is_more = false;
    for (uint32_t i = 0; i < interface_count; i++) {
        struct interface *interface = interfaces[i];
        if (interface->device->is_broken) continue;
        is_more |= interface->device->ops->poll(interface->device, POLL_BUDGET);
        follow_link(interface);
        send_waiting(interface);
    }
    return is_more;
}

void interfaces_flush(void)
{
    interfaces_have_sent = false;
    for (uint32_t i = 0; i < interface_count; i++) interfaces[i]->device->ops->flush(interfaces[i]->device);
}

static void wake(struct net_device *device)
{
    (void)device;
    net_wake();
}

/* ---- its making ---- */

static lwip_err_t start(struct netif *netif)
{
    struct interface *interface = netif->state;
    const struct net_device *device = interface->device;
    netif->name[0] = 'e';
    netif->name[1] = 't';
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = link_output;
    netif->hwaddr_len = NET_MAC_BYTES;
    memcpy(netif->hwaddr, device->mac, NET_MAC_BYTES);
    netif->mtu = netif->mtu6 = device->mtu;
    netif->flags =
        NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    if (device->sends_checksums)
        NETIF_SET_CHECKSUM_CTRL(netif, NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP);
    return ERR_OK;
}

static err_t attach(struct interface *interface) REQUIRES(net_mutex)
{
    struct net_device *device = interface->device;
    if (interface_count == INTERFACES_MAX) return ERR_NO_SPACE;
    if (!netif_add_noaddr(&interface->netif, interface, start, ethernet_input)) return ERR_NO_SPACE;
    format_string(interface->name, sizeof(interface->name), "eth%u", interface_count);
    device->context = interface;
    device->receive = receive;
    device->sent = sent;
    device->wake = wake;
    interfaces[interface_count++] = interface;
    err_t e = device->ops->start(device);
    if (failed(e)) {
        device->is_broken = true;
        return e;
    }
    if (device->has_link) netif_set_link_up(&interface->netif);
    netif_set_up(&interface->netif);
    interface_give_address(interface);
    ticks_are_asked_for = true;
    return OK;
}

err_t interface_attach(struct net_device *device)
{
    err_t e = net_start();
    if (failed(e)) return e;
    struct interface *interface = heap_alloc_zeroed(sizeof(*interface));
    if (!interface) return ERR_NO_MEMORY;
    interface->device = device;
    net_lock();
    e = attach(interface); /* on failure it stays, as an interface that does nothing */
    net_unlock();
    return e;
}
