/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "fs/text_file.h"
#include "socket/proc_net.h"

/* The row's argument says of which protocol and family: proc_net_inet.c. */
extern const struct text_source proc_net_endpoints;
enum proc_net_endpoints {
    PROC_NET_TCP,
    PROC_NET_TCP6,
    PROC_NET_UDP,
    PROC_NET_UDP6,
    PROC_NET_RAW,
    PROC_NET_RAW6,
};
extern const struct text_source proc_net_unix;                                   /* proc_net_unix.c */
extern const struct text_source proc_net_dev, proc_net_route, proc_net_if_inet6; /* proc_net_interface.c */
extern const struct text_source proc_net_sockstat, proc_net_sockstat6, proc_net_snmp; /* proc_net_count.c */

/* Ends a line that Linux pads with spaces: `start` is where it began in the text. */
void proc_net_pad(struct text *text, size_t start, size_t width);
