/* SPDX-License-Identifier: Apache-2.0 */
/* clone and clone3: which flags go together, what a new thread or process shares and is told. */
#include "tests/conformance/raw_clone.h"

#include <asm/prctl.h>

static char *stack, *bad;
static long tls[64];

/* What the new thread saw; the words are futexes. */
struct seen {
    _Atomic int tid, pid, parent, told, may_go, changed;
    _Atomic long fs;
    int parent_tid, child_tid;
};
static struct seen *seen;

static long look(void *argument)
{
    struct seen *s = argument;
    long fs = 0;
    s->told = s->child_tid;
    s->pid = (int)raw_call(SYS_getpid, 0, 0, 0, 0);
    s->parent = (int)raw_call(SYS_getppid, 0, 0, 0, 0);
    raw_call(SYS_arch_prctl, ARCH_GET_FS, (long)&fs, 0, 0);
    s->fs = fs;
    s->tid = (int)raw_call(SYS_gettid, 0, 0, 0, 0);
    return 7;
}
/* Waits for the kernel to clear the word at the thread's end, as pthread_join does. */
static bool is_gone(int *child_tid)
{
    struct timespec t = { 10, 0 };
    for (int value; (value = __atomic_load_n(child_tid, __ATOMIC_SEQ_CST)) != 0;)
        if (futex((_Atomic int *)child_tid, FUTEX_WAIT, value, &t, NULL, 0) != 0 && errno == ETIMEDOUT)
            return false;
    return true;
}
/* The child's number is set by the child, so only another value than 0 shows that it is cleared. */
static void forget_seen(void)
{
    memset((void *)seen, 0, sizeof *seen);
    seen->child_tid = -1;
}
static long look_by_clone(unsigned long flags)
{
    forget_seen();
    return raw_clone(flags, stack, &seen->parent_tid, &seen->child_tid, tls, look, seen);
}

static void threads(void)
{
    seen = map_shared(sizeof *seen);
    long tid = look_by_clone(THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                             CLONE_SETTLS);
    HOLDS("a thread is made", tid > 0);
    if (tid < 0) give_up("clone");
    HOLDS("its end clears and wakes", is_gone(&seen->child_tid));
    HOLDS("the number is told to the maker", seen->parent_tid == tid);
    HOLDS("and to itself, before it begins", seen->told == tid);
    HOLDS("and by gettid", seen->tid == tid);
    HOLDS("it belongs to this process", seen->pid == getpid() && seen->tid != seen->pid);
    HOLDS("its parent is ours", seen->parent == getppid());
    HOLDS("it has its own thread pointer", seen->fs == (long)tls);
    CASE("nobody waits for a thread", waitpid((pid_t)tid, NULL, __WALL | WNOHANG));

    struct clone_args arguments = {
        .flags =
            THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS,
        .stack = (uintptr_t)stack,
        .stack_size = STACK_BYTES,
        .parent_tid = (uintptr_t)&seen->parent_tid,
        .child_tid = (uintptr_t)&seen->child_tid,
        .tls = (uintptr_t)tls,
    };
    forget_seen();
    tid = raw_clone3(&arguments, sizeof arguments, look, seen);
    HOLDS("clone3 makes a thread", tid > 0);
    HOLDS("its end clears and wakes", is_gone(&seen->child_tid));
    HOLDS("it is told the same", seen->parent_tid == tid && seen->told == tid && seen->tid == tid);
    HOLDS("it has its own thread pointer", seen->fs == (long)tls);
    arguments.parent_tid = (uintptr_t)bad;
    forget_seen();
    tid = raw_clone3(&arguments, sizeof arguments, look, seen);
    HOLDS("a number that cannot be told", tid > 0 && is_gone(&seen->child_tid) && seen->tid == tid);
}

/* ---- what is shared ---- */

static long change(void *argument)
{
    struct seen *s = argument;
    s->changed = 1;
    raw_call(SYS_chdir, (long)"/", 0, 0, 0);
    raw_call(SYS_umask, 077, 0, 0, 0);
    raw_call(SYS_close, 9, 0, 0, 0);
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        uint64_t mask;
    } action = { SIG_IGN, 0, NULL, 0 };
    raw_call(SYS_rt_sigaction, SIGUSR2, (long)&action, 0, 8);
    return 0;
}
static void show_shared(const char *what, unsigned long flags)
{
    static struct seen private;
    char here[300], now[300];
    private.changed = 0;
    signal(SIGUSR2, SIG_DFL);
    umask(022);
    if (!getcwd(here, sizeof here) || dup2(1, 9) != 9) give_up("a start");
    long pid = raw_clone(flags | SIGCHLD, stack, NULL, NULL, NULL, change, &private);
    int status = pid > 0 ? wait_soon((pid_t)pid, 0) : KILLED_BY_US;
    struct sigaction action;
    sigaction(SIGUSR2, NULL, &action);
    bool is_moved = !getcwd(now, sizeof now) || strcmp(here, now);
    mode_t mask = umask(022);
    tell(what, "%s; memory %s, folder %s, files %s, handlers %s", status_text(status),
         private.changed ? "shared" : "own", is_moved && mask == 077 ? "shared" : "own",
         fcntl(9, F_GETFD) < 0 ? "shared" : "own", action.sa_handler == SIG_IGN ? "shared" : "own");
    if (chdir(here) != 0) give_up("the way back");
    close(9);
    signal(SIGUSR2, SIG_DFL);
}

