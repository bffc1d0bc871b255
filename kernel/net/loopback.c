/* SPDX-License-Identifier: Apache-2.0 */
#include "net/loopback.h"

#include "core/log.h"
#include "net/lwip/lwip.h"

enum { LOOPBACK_MTU = 65535 /* all that lwIP can count; Linux has a byte more */ };

/* lwIP makes the interface itself, the first of all. */
void loopback_start(void)
{
    struct netif *lo = netif_get_by_index(LOOPBACK_INTERFACE);
    lo->mtu = lo->mtu6 = LOOPBACK_MTU;
    /* What never leaves memory needs no checksums but those that programs look at themselves: ICMP's and IP's. */
    NETIF_SET_CHECKSUM_CTRL(lo, NETIF_CHECKSUM_ENABLE_ALL &
                                    ~(NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_UDP |
                                      NETIF_CHECKSUM_CHECK_TCP | NETIF_CHECKSUM_CHECK_UDP));
    netif_set_link_up(lo);
    /* lwIP itself would have joined the group of all hosts before it knew the address of that. */
    netif_set_flags(lo, NETIF_FLAG_IGMP);
    if (igmp_start(lo) != ERR_OK) log_warning("network: no memory for lo's group of all hosts");
}

bool loopback_has_packets(void)
{
    struct netif *netif;
    NETIF_FOREACH(netif)
    {
        if (netif->loop_first) return true;
    }
    return false;
}

void loopback_deliver(void)
{
    while (loopback_has_packets()) netif_poll_all();
}
