/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints as they are described: names, queues, and the tables of /proc/net. */
#include "net/endpoint_internal.h"

enum { TICK_MS = TCP_SLOW_INTERVAL };

/* lwIP's states in Linux's numbers. [linux uapi linux/tcp.h] */
static const uint8_t linux_states[] = {
    [CLOSED] = 7,     [LISTEN] = 10,    [SYN_SENT] = 2, [SYN_RCVD] = 3, [ESTABLISHED] = 1, [FIN_WAIT_1] = 4,
    [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8, [CLOSING] = 11, [LAST_ACK] = 9, [TIME_WAIT] = 6,
};

static uint64_t unconfirmed_bytes(const struct tcp_pcb *pcb) { return TCP_SND_BUF - pcb->snd_buf; }

static void read_tcp(const struct tcp_pcb *pcb, struct endpoint_info *out)
{
    out->kind = ENDPOINT_TCP;
    out->protocol = IP_PROTO_TCP;
    out->tcp_state = linux_states[pcb->state];
    net_address_from_lwip(&out->local, &pcb->local_ip, pcb->local_port);
    out->is_v6 = out->local.is_v6;
    if (pcb->state == LISTEN) return;
    net_address_from_lwip(&out->remote, &pcb->remote_ip, pcb->remote_port);
    out->send_queued = unconfirmed_bytes(pcb);
    out->mss = pcb->mss;
    out->rtt_us = (uint32_t)(pcb->sa >> 3) * TICK_MS * 1000;
    out->rto_ms = (uint32_t)pcb->rto * TICK_MS;
    out->retransmits = pcb->nrtx;
    out->congestion_window_bytes = pcb->cwnd;
    out->receive_window_bytes = pcb->rcv_wnd;
}

static void read_datagrams(const struct endpoint *endpoint, struct endpoint_info *out)
{
    const struct ip_pcb *pcb =
        endpoint->kind == ENDPOINT_UDP ? (struct ip_pcb *)endpoint->udp : (struct ip_pcb *)endpoint->raw;
    out->tcp_state = endpoint_has(endpoint, ENDPOINT_CONNECTED) ? 1 : 7;
    out->receive_queued = endpoint->datagram_bytes;
    if (!pcb) return;
    bool is_udp = endpoint->kind == ENDPOINT_UDP;
    net_address_from_lwip(&out->local, &pcb->local_ip,
                          is_udp ? endpoint->udp->local_port : endpoint->protocol);
    if (endpoint_has(endpoint, ENDPOINT_CONNECTED))
        net_address_from_lwip(&out->remote, &pcb->remote_ip, is_udp ? endpoint->udp->remote_port : 0);
}

static void read_info(const struct endpoint *endpoint, struct endpoint_info *out)
{
    *out = (struct endpoint_info){ .local = endpoint->local,
                                   .remote = endpoint->remote,
                                   .tcp_state = linux_states[CLOSED] };
    if (endpoint->kind != ENDPOINT_TCP) {
        read_datagrams(endpoint, out);
    } else {
        if (endpoint->tcp) read_tcp(endpoint->tcp, out);
        out->receive_queued = endpoint->received;
        out->backlog = endpoint->backlog;
        out->accept_queued = endpoint->accept_count;
    }
    out->kind = endpoint->kind;
    out->protocol = endpoint->protocol;
    out->is_v6 = endpoint->is_v6;
}

void endpoint_read_info(struct endpoint *endpoint, struct endpoint_info *out)
{
    net_lock();
    read_info(endpoint, out);
    net_unlock();
}

void endpoint_local(struct endpoint *endpoint, struct net_address *out)
{
    struct endpoint_info info;
    endpoint_read_info(endpoint, &info);
    *out = info.local;
    if (net_address_is_any(out)) out->is_v6 = endpoint->is_v6;
}

err_t endpoint_remote(struct endpoint *endpoint, struct net_address *out)
{
    struct endpoint_info info;
    uint32_t ready = endpoint_ready(endpoint);
    endpoint_read_info(endpoint, &info);
    *out = info.remote;
    return ready & ENDPOINT_CONNECTED ? OK : ERR_NOT_CONNECTED;
}

uint64_t endpoint_receive_queued(struct endpoint *endpoint)
{
    uint64_t bytes = 0;
    net_lock();
    if (endpoint->kind == ENDPOINT_TCP)
        bytes = endpoint->received;
    else if (!list_is_empty(&endpoint->datagrams))
        bytes = LIST_ENTRY(endpoint->datagrams.next, struct datagram, link)->message.bytes;
    net_unlock();
    return bytes;
}

uint64_t endpoint_send_queued(struct endpoint *endpoint)
{
    uint64_t bytes = 0;
    net_lock();
    bool is_connection = endpoint->kind == ENDPOINT_TCP && endpoint->tcp && endpoint->tcp->state != LISTEN;
    if (is_connection) bytes = unconfirmed_bytes(endpoint->tcp);
    net_unlock();
    return bytes;
}

/* ---- all of them ---- */

typedef void (*see_t)(void *context, const struct endpoint_info *info, struct endpoint_owner *owner);

static void see_connections(struct tcp_pcb *first, see_t see, void *context) REQUIRES(net_mutex)
{
    struct endpoint_info info;
    for (struct tcp_pcb *pcb = first; pcb; pcb = pcb->next) {
        struct endpoint *endpoint = tcp_ext_arg_get(pcb, 0);
        info = (struct endpoint_info){ 0 };
        if (endpoint)
            read_info(endpoint, &info);
        else
            read_tcp(pcb, &info);
        see(context, &info, endpoint ? endpoint->owner : NULL);
    }
}

static void see_one(const struct endpoint *endpoint, see_t see, void *context) REQUIRES(net_mutex)
{
    struct endpoint_info info;
    read_info(endpoint, &info);
    see(context, &info, endpoint->owner);
}

void endpoint_for_each(see_t see, void *context)
{
    net_lock();
    see_connections(tcp_listen_pcbs.pcbs, see, context);
    see_connections(tcp_active_pcbs, see, context);
    see_connections(tcp_tw_pcbs, see, context);
    for (struct list *at = endpoint_datagram_all.next; at != &endpoint_datagram_all; at = at->next)
        see_one(LIST_ENTRY(at, struct endpoint, link), see, context);
    net_unlock();
}
