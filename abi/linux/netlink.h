/* SPDX-License-Identifier: Apache-2.0 */
/* AF_NETLINK, and NETLINK_ROUTE's questions and answers. [man netlink(7), rtnetlink(7)] */
#pragma once
#include "lib/base.h"

struct linux_sockaddr_nl {
    uint16_t family, pad;
    uint32_t port, groups;
};
_Static_assert(sizeof(struct linux_sockaddr_nl) == 12, "fixed by the ABI");

struct linux_nlmsghdr {
    uint32_t bytes; /* with the header */
    uint16_t type, flags;
    uint32_t sequence, port;
};
_Static_assert(sizeof(struct linux_nlmsghdr) == 16, "fixed by the ABI");

enum {
    LINUX_NETLINK_ROUTE = 0,
    LINUX_NETLINK_PROTOCOLS = 32,
    LINUX_NLMSG_ERROR = 2,
    LINUX_NLMSG_DONE = 3,
    LINUX_NLMSG_MIN_TYPE = 16,
    LINUX_NLM_F_REQUEST = 1,
    LINUX_NLM_F_MULTI = 2,
    LINUX_NLM_F_ACK = 4,
    LINUX_NLM_F_DUMP = 0x300,
};

enum {
    LINUX_RTM_NEWLINK = 16,
    LINUX_RTM_GETLINK = 18,
    LINUX_RTM_NEWADDR = 20,
    LINUX_RTM_GETADDR = 22,
    LINUX_RTM_NEWROUTE = 24,
    LINUX_RTM_GETROUTE = 26,
};

struct linux_rtattr {
    uint16_t bytes; /* with this */
    uint16_t type;
};

struct linux_ifinfomsg {
    uint8_t family, pad;
    uint16_t type;
    int32_t index;
    uint32_t flags, change;
};

struct linux_ifaddrmsg {
    uint8_t family, prefix_bits, flags, scope;
    uint32_t index;
};

struct linux_rtmsg {
    uint8_t family, to_bits, from_bits, tos, table, protocol, scope, type;
    uint32_t flags;
};

enum {
    LINUX_IFF_LOWER_UP = 0x10000,
    LINUX_IFLA_ADDRESS = 1,
    LINUX_IFLA_BROADCAST = 2,
    LINUX_IFLA_IFNAME = 3,
    LINUX_IFLA_MTU = 4,
    LINUX_IFLA_QDISC = 6,
    LINUX_IFLA_TXQLEN = 13,
    LINUX_IFLA_OPERSTATE = 16,
    LINUX_IFA_ADDRESS = 1,
    LINUX_IFA_LOCAL = 2,
    LINUX_IFA_LABEL = 3,
    LINUX_IFA_BROADCAST = 4,
    LINUX_IFA_FLAGS = 8,
    LINUX_IFA_F_TENTATIVE = 0x40,
    LINUX_IFA_F_PERMANENT = 0x80,
    LINUX_RTA_DST = 1,
    LINUX_RTA_OIF = 4,
    LINUX_RTA_GATEWAY = 5,
    LINUX_RTA_PREFSRC = 7,
    LINUX_RTA_TABLE = 15,
    LINUX_RT_TABLE_MAIN = 254,
    LINUX_RTPROT_KERNEL = 2,
    LINUX_RTPROT_BOOT = 3,
    LINUX_RT_SCOPE_UNIVERSE = 0,
    LINUX_RT_SCOPE_LINK = 253,
    LINUX_RT_SCOPE_HOST = 254,
    LINUX_RTN_UNICAST = 1,
};
