/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that stay whole: datagrams to whom they name or are connected to, and packets of a connection.
 * [linux net/unix/af_unix.c, unix_dgram_sendmsg, unix_dgram_recvmsg] */
#include "abi/linux/poll.h"
#include "core/time.h"
#include "socket/unix_internal.h"

enum {
    MESSAGE_ROOM_LEFT = 32,
    CHANGES_DATA = LINUX_POLLIN | LINUX_POLLRDNORM,
    CHANGES_ROOM = LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND,
};

/* Nobody but the one it is connected to may send to a socket. */
static bool may_send(const struct unix_socket *from, const struct unix_socket *to)
{
    const struct unix_socket *peer = unix_peer(to);
    return !peer || peer == from;
}

/* Messages of its own peer are not limited in number, but by the room that the peer has. */
static bool is_full_for(const struct unix_socket *from, const struct unix_socket *to)
{
    return from != to && unix_peer(to) != from && to->piece_count > to->backlog;
}

/* ---- connecting ---- */

/* What the last peer has sent is lost, and if it was connected to this one it is told so. */
static void disconnect_from(struct unix_socket *u, struct unix_socket *before)
{
    struct list pieces = LIST_INIT(pieces);
    spin_lock(&u->socket.queue.lock);
    receive_begin_locked(u);
    if (!list_is_empty(&u->pieces)) {
        pieces = u->pieces;
        pieces.next->prev = pieces.prev->next = &pieces;
        list_init(&u->pieces);
        u->piece_count = 0;
    }
    receive_end_locked(u);
    wait_wake_all_locked(&u->socket.queue); /* senders: there may be room, or they may send no more */
    spin_unlock(&u->socket.queue.lock);
    if (list_is_empty(&pieces)) return;
    pieces_destroy(&pieces);
    unix_tell_senders(u);
    if (before->is_dead || unix_peer(before) != u) return;
    socket_set_error(&before->socket, ERR_RESET);
    wait_wake_all(&before->socket.queue);
    socket_changed(&before->socket, LINUX_POLLERR);
}

err_t unix_datagram_connect(struct socket *s, const struct socket_address *address,
                            bool is_nonblocking UNUSED)
{
    struct unix_socket *u = unix_of(s), *peer = NULL;
    if (address->bytes < sizeof(address->family)) return ERR_INVALID;
    if (address->family != LINUX_AF_UNSPEC) {
        err_t e = unix_check_address(address);
        if (!failed(e) && socket_has(s, SOCKET_PASS_CREDENTIALS)) e = unix_bind_anything(u);
        if (!failed(e)) e = unix_find(address, s->type, &peer);
        if (failed(e)) return e;
        if (!may_send(u, peer)) {
            unix_put(peer);
            return ERR_NOT_PERMITTED;
        }
    }
    struct unix_socket *before = unix_set_datagram_peer(u, peer);
    if (before && before != peer) disconnect_from(u, before);
    unix_put(before);
    return OK;
}

/* ---- sending ---- */

/* The receiver, counted. */
static err_t find_receiver(struct unix_socket *u, const struct socket_address *address,
                           struct unix_socket **out)
{
    if (address) return unix_find(address, u->socket.type, out);
    *out = unix_get_peer(u);
    return *out ? OK : ERR_NOT_CONNECTED;
}

/* Into the receiver's queue, waiting for a place in it. *must_look_again: the one with that name is another now. */
static err_t deliver(struct unix_socket *u, struct unix_socket *to, struct piece *p, bool is_named,
                     uint64_t deadline_ns, bool *must_look_again)
{
    err_t e = OK;
    *must_look_again = false;
    spin_lock(&to->socket.queue.lock);
    for (;;) {
        if (!may_send(u, to))
            e = ERR_NOT_PERMITTED;
        else if (to->is_dead)
            e = ERR_REFUSED;
        else if (socket_shut(&to->socket) & SOCKET_SHUT_RECEIVE)
            e = ERR_BROKEN_PIPE;
        if (failed(e) || !is_full_for(u, to)) break;
        e = socket_wait_locked(&to->socket, deadline_ns);
        if (failed(e)) break;
    }
    *must_look_again = is_named && e.code == ERR_REFUSED.code;
    if (!failed(e)) piece_append_locked(to, p);
    spin_unlock(&to->socket.queue.lock);
    if (!failed(e)) socket_changed(&to->socket, CHANGES_DATA);
    return e;
}

