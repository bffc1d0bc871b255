/* SPDX-License-Identifier: Apache-2.0 */
/* lo, 127.0.0.1/8 and ::1, and packets of other interfaces to their own addresses. They wait in a queue until the
 * lock is given up, since lwIP cannot take a packet in while it sends one; no task and no CPU changes. */
#pragma once
#include "net/stack.h"

enum { LOOPBACK_INTERFACE = 1 }; /* its number */

void loopback_start(void) REQUIRES(net_mutex);
bool loopback_has_packets(void) REQUIRES(net_mutex);
/* Until none is left, also of those that the first ones cause. */
void loopback_deliver(void) REQUIRES(net_mutex);
