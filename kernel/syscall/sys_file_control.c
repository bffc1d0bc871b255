/* SPDX-License-Identifier: Apache-2.0 */
/* fcntl, ioctl. */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/ioctl.h"
#include "core/unsupported.h"
#include "process/process.h"
#include "fs/credentials.h"
#include "process/process_id.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/pipe.h"
#include "syscall/sys_file_lock.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

enum {
    SETTABLE_FLAGS = LINUX_O_APPEND | LINUX_O_NONBLOCK | LINUX_O_ASYNC | LINUX_O_DIRECT | LINUX_O_NOATIME,
};

static void change_flags(struct file *file, uint32_t mask, uint32_t flags)
{
    __atomic_store_n(&file->flags, (file->flags & ~mask) | (flags & mask), __ATOMIC_RELAXED);
}

/* ---- fcntl ---- */

static int64_t get_seals(struct file *file)
{
    uint32_t seals;
    err_t e = memfd_get_seals(file, &seals);
    return failed(e) ? e.code : (int64_t)seals;
}

static int64_t pipe_capacity(struct file *file, bool is_set, uint64_t wanted)
{
    uint32_t bytes;
    err_t e = is_set ? pipe_set_capacity(file, wanted, &bytes) : pipe_get_capacity(file, &bytes);
    return failed(e) ? e.code : (int64_t)bytes;
}

static int64_t get_descriptor_flags(uint64_t fd)
{
    bool is_cloexec;
    err_t e = fd_get_cloexec(process_current()->files, (uint32_t)fd, &is_cloexec);
    return failed(e) ? e.code : is_cloexec ? LINUX_FD_CLOEXEC : 0;
}

/* SIGIO is not sent: whoever asks for it with O_ASYNC is counted among what is not supported. */
static void change_status(struct file *file, uint32_t mask, uint32_t flags)
{
    if (flags & mask & LINUX_O_ASYNC) unsupported_note(CHANNEL_STAT_FCNTL, LINUX_F_SETOWN);
    change_flags(file, mask, flags);
}

static int64_t set_owner(struct file *file, int32_t owner)
{
    if (owner == INT32_MIN) return ERR_INVALID.code;
    spin_lock(&process_tree_lock);
    bool is_there = !owner || process_id_find_locked((uint32_t)(owner < 0 ? -owner : owner));
    spin_unlock(&process_tree_lock);
    if (!is_there) return ERR_NO_PROCESS.code;
    __atomic_store_n(&file->owner, owner, __ATOMIC_RELAXED);
    return 0;
}

/* What also works on O_PATH descriptors. */
static bool is_about_descriptor(uint32_t command)
{
    switch (command) {
    case LINUX_F_DUPFD:
    case LINUX_F_DUPFD_CLOEXEC:
    case LINUX_F_GETFD:
    case LINUX_F_SETFD:
    case LINUX_F_GETFL: return true;
    }
    return false;
}

/* No file system here gives leases, which Linux tells so. [linux fs/libfs.c simple_nosetlease] */
static int64_t set_lease(const struct file *file, uint64_t kind)
{
    if (kind > LINUX_F_UNLCK) return ERR_INVALID.code;
    bool is_own = credentials_current()->uid.fs == file->vnode->uid;
    if (!is_own && !may_use(LINUX_CAP_LEASE)) return ERR_ACCESS.code;
    if (!vnode_is_regular(file->vnode)) return ERR_INVALID.code;
    if (kind == LINUX_F_UNLCK) return ERR_TRY_AGAIN.code; /* there is none to give back */
    unsupported_note(CHANNEL_STAT_FCNTL, LINUX_F_SETLEASE);
    return ERR_INVALID.code;
}

/* No signal is sent for a file's sake, so none but the usual one can be chosen. */
static int64_t set_signal(uint64_t number)
{
    if ((uint32_t)number == 0) return 0;
    unsupported_note(CHANNEL_STAT_FCNTL, LINUX_F_SETSIG);
    return ERR_INVALID.code;
}

static int64_t get_owner_and_kind(const struct file *file, uint64_t to)
{
    int32_t owner = __atomic_load_n(&file->owner, __ATOMIC_RELAXED);
    int32_t answer[2] = { owner < 0   ? LINUX_F_OWNER_PGRP
                          : owner > 0 ? LINUX_F_OWNER_PID
                                      : 0,
                          owner < 0 ? -owner : owner };
    return user_copy_out(UADDR(to), answer, sizeof answer).code;
}

/* No directory is watched in this way, so there is nothing to take back; who wants to watch is told to use inotify, as
 * by a Linux whose fs.dir-notify-enable is 0. */