static long look_at_descriptor(void *unused)
{
    char name[40], target[40] = "";
    (void)unused;
    snprintf(name, sizeof name, "/proc/self/fd/%d", open("/dev/zero", O_RDONLY));
    return readlink(name, target, sizeof target - 1) > 0 && !strcmp(target, "/dev/zero") ? 3 : 9;
}
static void links(void)
{
    long pid = raw_clone(CLONE_FS | SIGCHLD, NULL, NULL, NULL, NULL, look_at_descriptor, NULL);
    tell("/proc/self/fd under a shared folder", "%s", status_text(wait_soon((pid_t)pid, 0)));
}

static void sharing(void)
{
    show_shared("nothing", 0);
    show_shared("memory", CLONE_VM);
    show_shared("the folder", CLONE_FS);
    show_shared("files", CLONE_FILES);
    show_shared("memory and handlers", CLONE_VM | CLONE_SIGHAND);
    show_shared("all", CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND);
    show_shared("memory, and its maker sleeps", CLONE_VM | CLONE_VFORK);
}

/* ---- refusals ---- */

static long never(void *argument)
{
    (void)argument;
    return 99;
}
static long try_clone(unsigned long flags)
{
    return raw_result(raw_clone(flags, stack, bad, bad, bad, never, NULL));
}
static long try_clone3(size_t bytes, struct clone_args arguments)
{
    return raw_result(raw_clone3(&arguments, bytes, never, NULL));
}
static void refusals(void)
{
    enum { ALL = sizeof(struct clone_args) };
    const uint64_t at = (uintptr_t)stack;
    CASE("a thread without handlers", try_clone(CLONE_VM | CLONE_THREAD));
    CASE("handlers without memory", try_clone(CLONE_SIGHAND));
    CASE("a thread of another memory", try_clone(CLONE_THREAD | CLONE_SIGHAND));
    CASE("handlers that are shared and cleared",
         try_clone3(ALL, (struct clone_args){ .flags = CLONE_VM | CLONE_SIGHAND | CLONE_CLEAR_SIGHAND }));
    CASE("clone3, no size", try_clone3(0, (struct clone_args){ 0 }));
    CASE("clone3, too short", try_clone3(CLONE_ARGS_SIZE_VER0 - 8, (struct clone_args){ 0 }));
    CASE("clone3, absurdly long", try_clone3(1 << 20, (struct clone_args){ 0 }));
    CASE("clone3, nowhere", raw_result(raw_clone3(NULL, ALL, never, NULL)));
    CASE("clone3, no access", raw_result(raw_clone3((struct clone_args *)bad, ALL, never, NULL)));
    CASE("clone3, a stack without a size", try_clone3(ALL, (struct clone_args){ .stack = at }));
    CASE("clone3, a size without a stack", try_clone3(ALL, (struct clone_args){ .stack_size = 4096 }));
    CASE("clone3, no such flag", try_clone3(ALL, (struct clone_args){ .flags = 1ull << 40 }));
    CASE("clone3, CLONE_DETACHED", try_clone3(ALL, (struct clone_args){ .flags = CLONE_DETACHED }));
    CASE("clone3, a signal among the flags", try_clone3(ALL, (struct clone_args){ .flags = SIGCHLD }));
    CASE("clone3, no such signal", try_clone3(ALL, (struct clone_args){ .exit_signal = 65 }));
    CASE("clone3, a signal beyond 8 bits",
         try_clone3(ALL, (struct clone_args){ .exit_signal = 256 + SIGCHLD }));
    CASE("clone3, a thread with a signal",
         try_clone3(ALL, (struct clone_args){ .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM,
                                              .exit_signal = SIGCHLD,
                                              .stack = at,
                                              .stack_size = STACK_BYTES }));
    CASE("clone3, a sibling with a signal",
         try_clone3(ALL, (struct clone_args){ .flags = CLONE_PARENT, .exit_signal = SIGCHLD }));
    struct {
        struct clone_args arguments;
        uint64_t more;
    } longer = { .more = 1 };
    CASE("clone3, something unknown", raw_result(raw_clone3(&longer.arguments, sizeof longer, never, NULL)));
    longer.more = 0;
    longer.arguments.exit_signal = SIGCHLD;
    long pid = raw_clone3(&longer.arguments, sizeof longer, never, NULL);
    tell("clone3, nothing unknown", "%s",
         pid > 0 ? status_text(wait_soon((pid_t)pid, 0)) : error_name((int)-pid));
}

/* ---- the signal of the end, the parent ---- */

static _Atomic int signals[65];
static void count_signal(int signal) { signals[signal]++; }

