/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints: what a socket of TCP/IP is made of. kernel/socket knows files, addresses of programs and who sleeps;
 * an endpoint knows its protocol.
 *
 * No function here waits: what cannot be done now returns ERR_TRY_AGAIN (a connection that begins:
 * ERR_IN_PROGRESS), and `changed` says when to look again. A caller that wants to wait sleeps on a queue of its own,
 * which `changed` wakes. What holds now is in endpoint_ready(), one load without a lock.
 *
 * A system call works in the stack itself, under its one lock, on the program's own pages: data is copied once, between
 * the user's memory and the packets. Nothing is handed to another thread. What arrives is worked off by the
 * executor of the boot CPU, under the same lock, or by whoever holds it.
 *
 * Threads only. The functions take the stack's lock (net/stack.h), a mutex: no spin lock may be held, and they are not
 * called from `changed`. Faults of user memory are resolved under it, so it comes before all locks of vm and fs. */
#pragma once
#include "fs/io_buffer.h"
#include "lib/base.h"

struct endpoint;

enum endpoint_kind { ENDPOINT_TCP, ENDPOINT_UDP, ENDPOINT_RAW, ENDPOINT_KINDS };

/* An address with a port. IPv4 in the first four bytes of `bytes`, in the order of the wire. All zeros: any. */
struct net_address {
    uint8_t bytes[16];
    uint16_t port;  /* as a number; of raw endpoints 0 */
    bool is_v6;     /* never for an address that maps IPv4 into IPv6: those are IPv4 here */
    uint32_t scope; /* number of the interface of a link-local address; 0: none */
};

/* What holds now. */
enum endpoint_state {
    ENDPOINT_READABLE = 1 << 0, /* data, a connection to accept, or the end of the stream */
    ENDPOINT_WRITABLE = 1 << 1, /* enough room that a write is worth it */
    ENDPOINT_READ_END = 1 << 2, /* the peer, or endpoint_shutdown, has ended this direction */
    ENDPOINT_WRITE_END = 1 << 3,
    ENDPOINT_ERROR = 1 << 4, /* endpoint_take_error has something */
    ENDPOINT_CONNECTED = 1 << 5,
    ENDPOINT_CONNECTING = 1 << 6,
    ENDPOINT_LISTENING = 1 << 7,
    ENDPOINT_URGENT = 1 << 8, /* never set yet by any protocol */
};

/* Who is told. `changed` runs under the stack's lock, in any thread, with the bits that have become true or were made
 * true again (more data, more room); it may wake threads and mark files ready, and calls nothing of this header but
 * endpoint_ready(). After endpoint_close() it is not called any more. */
struct endpoint_owner {
    void (*changed)(struct endpoint_owner *owner, uint32_t states);
};

/* ---- life ---- */

/* `protocol` of a raw endpoint is IP's number, otherwise 0. With `is_v6` both families unless ENDPOINT_V6_ONLY is set.
 * Has no owner yet. ERR_NO_MEMORY. */
err_t endpoint_create(enum endpoint_kind kind, uint8_t protocol, bool is_v6, struct endpoint **out);
/* Before anything that could change it. NULL: nobody (endpoint_accept's result begins so). */
void endpoint_set_owner(struct endpoint *endpoint, struct endpoint_owner *owner);
/* The owner is gone. A connection is ended in order by the stack, after what was sent has arrived; or, as TCP wants,
 * by a reset when the program left data unread or ENDPOINT_LINGER_MS is 0. Never fails. With ENDPOINT_LINGER_MS
 * set the caller waits before it, until endpoint_send_queued() is 0. */
void endpoint_close(struct endpoint *endpoint);

static inline uint32_t endpoint_ready(const struct endpoint *endpoint)
{
    return __atomic_load_n((const uint32_t *)endpoint, __ATOMIC_ACQUIRE); /* its first field */
}
enum endpoint_kind endpoint_kind(const struct endpoint *endpoint);

/* ---- addresses ---- */

