/* SPDX-License-Identifier: Apache-2.0 */
/* Open files and identities that come with a message. While files lie in a piece they are in flight, and so are sockets
 * among them: their counts are kept for unix_garbage.c. [linux net/core/scm.c, net/unix/garbage.c] */
#include "abi/linux/fcntl.h"
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/process.h"
#include "socket/unix_internal.h"
#include "vm/usercopy.h"

struct mutex rights_lock = MUTEX_INIT(rights_lock);
struct list sockets_in_flight = LIST_INIT(sockets_in_flight);
uint32_t sockets_in_flight_count, garbage_wanted_at = GARBAGE_LEAST;

void rights_put(struct rights *rights)
{
    if (!rights) return;
    for (uint32_t i = 0; i < rights->count; i++) file_put(rights->files[i]);
    heap_free(rights);
}

/* ---- what a sender gives ---- */

static size_t bytes_of(uint32_t count) { return sizeof(struct rights) + count * sizeof(struct file *); }

static err_t decode_rights(const struct control_record *record, struct unix_cargo *out)
{
    uint32_t count = record->bytes / sizeof(int32_t), before = out->rights ? out->rights->count : 0;
    if (count == 0) return OK;
    if (count > LINUX_SCM_MAX_FD || before + count > LINUX_SCM_MAX_FD) return ERR_INVALID;
    struct rights *rights =
        before ? heap_resize(out->rights, bytes_of(before + count)) : heap_alloc(bytes_of(count));
    if (!rights) return ERR_NO_MEMORY;
    rights->count = before;
    out->rights = rights;
    for (uint32_t i = 0; i < count; i++) {
        int32_t fd;
        memcpy(&fd, record->data + i * sizeof(fd), sizeof(fd));
        struct file *file = fd < 0 ? NULL : fd_get(process_current()->files, (uint32_t)fd);
        if (!file) return ERR_BAD_FD;
        rights->files[rights->count++] = file;
    }
    return OK;
}

static bool is_one_of(const struct credential_ids *own, uint32_t id)
{
    return id == own->real || id == own->effective || id == own->saved;
}

/* Whether the process may call itself that. */
static err_t check_identity(const struct linux_ucred *claimed)
{
    const struct credentials *c = credentials_current();
    if (claimed->uid == UINT32_MAX || claimed->gid == UINT32_MAX) return ERR_INVALID;
    bool is_own_pid = claimed->pid == process_current()->pid;
    bool may_be = (is_own_pid || credentials_can(c, LINUX_CAP_SYS_ADMIN)) &&
                  (is_one_of(&c->uid, claimed->uid) || credentials_can(c, LINUX_CAP_SETUID)) &&
                  (is_one_of(&c->gid, claimed->gid) || credentials_can(c, LINUX_CAP_SETGID));
    if (!may_be) return ERR_NOT_PERMITTED;
    if (is_own_pid) return OK;
    spin_lock(&process_tree_lock);
    bool is_somebody = process_id_find_locked(claimed->pid);
    spin_unlock(&process_tree_lock);
    return is_somebody ? OK : ERR_NO_PROCESS;
}

static err_t decode_identity(const struct control_record *record, struct unix_cargo *out)
{
    if (record->bytes != sizeof(out->identity)) return ERR_INVALID;
    memcpy(&out->identity, record->data, sizeof(out->identity));
    out->has_identity = true;
    return check_identity(&out->identity);
}

err_t cargo_decode(const struct socket_message *m, struct unix_cargo *out)
{
    struct control_record record;
    uint64_t offset = 0;
    err_t e = OK;
    *out = (struct unix_cargo){ 0 };
    while (!failed(e) && control_next(m, &offset, &record, &e)) {
        if (record.level != LINUX_SOL_SOCKET) continue;
        switch (record.type) {
        case LINUX_SCM_RIGHTS: e = decode_rights(&record, out); break;
        case LINUX_SCM_CREDENTIALS: e = decode_identity(&record, out); break;
        default: e = ERR_INVALID;
        }
    }
    if (failed(e)) cargo_fini(out);
    return e;
}

void cargo_fini(struct unix_cargo *cargo)
{
    rights_put(cargo->rights);
    cargo->rights = NULL;
}

/* ---- in flight ---- */

