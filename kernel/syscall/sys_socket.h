/* SPDX-License-Identifier: Apache-2.0 */
/* System calls about sockets: they decode their arguments, in Linux's order, and make one call of socket/socket.h. */
#pragma once
#include "socket/socket.h"

/* ---- sys_socket.c ---- */
int64_t sys_socket(uint64_t family, uint64_t type, uint64_t protocol);
int64_t sys_socketpair(uint64_t family, uint64_t type, uint64_t protocol, uint64_t out);
int64_t sys_bind(uint64_t fd, uint64_t address, uint64_t bytes);
int64_t sys_connect(uint64_t fd, uint64_t address, uint64_t bytes);
int64_t sys_listen(uint64_t fd, uint64_t backlog);
int64_t sys_accept(uint64_t fd, uint64_t address, uint64_t length_at);
int64_t sys_accept4(uint64_t fd, uint64_t address, uint64_t length_at, uint64_t flags);
int64_t sys_getsockname(uint64_t fd, uint64_t address, uint64_t length_at);
int64_t sys_getpeername(uint64_t fd, uint64_t address, uint64_t length_at);
int64_t sys_shutdown(uint64_t fd, uint64_t how);
int64_t sys_setsockopt(uint64_t fd, uint64_t level, uint64_t name, uint64_t value, uint64_t bytes);
int64_t sys_getsockopt(uint64_t fd, uint64_t level, uint64_t name, uint64_t value, uint64_t length_at);

/* ---- sys_socket_message.c ---- */
int64_t sys_sendto(uint64_t fd, uint64_t data, uint64_t bytes, uint64_t flags, uint64_t address,
                   uint64_t address_bytes);
int64_t sys_recvfrom(uint64_t fd, uint64_t data, uint64_t bytes, uint64_t flags, uint64_t address,
                     uint64_t length_at);
int64_t sys_sendmsg(uint64_t fd, uint64_t header, uint64_t flags);
int64_t sys_recvmsg(uint64_t fd, uint64_t header, uint64_t flags);
int64_t sys_sendmmsg(uint64_t fd, uint64_t headers, uint64_t count, uint64_t flags);
int64_t sys_recvmmsg(uint64_t fd, uint64_t headers, uint64_t count, uint64_t flags, uint64_t timeout);

/* ---- what both use ---- */

/* The socket behind a descriptor, its file counted. BAD_FD, NOT_SOCKET. */
err_t socket_argument(uint64_t fd, struct file **file, struct socket **out);
/* An address; what is behind it is zeros. INVALID, FAULT. */
err_t socket_address_read(uint64_t address, uint64_t bytes, struct socket_address *out);
/* As much of it as there is room for, and how long it is. INVALID, FAULT. */
err_t socket_address_write(const struct socket_address *from, uint64_t address, uint64_t length_at);
