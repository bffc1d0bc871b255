/* SPDX-License-Identifier: Apache-2.0 */
/* Options of IPPROTO_IP, IPV6 and TCP: most are a number of the endpoint's, by a table. What neither the stack nor this
 * layer can do is refused. [man ip(7), ipv6(7), tcp(7)] */
#include "lib/string.h"
#include "socket/inet_internal.h"
#include "vm/usercopy.h"

enum { MSS_LEAST = 88, MSS_MOST = 32767 }; /* [linux include/net/tcp.h, TCP_MIN_MSS, MAX_TCP_WINDOW] */
enum { MS_PER_S = 1000, DISCOVER_MAX = 5, STATE_LISTEN = 10 };
#define CONGESTION_NAME "reno" /* what lwIP does */

static const struct plain {
    uint8_t level, name, endpoint;
    bool is_switch; /* any number but 0 is 1 */
    uint16_t scale; /* the endpoint counts so many for one of the program's */
    int16_t first;  /* what -1 stands for; 0: -1 is refused */
} plain_options[] = {
    { LINUX_IPPROTO_TCP, LINUX_TCP_NODELAY, ENDPOINT_NO_DELAY, true, 1, 0 },
    { LINUX_IPPROTO_TCP, LINUX_TCP_CORK, ENDPOINT_CORK, true, 1, 0 },
    { LINUX_IPPROTO_TCP, LINUX_TCP_KEEPIDLE, ENDPOINT_KEEP_IDLE_MS, false, MS_PER_S, 0 },
    { LINUX_IPPROTO_TCP, LINUX_TCP_KEEPINTVL, ENDPOINT_KEEP_INTERVAL_MS, false, MS_PER_S, 0 },
    { LINUX_IPPROTO_TCP, LINUX_TCP_KEEPCNT, ENDPOINT_KEEP_COUNT, false, 1, 0 },
    { LINUX_IPPROTO_TCP, LINUX_TCP_USER_TIMEOUT, ENDPOINT_USER_TIMEOUT_MS, false, 1, 0 },
    { LINUX_IPPROTO_IP, LINUX_IP_TOS, ENDPOINT_TOS, false, 1, 0 },
    { LINUX_IPPROTO_IP, LINUX_IP_TTL, ENDPOINT_TTL, false, 1, 64 },
    { LINUX_IPPROTO_IP, LINUX_IP_HDRINCL, ENDPOINT_HEADER_INCLUDED, true, 1, 0 },
    { LINUX_IPPROTO_IP, LINUX_IP_MULTICAST_TTL, ENDPOINT_MULTICAST_TTL, false, 1, 1 },
    { LINUX_IPPROTO_IP, LINUX_IP_MULTICAST_LOOP, ENDPOINT_MULTICAST_LOOP, true, 1, 0 },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_UNICAST_HOPS, ENDPOINT_TTL, false, 1, 64 },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_TCLASS, ENDPOINT_TOS, false, 1, 0 },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_V6ONLY, ENDPOINT_V6_ONLY, true, 1, 0 },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_MULTICAST_HOPS, ENDPOINT_MULTICAST_TTL, false, 1, 1 },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_MULTICAST_LOOP, ENDPOINT_MULTICAST_LOOP, true, 1, 0 },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_MULTICAST_IF, ENDPOINT_MULTICAST_INTERFACE, false, 1, 0 },
};

static const struct {
    uint8_t level, name, wish;
} wished[] = {
    { LINUX_IPPROTO_IP, LINUX_IP_PKTINFO, INET_WISH_PKTINFO },
    { LINUX_IPPROTO_IP, LINUX_IP_RECVTTL, INET_WISH_TTL },
    { LINUX_IPPROTO_IP, LINUX_IP_RECVTOS, INET_WISH_TOS },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVPKTINFO, INET_WISH_V6_PKTINFO },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVHOPLIMIT, INET_WISH_HOPS },
    { LINUX_IPPROTO_IPV6, LINUX_IPV6_RECVTCLASS, INET_WISH_CLASS },
};

static const struct plain *find_plain(int32_t level, int32_t name)
{
    for (size_t k = 0; k < ARRAY_LENGTH(plain_options); k++)
        if (plain_options[k].level == level && plain_options[k].name == name) return &plain_options[k];
    return NULL;
}

static int32_t find_wish(int32_t level, int32_t name)
{
    for (size_t k = 0; k < ARRAY_LENGTH(wished); k++)
        if (wished[k].level == level && wished[k].name == name) return wished[k].wish;
    return -1;
}

