/* SPDX-License-Identifier: Apache-2.0 */
/* TCP's connections between lwIP and an endpoint: what arrives and when it ends. Listening is in endpoint_listen.c,
 * sending in endpoint_tcp_send.c.
 *
 * lwIP frees a connection when it has ended, in many places; endpoint_gone is called in all of them, and the endpoint
 * remains with what was received and how it ended. */
#include "core/time.h"
#include "lib/string.h"
#include "net/endpoint_tcp_internal.h"
#include "net/ticks.h"

#define NS_PER_MS 1000000ull

/* ---- lwIP's calls ---- */

static void remember_addresses(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    const struct tcp_pcb *pcb = endpoint->tcp;
    net_address_from_lwip(&endpoint->local, &pcb->local_ip, pcb->local_port);
    if (pcb->state != LISTEN) net_address_from_lwip(&endpoint->remote, &pcb->remote_ip, pcb->remote_port);
}

static void gone(u8_t id, void *data) NO_THREAD_SAFETY_ANALYSIS
{
    struct endpoint *endpoint = data;
    (void)id;
    if (!endpoint || !endpoint->tcp) return;
    remember_addresses(endpoint);
    endpoint->tcp = NULL;
    endpoint_update(endpoint, ENDPOINT_WRITABLE | ENDPOINT_READABLE | ENDPOINT_READ_END | ENDPOINT_WRITE_END,
                    ENDPOINT_CONNECTED, 0);
}

/* A connection on its way in is still nobody's. */
static lwip_err_t passive_open(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
    (void)listener;
    tcp_ext_arg_set(pcb, id, NULL);
    return ERR_OK;
}

static const struct tcp_ext_arg_callbacks lifetime = { .destroy = gone, .passive_open = passive_open };

static void failed_connection(void *argument, lwip_err_t reason) NO_THREAD_SAFETY_ANALYSIS
{
    struct endpoint *endpoint = argument;
    if (!endpoint) return;
    err_t e = error_from_lwip(reason);
    if (reason == ERR_RST && !endpoint->was_connected)
        e = ERR_REFUSED;
    else if (reason == ERR_RST && endpoint->peer_is_done && !endpoint_has(endpoint, ENDPOINT_WRITE_END))
        e = ERR_BROKEN_PIPE; /* it reads no more. [linux net/ipv4/tcp_input.c, tcp_reset] */
    endpoint_fail(endpoint, e,
                  ENDPOINT_READABLE | ENDPOINT_WRITABLE | ENDPOINT_READ_END | ENDPOINT_WRITE_END);
}

/* Data, or the end of it. */
static lwip_err_t arrived(void *argument, struct tcp_pcb *pcb, struct pbuf *packet,
                          lwip_err_t e) NO_THREAD_SAFETY_ANALYSIS
{
    struct endpoint *endpoint = argument;
    (void)pcb, (void)e;
    if (!packet) {
        endpoint->peer_is_done = true;
        endpoint_update(endpoint, ENDPOINT_READABLE | ENDPOINT_READ_END, 0, 0);
        return ERR_OK;
    }
    if (endpoint->first)
        endpoint->last->next = packet;
    else
        endpoint->first = packet;
    endpoint->received += packet->tot_len;
    while (packet->next) packet = packet->next;
    endpoint->last = packet;
    ticks_ask_for_ack();
    endpoint_update(endpoint, ENDPOINT_READABLE, 0, ENDPOINT_READABLE);
    return ERR_OK;
}

static bool has_room(const struct tcp_pcb *pcb)
{
    return pcb->snd_buf >= TCP_SND_BUF / 3 && tcp_sndqueuelen(pcb) < TCP_SND_QUEUELEN / 2;
}

static lwip_err_t confirmed(void *argument, struct tcp_pcb *pcb, u16_t bytes) NO_THREAD_SAFETY_ANALYSIS
{
    (void)bytes;
    if (has_room(pcb)) endpoint_update(argument, ENDPOINT_WRITABLE, 0, 0);
    return ERR_OK;
}

