/* SPDX-License-Identifier: Apache-2.0 */
#include "net/net_counters.h"

#include "net/lwip/lwip.h"

static uint32_t length_of(const struct tcp_pcb *first, bool is_established_only)
{
    uint32_t count = 0;
    for (const struct tcp_pcb *pcb = first; pcb; pcb = pcb->next)
        count += !is_established_only || pcb->state == ESTABLISHED || pcb->state == CLOSE_WAIT;
    return count;
}

static void read_ip(struct net_counters *out, const struct stats_mib2 *m)
{
    out->ip.received = m->ipinreceives;
    out->ip.header_errors = m->ipinhdrerrors;
    out->ip.address_errors = m->ipinaddrerrors;
    out->ip.forwarded = m->ipforwdatagrams;
    out->ip.unknown_protocols = m->ipinunknownprotos;
    out->ip.discarded = m->ipindiscards;
    out->ip.delivered = m->ipindelivers;
    out->ip.sent = m->ipoutrequests;
    out->ip.sent_discarded = m->ipoutdiscards;
    out->ip.no_routes = m->ipoutnoroutes;
    out->ip.fragments = m->ipreasmreqds;
    out->ip.reassembled = m->ipreasmoks;
    out->ip.not_reassembled = m->ipreasmfails;
    out->ip.cut = m->ipfragoks;
    out->ip.not_cut = m->ipfragfails;
    out->ip.pieces = m->ipfragcreates;
}

static void read_icmp(struct net_counters *out, const struct stats_mib2 *m)
{
    out->icmp.received = m->icmpinmsgs;
    out->icmp.errors = m->icmpinerrors;
    out->icmp.unreachables = m->icmpindestunreachs;
    out->icmp.timeouts = m->icmpintimeexcds;
    out->icmp.parameters = m->icmpinparmprobs;
    out->icmp.quenches = m->icmpinsrcquenchs;
    out->icmp.redirects = m->icmpinredirects;
    out->icmp.echos = m->icmpinechos;
    out->icmp.replies = m->icmpinechoreps;
    out->icmp.timestamps = m->icmpintimestamps;
    out->icmp.timestamp_replies = m->icmpintimestampreps;
    out->icmp.masks = m->icmpinaddrmasks;
    out->icmp.mask_replies = m->icmpinaddrmaskreps;
    out->icmp.sent = m->icmpoutmsgs;
    out->icmp.send_errors = m->icmpouterrors;
    out->icmp.sent_unreachables = m->icmpoutdestunreachs;
    out->icmp.sent_timeouts = m->icmpouttimeexcds;
    out->icmp.sent_echos = m->icmpoutechos;
    out->icmp.sent_replies = m->icmpoutechoreps;
}

static void read_transport(struct net_counters *out, const struct stats_mib2 *m)
{
    out->tcp.opened = m->tcpactiveopens;
    out->tcp.accepted = m->tcppassiveopens;
    out->tcp.failed = m->tcpattemptfails;
    out->tcp.reset = m->tcpestabresets;
    out->tcp.open = length_of(tcp_active_pcbs, true);
    out->tcp.received = m->tcpinsegs;
    out->tcp.sent = m->tcpoutsegs;
    out->tcp.again = m->tcpretranssegs;
    out->tcp.errors = m->tcpinerrs;
    out->tcp.sent_resets = m->tcpoutrsts;
    out->udp.received = m->udpindatagrams;
    out->udp.no_ports = m->udpnoports;
    out->udp.errors = m->udpinerrors;
    out->udp.sent = m->udpoutdatagrams;
    out->time_waits = length_of(tcp_tw_pcbs, false);
}

void net_counters_read(struct net_counters *out)
{
    net_lock();
    read_ip(out, &lwip_stats.mib2);
    read_icmp(out, &lwip_stats.mib2);
    read_transport(out, &lwip_stats.mib2);
    net_unlock();
}
