/* SPDX-License-Identifier: Apache-2.0 */
/* How sockets of the internet families come, connect and go. [linux net/ipv4/af_inet.c, net/ipv6/af_inet6.c] for the
 * order of checks. */
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "core/time.h"
#include "fs/credentials.h"
#include "mm/heap.h"
#include "socket/inet_internal.h"
#include "vm/usercopy.h"

enum {
    PORT_PRIVILEGED_BELOW = 1024,  /* net.ipv4.ip_unprivileged_port_start */
    STREAM_RECEIVE_BYTES = 131072, /* what programs are told at first: net.ipv4.tcp_rmem, tcp_wmem */
    STREAM_SEND_BYTES = 16384,
};
#define NS_PER_S 1000000000ull

/* ---- what the stack tells ---- */

static uint32_t poll_bits(uint32_t states)
{
    uint32_t bits = 0;
    if (states & (ENDPOINT_READABLE | ENDPOINT_READ_END)) bits |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (states & ENDPOINT_READ_END) bits |= LINUX_POLLRDHUP | LINUX_POLLHUP;
    if (states & (ENDPOINT_WRITABLE | ENDPOINT_WRITE_END | ENDPOINT_CONNECTED))
        bits |= LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND | LINUX_POLLHUP;
    if (states & ENDPOINT_ERROR) bits |= LINUX_POLLERR;
    return bits;
}

static void changed(struct endpoint_owner *owner, uint32_t states)
{
    struct inet_socket *i = CONTAINER_OF(owner, struct inet_socket, owner);
    spin_lock(&i->socket.queue.lock);
    if (!list_is_empty(&i->socket.queue.waiters)) wait_wake_all_locked(&i->socket.queue);
    spin_unlock(&i->socket.queue.lock);
    socket_changed(&i->socket, poll_bits(states));
}

err_t inet_wait(struct inet_socket *i, uint32_t states, uint64_t deadline_ns)
{
    err_t e = OK;
    spin_lock(&i->socket.queue.lock);
    while (!(endpoint_ready(i->endpoint) & states) && !failed(e))
        e = socket_wait_locked(&i->socket, deadline_ns);
    spin_unlock(&i->socket.queue.lock);
    return e;
}

/* ---- making ---- */

static const struct socket_ops inet_ops;

/* Over an endpoint that becomes the socket's. NULL when memory is out. */
static struct inet_socket *inet_socket_create(uint32_t family, uint32_t type, uint32_t protocol)
{
    struct inet_socket *i = heap_alloc_zeroed(sizeof(*i));
    if (!i) return NULL;
    socket_init(&i->socket, &inet_ops, family, type, protocol);
    if (inet_is_stream(i)) {
        i->socket.options.receive_bytes = STREAM_RECEIVE_BYTES;
        i->socket.options.send_bytes = STREAM_SEND_BYTES;
    }
    i->owner.changed = changed;
    return i;
}

static err_t choose_kind(uint32_t type, uint32_t *protocol, uint32_t icmp, enum endpoint_kind *out)
{
    switch (type) {
    case LINUX_SOCK_STREAM:
        if (*protocol && *protocol != LINUX_IPPROTO_TCP) return ERR_NO_PROTOCOL;
        *protocol = LINUX_IPPROTO_TCP;
        *out = ENDPOINT_TCP;
        return OK;
    case LINUX_SOCK_DGRAM:
        /* As Linux's net.ipv4.ping_group_range is at first: nobody may. */
        if (*protocol == icmp) return ERR_ACCESS;
        if (*protocol && *protocol != LINUX_IPPROTO_UDP) return ERR_NO_PROTOCOL;
        *protocol = LINUX_IPPROTO_UDP;
        *out = ENDPOINT_UDP;
        return OK;
    case LINUX_SOCK_RAW:
        if (!*protocol) return ERR_NO_PROTOCOL;
        *out = ENDPOINT_RAW;
        return may_use(LINUX_CAP_NET_RAW) ? OK : ERR_NOT_PERMITTED;
    }
    return ERR_SOCKET_TYPE;
}

static err_t create(uint32_t family, uint32_t type, int32_t number, struct socket **out)
{
    bool is_v6 = family == LINUX_AF_INET6;
    uint32_t protocol = (uint32_t)number;
    enum endpoint_kind kind;
    if (protocol >= LINUX_IPPROTO_COUNT) return ERR_INVALID;
    err_t e = choose_kind(type, &protocol, is_v6 ? LINUX_IPPROTO_ICMPV6 : LINUX_IPPROTO_ICMP, &kind);
    if (failed(e)) return e;
    struct inet_socket *i = inet_socket_create(family, type, protocol);
    if (!i) return ERR_NO_MEMORY;
    e = endpoint_create(kind, kind == ENDPOINT_RAW ? (uint8_t)protocol : 0, is_v6, &i->endpoint);
    if (failed(e)) {
        heap_free(i);
        return e;
    }
    endpoint_set_owner(i->endpoint, &i->owner);
    *out = &i->socket;
    return OK;
}

