/* SPDX-License-Identifier: Apache-2.0 */
/* A socket: what all families have in common, and the operations by which they differ.
 *
 * A socket lives behind an open file of socket_file_ops; a family embeds struct socket at the start of its own and
 * fills in a struct socket_ops for each type. Arguments come decoded: addresses are copied in and at most 128 bytes,
 * memory is an io_buffer, control data lies in the kernel when it is sent and is written by socket/control.h when it is
 * received. Errors, and which of several comes first, are Linux's.
 *
 * `queue` is where everybody sleeps who waits for something of this socket; its lock guards what the family keeps.
 * Threads only, but for socket_changed. */
#pragma once
#include "abi/linux/socket.h"
#include "fs/io_buffer.h"
#include "fs/readiness.h"
#include "sched/wait.h"

struct file;
struct socket;

struct socket_address {
    uint32_t bytes; /* 0: none */
    union {
        uint16_t family;
        struct linux_sockaddr_un un;
        uint8_t raw[LINUX_SOCKADDR_MAX];
    };
};

/* One send or receive. */
struct socket_message {
    struct io_buffer *data;
    /* Sent: to whom; NULL: to whom the socket is connected; of sendto(2) it may have no bytes. Received: filled in with from whom, `bytes` is 0 at first;
     * NULL: nobody asks. */
    struct socket_address *address;
    uint32_t flags;     /* LINUX_MSG_; MSG_DONTWAIT also when the file is not to wait */
    uint32_t out_flags; /* received: LINUX_MSG_ of the answer */
    /* Control data. Sent: bytes in the kernel. Received: user memory that is left. */
    const uint8_t *control;
    uint64_t control_address;
    uint64_t control_bytes;
    bool has_control_buffer; /* received: the program gave a buffer, of whatever size */
};

struct socket_ops {
    err_t (*bind)(struct socket *s, const struct socket_address *address);
    err_t (*connect)(struct socket *s, const struct socket_address *address, bool is_nonblocking);
    err_t (*listen)(struct socket *s, uint32_t backlog);
    /* A socket without a file: socket_open. */
    err_t (*accept)(struct socket *s, bool is_nonblocking, struct socket **out);
    err_t (*shutdown)(struct socket *s, uint32_t how);
    err_t (*get_name)(struct socket *s, bool is_peer, struct socket_address *out);
    /* A count or a negative errno. */
    int64_t (*send)(struct socket *s, struct socket_message *message);
    int64_t (*receive)(struct socket *s, struct socket_message *message);
    /* read(2) and write(2) of one piece of user memory, quickly; see file_ops. */
    int64_t (*read_user)(struct socket *s, const struct file *file, uint64_t address, uint64_t bytes);
    int64_t (*write_user)(struct socket *s, const struct file *file, uint64_t address, uint64_t bytes);
    /* Of levels above SOL_SOCKET. NULL: NOT_SUPPORTED. */
    err_t (*set_option)(struct socket *s, int32_t level, int32_t name, uint64_t address, uint32_t bytes);
    err_t (*get_option)(struct socket *s, int32_t level, int32_t name, uint64_t address, uint64_t length_at);
    /* A generic option has changed; NULL: that is all the same. */
    void (*option_changed)(struct socket *s, int32_t name);
    bool (*is_listening)(struct socket *s);
    /* An error that the family keeps and forgets now; NULL: socket.error is all. */
    err_t (*take_error)(struct socket *s);
    /* SO_PEERCRED; NULL: nobody. */
    struct linux_ucred (*get_peer_identity)(struct socket *s);
    uint32_t (*poll)(struct socket *s);
    int64_t (*ioctl)(struct socket *s, uint32_t request, uint64_t argument);
    /* The file is gone. */
    void (*release)(struct socket *s);
};

/* Options that are either on or off: bits of socket_options.switches. */
enum socket_switch {
    SOCKET_DEBUG,
    SOCKET_REUSE_ADDRESS,
    SOCKET_REUSE_PORT,
    SOCKET_DONT_ROUTE,
    SOCKET_BROADCAST,
    SOCKET_KEEP_ALIVE,
    SOCKET_URGENT_INLINE,
    SOCKET_NO_CHECK,
    SOCKET_PASS_CREDENTIALS,
    SOCKET_TIMESTAMP,     /* in microseconds */
    SOCKET_TIMESTAMP_NS,  /* or in nanoseconds */
    SOCKET_TIMESTAMP_NEW, /* by which of two names it was asked for */
    SOCKET_LINGER,
};