/* ERR_ADDRESS_IN_USE, ERR_NO_ADDRESS, ERR_INVALID (bound already, or the wrong family). Port 0 chooses. */
err_t endpoint_bind(struct endpoint *endpoint, const struct net_address *local);
/* NULL forgets the peer; TCP's connection is reset. Datagrams and raw: done at once. TCP: ERR_IN_PROGRESS, later ENDPOINT_CONNECTED or
 * ENDPOINT_ERROR; ERR_ALREADY, ERR_IS_CONNECTED, ERR_NO_ROUTE_NETWORK. After a failure it may be tried again. */
err_t endpoint_connect(struct endpoint *endpoint, const struct net_address *remote);
/* TCP; binds to a free port if it is not bound. Again: changes the backlog. */
err_t endpoint_listen(struct endpoint *endpoint, uint32_t backlog);
/* ERR_TRY_AGAIN; ERR_INVALID: does not listen; ERR_ABORTED: it was gone before anybody came. */
err_t endpoint_accept(struct endpoint *endpoint, struct endpoint **out);
void endpoint_local(struct endpoint *endpoint, struct net_address *out);
/* ERR_NOT_CONNECTED. */
err_t endpoint_remote(struct endpoint *endpoint, struct net_address *out);

/* ---- data ---- */

enum endpoint_send_flags {
    ENDPOINT_SEND_MORE = 1 << 0,     /* more follows at once: MSG_MORE */
    ENDPOINT_SEND_NO_ROUTE = 1 << 1, /* MSG_DONTROUTE */
};
/* What is known about one datagram, of the one that was received or for the one to send. */
struct endpoint_message {
    struct net_address from, to; /* source and destination; the destination's port is the endpoint's own */
    uint32_t interface;          /* number; 0: the stack's choice */
    uint8_t ttl, tos;            /* or hop limit and traffic class */
    bool is_cut;                 /* received: the buffer was shorter than the datagram */
    uint64_t bytes;              /* received: of the whole datagram */
};
/* Takes from `from` and returns the bytes that were taken, all of a datagram or none. `message` may be NULL; its `to`
 * is the receiver of a datagram, needed without a peer. Errors of the connection come once. ERR_TRY_AGAIN: no
 * room; ERR_BROKEN_PIPE: this direction was ended (the caller raises SIGPIPE); ERR_NOT_CONNECTED,
 * ERR_NO_DESTINATION, ERR_MESSAGE_SIZE, ERR_FAULT, ERR_NO_BUFFERS. */
int64_t endpoint_send(struct endpoint *endpoint, struct io_buffer *from,
                      const struct endpoint_message *message, uint32_t flags);

enum endpoint_receive_flags {
    ENDPOINT_PEEK = 1 << 0, /* it stays there */
    ENDPOINT_SKIP = 1 << 1, /* bytes are not copied but counted: MSG_TRUNC of TCP */
};
/* Bytes; 0 at the end of a stream and for an empty datagram. Of a datagram what does not fit is lost, and `message`
 * (may be NULL) tells. ERR_TRY_AGAIN, ERR_NOT_CONNECTED, ERR_FAULT; errors of the connection come once. */
int64_t endpoint_receive(struct endpoint *endpoint, struct io_buffer *to, struct endpoint_message *message,
                         uint32_t flags);
/* Ends directions. ERR_NOT_CONNECTED. */
err_t endpoint_shutdown(struct endpoint *endpoint, bool reading, bool writing);

/* SO_ERROR: the error and forgets it; OK when there is none. */
err_t endpoint_take_error(struct endpoint *endpoint);
/* SIOCINQ: bytes that can be read; of datagrams those of the first. SIOCOUTQ: bytes that the peer has not confirmed. */
uint64_t endpoint_receive_queued(struct endpoint *endpoint);
uint64_t endpoint_send_queued(struct endpoint *endpoint);

/* ---- options ---- */

