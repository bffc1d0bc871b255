/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces: what is on its way, and who pays for it. */
#include "abi/linux/poll.h"
#include "mm/heap.h"
#include "socket/unix_internal.h"

/* What Linux adds to the bytes of a buffer, and from where on it takes whole pages for them.
 * [linux include/linux/skbuff.h, SKB_TRUESIZE, SKB_MAX_HEAD] */
enum { OVERHEAD_BYTES = 256, HEAD_OVERHEAD_BYTES = 320, HEAD_BYTES_MIN = 512, HEAD_BYTES_MAX = 3776 };

static uint32_t cost_of(uint32_t bytes)
{
    uint32_t paged = 0;
    if (bytes > HEAD_BYTES_MAX) paged = MIN(bytes, (uint32_t)align_up(bytes - HEAD_BYTES_MAX, PAGE_BYTES));
    uint32_t head = HEAD_BYTES_MIN;
    while (head < bytes - paged + HEAD_OVERHEAD_BYTES) head *= 2;
    return OVERHEAD_BYTES + head + (uint32_t)align_up(paged, PAGE_BYTES);
}

_Static_assert(sizeof(struct piece) <= HEAD_OVERHEAD_BYTES, "a piece takes no more memory than it costs");

static bool is_full(const struct unix_socket *u)
{
    return __atomic_load_n(&u->sent_cost, __ATOMIC_SEQ_CST) >= u->socket.options.send_bytes;
}

struct piece *piece_create_now(struct unix_socket *sender, uint32_t bytes)
{
    if (is_full(sender)) return NULL;
    struct piece *p = heap_alloc(sizeof(*p) + bytes);
    if (!p) return NULL;
    p->bytes = bytes;
    p->taken = 0;
    p->cost = cost_of(bytes);
    p->has_identity = false;
    p->rights = NULL;
    p->sender = unix_get(sender);
    __atomic_add_fetch(&sender->sent_cost, p->cost, __ATOMIC_SEQ_CST);
    return p;
}

/* Whoever gives room back looks at room_waiters after it has: it sees this thread, or this thread sees the room. */
static err_t wait_for_room(struct unix_socket *u, uint64_t deadline_ns)
{
    err_t e = OK;
    spin_lock(&u->socket.queue.lock);
    __atomic_add_fetch(&u->room_waiters, 1, __ATOMIC_SEQ_CST);
    while (is_full(u) && !failed(e)) {
        if (socket_shut(&u->socket) & SOCKET_SHUT_SEND)
            e = ERR_BROKEN_PIPE;
        else
            e = socket_wait_locked(&u->socket, deadline_ns);
    }
    __atomic_sub_fetch(&u->room_waiters, 1, __ATOMIC_RELAXED);
    spin_unlock(&u->socket.queue.lock);
    return e;
}

err_t piece_create(struct unix_socket *sender, uint32_t bytes, uint64_t deadline_ns, struct piece **out)
{
    for (;;) {
        *out = piece_create_now(sender, bytes);
        if (*out) return OK;
        if (!is_full(sender)) return ERR_NO_BUFFERS;
        err_t e = wait_for_room(sender, deadline_ns);
        if (failed(e)) return e;
    }
}

static void give_room_back(struct unix_socket *u, uint32_t cost)
{
    __atomic_sub_fetch(&u->sent_cost, cost, __ATOMIC_SEQ_CST);
    if (!unix_has_room(u)) return;
    if (unlikely(__atomic_load_n(&u->room_waiters, __ATOMIC_SEQ_CST))) wait_wake_all(&u->socket.queue);
    socket_changed(&u->socket, LINUX_POLLOUT | LINUX_POLLWRNORM | LINUX_POLLWRBAND);
}

void piece_destroy(struct piece *p)
{
    if (unlikely(p->rights)) rights_put(rights_arrive(p));
    give_room_back(p->sender, p->cost);
    unix_put(p->sender);
    heap_free(p);
}

/* Files in the pieces may be sockets with pieces of their own, in chains of any length: what one thread takes apart
 * here others only add to. */
static struct spinlock doomed_lock = SPINLOCK_INIT_CLASS("doomed pieces");
static struct list doomed = LIST_INIT(doomed);
static bool is_dooming;

static struct piece *next_doomed(void)
{
    struct piece *p = NULL;
    spin_lock(&doomed_lock);
    if (list_is_empty(&doomed)) {
        is_dooming = false;
    } else {
        p = LIST_ENTRY(doomed.next, struct piece, link);
        list_remove(&p->link);
    }
    spin_unlock(&doomed_lock);
    return p;
}

void pieces_destroy(struct list *pieces)
{
    if (list_is_empty(pieces)) return;
    spin_lock(&doomed_lock);
    struct list *last = doomed.prev;
    last->next = pieces->next;
    pieces->next->prev = last;
    doomed.prev = pieces->prev;
    pieces->prev->next = &doomed;
    list_init(pieces);
    bool is_ours = !is_dooming;
    is_dooming = true;
    spin_unlock(&doomed_lock);
    struct piece *p;
    while (is_ours && (p = next_doomed())) piece_destroy(p);
}

void piece_append_locked(struct unix_socket *to, struct piece *p)
{
    list_push_back(&to->pieces, &p->link);
    to->piece_count++;
    if (!list_is_empty(&to->socket.queue.waiters)) wait_wake_all_locked(&to->socket.queue);
}

void piece_remove_locked(struct unix_socket *from, struct piece *p)
{
    list_remove(&p->link);
    from->piece_count--;
}

void receive_begin_locked(struct unix_socket *u)
{
    while (u->is_receiving) {
        u->turn_waiters++;
        wait_sleep_locked(&u->socket.queue);
        u->turn_waiters--;
    }
    u->is_receiving = true;
}

void receive_end_locked(struct unix_socket *u)
{
    u->is_receiving = false;
    /* Not those that wait for something to come: two of them would go on waking each other to look. */
    if (unlikely(u->turn_waiters)) wait_wake_all_locked(&u->socket.queue);
}
