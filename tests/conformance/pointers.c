/* SPDX-License-Identifier: Apache-2.0 */
/* Wild pointers in every system call that takes one: each must give EFAULT (or the error Linux checks
 * first), none may harm the kernel or write where the program may not. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

enum { PAGE = 4096 };

/* Every kind of address a program could not mean. */
enum kind {
    NIL,
    LOW,
    NON_CANONICAL,
    USER_END,
    KERNEL,
    KERNEL_IMAGE,
    LAST_PAGE,
    WRAPPING,
    NO_ACCESS,
    READ_ONLY,
    HOLE,
    CUT,
    KINDS
};
static const char *const kind_names[KINDS] = {
    "NULL",      "0x10",     "non-canonical", "end of user space", "direct map", "kernel image",
    "last page", "wrapping", "PROT_NONE",     "read-only",         "unmapped",   "half mapped",
};
static char *addresses[KINDS];
static int data_fd, out_fd;

static char *map(size_t bytes, int protection)
{
    char *p = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) exit(98);
    return p;
}

static void make_addresses(void)
{
    addresses[NIL] = NULL;
    addresses[LOW] = (char *)0x10;
    addresses[NON_CANONICAL] = (char *)0x8000000000001000;
    addresses[USER_END] = (char *)0x7ffffffff000;
    addresses[KERNEL] = (char *)0xffff888000000000;
    addresses[KERNEL_IMAGE] = (char *)0xffffffff80100000;
    addresses[LAST_PAGE] = (char *)0xfffffffffffff000;
    addresses[WRAPPING] = (char *)0xfffffffffffffffc;
    addresses[NO_ACCESS] = map(PAGE, PROT_NONE);
    addresses[READ_ONLY] = map(PAGE, PROT_READ);
    addresses[HOLE] = map(PAGE, PROT_READ);
    munmap(addresses[HOLE], PAGE);
    char *two = map(2 * PAGE, PROT_READ | PROT_WRITE);
    munmap(two + PAGE, PAGE);
    addresses[CUT] = two + PAGE - 1;
}

/* What a call does with its pointer decides which addresses are wrong for it. */
enum use {
    WRITES = 1,   /* the kernel writes there */
    SMALL = 2,    /* one byte, so a half mapped object is whole */
    OPTIONAL = 4, /* NULL means none */
    TEXT = 8,     /* a path; it ends at the first NUL, which a read-only zero page starts with */
};

struct row {
    const char *name;
    long (*call)(void *at);
    unsigned use;
};

#define CALL(name, ...) \
    static long call_##name(void *at) { return syscall(__VA_ARGS__); }
