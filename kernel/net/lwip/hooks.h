/* SPDX-License-Identifier: Apache-2.0 */
/* Where lwIP asks us; included by its own sources. */
#pragma once
#include "lwip/ip_addr.h"

struct netif;
struct pbuf;
struct tcp_hdr;
struct tcp_pcb;

/* The first sequence number of a connection. [rfc6528] */
u32_t lwip_port_first_sequence(const ip_addr_t *local, u16_t local_port, const ip_addr_t *remote,
                               u16_t remote_port);
#define LWIP_HOOK_TCP_ISN lwip_port_first_sequence

/* An lwIP error: ERR_OK, or the packet is dropped: a listener whose queue is full takes no new connection. */
int lwip_port_may_enter(struct tcp_pcb *pcb, struct tcp_hdr *header);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, length, length1, options2, packet) \
    lwip_port_may_enter((pcb), (header))

/* Not 0: it was dropped and is freed. Nobody outside has an address of the loopback network. */
int lwip_port_is_foreign(struct pbuf *packet, struct netif *netif);
#define LWIP_HOOK_IP4_INPUT(packet, netif) lwip_port_is_foreign((packet), (netif))
