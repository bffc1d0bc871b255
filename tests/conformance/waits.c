/* SPDX-License-Identifier: Apache-2.0 */
/* wait4 and waitid: which children, how they ended, what SIGCHLD says, and what happens to those whose parent
 * is gone. */
#include "tests/conformance/tasks.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static int exit_with(void *argument) { return (int)(long)argument; }
static int die_of(void *argument)
{
    struct rlimit no_core = { 0, 0 };
    setrlimit(RLIMIT_CORE, &no_core);
    raise((int)(long)argument);
    return 77;
}
static int sleep_long(void *argument)
{
    (void)argument;
    pause_ms(LONG_MS);
    return 78;
}
static const char *info_text(const siginfo_t *info, pid_t pid)
{
    static char text[100];
    snprintf(text, sizeof text, "signal %d, errno %d, code %d, status %d, %s", info->si_signo, info->si_errno,
             info->si_code, info->si_status,
             info->si_pid == pid ? "the child"
             : info->si_pid == 0 ? "nobody"
                                 : "ANOTHER");
    return text;
}
static bool ends_soon(pid_t pid)
{
    siginfo_t info = { 0 };
    for (int i = 0; i < LONG_MS; i++) {
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid)
            return true;
        pause_ms(1);
    }
    return false;
}

static void ends(void)
{
    static const int statuses[] = { 0, 1, 127, 128, 255, 256, 257, -1 };
    static const int signals[] = { SIGHUP,  SIGQUIT, SIGKILL, SIGTERM, SIGUSR1,
                                   SIGALRM, SIGSEGV, SIGABRT, 40,      64 };
    char what[60];
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        snprintf(what, sizeof what, "exit of %d", statuses[i]);
        int status = run_child(exit_with, (void *)(long)statuses[i]);
        tell(what, "%x", status);
    }
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        siginfo_t info;
        memset(&info, 0, sizeof info);
        pid_t pid = start_child(die_of, (void *)(long)signals[i]);
        ends_soon(pid);
        waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
        bool is_ours = info.si_pid == pid && info.si_signo == SIGCHLD && info.si_status == signals[i];
        int status = wait_soon(pid, 0);
        snprintf(what, sizeof what, "death of %d", signals[i]);
        tell(what, "%x, %s", status & ~0x80, is_ours ? "also by waitid" : "NOT by waitid");
    }
}

static void stops(void)
{
    siginfo_t info;
    int status = 0;
    pid_t pid = start_child(sleep_long, NULL);
    CASE("it runs", waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED));
    kill(pid, SIGSTOP);
    tell("a stop", "%s", status_text(wait_soon(pid, WUNTRACED)));
    CASE("is told once", waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED));
    kill(pid, SIGCONT);
    tell("a continuation", "%s", status_text(wait_soon(pid, WCONTINUED)));
    CASE("is told once", waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED));
    kill(pid, SIGTSTP); /* nobody outside the group could let it go on, so it is not stopped */
    pause_ms(5);
    CASE("a terminal's stop of an orphaned group", waitpid(pid, &status, WNOHANG | WUNTRACED));
    kill(pid, SIGSTOP);
    memset(&info, 0, sizeof info);
    CASE("waitid of a stop", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT));
    tell("it says", "%s", info_text(&info, pid));
    memset(&info, 0, sizeof info);
    CASE("again", waitid(P_PID, (id_t)pid, &info, WSTOPPED));
    tell("it says", "%s", info_text(&info, pid));
    memset(&info, 0, sizeof info);
    CASE("and no more", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG));
    tell("it says", "%s", info_text(&info, pid));
    kill(pid, SIGCONT);
    CASE("waitid of a continuation", waitid(P_PID, (id_t)pid, &info, WCONTINUED));
    tell("it says", "%s", info_text(&info, pid));
    kill(pid, SIGSTOP);
    wait_soon(pid, WUNTRACED);
    kill(pid, SIGTERM);
    pause_ms(5);
    CASE("a stopped child does not die of SIGTERM", waitpid(pid, &status, WNOHANG));
    kill(pid, SIGCONT);
    tell("until it goes on", "%s", status_text(wait_soon(pid, 0)));
    pid = start_child(sleep_long, NULL);
    kill(pid, SIGSTOP);
    wait_soon(pid, WUNTRACED);
    kill(pid, SIGKILL);
    tell("but of SIGKILL", "%s", status_text(wait_soon(pid, 0)));
}

