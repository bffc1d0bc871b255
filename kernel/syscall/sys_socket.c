/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets: making, naming, connecting. [linux net/socket.c] for the order of checks. */
#include "syscall/sys_socket.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/process.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

_Static_assert((int)LINUX_SOCK_NONBLOCK == LINUX_O_NONBLOCK && (int)LINUX_SOCK_CLOEXEC == LINUX_O_CLOEXEC,
               "flags of a socket's type are those of its file");

enum { NEW_FLAGS = LINUX_SOCK_NONBLOCK | LINUX_SOCK_CLOEXEC };

static struct fd_table *files(void) { return process_current()->files; }

static bool is_nonblocking(const struct file *file) { return file->flags & LINUX_O_NONBLOCK; }

err_t socket_argument(uint64_t fd, struct file **file, struct socket **out)
{
    err_t e = file_argument(fd, file);
    if (failed(e)) return e;
    *out = socket_of(*file);
    if (*out) return OK;
    file_put(*file);
    return ERR_NOT_SOCKET;
}

err_t socket_address_read(uint64_t address, uint64_t bytes, struct socket_address *out)
{
    if ((uint32_t)bytes > sizeof(out->raw)) return ERR_INVALID;
    *out = (struct socket_address){ .bytes = (uint32_t)bytes };
    return out->bytes ? user_copy_in(out->raw, UADDR(address), out->bytes) : OK;
}

err_t socket_address_write(const struct socket_address *from, uint64_t address, uint64_t length_at)
{
    int32_t room;
    err_t e = user_copy_in(&room, UADDR(length_at), sizeof(room));
    if (failed(e)) return e;
    if (room < 0) return ERR_INVALID;
    uint32_t bytes = MIN((uint32_t)room, from->bytes);
    if (bytes) e = user_copy_out(UADDR(address), from->raw, bytes);
    return failed(e) ? e : user_copy_out(UADDR(length_at), &from->bytes, sizeof(from->bytes));
}

/* ---- new ones ---- */

/* Under the number that is reserved for it, or not at all. */
static int64_t open_and_install(struct socket *s, uint32_t flags, uint32_t fd)
{
    struct file *file;
    err_t e = socket_open(s, flags & LINUX_O_NONBLOCK, &file);
    if (failed(e)) {
        socket_release(s);
        fd_cancel(files(), fd);
        return e.code;
    }
    fd_install(files(), fd, file);
    return fd;
}

static bool is_type_valid(uint64_t type)
{
    return !((uint32_t)type & ~(uint32_t)(LINUX_SOCK_TYPE_MASK | NEW_FLAGS));
}

int64_t sys_socket(uint64_t family, uint64_t type, uint64_t protocol)
{
    struct socket *s;
    uint32_t fd;
    if (!is_type_valid(type)) return ERR_INVALID.code;
    err_t e = socket_create((int32_t)family, type & LINUX_SOCK_TYPE_MASK, (int32_t)protocol, &s);
    if (failed(e)) return e.code;
    e = fd_reserve(files(), 0, fd_limit(), type & LINUX_SOCK_CLOEXEC, &fd);
    if (failed(e)) {
        socket_release(s);
        return e.code;
    }
    return open_and_install(s, (uint32_t)type, fd);
}

static err_t open_pair(uint64_t family, uint64_t type, uint64_t protocol, struct file *out[2])
{
    struct socket *pair[2];
    err_t e = socket_create_pair((int32_t)family, type & LINUX_SOCK_TYPE_MASK, (int32_t)protocol, pair);
    if (failed(e)) return e;
    e = socket_open(pair[0], type & LINUX_SOCK_NONBLOCK, &out[0]);
    if (failed(e)) goto release_both;
    e = socket_open(pair[1], type & LINUX_SOCK_NONBLOCK, &out[1]);
    if (failed(e)) goto release_second;
    return OK;

release_both:
    socket_release(pair[0]);
    socket_release(pair[1]);
    return e;
release_second:
    file_put(out[0]);
    socket_release(pair[1]);
    return e;
}

int64_t sys_socketpair(uint64_t family, uint64_t type, uint64_t protocol, uint64_t out)
{
    uint32_t fds[2];
    struct file *pair[2];
    if (!is_type_valid(type)) return ERR_INVALID.code;
    err_t e = fd_reserve(files(), 0, fd_limit(), type & LINUX_SOCK_CLOEXEC, &fds[0]);
    if (failed(e)) return e.code;
    e = fd_reserve(files(), 0, fd_limit(), type & LINUX_SOCK_CLOEXEC, &fds[1]);
    if (failed(e)) goto cancel_first;
    e = user_copy_out(UADDR(out), fds, sizeof(fds));
    if (!failed(e)) e = open_pair(family, type, protocol, pair);
    if (failed(e)) goto cancel_both;
    fd_install(files(), fds[0], pair[0]);
    fd_install(files(), fds[1], pair[1]);
    return 0;

cancel_both:
    fd_cancel(files(), fds[1]);
cancel_first:
    fd_cancel(files(), fds[0]);
    return e.code;
}

