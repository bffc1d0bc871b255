/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of streams and packets. Whoever connects makes the socket that is accepted later: until then it is an
 * embryo, to which bytes can be sent already. */
#include "abi/linux/poll.h"
#include "config.h"
#include "socket/unix_internal.h"

enum {
    CHANGES_AT_START = LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND
};
enum { BACKLOG_MAX = 4096 /* net.core.somaxconn */ };

/* It becomes connected, or is not free to: a thread that lost the race is told what it would be told later. */
static err_t claim(struct unix_socket *u)
{
    uint32_t closed = UNIX_CLOSED;
    if (__atomic_compare_exchange_n(&u->state, &closed, UNIX_CONNECTING, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return OK;
    return closed == UNIX_LISTENING ? ERR_INVALID : ERR_IS_CONNECTED;
}

/* Both counted references are given away. */
static void join(struct unix_socket *u, struct unix_socket *peer)
{
    __atomic_store_n(&u->peer, peer, __ATOMIC_RELEASE);
    __atomic_store_n(&u->state, UNIX_CONNECTED, __ATOMIC_RELEASE);
}

static err_t check_listener_locked(const struct unix_socket *listener) REQUIRES(listener->socket.queue.lock)
{
    bool is_open =
        unix_state(listener) == UNIX_LISTENING && !(socket_shut(&listener->socket) & SOCKET_SHUT_RECEIVE);
    return is_open ? OK : ERR_REFUSED;
}

/* The embryo waits to be accepted. TRY_AGAIN: no place, even after a wait; then *must_look_again. */
static err_t enter(struct unix_socket *u, struct unix_socket *listener, struct unix_socket *embryo,
                   uint64_t deadline_ns, bool *must_look_again)
{
    *must_look_again = false;
    spin_lock(&listener->socket.queue.lock);
    err_t e = check_listener_locked(listener);
    if (!failed(e) && listener->embryo_count > listener->backlog) {
        e = socket_wait_locked(&listener->socket, deadline_ns);
        *must_look_again = !failed(e);
    } else if (!failed(e)) {
        e = claim(u);
        if (!failed(e)) {
            embryo->peer_identity = socket_effective_identity();
            u->peer_identity = listener->peer_identity;
            if (listener->name) embryo->name = unix_name_get(listener->name);
            embryo->socket.options.switches =
                listener->socket.options.switches & 1u << SOCKET_PASS_CREDENTIALS;
            join(embryo, unix_get(u));
            join(u, unix_get(embryo));
            list_push_back(&listener->embryos, &embryo->embryo_link);
            listener->embryo_count++;
            wait_wake_all_locked(&listener->socket.queue);
        }
    }
    spin_unlock(&listener->socket.queue.lock);
    return e;
}

err_t unix_connect(struct socket *s, const struct socket_address *address, bool is_nonblocking)
{
    struct unix_socket *u = unix_of(s), *listener, *embryo;
    err_t e = unix_check_address(address);
    if (!failed(e) && socket_has(s, SOCKET_PASS_CREDENTIALS) && !unix_name_of(u)) e = unix_bind_anything(u);
    if (failed(e)) return e;
    uint64_t deadline_ns = socket_send_deadline(s, is_nonblocking ? LINUX_MSG_DONTWAIT : 0);
    embryo = unix_socket_create(s->type);
    if (!embryo) return ERR_NO_MEMORY;
    bool must_look_again;
    do {
        must_look_again = false;
        e = unix_find(address, s->type, &listener);
        if (failed(e)) break;
        e = enter(u, listener, embryo, deadline_ns, &must_look_again);
        if (!failed(e) && !must_look_again) socket_changed(&listener->socket, CHANGES_AT_START);
        unix_put(listener);
    } while (must_look_again);
    if (failed(e))
        unix_put(embryo);
    else
        socket_changed(s, CHANGES_AT_START);
    return e;
}

err_t unix_listen(struct socket *s, uint32_t backlog)
{
    struct unix_socket *u = unix_of(s);
    if (!unix_name_of(u)) return ERR_INVALID;
    err_t e = OK;
    spin_lock(&u->socket.queue.lock);
    uint32_t closed = UNIX_CLOSED;
    bool is_first = __atomic_compare_exchange_n(&u->state, &closed, UNIX_LISTENING, false, __ATOMIC_ACQ_REL,
                                                __ATOMIC_ACQUIRE);
    if (is_first || closed == UNIX_LISTENING) {
        u->backlog = MIN(backlog, (uint32_t)BACKLOG_MAX);
        u->peer_identity = socket_effective_identity(); /* what whoever connects will see */
        wait_wake_all_locked(&u->socket.queue);
    } else {
        e = ERR_INVALID;
    }
    spin_unlock(&u->socket.queue.lock);
    return e;
}

err_t unix_accept(struct socket *s, bool is_nonblocking, struct socket **out)
{
    struct unix_socket *u = unix_of(s);
    if (unix_state(u) != UNIX_LISTENING) return ERR_INVALID;
    uint64_t deadline_ns = socket_receive_deadline(s, is_nonblocking ? LINUX_MSG_DONTWAIT : 0);
    err_t e = OK;
    spin_lock(&u->socket.queue.lock);
    while (list_is_empty(&u->embryos) && !failed(e)) {
        if (socket_shut(s) & SOCKET_SHUT_RECEIVE)
            e = ERR_INVALID;
        else
            e = socket_wait_locked(&u->socket, deadline_ns);
    }
    if (!failed(e)) {
        struct unix_socket *embryo = LIST_ENTRY(u->embryos.next, struct unix_socket, embryo_link);
        list_remove(&embryo->embryo_link);
        u->embryo_count--;
        wait_wake_all_locked(&u->socket.queue);
        *out = &embryo->socket;
    }
    spin_unlock(&u->socket.queue.lock);
    return e;
}

err_t unix_pair(struct socket *a, struct socket *b)
{
    struct unix_socket *first = unix_of(a), *second = unix_of(b);
    first->peer_identity = second->peer_identity = socket_effective_identity();
    if (unix_is_datagram(first)) {
        unix_put(unix_set_datagram_peer(first, unix_get(second)));
        unix_put(unix_set_datagram_peer(second, unix_get(first)));
    } else {
        join(first, unix_get(second));
        join(second, unix_get(first));
    }
    return OK;
}