static void arguments(void)
{
    siginfo_t info;
    int status = 7;
    struct rusage usage;
    char *bad = map_bad();
    CASE("no children", wait4(-1, &status, 0, NULL));
    CASE("no children, not waiting", wait4(-1, &status, WNOHANG, NULL));
    CASE("waitid, no children", waitid(P_ALL, 0, &info, WEXITED));
    pid_t pid = start_child(exit_with, (void *)9);
    CASE("not a child", wait4(getppid() > 1 ? getppid() : 0x3fffffff, &status, WNOHANG, NULL));
    CASE("not there", wait4(0x3fffffff, &status, 0, NULL));
    CASE("ourselves", wait4(getpid(), &status, 0, NULL));
    CASE("the least number", wait4(INT32_MIN, &status, 0, NULL));
    CASE("an unknown flag", wait4(pid, &status, 0x10, NULL));
    CASE("waitid, nothing to wait for", waitid(P_PID, (id_t)pid, &info, WNOHANG));
    CASE("waitid, an unknown flag", waitid(P_PID, (id_t)pid, &info, WEXITED | 0x10));
    CASE("waitid, an unknown kind", waitid((idtype_t)7, (id_t)pid, &info, WEXITED));
    CASE("waitid, pid 0", waitid(P_PID, 0, &info, WEXITED));
    CASE("waitid, a negative pid", waitid(P_PID, (id_t)-1, &info, WEXITED));
    CASE("another group", wait4(-0x3fffffff, &status, WNOHANG, NULL));
    ends_soon(pid);
    memset(&info, 0, sizeof info);
    CASE("waitid leaves it", waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT));
    tell("it says", "%s", info_text(&info, pid));
    CASE("WSTOPPED alone does not see it", waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG));
    CASE("waitid to nowhere", syscall(SYS_waitid, P_PID, pid, bad, WEXITED | WNOWAIT, NULL));
    CASE("waitid, not told", syscall(SYS_waitid, P_PID, pid, NULL, WEXITED | WNOWAIT, NULL));
    memset(&usage, 0xff, sizeof usage);
    HOLDS("wait4 takes it", wait4(0, &status, 0, &usage) == pid);
    tell("it says", "%s", status_text(status));
    HOLDS("what it used", usage.ru_utime.tv_sec >= 0 && usage.ru_utime.tv_usec >= 0 &&
                              usage.ru_utime.tv_usec < 1000000 && usage.ru_stime.tv_sec >= 0 &&
                              usage.ru_maxrss >= 0);
    CASE("it is gone", wait4(pid, &status, 0, NULL));
    CASE("nobody is there to get a signal", kill(pid, 0));
    pid = start_child(exit_with, (void *)4);
    ends_soon(pid);
    CASE("one that has ended can be signalled", kill(pid, SIGTERM));
    CASE("a status to nowhere", wait4(pid, (int *)bad, 0, NULL));
    CASE("it is gone all the same", wait4(pid, &status, 0, NULL));
    pid = start_child(exit_with, (void *)5);
    HOLDS("our own group's", waitpid(-getpgrp(), &status, 0) == pid);
    pid = start_child(exit_with, (void *)5);
    CASE("waitid by group", waitid(P_PGID, (id_t)getpgrp(), &info, WEXITED));
    tell("it says", "%s", info_text(&info, pid));
}

/* ---- SIGCHLD ---- */

