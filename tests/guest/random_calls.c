/* SPDX-License-Identifier: Apache-2.0 */
/* System calls with random numbers and arguments, the same for the same seed: `random_calls SEED COUNT`.
 * Whatever they are, the kernel goes on, and writes nowhere but into the window of memory that the
 * arguments point into. Exits with 0; with 3 when memory outside the window has changed.
 *
 * It would do harm on a real system, so it runs on CloudKernel only. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define WINDOW       ((uint64_t)0x200000000)
#define WINDOW_BYTES ((uint64_t)32 << 20)
#define COUNT_OF(a)  (sizeof(a) / sizeof((a)[0]))

enum { NUMBERS = 470, CANARY_BYTES = 65536 };

static uint64_t state;
static unsigned char canary[CANARY_BYTES];
static const struct {
    int64_t seconds, fraction;
} no_time;

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1dull;
}
static uint64_t below(uint64_t limit) { return (next() >> 11) % limit; }

static int64_t call(uint64_t number, const uint64_t a[6])
{
    int64_t result;
    register uint64_t r10 __asm__("r10") = a[3];
    register uint64_t r8 __asm__("r8") = a[4];
    register uint64_t r9 __asm__("r9") = a[5];
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* Calls that end this program, wait for ever, start others, or take its root away; and locks, with which
 * every range that mremap grows takes its memory at once, until there is none. */
static int is_left_out(uint64_t number)
{
    static const uint16_t numbers[] = {
        SYS_exit,
        SYS_exit_group,
        SYS_kill,
        SYS_tkill,
        SYS_tgkill,
        SYS_rt_sigqueueinfo,
        SYS_pause,
        SYS_alarm,
        SYS_setitimer,
        SYS_fork,
        SYS_vfork,
        SYS_clone,
        SYS_execve,
        SYS_execveat,
        SYS_chroot,
        SYS_reboot,
        SYS_mlock,
        SYS_mlock2,
        SYS_mlockall,
        SYS_wait4,
        SYS_waitid,
        SYS_rt_sigsuspend,
        SYS_rt_sigtimedwait,
        SYS_rt_sigreturn,
        SYS_ptrace,
        SYS_timer_create,
        SYS_epoll_wait,
        SYS_epoll_pwait,
        435 /* clone3 */,
        SYS_rt_tgsigqueueinfo,
        424 /* pidfd_send_signal */,
        SYS_prctl,
        SYS_seccomp,
        SYS_pipe, /* a write to one that nobody reads is a signal */
        SYS_pipe2,
        SYS_eventfd,
        SYS_signalfd, /* a read of one waits for a signal */
        SYS_signalfd4,
        SYS_inotify_init,
        SYS_accept, /* accept4, timedop: the same without waiting */
        SYS_semop,
    };
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (numbers[i] == number) return 1;
    return 0;
}

static const char *random_path(void)
{
    static char too_long[8192], unterminated;
    static const char *const paths[] = {
        "/",
        ".",
        "..",
        "",
        "/tmp",
        "/tmp/a",
        "/tmp/a/b",
        "/tmp/../tmp/./b",
        "b",
        "/dev/zero",
        "/dev/null",
        "/dev/urandom",
        "/proc/self/maps",
        "/proc/self/fd",
        "/proc/self/exe",
        "/proc/self/fd/3",
        "/proc/meminfo",
        "/tmp/link",
        "//tmp//c/",
        "/dev/full",
        "/proc/self/status",
        "/proc",
        too_long,
        &unterminated,
    };
    memset(too_long, 'x', sizeof(too_long) - 1);
    unterminated = 'x';
    return paths[below(COUNT_OF(paths))];
}

static uint64_t random_address(void)
{
    static const uint64_t hostile[] = {
        0,
        1,
        0xfff,
        0x10000,
        WINDOW - 8,
        WINDOW + WINDOW_BYTES - 4,
        0x7fffffffefff,
        0x7fffffffffff,
        0x800000000000,
        1ull << 63,
        0xffff800000000000,
        0xffffffff80100000,
        0xffffffffff600000,
        UINT64_MAX - 7,
        UINT64_MAX,
    };
    return below(8) ? WINDOW + below(WINDOW_BYTES) : hostile[below(COUNT_OF(hostile))];
}

static uint64_t random_number(void)
{
    switch (below(8)) {
    case 0: return below(8);
    case 1: return below(64);
    case 2: return 1ull << below(64);
    case 3: return (1ull << below(64)) - 1;
    case 4: return next();
    case 5: return -below(4096);
    case 6: return (uint32_t)next();
    }
    return below(65536);
}

