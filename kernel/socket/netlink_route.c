/* SPDX-License-Identifier: Apache-2.0 */
/* What NETLINK_ROUTE tells of interfaces, their addresses and the routes that follow from them. [man rtnetlink(7)] */
#include "lib/string.h"
#include "net/interface.h"
#include "socket/inet_internal.h"
#include "socket/netlink_internal.h"

enum { OPERSTATE_UNKNOWN = 0, OPERSTATE_DOWN = 2, OPERSTATE_UP = 6, IPV4_BITS = 32, LINK_LOCAL = 0xfe };

struct dump {
    const struct linux_nlmsghdr *request;
    uint8_t family; /* LINUX_AF_UNSPEC: all */
    uint16_t flags; /* of each answer */
    uint32_t port;
    struct list *answers;
};

static void begin(struct netlink_message *m, const struct dump *d, uint16_t type, const void *part,
                  uint32_t bytes)
{
    netlink_begin(m, d->request, type, d->flags, d->port, part, bytes);
}

static void put_text(struct netlink_message *m, uint16_t type, const char *text)
{
    netlink_attribute(m, type, text, (uint32_t)strlen(text) + 1);
}

static err_t tell_link(const struct dump *d, const struct interface_info *info)
{
    static const uint8_t all[NET_MAC_BYTES] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, none[NET_MAC_BYTES];
    struct netlink_message m;
    struct linux_ifinfomsg part = { .family = LINUX_AF_UNSPEC,
                                    .type = inet_interface_hardware(info),
                                    .index = (int32_t)info->number,
                                    .flags = inet_interface_flags(info) |
                                             (info->has_link ? LINUX_IFF_LOWER_UP : 0u) };
    uint8_t state = info->is_loopback ? OPERSTATE_UNKNOWN : info->has_link ? OPERSTATE_UP : OPERSTATE_DOWN;
    begin(&m, d, LINUX_RTM_NEWLINK, &part, sizeof(part));
    put_text(&m, LINUX_IFLA_IFNAME, info->name);
    netlink_attribute_u32(&m, LINUX_IFLA_TXQLEN, INET_QUEUE_LENGTH);
    netlink_attribute(&m, LINUX_IFLA_OPERSTATE, &state, sizeof(state));
    netlink_attribute_u32(&m, LINUX_IFLA_MTU, info->mtu);
    put_text(&m, LINUX_IFLA_QDISC, "noqueue");
    netlink_attribute(&m, LINUX_IFLA_ADDRESS, info->mac, sizeof(info->mac));
    netlink_attribute(&m, LINUX_IFLA_BROADCAST, info->is_loopback ? none : all, NET_MAC_BYTES);
    return netlink_end(&m, d->answers);
}

static bool is_wanted(const struct dump *d, const struct net_address *address)
{
    uint8_t family = address->is_v6 ? LINUX_AF_INET6 : LINUX_AF_INET;
    return d->family == LINUX_AF_UNSPEC || d->family == family;
}

/* The address of IPv4 with the bits behind the prefix all 0 or all 1. */
static void fill_rest(const struct interface_address *a, bool is_ones, uint8_t out[4])
{
    for (uint32_t bit = 0; bit < IPV4_BITS; bit++) {
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);
        bool is_set = bit < a->prefix_bits ? a->address.bytes[bit / 8] & mask : is_ones;
        out[bit / 8] = (uint8_t)(is_set ? out[bit / 8] | mask : out[bit / 8] & ~mask);
    }
}

static uint8_t scope_of(const struct interface_info *info, const struct interface_address *a)
{
    if (info->is_loopback) return LINUX_RT_SCOPE_HOST;
    bool is_link = a->address.is_v6 && a->address.bytes[0] == LINK_LOCAL;
    return is_link ? LINUX_RT_SCOPE_LINK : LINUX_RT_SCOPE_UNIVERSE;
}

static err_t tell_address(const struct dump *d, const struct interface_info *info,
                          const struct interface_address *a)
{
    struct netlink_message m;
    uint8_t broadcast[4];
    uint32_t bytes = a->address.is_v6 ? 16 : 4;
    struct linux_ifaddrmsg part = { .family = a->address.is_v6 ? LINUX_AF_INET6 : LINUX_AF_INET,
                                    .prefix_bits = a->prefix_bits,
                                    .flags = a->is_tentative ? LINUX_IFA_F_TENTATIVE : LINUX_IFA_F_PERMANENT,
                                    .scope = scope_of(info, a),
                                    .index = info->number };
    begin(&m, d, LINUX_RTM_NEWADDR, &part, sizeof(part));
    netlink_attribute(&m, LINUX_IFA_ADDRESS, a->address.bytes, bytes);
    if (!a->address.is_v6) {
        netlink_attribute(&m, LINUX_IFA_LOCAL, a->address.bytes, bytes);
        fill_rest(a, true, broadcast);
        if (!info->is_loopback) netlink_attribute(&m, LINUX_IFA_BROADCAST, broadcast, bytes);
        put_text(&m, LINUX_IFA_LABEL, info->name);
    }
    netlink_attribute_u32(&m, LINUX_IFA_FLAGS, part.flags);
    return netlink_end(&m, d->answers);
}