static struct timespec now_or_never;
static struct iovec iov;
CALL(read, SYS_read, data_fd, at, 16)
CALL(write, SYS_write, out_fd, at, 16)
CALL(pread64, SYS_pread64, data_fd, at, 16, 0)
CALL(pwrite64, SYS_pwrite64, out_fd, at, 16, 0)
CALL(readv, SYS_readv, data_fd, at, 1)
CALL(writev, SYS_writev, out_fd, at, 1)
CALL(preadv, SYS_preadv, data_fd, at, 1, 0, 0)
CALL(pwritev, SYS_pwritev, out_fd, at, 1, 0, 0)
static long call_readv_base(void *at)
{
    iov = (struct iovec){ at, 16 };
    return syscall(SYS_preadv, data_fd, &iov, 1, 0, 0);
}
static long call_writev_base(void *at)
{
    iov = (struct iovec){ at, 16 };
    return syscall(SYS_writev, out_fd, &iov, 1);
}
CALL(open, SYS_open, at, O_RDONLY)
CALL(openat, SYS_openat, AT_FDCWD, at, O_RDONLY)
CALL(creat, SYS_creat, at, 0600)
CALL(stat, SYS_stat, at, &(struct stat){ 0 })
CALL(stat_out, SYS_stat, "data", at)
CALL(lstat_out, SYS_lstat, "data", at)
CALL(fstat, SYS_fstat, data_fd, at)
CALL(newfstatat, SYS_newfstatat, AT_FDCWD, "data", at, 0)
CALL(statx, SYS_statx, AT_FDCWD, "data", 0, 0x7ff, at)
CALL(statfs, SYS_statfs, ".", at)
CALL(fstatfs, SYS_fstatfs, data_fd, at)
CALL(access, SYS_access, at, 0)
CALL(faccessat, SYS_faccessat, AT_FDCWD, at, 0)
CALL(faccessat2, SYS_faccessat2, AT_FDCWD, at, 0, 0)
CALL(chdir, SYS_chdir, at)
CALL(getcwd, SYS_getcwd, at, 4096)
CALL(mkdir, SYS_mkdir, at, 0755)
CALL(mkdirat, SYS_mkdirat, AT_FDCWD, at, 0755)
CALL(rmdir, SYS_rmdir, at)
CALL(unlink, SYS_unlink, at)
CALL(unlinkat, SYS_unlinkat, AT_FDCWD, at, 0)
CALL(rename, SYS_rename, at, "x")
CALL(rename_to, SYS_rename, "data", at)
CALL(renameat, SYS_renameat, AT_FDCWD, at, AT_FDCWD, "x")
CALL(renameat2, SYS_renameat2, AT_FDCWD, at, AT_FDCWD, "x", 0)
CALL(link, SYS_link, at, "x")
CALL(link_to, SYS_link, "data", at)
CALL(linkat, SYS_linkat, AT_FDCWD, at, AT_FDCWD, "x", 0)
CALL(symlink, SYS_symlink, at, "x")
CALL(symlink_to, SYS_symlink, "data", at)
CALL(symlinkat, SYS_symlinkat, at, AT_FDCWD, "x")
CALL(readlink, SYS_readlink, at, (char[4]){ 0 }, 4)
CALL(readlink_out, SYS_readlink, "link", at, 4)
CALL(readlinkat_out, SYS_readlinkat, AT_FDCWD, "link", at, 4)
CALL(chmod, SYS_chmod, at, 0600)
CALL(fchmodat, SYS_fchmodat, AT_FDCWD, at, 0600)
CALL(chown, SYS_chown, at, -1, -1)
CALL(lchown, SYS_lchown, at, -1, -1)
CALL(fchownat, SYS_fchownat, AT_FDCWD, at, -1, -1, 0)
CALL(truncate, SYS_truncate, at, 1)
CALL(mknod, SYS_mknod, at, S_IFREG | 0600, 0)
CALL(mknodat, SYS_mknodat, AT_FDCWD, at, S_IFREG | 0600, 0)
CALL(utimensat, SYS_utimensat, AT_FDCWD, "data", at, 0)
CALL(getdents64, SYS_getdents64, open(".", O_RDONLY), at, 256)
CALL(poll, SYS_poll, at, 1, 0)
CALL(ppoll, SYS_ppoll, at, 1, &now_or_never, NULL, 8)
CALL(ppoll_time, SYS_ppoll, NULL, 0, at, NULL, 8)
CALL(select, SYS_select, 1, at, NULL, NULL, &(struct timeval){ 0 })
CALL(select_time, SYS_select, 0, NULL, NULL, NULL, at)
CALL(sendfile, SYS_sendfile, out_fd, data_fd, at, 1)
CALL(copy_file_range, SYS_copy_file_range, data_fd, at, out_fd, NULL, 1, 0)
CALL(ioctl_fionread, SYS_ioctl, data_fd, 0x541b, at)
CALL(fcntl_getlk, SYS_fcntl, data_fd, F_GETLK, at)
CALL(clock_gettime, SYS_clock_gettime, CLOCK_MONOTONIC, at)
CALL(clock_getres, SYS_clock_getres, CLOCK_MONOTONIC, at)
CALL(gettimeofday, SYS_gettimeofday, at, NULL)
CALL(gettimeofday_zone, SYS_gettimeofday, NULL, at)
CALL(time, SYS_time, at)
CALL(times, SYS_times, at)
CALL(nanosleep, SYS_nanosleep, at, NULL)
CALL(clock_nanosleep, SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, at, NULL)
CALL(rt_sigaction, SYS_rt_sigaction, 10, at, NULL, 8)
CALL(rt_sigaction_old, SYS_rt_sigaction, 10, NULL, at, 8)
CALL(rt_sigprocmask, SYS_rt_sigprocmask, 0, at, NULL, 8)
CALL(rt_sigprocmask_old, SYS_rt_sigprocmask, 0, NULL, at, 8)
CALL(rt_sigpending, SYS_rt_sigpending, at, 8)
CALL(sigaltstack, SYS_sigaltstack, at, NULL)
CALL(sigaltstack_old, SYS_sigaltstack, NULL, at)
CALL(uname, SYS_uname, at)
CALL(sysinfo, SYS_sysinfo, at)
CALL(getrusage, SYS_getrusage, 0, at)
CALL(getrlimit, SYS_getrlimit, RLIMIT_NOFILE, at)
CALL(setrlimit, SYS_setrlimit, RLIMIT_CORE, at)
CALL(prlimit64_new, SYS_prlimit64, 0, RLIMIT_CORE, at, NULL)
CALL(prlimit64_old, SYS_prlimit64, 0, RLIMIT_CORE, NULL, at)
CALL(getrandom, SYS_getrandom, at, 16, 0)
CALL(getcpu, SYS_getcpu, at, NULL, NULL)
CALL(futex_wait, SYS_futex, at, FUTEX_WAIT_PRIVATE, 77, &now_or_never)
CALL(sched_getaffinity, SYS_sched_getaffinity, 0, 128, at)
CALL(sched_setaffinity, SYS_sched_setaffinity, 0, 8, at)
CALL(sched_getparam, SYS_sched_getparam, 0, at)
CALL(prctl_get_name, SYS_prctl, PR_GET_NAME, at)
CALL(prctl_set_name, SYS_prctl, PR_SET_NAME, at)
CALL(arch_prctl_get_fs, SYS_arch_prctl, 0x1003, at)
CALL(get_robust_list, SYS_get_robust_list, 0, at, &(size_t){ 0 })
CALL(get_robust_list_size, SYS_get_robust_list, 0, &(void *){ 0 }, at)