/* Which levels a socket has. */
static bool has_level(const struct inet_socket *i, int32_t level)
{
    switch (level) {
    case LINUX_IPPROTO_IP: return true;
    case LINUX_IPPROTO_IPV6: return inet_is_v6(i);
    case LINUX_IPPROTO_TCP: return inet_is_stream(i);
    }
    return false;
}

/* ---- which ICMP messages a raw socket wants ---- */

static bool is_filter(const struct inet_socket *i, int32_t level, int32_t name)
{
    if (i->socket.type != LINUX_SOCK_RAW) return false;
    return inet_is_v6(i) ? level == LINUX_IPPROTO_ICMPV6 && name == LINUX_ICMPV6_FILTER
                         : level == LINUX_SOL_RAW && name == LINUX_ICMP_FILTER;
}

static uint32_t filter_bytes(int32_t level)
{
    return level == LINUX_SOL_RAW ? sizeof(uint32_t) : (uint32_t)LINUX_ICMPV6_FILTER_BYTES;
}

/* A short one changes the first types. */
static err_t set_filter(struct inet_socket *i, int32_t level, uint64_t address, uint32_t bytes)
{
    uint32_t blocked[ENDPOINT_FILTER_WORDS];
    err_t e = endpoint_get_filter(i->endpoint, blocked);
    if (!failed(e)) e = user_copy_in(blocked, UADDR(address), MIN(bytes, filter_bytes(level)));
    return failed(e) ? e : endpoint_set_filter(i->endpoint, blocked);
}

static err_t tell_filter(struct inet_socket *i, int32_t level, uint64_t address, uint64_t length_at)
{
    uint32_t blocked[ENDPOINT_FILTER_WORDS];
    err_t e = endpoint_get_filter(i->endpoint, blocked);
    return failed(e) ? e : socket_tell_option(blocked, filter_bytes(level), address, length_at);
}
_Static_assert(LINUX_ICMPV6_FILTER_BYTES == ENDPOINT_FILTER_WORDS * sizeof(uint32_t), "a bit for each type");

/* ---- setting ---- */

static err_t set_plain(struct inet_socket *i, const struct plain *p, int32_t value)
{
    if (value == -1 && p->first) value = p->first;
    if (value < 0 && !p->is_switch) return ERR_INVALID;
    if (value == 0 && p->level == LINUX_IPPROTO_IP && p->name == LINUX_IP_TTL) return ERR_INVALID;
    uint64_t scaled = p->is_switch ? value != 0 : (uint64_t)value * p->scale;
    if (scaled > UINT32_MAX) return ERR_INVALID;
    return endpoint_set_option(i->endpoint, p->endpoint, (uint32_t)scaled);
}

static err_t set_wish(struct inet_socket *i, int32_t wish, bool is_on)
{
    if (is_on)
        __atomic_or_fetch(&i->wishes, 1u << wish, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&i->wishes, ~(1u << wish), __ATOMIC_RELAXED);
    return OK;
}

/* IPv4 groups: struct ip_mreq, the same with a number of an interface. */
static err_t change_group_v4(struct inet_socket *i, int32_t name, uint64_t address, uint32_t bytes)
{
    struct linux_ip_mreqn request = { 0 };
    struct net_address group = { 0 };
    if (bytes < offsetof(struct linux_ip_mreqn, interface)) return ERR_INVALID;
    err_t e = user_copy_in(&request, UADDR(address), MIN(bytes, (uint32_t)sizeof(request)));
    if (failed(e)) return e;
    memcpy(group.bytes, request.group, sizeof(request.group));
    bool is_join = name == LINUX_IP_ADD_MEMBERSHIP;
    return is_join ? endpoint_join(i->endpoint, &group, request.interface)
                   : endpoint_leave(i->endpoint, &group, request.interface);
}

static err_t change_group_v6(struct inet_socket *i, int32_t name, uint64_t address, uint32_t bytes)
{
    struct linux_ipv6_mreq request;
    struct net_address group = { .is_v6 = true };
    if (bytes < sizeof(request)) return ERR_INVALID;
    err_t e = user_copy_in(&request, UADDR(address), sizeof(request));
    if (failed(e)) return e;
    memcpy(group.bytes, request.group, sizeof(request.group));
    bool is_join = name == LINUX_IPV6_ADD_MEMBERSHIP;
    return is_join ? endpoint_join(i->endpoint, &group, request.interface)
                   : endpoint_leave(i->endpoint, &group, request.interface);
}

