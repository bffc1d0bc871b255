/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/sched.h"
#include "abi/linux/signal.h"
#include "abi/linux/fcntl.h"
#include "fs/file.h"
#include "process/pidfd.h"
#include "process/wait.h"
#include "syscall/sys_core.h"
#include "syscall/sys_path.h"
#include "syscall/usage.h"
#include "vm/usercopy.h"

static uint32_t own_group(void)
{
    spin_lock(&process_tree_lock);
    uint32_t number = process_current()->group->number;
    spin_unlock(&process_tree_lock);
    return number;
}

static struct wait_request request_for(int32_t pid)
{
    if (pid == -1) return (struct wait_request){ .which = WAIT_FOR_ANY };
    if (pid == 0) return (struct wait_request){ .which = WAIT_FOR_GROUP, .number = own_group() };
    return pid < 0 ? (struct wait_request){ .which = WAIT_FOR_GROUP, .number = (uint32_t)-pid }
                   : (struct wait_request){ .which = WAIT_FOR_PROCESS, .number = (uint32_t)pid };
}

int64_t sys_wait4(uint64_t pid, uint64_t status, uint64_t options, uint64_t usage)
{
    const uint32_t known =
        LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | LINUX_WNOTHREAD | LINUX_WCLONE | LINUX_WALL;
    if ((uint32_t)options & ~known) return ERR_INVALID.code;
    if ((int32_t)pid == INT32_MIN) return ERR_NO_PROCESS.code;
    struct wait_request request = request_for((int32_t)pid);
    struct wait_result result;
    request.options = (uint32_t)options | LINUX_WEXITED;
    err_t e = process_wait(&request, &result);
    if (failed(e)) return e.code;
    if (!result.pid) return 0;
    struct linux_rusage u = rusage_of(result.usage);
    int32_t code = (int32_t)result.status;
    if (status) e = user_copy_out(UADDR(status), &code, sizeof(code));
    if (!failed(e) && usage) e = user_copy_out(UADDR(usage), &u, sizeof(u));
    return failed(e) ? e.code : (int64_t)result.pid;
}

/* ---- waitid ---- */

static struct linux_wait_info info_of(const struct wait_result *r)
{
    struct linux_wait_info info = { .signal = LINUX_SIGCHLD, .pid = (int32_t)r->pid };
    uint32_t low = r->status & 0x7f;
    if (r->status == 0xffff) {
        info.code = LINUX_CLD_CONTINUED;
        info.status = LINUX_SIGCONT;
    } else if (low == 0x7f || low == 0) {
        info.code = low ? LINUX_CLD_STOPPED : LINUX_CLD_EXITED;
        info.status = (int32_t)(r->status >> 8 & 0xff);
    } else {
        info.code = LINUX_CLD_KILLED;
        info.status = (int32_t)low;
    }
    return info;
}

/* A file that is not to wait answers EAGAIN instead of 0, so it is told apart from WNOHANG. */
static err_t pidfd_request(uint64_t fd, struct wait_request *out, bool *is_quick)
{
    struct file *file;
    if ((int32_t)fd < 0) return ERR_INVALID;
    err_t e = file_argument(fd, &file);
    if (failed(e)) return e;
    const struct process_id *id = pidfd_id(file);
    out->which = WAIT_FOR_PROCESS;
    if (id) out->number = id->number;
    *is_quick = (file->flags & LINUX_O_NONBLOCK) && !(out->options & LINUX_WNOHANG);
    if (*is_quick) out->options |= LINUX_WNOHANG;
    file_put(file);
    return id ? OK : ERR_BAD_FD;
}

static err_t waitid_request(uint64_t type, uint64_t number, struct wait_request *out, bool *is_quick)
{
    bool has_number = (int32_t)number > 0;
    switch ((uint32_t)type) {
    case LINUX_P_ALL: out->which = WAIT_FOR_ANY; return OK;
    case LINUX_P_PID: out->which = WAIT_FOR_PROCESS; return has_number ? OK : ERR_INVALID;
    case LINUX_P_PGID:
        out->which = WAIT_FOR_GROUP;
        if ((int32_t)number == 0) out->number = own_group();
        return (int32_t)number < 0 ? ERR_INVALID : OK;
    case LINUX_P_PIDFD: return pidfd_request(number, out, is_quick);
    }
    return ERR_INVALID;
}

/* The padding stays as the caller has it, as on Linux. */
static err_t write_info(uint64_t address, const struct linux_wait_info *info)
{
    const size_t first = offsetof(struct linux_wait_info, untouched),
                 second = offsetof(struct linux_wait_info, pid);
    if (!address) return OK;
    err_t e = user_copy_out(UADDR(address), info, first);
    return failed(e) ? e : user_copy_out(UADDR(address + second), &info->pid, sizeof(*info) - second);
}

static err_t waitid(uint64_t type, uint64_t number, uint64_t options, struct wait_result *out)
{
    const uint32_t events = LINUX_WEXITED | LINUX_WSTOPPED | LINUX_WCONTINUED;
    const uint32_t known =
        events | LINUX_WNOHANG | LINUX_WNOWAIT | LINUX_WNOTHREAD | LINUX_WCLONE | LINUX_WALL;
    struct wait_request request = { .number = (uint32_t)number, .options = (uint32_t)options };
    if ((request.options & ~known) || !(request.options & events)) return ERR_INVALID;
    bool is_quick = false;
    err_t e = waitid_request(type, number, &request, &is_quick);
    if (!failed(e)) e = process_wait(&request, out);
    return !failed(e) && is_quick && !out->pid ? ERR_TRY_AGAIN : e;
}

/* Whatever comes of it, the caller's structure is written: without news, with zeros. [linux kernel/exit.c] */
int64_t sys_waitid(uint64_t type, uint64_t number, uint64_t info, uint64_t options, uint64_t usage)
{
    struct wait_result result;
    err_t waited = waitid(type, number, options, &result), e = OK;
    bool has_news = !failed(waited) && result.pid;
    struct linux_wait_info news = has_news ? info_of(&result) : (struct linux_wait_info){ 0 };
    if (usage && has_news) {
        struct linux_rusage u = rusage_of(result.usage);
        e = user_copy_out(UADDR(usage), &u, sizeof(u));
    }
    if (!failed(e)) e = write_info(info, &news);
    return failed(e) ? e.code : waited.code;
}
