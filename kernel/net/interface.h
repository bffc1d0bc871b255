/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces: lo, and eth0 and on for devices. Their numbers begin at 1, as Linux's. */
#pragma once
#include "device/netif.h"
#include "net/endpoint.h"
#include "net/stack.h"

enum { INTERFACE_NAME_MAX = 16, INTERFACE_ADDRESSES_MAX = 5, INTERFACES_MAX = 8 };

struct interface_counters {
    uint64_t packets, bytes, errors, dropped;
};

struct interface_address {
    struct net_address address;
    uint8_t prefix_bits;
    bool is_tentative; /* not used yet: others are being asked whether it is theirs */
};

/* Of a moment. */
struct interface_info {
    uint32_t number;
    char name[INTERFACE_NAME_MAX];
    bool is_loopback, is_up, has_link;
    uint8_t mac[NET_MAC_BYTES];
    uint32_t mtu;
    uint32_t address_count;
    struct interface_address addresses[INTERFACE_ADDRESSES_MAX];
    struct net_address gateway; /* IPv4's; zeros: none */
    struct interface_counters received, sent;
};
/* The interface with this number, or the first one above it; false when there is none. Threads only, as the next. */
bool interface_read(uint32_t number, struct interface_info *out) EXCLUDES(net_mutex);
/* 0: there is none. */
uint32_t interface_number(const char *name) EXCLUDES(net_mutex);

/* ---- for the machine's start ---- */

/* How interfaces of devices get their addresses: the value of the command line's net=. False: it makes no sense, and
 * then it is as if it were not there. */
bool interface_configure(const char *text);
/* Makes an interface of a device, which stays for ever. ERR_NO_MEMORY, or what its start says. */
err_t interface_attach(struct net_device *device) EXCLUDES(net_mutex);
/* Whether there is one of a device. */
bool interfaces_exist(void);
/* Waits until interfaces that ask for an address have one, no longer than `deadline_ns`. */
void interfaces_wait(uint64_t deadline_ns) EXCLUDES(net_mutex);

/* ---- inside the stack ---- */

/* Works off what devices have. True: there is more. */
bool interfaces_poll(void) REQUIRES(net_mutex);
/* Tells devices of what was sent under this lock. */
void interfaces_flush(void) REQUIRES(net_mutex);
extern bool interfaces_have_sent GUARDED_BY(net_mutex);
