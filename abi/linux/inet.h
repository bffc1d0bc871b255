/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, protocols and options of the internet families, and requests about interfaces. Ports and IPv4 addresses
 * are in the order of the wire. [linux uapi linux/in.h, linux/in6.h, linux/tcp.h, linux/if.h, linux/sockios.h] */
#pragma once
#include "lib/base.h"

struct linux_sockaddr_in {
    uint16_t family, port;
    uint8_t address[4], zero[8];
};
_Static_assert(sizeof(struct linux_sockaddr_in) == 16, "fixed by the ABI");

struct linux_sockaddr_in6 {
    uint16_t family, port;
    uint32_t flow;
    uint8_t address[16];
    uint32_t scope;
};
_Static_assert(sizeof(struct linux_sockaddr_in6) == 28, "fixed by the ABI");
enum { LINUX_SOCKADDR_IN6_OLD = 24 }; /* without the scope */

enum {
    LINUX_IPPROTO_IP = 0,
    LINUX_IPPROTO_ICMP = 1,
    LINUX_IPPROTO_TCP = 6,
    LINUX_IPPROTO_UDP = 17,
    LINUX_IPPROTO_IPV6 = 41,
    LINUX_IPPROTO_ICMPV6 = 58,
    LINUX_IPPROTO_COUNT = 256,
};

/* Which ICMP messages a raw socket does not want: bits by type, of IPv4's the first 32. */
enum { LINUX_SOL_RAW = 255, LINUX_ICMP_FILTER = 1, LINUX_ICMPV6_FILTER = 1, LINUX_ICMPV6_FILTER_BYTES = 32 };

enum {
    LINUX_TCP_NODELAY = 1,
    LINUX_TCP_MAXSEG = 2,
    LINUX_TCP_CORK = 3,
    LINUX_TCP_KEEPIDLE = 4,
    LINUX_TCP_KEEPINTVL = 5,
    LINUX_TCP_KEEPCNT = 6,
    LINUX_TCP_DEFER_ACCEPT = 9,
    LINUX_TCP_INFO = 11,
    LINUX_TCP_QUICKACK = 12,
    LINUX_TCP_CONGESTION = 13,
    LINUX_TCP_USER_TIMEOUT = 18,
};

enum {
    LINUX_IP_TOS = 1,
    LINUX_IP_TTL = 2,
    LINUX_IP_HDRINCL = 3,
    LINUX_IP_PKTINFO = 8,
    LINUX_IP_MTU_DISCOVER = 10,
    LINUX_IP_RECVERR = 11,
    LINUX_IP_RECVTTL = 12,
    LINUX_IP_RECVTOS = 13,
    LINUX_IP_BIND_ADDRESS_NO_PORT = 24,
    LINUX_IP_MULTICAST_IF = 32,
    LINUX_IP_MULTICAST_TTL = 33,
    LINUX_IP_MULTICAST_LOOP = 34,
    LINUX_IP_ADD_MEMBERSHIP = 35,
    LINUX_IP_DROP_MEMBERSHIP = 36,
};

enum {
    LINUX_IPV6_UNICAST_HOPS = 16,
    LINUX_IPV6_MULTICAST_IF = 17,
    LINUX_IPV6_MULTICAST_HOPS = 18,
    LINUX_IPV6_MULTICAST_LOOP = 19,
    LINUX_IPV6_ADD_MEMBERSHIP = 20,
    LINUX_IPV6_DROP_MEMBERSHIP = 21,
    LINUX_IPV6_MTU_DISCOVER = 23,
    LINUX_IPV6_RECVERR = 25,
    LINUX_IPV6_V6ONLY = 26,
    LINUX_IPV6_RECVPKTINFO = 49,
    LINUX_IPV6_PKTINFO = 50,
    LINUX_IPV6_RECVHOPLIMIT = 51,
    LINUX_IPV6_HOPLIMIT = 52,
    LINUX_IPV6_RECVTCLASS = 66,
    LINUX_IPV6_TCLASS = 67,
};

struct linux_in_pktinfo {
    uint32_t interface;
    uint8_t local[4], destination[4];
};
struct linux_in6_pktinfo {
    uint8_t address[16];
    uint32_t interface;
};
struct linux_ip_mreqn {
    uint8_t group[4], address[4];
    uint32_t interface;
};
struct linux_ipv6_mreq {
    uint8_t group[16];
    uint32_t interface;
};

/* What is filled in of struct tcp_info: its first 104 bytes. */
struct linux_tcp_info {
    uint8_t state, ca_state, retransmits, probes, backoff, options, window_scales, app_limited;
    uint32_t rto_us, ato_us, send_mss, receive_mss;
    uint32_t unacked, sacked, lost, retrans, fackets;
    uint32_t last_data_sent, last_ack_sent, last_data_received, last_ack_received;
    uint32_t path_mtu, receive_threshold, rtt_us, rtt_variance_us, send_threshold, send_window,
        advertised_mss;
    uint32_t reordering, receive_rtt, receive_space, total_retransmits;
};
_Static_assert(sizeof(struct linux_tcp_info) == 104, "fixed by the ABI");
