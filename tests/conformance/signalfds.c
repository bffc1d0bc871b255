/* SPDX-License-Identifier: Apache-2.0 */
/* signalfd: signals that are read, and sigtimedwait: signals that are waited for. */
#include "tests/conformance/tasks.h"

#include <sys/ioctl.h>
#include <sys/signalfd.h>

enum { RT = 40 };

static char *bad;
static uint64_t both, only;
static struct signalfd_siginfo infos[6];

static long make(int fd, const uint64_t *mask, int flags)
{
    return syscall(SYS_signalfd4, fd, mask, 8, flags);
}
static void send(int signal, int value) { sigqueue(getpid(), signal, (union sigval){ .sival_int = value }); }

static void creation(void)
{
    static const int flags[] = { 0, SFD_NONBLOCK, SFD_CLOEXEC, SFD_NONBLOCK | SFD_CLOEXEC };
    uint64_t mask = both, all = UINT64_MAX;
    struct stat s;
    char name[60] = "";
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        int fd = (int)CASE("made", make(-1, &mask, flags[i]));
        fstat(fd, &s);
        if (readlink("/proc/self/fd/3", name, sizeof name - 1) < 0) give_up("a name");
        tell("it is", "mode %o, flags %o, descriptor's %d, %s", s.st_mode, fcntl(fd, F_GETFL) & ~0100000,
             fcntl(fd, F_GETFD), name);
        close(fd);
    }
    CASE("an unknown flag", make(-1, &mask, 1));
    CASE("a mask of another size", syscall(SYS_signalfd4, -1, &mask, 4, 0));
    CASE("no mask", make(-1, NULL, 0));
    CASE("a mask that cannot be read", make(-1, (uint64_t *)bad, 0));
    CASE("changing no file", make(99, &mask, 0));
    CASE("changing another file", make(0, &mask, 0));
    CASE("an unknown flag and no file", make(99, &mask, 1));
    int fd = (int)CASE("every signal", make(-1, &all, SFD_NONBLOCK));
    CASE("changing it", make(fd, &mask, 0));
    CASE("write", write(fd, &all, 8));
    CASE("bytes to read", ioctl(fd, FIONREAD, name));
    CASE("truncate", ftruncate(fd, 0));
    close(fd);
}

static void tell_infos(const char *what, long bytes)
{
    char text[300], *end = text;
    *end = 0;
    for (long i = 0; i < bytes / (long)sizeof *infos; i++)
        end +=
            sprintf(end, " %u/%d/%d%s", infos[i].ssi_signo, infos[i].ssi_code, infos[i].ssi_int,
                    (pid_t)infos[i].ssi_pid == getpid() && infos[i].ssi_uid == getuid() ? "" : " NOT ours");
    tell(what, "%ld:%s", bytes, text);
}

static void reading(void)
{
    uint64_t mask = both;
    int fd = (int)make(-1, &mask, SFD_NONBLOCK);
    struct pollfd list = { fd, POLLIN | POLLOUT, 0 };
    CASE("nothing to read", read(fd, infos, sizeof infos));
    CASE("poll", poll(&list, 1, 0));
    kill(getpid(), SIGUSR1);
    CASE("poll", poll(&list, 1, 0));
    tell("events", "%x", list.revents);
    CASE("no room", read(fd, infos, sizeof *infos - 1));
    CASE("no bytes", read(fd, infos, 0));
    tell_infos("a signal", read(fd, infos, sizeof *infos));
    CASE("it is gone", read(fd, infos, sizeof *infos));
    tell("nothing is pending", "%jx", (uintmax_t)raw_pending());
    send(RT, 1);
    send(SIGUSR1, 2);
    send(RT, 3);
    send(SIGUSR1, 4);
    tell_infos("room for one", read(fd, infos, sizeof *infos));
    tell_infos("room for many", read(fd, infos, sizeof infos));
    send(RT, 5);
    send(RT, 6);
    tell_infos("room for one and a half", read(fd, infos, sizeof *infos * 3 / 2));
    only = bit_of(SIGUSR1);
    make(fd, &only, 0);
    CASE("another mask: no more of it", read(fd, infos, sizeof infos));
    make(fd, &mask, 0);
    tell_infos("the mask again", read(fd, infos, sizeof infos));
    syscall(SYS_tgkill, getpid(), thread_id(), SIGUSR1);
    tell_infos("to the thread", read(fd, infos, sizeof infos));
    send(RT, 7);
    CASE("no access", read(fd, bad, sizeof *infos));
    tell_infos("it is lost", read(fd, infos, sizeof infos));
    kill(getpid(), SIGTERM);
    CASE("another signal", read(fd, infos, sizeof infos));
    tell("it waits", "%jx", (uintmax_t)raw_pending());
    signal(SIGTERM, SIG_IGN);
    int copy = dup(fd);
    send(RT, 8);
    tell_infos("a copy", read(copy, infos, sizeof infos));
    CASE("nothing is left", read(fd, infos, sizeof infos));
    send(RT, 9);
    tell_infos("it is", read(fd, infos, sizeof infos));
    close(copy);
    close(fd);
}