static err_t create_v4(uint32_t type, int32_t protocol, struct socket **out)
{
    return create(LINUX_AF_INET, type, protocol, out);
}
static err_t create_v6(uint32_t type, int32_t protocol, struct socket **out)
{
    return create(LINUX_AF_INET6, type, protocol, out);
}

/* SO_LINGER: until the peer has it all, or the time is over. */
static void linger(struct inet_socket *i)
{
    const struct socket_options *o = &i->socket.options;
    if (!socket_has(&i->socket, SOCKET_LINGER) || o->linger_s <= 0 || !inet_is_stream(i)) return;
    uint64_t end_ns = time_now_ns() + (uint64_t)o->linger_s * NS_PER_S;
    err_t e = endpoint_shutdown(i->endpoint, false, true);
    while (!failed(e) && endpoint_send_queued(i->endpoint) > 0) {
        spin_lock(&i->socket.queue.lock);
        /* The stack tells of room, not of the last byte: looked at again after a while. */
        e = socket_wait_locked(&i->socket, MIN(end_ns, time_now_ns() + NS_PER_S / 100));
        spin_unlock(&i->socket.queue.lock);
        if (e.code == ERR_TRY_AGAIN.code && time_now_ns() < end_ns) e = OK;
    }
}

static void inet_release(struct socket *s)
{
    struct inet_socket *i = inet_of(s);
    linger(i);
    endpoint_close(i->endpoint);
    heap_free(i);
}

/* ---- names and connections ---- */

static err_t inet_bind(struct socket *s, const struct socket_address *address)
{
    struct inet_socket *i = inet_of(s);
    struct net_address local;
    err_t e = inet_address_decode(i, address, &local);
    if (failed(e)) return e;
    if (inet_is_v6(i) && address->family != LINUX_AF_INET6) return ERR_NO_FAMILY;
    if (local.port && local.port < PORT_PRIVILEGED_BELOW && !may_use(LINUX_CAP_NET_BIND_SERVICE))
        return ERR_ACCESS;
    return endpoint_bind(i->endpoint, &local);
}

/* How it ended, which is told once. */
static err_t finish_connecting(struct inet_socket *i)
{
    i->is_connecting = false;
    if (endpoint_ready(i->endpoint) & ENDPOINT_CONNECTED) return OK;
    err_t why = socket_take_error(&i->socket);
    err_t e = endpoint_connect(i->endpoint, NULL); /* the next attempt begins anew */
    if (failed(why)) return why;
    return failed(e) ? e : ERR_ABORTED;
}

/* One connection takes several calls where nobody waits: while it is under way they do not look at the address.
 * [linux net/ipv4/af_inet.c, __inet_stream_connect] */
static err_t connect_stream(struct inet_socket *i, const struct socket_address *address, bool is_nonblocking)
{
    const uint32_t ends = ENDPOINT_CONNECTED | ENDPOINT_ERROR | ENDPOINT_WRITE_END;
    struct net_address remote;
    err_t how = ERR_ALREADY;
    if (!i->is_connecting) {
        if (endpoint_ready(i->endpoint) & ENDPOINT_LISTENING) return ERR_IS_CONNECTED;
        how = inet_address_decode(i, address, &remote);
        if (!failed(how)) how = endpoint_connect(i->endpoint, &remote);
        if (how.code != ERR_IN_PROGRESS.code) return how;
        i->is_connecting = true;
        if (is_nonblocking) return how;
    }
    if (is_nonblocking && !(endpoint_ready(i->endpoint) & ends)) return how;
    err_t e = inet_wait(i, ends, socket_send_deadline(&i->socket, 0));
    if (e.code == ERR_TRY_AGAIN.code) return how;
    return failed(e) ? e : finish_connecting(i);
}

static err_t inet_connect(struct socket *s, const struct socket_address *address, bool is_nonblocking)
{
    struct inet_socket *i = inet_of(s);
    struct net_address remote;
    if (address->bytes < sizeof(address->family)) return ERR_INVALID;
    if (address->family == LINUX_AF_UNSPEC) {
        i->is_connecting = false;
        return endpoint_connect(i->endpoint, NULL);
    }
    if (inet_is_stream(i)) return connect_stream(i, address, is_nonblocking);
    err_t e = inet_address_decode(i, address, &remote);
    return failed(e) ? e : endpoint_connect(i->endpoint, &remote);
}

static err_t inet_listen(struct socket *s, uint32_t backlog)
{
    struct inet_socket *i = inet_of(s);
    if (!inet_is_stream(i)) return ERR_NOT_SUPPORTED;
    if (endpoint_ready(i->endpoint) & (ENDPOINT_CONNECTED | ENDPOINT_CONNECTING)) return ERR_INVALID;
    return endpoint_listen(i->endpoint, backlog);
}

/* What a listener's connections have from it. */
static void inherit(struct inet_socket *from, struct inet_socket *to)
{
    to->socket.options = from->socket.options;
    to->wishes = from->wishes;
}

