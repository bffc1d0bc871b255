/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "net/endpoint_internal.h"
#include "net/interface.h"
#include "net/ticks.h"

/* Of a device. Under the stack's lock. */
struct interface {
    struct netif netif;
    struct net_device *device;
    char name[INTERFACE_NAME_MAX];
    struct interface_counters received, sent;
    struct pbuf *waiting[CONFIG_NET_QUEUE_PACKETS]; /* to be sent, a ring */
    uint32_t first_waiting, waiting_count;
    ip4_addr_t told; /* the address that the log has */
};

extern struct interface *interfaces[INTERFACES_MAX];
extern uint32_t interface_count;

/* As the command line wants it: net/interface_address.c. */
void interface_give_address(struct interface *interface) REQUIRES(net_mutex);
