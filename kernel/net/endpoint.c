/* SPDX-License-Identifier: Apache-2.0 */
/* What endpoints of all kinds share. */
#include "net/endpoint.h"

#include "lib/string.h"
#include "mm/heap.h"
#include "net/endpoint_internal.h"
#include "vm/usercopy.h"

_Static_assert(offsetof(struct endpoint, ready) == 0, "endpoint_ready() reads it");

static const struct endpoint_type *const types[ENDPOINT_KINDS] = {
    [ENDPOINT_TCP] = &endpoint_tcp,
    [ENDPOINT_UDP] = &endpoint_udp,
    [ENDPOINT_RAW] = &endpoint_raw,
};

struct endpoint *endpoint_alloc(enum endpoint_kind kind, uint8_t protocol, bool is_v6)
{
    struct endpoint *endpoint = heap_alloc_zeroed(sizeof(*endpoint));
    if (!endpoint) return NULL;
    endpoint->kind = (uint8_t)kind;
    endpoint->protocol = protocol;
    endpoint->is_v6 = endpoint->local.is_v6 = is_v6;
    endpoint->type = types[kind];
    endpoint_options_init(endpoint);
    if (kind == ENDPOINT_TCP) {
        list_init(&endpoint->accept_queue);
        list_init(&endpoint->accept_link);
    } else {
        datagram_init(endpoint);
    }
    return endpoint;
}

err_t endpoint_create(enum endpoint_kind kind, uint8_t protocol, bool is_v6, struct endpoint **out)
{
    err_t e = net_start();
    if (failed(e)) return e;
    struct endpoint *endpoint = endpoint_alloc(kind, protocol, is_v6);
    if (!endpoint) return ERR_NO_MEMORY;
    net_lock();
    if (kind != ENDPOINT_TCP) list_push_back(&endpoint_datagram_all, &endpoint->link);
    if (kind == ENDPOINT_RAW) e = raw_endpoint_open(endpoint); /* it receives from now on */
    if (failed(e)) endpoint->type->close(endpoint);
    net_unlock();
    if (failed(e))
        heap_free(endpoint);
    else
        *out = endpoint;
    return e;
}

void endpoint_set_owner(struct endpoint *endpoint, struct endpoint_owner *owner)
{
    net_lock();
    endpoint->owner = owner;
    net_unlock();
}

void endpoint_close(struct endpoint *endpoint)
{
    net_lock();
    endpoint->owner = NULL;
    endpoint->type->close(endpoint);
    net_unlock();
    heap_free(endpoint);
}

enum endpoint_kind endpoint_kind(const struct endpoint *endpoint) { return endpoint->kind; }

/* ---- what holds ---- */

void endpoint_update(struct endpoint *endpoint, uint32_t set, uint32_t clear, uint32_t again)
{
    uint32_t before = endpoint->ready, after = (before & ~clear) | set;
    if (after != before) __atomic_store_n(&endpoint->ready, after, __ATOMIC_RELEASE);
    uint32_t news = (after & ~before) | again;
    if (news && endpoint->owner) endpoint->owner->changed(endpoint->owner, news);
}

void endpoint_fail(struct endpoint *endpoint, err_t error, uint32_t states)
{
    endpoint->error = error;
    endpoint_update(endpoint, states | (failed(error) ? ENDPOINT_ERROR : 0), ENDPOINT_CONNECTING,
                    ENDPOINT_ERROR);
}

err_t endpoint_error_locked(struct endpoint *endpoint)
{
    err_t e = endpoint->error;
    if (failed(e)) {
        endpoint->error = OK;
        endpoint_update(endpoint, 0, ENDPOINT_ERROR, 0);
    }
    return e;
}

err_t endpoint_take_error(struct endpoint *endpoint)
{
    if (!(endpoint_ready(endpoint) & ENDPOINT_ERROR)) return OK;
    net_lock();
    err_t e = endpoint_error_locked(endpoint);
    net_unlock();
    return e;
}

/* ---- calls that go to the protocol ---- */

err_t endpoint_bind(struct endpoint *endpoint, const struct net_address *local)
{
    err_t e = endpoint_check_family(endpoint, local);
    if (failed(e)) return e;
    net_lock();
    e = endpoint->type->bind(endpoint, local);
    net_unlock();
    return e;
}

err_t endpoint_connect(struct endpoint *endpoint, const struct net_address *remote)
{
    err_t e = remote ? endpoint_check_family(endpoint, remote) : OK;
    if (failed(e)) return e;
    net_lock();
    e = endpoint->type->connect(endpoint, remote);
    net_unlock();
    return e;
}

