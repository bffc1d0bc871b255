/* SPDX-License-Identifier: Apache-2.0 */
/* Files that stand for processes: when they are readable, what is sent and taken through them, waiting. */
#include "tests/conformance/epolls.h"
#include "tests/conformance/as_user.h"
#include "tests/conformance/raw_clone.h"

#include <sys/prctl.h>
#include <sys/uio.h>

enum {
    CALL_PIDFD_SEND_SIGNAL = 424,
    CALL_PIDFD_OPEN = 434,
    CALL_PIDFD_GETFD = 438,
    P_PIDFD_TYPE = 3,
    FLAG_CLONE_PIDFD = 0x1000,
    USER = 1000,
};

static long pidfd_open(long pid, long flags) { return syscall(CALL_PIDFD_OPEN, pid, flags); }
static long pidfd_send_signal(long fd, int signal, void *info, long flags)
{
    return syscall(CALL_PIDFD_SEND_SIGNAL, fd, signal, info, flags);
}
static long pidfd_getfd(long pidfd, long fd, long flags)
{
    return syscall(CALL_PIDFD_GETFD, pidfd, fd, flags);
}
static long wait_for(long fd, int options, siginfo_t *info)
{
    memset(info, 0, sizeof *info);
    return syscall(SYS_waitid, P_PIDFD_TYPE, fd, info, options, NULL);
}
static bool is_readable(int fd)
{
    struct pollfd list = { fd, POLLIN, 0 };
    return poll(&list, 1, 0) == 1 && (list.revents & POLLIN);
}

static int pipe_to_child[2];
static int child_waits(void *status)
{
    char byte;
    close(pipe_to_child[1]);
    return read(pipe_to_child[0], &byte, 1) == 0 ? (int)(intptr_t)status : 99;
}
static pid_t start_waiter(int status)
{
    if (pipe2(pipe_to_child, O_CLOEXEC) != 0) give_up("pipe");
    pid_t pid = start_child(child_waits, (void *)(intptr_t)status);
    close(pipe_to_child[0]);
    return pid;
}
static void let_it_end(void) { close(pipe_to_child[1]); }