static err_t set_congestion(uint64_t address, uint32_t bytes)
{
    char name[16] = { 0 };
    if (bytes < 1) return ERR_INVALID;
    err_t e = user_copy_in(name, UADDR(address), MIN(bytes, (uint32_t)sizeof(name) - 1));
    if (failed(e)) return e;
    return strcmp(name, CONGESTION_NAME) == 0 ? OK : ERR_NOT_FOUND;
}

static err_t set_number(struct inet_socket *i, int32_t level, int32_t name, int32_t value)
{
    const struct plain *p = find_plain(level, name);
    if (p) return set_plain(i, p, value);
    int32_t wish = find_wish(level, name);
    if (wish >= 0) return set_wish(i, wish, value);
    if (level == LINUX_IPPROTO_TCP) {
        switch (name) {
        case LINUX_TCP_QUICKACK: return OK; /* a hint about one moment */
        case LINUX_TCP_MAXSEG:
            if (value && (value < MSS_LEAST || value > MSS_MOST)) return ERR_INVALID;
            return endpoint_set_option(i->endpoint, ENDPOINT_MSS, (uint32_t)value);
        case LINUX_TCP_DEFER_ACCEPT: i->defer_accept = value < 0 ? 0 : (uint32_t)value; return OK;
        }
        return ERR_NO_OPTION;
    }
    bool is_v4 = level == LINUX_IPPROTO_IP;
    if (name == (is_v4 ? (int)LINUX_IP_RECVERR : (int)LINUX_IPV6_RECVERR)) {
        i->receives_errors = value;
        return OK;
    }
    /* Packets are as long as the interface takes them; nothing in between has to cut them. */
    if (name == (is_v4 ? (int)LINUX_IP_MTU_DISCOVER : (int)LINUX_IPV6_MTU_DISCOVER))
        return value >= 0 && value <= DISCOVER_MAX ? OK : ERR_INVALID;
    if (is_v4 && name == LINUX_IP_BIND_ADDRESS_NO_PORT) return OK; /* saves ports, which are plenty */
    return ERR_NO_OPTION;
}

err_t inet_set_option(struct socket *s, int32_t level, int32_t name, uint64_t address, uint32_t bytes)
{
    struct inet_socket *i = inet_of(s);
    int32_t value = 0;
    if (is_filter(i, level, name)) return set_filter(i, level, address, bytes);
    if (!has_level(i, level)) return ERR_NO_OPTION;
    if (level == LINUX_IPPROTO_TCP && name == LINUX_TCP_CONGESTION) return set_congestion(address, bytes);
    if (level == LINUX_IPPROTO_IP && (name == LINUX_IP_ADD_MEMBERSHIP || name == LINUX_IP_DROP_MEMBERSHIP))
        return change_group_v4(i, name, address, bytes);
    if (level == LINUX_IPPROTO_IPV6 &&
        (name == LINUX_IPV6_ADD_MEMBERSHIP || name == LINUX_IPV6_DROP_MEMBERSHIP))
        return change_group_v6(i, name, address, bytes);
    /* IPv4's may be a byte, or nothing, which is 0; IPv6's may be nowhere, which is 0.
     * [linux net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c] */
    if (bytes < sizeof(value) && level != LINUX_IPPROTO_IP) return ERR_INVALID;
    uint32_t known = bytes >= sizeof(value) ? sizeof(value) : MIN(bytes, 1u);
    if (level == LINUX_IPPROTO_IPV6 && !address) known = 0;
    err_t e = known ? user_copy_in(&value, UADDR(address), known) : OK;
    return failed(e) ? e : set_number(i, level, name, value);
}

/* ---- telling ---- */

static err_t tell_info(struct inet_socket *i, uint64_t address, uint64_t length_at)
{
    struct endpoint_info e;
    endpoint_read_info(i->endpoint, &e);
    struct linux_tcp_info info = {
        .state = e.tcp_state,
        .retransmits = (uint8_t)e.retransmits,
        .rto_us = e.rto_ms * 1000,
        .send_mss = e.mss,
        .receive_mss = e.mss,
        .unacked =
            e.tcp_state == STATE_LISTEN ? e.accept_queued : 0, /* of a listener Linux tells its queue here */
        .sacked = e.tcp_state == STATE_LISTEN ? e.backlog : 0,
        .rtt_us = e.rtt_us,
        .send_window = e.mss ? e.congestion_window_bytes / e.mss : 0,
        .advertised_mss = e.mss,
        .receive_space = e.receive_window_bytes,
    };
    return socket_tell_option(&info, sizeof(info), address, length_at);
}

