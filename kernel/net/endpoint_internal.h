/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints seen from inside. All of it under the stack's lock. */
#pragma once
#include "lib/list.h"
#include "net/endpoint.h"
#include "net/lwip/lwip.h"
#include "net/interface.h"
#include "net/stack.h"

/* What a protocol does; called under the lock. */
struct endpoint_type {
    err_t (*bind)(struct endpoint *endpoint, const struct net_address *local);
    err_t (*connect)(struct endpoint *endpoint, const struct net_address *remote);
    err_t (*shutdown)(struct endpoint *endpoint, bool reading, bool writing);
    int64_t (*receive)(struct endpoint *endpoint, struct io_buffer *to, struct endpoint_message *message,
                       uint32_t flags);
    void (*apply_options)(struct endpoint *endpoint); /* to lwIP's structure, if there is one */
    void (*close)(struct endpoint *endpoint);         /* gives the protocol's part back */
};
extern const struct endpoint_type endpoint_tcp, endpoint_udp, endpoint_raw;

struct datagram {
    struct list link;
    struct pbuf *packet; /* without headers, but for raw IPv4 */
    struct endpoint_message message;
};

struct endpoint {
    uint32_t ready; /* enum endpoint_state; written under the lock, read without. The first field */
    uint8_t kind, protocol;
    bool is_v6;
    err_t error; /* not told yet */
    uint32_t options[ENDPOINT_OPTION_COUNT];
    const struct endpoint_type *type;
    struct endpoint_owner *owner;
    struct net_address local, remote; /* of the last connection, when it is gone */
    struct net_address bound;         /* the name that a program gave; port 0: it left that to us */
    union {
        struct {                       /* TCP */
            struct tcp_pcb *tcp;       /* NULL: none yet, or it is gone */
            struct pbuf *first, *last; /* received: linked by `next`; their tot_len means nothing */
            uint64_t received;         /* bytes in them */
            struct endpoint *listener; /* in whose queue it waits, by accept_link */
            struct list accept_link, accept_queue;
            uint32_t accept_count, backlog;
            bool was_connected, peer_is_done; /* done: its end of the stream has come */
            uint32_t confirmed; /* up to here, at `unconfirmed_since_ns`; 0: nothing is under way */
            uint64_t unconfirmed_since_ns;
        };
        struct { /* UDP and raw */
            union {
                struct udp_pcb *udp;
                struct raw_pcb *raw;
            };
            struct list datagrams, memberships;            /* what came; groups of multicast */
            struct list link;                              /* in endpoint_datagram_all */
            uint64_t datagram_bytes;                       /* of memory, in all of them */
            uint32_t blocked_types[ENDPOINT_FILTER_WORDS]; /* raw: of ICMP */
        };
    };
};

/* IP_PCB's part is the same in all of lwIP's structures. */
void endpoint_apply_common(const struct endpoint *endpoint, struct ip_pcb *pcb);
void endpoint_options_init(struct endpoint *endpoint);

struct endpoint *endpoint_alloc(enum endpoint_kind kind, uint8_t protocol, bool is_v6);
/* Sets and clears bits. Bits in `again` are told even if they were set before: there is more of it. */
void endpoint_update(struct endpoint *endpoint, uint32_t set, uint32_t clear, uint32_t again)
    REQUIRES(net_mutex);
static inline bool endpoint_has(const struct endpoint *endpoint, uint32_t state)
{
    return endpoint->ready & state;
}
/* Something failed: told by the next call. */
void endpoint_fail(struct endpoint *endpoint, err_t error, uint32_t states) REQUIRES(net_mutex);
/* The error that waits, or OK. */
err_t endpoint_error_locked(struct endpoint *endpoint) REQUIRES(net_mutex);

/* lwIP's addresses and errors. */
void net_address_to_lwip(ip_addr_t *out, const struct net_address *address);
void net_address_from_lwip(struct net_address *out, const ip_addr_t *address, uint16_t port);
bool net_address_is_any(const struct net_address *address);
/* ERR_INVALID unless an endpoint of this family may use the address. */
err_t endpoint_check_family(const struct endpoint *endpoint, const struct net_address *address);
/* What stands for "any address" of its family. */
const ip_addr_t *endpoint_any(const struct endpoint *endpoint);
err_t error_from_lwip(lwip_err_t e);
/* Whether it is one of this machine's own. */
bool interface_has_address(const ip_addr_t *address) REQUIRES(net_mutex);
/* Adjusts an address to connect or send to: none is this machine itself. */
void net_address_to_peer(ip_addr_t *out, const struct net_address *address);

/* ---- datagrams, of UDP and raw endpoints ---- */

/* Takes the packet over. It is dropped when there is no room. */
void datagram_arrived(struct endpoint *endpoint, struct pbuf *packet, const ip_addr_t *from,
                      uint16_t from_port) REQUIRES(net_mutex);
int64_t datagram_receive(struct endpoint *endpoint, struct io_buffer *to, struct endpoint_message *message,
                         uint32_t flags) REQUIRES(net_mutex);
extern struct list endpoint_datagram_all GUARDED_BY(net_mutex);
/* What UDP and raw endpoints have in common comes and goes with these. */
void datagram_init(struct endpoint *endpoint);
void datagram_close(struct endpoint *endpoint) REQUIRES(net_mutex);
void endpoint_leave_all(struct endpoint *endpoint) REQUIRES(net_mutex);
err_t datagram_shutdown(struct endpoint *endpoint, bool reading, bool writing) REQUIRES(net_mutex);
/* lwIP's structures of a kind, so that there is one when the first call needs it. ERR_NO_MEMORY. */
err_t udp_endpoint_open(struct endpoint *endpoint) REQUIRES(net_mutex);
err_t raw_endpoint_open(struct endpoint *endpoint) REQUIRES(net_mutex);
/* Sends a datagram whose data is in `packet` already. */
err_t udp_endpoint_send(struct endpoint *endpoint, struct pbuf *packet,
                        const struct endpoint_message *message) REQUIRES(net_mutex);
err_t raw_endpoint_send(struct endpoint *endpoint, struct pbuf *packet,
                        const struct endpoint_message *message) REQUIRES(net_mutex);

/* ---- TCP ---- */
int64_t tcp_endpoint_send(struct endpoint *endpoint, struct io_buffer *from, uint32_t flags)
    REQUIRES(net_mutex);
err_t tcp_endpoint_listen(struct endpoint *endpoint, uint32_t backlog) REQUIRES(net_mutex);
err_t tcp_endpoint_accept(struct endpoint *endpoint, struct endpoint **out) REQUIRES(net_mutex);