static lwip_err_t connected(void *argument, struct tcp_pcb *pcb, lwip_err_t e) NO_THREAD_SAFETY_ANALYSIS
{
    struct endpoint *endpoint = argument;
    (void)pcb, (void)e; /* failures come to failed_connection */
    endpoint->was_connected = true;
    tcp_endpoint_apply_options(endpoint); /* now that it is known where it leads */
    endpoint_update(endpoint, ENDPOINT_CONNECTED | ENDPOINT_WRITABLE, ENDPOINT_CONNECTING, 0);
    return ERR_OK;
}

void tcp_endpoint_attach(struct endpoint *endpoint, struct tcp_pcb *pcb)
{
    endpoint->tcp = pcb;
    tcp_arg(pcb, endpoint);
    tcp_ext_arg_set_callbacks(pcb, 0, &lifetime);
    tcp_ext_arg_set(pcb, 0, endpoint);
    if (pcb->state == LISTEN) return;
    tcp_recv(pcb, arrived);
    tcp_sent(pcb, confirmed);
    tcp_err(pcb, failed_connection);
}

/* lwIP goes on with the connection, and tells nobody. */
struct tcp_pcb *tcp_endpoint_detach(struct endpoint *endpoint)
{
    struct tcp_pcb *pcb = endpoint->tcp;
    endpoint->tcp = NULL;
    tcp_arg(pcb, NULL);
    tcp_ext_arg_set(pcb, 0, NULL);
    if (pcb->state == LISTEN) return pcb;
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    return pcb;
}

/* From this machine to itself: every segment is taken and confirmed at once, so holding one back for others to join it
 * only costs time. */
static bool is_local(const struct tcp_pcb *pcb)
{
    return pcb->state >= ESTABLISHED &&
           (ip_addr_isloopback(&pcb->remote_ip) || ip_addr_cmp(&pcb->remote_ip, &pcb->local_ip));
}

void tcp_endpoint_apply_options(struct endpoint *endpoint)
{
    struct tcp_pcb *pcb = endpoint->tcp;
    if (!pcb) return;
    endpoint_apply_common(endpoint, (struct ip_pcb *)pcb);
    if (pcb->state == LISTEN) return;
    if (endpoint->options[ENDPOINT_NO_DELAY] || is_local(pcb))
        tcp_nagle_disable(pcb);
    else
        tcp_nagle_enable(pcb);
    pcb->keep_idle = endpoint->options[ENDPOINT_KEEP_IDLE_MS];
    pcb->keep_intvl = endpoint->options[ENDPOINT_KEEP_INTERVAL_MS];
    pcb->keep_cnt = endpoint->options[ENDPOINT_KEEP_COUNT];
    uint32_t most = endpoint->options[ENDPOINT_MSS];
    if (most && most < pcb->mss && pcb->state >= ESTABLISHED) pcb->mss = (u16_t)most;
    if (endpoint->options[ENDPOINT_USER_TIMEOUT_MS]) ticks_look_at_patience = true;
    /* What TCP_CORK or Nagle's rule has kept back goes when they no longer apply: lwIP looks at the rule. */
    if (!pcb->unsent || endpoint->options[ENDPOINT_CORK] || pcb->state < ESTABLISHED) return;
    lwip_err_t ignored = tcp_output(pcb); /* what could not be sent stays queued */
    (void)ignored;
}

/* TCP_USER_TIMEOUT. An end by lwIP's own patience looks the same to a program. */
static void expire(struct tcp_pcb *pcb, struct endpoint *endpoint, uint64_t now_ns) REQUIRES(net_mutex)
{
    uint64_t patience_ns = endpoint->options[ENDPOINT_USER_TIMEOUT_MS] * NS_PER_MS;
    bool waits = pcb->unacked || pcb->unsent;
    if (!waits || !endpoint->unconfirmed_since_ns || endpoint->confirmed != pcb->lastack) {
        endpoint->unconfirmed_since_ns = waits ? now_ns : 0;
        endpoint->confirmed = pcb->lastack;
    } else if (now_ns - endpoint->unconfirmed_since_ns >= patience_ns) {
        tcp_abandon(pcb, 0); /* nobody is there who would take a reset */
    }
}

void tcp_endpoints_expire(void)
{
    uint64_t now_ns = time_now_ns();
    for (struct tcp_pcb *pcb = tcp_active_pcbs, *next; pcb; pcb = next) {
        struct endpoint *endpoint = tcp_ext_arg_get(pcb, 0);
        next = pcb->next;
        if (endpoint && endpoint->options[ENDPOINT_USER_TIMEOUT_MS]) expire(pcb, endpoint, now_ns);
    }
}

