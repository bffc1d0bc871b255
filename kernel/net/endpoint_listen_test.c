/* SPDX-License-Identifier: Apache-2.0 */
/* Many connections at once to a listener with a short queue, from a peer whose segments are written here one by one. */
#include <string.h>

#include "mm/direct_map.h"
#include "mm/heap.h"
#include "net/interface_internal.h"
#include "tests/fakes/fake_net_stack.h"
#include "tests/harness/test.h"

enum {
    PORT = 80,
    FIRST_CLIENT = 5000,
    CLIENTS = 8,
    BACKLOG = 2,
    PLACES = BACKLOG + 1,
    FIRST_SEQUENCE = 1000
};

struct frame {
    struct eth_hdr ethernet;
    struct ip_hdr ip;
    struct tcp_hdr tcp;
} __attribute__((packed));

/* ---- the device: it has what the machine answered each client last ---- */

static struct {
    uint32_t sequence;
    uint8_t flags;
} answers[CLIENTS];
static uint32_t resets;

static void look_at(const struct frame *frame)
{
    uint32_t client = lwip_ntohs(frame->tcp.dest) - (uint32_t)FIRST_CLIENT;
    if (client >= CLIENTS) return;
    answers[client].sequence = lwip_ntohl(frame->tcp.seqno);
    answers[client].flags = TCPH_FLAGS(&frame->tcp);
    resets += (answers[client].flags & TCP_RST) != 0;
}

static err_t start_device(struct net_device *device)
{
    device->has_link = true;
    return OK;
}
static bool send(struct net_device *device, const struct net_frame *frame)
{
    struct frame copy = { 0 };
    size_t bytes = 0;
    for (uint32_t i = 0; i < frame->segment_count && bytes < sizeof(copy); i++) {
        size_t part = MIN((size_t)frame->segments[i].bytes, sizeof(copy) - bytes);
        memcpy((char *)&copy + bytes, direct_map(frame->segments[i].address), part);
        bytes += part;
    }
    if (lwip_ntohs(copy.ethernet.type) == ETHTYPE_IP && copy.ip._proto == IP_PROTO_TCP) look_at(&copy);
    device->sent(device, frame->packet);
    return true;
}
static void flush(struct net_device *device) { (void)device; }
static bool poll(struct net_device *device, uint32_t budget)
{
    (void)device, (void)budget;
    return false;
}
static const struct net_device_ops ops = { start_device, send, flush, poll };
static struct net_device device = {
    .ops = &ops, .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 1500, .sends_checksums = true
};

static void receive(const void *frame, size_t bytes)
{
    struct net_buffer *buffer = heap_alloc_zeroed(sizeof(*buffer) + NET_BUFFER_HEADERS);
    buffer->bytes = (uint32_t)bytes;
    memcpy(buffer->data, frame, bytes);
    device.receive(&device, buffer, NET_CHECK_DONE);
}

/* ---- the peer ---- */

static const uint8_t peer_mac[6] = { 2, 0, 0, 0, 0, 9 }, own_ip[4] = { 10, 0, 0, 2 },
                     peer_ip[4] = { 10, 0, 0, 9 };

static void tell_address(void)
{
    struct {
        struct eth_hdr ethernet;
        struct etharp_hdr arp;
    } __attribute__((packed)) frame = { 0 };
    memcpy(&frame.ethernet.dest, device.mac, 6);
    memcpy(&frame.ethernet.src, peer_mac, 6);
    frame.ethernet.type = lwip_htons(ETHTYPE_ARP);
    frame.arp.hwtype = lwip_htons(1);
    frame.arp.proto = lwip_htons(ETHTYPE_IP);
    frame.arp.hwlen = 6;
    frame.arp.protolen = 4;
    frame.arp.opcode = lwip_htons(ARP_REQUEST);
    memcpy(&frame.arp.shwaddr, peer_mac, 6);
    memcpy(&frame.arp.sipaddr, peer_ip, 4);
    memcpy(&frame.arp.dipaddr, own_ip, 4);
    receive(&frame, sizeof(frame));
}

