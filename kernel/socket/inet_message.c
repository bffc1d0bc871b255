/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and receiving over endpoints, which copy between the program's memory and packets themselves; here is who
 * waits for how much, and the control data of datagrams. */
#include "core/time.h"
#include "lib/string.h"
#include "socket/inet_internal.h"

/* ---- sending ---- */

/* One record of a datagram to be sent. */
static err_t decode_record(const struct control_record *record, struct endpoint_message *out)
{
    struct linux_in_pktinfo info;
    struct linux_in6_pktinfo info6;
    int32_t number;
    if (record->level == LINUX_IPPROTO_IP && record->type == LINUX_IP_PKTINFO &&
        record->bytes == sizeof(info)) {
        memcpy(&info, record->data, sizeof(info));
        out->interface = info.interface;
        memcpy(out->from.bytes, info.local, sizeof(info.local));
        return OK;
    }
    if (record->level == LINUX_IPPROTO_IPV6 && record->type == LINUX_IPV6_PKTINFO &&
        record->bytes == sizeof(info6)) {
        memcpy(&info6, record->data, sizeof(info6));
        out->interface = info6.interface;
        out->from.is_v6 = true;
        memcpy(out->from.bytes, info6.address, sizeof(info6.address));
        return OK;
    }
    if (record->bytes != sizeof(number)) return ERR_INVALID;
    memcpy(&number, record->data, sizeof(number));
    bool is_v4 = record->level == LINUX_IPPROTO_IP;
    bool is_default = number == -1 && !is_v4; /* as without the record. [rfc3542 6.3, 6.5] */
    if (!is_default && (number < 0 || number > (int32_t)UINT8_MAX)) return ERR_INVALID;
    number = is_default ? 0 : number;
    if (record->type == (is_v4 ? LINUX_IP_TTL : LINUX_IPV6_HOPLIMIT))
        out->ttl = (uint8_t)number;
    else if (record->type == (is_v4 ? LINUX_IP_TOS : LINUX_IPV6_TCLASS))
        out->tos = (uint8_t)number;
    else
        return ERR_INVALID;
    return OK;
}

static err_t decode_control(const struct socket_message *m, struct endpoint_message *out)
{
    struct control_record record;
    uint64_t offset = 0;
    err_t e = OK;
    while (!failed(e) && control_next(m, &offset, &record, &e)) {
        if (record.level == LINUX_IPPROTO_IP || record.level == LINUX_IPPROTO_IPV6)
            e = decode_record(&record, out);
        else if (record.level == LINUX_SOL_SOCKET)
            e = ERR_INVALID;
    }
    return e;
}

static int64_t send_stream(struct inet_socket *i, struct socket_message *m)
{
    uint64_t all = m->data->left, deadline_ns = socket_send_deadline(&i->socket, m->flags);
    uint32_t flags = m->flags & LINUX_MSG_MORE ? ENDPOINT_SEND_MORE : 0;
    err_t e = OK;
    if (endpoint_ready(i->endpoint) & ENDPOINT_CONNECTING)
        e = inet_wait(i, ENDPOINT_CONNECTED | ENDPOINT_ERROR | ENDPOINT_WRITE_END, deadline_ns);
    while (!failed(e)) {
        int64_t sent = endpoint_send(i->endpoint, m->data, NULL, flags);
        if (sent < 0) e = (err_t){ (int)sent };
        if (!m->data->left) break;
        if (e.code != ERR_TRY_AGAIN.code) continue;
        e = inet_wait(i, ENDPOINT_WRITABLE | ENDPOINT_WRITE_END | ENDPOINT_ERROR, deadline_ns);
    }
    uint64_t done = all - m->data->left;
    /* What never was connected is as one that was shut. [linux net/ipv4/tcp.c, sk_stream_wait_connect] */
    bool is_closed = e.code == ERR_BROKEN_PIPE.code || e.code == ERR_NOT_CONNECTED.code;
    if (done == 0 && is_closed) e = socket_broken_pipe(m->flags);
    return failed(e) ? io_result(done, e) : (int64_t)done;
}

static int64_t send_datagram(struct inet_socket *i, struct socket_message *m)
{
    struct endpoint_message message = { .from.is_v6 = inet_is_v6(i) };
    err_t e = m->address ? inet_address_decode(i, m->address, &message.to) : OK;
    if (e.code == ERR_NO_FAMILY.code && inet_is_v6(i)) e = ERR_INVALID; /* unlike connect(2) */
    if (!failed(e) && m->control_bytes) e = decode_control(m, &message);
    if (failed(e)) return e.code;
    if (m->address && message.to.port == 0 && i->socket.type == LINUX_SOCK_DGRAM) return ERR_INVALID.code;
    uint64_t deadline_ns = socket_send_deadline(&i->socket, m->flags);
    bool has_message = m->address || m->control_bytes;
    if (!m->address && has_message) e = endpoint_remote(i->endpoint, &message.to);
    if (failed(e)) return ERR_NO_DESTINATION.code;
    for (;;) {
        int64_t sent = endpoint_send(i->endpoint, m->data, has_message ? &message : NULL,
                                     m->flags & LINUX_MSG_MORE ? ENDPOINT_SEND_MORE : 0);
        if (sent != ERR_TRY_AGAIN.code)
            return sent == ERR_BROKEN_PIPE.code ? socket_broken_pipe(m->flags).code : sent;
        e = inet_wait(i, ENDPOINT_WRITABLE | ENDPOINT_WRITE_END | ENDPOINT_ERROR, deadline_ns);
        if (failed(e)) return e.code;
    }
}

