/* SPDX-License-Identifier: Apache-2.0 */
/* Who the program is, what it may use, and what machine it says it runs on. */
#include "tests/conformance/conformance.h"

#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static void identity(void)
{
    CHECK(getpid() > 0);
    CHECK(getpid() == syscall(SYS_gettid));
    CHECK(getppid() >= 0);
    CHECK(getpgrp() > 0 && getpgid(0) == getpgrp() && getpgid(getpid()) == getpgrp());
    CHECK(getsid(0) > 0);
    SHOW(getpgid(0x3fffffff));
    SHOW(getsid(0x3fffffff));
    CHECK(getuid() == geteuid() && getgid() == getegid());
    CHECK(getgroups(0, NULL) >= 0);
    SHOW(syscall(SYS_getgroups, -1, NULL));
    int cleared;
    CHECK(syscall(SYS_set_tid_address, &cleared) == getpid());
}

static void machine(void)
{
    struct utsname name;
    SHOW(uname(&name));
    printf("%s %s\n", name.sysname, name.machine);
    int major = 0, minor = 0;
    CHECK(sscanf(name.release, "%d.%d", &major, &minor) == 2 && (major > 5 || (major == 5 && minor >= 4)));
    CHECK(name.nodename[0] && name.version[0]);
    struct sysinfo info;
    SHOW(sysinfo(&info));
    CHECK(info.procs > 0 && info.mem_unit > 0);
    CHECK(info.totalram * info.mem_unit > 1 << 20 && info.freeram <= info.totalram);
    SHOW(sysconf(_SC_PAGESIZE));
    CHECK(sysconf(_SC_NPROCESSORS_ONLN) >= 1);
    SHOW(sysconf(_SC_OPEN_MAX) > 100);
    SHOW(gethostname((char[300]){ 0 }, 300));
}

static void limits(void)
{
    struct rlimit limit;
    SHOW(getrlimit(RLIMIT_NOFILE, &limit));
    CHECK(limit.rlim_cur >= 1024 && limit.rlim_max >= limit.rlim_cur);
    SHOW(getrlimit(RLIMIT_STACK, &limit));
    CHECK(limit.rlim_cur >= 8 << 20);
    SHOW(getrlimit(RLIMIT_AS, &limit));
    CHECK(limit.rlim_cur == RLIM_INFINITY);
    SHOW(getrlimit(16, &limit));
    SHOW(getrlimit(-1, &limit));
    limit = (struct rlimit){ 0, 0 };
    SHOW(setrlimit(RLIMIT_CORE, &limit));
    SHOW(getrlimit(RLIMIT_CORE, &limit));
    printf("%ju %ju\n", (uintmax_t)limit.rlim_cur, (uintmax_t)limit.rlim_max);
    limit = (struct rlimit){ 10, 5 };
    SHOW(setrlimit(RLIMIT_NOFILE, &limit));
    limit = (struct rlimit){ 20, 100 };
    SHOW(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL));
    SHOW(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, NULL, &limit));
    printf("%ju %ju\n", (uintmax_t)limit.rlim_cur, (uintmax_t)limit.rlim_max);
    int last = -1, fd;
    while ((fd = dup(0)) >= 0) last = fd;
    printf("%s after descriptor %d\n", error_name(errno), last);
    SHOW(dup2(0, 20));
    SHOW(syscall(SYS_prlimit64, 0x3fffffff, RLIMIT_NOFILE, NULL, &limit));
    for (fd = 3; fd <= last; fd++) close(fd);
}

static void scheduling(void)
{
    cpu_set_t set;
    struct sched_param param = { .sched_priority = 77 };
    unsigned cpu = 77, node = 77;
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof set, &set) >= 8);
    CHECK(CPU_COUNT(&set) >= 1);
    SHOW(syscall(SYS_sched_getaffinity, 0, 1, &set));
    SHOW(syscall(SYS_sched_getaffinity, 0x3fffffff, sizeof set, &set));
    CHECK(syscall(SYS_sched_setaffinity, 0, sizeof set, &set) == 0);
    CPU_ZERO(&set);
    SHOW(syscall(SYS_sched_setaffinity, 0, sizeof set, &set));
    SHOW(syscall(SYS_sched_getscheduler, 0));
    SHOW(syscall(SYS_sched_getparam, 0, &param));
    printf("%d\n", param.sched_priority);
    SHOW(syscall(SYS_sched_getscheduler, -1));
    SHOW(sched_get_priority_min(SCHED_FIFO));
    SHOW(sched_get_priority_max(SCHED_FIFO));
    SHOW(sched_get_priority_max(SCHED_OTHER));
    SHOW(sched_get_priority_max(77));
    SHOW(sched_yield());
    SHOW(syscall(SYS_getcpu, &cpu, &node, NULL));
    CHECK(cpu < 1024 && node < 1024);
}

static void control(void)
{
    char name[17] = "";
    SHOW(prctl(PR_SET_NAME, "a name that is too long for it"));
    SHOW(prctl(PR_GET_NAME, name));
    printf("%s\n", name);
    SHOW(prctl(PR_SET_NAME, "short"));
    SHOW(prctl(PR_GET_NAME, name));
    printf("%s\n", name);
    SHOW(prctl(PR_GET_DUMPABLE));
    SHOW(prctl(PR_SET_DUMPABLE, 5));
    SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    SHOW(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    SHOW(prctl(0x7fffffff, 0, 0, 0, 0));
    unsigned long gs = 0;
    SHOW(syscall(SYS_arch_prctl, 0x1001, 0x12345678)); /* ARCH_SET_GS */
    SHOW(syscall(SYS_arch_prctl, 0x1004, &gs));        /* ARCH_GET_GS */
    printf("%lx\n", gs);
    SHOW(syscall(SYS_arch_prctl, 0x1001, 1ul << 63));
    SHOW(syscall(SYS_arch_prctl, 0x1002, 1ul << 48)); /* ARCH_SET_FS */
    SHOW(syscall(SYS_arch_prctl, 0x7777, 0));
    SHOW(syscall(100000));
    SHOW(syscall(-1));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    identity();
    machine();
    limits();
    scheduling();
    control();
    return 0;
}
