/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses and errors, ours and lwIP's. */
#include "lib/string.h"
#include "net/endpoint_internal.h"

void net_address_to_lwip(ip_addr_t *out, const struct net_address *address)
{
    memset(out, 0, sizeof(*out));
    if (!address->is_v6) {
        memcpy(&ip_2_ip4(out)->addr, address->bytes, 4);
        IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V4);
        return;
    }
    memcpy(ip_2_ip6(out)->addr, address->bytes, 16);
    IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V6);
    ip6_addr_set_zone(ip_2_ip6(out),
                      ip6_addr_has_scope(ip_2_ip6(out), IP6_UNKNOWN) ? (u8_t)address->scope : 0);
}

void net_address_from_lwip(struct net_address *out, const ip_addr_t *address, uint16_t port)
{
    *out = (struct net_address){ .port = port, .is_v6 = IP_GET_TYPE(address) != IPADDR_TYPE_V4 };
    if (IP_IS_V6_VAL(*address) && !ip_addr_isany(address)) {
        memcpy(out->bytes, ip_2_ip6(address)->addr, 16);
        out->scope = ip6_addr_zone(ip_2_ip6(address));
    } else if (!out->is_v6) {
        memcpy(out->bytes, &ip_2_ip4(address)->addr, 4);
    }
}

bool net_address_is_any(const struct net_address *address)
{
    static const uint8_t zeros[16];
    return !memcmp(address->bytes, zeros, address->is_v6 ? 16 : 4);
}

err_t endpoint_check_family(const struct endpoint *endpoint, const struct net_address *address)
{
    if (address->is_v6) return endpoint->is_v6 ? OK : ERR_INVALID;
    return endpoint->is_v6 && endpoint->options[ENDPOINT_V6_ONLY] ? ERR_NO_ROUTE_NETWORK : OK;
}

const ip_addr_t *endpoint_any(const struct endpoint *endpoint)
{
    if (!endpoint->is_v6) return IP4_ADDR_ANY;
    return endpoint->options[ENDPOINT_V6_ONLY] ? IP6_ADDR_ANY : IP_ANY_TYPE;
}

void net_address_to_peer(ip_addr_t *out, const struct net_address *address)
{
    net_address_to_lwip(out, address);
    if (!net_address_is_any(address)) return;
    if (address->is_v6)
        ip6_addr_set_loopback(ip_2_ip6(out));
    else
        ip4_addr_set_loopback(ip_2_ip4(out));
}

err_t error_from_lwip(lwip_err_t e)
{
    switch (e) {
    case ERR_OK: return OK;
    case ERR_MEM:
    case ERR_BUF: return ERR_NO_BUFFERS;
    case ERR_RTE: return ERR_NO_ROUTE_NETWORK;
    case ERR_USE: return ERR_ADDRESS_IN_USE;
    case ERR_ISCONN: return ERR_IS_CONNECTED;
    case ERR_CONN: return ERR_NOT_CONNECTED;
    case ERR_ABRT: return ERR_TIMED_OUT;
    case ERR_RST: return ERR_RESET;
    case ERR_CLSD: return OK; /* in order */
    case ERR_IF: return ERR_IO;
    default: return ERR_INVALID;
    }
}