enum endpoint_option {
    ENDPOINT_REUSE_ADDRESS,
    ENDPOINT_REUSE_PORT,
    ENDPOINT_BROADCAST,
    ENDPOINT_V6_ONLY, /* before bind */
    ENDPOINT_TTL,     /* IPv4's time to live and IPv6's hop limit, 0 to 255 */
    ENDPOINT_TOS,
    ENDPOINT_NO_DELAY, /* TCP, as the next five */
    ENDPOINT_KEEP_ALIVE,
    ENDPOINT_KEEP_IDLE_MS,
    ENDPOINT_KEEP_INTERVAL_MS,
    ENDPOINT_KEEP_COUNT,
    ENDPOINT_LINGER_MS,     /* ENDPOINT_NO_LINGER, or how long the caller waits; 0 makes close a reset */
    ENDPOINT_RECEIVE_BYTES, /* datagrams wait in so much; TCP's window is never more than this */
    ENDPOINT_SEND_BYTES,
    ENDPOINT_INTERFACE, /* number; 0: any. SO_BINDTODEVICE */
    ENDPOINT_MULTICAST_TTL,
    ENDPOINT_MULTICAST_LOOP,
    ENDPOINT_MULTICAST_INTERFACE,
    ENDPOINT_CORK,
    ENDPOINT_CHECKSUM_OFFSET, /* raw IPv6: where the checksum is in the payload, or ENDPOINT_NO_CHECKSUM */
    ENDPOINT_HEADER_INCLUDED, /* raw IPv4: the program sends the header too */
    ENDPOINT_MSS, /* TCP: the most in a segment that is sent; read it tells what is in use. 0: the link's */
    ENDPOINT_USER_TIMEOUT_MS, /* TCP: a peer that has confirmed nothing for so long is gone; 0: lwIP's patience */
    ENDPOINT_OPTION_COUNT,
};
#define ENDPOINT_NO_LINGER   UINT32_MAX
#define ENDPOINT_NO_CHECKSUM UINT32_MAX
/* ERR_INVALID: not a value for it; ERR_NO_OPTION: not an option of this kind. */
err_t endpoint_set_option(struct endpoint *endpoint, enum endpoint_option option, uint32_t value);
err_t endpoint_get_option(struct endpoint *endpoint, enum endpoint_option option, uint32_t *value);
/* Types of ICMP messages that a raw endpoint does not receive: bits by type, of IPv4's the first word only.
 * ERR_NOT_SUPPORTED: it is for another protocol. */
enum { ENDPOINT_FILTER_WORDS = 8 };
err_t endpoint_set_filter(struct endpoint *endpoint, const uint32_t blocked[ENDPOINT_FILTER_WORDS]);
err_t endpoint_get_filter(struct endpoint *endpoint, uint32_t blocked[ENDPOINT_FILTER_WORDS]);
/* Joins or leaves a multicast group. ERR_NO_ADDRESS, ERR_NO_DEVICE, ERR_NO_MEMORY. */
err_t endpoint_join(struct endpoint *endpoint, const struct net_address *group, uint32_t interface);
err_t endpoint_leave(struct endpoint *endpoint, const struct net_address *group, uint32_t interface);

/* TCP_INFO and the tables of /proc/net. The states are Linux's numbers (TCP_ESTABLISHED is 1). */
struct endpoint_info {
    enum endpoint_kind kind;
    bool is_v6;
    uint8_t protocol, tcp_state;
    struct net_address local, remote;
    uint64_t receive_queued, send_queued;
    uint32_t backlog, accept_queued; /* of a listener */
    uint32_t mss, rtt_us, rto_ms, retransmits;
    uint32_t congestion_window_bytes, receive_window_bytes;
};
void endpoint_read_info(struct endpoint *endpoint, struct endpoint_info *out);
/* All of them, also connections whose owner is gone (`owner` NULL); under the stack's lock. */
void endpoint_for_each(void (*see)(void *context, const struct endpoint_info *info,
                                   struct endpoint_owner *owner),
                       void *context);
