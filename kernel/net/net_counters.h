/* SPDX-License-Identifier: Apache-2.0 */
/* What the stack has done since its start, as the MIBs of IP, ICMP, TCP and UDP count it. [rfc1213] */
#pragma once
#include "net/stack.h"

struct net_counters {
    struct {
        uint32_t received, header_errors, address_errors, forwarded, unknown_protocols, discarded, delivered;
        uint32_t sent, sent_discarded, no_routes, fragments, reassembled, not_reassembled, cut, not_cut,
            pieces;
    } ip;
    struct {
        uint32_t received, errors, unreachables, timeouts, parameters, quenches, redirects, echos, replies,
            timestamps, timestamp_replies, masks, mask_replies;
        uint32_t sent, send_errors, sent_unreachables, sent_timeouts, sent_echos, sent_replies;
    } icmp;
    struct {
        uint32_t opened, accepted, failed, reset, open, received, sent, again, errors, sent_resets;
    } tcp;
    struct {
        uint32_t received, no_ports, errors, sent;
    } udp;
    uint32_t time_waits;
};

void net_counters_read(struct net_counters *out) EXCLUDES(net_mutex);