/* A peer that is gone is told once; then the socket is connected to nobody. */
static void forget_peer(struct unix_socket *u, struct unix_socket *peer)
{
    if (unix_peer(u) != peer || !unix_is_datagram(u)) return;
    struct unix_socket *before = unix_set_datagram_peer(u, NULL);
    if (before) disconnect_from(u, before);
    unix_put(before);
}

static err_t send_piece(struct unix_socket *u, struct socket_message *m, struct piece *p,
                        uint64_t deadline_ns)
{
    struct unix_socket *to;
    bool must_look_again;
    err_t e;
    do {
        e = find_receiver(u, m->address, &to);
        if (failed(e)) return e;
        if (!p->has_identity && unix_needs_identity(u, to)) {
            p->has_identity = true;
            p->identity = socket_identity();
        }
        e = deliver(u, to, p, m->address, deadline_ns, &must_look_again);
        if (e.code == ERR_REFUSED.code && !must_look_again) forget_peer(u, to);
        unix_put(to);
    } while (must_look_again);
    return e;
}

static err_t check_send(struct unix_socket *u, const struct socket_message *m)
{
    if (m->flags & LINUX_MSG_OOB) return ERR_NOT_SUPPORTED;
    err_t e = m->address ? unix_check_address(m->address) : OK;
    if (!failed(e) && !m->address && !unix_peer(u)) e = ERR_NOT_CONNECTED;
    if (!failed(e) && socket_has(&u->socket, SOCKET_PASS_CREDENTIALS)) e = unix_bind_anything(u);
    if (failed(e)) return e;
    if (m->data->left > u->socket.options.send_bytes - MESSAGE_ROOM_LEFT) return ERR_MESSAGE_SIZE;
    return OK;
}

static int64_t send_message(struct unix_socket *u, struct socket_message *m)
{
    struct unix_cargo cargo;
    struct piece *p = NULL;
    err_t e = cargo_decode(m, &cargo);
    if (failed(e)) return e.code;
    uint64_t deadline_ns = socket_send_deadline(&u->socket, m->flags);
    uint32_t bytes = (uint32_t)MIN(m->data->left, (uint64_t)UINT32_MAX);
    e = check_send(u, m);
    if (!failed(e) && socket_shut(&u->socket) & SOCKET_SHUT_SEND) e = ERR_BROKEN_PIPE;
    if (!failed(e)) e = piece_create(u, bytes, deadline_ns, &p);
    if (failed(e)) goto done;
    p->has_identity = cargo.has_identity;
    p->identity = cargo.identity;
    if (io_take(m->data, p->data, bytes) < bytes) {
        e = ERR_FAULT;
    } else {
        p->rights = cargo.rights;
        cargo.rights = NULL;
        if (p->rights) rights_depart(p);
        e = send_piece(u, m, p, deadline_ns);
    }
    if (failed(e)) piece_destroy(p);

done:
    cargo_fini(&cargo);
    if (e.code == ERR_BROKEN_PIPE.code) e = socket_broken_pipe(m->flags);
    return failed(e) ? e.code : (int64_t)bytes;
}

int64_t unix_datagram_send(struct socket *s, struct socket_message *m)
{
    if (m->address && m->address->bytes == 0) m->address = NULL;
    return send_message(unix_of(s), m);
}

int64_t unix_packet_send(struct socket *s, struct socket_message *m)
{
    err_t e = socket_take_error(s);
    if (failed(e)) return e.code;
    if (unix_state(unix_of(s)) != UNIX_CONNECTED) return ERR_NOT_CONNECTED.code;
    m->address = NULL; /* whatever it names, a connection leads to one */
    return send_message(unix_of(s), m);
}

/* ---- receiving ---- */

