/* SPDX-License-Identifier: Apache-2.0 */
/* The name servers that DHCP or the command line have told. Programs ask them by themselves. */
#pragma once
#include "net/endpoint.h"

enum { NAME_SERVERS_MAX = 3 };

/* How many there are; as many go to `out`. Threads only. */
uint32_t name_servers_read(struct net_address out[NAME_SERVERS_MAX]);
