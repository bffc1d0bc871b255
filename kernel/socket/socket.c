/* SPDX-License-Identifier: Apache-2.0 */
#include "socket/socket.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/poll.h"
#include "core/log.h"
#include "core/time.h"
#include "core/unsupported.h"
#include "fs/credentials.h"
#include "fs/file.h"
#include "process/user_thread.h"

enum {
    BUFFER_BYTES_DEFAULT = 212992, /* [linux include/net/sock.h, SK_WMEM_MAX] */
};

static const struct socket_family *const families[] = { &unix_family, &inet_family, &inet6_family,
                                                        &netlink_family };
static uint64_t last_cookie;

void socket_init(struct socket *s, const struct socket_ops *ops, uint32_t family, uint32_t type,
                 uint32_t protocol)
{
    *s = (struct socket){
        .ops = ops,
        .family = (uint16_t)family,
        .type = (uint8_t)type,
        .protocol = protocol,
        .cookie = __atomic_add_fetch(&last_cookie, 1, __ATOMIC_RELAXED),
        .options = {
            .send_bytes = BUFFER_BYTES_DEFAULT,
            .receive_bytes = BUFFER_BYTES_DEFAULT,
            .low_water = 1,
            .incoming_cpu = -1,
            .receive_timeout_ns = UINT64_MAX,
            .send_timeout_ns = UINT64_MAX,
        },
    };
    wait_queue_init(&s->queue);
    readiness_init(&s->readiness);
}

static const struct socket_family *find_family(int32_t number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
        if (families[i]->number == number) return families[i];
    return NULL;
}

err_t socket_create(int32_t number, uint32_t type, int32_t protocol, struct socket **out)
{
    if (number < 0 || number >= LINUX_AF_COUNT) return ERR_NO_FAMILY;
    if (type >= LINUX_SOCK_TYPE_COUNT) return ERR_INVALID;
    const struct socket_family *family = find_family(number);
    if (family) return family->create(type, protocol, out);
    if (unsupported_note(CHANNEL_STAT_SOCKET_FAMILY, (uint64_t)number))
        log_info("sockets of address family %d are not supported", number);
    return ERR_NO_FAMILY;
}

err_t socket_create_pair(int32_t number, uint32_t type, int32_t protocol, struct socket *out[2])
{
    err_t e = socket_create(number, type, protocol, &out[0]);
    if (failed(e)) return e;
    e = socket_create(number, type, protocol, &out[1]);
    if (failed(e)) goto release_first;
    const struct socket_family *family = find_family(number);
    e = family->pair ? family->pair(out[0], out[1]) : ERR_NOT_SUPPORTED;
    if (failed(e)) goto release_both;
    return OK;

release_both:
    socket_release(out[1]);
release_first:
    socket_release(out[0]);
    return e;
}

/* ---- sending and receiving ---- */

int64_t socket_send(struct socket *s, struct socket_message *message) { return s->ops->send(s, message); }

int64_t socket_receive(struct socket *s, struct socket_message *message)
{
    return s->ops->receive(s, message);
}

static uint32_t flags_of(const struct file *file)
{
    return file->flags & LINUX_O_NONBLOCK ? LINUX_MSG_DONTWAIT : 0;
}

static int64_t socket_read(struct file *file, struct io_buffer *to, uint64_t *position UNUSED)
{
    if (to->left == 0) return 0;
    return socket_receive(file->context, &(struct socket_message){ .data = to, .flags = flags_of(file) });
}

static int64_t socket_write(struct file *file, struct io_buffer *from, uint64_t *position UNUSED)
{
    return socket_send(file->context, &(struct socket_message){ .data = from, .flags = flags_of(file) });
}

static int64_t socket_read_user(struct file *file, uint64_t address, uint64_t bytes)
{
    struct socket *s = file->context;
    if (likely(s->ops->read_user && bytes)) return s->ops->read_user(s, file, address, bytes);
    struct io_segment segment = { address, bytes };
    struct io_buffer to;
    io_buffer_init_user(&to, &segment, bytes);
    return socket_read(file, &to, NULL);
}

static int64_t socket_write_user(struct file *file, uint64_t address, uint64_t bytes)
{
    struct socket *s = file->context;
    if (likely(s->ops->write_user && bytes)) return s->ops->write_user(s, file, address, bytes);
    struct io_segment segment = { address, bytes };
    struct io_buffer from;
    io_buffer_init_user(&from, &segment, bytes);
    return socket_write(file, &from, NULL);
}