static err_t tell_addresses(const struct dump *d, const struct interface_info *info)
{
    err_t e = OK;
    for (uint32_t k = 0; k < info->address_count && !failed(e); k++)
        if (is_wanted(d, &info->addresses[k].address)) e = tell_address(d, info, &info->addresses[k]);
    return e;
}

/* To everything by the gateway, and to those on the same link. */
static err_t tell_gateway(const struct dump *d, const struct interface_info *info)
{
    struct netlink_message m;
    const struct linux_rtmsg part = { .family = LINUX_AF_INET,
                                      .table = LINUX_RT_TABLE_MAIN,
                                      .protocol = LINUX_RTPROT_BOOT,
                                      .scope = LINUX_RT_SCOPE_UNIVERSE,
                                      .type = LINUX_RTN_UNICAST };
    begin(&m, d, LINUX_RTM_NEWROUTE, &part, sizeof(part));
    netlink_attribute_u32(&m, LINUX_RTA_TABLE, LINUX_RT_TABLE_MAIN);
    netlink_attribute(&m, LINUX_RTA_GATEWAY, info->gateway.bytes, 4);
    netlink_attribute_u32(&m, LINUX_RTA_OIF, info->number);
    return netlink_end(&m, d->answers);
}

static err_t tell_network(const struct dump *d, const struct interface_info *info,
                          const struct interface_address *a)
{
    struct netlink_message m;
    uint8_t network[4];
    const struct linux_rtmsg part = { .family = LINUX_AF_INET,
                                      .to_bits = a->prefix_bits,
                                      .table = LINUX_RT_TABLE_MAIN,
                                      .protocol = LINUX_RTPROT_KERNEL,
                                      .scope = LINUX_RT_SCOPE_LINK,
                                      .type = LINUX_RTN_UNICAST };
    fill_rest(a, false, network);
    begin(&m, d, LINUX_RTM_NEWROUTE, &part, sizeof(part));
    netlink_attribute_u32(&m, LINUX_RTA_TABLE, LINUX_RT_TABLE_MAIN);
    netlink_attribute(&m, LINUX_RTA_DST, network, sizeof(network));
    netlink_attribute(&m, LINUX_RTA_PREFSRC, a->address.bytes, 4);
    netlink_attribute_u32(&m, LINUX_RTA_OIF, info->number);
    return netlink_end(&m, d->answers);
}

static err_t tell_routes(const struct dump *d, const struct interface_info *info)
{
    static const uint8_t none[4];
    err_t e = OK;
    bool has_gateway = memcmp(info->gateway.bytes, none, sizeof(none)) != 0;
    if (info->is_loopback || d->family == LINUX_AF_INET6) return OK; /* lo's are in the table `local` */
    if (has_gateway) e = tell_gateway(d, info);
    for (uint32_t k = 0; k < info->address_count && !failed(e); k++)
        if (!info->addresses[k].address.is_v6) e = tell_network(d, info, &info->addresses[k]);
    return e;
}

err_t netlink_route_dump(const struct linux_nlmsghdr *request, uint8_t family, uint32_t port,
                         struct list *answers)
{
    const struct dump d = { request, family, LINUX_NLM_F_MULTI, port, answers };
    struct interface_info info;
    err_t (*tell)(const struct dump *d, const struct interface_info *info) = NULL;
    if (request->type == LINUX_RTM_GETLINK) tell = tell_link;
    if (request->type == LINUX_RTM_GETADDR) tell = tell_addresses;
    if (request->type == LINUX_RTM_GETROUTE) tell = tell_routes;
    err_t e = tell ? OK : ERR_NOT_SUPPORTED;
    for (uint32_t number = 1; !failed(e) && interface_read(number, &info); number = info.number + 1)
        e = tell(&d, &info);
    return e;
}

/* Its number by the name among the request's attributes; 0: there is none. */
static uint32_t number_by_name(const struct linux_nlmsghdr *request)
{
    const uint8_t *at = (const uint8_t *)(request + 1) + sizeof(struct linux_ifinfomsg);
    const uint8_t *end = (const uint8_t *)request + request->bytes;
    struct linux_rtattr head;
    char name[INTERFACE_NAME_MAX] = { 0 };
    while ((size_t)(end - at) >= sizeof(head)) {
        memcpy(&head, at, sizeof(head));
        if (head.bytes < sizeof(head) || head.bytes > end - at) break;
        if (head.type == LINUX_IFLA_IFNAME)
            memcpy(name, at + sizeof(head), MIN((size_t)head.bytes - sizeof(head), sizeof(name) - 1));
        at += MIN((ptrdiff_t)(head.bytes + 3) & ~(ptrdiff_t)3, end - at);
    }
    return interface_number(name);
}

err_t netlink_route_get_link(const struct linux_nlmsghdr *request, uint32_t port, struct list *answers)
{
    const struct dump d = { request, LINUX_AF_UNSPEC, 0, port, answers };
    struct linux_ifinfomsg part;
    struct interface_info info;
    if (request->bytes < sizeof(*request) + sizeof(part)) return ERR_INVALID;
    memcpy(&part, request + 1, sizeof(part));
    uint32_t number = part.index > 0 ? (uint32_t)part.index : number_by_name(request);
    bool is_there = number && interface_read(number, &info) && info.number == number;
    return is_there ? tell_link(&d, &info) : ERR_NO_DEVICE;
}
