/* SPDX-License-Identifier: Apache-2.0 */
#include "net/endpoint_internal.h"

static void arrived(void *argument, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *from,
                    u16_t port) NO_THREAD_SAFETY_ANALYSIS
{
    (void)pcb;
    datagram_arrived(argument, packet, from, port);
}

static void apply_options(struct endpoint *endpoint)
{
    struct udp_pcb *pcb = endpoint->udp;
    if (!pcb) return;
    endpoint_apply_common(endpoint, (struct ip_pcb *)pcb);
    udp_set_multicast_ttl(pcb, (u8_t)endpoint->options[ENDPOINT_MULTICAST_TTL]);
    udp_set_multicast_netif_index(pcb, (u8_t)endpoint->options[ENDPOINT_MULTICAST_INTERFACE]);
    if (endpoint->options[ENDPOINT_MULTICAST_LOOP])
        udp_set_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
    else
        udp_clear_flags(pcb, UDP_FLAGS_MULTICAST_LOOP);
}

err_t udp_endpoint_open(struct endpoint *endpoint)
{
    if (endpoint->udp) return OK;
    endpoint->udp = udp_new_ip_type(IP_GET_TYPE(endpoint_any(endpoint)));
    if (!endpoint->udp) return ERR_NO_MEMORY;
    udp_recv(endpoint->udp, arrived, endpoint);
    apply_options(endpoint);
    return OK;
}

static err_t bind(struct endpoint *endpoint, const struct net_address *local) REQUIRES(net_mutex)
{
    ip_addr_t address;
    err_t e = udp_endpoint_open(endpoint);
    if (failed(e)) return e;
    if (endpoint->udp->local_port) return ERR_INVALID;
    if (net_address_is_any(local))
        address = local->is_v6 ? *endpoint_any(endpoint) : *IP4_ADDR_ANY;
    else
        net_address_to_lwip(&address, local);
    if (!ip_addr_isany(&address) && !ip_addr_ismulticast(&address) && !interface_has_address(&address))
        return ERR_NO_ADDRESS;
    e = error_from_lwip(udp_bind(endpoint->udp, &address, local->port));
    if (!failed(e)) endpoint->bound = *local;
    return e;
}

/* The address and the port that connecting has chosen are forgotten, too. lwIP's structure keeps them, so there is a
 * new one. */
static err_t disconnect(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    if (!endpoint->udp) return OK;
    udp_remove(endpoint->udp);
    endpoint->udp = NULL;
    endpoint_update(endpoint, 0, ENDPOINT_CONNECTED | ENDPOINT_READ_END | ENDPOINT_WRITE_END, 0);
    return endpoint->bound.port ? bind(endpoint, &endpoint->bound) : OK;
}

/* The local address becomes the one that packets to the peer have. */
static err_t connect(struct endpoint *endpoint, const struct net_address *remote) REQUIRES(net_mutex)
{
    ip_addr_t address;
    if (!remote) return disconnect(endpoint);
    err_t e = udp_endpoint_open(endpoint);
    if (failed(e)) return e;
    struct udp_pcb *pcb = endpoint->udp;
    net_address_to_peer(&address, remote);
    struct netif *netif = ip_route(&pcb->local_ip, &address);
    if (!netif) return ERR_NO_ROUTE_NETWORK;
    e = error_from_lwip(udp_connect(pcb, &address, remote->port));
    if (failed(e)) return e;
    const ip_addr_t *own = ip_netif_get_local_ip(netif, &address);
    if (ip_addr_isany(&pcb->local_ip) && own && !ip_addr_ismulticast(&address))
        ip_addr_copy(pcb->local_ip, *own);
    endpoint_update(endpoint, ENDPOINT_CONNECTED, 0, 0);
    return OK;
}

static err_t send_to(struct endpoint *endpoint, struct pbuf *packet, const struct endpoint_message *message)
    REQUIRES(net_mutex)
{
    ip_addr_t to, from;
    struct udp_pcb *pcb = endpoint->udp;
    struct netif *netif = message->interface ? netif_get_by_index((u8_t)message->interface) : NULL;
    net_address_to_peer(&to, &message->to);
    if (!netif) return error_from_lwip(udp_sendto(pcb, packet, &to, message->to.port));
    if (net_address_is_any(&message->from))
        return error_from_lwip(udp_sendto_if(pcb, packet, &to, message->to.port, netif));
    net_address_to_lwip(&from, &message->from);
    return error_from_lwip(udp_sendto_if_src(pcb, packet, &to, message->to.port, netif, &from));
}

static bool has_receiver(const struct endpoint_message *message)
{
    return message && (message->to.port || !net_address_is_any(&message->to));
}

err_t udp_endpoint_send(struct endpoint *endpoint, struct pbuf *packet,
                        const struct endpoint_message *message)
{
    bool is_to = has_receiver(message);
    if (!is_to && !endpoint_has(endpoint, ENDPOINT_CONNECTED)) return ERR_NO_DESTINATION;
    err_t e = is_to ? endpoint_check_family(endpoint, &message->to) : OK;
    if (!failed(e)) e = udp_endpoint_open(endpoint);
    if (failed(e)) return e;
    if (is_to && !message->to.port) return ERR_INVALID;
    struct udp_pcb *pcb = endpoint->udp;
    uint8_t ttl = pcb->ttl, tos = pcb->tos;
    if (message && message->ttl) pcb->ttl = message->ttl;
    if (message && message->tos) pcb->tos = message->tos;
    e = is_to ? send_to(endpoint, packet, message) : error_from_lwip(udp_send(pcb, packet));
    pcb->ttl = ttl;
    pcb->tos = tos;
    /* lwIP's word for a broadcast that was not asked for. */
    return e.code == ERR_INVALID.code ? ERR_ACCESS : e;
}

static void close(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    datagram_close(endpoint);
    if (endpoint->udp) udp_remove(endpoint->udp);
}

const struct endpoint_type endpoint_udp = {
    .bind = bind,
    .connect = connect,
    .shutdown = datagram_shutdown,
    .receive = datagram_receive,
    .apply_options = apply_options,
    .close = close,
};