/* ---- calls of programs ---- */

err_t tcp_endpoint_open(struct endpoint *endpoint)
{
    if (endpoint->tcp) return OK;
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(endpoint_any(endpoint)));
    if (!pcb) return ERR_NO_MEMORY;
    tcp_endpoint_attach(endpoint, pcb);
    tcp_endpoint_apply_options(endpoint);
    return OK;
}

static err_t bind(struct endpoint *endpoint, const struct net_address *local) REQUIRES(net_mutex)
{
    ip_addr_t address;
    err_t e = tcp_endpoint_open(endpoint);
    if (failed(e)) return e;
    if (endpoint->tcp->state != CLOSED || endpoint->tcp->local_port) return ERR_INVALID;
    if (net_address_is_any(local))
        address = local->is_v6 ? *endpoint_any(endpoint) : *IP4_ADDR_ANY;
    else
        net_address_to_lwip(&address, local);
    if (!ip_addr_isany(&address) && !interface_has_address(&address)) return ERR_NO_ADDRESS;
    if (local->port && tcp_port_has_listener(endpoint, &address, local->port)) return ERR_ADDRESS_IN_USE;
    e = error_from_lwip(tcp_bind(endpoint->tcp, &address, local->port));
    if (failed(e)) return e;
    endpoint->bound = *local;
    return OK;
}

/* As if it had been made just now, but for its options and the name that a program has given it. */
static err_t disconnect(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    struct net_address bound = endpoint->bound;
    if (endpoint_has(endpoint, ENDPOINT_LISTENING)) tcp_endpoint_stop_listening(endpoint);
    tcp_endpoint_drop_received(endpoint);
    if (endpoint->tcp) tcp_abort(tcp_endpoint_detach(endpoint));
    endpoint->received = 0;
    endpoint->was_connected = endpoint->peer_is_done = false;
    endpoint->error = OK;
    endpoint->local = endpoint->remote = (struct net_address){ .is_v6 = endpoint->is_v6 };
    endpoint_update(endpoint, 0, UINT32_MAX, 0);
    return bound.port ? bind(endpoint, &bound) : OK;
}

static err_t connect(struct endpoint *endpoint, const struct net_address *remote) REQUIRES(net_mutex)
{
    ip_addr_t address;
    if (!remote) return disconnect(endpoint);
    if (endpoint_has(endpoint, ENDPOINT_LISTENING | ENDPOINT_CONNECTED)) return ERR_IS_CONNECTED;
    if (endpoint_has(endpoint, ENDPOINT_CONNECTING)) return ERR_ALREADY;
    err_t e = endpoint_error_locked(endpoint);
    if (failed(e)) return e; /* of the attempt before */
    if (!endpoint->tcp) endpoint->was_connected = false;
    e = tcp_endpoint_open(endpoint);
    if (failed(e)) return e;
    if (endpoint->tcp->state != CLOSED) return ERR_IS_CONNECTED;
    net_address_to_peer(&address, remote);
    endpoint_update(endpoint, ENDPOINT_CONNECTING,
                    ENDPOINT_WRITABLE | ENDPOINT_READABLE | ENDPOINT_READ_END | ENDPOINT_WRITE_END, 0);
    e = error_from_lwip(tcp_connect(endpoint->tcp, &address, remote->port, connected));
    if (!failed(e)) return ERR_IN_PROGRESS;
    endpoint_update(endpoint, 0, ENDPOINT_CONNECTING, 0);
    return e.code == ERR_ADDRESS_IN_USE.code ? ERR_NO_ADDRESS : e;
}

static err_t shutdown(struct endpoint *endpoint, bool reading, bool writing) REQUIRES(net_mutex)
{
    if (endpoint_has(endpoint, ENDPOINT_LISTENING)) {
        if (reading) tcp_endpoint_stop_listening(endpoint);
        return OK;
    }
    bool is_over = !endpoint->tcp || endpoint->tcp->state == TIME_WAIT;
    if (is_over || !endpoint->was_connected) return ERR_NOT_CONNECTED;
    if (reading) endpoint_update(endpoint, ENDPOINT_READABLE | ENDPOINT_READ_END, 0, 0);
    if (!writing || endpoint_has(endpoint, ENDPOINT_WRITE_END)) return OK;
    endpoint_update(endpoint, ENDPOINT_WRITABLE | ENDPOINT_WRITE_END, 0, 0);
    /* Fails where this direction is closed already. */
    lwip_err_t ignored = tcp_shutdown(endpoint->tcp, 0, 1);
    (void)ignored;
    return OK;
}