static struct unix_socket *unix_of_file(const struct file *file)
{
    struct socket *s = socket_of(file);
    return s && s->family == LINUX_AF_UNIX ? unix_of(s) : NULL;
}

void rights_depart(struct piece *p)
{
    mutex_lock(&rights_lock);
    for (uint32_t i = 0; i < p->rights->count; i++) {
        struct unix_socket *u = unix_of_file(p->rights->files[i]);
        if (!u || u->in_flight++ > 0) continue;
        list_push_back(&sockets_in_flight, &u->flight_link);
        sockets_in_flight_count++;
    }
    bool are_many = sockets_in_flight_count >= garbage_wanted_at;
    mutex_unlock(&rights_lock);
    /* The last reference to a socket that lies in its own queue goes without anybody closing it. */
    if (unlikely(are_many)) unix_collect_garbage();
}

struct rights *rights_arrive(struct piece *p)
{
    mutex_lock(&rights_lock);
    struct rights *rights = p->rights;
    p->rights = NULL;
    for (uint32_t i = 0; i < rights->count; i++) {
        struct unix_socket *u = unix_of_file(rights->files[i]);
        if (!u || --u->in_flight > 0) continue;
        list_remove(&u->flight_link);
        sockets_in_flight_count--;
    }
    mutex_unlock(&rights_lock);
    return rights;
}

err_t rights_copy(const struct piece *p, struct rights **out)
{
    struct rights *copy = heap_alloc(bytes_of(p->rights->count));
    if (!copy) return ERR_NO_MEMORY;
    /* A file that is garbage must not become reachable while the garbage is taken away. */
    mutex_lock(&rights_lock);
    for (uint32_t i = 0; i < p->rights->count; i++) copy->files[i] = file_get(p->rights->files[i]);
    copy->count = p->rights->count;
    mutex_unlock(&rights_lock);
    *out = copy;
    return OK;
}

/* ---- what a receiver gets ---- */

static uint32_t fd_limit(void)
{
    return (uint32_t)MIN(process_current()->limits[LINUX_RLIMIT_NOFILE].soft, (uint64_t)FD_LIMIT_MAX);
}

/* A descriptor for the file, written where the program wants it. */
static err_t install(struct file *file, uint64_t address, bool is_cloexec)
{
    struct fd_table *files = process_current()->files;
    uint32_t fd;
    err_t e = fd_reserve(files, 0, fd_limit(), is_cloexec, &fd);
    if (failed(e)) return e;
    e = user_copy_out(UADDR(address), &fd, sizeof(fd));
    if (failed(e))
        fd_cancel(files, fd);
    else
        fd_install(files, fd, file_get(file));
    return e;
}

static void deliver_rights(struct rights *rights, struct socket_message *m)
{
    uint64_t room = control_room(m) / sizeof(int32_t);
    uint32_t count = (uint32_t)MIN(room, (uint64_t)rights->count), i;
    for (i = 0; i < count; i++) {
        uint64_t address = control_data_address(m) + i * sizeof(int32_t);
        if (failed(install(rights->files[i], address, m->flags & LINUX_MSG_CMSG_CLOEXEC))) break;
    }
    if (i > 0) control_finish(m, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS, i * (uint32_t)sizeof(int32_t));
    if (i < rights->count) m->out_flags |= LINUX_MSG_CTRUNC;
}

void cargo_deliver(struct unix_socket *receiver, struct unix_cargo *cargo, struct socket_message *m)
{
    /* What a sender is called that did not say who it is. [linux, the overflow ids] */
    static const struct linux_ucred nobody = { 0, 65534, 65534 };
    bool wants_identity = socket_has(&receiver->socket, SOCKET_PASS_CREDENTIALS);
    if (wants_identity && m->has_control_buffer)
        control_put(m, LINUX_SOL_SOCKET, LINUX_SCM_CREDENTIALS,
                    cargo->has_identity ? &cargo->identity : &nobody, sizeof(nobody));
    if ((wants_identity || cargo->rights) && !m->has_control_buffer) m->out_flags |= LINUX_MSG_CTRUNC;
    if (cargo->rights && m->has_control_buffer) deliver_rights(cargo->rights, m);
    cargo_fini(cargo);
}
