/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of resources: who may raise them, and whose. */
#include "tests/conformance/as_user.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static pid_t other;

static long set(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
    uint64_t limit[2] = { soft, hard };
    return syscall(SYS_prlimit64, pid, resource, limit, NULL);
}
static void show(pid_t pid, int resource)
{
    uint64_t limit[2] = { 0, 0 };
    SHOW(syscall(SYS_prlimit64, pid, resource, NULL, limit));
    printf("%ju %ju\n", (uintmax_t)limit[0], (uintmax_t)limit[1]);
}

/* With sets longer than an fd_set. */
static void select_high_up(void)
{
    static unsigned long in[6400 / 64], out[6400 / 64];
    struct timespec now = { 0 };
    int ends[2] = { 10, 11 }; /* of a pipe, at numbers that are taken */
    close(10);
    close(11);
    SHOW(pipe(ends));
    SHOW(write(ends[1], "x", 1));
    SHOW(dup2(ends[0], 5990));
    in[5990 / 64] = 1ul << (5990 % 64);
    in[ends[0] / 64] |= 1ul << ends[0];
    out[6399 / 64] = 1ul << 63; /* beyond what there can be */
    SHOW(syscall(SYS_pselect6, 6399, in, out, NULL, &now, NULL));
    printf("%lx %lx\n", in[5990 / 64], in[0]);
    in[5998 / 64] = 1ul << (5998 % 64);
    SHOW(close(5998));
    SHOW(syscall(SYS_pselect6, 6399, in, NULL, NULL, &now, NULL));
}

/* Root may raise them, but not the root of every sandbox: so what is asked for is less than what there is on Linux. */
static void many_files(void)
{
    SHOW(set(0, RLIMIT_NOFILE, 301, 300));
    SHOW(set(0, RLIMIT_NOFILE, 0, (1 << 20) + 1));
    SHOW(set(0, RLIMIT_NOFILE, 7000, RLIM_INFINITY));
    SHOW(set(0, RLIMIT_NOFILE, 6000, 7000));
    int count = 0, last = -1, fd;
    while ((fd = dup(1)) >= 0) count++, last = fd;
    printf("%s, the last is %d, more than 5900: %d\n", error_name(errno), last, count > 5900);
    SHOW(fcntl(1, F_DUPFD, 5999));
    SHOW(fcntl(1, F_DUPFD, 6000));
    SHOW(dup2(1, 5999));
    SHOW(dup2(1, 6000));
    select_high_up();
}

static void as_user(void)
{
    SHOW(set(0, RLIMIT_NOFILE, 100, 200));
    become(1000, 1000);
    SHOW(set(0, RLIMIT_NOFILE, 200, 200));
    SHOW(set(0, RLIMIT_NOFILE, 200, 201));
    SHOW(set(0, RLIMIT_NOFILE, 150, 190));
    SHOW(set(0, RLIMIT_NOFILE, 150, 200));
    show(0, RLIMIT_NOFILE);
    SHOW(set(other, RLIMIT_CORE, 0, 0));
    SHOW(syscall(SYS_prlimit64, other, 99, NULL, NULL));
    SHOW(syscall(SYS_prlimit64, other, RLIMIT_CORE, NULL, NULL));
}

/* A child of the same user, then one that is another's in a single number. */
static void of_same_user(void)
{
    become(1000, 1000);
    pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    SHOW(set(child, RLIMIT_CORE, 10, 20));
    show(child, RLIMIT_CORE);
    SHOW(set(child, RLIMIT_CORE, 10, 21));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    SHOW(set(child, RLIMIT_CORE, 0, 0));
}
static void of_other_group(void)
{
    pid_t self = getpid();
    SHOW(syscall(SYS_setresgid, 1000, 1000, 1001));
    SHOW(syscall(SYS_setresuid, 1000, 1000, 1000));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        SHOW(set(self, RLIMIT_CORE, 5, 6));
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void of_another(void)
{
    SHOW(set(other, RLIMIT_NOFILE, 77, 88));
    show(other, RLIMIT_NOFILE);
    SHOW(set(other, RLIMIT_NOFILE, 89, 88));
    SHOW(set(other, 16, 1, 2));
    SHOW(set(0x3fffffff, 16, 1, 2));
    SHOW(set(-1, RLIMIT_NOFILE, 1, 2));
    SHOW(syscall(SYS_prlimit64, 0x3fffffff, RLIMIT_NOFILE, 8, NULL));
    SHOW(syscall(SYS_prlimit64, other, RLIMIT_NOFILE, NULL, 8));
    uint64_t wanted[2] = { 60, 70 };
    SHOW(syscall(SYS_prlimit64, other, RLIMIT_NOFILE, wanted, 8)); /* is set all the same */
    show(other, RLIMIT_NOFILE);
}

int main(void)
{
    fflush(stdout);
    other = fork();
    if (other == 0) {
        pause();
        _exit(0);
    }
    in_child("many files", many_files);
    in_child("as a user", as_user);
    in_child("of the same user", of_same_user);
    in_child("of another group", of_other_group);
    in_child("of another process", of_another);
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    return 0;
}
