/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of AF_INET and AF_INET6 over net/endpoint.h: what a program calls an address, who waits, and for what.
 *
 * The endpoint tells what has become true under the stack's lock, which is a mutex; whoever waits sleeps on the socket's
 * queue and looks at endpoint_ready() there, so a change that comes between is seen. Nothing here calls an endpoint with
 * a spin lock held. */
#pragma once
#include "abi/linux/inet.h"
#include "net/endpoint.h"
#include "socket/control.h"
#include "socket/socket.h"

/* Control data that a receiver has asked for: bits of inet_socket.wishes. */
enum inet_wish {
    INET_WISH_PKTINFO,
    INET_WISH_TTL,
    INET_WISH_TOS,
    INET_WISH_V6_PKTINFO,
    INET_WISH_HOPS,
    INET_WISH_CLASS
};

struct inet_socket {
    struct socket socket; /* first */
    struct endpoint *endpoint;
    struct endpoint_owner owner;
    bool is_connecting;    /* connect was called, and has not yet told how it ended */
    uint32_t wishes;       /* atomic */
    uint32_t defer_accept; /* seconds, told back; accept does not wait for data here */
    bool
        receives_errors; /* IP_RECVERR: errors come by calls as without it, the queue of errors stays empty */
};

static inline struct inet_socket *inet_of(struct socket *s)
{
    return CONTAINER_OF(s, struct inet_socket, socket);
}
static inline bool inet_is_v6(const struct inet_socket *i) { return i->socket.family == LINUX_AF_INET6; }
static inline bool inet_is_stream(const struct inet_socket *i) { return i->socket.type == LINUX_SOCK_STREAM; }

/* ---- inet_address.c ---- */
/* What a program says. INVALID: too short; NO_FAMILY. */
err_t inet_address_decode(const struct inet_socket *i, const struct socket_address *from,
                          struct net_address *out);
/* In the words of the socket's family. */
void inet_address_encode(const struct inet_socket *i, const struct net_address *from,
                         struct socket_address *out);
void inet_address_to_v6(const struct net_address *from, uint8_t out[16]);

/* ---- inet_message.c ---- */
int64_t inet_send(struct socket *s, struct socket_message *m);
int64_t inet_receive(struct socket *s, struct socket_message *m);
/* Sleeps until one of the ENDPOINT_ states holds. TRY_AGAIN when the deadline is over, INTERRUPTED. */
err_t inet_wait(struct inet_socket *i, uint32_t states, uint64_t deadline_ns);

/* ---- inet_option.c ---- */
err_t inet_set_option(struct socket *s, int32_t level, int32_t name, uint64_t address, uint32_t bytes);
err_t inet_get_option(struct socket *s, int32_t level, int32_t name, uint64_t address, uint64_t length_at);
/* A generic option that the stack has to know. */
void inet_option_changed(struct socket *s, int32_t name);

/* ---- inet_interface.c ---- */
/* IFF_ and ARPHRD_ of one. */
struct interface_info;
uint16_t inet_interface_flags(const struct interface_info *info);
uint16_t inet_interface_hardware(const struct interface_info *info);
enum { INET_QUEUE_LENGTH = 1000 }; /* packets that wait to be sent, as programs are told */
