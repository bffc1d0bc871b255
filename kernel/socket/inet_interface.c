/* SPDX-License-Identifier: Apache-2.0 */
/* What programs ask about interfaces by ioctl: one struct ifreq, or a list of those with an IPv4 address. Changing them
 * is not a program's business here. [man netdevice(7)] */
#include "lib/string.h"
#include "net/interface.h"
#include "socket/inet_internal.h"
#include "vm/usercopy.h"

enum {
    SIOCGIFNAME = 0x8910,
    SIOCGIFCONF = 0x8912,
    SIOCGIFFLAGS = 0x8913,
    SIOCGIFADDR = 0x8915,
    SIOCGIFBRDADDR = 0x8919,
    SIOCGIFNETMASK = 0x891b,
    SIOCGIFMETRIC = 0x891d,
    SIOCGIFMTU = 0x8921,
    SIOCGIFHWADDR = 0x8927,
    SIOCGIFINDEX = 0x8933,
    SIOCGIFTXQLEN = 0x8942,
};
enum {
    IFF_UP = 1,
    IFF_BROADCAST = 2,
    IFF_LOOPBACK = 8,
    IFF_RUNNING = 64,
    IFF_MULTICAST = 0x1000,
    ARPHRD_ETHER = 1,
    ARPHRD_LOOPBACK = 772,
};

struct ifreq {
    char name[INTERFACE_NAME_MAX];
    union {
        struct linux_sockaddr_in address;
        struct {
            uint16_t family;
            uint8_t bytes[14];
        } hardware;
        int16_t flags;
        int32_t number;
        uint8_t all[24];
    };
};
_Static_assert(sizeof(struct ifreq) == 40, "fixed by the ABI");

struct ifconf {
    int32_t bytes;
    uint32_t pad;
    uint64_t list;
};

static const struct interface_address *first_v4(const struct interface_info *info)
{
    for (uint32_t k = 0; k < info->address_count; k++)
        if (!info->addresses[k].address.is_v6) return &info->addresses[k];
    return NULL;
}

uint16_t inet_interface_flags(const struct interface_info *info)
{
    int flags = info->is_loopback ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST;
    if (info->is_up) flags |= IFF_UP;
    if (info->is_up && info->has_link) flags |= IFF_RUNNING;
    return (uint16_t)flags;
}

uint16_t inet_interface_hardware(const struct interface_info *info)
{
    return info->is_loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
}

static uint32_t mask_of(uint32_t prefix_bits) { return prefix_bits ? ~0u << (32 - prefix_bits) : 0; }

static void put_v4(struct ifreq *r, uint32_t address)
{
    r->address = (struct linux_sockaddr_in){ .family = LINUX_AF_INET };
    for (int k = 0; k < 4; k++) r->address.address[k] = (uint8_t)(address >> (24 - 8 * k));
}

static err_t tell_address(uint32_t request, const struct interface_info *info, struct ifreq *r)
{
    const struct interface_address *a = first_v4(info);
    if (!a) return ERR_NO_ADDRESS;
    const uint8_t *b = a->address.bytes;
    uint32_t address = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    uint32_t mask = mask_of(a->prefix_bits);
    if (request == SIOCGIFNETMASK) address = mask;
    if (request == SIOCGIFBRDADDR) address = info->is_loopback ? 0 : address | ~mask;
    put_v4(r, address);
    return OK;
}

static err_t answer(uint32_t request, const struct interface_info *info, struct ifreq *r)
{
    switch (request) {
    case SIOCGIFFLAGS: r->flags = (int16_t)inet_interface_flags(info); return OK;
    case SIOCGIFMETRIC: r->number = 0; return OK;
    case SIOCGIFMTU: r->number = (int32_t)info->mtu; return OK;
    case SIOCGIFINDEX: r->number = (int32_t)info->number; return OK;
    case SIOCGIFTXQLEN: r->number = INET_QUEUE_LENGTH; return OK;
    case SIOCGIFHWADDR:
        r->hardware.family = inet_interface_hardware(info);
        memset(r->hardware.bytes, 0, sizeof(r->hardware.bytes));
        memcpy(r->hardware.bytes, info->mac, sizeof(info->mac));
        return OK;
    case SIOCGIFADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFBRDADDR: return tell_address(request, info, r);
    }
    return ERR_NOT_TTY;
}

/* By name or, of SIOCGIFNAME, by number. */
static err_t find(uint32_t request, const struct ifreq *r, struct interface_info *out)
{
    uint32_t number = request == SIOCGIFNAME ? (uint32_t)r->number : interface_number(r->name);
    bool is_there = number && interface_read(number, out) && out->number == number;
    return is_there ? OK : ERR_NO_DEVICE;
}

/* Those with an IPv4 address; without a list, how long one would be. */
static err_t list_interfaces(uint64_t at)
{
    struct ifconf list;
    struct interface_info info;
    int32_t used = 0;
    err_t e = user_copy_in(&list, UADDR(at), sizeof(list));
    for (uint32_t number = 1; !failed(e) && interface_read(number, &info); number = info.number + 1) {
        struct ifreq r = { 0 };
        memcpy(r.name, info.name, sizeof(r.name));
        if (failed(tell_address(SIOCGIFADDR, &info, &r))) continue;
        if (list.list && used + (int32_t)sizeof(r) > list.bytes) break;
        if (list.list) e = user_copy_out(UADDR(list.list + (uint64_t)used), &r, sizeof(r));
        used += (int32_t)sizeof(r);
    }
    return failed(e) ? e : user_copy_out(UADDR(at), &used, sizeof(used));
}

/* IPv4's addresses are known to its own sockets only. */
static bool is_known(uint16_t family, uint32_t request)
{
    bool is_ipv4s = request == SIOCGIFADDR || request == SIOCGIFBRDADDR || request == SIOCGIFNETMASK;
    if (is_ipv4s && family != LINUX_AF_INET) return false;

    static const uint16_t known[] = { SIOCGIFNAME,    SIOCGIFFLAGS,  SIOCGIFADDR, SIOCGIFBRDADDR,
                                      SIOCGIFNETMASK, SIOCGIFMETRIC, SIOCGIFMTU,  SIOCGIFHWADDR,
                                      SIOCGIFINDEX,   SIOCGIFTXQLEN };
    for (size_t k = 0; k < ARRAY_LENGTH(known); k++)
        if (known[k] == request) return true;
    return false;
}

int64_t inet_interface_ioctl(const struct socket *s, uint32_t request, uint64_t argument)
{
    struct ifreq r;
    struct interface_info info;
    if (request == SIOCGIFCONF) return list_interfaces(argument).code;
    if (!is_known(s->family, request)) return ERR_NOT_TTY.code;
    err_t e = user_copy_in(&r, UADDR(argument), sizeof(r));
    if (failed(e)) return e.code;
    r.name[sizeof(r.name) - 1] = '\0';
    e = find(request, &r, &info);
    if (failed(e)) return e.code;
    if (request == SIOCGIFNAME)
        memcpy(r.name, info.name, sizeof(r.name));
    else
        e = answer(request, &info, &r);
    return failed(e) ? e.code : user_copy_out(UADDR(argument), &r, sizeof(r)).code;
}
