/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets of AF_UNIX: how they come, go, and shut. [linux net/unix/af_unix.c] for what programs see. */
#include "abi/linux/ioctl.h"
#include "abi/linux/poll.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/process.h"
#include "socket/unix_internal.h"
#include "vm/usercopy.h"

enum { DATAGRAMS_MAX = 10 /* net.unix.max_dgram_qlen */ };
enum { LINUX_PF_UNIX = 1 };

/* Who sends datagrams to whom; above the queues' locks. */
static struct spinlock peers_lock = SPINLOCK_INIT_CLASS("unix peers");

struct unix_socket *unix_socket_create(uint32_t type)
{
    struct unix_socket *u = heap_alloc_zeroed(sizeof(*u));
    if (!u) return NULL;
    const struct socket_ops *ops = type == LINUX_SOCK_STREAM  ? &unix_stream_ops
                                   : type == LINUX_SOCK_DGRAM ? &unix_datagram_ops
                                                              : &unix_packet_ops;
    socket_init(&u->socket, ops, LINUX_AF_UNIX, type, 0);
    u->references = 1;
    u->backlog = DATAGRAMS_MAX;
    u->peer_identity = (struct linux_ucred){ 0, UINT32_MAX, UINT32_MAX };
    list_init(&u->pieces);
    list_init(&u->embryos);
    list_init(&u->embryo_link);
    list_init(&u->senders);
    list_init(&u->sender_link);
    list_init(&u->flight_link);
    list_init(&u->reached_link);
    unix_list_add(u);
    return u;
}

struct unix_socket *unix_get(struct unix_socket *u)
{
    __atomic_add_fetch(&u->references, 1, __ATOMIC_RELAXED);
    return u;
}