/* ---- the file ---- */

static int64_t socket_ioctl(struct file *file, uint32_t request, uint64_t argument)
{
    struct socket *s = file->context;
    int64_t result = s->ops->ioctl ? s->ops->ioctl(s, request, argument) : ERR_NOT_TTY.code;
    /* Sockets of every kind tell of interfaces; C libraries ask those of AF_UNIX. [linux net/socket.c, sock_do_ioctl] */
    return result == ERR_NOT_TTY.code ? inet_interface_ioctl(s, request, argument) : result;
}

static uint32_t socket_poll(struct file *file)
{
    struct socket *s = file->context;
    return s->ops->poll(s);
}

static struct readiness *socket_readiness(struct file *file)
{
    return &((struct socket *)file->context)->readiness;
}

static void socket_release_file(struct file *file) { socket_release(file->context); }

static const struct file_ops socket_file_ops = {
    .name = "socket",
    .is_spliceable = true,
    .mode = LINUX_S_IFSOCK | 0777,
    .read = socket_read,
    .write = socket_write,
    .read_user = socket_read_user,
    .write_user = socket_write_user,
    .ioctl = socket_ioctl,
    .poll = socket_poll,
    .readiness = socket_readiness,
    .release = socket_release_file,
};

err_t socket_open(struct socket *s, uint32_t flags, struct file **out)
{
    struct file *file = file_create(&socket_file_ops, s, LINUX_O_RDWR | flags);
    if (!file) return ERR_NO_MEMORY;
    __atomic_store_n(&s->file, file, __ATOMIC_RELEASE);
    *out = file;
    return OK;
}

struct socket *socket_of(const struct file *file)
{
    return file->ops == &socket_file_ops ? file->context : NULL;
}

/* ---- for families ---- */

void socket_set_error(struct socket *s, err_t error)
{
    __atomic_store_n(&s->error, error.code, __ATOMIC_RELEASE);
}

err_t socket_take_error(struct socket *s)
{
    if (likely(__atomic_load_n(&s->error, __ATOMIC_ACQUIRE) == 0))
        return s->ops->take_error ? s->ops->take_error(s) : OK;
    return (err_t){ __atomic_exchange_n(&s->error, 0, __ATOMIC_ACQ_REL) };
}

static uint64_t deadline_after(uint64_t timeout_ns, uint32_t message_flags)
{
    uint64_t end;
    if (message_flags & LINUX_MSG_DONTWAIT) return 0;
    if (timeout_ns == UINT64_MAX || add_overflows(time_now_ns(), timeout_ns, &end)) return UINT64_MAX;
    return end;
}

uint64_t socket_receive_deadline(const struct socket *s, uint32_t message_flags)
{
    return deadline_after(__atomic_load_n(&s->options.receive_timeout_ns, __ATOMIC_RELAXED), message_flags);
}

uint64_t socket_send_deadline(const struct socket *s, uint32_t message_flags)
{
    return deadline_after(__atomic_load_n(&s->options.send_timeout_ns, __ATOMIC_RELAXED), message_flags);
}

err_t socket_wait_locked(struct socket *s, uint64_t deadline_ns)
{
    if (deadline_ns == 0) return ERR_TRY_AGAIN;
    err_t e = wait_sleep_interruptible_locked(&s->queue, deadline_ns);
    if (e.code == ERR_TIMED_OUT.code) return ERR_TRY_AGAIN;
    /* One with a time limit would begin anew with all of it. [linux include/net/sock.h sock_intr_errno] */
    if (failed(e) && deadline_ns != UINT64_MAX) user_thread_current()->signals.restart.is_final = true;
    return e;
}

err_t socket_broken_pipe(uint32_t message_flags)
{
    if (message_flags & LINUX_MSG_NOSIGNAL) return ERR_BROKEN_PIPE;
    const struct linux_siginfo_head info =
        signal_info_of_sender(process_current()->pid, LINUX_SIGPIPE, LINUX_SI_USER);
    err_t e = signal_send_thread(user_thread_current(), &info);
    (void)e; /* the call fails all the same */
    return ERR_BROKEN_PIPE;
}

struct linux_ucred socket_identity(void)
{
    const struct credentials *c = credentials_current();
    return (struct linux_ucred){ process_current()->pid, c->uid.real, c->gid.real };
}

struct linux_ucred socket_effective_identity(void)
{
    const struct credentials *c = credentials_current();
    return (struct linux_ucred){ process_current()->pid, c->uid.effective, c->gid.effective };
}