static uint64_t random_argument(void)
{
    switch (below(6)) {
    case 0: return random_address();
    case 1: return (uint64_t)(uintptr_t)random_path();
    case 2: return below(16);      /* a descriptor */
    case 3: return (uint64_t)-100; /* AT_FDCWD */
    case 4: return below(0x10000);
    }
    return random_number();
}

/* Ranges stay inside the window, or are none at all: this program's own memory is elsewhere. */
static void random_range(uint64_t *at, uint64_t *bytes)
{
    *at = WINDOW + below(WINDOW_BYTES);
    if (below(8)) *at &= ~4095ull;
    *bytes = below(4) ? below(below(2) ? 65536 : WINDOW_BYTES) : 0;
    if (*bytes > WINDOW + WINDOW_BYTES - *at) *bytes = WINDOW + WINDOW_BYTES - *at;
    switch (below(16)) {
    case 0: *bytes = (1ull << 47) + below(1ull << 63); break;
    case 1: *bytes = -*at + below(8192); break;
    case 2: *at = (0x7ffffffff000 - below(2) * 4096 + below(2) * 8192), *bytes = 4096 * (1 + below(3)); break;
    case 3: *at = 0x800000000000 + next() / 2; break;
    }
}

static void shape_arguments(uint64_t number, uint64_t a[6])
{
    switch (number) {
    case SYS_mmap:
        random_range(&a[0], &a[1]);
        a[2] = below(8);
        a[3] = next() & 0x17801f;
        if (below(4)) a[3] |= MAP_ANONYMOUS;
        if (below(8))
            a[3] |= MAP_FIXED;
        else
            a[3] &= ~(uint64_t)(MAP_POPULATE | MAP_LOCKED), a[1] &= 0xfffff;
        if (a[1] > WINDOW_BYTES) a[3] &= ~(uint64_t)MAP_POPULATE;
        a[4] = below(12);
        a[5] = below(2) ? 0 : random_number() & ~4095ull;
        break;
    case SYS_mremap:
        random_range(&a[0], &a[1]);
        a[2] = below(2) ? below(WINDOW_BYTES) : random_number();
        a[3] = below(8) ? MREMAP_MAYMOVE : below(8);
        a[4] = WINDOW + (below(WINDOW_BYTES / 2) & ~4095ull);
        break;
    case SYS_munmap:
    case SYS_mprotect:
    case SYS_madvise:
    case SYS_msync:
    case SYS_mincore:
    case SYS_munlock:
        random_range(&a[0], &a[1]);
        if (number == SYS_mprotect) a[2] = below(8) ? below(8) : random_number();
        /* A longer range reaches this program's own stack: nothing that discards. */
        if (number == SYS_madvise) a[2] = below(a[1] <= WINDOW_BYTES ? 26 : MADV_WILLNEED + 1);
        if (number == SYS_mincore) a[2] = random_address();
        break;
    case SYS_arch_prctl: a[0] = 0x1003 + below(4); break; /* asks; the thread pointer stays */
    case SYS_open: a[0] = (uint64_t)(uintptr_t)random_path(); break;
    case SYS_openat: a[0] = (uint64_t)-100, a[1] = (uint64_t)(uintptr_t)random_path(); break;
    case SYS_read:
    case SYS_write:
    case SYS_pread64:
        a[0] = below(16), a[1] = WINDOW + below(WINDOW_BYTES),
        a[2] = below(8) ? below(65536) : random_number();
        break;
    case 436: /* close_range */ a[0] = below(32), a[1] = a[0] + below(8); break;
    case SYS_ioctl:
        if ((uint32_t)a[1] == FIONBIO) a[1] = FIONREAD;
        break;
    case SYS_close: a[0] = below(64); break;
    case SYS_dup2:
    case SYS_dup3: a[0] = below(16), a[1] = below(8) ? 3 + below(60) : random_number() | 1024; break;
    }
}

