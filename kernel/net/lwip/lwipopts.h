/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's options, read by its own sources, which have types of the names that lib/base.h has: so nothing of ours is
 * included here. It is called under one lock, without threads of its own, on the kernel's heap. */
#pragma once

/* ---- how it runs ---- */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_TIMERS          1
#define LWIP_TIMERS_CUSTOM   1 /* net/ticks.c: nothing ticks while nobody needs it */
#define LWIP_HOOK_FILENAME   "net/lwip/hooks.h"
#define LWIP_NETIF_API       0
#define LWIP_STATS           1 /* for /proc/net/snmp: */
#define MIB2_STATS           1
#define LINK_STATS           0
#define ETHARP_STATS         0
#define IP_STATS             0
#define IPFRAG_STATS         0
#define ICMP_STATS           0
#define IGMP_STATS           0
#define UDP_STATS            0
#define TCP_STATS            0
#define MEM_STATS            0
#define MEMP_STATS           0
#define SYS_STATS            0
#define IP6_STATS            0
#define ICMP6_STATS          0
#define IP6_FRAG_STATS       0
#define MLD6_STATS           0
#define ND6_STATS            0

/* ---- memory: the kernel's heap, charged to the container. Every allocation can fail ---- */
#define MEM_LIBC_MALLOC               1
#define MEMP_MEM_MALLOC               1
#define mem_clib_malloc               heap_alloc
#define mem_clib_calloc(count, bytes) heap_alloc_zeroed((size_t)(count) * (bytes))
#define mem_clib_free                 heap_free
#define MEM_ALIGNMENT                 8
void *heap_alloc(unsigned long bytes);
void *heap_alloc_zeroed(unsigned long bytes);
void heap_free(void *block);

/* ---- links ---- */
#define LWIP_ARP                           1
#define LWIP_ETHERNET                      1
#define ARP_TABLE_SIZE                     64
#define ARP_QUEUEING                       1
#define ARP_QUEUE_LEN                      8
#define ETHARP_SUPPORT_STATIC_ENTRIES      0
#define LWIP_NETIF_HWADDRHINT              1
#define LWIP_NETIF_HOSTNAME                1
#define LWIP_NETIF_LOOPBACK                1    /* to an interface's own address */
#define LWIP_HAVE_LOOPIF                   1    /* so that others take no packets to 127.0.0.1 */
#define LWIP_LOOPBACK_MAX_PBUFS            1024 /* sent to this machine and not looked at yet */
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_NETIF_STATUS_CALLBACK         1
#define LWIP_NETIF_LINK_CALLBACK           0
#define LWIP_CHECKSUM_CTRL_PER_NETIF       1
#define LWIP_NUM_NETIF_CLIENT_DATA         0

/* ---- IP ---- */
#define LWIP_IPV4                      1
#define LWIP_IPV6                      1
#define LWIP_RAW                       1
#define LWIP_ICMP                      1
#define LWIP_ICMP6                     1
#define LWIP_IGMP                      1
#define LWIP_BROADCAST_PING            0
#define LWIP_MULTICAST_PING            1
#define LWIP_MULTICAST_TX_OPTIONS      1
#define IP_REASSEMBLY                  1
#define IP_REASS_MAX_PBUFS             64 /* fragments that wait for others */
#define IP_FRAG                        1
#define IP_SOF_BROADCAST               1
#define IP_SOF_BROADCAST_RECV          0
#define SO_REUSE                       1
#define SO_REUSE_RXTOALL               1
#define LWIP_IPV6_MLD                  1
#define LWIP_IPV6_REASS                1
#define LWIP_IPV6_FRAG                 1
#define IPV6_FRAG_COPYHEADER           1 /* its saved header has a pointer, which is longer than the fragment header */
#define LWIP_IPV6_AUTOCONFIG           1
#define LWIP_IPV6_SCOPES               1
#define LWIP_IPV6_DHCP6                0
#define LWIP_IPV6_NUM_ADDRESSES        4
#define LWIP_ND6_NUM_NEIGHBORS         32
#define LWIP_ND6_NUM_DESTINATIONS      32
#define LWIP_ND6_QUEUEING              1
#define MEMP_NUM_ND6_QUEUE             64
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS 0
#define LWIP_DHCP                      1
#define LWIP_DHCP_DOES_ACD_CHECK       0
#define DHCP_DOES_ARP_CHECK            0 /* half a second at each start, for a network that a host has set up */
#define LWIP_DNS                       1 /* so that DHCP asks for name servers; net/name_servers.c stands in for dns.c */
#define DNS_MAX_SERVERS                3
#define LWIP_DHCP_GET_NTP_SRV          0
#define LWIP_AUTOIP                    0

/* ---- transport ---- */
#define LWIP_UDP                       1
#define LWIP_UDPLITE                   0
#define LWIP_NETBUF_RECVINFO           1 /* without it a packet does not say where it was sent to */
#define LWIP_TCP                       1
#define TCP_MSS                        32544 /* on the loopback interface, in a heap block; others have their links' */
#define TCP_WND                        (1 << 20) /* that a peer may send before the program reads; at most 0xffff << TCP_RCV_SCALE */
#define LWIP_WND_SCALE                 1
#define TCP_RCV_SCALE                  5
#define TCP_SND_BUF                    (256 << 10) /* that a program may write before the peer confirms */
#define TCP_SND_QUEUELEN               8192
#define LWIP_DISABLE_TCP_SANITY_CHECKS 1 /* they are about lwIP's sockets; ours are in net/stack.c */
#define MEMP_NUM_TCP_SEG               TCP_SND_QUEUELEN
#define TCP_OVERSIZE                   0 /* a segment is filled in one piece, in the order of the data: net/lwip/tcp_out.c */
#define TCP_QUEUE_OOSEQ                1
#define LWIP_TCP_SACK_OUT              1
#define LWIP_TCP_TIMESTAMPS            0
#define LWIP_TCP_KEEPALIVE             1
#define TCP_LISTEN_BACKLOG             1
#define TCP_DEFAULT_LISTEN_BACKLOG     255 /* connections half open; those complete wait in the endpoint */
#define LWIP_CALLBACK_API              1
/* Ports that are chosen: 32768 to 60999, as Linux's net.ipv4.ip_local_port_range. TCP leaves out the last. */
#define TCP_LOCAL_PORT_RANGE_START        32768
#define TCP_LOCAL_PORT_RANGE_END          61000
#define TCP_ENSURE_LOCAL_PORT_RANGE(port) ((u16_t)(32768 + (port) % (61000 - 32768)))
#define UDP_LOCAL_PORT_RANGE_START        32768
#define UDP_LOCAL_PORT_RANGE_END          60999
#define UDP_ENSURE_LOCAL_PORT_RANGE(port) TCP_ENSURE_LOCAL_PORT_RANGE(port)
#define LWIP_TCP_PCB_NUM_EXT_ARGS         1 /* tells the endpoint that its connection is gone, however it ended */
