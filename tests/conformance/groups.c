/* SPDX-License-Identifier: Apache-2.0 */
/* Process groups and sessions: who may change them, who is reached by a signal to one. */
#include "tests/conformance/tasks.h"

#include <sys/prctl.h>

static int sleep_long(void *argument)
{
    (void)argument;
    pause_ms(LONG_MS);
    return 8;
}
static int lead_session(void *argument)
{
    (void)argument;
    setsid();
    shared->words[0] = 1;
    pause_ms(LONG_MS);
    return 8;
}
static int exec_child(void *argument)
{
    char *const words[] = { argument, (char *)".", (char *)"wait", NULL };
    execv(argument, words);
    return 9;
}
static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    wait_soon(pid, 0);
}

static void groups(char *program)
{
    pid_t a = start_child(sleep_long, NULL), b = start_child(sleep_long, NULL);
    HOLDS("children are in our group", getpgid(a) == getpgrp() && getpgid(b) == getpgrp());
    HOLDS("and session", getsid(a) == getsid(0));
    CASE("a group of its own", setpgid(a, 0));
    HOLDS("has its number", getpgid(a) == a);
    CASE("another joins it", setpgid(b, a));
    HOLDS("and is in it", getpgid(b) == a);
    CASE("again", setpgid(b, a));
    CASE("signal 0 to the group", kill(-a, 0));
    CASE("back to ours", setpgid(b, getpgrp()));
    CASE("to no group", setpgid(b, 0x3ffffff));
    CASE("a negative group", setpgid(b, -1));
    CASE("nobody", setpgid(0x3fffffff, 0));
    CASE("our parent", setpgid(getppid() ? getppid() : 0x3fffffff, 0));
    CASE("again joined", setpgid(b, a));
    CASE("SIGTERM to the group", kill(-a, SIGTERM));
    tell("one", "%s", status_text(wait_soon(a, 0)));
    tell("the other", "%s", status_text(wait_soon(b, 0)));
    CASE("the group is gone", kill(-a, 0));
    CASE("a group of nobody", kill(-0x3fffffff, SIGTERM));
    CASE("the least number", kill(INT32_MIN, SIGTERM));
    shared->words[0] = 0;
    a = start_child(lead_session, NULL);
    becomes(&shared->words[0], 1);
    HOLDS("a session has its leader's number", getsid(a) == a && getpgid(a) == a);
    CASE("its leader cannot leave its group", setpgid(a, getpgrp()));
    b = start_child(sleep_long, NULL);
    CASE("nobody joins a group of another session", setpgid(b, a));
    end(a);
    end(b);
    a = start_child(sleep_long, NULL);
    setpgid(a, a);
    end(a);
    a = start_child(exec_child, program);
    for (int i = 0; i < LONG_MS && setpgid(a, 0) == 0; i++) pause_ms(1);
    tell("a child that has called exec is left alone", "%s", error_name(errno));
    end(a);
}

static int own_group(void *argument)
{
    (void)argument;
    long *seen = shared->numbers;
    seen[0] = setpgid(0, 0) == 0 && getpgrp() == getpid();
    seen[1] = setsid() < 0 ? errno : 0;
    pid_t pid = start_child(sleep_long, NULL);
    seen[2] = getpgid(pid) == getpid();
    signal(SIGUSR1, SIG_IGN);
    seen[3] = kill(0, SIGUSR1); /* the child dies of it, we do not */
    seen[4] = WTERMSIG(wait_soon(pid, 0));
    return 3;
}
static int own_session(void *argument)
{
    (void)argument;
    long *seen = shared->numbers;
    seen[0] = setsid() == getpid();
    seen[1] = getsid(0) == getpid() && getpgrp() == getpid();
    seen[2] = setsid() < 0 ? errno : 0;
    seen[3] = setpgid(0, 0) < 0 ? errno : 0;
    pid_t pid = start_child(sleep_long, NULL);
    seen[4] = getsid(pid) == getpid();
    seen[5] = setpgid(pid, pid) == 0 && getpgid(pid) == pid && getsid(pid) == getpid();
    kill(pid, SIGKILL);
    wait_soon(pid, 0);
    return 4;
}
static void sessions(void)
{
    CHILD("a child of its own group", own_group, NULL);
    tell("made", "%ld", shared->numbers[0]);
    tell("its leader begins no session", "%s", error_name((int)shared->numbers[1]));
    tell("its child is in it", "%ld", shared->numbers[2]);
    tell("a signal to the group", "%ld, the child died of %ld", shared->numbers[3], shared->numbers[4]);
    CHILD("a child of its own session", own_session, NULL);
    tell("made", "%ld %ld", shared->numbers[0], shared->numbers[1]);
    tell("not twice", "%s", error_name((int)shared->numbers[2]));
    tell("its leader's group stays", "%s", error_name((int)shared->numbers[3]));
    tell("its child is in it", "%ld", shared->numbers[4]);
    tell("also with a group of its own", "%ld", shared->numbers[5]);
    CASE("our own session exists", getsid(getpid()) == getsid(0));
    CASE("no number", getsid(-1));
    CASE("no group", getpgid(-1));
}

/* ---- orphaned groups ---- */

static int stop_and_tell(void *argument)
{
    (void)argument;
    signal(SIGHUP, SIG_DFL);
    raise(SIGSTOP);
    return 6;
}
/* Its child stops in a group that has nobody outside to let it go on once this one ends. */
static int leave_stopped(void *argument)
{
    (void)argument;
    pid_t pid = start_child(stop_and_tell, NULL);
    setpgid(pid, pid);
    shared->numbers[0] = pid;
    return WIFSTOPPED(wait_soon(pid, WUNTRACED)) ? 7 : 9;
}
static int lead_session_of_stopped(void *argument)
{
    setsid();
    return leave_stopped(argument);
}
static void orphans(void)
{
    CHILD("a session's leader leaves a stopped group", lead_session_of_stopped, NULL);
    tell("which gets SIGHUP and goes on", "%s", status_text(wait_soon((pid_t)shared->numbers[0], 0)));
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[2], "wait")) return sleep_long(NULL);
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* as the first process is by nature */
    groups(argv[0]);
    sessions();
    orphans();
    return end_cases();
}
