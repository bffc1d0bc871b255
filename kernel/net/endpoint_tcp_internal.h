/* SPDX-License-Identifier: Apache-2.0 */
/* The files of TCP's endpoints among each other. */
#pragma once
#include "net/endpoint_internal.h"
#include "net/interface.h"

/* An lwIP connection and an endpoint know each other from now on, or no more. */
void tcp_endpoint_attach(struct endpoint *endpoint, struct tcp_pcb *pcb) REQUIRES(net_mutex);
struct tcp_pcb *tcp_endpoint_detach(struct endpoint *endpoint) REQUIRES(net_mutex);
/* Sees to it that there is one. ERR_NO_MEMORY. */
err_t tcp_endpoint_open(struct endpoint *endpoint) REQUIRES(net_mutex);
void tcp_endpoint_drop_received(struct endpoint *endpoint) REQUIRES(net_mutex);
/* Whether somebody listens on the port already whom lwIP would not see: with SO_REUSEADDR it lets others bind to it,
 * Linux only with SO_REUSEPORT of both. */
bool tcp_port_has_listener(const struct endpoint *endpoint, const ip_addr_t *address, uint16_t port)
    REQUIRES(net_mutex);
/* Whoever waits to be accepted is reset. */
void tcp_endpoint_stop_listening(struct endpoint *endpoint) REQUIRES(net_mutex);

void tcp_endpoint_apply_options(struct endpoint *endpoint) REQUIRES(net_mutex);