static int send_to_parent(void *argument)
{
    pause_ms(10);
    kill(getppid(), (int)(long)argument);
    return 5;
}
static int read_in_child(void *argument)
{
    int fd = (int)(long)argument;
    shared->numbers[0] = read(fd, infos, sizeof infos) < 0 ? errno : 0;
    send(RT, 3);
    return read(fd, infos, sizeof infos) == sizeof *infos && (pid_t)infos[0].ssi_pid == getpid() ? 1 : 2;
}
static void others(void)
{
    uint64_t mask = both | bit_of(SIGCHLD);
    int fd = (int)make(-1, &mask, 0);
    pid_t pid = start_child(send_to_parent, (void *)SIGUSR1);
    long bytes = read(fd, infos, sizeof *infos);
    tell("a read that waits", "%ld, signal %u, code %d, from the child: %d", bytes, infos[0].ssi_signo,
         infos[0].ssi_code, (pid_t)infos[0].ssi_pid == pid);
    struct pollfd list = { fd, POLLIN, 0 };
    CASE("its end", poll(&list, 1, LONG_MS));
    bytes = read(fd, infos, sizeof *infos);
    tell("is a signal", "%ld, signal %u, code %d, status %d, from the child: %d", bytes, infos[0].ssi_signo,
         infos[0].ssi_code, infos[0].ssi_status, (pid_t)infos[0].ssi_pid == pid);
    wait_soon(pid, 0);
    make(fd, &both, 0);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    send(RT, 1);
    CHILD("a child reads its own", read_in_child, (void *)(long)fd);
    tell("not its parent's", "%s", error_name((int)shared->numbers[0]));
    tell_infos("ours is here", read(fd, infos, sizeof infos));
    close(fd);
    uint64_t set = UINT64_MAX;
    while (raw_pending()) syscall(SYS_rt_sigtimedwait, &set, NULL, &(struct timespec){ 0, 0 }, 8);
}

/* ---- sigtimedwait ---- */

static long take(uint64_t set, siginfo_t *info, const struct timespec *timeout)
{
    return syscall(SYS_rt_sigtimedwait, &set, info, timeout, 8);
}
static long signal_main(void *argument)
{
    pause_ms(10);
    syscall(SYS_tgkill, getpid(), getpid(), (int)(long)argument);
    return 0;
}
static _Atomic int handled, is_over;
static void note(int signal) { handled = signal; }
/* Whether the call has begun cannot be seen, so it is sent until the call is over. */
static long send_again(void *argument)
{
    for (int i = 0; i < 1000 && !is_over; i++, pause_ms(3))
        syscall(SYS_tgkill, getpid(), getpid(), (int)(long)argument);
    return 0;
}
static void waiting(void)
{
    static struct worker worker;
    static const struct timespec none = { 0, 0 }, some = { 0, 5 * MS }, negative = { -1, 0 },
                                 too_fine = { 0, 1000000000 }, much = { 10, 0 };
    siginfo_t info;
    uint64_t set = both;
    CASE("nothing there", take(set, &info, &none));
    int64_t before = now_ns(CLOCK_MONOTONIC);
    CASE("nothing comes", take(set, &info, &some));
    HOLDS("for so long", now_ns(CLOCK_MONOTONIC) - before >= 5 * MS);
    CASE("negative", take(set, &info, &negative));
    CASE("too many nanoseconds", take(set, &info, &too_fine));
    CASE("no set", syscall(SYS_rt_sigtimedwait, NULL, &info, &none, 8));
    CASE("another size", syscall(SYS_rt_sigtimedwait, &set, &info, &none, 16));
    CASE("a time that cannot be read", take(set, &info, (const struct timespec *)bad));
    CASE("of no signals", take(0, &info, &none));
    send(RT, 4);
    send(RT, 5);
    send(SIGUSR1, 6);
    memset(&info, 0, sizeof info);
    CASE("the lowest first", take(set, &info, &none));
    tell("told", "%d %d %d", info.si_signo, info.si_code, info.si_value.sival_int);
    CASE("the next", take(set, &info, &none));
    tell("told", "%d %d %d", info.si_signo, info.si_code, info.si_value.sival_int);
    CASE("without being told", take(set, NULL, NULL));
    CASE("no more", take(set, &info, &none));
    send(RT, 7);
    CASE("told to nowhere", take(set, (siginfo_t *)bad, &none));
    CASE("it is lost", take(set, &info, &none));
    kill(getpid(), SIGUSR1);
    syscall(SYS_tgkill, getpid(), getpid(), RT);
    CASE("the thread's before the process's", take(set, &info, &none));
    CASE("then this", take(set, &info, &none));
    start_worker(&worker, signal_main, (void *)RT);
    CASE("one that comes", take(set, &info, &much));
    tell("told", "%d %d", info.si_signo, info.si_code);
    join_worker(&worker);
    unblock(SIGUSR1);
    catch_with(SIGUSR1, note, 0);
    is_over = 0;
    start_worker(&worker, send_again, (void *)SIGUSR1);
    CASE("one that is not blocked", take(set, &info, &much));
    is_over = 1;
    join_worker(&worker);
    catch_with(SIGUSR2, note, SA_RESTART);
    is_over = 0;
    start_worker(&worker, send_again, (void *)SIGUSR2);
    CASE("another signal's handler", take(set, &info, &much));
    is_over = 1;
    tell("its handler ran", "%d", handled);
    join_worker(&worker);
    pid_t pid = start_child(send_to_parent, (void *)RT);
    CASE("of a child", take(bit_of(RT), &info, &much));
    HOLDS("from it", info.si_pid == pid);
    tell("it ends", "%s", status_text(wait_soon(pid, 0)));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    bad = map_bad();
    both = bit_of(SIGUSR1) | bit_of(RT);
    block(SIGUSR1);
    block(RT);
    block(SIGTERM);
    creation();
    reading();
    block(SIGCHLD);
    others();
    unblock(SIGCHLD);
    waiting();
    return end_cases();
}