static void end_signals(void)
{
    catch_with(SIGUSR1, count_signal, 0);
    catch_with(SIGCHLD, count_signal, 0);
    memset((void *)signals, 0, sizeof signals);
    long pid = raw_clone(SIGUSR1, stack, NULL, NULL, NULL, never, NULL);
    becomes(&signals[SIGUSR1], 1);
    CASE("waiting for a child of another signal", waitpid((pid_t)pid, NULL, WNOHANG));
    int status = 0;
    HOLDS("with __WCLONE", waitpid((pid_t)pid, &status, __WCLONE) == pid);
    tell("it ended", "%s, SIGUSR1 %d, SIGCHLD %d", status_text(status), signals[SIGUSR1], signals[SIGCHLD]);
    pid = raw_clone(0, stack, NULL, NULL, NULL, never, NULL);
    HOLDS("with __WALL, a child of no signal", waitpid((pid_t)pid, &status, __WALL) == pid);
    tell("it ended", "%s, SIGUSR1 %d, SIGCHLD %d", status_text(status), signals[SIGUSR1], signals[SIGCHLD]);
    pid = raw_clone(SIGCHLD, stack, NULL, NULL, NULL, never, NULL);
    becomes(&signals[SIGCHLD], 1);
    CASE("__WCLONE and an ordinary child", waitpid((pid_t)pid, NULL, __WCLONE | WNOHANG));
    tell("it ended", "%s, SIGCHLD %d", status_text(wait_soon((pid_t)pid, 0)), signals[SIGCHLD]);
    signal(SIGCHLD, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}

static long look_at_parent(void *argument)
{
    struct seen *s = argument;
    s->parent = (int)raw_call(SYS_getppid, 0, 0, 0, 0);
    return 6;
}
static int make_sibling(void *argument)
{
    return raw_clone(CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL, look_at_parent, argument) > 0 ? 5 : 9;
}
static void siblings(void)
{
    memset((void *)seen, 0, sizeof *seen);
    CHILD("a child makes a sibling", make_sibling, seen);
    tell("its maker's parent waits for it", "%s", status_text(wait_soon(-1, 0)));
    HOLDS("and is its parent", seen->parent == getpid());
    CASE("no more children", waitpid(-1, NULL, WNOHANG));
}

static long vfork_body(void *argument)
{
    struct timespec t = { 0, 30 * MS };
    raw_call(SYS_nanosleep, (long)&t, 0, 0, 0);
    ((struct seen *)argument)->changed = 1;
    return 3;
}
static long sleep_until_killed(void *argument)
{
    ((struct seen *)argument)->pid = (int)raw_call(SYS_getpid, 0, 0, 0, 0);
    while (raw_call(SYS_pause, 0, 0, 0, 0) < 0) {}
    return 0;
}
static int wait_for_sleeper(void *argument)
{
    return (int)raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, stack, NULL, NULL, NULL, sleep_until_killed,
                          argument);
}
static void end_while_sleeping(const char *what, int signal)
{
    seen->pid = 0;
    pid_t maker = start_child(wait_for_sleeper, seen);
    for (int i = 0; i < 1000 && !seen->pid; i++) pause_ms(1);
    kill(maker, signal);
    pause_ms(20);
    siginfo_t info = { 0 };
    bool is_waiting = waitid(P_PID, (id_t)maker, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !info.si_pid;
    if (is_waiting) kill(seen->pid, SIGKILL);
    int status = wait_soon(maker, 0);
    if (!is_waiting) kill(seen->pid, SIGKILL);
    tell(what, "%s%s", is_waiting ? "waits, and then " : "", status_text(status));
}
static void ends_of_makers(void)
{
    end_while_sleeping("CLONE_VFORK, and its maker is killed", SIGKILL);
    end_while_sleeping("and one that could handle the signal", SIGTERM);
}

static long thread_that_sleeps(void *argument)
{
    struct timespec t = { 0, 20 * MS };
    raw_call(SYS_nanosleep, (long)&t, 0, 0, 0);
    ((struct seen *)argument)->changed = 1;
    return 3;
}

static void addresses(void)
{
    seen->changed = 0;
    long pid = raw_clone(CLONE_VM | CLONE_VFORK | SIGCHLD, stack, NULL, NULL, NULL, vfork_body, seen);
    HOLDS("CLONE_VFORK sleeps until the child ends", seen->changed == 1);
    tell("it ended", "%s", status_text(wait_soon((pid_t)pid, 0)));
    int word = 1;
    HOLDS("set_tid_address says who we are", syscall(SYS_set_tid_address, &word) == getpid());
    seen->changed = 0;
    seen->child_tid = 1;
    raw_clone(THREAD_FLAGS | CLONE_CHILD_CLEARTID, stack, NULL, &seen->child_tid, NULL, thread_that_sleeps,
              seen);
    HOLDS("a word that is cleared but not set", is_gone(&seen->child_tid) && seen->changed == 1);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    stack = map_stack();
    bad = map_bad();
    threads();
    sharing();
    refusals();
    end_signals();
    siblings();
    addresses();
    links();
    ends_of_makers();
    return end_cases();
}
