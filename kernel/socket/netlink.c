/* SPDX-License-Identifier: Apache-2.0 */
/* A socket of AF_NETLINK speaks with the kernel alone: a request is answered before send returns, and the answers wait
 * to be received, one message each. Groups, which tell of changes, nobody can join. [linux net/netlink/af_netlink.c] */
#include "abi/linux/poll.h"
#include "fs/credentials.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "socket/netlink_internal.h"

enum {
    MESSAGE_ROOM = 1024, /* for one answer: its attributes are few and short */
    REQUEST_BYTES_MAX = 65536,
    PORTS_FROM = 0x40000000, /* above the numbers of processes */
    QUEUE_MAX = 1024,        /* answers that wait; a program that asks on without reading gets no more */
    TYPE_KIND = 3,
    KIND_GET = 2 /* of the types of NETLINK_ROUTE */
};

struct netlink_socket {
    struct socket socket; /* first; its queue's lock guards: */
    struct list packets;
    uint32_t packet_count;
    uint32_t port; /* 0: not bound yet; atomic */
};

static struct netlink_socket *netlink_of(struct socket *s)
{
    return CONTAINER_OF(s, struct netlink_socket, socket);
}

static uint32_t align4(uint32_t bytes) { return (bytes + 3) & ~3u; }

/* ---- answers ---- */

static void append(struct netlink_message *m, const void *data, uint32_t bytes)
{
    if (!m->packet) return;
    struct netlink_packet *p = m->packet;
    ASSERT(p->bytes + align4(bytes) <= m->room);
    memcpy(p->data + p->bytes, data, bytes);
    memset(p->data + p->bytes + bytes, 0, align4(bytes) - bytes);
    p->bytes += align4(bytes);
}

void netlink_begin(struct netlink_message *out, const struct linux_nlmsghdr *request, uint16_t type,
                   uint16_t flags, uint32_t port, const void *part, uint32_t bytes)
{
    const struct linux_nlmsghdr header = { 0, type, flags, request->sequence, port };
    out->room = MESSAGE_ROOM + align4(bytes);
    out->packet = heap_alloc(sizeof(*out->packet) + out->room);
    if (out->packet) out->packet->bytes = 0;
    append(out, &header, sizeof(header));
    append(out, part, bytes);
}

void netlink_attribute(struct netlink_message *m, uint16_t type, const void *data, uint32_t bytes)
{
    const struct linux_rtattr head = { (uint16_t)(sizeof(head) + bytes), type };
    append(m, &head, sizeof(head));
    append(m, data, bytes);
}

err_t netlink_end(struct netlink_message *m, struct list *answers)
{
    if (!m->packet) return ERR_NO_MEMORY;
    memcpy(m->packet->data, &m->packet->bytes, sizeof(m->packet->bytes)); /* the header's first field */
    list_push_back(answers, &m->packet->link);
    return OK;
}

static void destroy_all(struct list *packets)
{
    while (!list_is_empty(packets)) {
        struct netlink_packet *p = LIST_ENTRY(packets->next, struct netlink_packet, link);
        list_remove(&p->link);
        heap_free(p);
    }
}

/* ---- requests ---- */

/* Linux begins with the process's number; nobody sees a difference who asks what it is. */
static uint32_t port_of(struct netlink_socket *n)
{
    static uint32_t last = PORTS_FROM;
    uint32_t none = 0;
    if (!__atomic_load_n(&n->port, __ATOMIC_RELAXED))
        __atomic_compare_exchange_n(&n->port, &none, __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED), false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return __atomic_load_n(&n->port, __ATOMIC_RELAXED);
}

static err_t answer_route(const struct linux_nlmsghdr *h, uint32_t port, struct list *answers)
{
    static const int32_t end = 0;
    struct netlink_message m;
    if ((h->type & TYPE_KIND) != KIND_GET)
        return may_use(LINUX_CAP_NET_ADMIN) ? ERR_NOT_SUPPORTED : ERR_NOT_PERMITTED;
    bool is_dump = (h->flags & LINUX_NLM_F_DUMP) == LINUX_NLM_F_DUMP;
    if (!is_dump && h->type == LINUX_RTM_GETLINK) return netlink_route_get_link(h, port, answers);
    if (!is_dump) return ERR_NOT_SUPPORTED;
    uint8_t family = h->bytes > sizeof(*h) ? ((const uint8_t *)(h + 1))[0] : 0;
    err_t e = netlink_route_dump(h, family, port, answers);
    if (failed(e)) return e;
    netlink_begin(&m, h, LINUX_NLMSG_DONE, LINUX_NLM_F_MULTI, port, &end, sizeof(end));
    return netlink_end(&m, answers);
}