void unix_put(struct unix_socket *u)
{
    if (!u || __atomic_sub_fetch(&u->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    unix_list_remove(u);
    unix_name_put(u->name);
    heap_free(u);
}

static err_t unix_create(uint32_t type, int32_t protocol, struct socket **out)
{
    if (protocol && protocol != LINUX_PF_UNIX) return ERR_NO_PROTOCOL;
    if (type == LINUX_SOCK_RAW) type = LINUX_SOCK_DGRAM; /* as in 4.3BSD, and on Linux */
    if (type != LINUX_SOCK_STREAM && type != LINUX_SOCK_DGRAM && type != LINUX_SOCK_SEQPACKET)
        return ERR_SOCKET_TYPE;
    struct unix_socket *u = unix_socket_create(type);
    if (!u) return ERR_NO_MEMORY;
    *out = &u->socket;
    return OK;
}

/* ---- peers ---- */

struct unix_socket *unix_get_peer(struct unix_socket *u)
{
    spin_lock(&peers_lock);
    struct unix_socket *peer = u->peer;
    if (peer) unix_get(peer);
    spin_unlock(&peers_lock);
    return peer;
}

struct unix_socket *unix_set_datagram_peer(struct unix_socket *u, struct unix_socket *peer)
{
    spin_lock(&peers_lock);
    struct unix_socket *before = u->peer;
    list_remove(&u->sender_link);
    if (peer) list_push_back(&peer->senders, &u->sender_link);
    __atomic_store_n(&u->peer, peer, __ATOMIC_RELEASE);
    __atomic_store_n(&u->state, peer ? UNIX_CONNECTED : UNIX_CLOSED, __ATOMIC_RELEASE);
    spin_unlock(&peers_lock);
    return before;
}

void unix_tell_senders(struct unix_socket *u)
{
    spin_lock(&peers_lock);
    LIST_FOR_EACH (node, &u->senders)
        socket_changed(&LIST_ENTRY(node, struct unix_socket, sender_link)->socket,
                       LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND);
    spin_unlock(&peers_lock);
}

/* ---- shutting and closing ---- */

enum {
    CHANGES_AT_END = LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND |
                     LINUX_POLLHUP | LINUX_POLLRDHUP | LINUX_POLLERR
};

static void shut(struct unix_socket *u, uint32_t how)
{
    spin_lock(&u->socket.queue.lock);
    __atomic_or_fetch(&u->socket.shutdown, (uint8_t)how, __ATOMIC_ACQ_REL);
    wait_wake_all_locked(&u->socket.queue);
    spin_unlock(&u->socket.queue.lock);
    socket_changed(&u->socket, CHANGES_AT_END);
}

static err_t unix_shutdown(struct socket *s, uint32_t how)
{
    struct unix_socket *u = unix_of(s);
    if (how > LINUX_SHUT_RDWR) return ERR_INVALID;
    uint32_t mine = how + 1, theirs = 0;
    shut(u, mine);
    if (unix_is_datagram(u)) return OK;
    struct unix_socket *peer = unix_get_peer(u);
    if (!peer) return OK;
    if (mine & SOCKET_SHUT_RECEIVE) theirs |= SOCKET_SHUT_SEND;
    if (mine & SOCKET_SHUT_SEND) theirs |= SOCKET_SHUT_RECEIVE;
    shut(peer, theirs);
    unix_put(peer);
    return OK;
}

/* What was sent to `u` is lost, and whoever was connected to it learns of the end. */
static void close_down(struct unix_socket *u, bool was_accepted)
{
    struct list pieces = LIST_INIT(pieces);
    spin_lock(&u->socket.queue.lock);
    __atomic_store_n(&u->is_dead, true, __ATOMIC_RELEASE);
    __atomic_store_n(&u->socket.shutdown, SOCKET_SHUT_BOTH, __ATOMIC_RELEASE);
    bool is_lost = !list_is_empty(&u->pieces) || !was_accepted;
    if (!list_is_empty(&u->pieces)) {
        pieces = u->pieces;
        pieces.next->prev = pieces.prev->next = &pieces;
        list_init(&u->pieces);
        u->piece_count = 0;
    }
    wait_wake_all_locked(&u->socket.queue);
    spin_unlock(&u->socket.queue.lock);
    struct unix_socket *peer = unix_set_datagram_peer(u, NULL);
    if (peer && !unix_is_datagram(u)) {
        if (is_lost) socket_set_error(&peer->socket, ERR_RESET);
        shut(peer, SOCKET_SHUT_BOTH);
    }
    unix_put(peer);
    unix_tell_senders(u);
    pieces_destroy(&pieces);
    unix_put(u);
}

static struct unix_socket *take_embryo(struct unix_socket *u)
{
    struct unix_socket *embryo = NULL;
    spin_lock(&u->socket.queue.lock);
    if (!list_is_empty(&u->embryos)) {
        embryo = LIST_ENTRY(u->embryos.next, struct unix_socket, embryo_link);
        list_remove(&embryo->embryo_link);
    }
    spin_unlock(&u->socket.queue.lock);
    return embryo;
}

static void unix_release(struct socket *s)
{
    struct unix_socket *u = unix_of(s), *embryo;
    unix_name_close(u);
    /* Before the embryos are counted: who connects from now on is refused. */
    spin_lock(&u->socket.queue.lock);
    __atomic_store_n(&u->state, UNIX_CLOSED, __ATOMIC_RELEASE);
    spin_unlock(&u->socket.queue.lock);
    while ((embryo = take_embryo(u))) close_down(embryo, false);
    close_down(u, true);
    unix_collect_garbage();
}

/* ---- what else there is to ask ---- */

static err_t unix_get_name(struct socket *s, bool is_peer, struct socket_address *out)
{
    struct unix_socket *u = unix_of(s);
    struct unix_socket *whose = is_peer ? unix_get_peer(u) : unix_get(u);
    if (!whose) return ERR_NOT_CONNECTED;
    struct unix_name *name = unix_name_of(whose);
    *out = (struct socket_address){ .bytes = sizeof(out->family), .family = LINUX_AF_UNIX };
    if (name) *out = name->address;
    unix_put(whose);
    return OK;
}

void unix_tell_sender(const struct unix_socket *u, struct socket_address *out)
{
    const struct unix_name *name = unix_name_of(u);
    if (name) *out = name->address;
}

static bool unix_is_listening(struct socket *s) { return unix_state(unix_of(s)) == UNIX_LISTENING; }

static struct linux_ucred unix_peer_identity(struct socket *s) { return unix_of(s)->peer_identity; }

/* Of a stream all bytes, else those of the next message. */
static uint32_t bytes_to_receive(struct unix_socket *u)
{
    uint32_t bytes = 0;
    spin_lock(&u->socket.queue.lock);
    LIST_FOR_EACH (node, &u->pieces) {
        const struct piece *p = LIST_ENTRY(node, struct piece, link);
        bytes += p->bytes - p->taken;
        if (unix_is_datagram(u)) break;
    }
    spin_unlock(&u->socket.queue.lock);
    return bytes;
}

static int64_t unix_ioctl(struct socket *s, uint32_t request, uint64_t argument)
{
    struct unix_socket *u = unix_of(s);
    uint32_t value;
    switch (request) {
    case LINUX_SIOCOUTQ: value = __atomic_load_n(&u->sent_cost, __ATOMIC_RELAXED); break;
    case LINUX_FIONREAD:
        if (unix_is_listening(s)) return ERR_INVALID.code;
        value = bytes_to_receive(u);
        break;
    default: return ERR_NOT_TTY.code;
    }
    return user_copy_out(UADDR(argument), &value, sizeof(value)).code;
}

static err_t refuse_listen(struct socket *s UNUSED, uint32_t backlog UNUSED) { return ERR_NOT_SUPPORTED; }
static err_t refuse_accept(struct socket *s UNUSED, bool is_nonblocking UNUSED, struct socket **out UNUSED)
{
    return ERR_NOT_SUPPORTED;
}

#define COMMON_OPS                                                                                   \
    .bind = unix_bind, .shutdown = unix_shutdown, .get_name = unix_get_name,                         \
    .is_listening = unix_is_listening, .get_peer_identity = unix_peer_identity, .ioctl = unix_ioctl, \
    .release = unix_release

const struct socket_ops unix_stream_ops = {
    COMMON_OPS,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .send = unix_stream_send,
    .receive = unix_stream_receive,
    .read_user = unix_stream_read_user,
    .write_user = unix_stream_write_user,
    .poll = unix_stream_poll,
};

const struct socket_ops unix_datagram_ops = {
    COMMON_OPS,
    .connect = unix_datagram_connect,
    .listen = refuse_listen,
    .accept = refuse_accept,
    .send = unix_datagram_send,
    .receive = unix_datagram_receive,
    .poll = unix_datagram_poll,
};

const struct socket_ops unix_packet_ops = {
    COMMON_OPS,
    .connect = unix_connect,
    .listen = unix_listen,
    .accept = unix_accept,
    .send = unix_packet_send,
    .receive = unix_packet_receive,
    .poll = unix_datagram_poll,
};

const struct socket_family unix_family = { LINUX_AF_UNIX, unix_create, unix_pair };