static int64_t notify_command(struct file *file, uint32_t events)
{
    if (!(events & ~LINUX_DN_MULTISHOT)) return 0;
    unsupported_note(CHANNEL_STAT_FCNTL, LINUX_F_NOTIFY);
    return vnode_is_directory(file->vnode) ? ERR_INVALID.code : ERR_NOT_DIRECTORY.code;
}

static int64_t file_command(struct file *file, uint64_t fd, uint32_t command, uint64_t argument)
{
    switch (command) {
    case LINUX_F_DUPFD:
    case LINUX_F_DUPFD_CLOEXEC:
        return descriptor_duplicate(fd, (uint32_t)argument, command == LINUX_F_DUPFD_CLOEXEC);
    case LINUX_F_GETFD: return get_descriptor_flags(fd);
    case LINUX_F_SETFD:
        return fd_set_cloexec(process_current()->files, (uint32_t)fd, argument & LINUX_FD_CLOEXEC).code;
    case LINUX_F_GETFL: return file->flags;
    case LINUX_F_SETFL: change_status(file, SETTABLE_FLAGS, (uint32_t)argument); return 0;
    case LINUX_F_SETOWN: return set_owner(file, (int32_t)argument);
    case LINUX_F_GETOWN: return __atomic_load_n(&file->owner, __ATOMIC_RELAXED);
    case LINUX_F_GETLK:
    case LINUX_F_SETLK:
    case LINUX_F_SETLKW:
    case LINUX_F_OFD_GETLK:
    case LINUX_F_OFD_SETLK:
    case LINUX_F_OFD_SETLKW: return file_lock_command(file, (uint32_t)fd, command, argument);
    case LINUX_F_ADD_SEALS:
        return argument > UINT32_MAX ? ERR_INVALID.code : memfd_add_seals(file, (uint32_t)argument).code;
    case LINUX_F_GETSIG: return 0;
    case LINUX_F_SETSIG: return set_signal(argument);
    case LINUX_F_GETOWN_EX: return get_owner_and_kind(file, argument);
    case LINUX_F_GETLEASE: return LINUX_F_UNLCK;
    case LINUX_F_SETLEASE: return set_lease(file, argument);
    case LINUX_F_GET_SEALS: return get_seals(file);
    case LINUX_F_NOTIFY: return notify_command(file, (uint32_t)argument);
    case LINUX_F_GETPIPE_SZ:
    case LINUX_F_SETPIPE_SZ: return pipe_capacity(file, command == LINUX_F_SETPIPE_SZ, argument);
    }
    unsupported_note(CHANNEL_STAT_FCNTL, command);
    return ERR_INVALID.code;
}

int64_t sys_fcntl(uint64_t fd, uint64_t command, uint64_t argument)
{
    struct file *file;
    err_t e =
        is_about_descriptor((uint32_t)command) ? file_argument_or_path(fd, &file) : file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = file_command(file, fd, (uint32_t)command, argument);
    file_put(file);
    return result;
}

/* ---- ioctl: what every file knows, then the file's own ---- */

static int64_t set_flag_by_int(struct file *file, uint32_t flag, uint64_t address)
{
    int32_t value;
    err_t e = user_copy_in(&value, UADDR(address), sizeof(value));
    if (!failed(e)) change_status(file, flag, value ? flag : 0);
    return e.code;
}

static int64_t request(struct file *file, uint64_t fd, uint32_t number, uint64_t argument)
{
    switch (number) {
    case LINUX_FIOCLEX: return fd_set_cloexec(process_current()->files, (uint32_t)fd, true).code;
    case LINUX_FIONCLEX: return fd_set_cloexec(process_current()->files, (uint32_t)fd, false).code;
    case LINUX_FIONBIO: return set_flag_by_int(file, LINUX_O_NONBLOCK, argument);
    case LINUX_FIOASYNC: return set_flag_by_int(file, LINUX_O_ASYNC, argument);
    }
    int64_t result = file->ops->ioctl ? file->ops->ioctl(file, number, argument) : ERR_NOT_TTY.code;
    /* Whether something is a terminal is asked in these ways, and "no" is an answer. */
    bool is_question = number == LINUX_TCGETS || number == LINUX_TIOCGWINSZ || number == LINUX_TIOCGPGRP;
    if (unlikely(result == ERR_NOT_TTY.code) && !is_question) unsupported_note(CHANNEL_STAT_IOCTL, number);
    return result;
}

int64_t sys_ioctl(uint64_t fd, uint64_t number, uint64_t argument)
{
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    int64_t result = request(file, fd, (uint32_t)number, argument);
    file_put(file);
    return result;
}
