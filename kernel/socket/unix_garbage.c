/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets can be sent through sockets, so two of them can lie in each other's queue when no process has them any more.
 *
 * A socket all of whose file's references are in flight lives only because of queues: it is a candidate. Each begins
 * with the number of its references and loses one for each that lies in the queue of a candidate; one that has some left
 * is reached from outside, and so is what lies in its queue, and so on. The queues of the others are emptied, which
 * closes them.
 *
 * All of it happens under rights_lock. Files come out of pieces under that lock alone, so nobody can take a reference to
 * a candidate meanwhile. */
#include "fs/file.h"
#include "socket/unix_internal.h"

enum verdict { VERDICT_IN_USE, VERDICT_CANDIDATE, VERDICT_REACHED };

typedef void visit_fn(struct unix_socket *child, struct list *reached);

static void visit_pieces(const struct list *pieces, visit_fn *visit, struct list *reached)
    REQUIRES(rights_lock)
{
    LIST_FOR_EACH (node, pieces) {
        const struct rights *rights = LIST_ENTRY(node, struct piece, link)->rights;
        for (uint32_t i = 0; rights && i < rights->count; i++) {
            struct socket *s = socket_of(rights->files[i]);
            bool is_ours = s && s->family == LINUX_AF_UNIX && unix_of(s)->verdict == VERDICT_CANDIDATE;
            if (is_ours) visit(unix_of(s), reached);
        }
    }
}

/* Its queue, and those of connections that it has not accepted: these have no file. */
static void visit_children(struct unix_socket *u, visit_fn *visit, struct list *reached) REQUIRES(rights_lock)
{
    spin_lock(&u->socket.queue.lock);
    visit_pieces(&u->pieces, visit, reached);
    LIST_FOR_EACH (node, &u->embryos) {
        struct unix_socket *embryo = LIST_ENTRY(node, struct unix_socket, embryo_link);
        spin_lock_nested_off(&embryo->socket.queue.lock);
        visit_pieces(&embryo->pieces, visit, reached);
        spin_unlock_off(&embryo->socket.queue.lock);
    }
    spin_unlock(&u->socket.queue.lock);
}

static void count_out(struct unix_socket *child, struct list *reached UNUSED) { child->outside--; }

static void reach(struct unix_socket *u, struct list *reached)
{
    u->verdict = VERDICT_REACHED;
    list_push_back(reached, &u->reached_link);
}

static void choose_candidates(void) REQUIRES(rights_lock)
{
    LIST_FOR_EACH (node, &sockets_in_flight) {
        struct unix_socket *u = LIST_ENTRY(node, struct unix_socket, flight_link);
        uint32_t references = __atomic_load_n(&u->socket.file->references, __ATOMIC_ACQUIRE);
        u->verdict = references == u->in_flight ? VERDICT_CANDIDATE : VERDICT_IN_USE;
        u->outside = u->in_flight;
    }
}

static void reach_from_outside(void) REQUIRES(rights_lock)
{
    struct list reached = LIST_INIT(reached);
    LIST_FOR_EACH (node, &sockets_in_flight) {
        struct unix_socket *u = LIST_ENTRY(node, struct unix_socket, flight_link);
        if (u->verdict == VERDICT_CANDIDATE) visit_children(u, count_out, NULL);
    }
    LIST_FOR_EACH (node, &sockets_in_flight) {
        struct unix_socket *u = LIST_ENTRY(node, struct unix_socket, flight_link);
        if (u->verdict == VERDICT_CANDIDATE && u->outside > 0) reach(u, &reached);
    }
    while (!list_is_empty(&reached)) {
        struct unix_socket *u = LIST_ENTRY(reached.next, struct unix_socket, reached_link);
        list_remove(&u->reached_link);
        visit_children(u, reach, &reached);
    }
}

static void empty_queue(struct unix_socket *u, struct list *lost)
{
    LIST_FOR_EACH_SAFE (node, &u->pieces) {
        list_remove(node);
        list_push_back(lost, node);
        u->piece_count--;
    }
}

static void empty_queues(struct unix_socket *u, struct list *lost) REQUIRES(rights_lock)
{
    spin_lock(&u->socket.queue.lock);
    empty_queue(u, lost);
    LIST_FOR_EACH (node, &u->embryos) {
        struct unix_socket *embryo = LIST_ENTRY(node, struct unix_socket, embryo_link);
        spin_lock_nested_off(&embryo->socket.queue.lock);
        empty_queue(embryo, lost);
        spin_unlock_off(&embryo->socket.queue.lock);
    }
    spin_unlock(&u->socket.queue.lock);
}

void unix_collect_garbage(void)
{
    struct list lost = LIST_INIT(lost);
    uint32_t garbage = 0;
    mutex_lock(&rights_lock);
    choose_candidates();
    reach_from_outside();
    LIST_FOR_EACH (node, &sockets_in_flight) {
        struct unix_socket *u = LIST_ENTRY(node, struct unix_socket, flight_link);
        if (u->verdict != VERDICT_CANDIDATE) continue;
        empty_queues(u, &lost);
        garbage++;
    }
    uint32_t left = sockets_in_flight_count - garbage;
    garbage_wanted_at = left > UINT32_MAX / 2 ? UINT32_MAX : MAX(left * 2, (uint32_t)GARBAGE_LEAST);
    mutex_unlock(&rights_lock);
    pieces_destroy(&lost);
}