int64_t inet_send(struct socket *s, struct socket_message *m)
{
    struct inet_socket *i = inet_of(s);
    bool is_ignored = inet_is_v6(i) && s->type == LINUX_SOCK_DGRAM;
    if (m->flags & LINUX_MSG_OOB && !is_ignored) return ERR_NOT_SUPPORTED.code;
    return inet_is_stream(i) ? send_stream(i, m) : send_datagram(i, m);
}

/* ---- receiving ---- */

static int64_t receive_stream(struct inet_socket *i, struct socket_message *m)
{
    uint64_t all = m->data->left, done = 0;
    if (endpoint_ready(i->endpoint) & ENDPOINT_LISTENING) return ERR_NOT_CONNECTED.code;
    if (m->flags & LINUX_MSG_OOB) return ERR_INVALID.code; /* there is no urgent data */
    uint64_t least = m->flags & LINUX_MSG_WAITALL ? all : MIN((uint64_t)i->socket.options.low_water, all);
    uint64_t deadline_ns = socket_receive_deadline(&i->socket, m->flags);
    uint32_t flags =
        (m->flags & LINUX_MSG_PEEK ? ENDPOINT_PEEK : 0) | (m->flags & LINUX_MSG_TRUNC ? ENDPOINT_SKIP : 0);
    err_t e = OK;
    while (!failed(e)) {
        int64_t got = endpoint_receive(i->endpoint, m->data, NULL, flags);
        if (got > 0) {
            done += (uint64_t)got;
            if (done >= least || flags & ENDPOINT_PEEK) break;
            continue;
        }
        e = (err_t){ (int)got };
        if (e.code != ERR_TRY_AGAIN.code) break; /* the end, too */
        e = inet_wait(i, ENDPOINT_READABLE | ENDPOINT_READ_END | ENDPOINT_ERROR, deadline_ns);
    }
    return failed(e) ? io_result(done, e) : (int64_t)done;
}

static bool wishes(const struct inet_socket *i, enum inet_wish wish)
{
    return __atomic_load_n(&i->wishes, __ATOMIC_RELAXED) >> wish & 1;
}

static void put_number(struct socket_message *m, int32_t level, int32_t type, int32_t number)
{
    control_put(m, level, type, &number, sizeof(number));
}

static void put_details(const struct inet_socket *i, struct socket_message *m,
                        const struct endpoint_message *came)
{
    if (wishes(i, INET_WISH_PKTINFO) && !came->to.is_v6) {
        struct linux_in_pktinfo info = { .interface = came->interface };
        memcpy(info.local, came->to.bytes, sizeof(info.local));
        memcpy(info.destination, came->to.bytes, sizeof(info.destination));
        control_put(m, LINUX_IPPROTO_IP, LINUX_IP_PKTINFO, &info, sizeof(info));
    }
    if (wishes(i, INET_WISH_TTL) && !came->to.is_v6) put_number(m, LINUX_IPPROTO_IP, LINUX_IP_TTL, came->ttl);
    if (wishes(i, INET_WISH_TOS) && !came->to.is_v6)
        control_put(m, LINUX_IPPROTO_IP, LINUX_IP_TOS, &came->tos, sizeof(came->tos));
    if (!inet_is_v6(i)) return;
    if (wishes(i, INET_WISH_V6_PKTINFO)) {
        struct linux_in6_pktinfo info = { .interface = came->interface };
        inet_address_to_v6(&came->to, info.address);
        control_put(m, LINUX_IPPROTO_IPV6, LINUX_IPV6_PKTINFO, &info, sizeof(info));
    }
    if (wishes(i, INET_WISH_HOPS)) put_number(m, LINUX_IPPROTO_IPV6, LINUX_IPV6_HOPLIMIT, came->ttl);
    if (wishes(i, INET_WISH_CLASS)) put_number(m, LINUX_IPPROTO_IPV6, LINUX_IPV6_TCLASS, came->tos);
}

static int64_t receive_datagram(struct inet_socket *i, struct socket_message *m)
{
    struct endpoint_message came = { .interface = UINT32_MAX };
    uint64_t deadline_ns = socket_receive_deadline(&i->socket, m->flags);
    int64_t got;
    for (;;) {
        got = endpoint_receive(i->endpoint, m->data, &came, m->flags & LINUX_MSG_PEEK ? ENDPOINT_PEEK : 0);
        if (got != ERR_TRY_AGAIN.code) break;
        err_t e = inet_wait(i, ENDPOINT_READABLE | ENDPOINT_READ_END | ENDPOINT_ERROR, deadline_ns);
        if (failed(e)) return e.code;
    }
    if (got < 0 || came.interface == UINT32_MAX) return got; /* an error, or the end */
    if (m->address) inet_address_encode(i, &came.from, m->address);
    if (came.is_cut) m->out_flags |= LINUX_MSG_TRUNC;
    if (socket_has(&i->socket, SOCKET_TIMESTAMP) || socket_has(&i->socket, SOCKET_TIMESTAMP_NS))
        control_put_time(&i->socket, m, time_realtime_ns());
    if (i->wishes) put_details(i, m, &came);
    return m->flags & LINUX_MSG_TRUNC ? (int64_t)came.bytes : got;
}

int64_t inet_receive(struct socket *s, struct socket_message *m)
{
    struct inet_socket *i = inet_of(s);
    /* Nothing is ever put into the queue of errors. */
    if (m->flags & LINUX_MSG_ERRQUEUE) return ERR_TRY_AGAIN.code;
    return inet_is_stream(i) ? receive_stream(i, m) : receive_datagram(i, m);
}
