/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that set a file's times, by clocks of four resolutions. [linux fs/utimes.c] */
#include "syscall/sys_file.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "abi/linux/time.h"
#include "core/time.h"
#include "fs/notify.h"
#include "fs/permission.h"
#include "syscall/sys_path.h"
#include "vm/usercopy.h"

#define CWD      ((uint64_t)LINUX_AT_FDCWD)
#define NS_PER_S 1000000000ll

static enum path_need need_of(uint32_t flags)
{
    return flags & LINUX_AT_EMPTY_PATH ? PATH_MAY_BE_EMPTY : PATH_REQUIRED;
}

struct new_times {
    struct linux_timespec access, modification;
};
_Static_assert(sizeof(struct new_times) == 32, "as utimensat takes them");

static bool is_valid(const struct linux_timespec *t)
{
    if (t->nanoseconds == LINUX_UTIME_NOW || t->nanoseconds == LINUX_UTIME_OMIT) return true;
    return t->nanoseconds >= 0 && t->nanoseconds < NS_PER_S;
}

/* Times beyond what 64 bits of nanoseconds hold (the years 1677 to 2262) become the nearest they do. */
static int64_t to_ns(const struct linux_timespec *t, int64_t now_ns)
{
    int64_t ns;
    if (t->nanoseconds == LINUX_UTIME_NOW) return now_ns;
    if (t->nanoseconds == LINUX_UTIME_OMIT) return VNODE_TIME_KEEP;
    if (__builtin_mul_overflow(t->seconds, NS_PER_S, &ns) || __builtin_add_overflow(ns, t->nanoseconds, &ns))
        return t->seconds < 0 ? VNODE_TIME_KEEP + 1 : INT64_MAX;
    return ns;
}

static err_t set_times(struct vnode *v, const struct new_times *times)
{
    if (!is_valid(&times->access) || !is_valid(&times->modification)) return ERR_INVALID;
    int64_t now_ns = (int64_t)time_realtime_ns();
    bool is_touch =
        times->access.nanoseconds == LINUX_UTIME_NOW && times->modification.nanoseconds == LINUX_UTIME_NOW;
    return permission_set_times(v, to_ns(&times->access, now_ns), to_ns(&times->modification, now_ns),
                                is_touch);
}

/* A NULL path means the descriptor itself: futimens(3). */
static err_t find_for_times(uint64_t directory_fd, uint64_t path, uint32_t flags, struct named_vnode *out)
{
    if (path || (int32_t)directory_fd == LINUX_AT_FDCWD) {
        if (flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) return ERR_INVALID;
        uint32_t walk = flags & LINUX_AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW;
        return path_argument_get_named(directory_fd, path, need_of(flags), walk, out);
    }
    if (flags) return ERR_INVALID;
    struct file *file;
    err_t e = file_argument(directory_fd, &file);
    if (failed(e)) return e;
    named_vnode_of(file, out);
    file_put(file);
    return OK;
}

/* One time alone is what reading or writing would have set. [linux include/linux/fsnotify.h fsnotify_change] */
static uint32_t event_of(const struct new_times *times)
{
    if (times->access.nanoseconds == LINUX_UTIME_OMIT) return LINUX_IN_MODIFY;
    return times->modification.nanoseconds == LINUX_UTIME_OMIT ? LINUX_IN_ACCESS : LINUX_IN_ATTRIB;
}

static int64_t set_times_of(uint64_t directory_fd, uint64_t path, const struct new_times *times,
                            uint32_t flags)
{
    struct named_vnode named;
    err_t e = find_for_times(directory_fd, path, flags, &named);
    if (failed(e)) return e.code;
    e = set_times(named.vnode, times);
    named_vnode_done(&named, e, event_of(times));
    return e.code;
}

static const struct new_times both_now = { { 0, LINUX_UTIME_NOW }, { 0, LINUX_UTIME_NOW } };

int64_t sys_utimensat(uint64_t directory_fd, uint64_t path, uint64_t times, uint64_t flags)
{
    struct new_times wanted = both_now;
    if (times) {
        err_t e = user_copy_in(&wanted, UADDR(times), sizeof(wanted));
        if (failed(e)) return e.code;
        bool is_nothing = wanted.access.nanoseconds == LINUX_UTIME_OMIT &&
                          wanted.modification.nanoseconds == LINUX_UTIME_OMIT;
        if (is_nothing) return 0; /* Linux does not even look at the path */
    }
    return set_times_of(directory_fd, path, &wanted, (uint32_t)flags);
}

/* Microseconds, which are never the special values. */
int64_t sys_futimesat(uint64_t directory_fd, uint64_t path, uint64_t times)
{
    enum { NS_PER_US = 1000, US_PER_S = 1000000 };
    struct new_times wanted = both_now;
    if (times) {
        struct linux_timeval from[2];
        err_t e = user_copy_in(from, UADDR(times), sizeof(from));
        if (failed(e)) return e.code;
        if ((uint64_t)from[0].microseconds >= US_PER_S || (uint64_t)from[1].microseconds >= US_PER_S)
            return ERR_INVALID.code;
        wanted.access = (struct linux_timespec){ from[0].seconds, from[0].microseconds * NS_PER_US };
        wanted.modification = (struct linux_timespec){ from[1].seconds, from[1].microseconds * NS_PER_US };
    }
    return set_times_of(directory_fd, path, &wanted, 0);
}

int64_t sys_utimes(uint64_t path, uint64_t times) { return sys_futimesat(CWD, path, times); }

int64_t sys_utime(uint64_t path, uint64_t times)
{
    struct new_times wanted = both_now;
    if (times) {
        int64_t seconds[2];
        err_t e = user_copy_in(seconds, UADDR(times), sizeof(seconds));
        if (failed(e)) return e.code;
        wanted = (struct new_times){ { .seconds = seconds[0] }, { .seconds = seconds[1] } };
    }
    return set_times_of(CWD, path, &wanted, 0);
}
