/* SPDX-License-Identifier: Apache-2.0 */
/* "Port unreachable" and its like for datagrams that were sent: a connected endpoint is told, as Linux does. lwIP drops
 * these messages, so they are read by raw endpoints of the stack's own. */
#pragma once
#include "net/stack.h"

/* Once. ERR_NO_MEMORY: nobody will be told. */
err_t udp_errors_start(void) REQUIRES(net_mutex);
