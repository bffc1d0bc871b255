/* SPDX-License-Identifier: Apache-2.0 */
/* Names of AF_UNIX: paths, which are nodes of the file tree, and abstract names, which are bytes behind a NUL. One table
 * has both: a path is found by its node, so that a link to it leads there too and a socket that was renamed stays
 * reachable. A name ends with the socket that has bound it; connections it has accepted still tell it. */
#include "core/entropy.h"
#include "fs/namespace.h"
#include "fs/permission.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/process.h"
#include "socket/unix_internal.h"

enum { TABLE_LISTS = 64, AUTOBIND_BYTES = 5, AUTOBIND_NAMES = 1 << 20 };
enum { FAMILY_BYTES = sizeof(uint16_t) }; /* before the path */

static struct spinlock names_lock = SPINLOCK_INIT_CLASS("unix names");
static struct list
    table[TABLE_LISTS]; /* of unix_name.link; under names_lock, empty lists are zeros at first */

static struct list *list_of(uint32_t hash) REQUIRES(names_lock)
{
    struct list *list = &table[hash % TABLE_LISTS];
    if (!list->next) list_init(list);
    return list;
}

static uint32_t mix(uint32_t hash, uint64_t value)
{
    uint64_t x = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(x >> 32);
}

static uint32_t hash_of_vnode(const struct vnode *v) { return mix(0, (uintptr_t)v); }
static uint32_t hash_of_bytes(const struct socket_address *address, uint32_t type)
{
    uint32_t hash = type;
    for (uint32_t i = FAMILY_BYTES; i < address->bytes; i++) hash = mix(hash, address->raw[i]);
    return hash;
}

static bool is_abstract(const struct socket_address *address) { return address->un.path[0] == '\0'; }

err_t unix_check_address(const struct socket_address *address)
{
    bool is_ours = address->bytes > FAMILY_BYTES && address->bytes <= sizeof(struct linux_sockaddr_un) &&
                   address->family == LINUX_AF_UNIX;
    return is_ours ? OK : ERR_INVALID;
}

/* ---- one name ---- */

static struct unix_name *name_create(const struct socket_address *address, uint32_t type)
{
    struct unix_name *name = heap_alloc(sizeof(*name));
    if (!name) return NULL;
    *name = (struct unix_name){ .references = 1, .type = (uint8_t)type, .address = *address };
    list_init(&name->link);
    return name;
}

struct unix_name *unix_name_get(struct unix_name *name)
{
    __atomic_add_fetch(&name->references, 1, __ATOMIC_RELAXED);
    return name;
}