static const struct row rows[] = {
#define ROW(name, use) { #name, call_##name, use }
    ROW(read, WRITES),
    ROW(write, 0),
    ROW(pread64, WRITES),
    ROW(pwrite64, 0),
    ROW(readv, 0),
    ROW(writev, 0),
    ROW(preadv, 0),
    ROW(pwritev, 0),
    ROW(readv_base, WRITES),
    ROW(writev_base, 0),
    ROW(open, TEXT),
    ROW(openat, TEXT),
    ROW(creat, TEXT),
    ROW(stat, TEXT),
    ROW(stat_out, WRITES),
    ROW(lstat_out, WRITES),
    ROW(fstat, WRITES),
    ROW(newfstatat, WRITES),
    ROW(statx, WRITES),
    ROW(statfs, WRITES),
    ROW(fstatfs, WRITES),
    ROW(access, TEXT),
    ROW(faccessat, TEXT),
    ROW(faccessat2, TEXT),
    ROW(chdir, TEXT),
    ROW(getcwd, WRITES),
    ROW(mkdir, TEXT),
    ROW(mkdirat, TEXT),
    ROW(rmdir, TEXT),
    ROW(unlink, TEXT),
    ROW(unlinkat, TEXT),
    ROW(rename, TEXT),
    ROW(rename_to, TEXT),
    ROW(renameat, TEXT),
    ROW(renameat2, TEXT),
    ROW(link, TEXT),
    ROW(link_to, TEXT),
    ROW(linkat, TEXT),
    ROW(symlink, TEXT),
    ROW(symlink_to, TEXT),
    ROW(symlinkat, TEXT),
    ROW(readlink, TEXT),
    ROW(readlink_out, WRITES),
    ROW(readlinkat_out, WRITES),
    ROW(chmod, TEXT),
    ROW(fchmodat, TEXT),
    ROW(chown, TEXT),
    ROW(lchown, TEXT),
    ROW(fchownat, TEXT),
    ROW(truncate, TEXT),
    ROW(mknod, TEXT),
    ROW(mknodat, TEXT),
    ROW(utimensat, OPTIONAL),
    ROW(getdents64, WRITES),
    ROW(poll, WRITES),
    ROW(ppoll, WRITES),
    ROW(ppoll_time, OPTIONAL | WRITES),
    ROW(select, OPTIONAL | WRITES),
    ROW(select_time, OPTIONAL | WRITES),
    ROW(sendfile, OPTIONAL | WRITES),
    ROW(copy_file_range, OPTIONAL | WRITES),
    ROW(ioctl_fionread, WRITES),
    ROW(fcntl_getlk, WRITES),
    ROW(clock_gettime, WRITES),
    ROW(clock_getres, OPTIONAL | WRITES),
    ROW(gettimeofday, OPTIONAL | WRITES),
    ROW(gettimeofday_zone, OPTIONAL | WRITES),
    ROW(time, OPTIONAL | WRITES),
    ROW(times, OPTIONAL | WRITES),
    ROW(nanosleep, 0),
    ROW(clock_nanosleep, 0),
    ROW(rt_sigaction, OPTIONAL),
    ROW(rt_sigaction_old, OPTIONAL | WRITES),
    ROW(rt_sigprocmask, OPTIONAL),
    ROW(rt_sigprocmask_old, OPTIONAL | WRITES),
    ROW(rt_sigpending, WRITES),
    ROW(sigaltstack, OPTIONAL),
    ROW(sigaltstack_old, OPTIONAL | WRITES),
    ROW(uname, WRITES),
    ROW(sysinfo, WRITES),
    ROW(getrusage, WRITES),
    ROW(getrlimit, WRITES),
    ROW(setrlimit, 0),
    ROW(prlimit64_new, OPTIONAL),
    ROW(prlimit64_old, OPTIONAL | WRITES),
    ROW(getrandom, WRITES),
    ROW(getcpu, OPTIONAL | WRITES),
    ROW(futex_wait, 0),
    ROW(sched_getaffinity, WRITES),
    ROW(sched_setaffinity, 0),
    ROW(sched_getparam, WRITES),
    ROW(prctl_get_name, WRITES),
    ROW(prctl_set_name, 0),
    ROW(arch_prctl_get_fs, WRITES),
    ROW(get_robust_list, WRITES),
    ROW(get_robust_list_size, WRITES),
#undef ROW
};