/* The running thread holds the first message. OK with *out NULL: there will be none any more. */
static err_t wait_for_piece(struct unix_socket *u, uint64_t deadline_ns, struct piece **out)
{
    err_t e;
    *out = NULL;
    spin_lock(&u->socket.queue.lock);
    receive_begin_locked(u);
    for (;;) {
        e = socket_take_error(&u->socket);
        if (failed(e)) break;
        if (!list_is_empty(&u->pieces)) {
            *out = LIST_ENTRY(u->pieces.next, struct piece, link);
            break;
        }
        bool is_over = socket_shut(&u->socket) & SOCKET_SHUT_RECEIVE;
        if (deadline_ns == 0) e = is_over && !unix_is_datagram(u) ? OK : ERR_TRY_AGAIN;
        if (is_over || failed(e)) break;
        receive_end_locked(u);
        e = socket_wait_locked(&u->socket, deadline_ns);
        receive_begin_locked(u);
        if (failed(e) && list_is_empty(&u->pieces)) break;
    }
    if (!*out) receive_end_locked(u);
    spin_unlock(&u->socket.queue.lock);
    return e;
}

static void tell_time(struct unix_socket *u, struct socket_message *m)
{
    if (socket_has(&u->socket, SOCKET_TIMESTAMP) || socket_has(&u->socket, SOCKET_TIMESTAMP_NS))
        control_put_time(&u->socket, m, time_realtime_ns());
}

/* A message that cannot be copied is lost all the same, as on Linux. */
static int64_t read_message(struct unix_socket *u, struct socket_message *m, struct piece *p)
{
    struct unix_cargo cargo = { .has_identity = p->has_identity, .identity = p->identity };
    uint64_t bytes = MIN((uint64_t)p->bytes, m->data->left);
    err_t e = OK;
    if (m->address) unix_tell_sender(p->sender, m->address);
    if (bytes < p->bytes) m->out_flags |= LINUX_MSG_TRUNC;
    if (bytes && io_put(m->data, p->data, bytes) < bytes) return ERR_FAULT.code;
    if (p->rights && m->flags & LINUX_MSG_PEEK)
        e = rights_copy(p, &cargo.rights);
    else if (p->rights)
        cargo.rights = rights_arrive(p);
    if (failed(e)) return e.code;
    tell_time(u, m);
    cargo_deliver(u, &cargo, m);
    return (int64_t)(m->flags & LINUX_MSG_TRUNC ? p->bytes : bytes);
}

int64_t unix_datagram_receive(struct socket *s, struct socket_message *m)
{
    struct unix_socket *u = unix_of(s);
    struct piece *p;
    if (m->flags & LINUX_MSG_OOB) return ERR_NOT_SUPPORTED.code;
    err_t e = wait_for_piece(u, socket_receive_deadline(s, m->flags), &p);
    if (!p) return e.code;
    int64_t result = read_message(u, m, p);
    bool is_taken = !(m->flags & LINUX_MSG_PEEK);
    spin_lock(&u->socket.queue.lock);
    if (is_taken) {
        piece_remove_locked(u, p);
        wait_wake_all_locked(&u->socket.queue); /* senders that wait for a place in the queue */
    }
    receive_end_locked(u);
    spin_unlock(&u->socket.queue.lock);
    if (!is_taken) return result;
    piece_destroy(p);
    unix_tell_senders(u);
    return result;
}

int64_t unix_packet_receive(struct socket *s, struct socket_message *m)
{
    if (unix_state(unix_of(s)) != UNIX_CONNECTED) return ERR_NOT_CONNECTED.code;
    return unix_datagram_receive(s, m);
}

/* ---- readiness ---- */

static bool is_writable(struct unix_socket *u)
{
    if (unix_state(u) == UNIX_LISTENING || !unix_has_room(u)) return false;
    struct unix_socket *peer = unix_get_peer(u);
    bool is_full = peer && is_full_for(u, peer);
    unix_put(peer);
    return !is_full;
}

uint32_t unix_datagram_poll(struct socket *s)
{
    struct unix_socket *u = unix_of(s);
    uint32_t ready = is_writable(u) ? CHANGES_ROOM : 0;
    spin_lock(&u->socket.queue.lock);
    uint32_t shut = socket_shut(s);
    if (s->error) ready |= LINUX_POLLERR;
    if (shut & SOCKET_SHUT_RECEIVE) ready |= LINUX_POLLRDHUP | LINUX_POLLIN | LINUX_POLLRDNORM;
    if (shut == SOCKET_SHUT_BOTH) ready |= LINUX_POLLHUP;
    if (!list_is_empty(&u->pieces) || !list_is_empty(&u->embryos)) ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (!unix_is_datagram(u) && unix_state(u) == UNIX_CLOSED) ready |= LINUX_POLLHUP;
    spin_unlock(&u->socket.queue.lock);
    return ready;
}
