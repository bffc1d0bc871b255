/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kfd: from a request's number to its function, by the list of abi/kfd_ioctls.def. */
#include "gpu/amd/kfd.h"

#include "core/log.h"
#include "core/unsupported.h"
#include "fs/file.h"
#include "gpu/amd/request.h"
#include "lib/string.h"
#include "vm/usercopy.h"

typedef err_t request_fn(struct kfd_process *process, void *args);
struct request {
    request_fn *function; /* NULL: refused */
    uint16_t bytes;       /* of the arguments */
    uint8_t directions, since;
    const err_t *error; /* of one that is refused */
};

enum { R = REQUEST_READ, W = REQUEST_WRITE, RW = REQUEST_READ | REQUEST_WRITE };
static const struct request requests[] = {
#define KFD_CALL(number, name, stem, directions, since, status, note) \
    [number] = { kfd_##stem, sizeof(struct linux_kfd_##stem##_args), directions, since, NULL },
#define KFD_REFUSED(number, name, stem, directions, since, error_, note) \
    [number] = { NULL, sizeof(struct linux_kfd_##stem##_args), directions, since, &ERR_##error_ },
#include "abi/kfd_ioctls.def"
#undef KFD_CALL
#undef KFD_REFUSED
};

/* The largest arguments; of each request the table has been checked against it. */
enum { ARGS_BYTES_MAX = sizeof(struct linux_kfd_get_process_apertures_args) };
#define KFD_CALL(number, name, stem, ...) \
    _Static_assert(sizeof(struct linux_kfd_##stem##_args) <= ARGS_BYTES_MAX, #name);
#define KFD_REFUSED(...)
#include "abi/kfd_ioctls.def"
#undef KFD_CALL
#undef KFD_REFUSED

static const struct request *find(uint32_t number)
{
    uint32_t index = request_number(number);
    if (request_type(number) != LINUX_KFD_TYPE || index >= ARRAY_LENGTH(requests)) return NULL;
    const struct request *r = &requests[index];
    return r->since && r->since <= LINUX_KFD_MINOR_MAX ? r : NULL;
}

/* The program's arguments may be shorter or longer than ours, as its request says: what it does not know is zero, what
 * we do not know is left alone or, where nothing was asked with it, zero. [linux amdkfd/kfd_chardev.c, kfd_ioctl] */
static err_t take_arguments(const struct request *r, uint32_t number, uint64_t address, void *args)
{
    size_t bytes = MIN((size_t)request_bytes(number), (size_t)r->bytes);
    memset(args, 0, r->bytes);
    return r->directions & REQUEST_WRITE ? user_copy_in(args, UADDR(address), bytes) : OK;
}

static err_t give_arguments(const struct request *r, uint32_t number, uint64_t address, const void *args)
{
    size_t bytes = request_bytes(number), ours = MIN(bytes, (size_t)r->bytes);
    if (!(r->directions & REQUEST_READ)) return OK;
    err_t e = user_copy_out(UADDR(address), args, ours);
    if (!failed(e) && !(r->directions & REQUEST_WRITE)) e = user_zero(UADDR(address + ours), bytes - ours);
    return e;
}

static err_t make_request(struct kfd_process *process, uint32_t number, uint64_t address)
{
    uint64_t args[ARGS_BYTES_MAX / sizeof(uint64_t)];
    const struct request *r = find(number);
    if (!r || !r->function) {
        unsupported_note(CHANNEL_STAT_IOCTL, number);
        return r ? *r->error : ERR_INVALID;
    }
    err_t e = take_arguments(r, number, address, args);
    if (failed(e)) return e;
    e = r->function(process, args);
    /* Also after a failure: it may say how far it came. */
    err_t given = give_arguments(r, number, address, args);
    return failed(given) ? given : e;
}

static int64_t kfd_ioctl(struct file *file, uint32_t number, uint64_t address)
{
    struct kfd_process *process = file->context;
    if (!kfd_process_is_current(process)) return ERR_BAD_FD.code;
    return make_request(process, number, address).code;
}

/* A GPU that was lost comes back for whoever wants to use it anew. */
static void recover_gpus(void)
{
    for (uint32_t i = 0; i < kfd_gpu_count(); i++) {
        struct gpu_device *device = kfd_gpu_at(i)->device;
        if (!gpu_device_is_lost(device)) continue;
        err_t e = gpu_device_recover(device);
        if (failed(e)) log_warning("kfd: GPU %u does not come back: %s", i, err_text(e));
    }
}

static err_t kfd_open(struct file *file, uint32_t flags)
{
    (void)flags;
    struct kfd_process *process;
    kfd_process_bury();
    recover_gpus();
    err_t e = kfd_process_open(&process);
    if (!failed(e)) file->context = process;
    return e;
}

static void kfd_release(struct file *file)
{
    if (file->context) kfd_process_put(file->context);
}

const struct file_ops kfd_ops = {
    .name = "kfd",
    .open = kfd_open,
    .ioctl = kfd_ioctl,
    .map = kfd_map,
    .release = kfd_release,
};