void unix_name_put(struct unix_name *name)
{
    if (!name || __atomic_sub_fetch(&name->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    vnode_put(name->vnode);
    heap_free(name);
}

void unix_name_close(struct unix_socket *u)
{
    struct unix_name *name = unix_name_of(u);
    if (!name) return;
    spin_lock(&names_lock);
    if (name->owner == u) {
        name->owner = NULL;
        list_remove(&name->link);
    }
    spin_unlock(&names_lock);
}

static struct unix_name *find_locked(const struct socket_address *address, uint32_t type, uint32_t hash)
    REQUIRES(names_lock)
{
    struct list *list = list_of(hash);
    LIST_FOR_EACH (node, list) {
        struct unix_name *name = LIST_ENTRY(node, struct unix_name, link);
        bool is_same = !name->vnode && name->hash == hash && name->type == type &&
                       name->address.bytes == address->bytes &&
                       memcmp(name->address.raw, address->raw, address->bytes) == 0;
        if (is_same) return name;
    }
    return NULL;
}

static struct unix_name *find_vnode_locked(const struct vnode *v) REQUIRES(names_lock)
{
    struct list *list = list_of(hash_of_vnode(v));
    LIST_FOR_EACH (node, list) {
        struct unix_name *name = LIST_ENTRY(node, struct unix_name, link);
        if (name->vnode == v) return name;
    }
    return NULL;
}

/* The socket has the name from now on, unless it has another. */
static err_t give_locked(struct unix_socket *u, struct unix_name *name) REQUIRES(names_lock)
{
    if (u->name) return ERR_INVALID;
    name->owner = u;
    list_push_back(list_of(name->hash), &name->link);
    __atomic_store_n(&u->name, name, __ATOMIC_RELEASE);
    return OK;
}

/* ---- binding ---- */

static err_t bind_abstract(struct unix_socket *u, const struct socket_address *address)
{
    struct unix_name *name = name_create(address, u->socket.type);
    if (!name) return ERR_NO_MEMORY;
    name->hash = hash_of_bytes(address, u->socket.type);
    spin_lock(&names_lock);
    bool is_taken = find_locked(address, u->socket.type, name->hash);
    err_t e = is_taken && !u->name ? ERR_ADDRESS_IN_USE : give_locked(u, name);
    spin_unlock(&names_lock);
    if (failed(e)) unix_name_put(name);
    return e;
}

err_t unix_bind_anything(struct unix_socket *u)
{
    static const char digits[] = "0123456789abcdef";
    struct socket_address address = { .bytes = FAMILY_BYTES + 1 + AUTOBIND_BYTES, .family = LINUX_AF_UNIX };
    uint32_t first = (uint32_t)entropy_u64();
    if (unix_name_of(u)) return OK;
    for (uint32_t i = 0; i < AUTOBIND_NAMES; i++) {
        uint32_t number = first + i;
        for (uint32_t k = 0; k < AUTOBIND_BYTES; k++)
            address.un.path[1 + k] = digits[number >> 4 * (AUTOBIND_BYTES - 1 - k) & 15];
        err_t e = bind_abstract(u, &address);
        if (e.code == ERR_INVALID.code) return OK; /* another thread was quicker */
        if (e.code != ERR_ADDRESS_IN_USE.code) return e;
    }
    return ERR_NO_SPACE;
}

static struct path_from from_here(void) { return (struct path_from){ .context = process_current()->fs }; }

/* The path as it is told later: its NUL counts, even where the program gave none. */
static void normalize(const struct socket_address *given, struct socket_address *out)
{
    size_t length = 0;
    while (length < given->bytes - FAMILY_BYTES && given->un.path[length]) length++;
    *out = (struct socket_address){ .bytes = (uint32_t)(FAMILY_BYTES + length + 1), .family = LINUX_AF_UNIX };
    memcpy(out->raw + FAMILY_BYTES, given->un.path, length);
}

static err_t bind_path(struct unix_socket *u, const struct socket_address *given)
{
    struct socket_address address;
    normalize(given, &address);
    struct unix_name *name = name_create(&address, u->socket.type);
    if (!name) return ERR_NO_MEMORY;
    struct path_from from = from_here();
    struct node_request node = { .mode = LINUX_S_IFSOCK | 0777 };
    err_t e = namespace_create_vnode(&from, address.un.path, node, &name->vnode);
    if (!failed(e)) {
        name->hash = hash_of_vnode(name->vnode);
        spin_lock(&names_lock);
        e = give_locked(u, name);
        spin_unlock(&names_lock);
        if (failed(e)) {
            err_t undone = namespace_unlink(&from, address.un.path);
            (void)undone; /* somebody else may have taken the name away */
        }
    } else if (e.code == ERR_EXISTS.code) {
        e = ERR_ADDRESS_IN_USE;
    }
    if (failed(e)) unix_name_put(name);
    return e;
}

err_t unix_bind(struct socket *s, const struct socket_address *address)
{
    struct unix_socket *u = unix_of(s);
    if (address->bytes == FAMILY_BYTES && address->family == LINUX_AF_UNIX) return unix_bind_anything(u);
    err_t e = unix_check_address(address);
    if (failed(e)) return e;
    return is_abstract(address) ? bind_abstract(u, address) : bind_path(u, address);
}

/* ---- finding ---- */

static err_t find_abstract(const struct socket_address *address, uint32_t type, struct unix_socket **out)
{
    spin_lock(&names_lock);
    struct unix_name *name = find_locked(address, type, hash_of_bytes(address, type));
    if (name) *out = unix_get(name->owner);
    spin_unlock(&names_lock);
    return name ? OK : ERR_REFUSED;
}

static err_t find_path(const struct socket_address *given, uint32_t type, struct unix_socket **out)
{
    struct socket_address address;
    struct vnode *v;
    struct path_from from = from_here();
    normalize(given, &address);
    err_t e = path_get_vnode(&from, address.un.path, WALK_FOLLOW, &v);
    if (failed(e)) return e;
    e = permission_check(v, MAY_WRITE);
    if (failed(e)) {
        vnode_put(v);
        return e;
    }
    spin_lock(&names_lock);
    struct unix_name *name = vnode_type(v) == LINUX_S_IFSOCK ? find_vnode_locked(v) : NULL;
    if (!name)
        e = ERR_REFUSED;
    else if (name->type != type)
        e = ERR_PROTOCOL_TYPE;
    else
        *out = unix_get(name->owner);
    spin_unlock(&names_lock);
    vnode_put(v);
    return e;
}

err_t unix_find(const struct socket_address *address, uint32_t type, struct unix_socket **out)
{
    return is_abstract(address) ? find_abstract(address, type, out) : find_path(address, type, out);
}