static siginfo_t told;
static _Atomic int count;
static void note(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    told = *info;
    count++;
}
static void child_signals(void)
{
    int status = 0;
    count = 0;
    catch_info(SIGCHLD, note, 0);
    pid_t pid = start_child(exit_with, (void *)11);
    becomes(&count, 1);
    tell("an exit", "%d: %s", count, info_text(&told, pid));
    wait_soon(pid, 0);
    count = 0;
    pid = start_child(sleep_long, NULL);
    kill(pid, SIGSTOP);
    becomes(&count, 1);
    tell("a stop", "%d: %s", count, info_text(&told, pid));
    kill(pid, SIGCONT);
    becomes(&count, 2);
    tell("a continuation", "%d: %s", count, info_text(&told, pid));
    kill(pid, SIGKILL);
    becomes(&count, 3);
    tell("a death", "%d: %s", count, info_text(&told, pid));
    wait_soon(pid, 0);
    count = 0;
    catch_info(SIGCHLD, note, SA_NOCLDSTOP);
    pid = start_child(sleep_long, NULL);
    kill(pid, SIGSTOP);
    wait_soon(pid, WUNTRACED);
    kill(pid, SIGCONT);
    wait_soon(pid, WCONTINUED);
    tell("SA_NOCLDSTOP", "%d signals", count);
    kill(pid, SIGKILL);
    becomes(&count, 1);
    tell("but for the death", "%d: %s", count, info_text(&told, pid));
    wait_soon(pid, 0);
    count = 0;
    catch_info(SIGCHLD, note, SA_NOCLDWAIT);
    pid = start_child(exit_with, (void *)12);
    becomes(&count, 1);
    tell("SA_NOCLDWAIT", "%d: %s", count, info_text(&told, pid));
    CASE("nothing to wait for", waitpid(pid, &status, 0));
    signal(SIGCHLD, SIG_IGN);
    pid = start_child(exit_with, (void *)13);
    CASE("ignored: a wait for its end", waitpid(pid, &status, 0));
    signal(SIGCHLD, SIG_DFL);
}

/* ---- several ---- */

static long wait_in_thread(void *argument) { return wait_soon((pid_t)(long)argument, 0); }
static int leave_child(void *argument)
{
    shared->numbers[0] = start_child(argument ? exit_with : sleep_long, argument);
    return 14;
}
static int name_parent(void *argument)
{
    pid_t made_by = getppid();
    if (!argument) shared->words[1] = 1;
    for (int i = 0; i < LONG_MS && getppid() == made_by; i++) pause_ms(1);
    shared->numbers[1] = getppid();
    return 15;
}
static int make_orphan(void *argument)
{
    (void)argument;
    start_child(name_parent, NULL);
    becomes(&shared->words[1], 1);
    return 16;
}
static int wait_for_orphans_signal(void *argument)
{
    prctl(PR_SET_PDEATHSIG, (long)argument);
    shared->words[2] = 1;
    pause_ms(LONG_MS);
    return 17;
}
static int make_bound_orphan(void *argument)
{
    start_child(wait_for_orphans_signal, argument);
    becomes(&shared->words[2], 1);
    return 18;
}
static void several(void)
{
    static struct worker worker;
    int status, seen = 0;
    for (long i = 1; i <= 5; i++) start_child(exit_with, (void *)i);
    for (int i = 0; i < 5; i++) {
        status = wait_soon(-1, 0);
        seen |= 1 << WEXITSTATUS(status);
    }
    tell("any of five", "%x", seen);
    pid_t pid = start_child(exit_with, (void *)6);
    start_worker(&worker, wait_in_thread, (void *)(long)pid);
    tell("a thread waits for a child of another", "%s", status_text((int)join_worker(&worker)));
    pid = start_child(exit_with, (void *)7);
    ends_soon(pid);
    CASE("__WNOTHREAD sees its own", waitpid(pid, NULL, __WNOTHREAD | WNOHANG) == pid);

    /* Outside, somebody else is the first process, so this one says that it takes orphans. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    CHILD("a child leaves an orphan", make_orphan, NULL);
    tell("it is ours to wait for", "%s", status_text(wait_soon(-1, 0)));
    HOLDS("it knows", shared->numbers[1] == getpid());
    CHILD("one that has ended", leave_child, (void *)19);
    HOLDS("is ours too", (status = wait_soon((pid_t)shared->numbers[0], 0)) != KILLED_BY_US);
    tell("it says", "%s", status_text(status));
    CHILD("a child's child asks for a signal", make_bound_orphan, (void *)SIGTERM);
    tell("which ends it", "%s", status_text(wait_soon(-1, 0)));
    int wanted = -1;
    CASE("a signal at the parent's end", prctl(PR_SET_PDEATHSIG, SIGUSR1));
    CASE("is told", prctl(PR_GET_PDEATHSIG, &wanted));
    tell("it is", "%d", wanted);
    CASE("no such signal", prctl(PR_SET_PDEATHSIG, 65));
    CASE("no more children", waitpid(-1, NULL, WNOHANG));
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    ends();
    stops();
    arguments();
    child_signals();
    several();
    return end_cases();
}