/* ---- receiving ---- */

/* What the first packet has left is given out; its memory goes with its last byte. */
static void use_up(struct endpoint *endpoint, struct pbuf *packet, uint32_t bytes) REQUIRES(net_mutex)
{
    if (bytes < packet->len) {
        packet->payload = (char *)packet->payload + bytes;
        packet->len = (u16_t)(packet->len - bytes);
        return;
    }
    endpoint->first = packet->next;
    packet->next = NULL;
    packet->tot_len = packet->len;
    pbuf_free(packet);
}

/* Tells the peer of the room, as much at a time as lwIP counts. */
static void open_window(struct endpoint *endpoint, uint64_t bytes) REQUIRES(net_mutex)
{
    for (; bytes && endpoint->tcp; bytes -= MIN(bytes, (uint64_t)UINT16_MAX))
        tcp_recved(endpoint->tcp, (u16_t)MIN(bytes, (uint64_t)UINT16_MAX));
}

static int64_t nothing_to_receive(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    if (endpoint_has(endpoint, ENDPOINT_ERROR)) return endpoint_error_locked(endpoint).code;
    if (endpoint->was_connected && endpoint_has(endpoint, ENDPOINT_READ_END)) return 0;
    if (endpoint_has(endpoint, ENDPOINT_CONNECTED | ENDPOINT_CONNECTING)) return ERR_TRY_AGAIN.code;
    return ERR_NOT_CONNECTED.code;
}

static int64_t receive(struct endpoint *endpoint, struct io_buffer *to, struct endpoint_message *message,
                       uint32_t flags) REQUIRES(net_mutex)
{
    uint64_t done = 0;
    if (message) *message = (struct endpoint_message){ .from = endpoint->remote };
    if (!endpoint->first) return nothing_to_receive(endpoint);
    if (!to->left) return 0;
    for (struct pbuf *p = endpoint->first, *next; p && to->left; p = next) {
        uint32_t wanted = (uint32_t)MIN((uint64_t)p->len, to->left);
        uint32_t bytes =
            (uint32_t)(flags & ENDPOINT_SKIP ? io_skip(to, wanted) : io_put(to, p->payload, wanted));
        next = p->next;
        if (!(flags & ENDPOINT_PEEK)) use_up(endpoint, p, bytes);
        done += bytes;
        if (bytes < wanted) break;
    }
    if (!done) return ERR_FAULT.code;
    if (flags & ENDPOINT_PEEK) return (int64_t)done;
    endpoint->received -= done;
    if (!endpoint->first && !endpoint_has(endpoint, ENDPOINT_READ_END))
        endpoint_update(endpoint, 0, ENDPOINT_READABLE, 0);
    open_window(endpoint, done);
    return (int64_t)done;
}

void tcp_endpoint_drop_received(struct endpoint *endpoint)
{
    while (endpoint->first) use_up(endpoint, endpoint->first, endpoint->first->len);
}

static void close(struct endpoint *endpoint) REQUIRES(net_mutex)
{
    bool is_unread = endpoint->first, is_hard = !endpoint->options[ENDPOINT_LINGER_MS];
    if (endpoint_has(endpoint, ENDPOINT_LISTENING)) tcp_endpoint_stop_listening(endpoint);
    tcp_endpoint_drop_received(endpoint);
    if (!endpoint->tcp) return;
    struct tcp_pcb *pcb = tcp_endpoint_detach(endpoint);
    bool is_open = pcb->state >= SYN_RCVD && pcb->state != TIME_WAIT;
    if (is_open && (is_unread || is_hard)) {
        tcp_abort(pcb);
        return;
    }
    /* Of its errors only one that leaves the connection there: no memory for the last segment. */
    if (tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
}

const struct endpoint_type endpoint_tcp = {
    .bind = bind,
    .connect = connect,
    .shutdown = shutdown,
    .receive = receive,
    .apply_options = tcp_endpoint_apply_options,
    .close = close,
};
