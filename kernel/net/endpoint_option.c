/* SPDX-License-Identifier: Apache-2.0 */
/* Options are numbers that the endpoint keeps. What lwIP has to know of them is given to its structure whenever one
 * changes and when that structure is made. */
#include "net/endpoint_internal.h"

enum { MSS_BEFORE = 536 };
enum { TCP = 1 << ENDPOINT_TCP, UDP = 1 << ENDPOINT_UDP, RAW = 1 << ENDPOINT_RAW, ANY = TCP | UDP | RAW };

static const struct option {
    uint8_t kinds;
    uint32_t least, most, first; /* what it is without being set */
} options[ENDPOINT_OPTION_COUNT] = {
    [ENDPOINT_REUSE_ADDRESS] = { ANY, 0, 1, 0 },
    [ENDPOINT_REUSE_PORT] = { ANY, 0, 1, 0 },
    [ENDPOINT_BROADCAST] = { ANY, 0, 1, 0 },
    [ENDPOINT_V6_ONLY] = { ANY, 0, 1, 0 },
    [ENDPOINT_TTL] = { ANY, 0, 255, 64 },
    [ENDPOINT_TOS] = { ANY, 0, 255, 0 },
    [ENDPOINT_NO_DELAY] = { TCP, 0, 1, 0 },
    [ENDPOINT_KEEP_ALIVE] = { ANY, 0, 1, 0 },
    [ENDPOINT_KEEP_IDLE_MS] = { TCP, 1000, 32767000, 7200000 },
    [ENDPOINT_KEEP_INTERVAL_MS] = { TCP, 1000, 32767000, 75000 },
    [ENDPOINT_KEEP_COUNT] = { TCP, 1, 127, 9 },
    [ENDPOINT_LINGER_MS] = { ANY, 0, ENDPOINT_NO_LINGER, ENDPOINT_NO_LINGER },
    [ENDPOINT_RECEIVE_BYTES] = { ANY, 1, INT32_MAX, CONFIG_DATAGRAM_QUEUE_BYTES },
    [ENDPOINT_SEND_BYTES] = { ANY, 1, INT32_MAX, CONFIG_DATAGRAM_QUEUE_BYTES },
    [ENDPOINT_INTERFACE] = { ANY, 0, 255, 0 },
    [ENDPOINT_MULTICAST_TTL] = { UDP | RAW, 0, 255, 1 },
    [ENDPOINT_MULTICAST_LOOP] = { UDP | RAW, 0, 1, 1 },
    [ENDPOINT_MULTICAST_INTERFACE] = { UDP | RAW, 0, 255, 0 },
    [ENDPOINT_CORK] = { TCP, 0, 1, 0 },
    [ENDPOINT_CHECKSUM_OFFSET] = { RAW, 0, ENDPOINT_NO_CHECKSUM, ENDPOINT_NO_CHECKSUM },
    [ENDPOINT_HEADER_INCLUDED] = { RAW, 0, 1, 0 },
    [ENDPOINT_MSS] = { TCP, 0, UINT16_MAX, 0 },
    [ENDPOINT_USER_TIMEOUT_MS] = { TCP, 0, INT32_MAX, 0 },
};

void endpoint_options_init(struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < ENDPOINT_OPTION_COUNT; i++) endpoint->options[i] = options[i].first;
    if (endpoint->kind != ENDPOINT_TCP) return;
    endpoint->options[ENDPOINT_RECEIVE_BYTES] = TCP_WND;
    endpoint->options[ENDPOINT_SEND_BYTES] = TCP_SND_BUF;
}

void endpoint_apply_common(const struct endpoint *endpoint, struct ip_pcb *pcb)
{
    const uint32_t *o = endpoint->options;
    pcb->so_options =
        (u8_t)((o[ENDPOINT_REUSE_ADDRESS] || o[ENDPOINT_REUSE_PORT] ? SOF_REUSEADDR : 0) |
               (o[ENDPOINT_BROADCAST] ? SOF_BROADCAST : 0) | (o[ENDPOINT_KEEP_ALIVE] ? SOF_KEEPALIVE : 0));
    pcb->ttl = (u8_t)o[ENDPOINT_TTL];
    pcb->tos = (u8_t)o[ENDPOINT_TOS];
    pcb->netif_idx = (u8_t)o[ENDPOINT_INTERFACE];
}

static bool is_interface(enum endpoint_option option)
{
    return option == ENDPOINT_INTERFACE || option == ENDPOINT_MULTICAST_INTERFACE;
}

static err_t check(const struct endpoint *endpoint, enum endpoint_option option, uint32_t value)
{
    if (option >= ENDPOINT_OPTION_COUNT || !(options[option].kinds & 1 << endpoint->kind))
        return ERR_NO_OPTION;
    if (value < options[option].least || value > options[option].most) return ERR_INVALID;
    if (is_interface(option) && value && !netif_get_by_index((u8_t)value)) return ERR_NO_DEVICE;
    /* lwIP's structure has its family from the start. */
    if (option == ENDPOINT_V6_ONLY && (!endpoint->is_v6 || endpoint->tcp)) return ERR_INVALID;
    return OK;
}
_Static_assert(offsetof(struct endpoint, tcp) == offsetof(struct endpoint, udp) &&
                   offsetof(struct endpoint, tcp) == offsetof(struct endpoint, raw),
               "one field says whether there is a structure of lwIP's");

err_t endpoint_set_option(struct endpoint *endpoint, enum endpoint_option option, uint32_t value)
{
    net_lock();
    err_t e = check(endpoint, option, value);
    if (!failed(e)) {
        endpoint->options[option] = value;
        endpoint->type->apply_options(endpoint);
    }
    net_unlock();
    return e;
}

err_t endpoint_get_option(struct endpoint *endpoint, enum endpoint_option option, uint32_t *value)
{
    if (option >= ENDPOINT_OPTION_COUNT || !(options[option].kinds & 1 << endpoint->kind))
        return ERR_NO_OPTION;
    net_lock();
    bool is_connection = endpoint->kind == ENDPOINT_TCP && endpoint->tcp && endpoint->tcp->state != LISTEN;
    *value = endpoint->options[option];
    /* As Linux's, before a connection knows better. [rfc1122 4.2.2.6] */
    if (option == ENDPOINT_MSS && is_connection && endpoint->tcp->state != CLOSED)
        *value = endpoint->tcp->mss;
    else if (option == ENDPOINT_MSS && !*value)
        *value = MSS_BEFORE;
    net_unlock();
    return OK;
}
