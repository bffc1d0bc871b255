/* SPDX-License-Identifier: Apache-2.0 */
/* Sending and receiving. [linux net/socket.c] for the order of checks. */
#include "syscall/sys_socket.h"

#include "abi/linux/fcntl.h"
#include "core/time.h"
#include "fs/file.h"
#include "mm/heap.h"
#include "process/user_thread.h"
#include "syscall/io_pieces.h"
#include "syscall/sys_path.h"
#include "syscall/timespec.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

enum {
    CONTROL_BYTES_MAX = 131072, /* net.core.optmem_max */
    CONTROL_SHORT = 128,
};

/* Flags that are the kernel's own or of other calls. */
#define FLAGS_IGNORED LINUX_MSG_WAITFORONE

static uint32_t message_flags(const struct file *file, uint64_t flags)
{
    return ((uint32_t)flags & ~FLAGS_IGNORED) | (file->flags & LINUX_O_NONBLOCK ? LINUX_MSG_DONTWAIT : 0);
}

/* ---- one piece of memory ---- */

int64_t sys_sendto(uint64_t fd, uint64_t data, uint64_t bytes, uint64_t flags, uint64_t address,
                   uint64_t address_bytes)
{
    struct io_pieces pieces;
    struct io_buffer buffer;
    struct socket_address to;
    struct socket *s;
    struct file *file;
    err_t e = io_pieces_decode(data, MIN(bytes, LINUX_RW_COUNT_MAX), &pieces);
    if (!failed(e)) e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    if (address) e = socket_address_read(address, address_bytes, &to);
    int64_t result = e.code;
    if (!failed(e)) {
        io_buffer_init_user(&buffer, pieces.segments, pieces.bytes);
        result = socket_send(s, &(struct socket_message){ .data = &buffer,
                                                          .address = address ? &to : NULL,
                                                          .flags = message_flags(file, flags) });
    }
    file_put(file);
    return result;
}

int64_t sys_recvfrom(uint64_t fd, uint64_t data, uint64_t bytes, uint64_t flags, uint64_t address,
                     uint64_t length_at)
{
    struct io_pieces pieces;
    struct io_buffer buffer;
    struct socket_address from;
    struct socket *s;
    struct file *file;
    err_t e = io_pieces_decode(data, MIN(bytes, LINUX_RW_COUNT_MAX), &pieces);
    if (!failed(e)) e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    from.bytes = 0;
    io_buffer_init_user(&buffer, pieces.segments, pieces.bytes);
    int64_t result = socket_receive(s, &(struct socket_message){ .data = &buffer,
                                                                 .address = address ? &from : NULL,
                                                                 .flags = message_flags(file, flags) });
    if (result >= 0 && address) {
        e = socket_address_write(&from, address, length_at);
        if (failed(e)) result = e.code;
    }
    file_put(file);
    return result;
}

/* ---- struct msghdr ---- */

/* A decoded header: its vector, and the address that is sent to. */
struct header {
    struct linux_msghdr user;
    struct io_pieces pieces;
    struct socket_address address;
};

static err_t read_header(uint64_t at, bool is_sent, struct header *out)
{
    struct linux_msghdr *h = &out->user;
    err_t e = user_copy_in(h, UADDR(at), sizeof(*h));
    if (failed(e)) return e;
    if (!h->name) h->name_bytes = 0;
    if (h->name_bytes < 0) return ERR_INVALID;
    h->name_bytes = MIN(h->name_bytes, (int32_t)LINUX_SOCKADDR_MAX);
    out->address.bytes = 0;
    if (is_sent && h->name_bytes) {
        e = socket_address_read(h->name, (uint64_t)h->name_bytes, &out->address);
        if (failed(e)) return e;
    }
    if (h->vector_count > LINUX_IOV_MAX) return ERR_MESSAGE_SIZE;
    return io_pieces_decode_vector(h->vector, h->vector_count, &out->pieces);
}

/* Control data that is sent, copied once. */
struct control {
    uint8_t *bytes;
    uint8_t near[CONTROL_SHORT] ALIGNED(8);
};

static err_t read_control(const struct linux_msghdr *h, struct control *out)
{
    out->bytes = out->near;
    if (h->control_bytes == 0) return OK;
    if (h->control_bytes > CONTROL_BYTES_MAX) return ERR_NO_BUFFERS;
    if (h->control_bytes > sizeof(out->near)) out->bytes = heap_alloc(h->control_bytes);
    if (!out->bytes) return ERR_NO_BUFFERS;
    err_t e = user_copy_in(out->bytes, UADDR(h->control), h->control_bytes);
    if (failed(e) && out->bytes != out->near) heap_free(out->bytes);
    return e;
}

static int64_t send_one(struct socket *s, uint64_t at, uint32_t flags)
{
    struct header header;
    struct control control;
    struct io_buffer buffer;
    err_t e = read_header(at, true, &header);
    if (failed(e)) return e.code;
    e = read_control(&header.user, &control);
    int64_t result = e.code;
    if (!failed(e)) {
        io_buffer_init_user(&buffer, header.pieces.segments, header.pieces.bytes);
        result =
            socket_send(s, &(struct socket_message){ .data = &buffer,
                                                     .address = header.address.bytes ? &header.address : NULL,
                                                     .flags = flags,
                                                     .control = control.bytes,
                                                     .control_bytes = header.user.control_bytes });
        if (control.bytes != control.near) heap_free(control.bytes);
    }
    io_pieces_fini(&header.pieces);
    return result;
}

