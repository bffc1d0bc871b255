/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces as programs ask for them. */
#include "lib/string.h"
#include "net/interface_internal.h"
#include "net/loopback.h"

bool interface_has_address(const ip_addr_t *address)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        if (IP_IS_V6(address)) {
            if (netif_get_ip6_addr_match(netif, ip_2_ip6(address)) >= 0) return true;
        } else {
            bool is_its = ip4_addr_cmp(netif_ip4_addr(netif), ip_2_ip4(address));
            bool is_loopback =
                netif_get_index(netif) == LOOPBACK_INTERFACE && ip4_addr_isloopback(ip_2_ip4(address));
            if (is_its || is_loopback) return true;
        }
    }
    return false;
}

static uint8_t bits_of(const ip4_addr_t *mask)
{
    uint32_t rest = ~lwip_ntohl(mask->addr);
    return (uint8_t)(rest ? __builtin_clz(rest) : 32);
}

static void read_addresses(const struct netif *netif, struct interface_info *out)
{
    ip_addr_t address;
    if (!ip4_addr_isany(netif_ip4_addr(netif))) {
        struct interface_address *a = &out->addresses[out->address_count++];
        net_address_from_lwip(&a->address, netif_ip_addr4(netif), 0);
        a->prefix_bits = bits_of(netif_ip4_netmask(netif));
    }
    for (int i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        u8_t state = netif_ip6_addr_state(netif, i);
        if (ip6_addr_isinvalid(state)) continue;
        struct interface_address *a = &out->addresses[out->address_count++];
        ip_addr_copy_from_ip6(address, *netif_ip6_addr(netif, i));
        net_address_from_lwip(&a->address, &address, 0);
        a->prefix_bits = out->is_loopback ? 128 : 64;
        a->is_tentative = ip6_addr_istentative(state);
    }
    net_address_from_lwip(&out->gateway, netif_ip_gw4(netif), 0);
}
_Static_assert(LWIP_IPV6_NUM_ADDRESSES + 1 <= INTERFACE_ADDRESSES_MAX,
               "all addresses of an interface have room");

static void read_device(const struct netif *netif, struct interface_info *out)
{
    const struct interface *interface = netif->state;
    memcpy(out->name, interface->name, sizeof(out->name));
    memcpy(out->mac, interface->device->mac, sizeof(out->mac));
    out->received = interface->received;
    out->sent = interface->sent;
}

static void read_loopback(const struct netif *netif, struct interface_info *out)
{
    const struct stats_mib2_netif_ctrs *c = &netif->mib2_counters;
    memcpy(out->name, "lo", sizeof("lo"));
    out->received = (struct interface_counters){ .packets = c->ifinucastpkts, .bytes = c->ifinoctets };
    out->sent = (struct interface_counters){ .packets = c->ifoutucastpkts,
                                             .bytes = c->ifoutoctets,
                                             .dropped = c->ifoutdiscards };
}

static void read_netif(const struct netif *netif, struct interface_info *out)
{
    *out = (struct interface_info){
        .number = netif_get_index(netif),
        .is_up = netif_is_up(netif),
        .has_link = netif_is_link_up(netif),
        .mtu = netif->mtu,
    };
    out->is_loopback = out->number == LOOPBACK_INTERFACE;
    if (out->is_loopback)
        read_loopback(netif, out);
    else
        read_device(netif, out);
    if (out->is_loopback) out->mtu++; /* as Linux says, which counts further than lwIP */
    read_addresses(netif, out);
}

bool interface_read(uint32_t number, struct interface_info *out)
{
    struct netif *netif, *found = NULL;
    if (failed(net_start())) return false;
    net_lock();
    NETIF_FOREACH(netif)
    {
        uint32_t n = netif_get_index(netif);
        if (n >= number && (!found || n < netif_get_index(found))) found = netif;
    }
    if (found) read_netif(found, out);
    net_unlock();
    return found;
}

uint32_t interface_number(const char *name)
{
    struct interface_info info;
    for (uint32_t n = 1; interface_read(n, &info); n = info.number + 1)
        if (!strcmp(info.name, name)) return info.number;
    return 0;
}
