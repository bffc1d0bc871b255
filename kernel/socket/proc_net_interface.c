/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/dev, route and if_inet6. [linux net/core/net-procfs.c, net/ipv4/fib_trie.c, net/ipv6/addrconf.c] */
#include "lib/string.h"
#include "net/interface.h"
#include "socket/inet_internal.h"
#include "socket/proc_net_internal.h"

enum {
    ROUTE_WIDTH = 127,
    ROUTE_UP = 1,
    ROUTE_GATEWAY = 2,
    SCOPE_GLOBAL = 0,
    SCOPE_HOST = 0x10,
    SCOPE_LINK = 0x20,
    ADDRESS_TENTATIVE = 0x40,
    ADDRESS_PERMANENT = 0x80,
};

static void write_dev(struct text *text, uint64_t *cursor)
{
    struct interface_info info;
    if ((*cursor)++) return;
    text_add(text, "Inter-|   Receive                                                |  Transmit\n");
    text_add(text, " face |bytes    packets errs drop fifo frame compressed multicast|"
                   "bytes    packets errs drop fifo colls carrier compressed\n");
    for (uint32_t n = 1; interface_read(n, &info); n = info.number + 1) {
        const struct interface_counters *r = &info.received, *s = &info.sent;
        text_add(text, "%6s: %7lu %7lu %4lu %4lu %4u %5u %10u %9u ", info.name, r->bytes, r->packets,
                 r->errors, r->dropped, 0, 0, 0, 0);
        text_add(text, "%8lu %7lu %4lu %4lu %4u %5u %7u %10u\n", s->bytes, s->packets, s->errors, s->dropped,
                 0, 0, 0, 0);
    }
}

static uint32_t word_of(const struct net_address *address)
{
    uint32_t word;
    memcpy(&word, address->bytes, sizeof(word));
    return word;
}

static void add_route(struct text *text, const char *name, uint32_t to, uint32_t gateway, uint32_t mask)
{
    size_t start = text->used;
    text_add(text, "%s\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0", name, to, gateway,
             gateway ? ROUTE_UP | ROUTE_GATEWAY : ROUTE_UP, mask);
    proc_net_pad(text, start, ROUTE_WIDTH);
}

/* Where all that is not near goes, then what is near. */
static void write_route(struct text *text, uint64_t *cursor)
{
    struct interface_info info;
    if ((*cursor)++) return;
    text_add(text, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT");
    proc_net_pad(text, 0, ROUTE_WIDTH);
    for (uint32_t n = 1; interface_read(n, &info); n = info.number + 1) {
        if (info.is_loopback || !info.is_up) continue;
        if (word_of(&info.gateway)) add_route(text, info.name, 0, word_of(&info.gateway), 0);
        for (uint32_t i = 0; i < info.address_count; i++) {
            const struct interface_address *a = &info.addresses[i];
            if (a->address.is_v6 || !a->prefix_bits) continue;
            uint32_t mask = __builtin_bswap32(~0u << (32 - a->prefix_bits));
            add_route(text, info.name, word_of(&a->address) & mask, 0, mask);
        }
    }
}

static bool is_link_local(const struct net_address *address)
{
    return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

static void write_if_inet6(struct text *text, uint64_t *cursor)
{
    struct interface_info info;
    if ((*cursor)++) return;
    for (uint32_t n = 1; interface_read(n, &info); n = info.number + 1) {
        for (uint32_t i = 0; i < info.address_count; i++) {
            const struct interface_address *a = &info.addresses[i];
            if (!a->address.is_v6) continue;
            for (size_t k = 0; k < sizeof(a->address.bytes); k++) text_add(text, "%02x", a->address.bytes[k]);
            uint32_t scope = info.is_loopback             ? SCOPE_HOST
                             : is_link_local(&a->address) ? SCOPE_LINK
                                                          : SCOPE_GLOBAL;
            text_add(text, " %02x %02x %02x %02x %8s\n", info.number, a->prefix_bits, scope,
                     ADDRESS_PERMANENT | (a->is_tentative ? ADDRESS_TENTATIVE : 0), info.name);
        }
    }
}

const struct text_source proc_net_dev = { .write = write_dev };
const struct text_source proc_net_route = { .write = write_route };
const struct text_source proc_net_if_inet6 = { .write = write_if_inet6 };
