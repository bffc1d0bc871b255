/* SPDX-License-Identifier: Apache-2.0 */
/* Listening for connections. lwIP counts those that are half open; the complete ones wait here, up to the backlog. When
 * it is full nothing is answered that would start or complete one: its sender tries again, and is not refused. */
#include "lib/string.h"
#include "mm/heap.h"
#include "net/endpoint_tcp_internal.h"
#include "net/lwip/hooks.h"

static bool is_full(const struct endpoint *listener) { return listener->accept_count > listener->backlog; }

/* Whether another listener has the same name and room, by SO_REUSEPORT. */
static bool is_partner(const struct tcp_pcb *pcb, const struct tcp_pcb *of)
{
    const struct endpoint *listener = pcb->callback_arg;
    return pcb->local_port == of->local_port && IP_GET_TYPE(&pcb->local_ip) == IP_GET_TYPE(&of->local_ip) &&
           ip_addr_cmp(&pcb->local_ip, &of->local_ip) && listener->options[ENDPOINT_REUSE_PORT] &&
           !is_full(listener);
}

/* lwIP finds the first listener. Those that share its name get connections in turn, by a hash of who connects.
 * NULL: none has room. */
static struct endpoint *choose_listener(struct endpoint *first, uint32_t hash)
{
    uint32_t count = 0;
    if (!first->options[ENDPOINT_REUSE_PORT]) return is_full(first) ? NULL : first;
    for (struct tcp_pcb *pcb = tcp_listen_pcbs.pcbs; pcb; pcb = pcb->next)
        count += is_partner(pcb, first->tcp);
    if (!count) return NULL;
    uint32_t wanted = hash % count;
    for (struct tcp_pcb *pcb = tcp_listen_pcbs.pcbs; pcb; pcb = pcb->next)
        if (is_partner(pcb, first->tcp) && wanted-- == 0) return pcb->callback_arg;
    return NULL;
}

static uint32_t hash_of(const struct tcp_pcb *pcb)
{
    const uint32_t golden = 0x9e3779b9;
    const ip_addr_t *from = &pcb->remote_ip;
    uint32_t address =
        IP_IS_V6(from) ? ip_2_ip6(from)->addr[0] ^ ip_2_ip6(from)->addr[3] : ip_2_ip4(from)->addr;
    return (uint32_t)((address * golden ^ pcb->remote_port) * golden) >> 16;
}

int lwip_port_may_enter(struct tcp_pcb *pcb, struct tcp_hdr *header)
{
    struct endpoint *listener;
    if (pcb->state == LISTEN && TCPH_FLAGS(header) & TCP_SYN)
        listener = pcb->callback_arg;
    else if (pcb->state == SYN_RCVD && pcb->listener && !(TCPH_FLAGS(header) & (TCP_SYN | TCP_RST)))
        listener = pcb->listener->callback_arg;
    else
        return ERR_OK;
    return choose_listener(listener, 0) ? ERR_OK : ERR_MEM;
}

static lwip_err_t arrived(void *argument, struct tcp_pcb *pcb, lwip_err_t e) NO_THREAD_SAFETY_ANALYSIS
{
    struct endpoint *listener = argument;
    if (e != ERR_OK || !pcb) return ERR_VAL; /* there was no memory for it */
    listener = choose_listener(listener, hash_of(pcb));
    struct endpoint *endpoint = listener ? endpoint_alloc(ENDPOINT_TCP, 0, listener->is_v6) : NULL;
    if (!endpoint) return ERR_MEM; /* lwIP resets it */
    memcpy(endpoint->options, listener->options, sizeof(endpoint->options));
    tcp_endpoint_attach(endpoint, pcb);
    tcp_endpoint_apply_options(endpoint);
    endpoint->was_connected = true;
    endpoint->ready = ENDPOINT_CONNECTED | ENDPOINT_WRITABLE;
    net_address_from_lwip(&endpoint->remote, &pcb->remote_ip, pcb->remote_port);
    endpoint->listener = listener;
    list_push_back(&listener->accept_queue, &endpoint->accept_link);
    listener->accept_count++;
    endpoint_update(listener, ENDPOINT_READABLE, 0, ENDPOINT_READABLE);
    return ERR_OK;
}

