/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/tcp, udp and raw, and those of IPv6: a line for each endpoint.
 * [linux net/ipv4/tcp_ipv4.c, udp.c, raw.c, net/ipv6/tcp_ipv6.c, datagram.c] */
#include "lib/string.h"
#include "net/stack.h"
#include "socket/inet_internal.h"
#include "socket/proc_net_internal.h"

enum {
    TCP_WIDTH = 149, /* of lines; IPv6's are as long as they are */
    UDP_WIDTH = 127,
    STATE_CLOSED = 7,
    STATE_TIME_WAIT = 6,
    STATE_LISTEN = 10,
    TIMER_RETRANSMITS = 1,
    TIMER_TIME_WAIT = 3,
    TIME_WAIT_REFERENCES = 3,
    MS_PER_TICK = 10, /* of USER_HZ */
};

static const struct table {
    uint8_t kind;
    bool is_v6;
    uint8_t number_width, width;
    const char *header;
} tables[] = {
#define COLUMNS_V4 "local_address rem_address   "
#define COLUMNS_V6 "local_address                         remote_address                        "
#define COLUMNS    "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
    [PROC_NET_TCP] = { ENDPOINT_TCP, false, 4, TCP_WIDTH, "  sl  " COLUMNS_V4 COLUMNS },
    [PROC_NET_TCP6] = { ENDPOINT_TCP, true, 4, 0, "  sl  " COLUMNS_V6 COLUMNS },
    [PROC_NET_UDP] = { ENDPOINT_UDP, false, 5, UDP_WIDTH, "   sl  " COLUMNS_V4 COLUMNS " ref pointer drops" },
    [PROC_NET_UDP6] = { ENDPOINT_UDP, true, 5, 0, "  sl  " COLUMNS_V6 COLUMNS " ref pointer drops" },
    [PROC_NET_RAW] = { ENDPOINT_RAW, false, 4, 0, "  sl  " COLUMNS_V4 COLUMNS " ref pointer drops" },
    [PROC_NET_RAW6] = { ENDPOINT_RAW, true, 5, 0, "  sl  " COLUMNS_V6 COLUMNS " ref pointer drops" },
};

struct listing {
    struct text *text;
    const struct table *table;
    uint32_t count;
};

static void add_address(struct text *text, const struct net_address *address, bool is_v6)
{
    uint32_t words[4];
    if (is_v6)
        inet_address_to_v6(address, (uint8_t *)words);
    else
        memcpy(words, address->bytes, sizeof(words[0]));
    for (int i = 0; i < (is_v6 ? 4 : 1); i++) text_add(text, "%08X", words[i]);
    text_add(text, ":%04X ", address->port);
}

static bool belongs(const struct table *table, const struct endpoint_info *e)
{
    if (e->kind != table->kind || e->is_v6 != table->is_v6) return false;
    switch (table->kind) {
    case ENDPOINT_TCP: return e->tcp_state != STATE_CLOSED;
    case ENDPOINT_UDP: return e->local.port; /* before it is bound Linux does not know it either */
    default: return true;
    }
}

/* The end of a line of TCP. An endpoint whose program is gone is nobody's. */
static void add_tcp_end(struct text *text, const struct endpoint_info *e)
{
    if (e->tcp_state == STATE_TIME_WAIT) {
        text_add(text, " %d %016x", TIME_WAIT_REFERENCES, 0);
        return;
    }
    bool is_listener = e->tcp_state == STATE_LISTEN;
    uint32_t window = e->mss ? e->congestion_window_bytes / e->mss : 0;
    text_add(text, " 1 %016x %u %u %u %u %d", 0, e->rto_ms / MS_PER_TICK, 0, 0, window, is_listener ? 0 : -1);
}

/* Under the stack's lock, so the owner is there; one that was not accepted yet has no file. */
static void see(void *context, const struct endpoint_info *e, struct endpoint_owner *owner)
{
    struct listing *l = context;
    struct text *text = l->text;
    if (!belongs(l->table, e)) return;
    const struct inet_socket *i = owner ? CONTAINER_OF(owner, struct inet_socket, owner) : NULL;
    const struct file *file = i ? __atomic_load_n(&i->socket.file, __ATOMIC_ACQUIRE) : NULL;
    size_t start = text->used;
    bool waits = e->kind == ENDPOINT_TCP && e->send_queued, is_over = e->tcp_state == STATE_TIME_WAIT;
    uint64_t received =
        e->tcp_state == STATE_LISTEN && e->kind == ENDPOINT_TCP ? e->accept_queued : e->receive_queued;
    text_add(text, "%*u: ", l->table->number_width, e->kind == ENDPOINT_TCP ? l->count : e->local.port);
    add_address(text, &e->local, e->is_v6);
    add_address(text, &e->remote, e->is_v6);
    text_add(text, "%02X %08X:%08X ", e->tcp_state, (uint32_t)e->send_queued, (uint32_t)received);
    text_add(text, "%02X:%08X ",
             is_over ? TIMER_TIME_WAIT
             : waits ? TIMER_RETRANSMITS
                     : 0,
             waits ? e->rto_ms / MS_PER_TICK : 0);
    text_add(text, "%08X %5u %8d %lu", e->retransmits, file ? file->vnode->uid : 0, 0,
             file ? file->vnode->inode : 0);
    if (e->kind == ENDPOINT_TCP)
        add_tcp_end(text, e);
    else
        text_add(text, " 2 %016x 0", 0);
    proc_net_pad(text, start, l->table->width);
    l->count++;
}

static void write(struct text *text, uint64_t *cursor)
{
    struct listing l = { .text = text, .table = &tables[text->node->row->argument] };
    if ((*cursor)++) return;
    text_add(text, "%s", l.table->header);
    proc_net_pad(text, 0, l.table->width);
    if (!failed(net_start())) endpoint_for_each(see, &l);
}

const struct text_source proc_net_endpoints = { .write = write };