/* What would wait says so instead. */
static void forbid_waiting(uint64_t number, uint64_t a[6])
{
    uint64_t none = (uint64_t)(uintptr_t)&no_time;
    switch (number) {
    case SYS_open:
    case SYS_mq_open: a[1] |= O_NONBLOCK; break;
    case SYS_openat: a[2] |= O_NONBLOCK; break;
    case SYS_mknod: a[1] &= ~(uint64_t)S_IFIFO; break;
    case SYS_mknodat: a[2] &= ~(uint64_t)S_IFIFO; break;
    case SYS_eventfd2:
    case SYS_socket:
    case SYS_socketpair:
    case SYS_timerfd_create: a[1] |= O_NONBLOCK; break;
    case SYS_accept4: a[3] |= O_NONBLOCK; break;
    case SYS_inotify_init1: a[0] |= O_NONBLOCK; break;
    /* The next line may never come: all that are there, then. */
    case SYS_syslog: a[0] += (uint32_t)a[0] == 2; break;
    case SYS_fcntl:
        if ((uint32_t)a[1] == F_SETFL) a[2] |= O_NONBLOCK;
        if ((uint32_t)a[1] == F_SETLKW || (uint32_t)a[1] == F_OFD_SETLKW) a[1]--;
        break;
    case SYS_flock: a[1] |= LOCK_NB; break;
    case SYS_msgsnd: a[3] |= IPC_NOWAIT; break;
    case SYS_msgrcv: a[4] |= IPC_NOWAIT; break;
    case SYS_poll: a[1] = below(64), a[2] = below(2); break;
    case SYS_ppoll: a[1] = below(64), a[2] = none; break;
    case SYS_select:
    case SYS_pselect6:
    case SYS_recvmmsg:
    case SYS_mq_timedsend:
    case SYS_mq_timedreceive: a[4] = none; break;
    case SYS_semtimedop:
    case SYS_futex:
    case SYS_epoll_pwait2:
    case 449 /* futex_waitv */: a[3] = none; break;
    case SYS_nanosleep: a[0] = below(2) ? none : random_address() | 1ull << 63; break;
    case SYS_clock_nanosleep: a[2] = none; break;
    }
}

static void map_window(void)
{
    void *got = mmap((void *)WINDOW, WINDOW_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (got != (void *)WINDOW) exit(2);
}

/* Something for the calls to find: random words, a few of which are good addresses and lengths. */
static void fill_window(void)
{
    for (uint64_t at = 0; at < WINDOW_BYTES; at += 4096) {
        uint64_t *words = (uint64_t *)(WINDOW + at);
        for (int i = 0; i < 8; i++) words[i] = random_argument();
    }
}

/* Every number comes up; those that change memory and files more often. */
static uint64_t random_call(void)
{
    static const uint16_t busy[] = {
        SYS_mmap,   SYS_mmap,  SYS_munmap,   SYS_mprotect,  SYS_mremap,  SYS_madvise,    SYS_brk,
        SYS_read,   SYS_write, SYS_readv,    SYS_writev,    SYS_pread64, SYS_open,       SYS_openat,
        SYS_close,  SYS_dup,   SYS_lseek,    SYS_ftruncate, SYS_stat,    SYS_getdents64, SYS_rename,
        SYS_unlink, SYS_mkdir, SYS_sendfile, SYS_fcntl,     SYS_getcwd,  SYS_mlock,
    };
    if (below(2)) return busy[below(COUNT_OF(busy))];
    return below(32) ? below(NUMBERS) : random_number() | NUMBERS;
}

int main(int argc, char **argv)
{
    struct utsname name;
    uname(&name);
    if (argc != 3 || !strstr(name.release, "cloudkernel")) return 2;
    state = strtoull(argv[1], NULL, 10) * 0x9e3779b97f4a7c15ull + 1;
    uint64_t count = strtoull(argv[2], NULL, 10), answered = 0;
    memset(canary, 0xa5, sizeof(canary));
    int null = open("/dev/null", O_RDWR);
    int out = fcntl(1, F_DUPFD, 100);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
    open("/tmp/a", O_RDWR | O_CREAT, 0600);
    open("/proc/self/exe", O_RDONLY);
    open("/dev/zero", O_RDWR);
    map_window();
    fill_window();

    for (uint64_t i = 0; i < count; i++) {
        uint64_t number = random_call(), a[6];
        if (number < NUMBERS && is_left_out(number)) continue;
        for (int k = 0; k < 6; k++) a[k] = random_argument();
        if (number < NUMBERS) {
            shape_arguments(number, a);
            forbid_waiting(number, a);
        }
        answered += call(number, a) >= 0;
        if (i % 4096 == 4095) {
            map_window();
            fill_window();
        }
    }
    for (size_t i = 0; i < sizeof(canary); i++)
        if (canary[i] != 0xa5) return 3;
    dprintf(out, "%llu calls succeeded\n", (unsigned long long)answered);
    return answered > count / 20 ? 0 : 4;
}