err_t endpoint_listen(struct endpoint *endpoint, uint32_t backlog)
{
    if (endpoint->kind != ENDPOINT_TCP) return ERR_NOT_SUPPORTED;
    net_lock();
    err_t e = tcp_endpoint_listen(endpoint, MIN(backlog, (uint32_t)CONFIG_TCP_BACKLOG_MAX));
    net_unlock();
    return e;
}

err_t endpoint_accept(struct endpoint *endpoint, struct endpoint **out)
{
    if (endpoint->kind != ENDPOINT_TCP) return ERR_NOT_SUPPORTED;
    uint32_t ready = endpoint_ready(endpoint);
    if (!(ready & ENDPOINT_LISTENING)) return ERR_INVALID;
    if (!(ready & ENDPOINT_READABLE)) return ERR_TRY_AGAIN;
    net_lock();
    err_t e = tcp_endpoint_accept(endpoint, out);
    net_unlock();
    return e;
}

err_t endpoint_shutdown(struct endpoint *endpoint, bool reading, bool writing)
{
    net_lock();
    err_t e = endpoint->type->shutdown(endpoint, reading, writing);
    net_unlock();
    return e;
}

int64_t endpoint_receive(struct endpoint *endpoint, struct io_buffer *to, struct endpoint_message *message,
                         uint32_t flags)
{
    uint32_t ready = endpoint_ready(endpoint), says = ENDPOINT_READABLE | ENDPOINT_READ_END | ENDPOINT_ERROR;
    if (endpoint->kind != ENDPOINT_TCP && !(ready & says)) return ERR_TRY_AGAIN.code;
    if ((ready & ENDPOINT_CONNECTED) && !(ready & says)) return ERR_TRY_AGAIN.code;
    net_lock();
    int64_t result = endpoint->type->receive(endpoint, to, message, flags);
    net_unlock();
    return result;
}

/* ---- sending ---- */

/* That the program's pages are there and may be read, before anything is queued. */
static err_t expect_readable(const struct io_buffer *from)
{
    if (from->is_kernel) return OK;
    uint64_t left = from->left, skipped = from->skipped;
    for (const struct io_segment *s = from->segments + from->index; left; s++, skipped = 0) {
        uint64_t bytes = MIN(s->bytes - skipped, left), end = s->address + skipped + bytes;
        left -= bytes;
        if (!bytes) continue;
        for (uint64_t at = (s->address + skipped) & ~7ull; at < end;
             at = align_down(at, PAGE_BYTES) + PAGE_BYTES)
            if (user_read_u64(UADDR(at)).is_bad) return ERR_FAULT;
    }
    return OK;
}

/* The copy needs no lock: the datagram is nobody else's yet. */
static int64_t send_datagram(struct endpoint *endpoint, struct io_buffer *from,
                             const struct endpoint_message *message)
{
    uint64_t bytes = from->left;
    if (bytes > UINT16_MAX) return ERR_MESSAGE_SIZE.code;
    struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, (u16_t)bytes, PBUF_RAM);
    if (!packet)
        return bytes > UINT16_MAX - PBUF_TRANSPORT - MEM_ALIGNMENT ? ERR_MESSAGE_SIZE.code
                                                                   : ERR_NO_BUFFERS.code;
    err_t e = io_take(from, packet->payload, bytes) == bytes ? OK : ERR_FAULT;
    net_lock();
    if (!failed(e)) e = endpoint_error_locked(endpoint);
    if (!failed(e) && endpoint_has(endpoint, ENDPOINT_WRITE_END)) e = ERR_BROKEN_PIPE;
    if (!failed(e))
        e = endpoint->kind == ENDPOINT_UDP ? udp_endpoint_send(endpoint, packet, message)
                                           : raw_endpoint_send(endpoint, packet, message);
    /* lwIP counts a packet's bytes with its header, which IPv6 does not. */
    if (e.code == ERR_NO_BUFFERS.code && bytes > UINT16_MAX - IP6_HLEN - UDP_HLEN) e = ERR_MESSAGE_SIZE;
    pbuf_free(packet);
    net_unlock();
    return failed(e) ? e.code : (int64_t)bytes;
}

int64_t endpoint_send(struct endpoint *endpoint, struct io_buffer *from,
                      const struct endpoint_message *message, uint32_t flags)
{
    if (endpoint->kind != ENDPOINT_TCP) return send_datagram(endpoint, from, message);
    err_t e = expect_readable(from);
    if (failed(e)) return e.code;
    net_lock();
    int64_t result = tcp_endpoint_send(endpoint, from, flags);
    net_unlock();
    return result;
}
