/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of AF_NETLINK: requests to the kernel, whose answers wait in the socket. [man netlink(7)] */
#pragma once
#include "abi/linux/netlink.h"
#include "lib/list.h"
#include "socket/socket.h"

struct netlink_packet {
    struct list link;
    uint32_t bytes;
    uint8_t data[] ALIGNED(4);
};

/* A message as it is built: its header, the family's part, then attributes. Too many fail it, as does memory. */
struct netlink_message {
    struct netlink_packet *packet; /* NULL: there was no memory */
    uint32_t room;
};

/* Begins an answer to `request` in `out`, with `bytes` of the family's part. */
void netlink_begin(struct netlink_message *out, const struct linux_nlmsghdr *request, uint16_t type,
                   uint16_t flags, uint32_t port, const void *part, uint32_t bytes);
void netlink_attribute(struct netlink_message *m, uint16_t type, const void *data, uint32_t bytes);
static inline void netlink_attribute_u32(struct netlink_message *m, uint16_t type, uint32_t value)
{
    netlink_attribute(m, type, &value, sizeof(value));
}
/* Puts it at the end of `answers`. NO_MEMORY. */
err_t netlink_end(struct netlink_message *m, struct list *answers);

/* netlink_route.c: all that the request's dump consists of, but for its end. NOT_SUPPORTED, NO_MEMORY. */
err_t netlink_route_dump(const struct linux_nlmsghdr *request, uint8_t family, uint32_t port,
                         struct list *answers);
/* One interface, by number or name. NO_DEVICE, INVALID, NO_MEMORY. */
err_t netlink_route_get_link(const struct linux_nlmsghdr *request, uint32_t port, struct list *answers);