/* ---- names and connections ---- */

int64_t sys_bind(uint64_t fd, uint64_t address, uint64_t bytes)
{
    struct socket_address a;
    struct socket *s;
    struct file *file;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    e = socket_address_read(address, bytes, &a);
    if (!failed(e)) e = s->ops->bind(s, &a);
    file_put(file);
    return e.code;
}

int64_t sys_connect(uint64_t fd, uint64_t address, uint64_t bytes)
{
    struct socket_address a;
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    struct socket *s = socket_of(file);
    e = socket_address_read(address, bytes, &a);
    if (!failed(e)) e = s ? s->ops->connect(s, &a, is_nonblocking(file)) : ERR_NOT_SOCKET;
    file_put(file);
    return e.code;
}

int64_t sys_listen(uint64_t fd, uint64_t backlog)
{
    struct socket *s;
    struct file *file;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    e = s->ops->listen(s, (uint32_t)backlog);
    file_put(file);
    return e.code;
}

/* What comes is lost when the program has nowhere to put its name, as on Linux. */
static int64_t accept_into(struct file *file, uint64_t address, uint64_t length_at, uint32_t flags,
                           uint32_t fd)
{
    struct socket *s = socket_of(file), *accepted = NULL;
    struct socket_address name;
    err_t e = s ? s->ops->accept(s, is_nonblocking(file), &accepted) : ERR_NOT_SOCKET;
    if (!failed(e) && address) {
        e = accepted->ops->get_name(accepted, true, &name);
        e = failed(e) ? ERR_ABORTED : socket_address_write(&name, address, length_at);
        if (failed(e)) socket_release(accepted);
    }
    if (!failed(e)) return open_and_install(accepted, flags, fd);
    fd_cancel(files(), fd);
    return e.code;
}

int64_t sys_accept4(uint64_t fd, uint64_t address, uint64_t length_at, uint64_t flags)
{
    struct file *file;
    uint32_t new_fd;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    if ((uint32_t)flags & ~(uint32_t)NEW_FLAGS) e = ERR_INVALID;
    if (!failed(e)) e = fd_reserve(files(), 0, fd_limit(), flags & LINUX_SOCK_CLOEXEC, &new_fd);
    int64_t result = failed(e) ? e.code : accept_into(file, address, length_at, (uint32_t)flags, new_fd);
    file_put(file);
    return result;
}

int64_t sys_accept(uint64_t fd, uint64_t address, uint64_t length_at)
{
    return sys_accept4(fd, address, length_at, 0);
}

static int64_t tell_name(uint64_t fd, bool is_peer, uint64_t address, uint64_t length_at)
{
    struct socket_address name;
    struct socket *s;
    struct file *file;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    e = s->ops->get_name(s, is_peer, &name);
    file_put(file);
    return failed(e) ? e.code : socket_address_write(&name, address, length_at).code;
}

int64_t sys_getsockname(uint64_t fd, uint64_t address, uint64_t length_at)
{
    return tell_name(fd, false, address, length_at);
}

int64_t sys_getpeername(uint64_t fd, uint64_t address, uint64_t length_at)
{
    return tell_name(fd, true, address, length_at);
}

int64_t sys_shutdown(uint64_t fd, uint64_t how)
{
    struct socket *s;
    struct file *file;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    e = s->ops->shutdown(s, (uint32_t)how);
    file_put(file);
    return e.code;
}

/* ---- options ---- */

int64_t sys_setsockopt(uint64_t fd, uint64_t level, uint64_t name, uint64_t value, uint64_t bytes)
{
    struct socket *s;
    struct file *file;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    e = socket_set_option(s, (int32_t)level, (int32_t)name, value, (int32_t)bytes);
    file_put(file);
    return e.code;
}

int64_t sys_getsockopt(uint64_t fd, uint64_t level, uint64_t name, uint64_t value, uint64_t length_at)
{
    struct socket *s;
    struct file *file;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    e = socket_get_option(s, (int32_t)level, (int32_t)name, value, length_at);
    file_put(file);
    return e.code;
}
