/* SPDX-License-Identifier: Apache-2.0 */
/* Raw endpoints: packets of one IP protocol, with their header when they are IPv4's. They see copies. */
#include "lib/string.h"
#include "net/endpoint_internal.h"

enum { WORD_BITS = 32 };

static bool has_filter(const struct endpoint *endpoint)
{
    return endpoint->kind == ENDPOINT_RAW &&
           endpoint->protocol == (endpoint->is_v6 ? IP6_NEXTH_ICMP6 : IP_PROTO_ICMP);
}

/* lwIP shows the packet from its IP header on. */
static bool is_blocked(const struct endpoint *endpoint, const struct pbuf *packet)
{
    if (!has_filter(endpoint)) return false;
    u8_t type = pbuf_get_at(packet, ip_current_header_tot_len());
    bool is_known = endpoint->is_v6 || type < WORD_BITS; /* IPv4's filter has one word */
    return is_known && (endpoint->blocked_types[type / WORD_BITS] >> type % WORD_BITS & 1);
}

static u8_t arrived(void *argument, struct raw_pcb *pcb, struct pbuf *packet,
                    const ip_addr_t *from) NO_THREAD_SAFETY_ANALYSIS
{
    (void)pcb;
    if (is_blocked(argument, packet)) return 0;
    struct pbuf *copy = pbuf_clone(PBUF_RAW, PBUF_RAM, packet);
    if (copy && ip_current_is_v6()) pbuf_remove_header(copy, ip_current_header_tot_len());
    if (copy) datagram_arrived(argument, copy, from, 0);
    return 0;
}

static void apply_options(struct endpoint *endpoint)
{
    struct raw_pcb *pcb = endpoint->raw;
    uint32_t checksum = endpoint->options[ENDPOINT_CHECKSUM_OFFSET];
    if (!pcb) return;
    endpoint_apply_common(endpoint, (struct ip_pcb *)pcb);
    raw_set_multicast_ttl(pcb, (u8_t)endpoint->options[ENDPOINT_MULTICAST_TTL]);
    pcb->chksum_reqd = checksum != ENDPOINT_NO_CHECKSUM;
    pcb->chksum_offset = pcb->chksum_reqd ? (u16_t)checksum : 0;
    if (endpoint->options[ENDPOINT_HEADER_INCLUDED])
        raw_set_flags(pcb, RAW_FLAGS_HDRINCL);
    else
        raw_clear_flags(pcb, RAW_FLAGS_HDRINCL);
    if (endpoint->options[ENDPOINT_MULTICAST_LOOP])
        raw_set_flags(pcb, RAW_FLAGS_MULTICAST_LOOP);
    else
        raw_clear_flags(pcb, RAW_FLAGS_MULTICAST_LOOP);
}

/* One that has not been bound receives, too. */
err_t raw_endpoint_open(struct endpoint *endpoint)
{
    if (endpoint->raw) return OK;
    endpoint->raw = raw_new_ip_type(endpoint->is_v6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4, endpoint->protocol);
    if (!endpoint->raw) return ERR_NO_MEMORY;
    /* The checksum of ICMPv6 is the kernel's to fill in. [rfc3542 3.1] */
    if (endpoint->is_v6 && endpoint->protocol == IP6_NEXTH_ICMP6)
        endpoint->options[ENDPOINT_CHECKSUM_OFFSET] = 2;
    raw_recv(endpoint->raw, arrived, endpoint);
    apply_options(endpoint);
    return OK;
}

static err_t bind(struct endpoint *endpoint, const struct net_address *local) REQUIRES(net_mutex)
{
    ip_addr_t address;
    err_t e = raw_endpoint_open(endpoint);
    if (failed(e)) return e;
    net_address_to_lwip(&address, local);
    if (!ip_addr_isany(&address) && !interface_has_address(&address)) return ERR_NO_ADDRESS;
    return error_from_lwip(raw_bind(endpoint->raw, &address));
}

static err_t connect(struct endpoint *endpoint, const struct net_address *remote) REQUIRES(net_mutex)
{
    ip_addr_t address;
    err_t e = raw_endpoint_open(endpoint);
    if (failed(e)) return e;
    if (!remote) {
        raw_disconnect(endpoint->raw);
        apply_options(endpoint);
        endpoint_update(endpoint, 0, ENDPOINT_CONNECTED, 0);
        return OK;
    }
    net_address_to_peer(&address, remote);
    e = error_from_lwip(raw_connect(endpoint->raw, &address));
    if (!failed(e)) endpoint_update(endpoint, ENDPOINT_CONNECTED, 0, 0);
    return e;
}

err_t raw_endpoint_send(struct endpoint *endpoint, struct pbuf *packet,
                        const struct endpoint_message *message)
{
    ip_addr_t to;
    bool is_to = message && !net_address_is_any(&message->to);
    if (!is_to && !endpoint_has(endpoint, ENDPOINT_CONNECTED)) return ERR_NO_DESTINATION;
    if (is_to && message->to.is_v6 != endpoint->is_v6) return ERR_INVALID;
    err_t e = raw_endpoint_open(endpoint);
    if (failed(e)) return e;
    struct raw_pcb *pcb = endpoint->raw;
    if (pcb->chksum_reqd && packet->len < pcb->chksum_offset + 2) return ERR_INVALID;
    if (!is_to) return error_from_lwip(raw_send(pcb, packet));
    net_address_to_peer(&to, &message->to);
    return error_from_lwip(raw_sendto(pcb, packet, &to));
}

static void close(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    datagram_close(endpoint);
    if (endpoint->raw) raw_remove(endpoint->raw);
}

err_t endpoint_set_filter(struct endpoint *endpoint, const uint32_t blocked[ENDPOINT_FILTER_WORDS])
{
    if (!has_filter(endpoint)) return ERR_NOT_SUPPORTED;
    net_lock();
    memcpy(endpoint->blocked_types, blocked, sizeof(endpoint->blocked_types));
    net_unlock();
    return OK;
}

err_t endpoint_get_filter(struct endpoint *endpoint, uint32_t blocked[ENDPOINT_FILTER_WORDS])
{
    if (!has_filter(endpoint)) return ERR_NOT_SUPPORTED;
    net_lock();
    memcpy(blocked, endpoint->blocked_types, sizeof(endpoint->blocked_types));
    net_unlock();
    return OK;
}

const struct endpoint_type endpoint_raw = {
    .bind = bind,
    .connect = connect,
    .shutdown = datagram_shutdown,
    .receive = datagram_receive,
    .apply_options = apply_options,
    .close = close,
};
