/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/sockstat and snmp: how many sockets there are, and what the protocols have done. What lwIP does not count is
 * 0. [linux net/ipv4/proc.c] */
#include "net/endpoint.h"
#include "net/net_counters.h"
#include "socket/proc_net_internal.h"
#include "socket/unix_internal.h"

enum { STATE_CLOSED = 7, STATE_TIME_WAIT = 6 };

struct kinds {
    uint32_t used[2][ENDPOINT_KINDS]; /* by family */
    uint32_t orphans, owned;
};

static void see(void *context, const struct endpoint_info *e, struct endpoint_owner *owner)
{
    struct kinds *k = context;
    bool is_tcp = e->kind == ENDPOINT_TCP;
    k->owned += owner != NULL;
    if (is_tcp && (e->tcp_state == STATE_CLOSED || e->tcp_state == STATE_TIME_WAIT)) return;
    if (e->kind == ENDPOINT_UDP && !e->local.port) return;
    k->used[e->is_v6][e->kind]++;
    k->orphans += is_tcp && !owner;
}

static struct kinds count_all(void)
{
    struct kinds kinds = { 0 };
    if (!failed(net_start())) endpoint_for_each(see, &kinds);
    return kinds;
}

static void write_sockstat(struct text *text, uint64_t *cursor)
{
    struct net_counters c = { 0 };
    if ((*cursor)++) return;
    struct kinds k = count_all();
    net_counters_read(&c);
    uint32_t tcp = k.used[0][ENDPOINT_TCP];
    text_add(text, "sockets: used %u\n", k.owned + unix_list_count());
    text_add(text, "TCP: inuse %u orphan %u tw %u alloc %u mem 0\n", tcp, k.orphans, c.time_waits,
             tcp + k.used[1][ENDPOINT_TCP]);
    text_add(text, "UDP: inuse %u mem 0\nUDPLITE: inuse 0\n", k.used[0][ENDPOINT_UDP]);
    text_add(text, "RAW: inuse %u\nFRAG: inuse 0 memory 0\n", k.used[0][ENDPOINT_RAW]);
}

static void write_sockstat6(struct text *text, uint64_t *cursor)
{
    if ((*cursor)++) return;
    struct kinds k = count_all();
    text_add(text,
             "TCP6: inuse %u\nUDP6: inuse %u\nUDPLITE6: inuse 0\nRAW6: inuse %u\nFRAG6: inuse 0 memory 0\n",
             k.used[1][ENDPOINT_TCP], k.used[1][ENDPOINT_UDP], k.used[1][ENDPOINT_RAW]);
}

static void add_ip(struct text *text, const struct net_counters *c)
{
    text_add(text,
             "Ip: Forwarding DefaultTTL InReceives InHdrErrors InAddrErrors ForwDatagrams InUnknownProtos "
             "InDiscards InDelivers OutRequests OutDiscards OutNoRoutes ReasmTimeout ReasmReqds ReasmOKs "
             "ReasmFails FragOKs FragFails FragCreates\n");
    text_add(text, "Ip: 2 64 %u %u %u %u %u %u %u ", c->ip.received, c->ip.header_errors,
             c->ip.address_errors, c->ip.forwarded, c->ip.unknown_protocols, c->ip.discarded,
             c->ip.delivered);
    text_add(text, "%u %u %u 0 %u %u %u %u %u %u\n", c->ip.sent, c->ip.sent_discarded, c->ip.no_routes,
             c->ip.fragments, c->ip.reassembled, c->ip.not_reassembled, c->ip.cut, c->ip.not_cut,
             c->ip.pieces);
}

static void add_icmp(struct text *text, const struct net_counters *c)
{
    text_add(text, "Icmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs InSrcQuenchs "
                   "InRedirects InEchos InEchoReps InTimestamps InTimestampReps InAddrMasks InAddrMaskReps "
                   "OutMsgs OutErrors OutDestUnreachs OutTimeExcds OutParmProbs OutSrcQuenchs OutRedirects "
                   "OutEchos OutEchoReps OutTimestamps OutTimestampReps OutAddrMasks OutAddrMaskReps\n");
    text_add(text, "Icmp: %u %u 0 %u %u %u %u %u ", c->icmp.received, c->icmp.errors, c->icmp.unreachables,
             c->icmp.timeouts, c->icmp.parameters, c->icmp.quenches, c->icmp.redirects);
    text_add(text, "%u %u %u %u %u %u ", c->icmp.echos, c->icmp.replies, c->icmp.timestamps,
             c->icmp.timestamp_replies, c->icmp.masks, c->icmp.mask_replies);
    text_add(text, "%u %u %u %u 0 0 0 %u %u 0 0 0 0\n", c->icmp.sent, c->icmp.send_errors,
             c->icmp.sent_unreachables, c->icmp.sent_timeouts, c->icmp.sent_echos, c->icmp.sent_replies);
}

static void add_transport(struct text *text, const struct net_counters *c)
{
    static const char udp[] =
        "InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors "
        "IgnoredMulti MemErrors";
    text_add(text,
             "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets "
             "CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n");
    text_add(text, "Tcp: 1 200 120000 -1 %u %u %u %u %u ", c->tcp.opened, c->tcp.accepted, c->tcp.failed,
             c->tcp.reset, c->tcp.open);
    text_add(text, "%u %u %u %u %u 0\n", c->tcp.received, c->tcp.sent, c->tcp.again, c->tcp.errors,
             c->tcp.sent_resets);
    text_add(text, "Udp: %s\nUdp: %u %u %u %u 0 0 0 0 0\n", udp, c->udp.received, c->udp.no_ports,
             c->udp.errors, c->udp.sent);
    text_add(text, "UdpLite: %s\nUdpLite: 0 0 0 0 0 0 0 0 0\n", udp);
}

static void write_snmp(struct text *text, uint64_t *cursor)
{
    struct net_counters c = { 0 };
    if ((*cursor)++ || failed(net_start())) return;
    net_counters_read(&c);
    add_ip(text, &c);
    add_icmp(text, &c);
    add_transport(text, &c);
}

const struct text_source proc_net_sockstat = { .write = write_sockstat };
const struct text_source proc_net_sockstat6 = { .write = write_sockstat6 };
const struct text_source proc_net_snmp = { .write = write_snmp };
