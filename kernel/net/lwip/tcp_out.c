/* SPDX-License-Identifier: Apache-2.0 */
/* lwIP's sending half of TCP, unmodified, but for where it takes a program's data from: not from memory at an address
 * but from the io_buffer of the call that is under way. So there is one copy, from the user's pages into the segment.
 * Without TCP_OVERSIZE the source asks for the bytes in their order, once each. */
#include <stddef.h>
#include <stdint.h>

void lwip_port_take(void *to, size_t bytes);
#define MEMCPY(to, from, bytes) lwip_port_take((to), (bytes))

#include "build/lwip/core/tcp_out.c"
