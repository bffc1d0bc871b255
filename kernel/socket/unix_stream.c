/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in order. Each piece is what one send put into one buffer; a receive takes from as many as it wants, but not
 * past files that come with one, nor past the end of what one sender has sent when the receiver is told senders.
 * [linux net/unix/af_unix.c, unix_stream_sendmsg, unix_stream_read_generic] */
#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "fs/file.h"
#include "mm/heap.h"
#include "socket/unix_internal.h"
#include "vm/usercopy.h"

enum {
    PIECE_BYTES_MAX = 48832, /* what Linux puts into one buffer at most */
    PIECE_ROOM_LEFT = 64,
    CHANGES_DATA = LINUX_POLLIN | LINUX_POLLRDNORM,
};

/* ---- sending ---- */

/* Into the peer's queue, unless nobody will ever take it from there. */
static inline err_t append(struct unix_socket *peer, struct piece *p)
{
    spin_lock(&peer->socket.queue.lock);
    bool is_open = !peer->is_dead && !(socket_shut(&peer->socket) & SOCKET_SHUT_RECEIVE);
    if (likely(is_open)) piece_append_locked(peer, p);
    spin_unlock(&peer->socket.queue.lock);
    if (unlikely(!is_open)) return ERR_BROKEN_PIPE;
    socket_changed(&peer->socket, CHANGES_DATA);
    return OK;
}

static err_t check_send(const struct unix_socket *u, const struct socket_message *m)
{
    if (m->flags & LINUX_MSG_OOB) return ERR_NOT_SUPPORTED;
    if (m->address && m->address->bytes)
        return unix_state(u) == UNIX_CONNECTED ? ERR_IS_CONNECTED : ERR_NOT_SUPPORTED;
    if (!unix_peer(u)) return ERR_NOT_CONNECTED;
    return socket_shut(&u->socket) & SOCKET_SHUT_SEND ? ERR_BROKEN_PIPE : OK;
}

/* One buffer's worth of it. */
static err_t send_piece(struct unix_socket *u, struct socket_message *m, struct unix_cargo *cargo,
                        uint64_t deadline_ns)
{
    struct unix_socket *peer = unix_peer(u);
    uint32_t most = MIN(u->socket.options.send_bytes / 2 - PIECE_ROOM_LEFT, (uint32_t)PIECE_BYTES_MAX);
    struct piece *p;
    err_t e = piece_create(u, (uint32_t)MIN(m->data->left, (uint64_t)most), deadline_ns, &p);
    if (failed(e)) return e;
    if (cargo->has_identity || unix_needs_identity(u, peer)) {
        p->has_identity = true;
        p->identity = cargo->has_identity ? cargo->identity : socket_identity();
    }
    if (io_take(m->data, p->data, p->bytes) < p->bytes) {
        e = ERR_FAULT;
    } else {
        p->rights = cargo->rights;
        cargo->rights = NULL;
        if (p->rights) rights_depart(p);
        e = append(peer, p);
    }
    if (failed(e)) piece_destroy(p);
    return e;
}

int64_t unix_stream_send(struct socket *s, struct socket_message *m)
{
    struct unix_socket *u = unix_of(s);
    struct unix_cargo cargo;
    uint64_t all = m->data->left, sent = 0;
    err_t e = cargo_decode(m, &cargo);
    if (failed(e)) return e.code;
    uint64_t deadline_ns = socket_send_deadline(s, m->flags);
    e = check_send(u, m);
    while (!failed(e) && sent < all) {
        e = send_piece(u, m, &cargo, deadline_ns);
        if (!failed(e)) sent = all - m->data->left;
    }
    cargo_fini(&cargo);
    if (e.code == ERR_BROKEN_PIPE.code && sent == 0) e = socket_broken_pipe(m->flags);
    return failed(e) ? io_result(sent, e) : (int64_t)sent;
}

int64_t unix_stream_write_user(struct socket *s, const struct file *file, uint64_t address, uint64_t bytes)
{
    struct unix_socket *u = unix_of(s), *peer = unix_peer(u);
    bool is_simple = peer && !socket_shut(s) && !unix_needs_identity(u, peer);
    struct piece *p = likely(is_simple) ? piece_create_now(u, (uint32_t)bytes) : NULL;
    if (likely(p)) {
        err_t e = user_copy_in(p->data, UADDR(address), bytes);
        if (likely(!failed(e))) e = append(peer, p);
        if (likely(!failed(e))) return (int64_t)bytes;
        piece_destroy(p);
        if (e.code != ERR_BROKEN_PIPE.code) return e.code;
    }
    struct io_segment segment = { address, bytes };
    struct io_buffer from;
    io_buffer_init_user(&from, &segment, bytes);
    return unix_stream_send(
        s, &(struct socket_message){ .data = &from,
                                     .flags = file->flags & LINUX_O_NONBLOCK ? LINUX_MSG_DONTWAIT : 0 });
}

