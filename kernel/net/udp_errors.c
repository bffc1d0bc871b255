/* SPDX-License-Identifier: Apache-2.0 */
#include "net/udp_errors.h"

#include "lib/string.h"
#include "net/endpoint_internal.h"

enum { ICMP_HEADER_BYTES = 8, NEXT_HEADER_UDP = 17 };

/* The head of a datagram that came back. */
struct returned {
    ip_addr_t to;
    uint16_t from_port, to_port;
    err_t error;
};

static void tell(const struct returned *r) NO_THREAD_SAFETY_ANALYSIS
{
    for (struct udp_pcb *pcb = udp_pcbs; pcb; pcb = pcb->next) {
        bool is_it = (pcb->flags & UDP_FLAGS_CONNECTED) && pcb->local_port == r->from_port &&
                     pcb->remote_port == r->to_port && ip_addr_cmp(&pcb->remote_ip, &r->to);
        /* DHCP's has no endpoint, and is not connected. */
        if (is_it) endpoint_fail(pcb->recv_arg, r->error, 0);
    }
}

static uint16_t read_u16(const uint8_t *at) { return (uint16_t)(at[0] << 8 | at[1]); }

static void read_ports(struct returned *r, const uint8_t *udp)
{
    r->from_port = read_u16(udp);
    r->to_port = read_u16(udp + 2);
}

/* [rfc792]; codes as Linux turns them into errors. */
static u8_t icmp4(void *argument, struct raw_pcb *pcb, struct pbuf *packet, const ip_addr_t *from)
{
    uint8_t head[2 * IP_HLEN_MAX + ICMP_HEADER_BYTES + 4];
    struct returned r = { .error = ERR_NO_ROUTE_HOST };
    (void)argument, (void)pcb, (void)from;
    size_t bytes = pbuf_copy_partial(packet, head, sizeof(head), 0);
    size_t outer = bytes ? (head[0] & 15u) * 4 : 0, inner = outer + ICMP_HEADER_BYTES;
    if (bytes < inner + IP_HLEN || head[outer] != ICMP_DUR) return 0;
    size_t udp = inner + (head[inner] & 15u) * 4;
    if (udp < inner + IP_HLEN || bytes < udp + 4 || head[inner + 9] != NEXT_HEADER_UDP) return 0;
    uint8_t code = head[outer + 1];
    if (code == ICMP_DUR_FRAG)
        return 0; /* lwIP does not look for the path's size, so there is nothing to do */
    if (code == ICMP_DUR_PORT) r.error = ERR_REFUSED;
    IP_SET_TYPE_VAL(r.to, IPADDR_TYPE_V4);
    memcpy(&ip_2_ip4(&r.to)->addr, head + inner + 16, 4);
    read_ports(&r, head + udp);
    tell(&r);
    return 0;
}

/* [rfc4443 3.1] */
static u8_t icmp6(void *argument, struct raw_pcb *pcb, struct pbuf *packet, const ip_addr_t *from)
{
    uint8_t head[ICMP_HEADER_BYTES + IP6_HLEN + 4];
    struct returned r = { .error = ERR_NO_ROUTE_HOST };
    (void)argument, (void)pcb, (void)from;
    u16_t outer = ip_current_header_tot_len();
    size_t bytes = pbuf_copy_partial(packet, head, sizeof(head), outer);
    if (bytes < sizeof(head) || head[0] != ICMP6_TYPE_DUR) return 0;
    const uint8_t *inner = head + ICMP_HEADER_BYTES;
    if (inner[6] != NEXT_HEADER_UDP) return 0;
    if (head[1] == ICMP6_DUR_PORT) r.error = ERR_REFUSED;
    IP_SET_TYPE_VAL(r.to, IPADDR_TYPE_V6);
    memcpy(ip_2_ip6(&r.to)->addr, inner + 24, 16);
    ip6_addr_assign_zone(ip_2_ip6(&r.to), IP6_UNICAST, ip_current_input_netif());
    read_ports(&r, inner + IP6_HLEN);
    tell(&r);
    return 0;
}

err_t udp_errors_start(void)
{
    struct raw_pcb *v4 = raw_new_ip_type(IPADDR_TYPE_V4, IP_PROTO_ICMP);
    struct raw_pcb *v6 = v4 ? raw_new_ip_type(IPADDR_TYPE_V6, IP6_NEXTH_ICMP6) : NULL;
    if (!v6) {
        if (v4) raw_remove(v4);
        return ERR_NO_MEMORY;
    }
    raw_recv(v4, icmp4, NULL);
    raw_recv(v6, icmp6, NULL);
    raw_bind(v4, IP4_ADDR_ANY);
    raw_bind(v6, IP6_ADDR_ANY);
    return OK;
}