/* NLMSG_ERROR: the error, and the request as it came, unless that is long. */
static err_t refuse(const struct linux_nlmsghdr *h, err_t why, uint32_t port, struct list *answers)
{
    struct netlink_message m;
    const int32_t code = why.code;
    uint32_t bytes = h->bytes <= MESSAGE_ROOM / 2 ? h->bytes : (uint32_t)sizeof(*h);
    netlink_begin(&m, h, LINUX_NLMSG_ERROR, 0, port, &code, sizeof(code));
    append(&m, h, bytes);
    return netlink_end(&m, answers);
}

static err_t answer(const struct linux_nlmsghdr *h, uint32_t port, struct list *answers)
{
    struct list own = LIST_INIT(own);
    if (!(h->flags & LINUX_NLM_F_REQUEST) || h->type < LINUX_NLMSG_MIN_TYPE) return OK;
    err_t e = answer_route(h, port, &own);
    if (failed(e)) {
        destroy_all(&own);
        return e.code == ERR_NO_MEMORY.code ? e : refuse(h, e, port, answers);
    }
    while (!list_is_empty(&own)) {
        struct list *first = own.next;
        list_remove(first);
        list_push_back(answers, first);
    }
    return OK;
}

/* A malformed message ends what is looked at, silently, as on Linux. */
static err_t answer_all(const uint8_t *at, uint64_t left, uint32_t port, struct list *answers)
{
    err_t e = OK;
    while (!failed(e) && left >= sizeof(struct linux_nlmsghdr)) {
        const struct linux_nlmsghdr *h = (const void *)at;
        if (h->bytes < sizeof(*h) || h->bytes > left) break;
        e = answer(h, port, answers);
        uint64_t step = MIN((uint64_t)align4(h->bytes), left);
        at += step;
        left -= step;
    }
    return e;
}

static err_t queue_answers(struct netlink_socket *n, struct list *answers)
{
    uint32_t count = 0;
    for (struct list *at = answers->next; at != answers; at = at->next) count++;
    if (!count) return OK;
    spin_lock(&n->socket.queue.lock);
    bool has_room = n->packet_count + count <= QUEUE_MAX;
    while (has_room && !list_is_empty(answers)) {
        struct list *first = answers->next;
        list_remove(first);
        list_push_back(&n->packets, first);
        n->packet_count++;
    }
    wait_wake_all_locked(&n->socket.queue);
    spin_unlock(&n->socket.queue.lock);
    socket_changed(&n->socket, LINUX_POLLIN | LINUX_POLLRDNORM);
    return has_room ? OK : ERR_NO_BUFFERS;
}

/* Only the kernel, port 0, hears. */
static err_t check_receiver(const struct socket_address *address)
{
    struct linux_sockaddr_nl to;
    if (!address) return OK;
    if (address->bytes < sizeof(to) || address->family != LINUX_AF_NETLINK) return ERR_INVALID;
    memcpy(&to, address->raw, sizeof(to));
    if (to.groups) return ERR_NOT_PERMITTED;
    return to.port ? ERR_REFUSED : OK;
}

static int64_t netlink_send(struct socket *s, struct socket_message *m)
{
    struct netlink_socket *n = netlink_of(s);
    struct list answers = LIST_INIT(answers);
    uint64_t bytes = m->data->left;
    if (m->flags & LINUX_MSG_OOB) return ERR_NOT_SUPPORTED.code;
    err_t e = check_receiver(m->address && m->address->bytes ? m->address : NULL);
    if (failed(e)) return e.code;
    if (bytes > REQUEST_BYTES_MAX) return ERR_MESSAGE_SIZE.code;
    uint8_t *request = heap_alloc(MAX(bytes, (uint64_t)1));
    if (!request) return ERR_NO_BUFFERS.code;
    e = io_take(m->data, request, bytes) == bytes ? OK : ERR_FAULT;
    if (!failed(e)) e = answer_all(request, bytes, port_of(n), &answers);
    if (!failed(e)) e = queue_answers(n, &answers);
    destroy_all(&answers);
    heap_free(request);
    return failed(e) ? e.code : (int64_t)bytes;
}

/* ---- receiving ---- */

static err_t take_packet(struct netlink_socket *n, uint64_t deadline_ns, struct netlink_packet **out)
{
    err_t e = OK;
    spin_lock(&n->socket.queue.lock);
    while (list_is_empty(&n->packets) && !failed(e)) e = socket_wait_locked(&n->socket, deadline_ns);
    if (!failed(e)) {
        *out = LIST_ENTRY(n->packets.next, struct netlink_packet, link);
        list_remove(&(*out)->link);
        n->packet_count--;
    }
    spin_unlock(&n->socket.queue.lock);
    return e;
}

