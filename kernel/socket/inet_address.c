/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/string.h"
#include "socket/inet_internal.h"

/* An IPv4 address inside IPv6's. [rfc4291 2.5.5.2] */
static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static uint16_t swap(uint16_t x) { return (uint16_t)(x << 8 | x >> 8); }

static err_t decode_v4(const struct socket_address *from, struct net_address *out)
{
    struct linux_sockaddr_in in;
    if (from->bytes < sizeof(in)) return ERR_INVALID;
    memcpy(&in, from->raw, sizeof(in));
    *out = (struct net_address){ .port = swap(in.port) };
    memcpy(out->bytes, in.address, sizeof(in.address));
    return OK;
}

static err_t decode_v6(const struct socket_address *from, struct net_address *out)
{
    struct linux_sockaddr_in6 in;
    if (from->bytes < LINUX_SOCKADDR_IN6_OLD) return ERR_INVALID;
    memcpy(&in, from->raw, sizeof(in)); /* what was not given is zeros */
    *out = (struct net_address){ .port = swap(in.port), .is_v6 = true, .scope = in.scope };
    memcpy(out->bytes, in.address, sizeof(in.address));
    if (memcmp(in.address, mapped_prefix, sizeof(mapped_prefix)) != 0) return OK;
    *out = (struct net_address){ .port = out->port };
    memcpy(out->bytes, in.address + sizeof(mapped_prefix), sizeof(in.address) - sizeof(mapped_prefix));
    return OK;
}

err_t inet_address_decode(const struct inet_socket *i, const struct socket_address *from,
                          struct net_address *out)
{
    if (from->bytes < sizeof(from->family)) return ERR_INVALID;
    if (!inet_is_v6(i)) {
        if (from->bytes < sizeof(struct linux_sockaddr_in)) return ERR_INVALID;
        return from->family == LINUX_AF_INET ? decode_v4(from, out) : ERR_NO_FAMILY;
    }
    /* A datagram's receiver may be told in either family. */
    if (from->family == LINUX_AF_INET && !inet_is_stream(i)) return decode_v4(from, out);
    if (from->bytes < LINUX_SOCKADDR_IN6_OLD) return ERR_INVALID;
    return from->family == LINUX_AF_INET6 ? decode_v6(from, out) : ERR_NO_FAMILY;
}

void inet_address_to_v6(const struct net_address *from, uint8_t out[16])
{
    static const uint8_t any[4];
    if (from->is_v6) {
        memcpy(out, from->bytes, 16);
    } else if (memcmp(from->bytes, any, sizeof(any)) == 0) {
        memset(out, 0, 16);
    } else {
        memcpy(out, mapped_prefix, sizeof(mapped_prefix));
        memcpy(out + sizeof(mapped_prefix), from->bytes, 4);
    }
}

void inet_address_encode(const struct inet_socket *i, const struct net_address *from,
                         struct socket_address *out)
{
    *out = (struct socket_address){ 0 };
    if (inet_is_v6(i)) {
        struct linux_sockaddr_in6 in = { .family = LINUX_AF_INET6,
                                         .port = swap(from->port),
                                         .scope = from->scope };
        inet_address_to_v6(from, in.address);
        memcpy(out->raw, &in, sizeof(in));
        out->bytes = sizeof(in);
    } else {
        struct linux_sockaddr_in in = { .family = LINUX_AF_INET, .port = swap(from->port) };
        memcpy(in.address, from->bytes, sizeof(in.address));
        memcpy(out->raw, &in, sizeof(in));
        out->bytes = sizeof(in);
    }
}