/* A page that may be read is wrong only as a destination. */
static bool is_wild(unsigned use, enum kind kind)
{
    if (kind == NIL) return !(use & OPTIONAL);
    if (kind == READ_ONLY) return use & WRITES;
    return true;
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    data_fd = open("data", O_RDWR | O_CREAT | O_TRUNC, 0600);
    out_fd = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (write(data_fd, "0123456789abcdefghijklmnopqrstuvwxyz", 36) != 36) return 1;
    if (symlink("data", "link") != 0) return 1;
    make_addresses();
    int faults = 0, others = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        printf("%s:", rows[i].name);
        for (enum kind kind = 0; kind < KINDS; kind++) {
            if (!is_wild(rows[i].use, kind)) continue;
            lseek(data_fd, 0, SEEK_SET);
            lseek(out_fd, 0, SEEK_SET);
            addresses[CUT][0] = 'c'; /* what was before may have been half done */
            errno = 0;
            long result = rows[i].call(addresses[kind]);
            bool is_fault = result == -1 && errno == EFAULT;
            if (is_fault)
                faults++;
            else
                others++;
            if (is_fault) continue;
            if (result == -1)
                printf(" [%s: %s]", kind_names[kind], error_name(errno));
            else
                printf(" [%s: %ld]", kind_names[kind], result);
        }
        printf(" otherwise EFAULT\n");
    }
    printf("%d pointers refused with EFAULT, %d ended otherwise\n", faults, others);
    bool clean = true;
    for (int i = 0; i < PAGE; i++) clean = clean && addresses[READ_ONLY][i] == 0;
    CHECK(clean);
    return 0;
}