/* Of SOL_SOCKET. Each is a word of its own, changed and looked at without a lock. */
struct socket_options {
    uint32_t switches;
    uint32_t send_bytes, receive_bytes; /* as getsockopt tells them: twice what was asked for */
    uint32_t low_water;
    int32_t linger_s, priority, mark, incoming_cpu;
    uint32_t interface;                           /* its number; 0: any */
    uint64_t receive_timeout_ns, send_timeout_ns; /* UINT64_MAX: none */
};

enum { SOCKET_SHUT_RECEIVE = 1, SOCKET_SHUT_SEND = 2, SOCKET_SHUT_BOTH = 3 };

struct socket {
    const struct socket_ops *ops;
    struct wait_queue queue;
    struct readiness readiness;
    uint16_t family;
    uint8_t type;
    uint8_t shutdown; /* SOCKET_SHUT_; atomic */
    uint32_t protocol;
    int32_t error; /* SO_ERROR: a negative errno that the next call returns; atomic */
    uint64_t cookie;
    struct file *file; /* not counted: the file holds the socket. NULL: not accepted yet */
    struct socket_options options;
};

/* Fills in what is generic of a socket that the family has allocated. */
void socket_init(struct socket *s, const struct socket_ops *ops, uint32_t family, uint32_t type,
                 uint32_t protocol);
/* AF_NOT_SUPPORTED and what the family says. */
err_t socket_create(int32_t family, uint32_t type, int32_t protocol, struct socket **out);
err_t socket_create_pair(int32_t family, uint32_t type, int32_t protocol, struct socket *out[2]);
/* Gives it a file; NO_MEMORY: it is still the caller's. `flags` are status flags. */
err_t socket_open(struct socket *s, uint32_t flags, struct file **out);
/* For one without a file. */
static inline void socket_release(struct socket *s) { s->ops->release(s); }
/* NULL: the file is no socket. */
struct socket *socket_of(const struct file *file);

int64_t socket_send(struct socket *s, struct socket_message *message);
int64_t socket_receive(struct socket *s, struct socket_message *message);

/* Frees sockets that lie in each other's queues and that no process has: unix_garbage.c. Whenever one of AF_UNIX is closed,
 * and for whoever counts memory. */
void unix_collect_garbage(void);

/* SO_* of SOL_SOCKET and the family's levels, as of setsockopt(2). */
err_t socket_set_option(struct socket *s, int32_t level, int32_t name, uint64_t address, int32_t bytes);
err_t socket_get_option(struct socket *s, int32_t level, int32_t name, uint64_t address, uint64_t length_at);
/* Writes an option's value, cut to the length that the program has given, and the length. INVALID, FAULT. */
err_t socket_tell_option(const void *value, uint32_t bytes, uint64_t address, uint64_t length_at);

/* ---- for families ---- */

static inline bool socket_has(const struct socket *s, enum socket_switch which)
{
    return __atomic_load_n(&s->options.switches, __ATOMIC_RELAXED) >> which & 1;
}
static inline uint32_t socket_shut(const struct socket *s)
{
    return __atomic_load_n(&s->shutdown, __ATOMIC_ACQUIRE);
}
/* These LINUX_POLL bits may be true now. With the queue's lock or without. */
static inline void socket_changed(struct socket *s, uint32_t changes)
{
    readiness_changed(&s->readiness, changes);
}
void socket_set_error(struct socket *s, err_t error);
/* The error, which is told once. */
err_t socket_take_error(struct socket *s);
/* When a wait that begins now ends: SO_RCVTIMEO, SO_SNDTIMEO; 0: at once. */
uint64_t socket_receive_deadline(const struct socket *s, uint32_t message_flags);
uint64_t socket_send_deadline(const struct socket *s, uint32_t message_flags);
/* Until something has changed. TRY_AGAIN when the deadline is over, INTERRUPTED. */
err_t socket_wait_locked(struct socket *s, uint64_t deadline_ns) REQUIRES(s->queue.lock);
/* SIGPIPE for the running thread unless MSG_NOSIGNAL; BROKEN_PIPE. */
err_t socket_broken_pipe(uint32_t message_flags);

/* Who the running process is: as it began, told with messages, and as it acts now, told to those it is connected to. */
struct linux_ucred socket_identity(void);
struct linux_ucred socket_effective_identity(void);

/* The families: socket(2) and socketpair(2) of each. */
struct socket_family {
    uint16_t number;
    err_t (*create)(uint32_t type, int32_t protocol, struct socket **out);
    err_t (*pair)(struct socket *a, struct socket *b);
};
extern const struct socket_family unix_family, inet_family, inet6_family, netlink_family;

/* SIOCGIF*: what interfaces there are; inet_interface.c. NOT_TTY for anything else. */
int64_t inet_interface_ioctl(const struct socket *s, uint32_t request, uint64_t argument);