static void put_back(struct netlink_socket *n, struct netlink_packet *p)
{
    spin_lock(&n->socket.queue.lock);
    list_push_front(&n->packets, &p->link);
    n->packet_count++;
    spin_unlock(&n->socket.queue.lock);
}

static void tell_name(uint32_t port, struct socket_address *out)
{
    const struct linux_sockaddr_nl name = { .family = LINUX_AF_NETLINK, .port = port };
    *out = (struct socket_address){ .bytes = sizeof(name) };
    memcpy(out->raw, &name, sizeof(name));
}

static int64_t netlink_receive(struct socket *s, struct socket_message *m)
{
    struct netlink_socket *n = netlink_of(s);
    struct netlink_packet *p;
    if (m->flags & LINUX_MSG_OOB) return ERR_NOT_SUPPORTED.code;
    err_t e = take_packet(n, socket_receive_deadline(s, m->flags), &p);
    if (failed(e)) return e.code;
    uint64_t wanted = MIN((uint64_t)p->bytes, m->data->left);
    int64_t result = m->flags & LINUX_MSG_TRUNC ? (int64_t)p->bytes : (int64_t)wanted;
    if (wanted < p->bytes) m->out_flags |= LINUX_MSG_TRUNC;
    if (io_put(m->data, p->data, wanted) < wanted) result = ERR_FAULT.code;
    if (m->address) tell_name(0, m->address);
    if (m->flags & LINUX_MSG_PEEK)
        put_back(n, p);
    else
        heap_free(p);
    return result;
}

/* ---- the rest ---- */

static err_t netlink_bind(struct socket *s, const struct socket_address *address)
{
    struct netlink_socket *n = netlink_of(s);
    struct linux_sockaddr_nl name;
    if (address->bytes < sizeof(name) || address->family != LINUX_AF_NETLINK) return ERR_INVALID;
    memcpy(&name, address->raw, sizeof(name));
    if (name.groups) return ERR_NOT_SUPPORTED;
    uint32_t own = __atomic_load_n(&n->port, __ATOMIC_RELAXED);
    if (own) return own == name.port ? OK : ERR_INVALID;
    if (name.port) __atomic_store_n(&n->port, name.port, __ATOMIC_RELAXED);
    port_of(n);
    return OK;
}

static err_t netlink_connect(struct socket *s, const struct socket_address *address,
                             bool is_nonblocking UNUSED)
{
    port_of(netlink_of(s));
    return check_receiver(address);
}

static err_t netlink_listen(struct socket *s UNUSED, uint32_t backlog UNUSED) { return ERR_NOT_SUPPORTED; }

static err_t netlink_accept(struct socket *s UNUSED, bool is_nonblocking UNUSED, struct socket **out UNUSED)
{
    return ERR_NOT_SUPPORTED;
}

static err_t netlink_shutdown(struct socket *s UNUSED, uint32_t how UNUSED) { return ERR_NOT_SUPPORTED; }

static err_t netlink_get_name(struct socket *s, bool is_peer, struct socket_address *out)
{
    tell_name(is_peer ? 0 : __atomic_load_n(&netlink_of(s)->port, __ATOMIC_RELAXED), out);
    return OK;
}

static uint32_t netlink_poll(struct socket *s)
{
    struct netlink_socket *n = netlink_of(s);
    spin_lock(&s->queue.lock);
    bool has_some = !list_is_empty(&n->packets);
    spin_unlock(&s->queue.lock);
    return LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND |
           (has_some ? LINUX_POLLIN | LINUX_POLLRDNORM : 0);
}

static void netlink_release(struct socket *s)
{
    struct netlink_socket *n = netlink_of(s);
    destroy_all(&n->packets);
    heap_free(n);
}

static const struct socket_ops netlink_ops = {
    .bind = netlink_bind,
    .connect = netlink_connect,
    .listen = netlink_listen,
    .accept = netlink_accept,
    .shutdown = netlink_shutdown,
    .get_name = netlink_get_name,
    .send = netlink_send,
    .receive = netlink_receive,
    .poll = netlink_poll,
    .release = netlink_release,
};

static err_t netlink_create(uint32_t type, int32_t protocol, struct socket **out)
{
    if (type != LINUX_SOCK_RAW && type != LINUX_SOCK_DGRAM) return ERR_SOCKET_TYPE;
    if (protocol != LINUX_NETLINK_ROUTE) return ERR_NO_PROTOCOL;
    struct netlink_socket *n = heap_alloc_zeroed(sizeof(*n));
    if (!n) return ERR_NO_MEMORY;
    socket_init(&n->socket, &netlink_ops, LINUX_AF_NETLINK, type, LINUX_NETLINK_ROUTE);
    list_init(&n->packets);
    *out = &n->socket;
    return OK;
}

const struct socket_family netlink_family = { LINUX_AF_NETLINK, netlink_create, NULL };