static bool addresses_meet(const ip_addr_t *a, const ip_addr_t *b)
{
    bool same_family = IP_IS_ANY_TYPE_VAL(*a) || IP_IS_ANY_TYPE_VAL(*b) || IP_GET_TYPE(a) == IP_GET_TYPE(b);
    return same_family && (ip_addr_isany(a) || ip_addr_isany(b) || ip_addr_cmp(a, b));
}

bool tcp_port_has_listener(const struct endpoint *endpoint, const ip_addr_t *address, uint16_t port)
{
    bool shares = endpoint->options[ENDPOINT_REUSE_PORT];
    for (const struct tcp_pcb *pcb = tcp_listen_pcbs.pcbs; pcb; pcb = pcb->next) {
        const struct endpoint *other = pcb->callback_arg;
        if (pcb->local_port != port || (shares && other->options[ENDPOINT_REUSE_PORT])) continue;
        if (addresses_meet(&pcb->local_ip, address)) return true;
    }
    return false;
}

err_t tcp_endpoint_listen(struct endpoint *endpoint, uint32_t backlog)
{
    lwip_err_t why;
    if (endpoint_has(endpoint, ENDPOINT_LISTENING)) {
        endpoint->backlog = backlog;
        return OK;
    }
    err_t e = tcp_endpoint_open(endpoint);
    if (failed(e)) return e;
    if (endpoint->tcp->state != CLOSED) return ERR_INVALID;
    if (!endpoint->tcp->local_port) e = error_from_lwip(tcp_bind(endpoint->tcp, endpoint_any(endpoint), 0));
    if (failed(e)) return e;
    if (tcp_port_has_listener(endpoint, &endpoint->tcp->local_ip, endpoint->tcp->local_port))
        return ERR_ADDRESS_IN_USE;
    /* lwIP makes another structure of it, so the first is given up. */
    struct tcp_pcb *pcb = tcp_endpoint_detach(endpoint);
    ip_reset_option(pcb, SOF_REUSEADDR); /* it would refuse to listen with others, which is checked above */
    struct tcp_pcb *listener = tcp_listen_with_backlog_and_err(pcb, TCP_DEFAULT_LISTEN_BACKLOG, &why);
    tcp_endpoint_attach(endpoint, listener ? listener : pcb);
    tcp_endpoint_apply_options(endpoint);
    if (!listener) return error_from_lwip(why);
    tcp_accept(listener, arrived);
    endpoint->backlog = backlog;
    endpoint_update(endpoint, ENDPOINT_LISTENING, ENDPOINT_WRITABLE, 0);
    return OK;
}

static struct endpoint *take_first(struct endpoint *listener)
{
    if (list_is_empty(&listener->accept_queue)) return NULL;
    struct endpoint *endpoint = LIST_ENTRY(listener->accept_queue.next, struct endpoint, accept_link);
    list_remove(&endpoint->accept_link);
    list_init(&endpoint->accept_link);
    endpoint->listener = NULL;
    listener->accept_count--;
    return endpoint;
}

err_t tcp_endpoint_accept(struct endpoint *endpoint, struct endpoint **out)
{
    *out = take_first(endpoint);
    if (list_is_empty(&endpoint->accept_queue)) endpoint_update(endpoint, 0, ENDPOINT_READABLE, 0);
    return *out ? OK : ERR_TRY_AGAIN;
}

void tcp_endpoint_stop_listening(struct endpoint *endpoint)
{
    struct endpoint *waiting;
    endpoint_update(endpoint, ENDPOINT_READ_END | ENDPOINT_WRITE_END, ENDPOINT_LISTENING | ENDPOINT_READABLE,
                    0);
    if (endpoint->tcp) {
        lwip_err_t never = tcp_close(tcp_endpoint_detach(endpoint));
        (void)never; /* a listener's cannot fail */
    }
    while ((waiting = take_first(endpoint))) {
        tcp_endpoint_drop_received(waiting);
        if (waiting->tcp) tcp_abort(tcp_endpoint_detach(waiting));
        heap_free(waiting);
    }
}