/* What the answer says besides the bytes. */
static err_t write_answer(uint64_t at, const struct header *header, const struct socket_message *m)
{
    const struct linux_msghdr *h = &header->user;
    err_t e = h->name ? socket_address_write(&header->address, h->name,
                                             at + offsetof(struct linux_msghdr, name_bytes))
                      : OK;
    uint64_t used = h->control_bytes - m->control_bytes;
    uint32_t flags = m->out_flags | (m->flags & LINUX_MSG_CMSG_CLOEXEC);
    if (!failed(e))
        e = user_copy_out(UADDR(at + offsetof(struct linux_msghdr, flags)), &flags, sizeof(flags));
    return failed(e)
               ? e
               : user_copy_out(UADDR(at + offsetof(struct linux_msghdr, control_bytes)), &used, sizeof(used));
}

/* `out_flags`: of the answer. */
static int64_t receive_one(struct socket *s, uint64_t at, uint32_t flags, uint32_t *out_flags)
{
    struct header header;
    struct io_buffer buffer;
    err_t e = read_header(at, false, &header);
    if (failed(e)) return e.code;
    io_buffer_init_user(&buffer, header.pieces.segments, header.pieces.bytes);
    struct socket_message m = {
        .data = &buffer,
        .address = header.user.name ? &header.address : NULL,
        .flags = flags,
        .control_address = header.user.control,
        .control_bytes = header.user.control_bytes,
        .has_control_buffer = header.user.control,
    };
    int64_t result = socket_receive(s, &m);
    if (result >= 0) {
        *out_flags = m.out_flags;
        e = write_answer(at, &header, &m);
        if (failed(e)) result = e.code;
    }
    io_pieces_fini(&header.pieces);
    return result;
}

int64_t sys_sendmsg(uint64_t fd, uint64_t header, uint64_t flags)
{
    struct socket *s;
    struct file *file;
    if ((uint32_t)flags & LINUX_MSG_CMSG_COMPAT) return ERR_INVALID.code;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    int64_t result = send_one(s, header, message_flags(file, flags));
    file_put(file);
    return result;
}

int64_t sys_recvmsg(uint64_t fd, uint64_t header, uint64_t flags)
{
    struct socket *s;
    struct file *file;
    uint32_t out_flags;
    if ((uint32_t)flags & LINUX_MSG_CMSG_COMPAT) return ERR_INVALID.code;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    int64_t result = receive_one(s, header, message_flags(file, flags), &out_flags);
    file_put(file);
    return result;
}

/* ---- several messages ---- */

static err_t tell_bytes(uint64_t at, int64_t bytes)
{
    uint32_t count = (uint32_t)bytes;
    return user_copy_out(UADDR(at + offsetof(struct linux_mmsghdr, bytes)), &count, sizeof(count));
}

int64_t sys_sendmmsg(uint64_t fd, uint64_t headers, uint64_t count, uint64_t flags)
{
    struct socket *s;
    struct file *file;
    if ((uint32_t)flags & LINUX_MSG_CMSG_COMPAT) return ERR_INVALID.code;
    err_t e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    int64_t result = 0;
    uint32_t sent = 0, wanted = MIN((uint32_t)count, (uint32_t)LINUX_IOV_MAX);
    while (sent < wanted && result >= 0) {
        uint64_t at = headers + sent * sizeof(struct linux_mmsghdr);
        result = send_one(s, at, message_flags(file, flags));
        if (result >= 0) result = tell_bytes(at, result).code;
        sent += result >= 0;
    }
    file_put(file);
    return sent ? sent : result;
}

/* Until `end_ns`, which is looked at between messages only, as on Linux. */
static int64_t receive_many(struct socket *s, const struct file *file, uint64_t headers, uint32_t wanted,
                            uint32_t flags, uint64_t end_ns)
{
    int64_t result = socket_take_error(s).code;
    uint32_t received = 0;
    uint32_t own = message_flags(file, flags);
    while (received < wanted && result >= 0) {
        uint64_t at = headers + received * sizeof(struct linux_mmsghdr);
        uint32_t out_flags = 0;
        result = receive_one(s, at, own, &out_flags);
        if (result >= 0) result = tell_bytes(at, result).code;
        if (result < 0) break;
        received++;
        if (flags & LINUX_MSG_WAITFORONE) own |= LINUX_MSG_DONTWAIT;
        if (time_now_ns() >= end_ns || out_flags & LINUX_MSG_OOB) break;
    }
    /* An error after some messages is told by the next call. */
    bool is_kept = result < 0 && received && result != ERR_TRY_AGAIN.code;
    if (is_kept) socket_set_error(s, (err_t){ (int)result });
    return received ? received : result;
}

int64_t sys_recvmmsg(uint64_t fd, uint64_t headers, uint64_t count, uint64_t flags, uint64_t timeout)
{
    struct socket *s;
    struct file *file;
    uint64_t ns, end_ns = UINT64_MAX;
    if ((uint32_t)flags & LINUX_MSG_CMSG_COMPAT) return ERR_INVALID.code;
    err_t e = timeout ? timespec_read(timeout, &ns) : OK;
    if (timeout && !failed(e) && add_overflows(time_now_ns(), ns, &end_ns)) end_ns = UINT64_MAX;
    if (!failed(e)) e = socket_argument(fd, &file, &s);
    if (failed(e)) return e.code;
    uint32_t wanted = MIN((uint32_t)count, (uint32_t)LINUX_IOV_MAX);
    int64_t result = receive_many(s, file, headers, wanted, (uint32_t)flags, end_ns);
    file_put(file);
    if (!timeout || result <= 0) return result;
    uint64_t now_ns = time_now_ns();
    e = timespec_write(timeout, now_ns < end_ns ? end_ns - now_ns : 0);
    return failed(e) ? e.code : result;
}
