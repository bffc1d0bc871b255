/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/unix, and the list of all sockets of AF_UNIX that it is made of. [linux net/unix/af_unix.c, unix_seq_show] */
#include "lib/string.h"
#include "socket/proc_net_internal.h"
#include "socket/unix_internal.h"

enum { FLAG_LISTENS = 0x10000 };
enum { STATE_UNCONNECTED = 1, STATE_CONNECTING = 2, STATE_CONNECTED = 3 }; /* of enum socket_state */
enum { FAMILY_BYTES = sizeof(uint16_t) };

static struct spinlock all_lock = SPINLOCK_INIT_CLASS("all unix sockets");
static struct list all = LIST_INIT(all); /* of unix_socket.all_link, in the order of their births */
static uint64_t births;
static uint32_t count;

void unix_list_add(struct unix_socket *u)
{
    spin_lock(&all_lock);
    u->birth = ++births;
    list_push_back(&all, &u->all_link);
    count++;
    spin_unlock(&all_lock);
}

void unix_list_remove(struct unix_socket *u)
{
    spin_lock(&all_lock);
    list_remove(&u->all_link);
    count--;
    spin_unlock(&all_lock);
}

uint32_t unix_list_count(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }

/* One socket's line, as it was when the lock was held. */
struct row {
    uint32_t references, state, type;
    uint64_t inode;
    struct socket_address address;
};

/* False: its file is gone. The lock keeps that until then. */
static bool read_row(struct unix_socket *u, struct row *out)
{
    spin_lock(&u->socket.queue.lock);
    bool is_there = !u->is_dead;
    if (is_there) {
        const struct file *file = __atomic_load_n(&u->socket.file, __ATOMIC_ACQUIRE);
        const struct unix_name *name = unix_name_of(u); /* stays with its socket until that leaves the list */
        *out = (struct row){
            .references = __atomic_load_n(&u->references, __ATOMIC_RELAXED),
            .state = unix_state(u),
            .type = u->socket.type,
            .inode = file ? file->vnode->inode : 0,
        };
        if (name) out->address = name->address;
    }
    spin_unlock(&u->socket.queue.lock);
    return is_there;
}

/* The first that was born after `cursor`, which moves there. */
static bool read_next(uint64_t *cursor, struct row *out)
{
    bool is_found = false;
    spin_lock(&all_lock);
    LIST_FOR_EACH (node, &all) {
        struct unix_socket *u = LIST_ENTRY(node, struct unix_socket, all_link);
        if (u->birth <= *cursor || !read_row(u, out)) continue;
        *cursor = u->birth;
        is_found = true;
        break;
    }
    spin_unlock(&all_lock);
    return is_found;
}

/* Abstract names begin with NUL, and may have more of them. */
static void add_name(struct text *text, const struct socket_address *address)
{
    uint32_t bytes = address->bytes - FAMILY_BYTES;
    bool is_abstract = !address->un.path[0];
    if (!is_abstract) bytes = (uint32_t)strnlen(address->un.path, bytes);
    text_add(text, " ");
    for (uint32_t i = 0; i < bytes; i++) {
        char c = address->un.path[i];
        text_add(text, "%c", c ? c : '@');
    }
}

static void write(struct text *text, uint64_t *cursor)
{
    struct row row;
    if (!*cursor) text_add(text, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    if (!read_next(cursor, &row)) {
        *cursor = UINT64_MAX;
        return;
    }
    bool is_connected = row.state == UNIX_CONNECTED;
    uint32_t state = is_connected ? row.inode ? STATE_CONNECTED : STATE_CONNECTING : STATE_UNCONNECTED;
    text_add(text, "%016x: %08X %08X %08X %04X %02X %5lu", 0, row.references, 0,
             row.state == UNIX_LISTENING ? FLAG_LISTENS : 0, row.type, state, row.inode);
    if (row.address.bytes > FAMILY_BYTES) add_name(text, &row.address);
    text_add(text, "\n");
}

const struct text_source proc_net_unix = { .write = write };