static err_t inet_accept(struct socket *s, bool is_nonblocking, struct socket **out)
{
    struct inet_socket *i = inet_of(s);
    if (!inet_is_stream(i)) return ERR_NOT_SUPPORTED;
    uint64_t deadline_ns = socket_receive_deadline(s, is_nonblocking ? LINUX_MSG_DONTWAIT : 0);
    struct inet_socket *accepted = inet_socket_create(s->family, s->type, s->protocol);
    if (!accepted) return ERR_NO_MEMORY;
    err_t e;
    do {
        e = endpoint_accept(i->endpoint, &accepted->endpoint);
        if (e.code != ERR_TRY_AGAIN.code) break;
        e = inet_wait(i, ENDPOINT_READABLE | ENDPOINT_READ_END, deadline_ns);
    } while (!failed(e));
    if (failed(e)) {
        heap_free(accepted);
        return e;
    }
    inherit(i, accepted);
    endpoint_set_owner(accepted->endpoint, &accepted->owner);
    *out = &accepted->socket;
    return OK;
}

static err_t inet_shutdown(struct socket *s, uint32_t how)
{
    if (how > LINUX_SHUT_RDWR) return ERR_INVALID;
    return endpoint_shutdown(inet_of(s)->endpoint, how != LINUX_SHUT_WR, how != LINUX_SHUT_RD);
}

static err_t inet_get_name(struct socket *s, bool is_peer, struct socket_address *out)
{
    struct inet_socket *i = inet_of(s);
    struct net_address name;
    err_t e = OK;
    if (is_peer)
        e = endpoint_remote(i->endpoint, &name);
    else
        endpoint_local(i->endpoint, &name);
    if (!failed(e)) inet_address_encode(i, &name, out);
    return e;
}

/* ---- what else there is to ask ---- */

static bool inet_is_listening(struct socket *s)
{
    return endpoint_ready(inet_of(s)->endpoint) & ENDPOINT_LISTENING;
}

static err_t inet_take_error(struct socket *s) { return endpoint_take_error(inet_of(s)->endpoint); }

static uint32_t poll_stream(uint32_t states)
{
    uint32_t ready = 0;
    bool is_used = states & (ENDPOINT_CONNECTED | ENDPOINT_CONNECTING | ENDPOINT_LISTENING);
    bool is_over = (states & ENDPOINT_READ_END) && (states & ENDPOINT_WRITE_END);
    if (is_over || !is_used) ready |= LINUX_POLLHUP;
    if (states & ENDPOINT_READ_END) ready |= LINUX_POLLRDHUP | LINUX_POLLIN | LINUX_POLLRDNORM;
    if (states & ENDPOINT_READABLE) ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    bool is_writable = states & (ENDPOINT_WRITABLE | ENDPOINT_WRITE_END) || !is_used;
    if (is_writable && !(states & (ENDPOINT_LISTENING | ENDPOINT_CONNECTING)))
        ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    return ready;
}

static uint32_t poll_datagrams(uint32_t states)
{
    uint32_t ready = 0;
    bool is_over = (states & ENDPOINT_READ_END) && (states & ENDPOINT_WRITE_END);
    if (is_over) ready |= LINUX_POLLHUP;
    if (states & ENDPOINT_READ_END) ready |= LINUX_POLLRDHUP | LINUX_POLLIN | LINUX_POLLRDNORM;
    if (states & ENDPOINT_READABLE) ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (states & (ENDPOINT_WRITABLE | ENDPOINT_WRITE_END))
        ready |= LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND;
    return ready;
}

static uint32_t inet_poll(struct socket *s)
{
    struct inet_socket *i = inet_of(s);
    uint32_t states = endpoint_ready(i->endpoint);
    uint32_t ready = inet_is_stream(i) ? poll_stream(states) : poll_datagrams(states);
    return states & ENDPOINT_ERROR || s->error ? ready | LINUX_POLLERR : ready;
}

static int64_t inet_ioctl(struct socket *s, uint32_t request, uint64_t argument)
{
    struct inet_socket *i = inet_of(s);
    uint32_t value;
    switch (request) {
    case LINUX_FIONREAD:
        if (inet_is_listening(s)) return ERR_INVALID.code;
        value = (uint32_t)endpoint_receive_queued(i->endpoint);
        break;
    case LINUX_SIOCOUTQ:
        if (inet_is_listening(s)) return ERR_INVALID.code;
        value = (uint32_t)endpoint_send_queued(i->endpoint);
        break;
    default: return ERR_NOT_TTY.code;
    }
    return user_copy_out(UADDR(argument), &value, sizeof(value)).code;
}

static const struct socket_ops inet_ops = {
    .bind = inet_bind,
    .connect = inet_connect,
    .listen = inet_listen,
    .accept = inet_accept,
    .shutdown = inet_shutdown,
    .get_name = inet_get_name,
    .send = inet_send,
    .receive = inet_receive,
    .set_option = inet_set_option,
    .get_option = inet_get_option,
    .option_changed = inet_option_changed,
    .is_listening = inet_is_listening,
    .take_error = inet_take_error,
    .poll = inet_poll,
    .ioctl = inet_ioctl,
    .release = inet_release,
};

const struct socket_family inet_family = { LINUX_AF_INET, create_v4, NULL };
const struct socket_family inet6_family = { LINUX_AF_INET6, create_v6, NULL };
