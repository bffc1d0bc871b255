/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX: sockets of one machine, which pass each other bytes, messages, open files and who they are.
 *
 * What is sent becomes a piece: memory with the bytes in it, in the queue of the receiver, which the sender pays for
 * until it is received. A piece costs what Linux charges for its buffers, so that a program that fills a socket gets
 * about as far here as there.
 *
 * Counting: the file of a socket holds it, and so do its peer, its pieces in queues of others, and whoever looks at it
 * after finding it by name. A socket whose file is gone is dead: nothing is sent to it any more.
 *
 * Locking: `socket.queue.lock` of each guards its own queue, `is_dead`, and changes of what is atomic; no two of them
 * are taken at once, but a listener's is held while a new one joins it. names_lock (unix_name.c), the list's lock
 * (proc_net_unix.c) and rights_lock (unix_rights.c), a mutex, come before it. */
#pragma once
#include "lib/list.h"
#include "sched/mutex.h"
#include "socket/control.h"
#include "socket/socket.h"

struct vnode;

enum unix_state { UNIX_CLOSED, UNIX_CONNECTING, UNIX_CONNECTED, UNIX_LISTENING };

struct unix_name {
    uint32_t references;       /* atomic */
    struct list link;          /* in the table, under names_lock, while it has an owner */
    struct unix_socket *owner; /* under names_lock; NULL: closed */
    struct vnode *vnode;       /* of a path, counted; NULL: abstract */
    uint8_t type;              /* abstract names of different types differ */
    uint32_t hash;
    struct socket_address address;
};

struct unix_socket {
    struct socket socket;     /* first; its queue's lock guards what is not told to be otherwise */
    uint32_t references;      /* atomic */
    uint32_t state;           /* enum unix_state; atomic */
    struct unix_socket *peer; /* counted; set once with a connection, atomic; of datagrams under the lock */
    struct list pieces;       /* received, the oldest first */
    uint32_t piece_count;
    bool is_receiving;                /* one thread at a time takes from `pieces` */
    uint32_t turn_waiters;            /* threads that wait for it to end */
    bool is_dead;                     /* atomic */
    uint32_t sent_cost;               /* atomic: of its own pieces, wherever they are */
    uint32_t room_waiters;            /* atomic: its threads that wait for sent_cost to fall */
    struct list embryos, embryo_link; /* connections to a listener that were not accepted */
    uint32_t embryo_count, backlog;
    struct list senders, sender_link; /* sockets of datagrams whose peer this is; under peers_lock */
    struct unix_name *name;           /* counted, set once; atomic */
    struct linux_ucred peer_identity; /* fixed when it is connected */
    /* ---- proc_net_unix.c's ---- */
    struct list all_link;
    uint64_t birth;
    /* ---- under rights_lock ---- */
    uint32_t in_flight; /* so many references to the file lie in pieces */
    struct list flight_link;
    /* ---- while garbage is looked for ---- */
    uint32_t outside; /* so many of its references are not in queues of candidates */
    uint8_t verdict;  /* enum verdict of unix_garbage.c */
    struct list reached_link;
};

enum { GARBAGE_LEAST = 1024 }; /* sockets in flight, from which on it is looked for without a close */

/* Open files on their way. */
struct rights {
    uint32_t count;
    struct file *files[];
};

struct piece {
    struct list link;
    uint32_t bytes, taken; /* of `data` */
    uint32_t cost;
    bool has_identity;
    struct linux_ucred identity;
    struct unix_socket *sender; /* counted */
    struct rights *rights;      /* NULL: none */
    uint8_t data[];
};

static inline struct unix_socket *unix_of(struct socket *s)
{
    return CONTAINER_OF(s, struct unix_socket, socket);
}
static inline bool unix_is_stream(const struct unix_socket *u) { return u->socket.type == LINUX_SOCK_STREAM; }
static inline bool unix_is_datagram(const struct unix_socket *u)
{
    return u->socket.type == LINUX_SOCK_DGRAM;
}
static inline uint32_t unix_state(const struct unix_socket *u)
{
    return __atomic_load_n(&u->state, __ATOMIC_ACQUIRE);
}

/* ---- unix.c ---- */
struct unix_socket *unix_socket_create(uint32_t type);
struct unix_socket *unix_get(struct unix_socket *u);
void unix_put(struct unix_socket *u); /* NULL is fine */
static inline struct unix_socket *unix_peer(const struct unix_socket *u)
{
    return __atomic_load_n(&u->peer, __ATOMIC_ACQUIRE);
}
/* The peer, counted, or NULL: of a socket of datagrams it may change meanwhile. */
struct unix_socket *unix_get_peer(struct unix_socket *u);
extern const struct socket_ops unix_stream_ops, unix_datagram_ops, unix_packet_ops;

/* ---- proc_net_unix.c ---- */
/* From its birth until its memory goes a socket is in the list. */
void unix_list_add(struct unix_socket *u);
void unix_list_remove(struct unix_socket *u);
uint32_t unix_list_count(void);

/* ---- unix_connection.c ---- */
err_t unix_connect(struct socket *s, const struct socket_address *address, bool is_nonblocking);
err_t unix_listen(struct socket *s, uint32_t backlog);
err_t unix_accept(struct socket *s, bool is_nonblocking, struct socket **out);
err_t unix_pair(struct socket *a, struct socket *b);