static void segment(uint32_t client, uint8_t flags)
{
    struct frame frame = { 0 };
    bool is_first = flags == TCP_SYN;
    memcpy(&frame.ethernet.dest, device.mac, 6);
    memcpy(&frame.ethernet.src, peer_mac, 6);
    frame.ethernet.type = lwip_htons(ETHTYPE_IP);
    IPH_VHL_SET(&frame.ip, 4, 5);
    IPH_LEN_SET(&frame.ip, lwip_htons(sizeof(frame.ip) + sizeof(frame.tcp)));
    IPH_TTL_SET(&frame.ip, 64);
    IPH_PROTO_SET(&frame.ip, IP_PROTO_TCP);
    memcpy(&frame.ip.src, peer_ip, 4);
    memcpy(&frame.ip.dest, own_ip, 4);
    IPH_CHKSUM_SET(&frame.ip, (uint16_t)~lwip_port_checksum(&frame.ip, sizeof(frame.ip)));
    frame.tcp.src = lwip_htons((uint16_t)(FIRST_CLIENT + client));
    frame.tcp.dest = lwip_htons(PORT);
    frame.tcp.seqno = lwip_htonl(is_first ? FIRST_SEQUENCE : FIRST_SEQUENCE + 1);
    if (!is_first) frame.tcp.ackno = lwip_htonl(answers[client].sequence + 1);
    frame.tcp.wnd = lwip_htons(8192);
    TCPH_HDRLEN_FLAGS_SET(&frame.tcp, 5, flags);
    receive(&frame, sizeof(frame));
}

static struct endpoint *listener;
static void start(void)
{
    static bool is_started;
    struct net_address any = { .port = PORT };
    if (!is_started) {
        fake_net_start();
        ASSERT(interface_configure("10.0.0.2/24"));
        ASSERT(!failed(interface_attach(&device)));
        is_started = true;
    }
    tell_address();
    memset(answers, 0, sizeof(answers));
    resets = 0;
    ASSERT(!failed(endpoint_create(ENDPOINT_TCP, 0, false, &listener)));
    ASSERT(!failed(endpoint_bind(listener, &any)) && !failed(endpoint_listen(listener, BACKLOG)));
}

static void stop(void)
{
    endpoint_close(listener);
    while (tcp_active_pcbs) tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs) tcp_abort(tcp_tw_pcbs);
}

static uint32_t accept_all(void)
{
    struct endpoint *taken;
    uint32_t count = 0;
    for (; !failed(endpoint_accept(listener, &taken)); count++) endpoint_close(taken);
    return count;
}

TEST(those_that_are_complete_when_the_queue_is_full_wait_half_open_and_none_is_reset)
{
    start();
    for (uint32_t i = 0; i < CLIENTS; i++) segment(i, TCP_SYN);
    for (uint32_t i = 0; i < CLIENTS; i++) EXPECT(answers[i].flags == (TCP_SYN | TCP_ACK));
    for (uint32_t i = 0; i < CLIENTS; i++) segment(i, TCP_ACK);
    EXPECT(resets == 0);
    EXPECT(accept_all() == PLACES);
    for (uint32_t i = PLACES; i < CLIENTS; i++) answers[i].flags = 0;
    for (int i = 0; i < 20; i++) fake_net_tick();
    for (uint32_t i = PLACES; i < CLIENTS; i++) EXPECT(answers[i].flags == (TCP_SYN | TCP_ACK));
    for (uint32_t i = PLACES; i < CLIENTS; i++) segment(i, TCP_ACK);
    EXPECT(accept_all() == PLACES);
    for (uint32_t i = 2 * PLACES; i < CLIENTS; i++) segment(i, TCP_ACK);
    EXPECT(accept_all() == CLIENTS - 2 * PLACES);
    EXPECT(resets == 0);
    stop();
}

TEST(a_new_one_is_not_answered_while_the_queue_is_full)
{
    start();
    for (uint32_t i = 0; i < PLACES; i++) {
        segment(i, TCP_SYN);
        segment(i, TCP_ACK);
    }
    segment(PLACES, TCP_SYN);
    EXPECT(answers[PLACES].flags == 0);
    EXPECT(accept_all() == PLACES);
    segment(PLACES, TCP_SYN);
    EXPECT(answers[PLACES].flags == (TCP_SYN | TCP_ACK));
    stop();
}

TEST(one_that_is_half_open_is_reset_by_its_peer_also_while_the_queue_is_full)
{
    start();
    segment(PLACES, TCP_SYN);
    for (uint32_t i = 0; i < PLACES; i++) {
        segment(i, TCP_SYN);
        segment(i, TCP_ACK);
    }
    segment(PLACES, TCP_RST | TCP_ACK);
    EXPECT(accept_all() == PLACES);
    segment(PLACES, TCP_ACK);
    EXPECT(accept_all() == 0);
    EXPECT(resets == 1);
    stop();
}