static err_t get_number(struct inet_socket *i, int32_t level, int32_t name, int32_t *out)
{
    const struct plain *p = find_plain(level, name);
    if (p) {
        uint32_t value;
        err_t e = endpoint_get_option(i->endpoint, p->endpoint, &value);
        *out = (int32_t)(value / p->scale);
        return e;
    }
    int32_t wish = find_wish(level, name);
    if (wish >= 0) {
        *out = i->wishes >> wish & 1;
        return OK;
    }
    if (level == LINUX_IPPROTO_TCP) {
        switch (name) {
        case LINUX_TCP_QUICKACK: *out = 1; return OK;
        case LINUX_TCP_DEFER_ACCEPT: *out = (int32_t)i->defer_accept; return OK;
        case LINUX_TCP_MAXSEG: return endpoint_get_option(i->endpoint, ENDPOINT_MSS, (uint32_t *)out);
        }
        return ERR_NO_OPTION;
    }
    bool is_v4 = level == LINUX_IPPROTO_IP;
    if (name == (is_v4 ? (int)LINUX_IP_RECVERR : (int)LINUX_IPV6_RECVERR)) {
        *out = i->receives_errors;
        return OK;
    }
    if (name == (is_v4 ? (int)LINUX_IP_MTU_DISCOVER : (int)LINUX_IPV6_MTU_DISCOVER)) {
        *out = 1; /* IP_PMTUDISC_WANT */
        return OK;
    }
    return ERR_NO_OPTION;
}

err_t inet_get_option(struct socket *s, int32_t level, int32_t name, uint64_t address, uint64_t length_at)
{
    struct inet_socket *i = inet_of(s);
    int32_t value;
    if (is_filter(i, level, name)) return tell_filter(i, level, address, length_at);
    if (!has_level(i, level)) return ERR_NO_OPTION;
    if (level == LINUX_IPPROTO_TCP && name == LINUX_TCP_INFO) return tell_info(i, address, length_at);
    if (level == LINUX_IPPROTO_TCP && name == LINUX_TCP_CONGESTION) {
        static const char congestion[16] = CONGESTION_NAME;
        return socket_tell_option(congestion, sizeof(congestion), address, length_at);
    }
    err_t e = get_number(i, level, name, &value);
    if (failed(e)) return e;
    int32_t room;
    e = user_copy_in(&room, UADDR(length_at), sizeof(room));
    /* One who asks IPv4 for less than an int gets a byte. [linux net/ipv4/ip_sockglue.c] */
    bool is_byte = !failed(e) && level == LINUX_IPPROTO_IP && room > 0 && room < (int32_t)sizeof(value) &&
                   value >= 0 && value <= (int32_t)UINT8_MAX;
    return failed(e) ? e : socket_tell_option(&value, is_byte ? 1 : sizeof(value), address, length_at);
}

void inet_option_changed(struct socket *s, int32_t name)
{
    struct inet_socket *i = inet_of(s);
    const struct socket_options *o = &s->options;
    enum endpoint_option option;
    uint32_t value;
    switch (name) {
    case LINUX_SO_REUSEADDR:
        option = ENDPOINT_REUSE_ADDRESS;
        value = socket_has(s, SOCKET_REUSE_ADDRESS);
        break;
    case LINUX_SO_REUSEPORT:
        option = ENDPOINT_REUSE_PORT;
        value = socket_has(s, SOCKET_REUSE_PORT);
        break;
    case LINUX_SO_BROADCAST:
        option = ENDPOINT_BROADCAST;
        value = socket_has(s, SOCKET_BROADCAST);
        break;
    case LINUX_SO_KEEPALIVE:
        option = ENDPOINT_KEEP_ALIVE;
        value = socket_has(s, SOCKET_KEEP_ALIVE);
        break;
    case LINUX_SO_LINGER:
        option = ENDPOINT_LINGER_MS;
        value = socket_has(s, SOCKET_LINGER)
                    ? (uint32_t)MIN((int64_t)o->linger_s * MS_PER_S, (int64_t)INT32_MAX)
                    : ENDPOINT_NO_LINGER;
        break;
    case LINUX_SO_BINDTODEVICE:
        option = ENDPOINT_INTERFACE;
        value = o->interface;
        break;
    case LINUX_SO_RCVBUF:
    case LINUX_SO_RCVBUFFORCE:
        option = ENDPOINT_RECEIVE_BYTES;
        value = o->receive_bytes;
        break;
    case LINUX_SO_SNDBUF:
    case LINUX_SO_SNDBUFFORCE:
        option = ENDPOINT_SEND_BYTES;
        value = o->send_bytes;
        break;
    default: return;
    }
    err_t ignored = endpoint_set_option(i->endpoint, option, value);
    (void)ignored; /* the values are in range */
}
