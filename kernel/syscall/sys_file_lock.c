/* SPDX-License-Identifier: Apache-2.0 */
/* Locks by fcntl and flock. [linux fs/locks.c] */
#include "syscall/sys_file_lock.h"

#include "abi/linux/fcntl.h"
#include "fs/fd_table.h"
#include "fs/file_lock.h"
#include "process/process.h"
#include "syscall/sys_file.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

static bool is_of_file(uint32_t command) { return command >= LINUX_F_OFD_GETLK; }
static bool is_get(uint32_t command) { return command == LINUX_F_GETLK || command == LINUX_F_OFD_GETLK; }
static bool is_waiting(uint32_t command)
{
    return command == LINUX_F_SETLKW || command == LINUX_F_OFD_SETLKW;
}

static err_t base_of(struct file *file, int16_t whence, int64_t *out)
{
    struct vnode_attributes a;
    switch (whence) {
    case LINUX_SEEK_SET: *out = 0; return OK;
    case LINUX_SEEK_CUR: *out = (int64_t)file->position; return OK;
    case LINUX_SEEK_END:
        vnode_get_attributes(file->vnode, &a);
        *out = (int64_t)a.size;
        return OK;
    }
    return ERR_INVALID;
}

/* A negative length is of what lies before the start; none reaches to the end. [linux flock64_to_posix_lock] */
static err_t decode_range(struct file *file, const struct linux_flock *from, struct file_lock *out)
{
    int64_t base, start, end = INT64_MAX;
    err_t e = base_of(file, from->l_whence, &base);
    if (failed(e)) return e;
    if (from->l_start > INT64_MAX - base) return ERR_OVERFLOW;
    start = base + from->l_start;
    if (start < 0) return ERR_INVALID;
    if (from->l_len > 0) {
        if (from->l_len - 1 > INT64_MAX - start) return ERR_OVERFLOW;
        end = start + from->l_len - 1;
    } else if (from->l_len < 0) {
        if (from->l_len < -start) return ERR_INVALID;
        end = start - 1;
        start += from->l_len;
    }
    out->start = (uint64_t)start;
    out->end = (uint64_t)end;
    return OK;
}

static err_t decode_lock(struct file *file, uint32_t command, const struct linux_flock *from,
                         struct file_lock *out)
{
    err_t e = decode_range(file, from, out);
    if (failed(e)) return e;
    if (is_of_file(command) && from->l_pid != 0) return ERR_INVALID;
    *out = (struct file_lock){
        .kind = is_of_file(command) ? LOCK_OF_FILE : LOCK_OF_PROCESS,
        .is_write = from->l_type == LINUX_F_WRLCK,
        .owner = is_of_file(command) ? (const void *)file : process_current()->files,
        .pid = is_of_file(command) ? UINT32_MAX : process_current()->pid,
        .start = out->start,
        .end = out->end,
    };
    switch (from->l_type) {
    case LINUX_F_RDLCK: return is_get(command) || file_is_readable(file) ? OK : ERR_BAD_FD;
    case LINUX_F_WRLCK: return is_get(command) || file_is_writable(file) ? OK : ERR_BAD_FD;
    case LINUX_F_UNLCK: return is_get(command) ? ERR_INVALID : OK;
    }
    return ERR_INVALID;
}

static err_t tell(struct file *file, const struct file_lock *wanted, struct linux_flock *out)
{
    struct file_lock found;
    if (!file_lock_find(file->vnode, wanted, &found)) {
        out->l_type = LINUX_F_UNLCK;
        return OK;
    }
    out->l_type = found.is_write ? LINUX_F_WRLCK : LINUX_F_RDLCK;
    out->l_whence = LINUX_SEEK_SET;
    out->l_start = (int64_t)found.start;
    out->l_len = found.end == FILE_LOCK_END ? 0 : (int64_t)(found.end - found.start + 1);
    out->l_pid = (int32_t)found.pid;
    return OK;
}

/* A thread that closed the number meanwhile has given the locks up, and this one must not stay behind. */
static void check_still_open(struct file *file, uint32_t fd, const struct file_lock *lock)
{
    struct fd_table *files = process_current()->files;
    struct file *now = fd_get(files, fd);
    if (now != file) file_lock_forget(file->vnode, lock->owner);
    file_put(now);
}

int64_t file_lock_command(struct file *file, uint32_t fd, uint32_t command, uint64_t address)
{
    struct linux_flock from;
    struct file_lock lock;
    err_t e = user_copy_in(&from, UADDR(address), sizeof(from));
    if (!failed(e)) e = decode_lock(file, command, &from, &lock);
    if (failed(e)) return e.code;
    if (is_get(command)) {
        e = tell(file, &lock, &from);
        return failed(e) ? e.code : user_copy_out(UADDR(address), &from, sizeof(from)).code;
    }
    if (from.l_type == LINUX_F_UNLCK) return file_lock_clear(file->vnode, &lock).code;
    e = file_lock_set(file->vnode, &lock, is_waiting(command));
    if (!failed(e) && !is_of_file(command)) check_still_open(file, fd, &lock);
    return e.code;
}

static err_t flock(struct file *file, uint32_t kind, bool waits)
{
    struct file_lock lock = {
        .kind = LOCK_WHOLE,
        .is_write = kind == LINUX_LOCK_EX,
        .owner = file,
        .pid = process_current()->pid,
        .end = FILE_LOCK_END,
    };
    if (kind == LINUX_LOCK_UN) return file_lock_clear(file->vnode, &lock);
    err_t e = file_lock_set(file->vnode, &lock, false);
    if (e.code != ERR_TRY_AGAIN.code) return e;
    /* Changing the type is no single step: who cannot have the new one has lost the old one, and meanwhile others may
     * be first. */
    e = file_lock_clear(file->vnode, &lock);
    if (failed(e)) return e;
    return waits ? file_lock_set(file->vnode, &lock, true) : ERR_TRY_AGAIN;
}

int64_t sys_flock(uint64_t fd, uint64_t operation)
{
    if (operation & LINUX_LOCK_MAND) return 0; /* no such locks any more, and no error. [linux fs/locks.c] */
    uint32_t kind = (uint32_t)operation & ~(uint32_t)LINUX_LOCK_NB;
    if (kind != LINUX_LOCK_SH && kind != LINUX_LOCK_EX && kind != LINUX_LOCK_UN) return ERR_INVALID.code;
    struct file *file;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e.code;
    e = flock(file, kind, !(operation & LINUX_LOCK_NB));
    file_put(file);
    return e.code;
}