/* ---- receiving ---- */

/* What one receive has done so far. */
struct reading {
    struct unix_socket *u;
    struct socket_message *message;
    struct unix_cargo cargo;
    uint64_t done, least;
    uint64_t deadline_ns;
    bool is_peek, has_sender;
    struct list *last; /* the piece that was looked at last, of a peek; else the head */
};

/* The next piece, waited for when too little has come; NULL with *e what there is to tell, OK at the end. */
static struct piece *next_piece_locked(struct unix_socket *u, struct reading *r, err_t *e)
    REQUIRES(u->socket.queue.lock)
{
    *e = OK;
    for (;;) {
        struct list *next = r->last->next;
        if (next != &u->pieces) return LIST_ENTRY(next, struct piece, link);
        if (r->last != &u->pieces || r->done >= r->least) return NULL;
        *e = socket_take_error(&u->socket);
        if (failed(*e) || socket_shut(&u->socket) & SOCKET_SHUT_RECEIVE) return NULL;
        if (r->deadline_ns == 0) {
            *e = ERR_TRY_AGAIN;
            return NULL;
        }
        receive_end_locked(u);
        *e = socket_wait_locked(&u->socket, r->deadline_ns);
        receive_begin_locked(u);
        if (failed(*e) && list_is_empty(&u->pieces)) return NULL;
    }
}

/* Pieces of different senders are not put together for somebody who is told senders. */
static bool is_same_sender(struct reading *r, const struct piece *p)
{
    if (!socket_has(&r->u->socket, SOCKET_PASS_CREDENTIALS)) return true;
    const struct linux_ucred *a = &r->cargo.identity, *b = &p->identity;
    if (r->has_sender)
        return r->cargo.has_identity == p->has_identity &&
               (!p->has_identity || (a->pid == b->pid && a->uid == b->uid && a->gid == b->gid));
    r->has_sender = true;
    r->cargo.has_identity = p->has_identity;
    r->cargo.identity = *b;
    return true;
}

/* Files that come with the piece, before it can go. */
static err_t take_rights(struct reading *r, struct piece *p)
{
    if (likely(!p->rights)) return OK;
    if (r->is_peek) return rights_copy(p, &r->cargo.rights);
    r->cargo.rights = rights_arrive(p);
    return OK;
}

/* Copies from one piece. False: that was the last one. */
static bool read_piece(struct reading *r, struct piece *p, err_t *e)
{
    struct unix_socket *u = r->u;
    struct socket_message *m = r->message;
    uint32_t bytes = (uint32_t)MIN((uint64_t)(p->bytes - p->taken), m->data->left);
    if (m->address && m->address->bytes == 0) unix_tell_sender(p->sender, m->address);
    if (bytes && io_put(m->data, p->data + p->taken, bytes) < bytes) {
        *e = ERR_FAULT;
        return false;
    }
    bool has_rights = p->rights;
    *e = take_rights(r, p);
    if (failed(*e)) return false;
    r->done += bytes;
    if (r->is_peek) {
        r->last = &p->link;
        return !has_rights && m->data->left;
    }
    p->taken += bytes;
    if (p->taken < p->bytes) return false;
    spin_lock(&u->socket.queue.lock);
    piece_remove_locked(u, p);
    spin_unlock(&u->socket.queue.lock);
    piece_destroy(p);
    return !has_rights && m->data->left;
}

static err_t read_pieces(struct reading *r)
{
    struct unix_socket *u = r->u;
    err_t e;
    bool goes_on = true;
    spin_lock(&u->socket.queue.lock);
    receive_begin_locked(u);
    while (goes_on) {
        struct piece *p = next_piece_locked(u, r, &e);
        if (!p || !is_same_sender(r, p)) break;
        spin_unlock(&u->socket.queue.lock);
        goes_on = read_piece(r, p, &e);
        spin_lock(&u->socket.queue.lock);
    }
    receive_end_locked(u);
    spin_unlock(&u->socket.queue.lock);
    return e;
}

