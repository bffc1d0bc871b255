/* SPDX-License-Identifier: Apache-2.0 */
#include "socket/proc_net.h"

#include "lib/string.h"
#include "socket/proc_net_internal.h"

static const struct made_row rows[] = {
    MADE_FILE("dev", 0444, &proc_net_dev, 0),
    MADE_FILE("if_inet6", 0444, &proc_net_if_inet6, 0),
    MADE_FILE("raw", 0444, &proc_net_endpoints, PROC_NET_RAW),
    MADE_FILE("raw6", 0444, &proc_net_endpoints, PROC_NET_RAW6),
    MADE_FILE("route", 0444, &proc_net_route, 0),
    MADE_FILE("snmp", 0444, &proc_net_snmp, 0),
    MADE_FILE("sockstat", 0444, &proc_net_sockstat, 0),
    MADE_FILE("sockstat6", 0444, &proc_net_sockstat6, 0),
    MADE_FILE("tcp", 0444, &proc_net_endpoints, PROC_NET_TCP),
    MADE_FILE("tcp6", 0444, &proc_net_endpoints, PROC_NET_TCP6),
    MADE_FILE("udp", 0444, &proc_net_endpoints, PROC_NET_UDP),
    MADE_FILE("udp6", 0444, &proc_net_endpoints, PROC_NET_UDP6),
    MADE_FILE("unix", 0444, &proc_net_unix, 0),
};

void proc_net_pad(struct text *text, size_t start, size_t width)
{
    size_t used = text->used - start, missing = used < width ? width - used : 0;
    text_add(text, "%*s\n", (int)missing, "");
}

void proc_net_init(void)
{
    static struct made_addition addition = { .path = "proc/net", .rows = rows, .count = ARRAY_LENGTH(rows) };
    made_add(&addition);
}
