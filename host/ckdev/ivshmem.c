/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/ivshmem.h"

#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

enum { IVSHMEM_VERSION = 0 };

err_t ivshmem_init(struct ivshmem *ivshmem)
{
    for (size_t i = 0; i < GPU_KICK_COUNT; i++)
        if ((ivshmem->kicks[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) return ERR_TOO_MANY_FILES;
    for (size_t i = 0; i < GPU_INTERRUPT_COUNT; i++)
        if ((ivshmem->interrupts[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) return ERR_TOO_MANY_FILES;
    return OK;
}

/* A message is a number of 8 bytes, with at most one descriptor. */
static err_t say(int connection, int64_t number, int fd)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec data = { &number, sizeof number };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                           .cmsg_type = SCM_RIGHTS,
                                           .cmsg_len = CMSG_LEN(sizeof fd) };
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    return sendmsg(connection, &message, MSG_NOSIGNAL) == sizeof number ? OK : ERR_IO;
}

err_t ivshmem_greet(const struct ivshmem *ivshmem, int connection, int window_fd)
{
    err_t e = say(connection, IVSHMEM_VERSION, -1);
    if (!failed(e)) e = say(connection, GPU_IVSHMEM_MACHINE, -1);
    if (!failed(e)) e = say(connection, -1, window_fd);
    for (size_t i = 0; i < GPU_KICK_COUNT && !failed(e); i++)
        e = say(connection, GPU_IVSHMEM_DEVICE, ivshmem->kicks[i]);
    for (size_t i = 0; i < GPU_INTERRUPT_COUNT && !failed(e); i++)
        e = say(connection, GPU_IVSHMEM_MACHINE, ivshmem->interrupts[i]);
    return e;
}