int64_t unix_stream_receive(struct socket *s, struct socket_message *m)
{
    struct unix_socket *u = unix_of(s);
    if (unix_state(u) != UNIX_CONNECTED) return ERR_INVALID.code;
    if (m->flags & LINUX_MSG_OOB) return ERR_NOT_SUPPORTED.code;
    uint64_t least = m->flags & LINUX_MSG_WAITALL ? m->data->left : MIN(s->options.low_water, m->data->left);
    struct reading r = {
        .u = u,
        .message = m,
        .least = MAX(least, 1ul),
        .deadline_ns = socket_receive_deadline(s, m->flags),
        .is_peek = m->flags & LINUX_MSG_PEEK,
        .last = &u->pieces,
    };
    err_t e = read_pieces(&r);
    cargo_deliver(u, &r.cargo, m);
    return failed(e) ? io_result(r.done, e) : (int64_t)r.done;
}

/* Busy with the first piece, when it alone is what the caller gets. */
static struct piece *take_piece_locked(struct unix_socket *u, const struct file *file, uint64_t bytes)
    REQUIRES(u->socket.queue.lock)
{
    const struct socket_options *o = &u->socket.options;
    if (u->is_receiving || o->low_water > 1 || socket_has(&u->socket, SOCKET_PASS_CREDENTIALS)) return NULL;
    while (list_is_empty(&u->pieces)) {
        bool waits = !(file->flags & LINUX_O_NONBLOCK) && o->receive_timeout_ns == UINT64_MAX &&
                     !socket_shut(&u->socket) && !u->socket.error && unix_state(u) == UNIX_CONNECTED;
        if (!waits || failed(wait_sleep_interruptible_locked(&u->socket.queue, UINT64_MAX)) ||
            u->is_receiving)
            return NULL;
    }
    struct piece *p = LIST_ENTRY(u->pieces.next, struct piece, link);
    bool is_enough = u->piece_count == 1 || bytes <= p->bytes - p->taken;
    if (p->rights || !is_enough) return NULL;
    u->is_receiving = true;
    return p;
}

int64_t unix_stream_read_user(struct socket *s, const struct file *file, uint64_t address, uint64_t bytes)
{
    struct unix_socket *u = unix_of(s);
    spin_lock(&u->socket.queue.lock);
    struct piece *p = take_piece_locked(u, file, bytes);
    spin_unlock(&u->socket.queue.lock);
    if (unlikely(!p)) {
        struct io_segment segment = { address, bytes };
        struct io_buffer to;
        io_buffer_init_user(&to, &segment, bytes);
        uint32_t flags = file->flags & LINUX_O_NONBLOCK ? LINUX_MSG_DONTWAIT : 0;
        return unix_stream_receive(s, &(struct socket_message){ .data = &to, .flags = flags });
    }
    uint32_t count = (uint32_t)MIN(bytes, (uint64_t)(p->bytes - p->taken));
    err_t e = user_copy_out(UADDR(address), p->data + p->taken, count);
    spin_lock(&u->socket.queue.lock);
    bool is_used_up = false;
    if (likely(!failed(e))) {
        p->taken += count;
        is_used_up = p->taken == p->bytes;
        if (likely(is_used_up)) piece_remove_locked(u, p);
    }
    receive_end_locked(u);
    spin_unlock(&u->socket.queue.lock);
    if (likely(is_used_up)) piece_destroy(p);
    return likely(!failed(e)) ? (int64_t)count : e.code;
}

uint32_t unix_stream_poll(struct socket *s)
{
    struct unix_socket *u = unix_of(s);
    uint32_t ready = 0, state = unix_state(u);
    spin_lock(&u->socket.queue.lock);
    uint32_t shut = socket_shut(s);
    if (s->error) ready |= LINUX_POLLERR;
    if (shut == SOCKET_SHUT_BOTH) ready |= LINUX_POLLHUP;
    if (shut & SOCKET_SHUT_RECEIVE) ready |= LINUX_POLLRDHUP | LINUX_POLLIN | LINUX_POLLRDNORM;
    if (!list_is_empty(&u->pieces) || !list_is_empty(&u->embryos)) ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if (state == UNIX_CLOSED) ready |= LINUX_POLLHUP;
    if (state != UNIX_LISTENING && unix_has_room(u))
        ready |= LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND;
    spin_unlock(&u->socket.queue.lock);
    return ready;
}