static void refusals(void)
{
    siginfo_t info = { 0 };
    int own = (int)pidfd_open(getpid(), 0), event = new_event(0);
    char *bad = map_bad();
    HOLDS("its own", own >= 0);
    CASE("closed by exec", fcntl(own, F_GETFD));
    CASE("flags", fcntl(own, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    CASE("read", read(own, bad - 8, 8));
    CASE("write", write(own, bad - 8, 8));
    CASE("readable", is_readable(own));
    CASE("process 0", pidfd_open(0, 0));
    CASE("process -1", pidfd_open(-1, 0));
    CASE("nobody", pidfd_open(4194303, 0));
    CASE("flags there are not", pidfd_open(getpid(), 1));
    CASE("signal with flags", pidfd_send_signal(own, 0, NULL, 0x100));
    CASE("signal through something else", pidfd_send_signal(event, 0, NULL, 0));
    CASE("signal through nothing", pidfd_send_signal(99, 0, NULL, 0));
    CASE("signal there is not", pidfd_send_signal(own, 65, NULL, 0));
    CASE("signal 0", pidfd_send_signal(own, 0, NULL, 0));
    CASE("bad address", pidfd_send_signal(own, 0, bad, 0));
    info.si_signo = SIGUSR1;
    info.si_code = SI_QUEUE;
    CASE("another signal in it", pidfd_send_signal(own, SIGUSR2, &info, 0));
    CASE("get with flags", pidfd_getfd(own, 0, 1));
    CASE("get through something else", pidfd_getfd(event, 0, 0));
    CASE("get what is closed", pidfd_getfd(own, 99, 0));
    CASE("wait for itself", wait_for(own, WEXITED | WNOHANG, &info));
    CASE("wait for something else", wait_for(event, WEXITED, &info));
    CASE("wait for nothing", wait_for(99, WEXITED, &info));
    CASE("wait for -1", wait_for(-1, WEXITED, &info));
    CASE("wait without events", wait_for(own, 0, &info));
    close(own);
    close(event);
}

static void ends(void)
{
    siginfo_t info;
    pid_t pid = start_waiter(7);
    int fd = (int)pidfd_open(pid, 0), quick = (int)pidfd_open(pid, O_NONBLOCK), ep = new_epoll();
    HOLDS("a child's", fd >= 0 && quick >= 0);
    CASE("non-blocking", (fcntl(quick, F_GETFL) & O_NONBLOCK) != 0);
    CASE("readable while it runs", is_readable(fd));
    CASE("no news", wait_for(fd, WEXITED | WNOHANG, &info));
    CASE("from nobody", info.si_pid);
    CASE("not waited for", wait_for(quick, WEXITED, &info));
    CASE("nor with WNOHANG", wait_for(quick, WEXITED | WNOHANG, &info));
    CASE("signal 0", pidfd_send_signal(fd, 0, NULL, 0));
    watch(ep, fd, EPOLLIN, 1);
    show_wait("watched", ep);
    let_it_end();
    show_wait_for("it ends", ep, 1, LONG_MS);
    CASE("readable", is_readable(fd));
    CASE("also the other", is_readable(quick));
    CASE("a zombie takes signals", pidfd_send_signal(fd, SIGTERM, NULL, 0));
    CASE("looked at", wait_for(fd, WEXITED | WNOWAIT, &info));
    tell("its news", "%d %d %d", info.si_signo, info.si_code, info.si_status);
    CASE("its number", info.si_pid == pid);
    CASE("waited for", wait_for(quick, WEXITED, &info));
    CASE("again", wait_for(fd, WEXITED, &info));
    CASE("signal to one that is gone", pidfd_send_signal(fd, SIGTERM, NULL, 0));
    CASE("its files", pidfd_getfd(fd, 0, 0));
    CASE("still readable", is_readable(fd));
    CASE("open it anew", pidfd_open(pid, 0));
    close(fd);
    close(quick);
    close(ep);
}

static void signals(void)
{
    siginfo_t info;
    pid_t pid = start_waiter(1);
    int fd = (int)pidfd_open(pid, 0);
    CASE("stop it", pidfd_send_signal(fd, SIGSTOP, NULL, 0));
    CASE("stopped", wait_for(fd, WSTOPPED, &info));
    tell("its news", "%d %d", info.si_code, info.si_status);
    CASE("readable while stopped", is_readable(fd));
    CASE("let it go on", pidfd_send_signal(fd, SIGCONT, NULL, 0));
    CASE("goes on", wait_for(fd, WCONTINUED, &info));
    info = (siginfo_t){ .si_signo = SIGTERM, .si_code = SI_USER };
    CASE("pretend", pidfd_send_signal(fd, SIGTERM, &info, 0));
    info.si_code = SI_QUEUE;
    CASE("with a value", pidfd_send_signal(fd, SIGTERM, &info, 0));
    CASE("ended", wait_for(fd, WEXITED, &info));
    tell("its news", "%d %d", info.si_code, info.si_status);
    let_it_end();
    close(fd);
}

/* An open directory of /proc stands for its process, but for signals only. */
static void directories(void)
{
    char path[64];
    siginfo_t info;
    pid_t pid = start_waiter(0);
    snprintf(path, sizeof path, "/proc/%d", pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY), only_path = open(path, O_PATH);
    snprintf(path, sizeof path, "/proc/%d/task/%d", pid, pid);
    int of_thread = open(path, O_RDONLY), all = open("/proc", O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    int file = open(path, O_RDONLY);
    CASE("signal 0", pidfd_send_signal(fd, 0, NULL, 0));
    CASE("a signal there is not", pidfd_send_signal(fd, 65, NULL, 0));
    CASE("through a path", pidfd_send_signal(only_path, 0, NULL, 0));
    CASE("through a thread's", pidfd_send_signal(of_thread, 0, NULL, 0));
    CASE("through a file in it", pidfd_send_signal(file, 0, NULL, 0));
    CASE("through /proc", pidfd_send_signal(all, 0, NULL, 0));
    CASE("its files", pidfd_getfd(fd, 0, 0));
    CASE("wait", wait_for(fd, WEXITED, &info));
    CASE("kill it", pidfd_send_signal(fd, SIGKILL, NULL, 0));
    CASE("a zombie", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    CASE("signal to it", pidfd_send_signal(fd, SIGTERM, NULL, 0));
    tell("killed", "%s", status_text(wait_soon(pid, 0)));
    CASE("signal to one that is gone", pidfd_send_signal(fd, SIGTERM, NULL, 0));
    close(pipe_to_child[1]);
    close(fd);
    close(only_path);
    close(of_thread);
    close(all);
    close(file);
}

static void others_files(void)
{
    pid_t pid = start_waiter(0);
    int fd = (int)pidfd_open(pid, 0), theirs = -1;
    for (int i = 0; i < LONG_MS && theirs < 0; i++) {
        theirs = (int)pidfd_getfd(fd, pipe_to_child[0], 0); /* closed here, open there */
        if (theirs < 0) pause_ms(1);
    }
    HOLDS("another's file", theirs >= 0);
    CASE("closed by exec", fcntl(theirs, F_GETFD));
    close(theirs);
    CASE("kill it", pidfd_send_signal(fd, SIGKILL, NULL, 0));
    tell("killed", "%s", status_text(wait_soon(pid, 0)));
    close(pipe_to_child[1]);
    close(fd);
}

/* ---- whose process it is ---- */

static uid_t numbers[3];
static bool tells_dumpable;
static int child_acts_as(void *argument)
{
    char byte;
    (void)argument;
    close(pipe_to_child[1]);
    syscall(SYS_setgroups, 0, NULL);
    syscall(SYS_setresgid, USER, USER, USER);
    syscall(SYS_setresuid, numbers[0], numbers[1], numbers[2]);
    if (tells_dumpable) prctl(PR_SET_DUMPABLE, 1);
    shared->words[0] = 1;
    return read(pipe_to_child[0], &byte, 1) == 0 ? 0 : 99;
}
static int secret;
static pid_t watched_child;
static char *name_in_proc(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", watched_child, name);
    return path;
}
static void user_looks_in_proc(void)
{
    char text[64], fd[16];
    snprintf(fd, sizeof fd, "fd/%d", secret);
    CASE("opens its map", open(name_in_proc("maps"), O_RDONLY) < 0 ? -1 : 0);
    CASE("its environment", open(name_in_proc("environ"), O_RDONLY) < 0 ? -1 : 0);
    CASE("its directory", open(name_in_proc("cwd/."), O_RDONLY) < 0 ? -1 : 0);
    CASE("reads where that is", readlink(name_in_proc("cwd"), text, sizeof text) < 0 ? -1 : 0);
    CASE("its program", readlink(name_in_proc("exe"), text, sizeof text) < 0 ? -1 : 0);
    CASE("what its file is", readlink(name_in_proc(fd), text, sizeof text) < 0 ? -1 : 0);
}
static void user_looks(void)
{
    become(USER, USER);
    int fd = (int)pidfd_open(watched_child, 0);
    char here[4], *there = (char *)&secret;
    struct iovec local = { here, sizeof here }, remote = { there, sizeof here };
    CASE("may signal it", pidfd_send_signal(fd, 0, NULL, 0));
    CASE("its file", pidfd_getfd(fd, secret, 0) < 0 ? -1 : 0);
    user_looks_in_proc();
    CASE("its memory", syscall(SYS_process_vm_readv, watched_child, &local, 1, &remote, 1, 0));
}
static void looked_at_by_a_user(const char *title, uid_t real, uid_t effective, uid_t saved, bool dumpable)
{
    numbers[0] = real, numbers[1] = effective, numbers[2] = saved, tells_dumpable = dumpable;
    shared->words[0] = 0;
    if (pipe2(pipe_to_child, O_CLOEXEC) != 0) give_up("pipe");
    watched_child = start_child(child_acts_as, NULL);
    close(pipe_to_child[0]);
    becomes(&shared->words[0], 1);
    in_child(title, user_looks);
    let_it_end();
    tell("it ended", "%s", status_text(wait_soon(watched_child, 0)));
}
static void others_users(void)
{
    secret = new_event(0);
    looked_at_by_a_user("a program of root's that the user began", USER, 0, 0, true);
    looked_at_by_a_user("one that could be root again", USER, USER, 0, true);
    looked_at_by_a_user("one that was root", USER, USER, USER, false);
    looked_at_by_a_user("one that has nothing to hide", USER, USER, USER, true);
    looked_at_by_a_user("another user's", USER + 1, USER + 1, USER + 1, true);
    close(secret);
}

static void cloned(void)
{
    int fd = -1;
    siginfo_t info;
    char *bad = map_bad();
    struct clone_args_like {
        uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    } args = { .flags = FLAG_CLONE_PIDFD, .pidfd = (uint64_t)&fd, .exit_signal = SIGCHLD };
    fflush(stdout);
    long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid == 0) _exit(5);
    HOLDS("clone3 with a file", pid > 0 && fd >= 0);
    CASE("closed by exec", fcntl(fd, F_GETFD));
    CASE("waited for", wait_for(fd, WEXITED, &info));
    tell("its news", "%d %d", info.si_code, info.si_status);
    close(fd);
    fd = -1;
    pid = syscall(SYS_clone, FLAG_CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
    if (pid == 0) _exit(6);
    HOLDS("clone with a file", pid > 0 && fd >= 0);
    CASE("waited for", wait_for(fd, WEXITED, &info));
    tell("its news", "%d %d", info.si_code, info.si_status);
    close(fd);
    CASE("clone with two uses of an address",
         syscall(SYS_clone, FLAG_CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0));
    args.pidfd = (uint64_t)bad;
    CASE("to a bad address", syscall(SYS_clone3, &args, sizeof args));
    CASE("nobody was made", waitpid(-1, NULL, WNOHANG));
    fd = new_event(0);
    CASE("no number was lost", fd);
    close(fd);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    refusals();
    ends();
    signals();
    directories();
    others_files();
    others_users();
    cloned();
    return end_cases();
}