/* ---- unix_name.c ---- */
/* INVALID: not an address of this family. */
err_t unix_check_address(const struct socket_address *address);
err_t unix_bind(struct socket *s, const struct socket_address *address);
/* A name that nobody else has. */
err_t unix_bind_anything(struct unix_socket *u);
/* Who has the name, counted. REFUSED: nobody; PROTOCOL_TYPE; what the walk says. */
err_t unix_find(const struct socket_address *address, uint32_t type, struct unix_socket **out);
struct unix_name *unix_name_get(struct unix_name *name);
void unix_name_put(struct unix_name *name);
/* Nobody finds the socket by its name any more; a name that it shares with a listener stays. */
void unix_name_close(struct unix_socket *u);
static inline struct unix_name *unix_name_of(const struct unix_socket *u)
{
    return __atomic_load_n(&u->name, __ATOMIC_ACQUIRE);
}
/* `bytes` stays 0 for one without a name. */
void unix_tell_sender(const struct unix_socket *u, struct socket_address *out);

/* ---- unix_piece.c ---- */
/* Room for so many bytes, paid for by the sender; waits for it. TRY_AGAIN, INTERRUPTED, NO_BUFFERS, BROKEN_PIPE. */
err_t piece_create(struct unix_socket *sender, uint32_t bytes, uint64_t deadline_ns, struct piece **out);
/* The same without a wait; NULL. */
struct piece *piece_create_now(struct unix_socket *sender, uint32_t bytes);
/* Gives the room back, and closes the files in it. */
void piece_destroy(struct piece *piece);
/* All of a queue. */
void pieces_destroy(struct list *pieces);
void piece_append_locked(struct unix_socket *to, struct piece *piece) REQUIRES(to->socket.queue.lock);
void piece_remove_locked(struct unix_socket *from, struct piece *piece) REQUIRES(from->socket.queue.lock);
/* There is so much room that it is worth to write. */
static inline bool unix_has_room(const struct unix_socket *u)
{
    return (uint64_t)__atomic_load_n(&u->sent_cost, __ATOMIC_RELAXED) * 4 <= u->socket.options.send_bytes;
}
static inline bool unix_needs_identity(const struct unix_socket *from, const struct unix_socket *to)
{
    return socket_has(&from->socket, SOCKET_PASS_CREDENTIALS) ||
           socket_has(&to->socket, SOCKET_PASS_CREDENTIALS) ||
           !__atomic_load_n(&to->socket.file, __ATOMIC_ACQUIRE);
}
/* The running thread is the one that takes pieces from the queue. */
void receive_begin_locked(struct unix_socket *u) REQUIRES(u->socket.queue.lock);
void receive_end_locked(struct unix_socket *u) REQUIRES(u->socket.queue.lock);

/* ---- unix_stream.c, unix_datagram.c ---- */
int64_t unix_stream_send(struct socket *s, struct socket_message *m);
int64_t unix_stream_receive(struct socket *s, struct socket_message *m);
int64_t unix_stream_read_user(struct socket *s, const struct file *file, uint64_t address, uint64_t bytes);
int64_t unix_stream_write_user(struct socket *s, const struct file *file, uint64_t address, uint64_t bytes);
uint32_t unix_stream_poll(struct socket *s);
int64_t unix_datagram_send(struct socket *s, struct socket_message *m);
int64_t unix_datagram_receive(struct socket *s, struct socket_message *m);
int64_t unix_packet_send(struct socket *s, struct socket_message *m);
int64_t unix_packet_receive(struct socket *s, struct socket_message *m);
uint32_t unix_datagram_poll(struct socket *s);
err_t unix_datagram_connect(struct socket *s, const struct socket_address *address, bool is_nonblocking);
/* Its room was taken by messages of `u`'s senders and is free now, or it is gone. */
void unix_tell_senders(struct unix_socket *u);
/* `u` sends to `peer` from now on, or to nobody; takes over the caller's reference and returns that to the last one. */
struct unix_socket *unix_set_datagram_peer(struct unix_socket *u, struct unix_socket *peer);

/* ---- unix_rights.c ---- */
/* What a message carries besides its bytes. */
struct unix_cargo {
    struct rights *rights; /* NULL: none */
    bool has_identity;
    struct linux_ucred identity;
};
/* Of a message to be sent. INVALID, BAD_FD, NOT_PERMITTED, NO_PROCESS, NO_MEMORY. */
err_t cargo_decode(const struct socket_message *message, struct unix_cargo *out);
/* Closes the files that are still in it. */
void cargo_fini(struct unix_cargo *cargo);
/* Tells the receiver as much as it wants to know, and gives it the files. */
void cargo_deliver(struct unix_socket *receiver, struct unix_cargo *cargo, struct socket_message *message);

/* A piece that carries files is about to be in a queue. */
void rights_depart(struct piece *piece);
/* Takes the files out of a piece of the queue that the thread receives from; a copy: NO_MEMORY. */
struct rights *rights_arrive(struct piece *piece);
err_t rights_copy(const struct piece *piece, struct rights **out);
void rights_put(struct rights *rights); /* closes the files; NULL is fine */

/* ---- unix_garbage.c ---- */
/* Looked through by unix_collect_garbage() of socket.h. */
extern struct mutex rights_lock;      /* long lists are looked through under it */
extern struct list sockets_in_flight; /* under rights_lock: of unix_socket.flight_link */
extern uint32_t sockets_in_flight_count, garbage_wanted_at; /* under rights_lock: so many, and when to look */
