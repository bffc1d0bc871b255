/* SPDX-License-Identifier: Apache-2.0 */
/* Multicast groups: lwIP counts who is in one, per interface. */
#include "mm/heap.h"
#include "net/endpoint_internal.h"
#include "net/ticks.h"

struct membership {
    struct list link;
    struct net_address group;
    uint32_t interface;
};

/* The one that is named, or where the packets to the group would go. */
static struct netif *netif_for(const ip_addr_t *group, uint32_t number)
{
    if (number) return netif_get_by_index((u8_t)number);
    struct netif *netif =
        IP_IS_V6(group) ? ip6_route(IP6_ADDR_ANY6, ip_2_ip6(group)) : ip4_route(ip_2_ip4(group));
    return netif ? netif : netif_default;
}

static lwip_err_t join(struct netif *netif, const ip_addr_t *group, bool is_joining)
{
    if (IP_IS_V6(group))
        return is_joining ? mld6_joingroup_netif(netif, ip_2_ip6(group))
                          : mld6_leavegroup_netif(netif, ip_2_ip6(group));
    return is_joining ? igmp_joingroup_netif(netif, ip_2_ip4(group))
                      : igmp_leavegroup_netif(netif, ip_2_ip4(group));
}

static bool is_same(const struct net_address *a, const struct net_address *b)
{
    ip_addr_t first, second;
    net_address_to_lwip(&first, a);
    net_address_to_lwip(&second, b);
    return ip_addr_cmp_zoneless(&first, &second);
}

static struct membership *find(struct endpoint *endpoint, const struct net_address *group, uint32_t interface)
{
    for (struct list *at = endpoint->memberships.next; at != &endpoint->memberships; at = at->next) {
        struct membership *m = LIST_ENTRY(at, struct membership, link);
        if ((!interface || m->interface == interface) && is_same(&m->group, group)) return m;
    }
    return NULL;
}

static err_t join_locked(struct endpoint *endpoint, const struct net_address *group, uint32_t number)
    REQUIRES(net_mutex)
{
    ip_addr_t address;
    net_address_to_lwip(&address, group);
    if (!ip_addr_ismulticast(&address)) return ERR_INVALID;
    struct netif *netif = netif_for(&address, number);
    if (!netif) return ERR_NO_DEVICE;
    number = netif_get_index(netif);
    if (find(endpoint, group, number)) return ERR_ADDRESS_IN_USE;
    struct membership *m = heap_alloc(sizeof(*m));
    if (!m) return ERR_NO_MEMORY;
    if (join(netif, &address, true) != ERR_OK) {
        heap_free(m);
        return ERR_NO_BUFFERS;
    }
    m->group = *group;
    m->interface = number;
    list_push_back(&endpoint->memberships, &m->link);
    ticks_are_asked_for = true;
    return OK;
}

static void leave(struct membership *m) REQUIRES(net_mutex)
{
    ip_addr_t address;
    struct netif *netif = netif_get_by_index((u8_t)m->interface);
    net_address_to_lwip(&address, &m->group);
    lwip_err_t ignored = join(netif, &address, false); /* it is in the group */
    (void)ignored;
    list_remove(&m->link);
    heap_free(m);
}

void endpoint_leave_all(struct endpoint *endpoint)
{
    while (!list_is_empty(&endpoint->memberships))
        leave(LIST_ENTRY(endpoint->memberships.next, struct membership, link));
}

err_t endpoint_join(struct endpoint *endpoint, const struct net_address *group, uint32_t interface)
{
    if (endpoint->kind == ENDPOINT_TCP) return ERR_NO_OPTION;
    net_lock();
    err_t e = join_locked(endpoint, group, interface);
    net_unlock();
    return e;
}

err_t endpoint_leave(struct endpoint *endpoint, const struct net_address *group, uint32_t interface)
{
    if (endpoint->kind == ENDPOINT_TCP) return ERR_NO_OPTION;
    net_lock();
    struct membership *m = find(endpoint, group, interface);
    if (m) leave(m);
    net_unlock();
    return m ? OK : ERR_NO_ADDRESS;
}
