/* SPDX-License-Identifier: Apache-2.0 */
/* Masks: whom they are passed on to, what waits behind them, the calls that change them for a while, and the
 * flags of handlers that have to do with them. */
#include "tests/conformance/tasks.h"

#include <setjmp.h>
#include <sys/select.h>

enum { RT = 40 };

static _Atomic int runs, depth, deepest;
static _Atomic uint64_t mask_inside;

static void note(int signal)
{
    (void)signal;
    runs++;
    mask_inside = raw_mask();
}
static void forget(void)
{
    runs = depth = deepest = 0;
    mask_inside = 0;
}
static void set_mask(uint64_t mask) { syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8); }

/* ---- passed on ---- */

static long tell_mask(void *argument)
{
    uint64_t *out = argument;
    out[0] = raw_mask();
    out[1] = raw_pending();
    set_mask(0);
    return 0;
}
static int tell_mask_child(void *argument)
{
    (void)argument;
    shared->numbers[0] = (long)raw_mask();
    shared->numbers[1] = (long)raw_pending();
    return 0;
}
static int exec_child(void *argument)
{
    char *const words[] = { argument, (char *)".", (char *)"masks", NULL };
    kill(getpid(), SIGUSR1);
    kill(getpid(), RT);
    signal(SIGHUP, SIG_IGN);
    catch_with(SIGTERM, note, 0);
    fflush(stdout);
    execv(argument, words);
    return 9;
}
static int after_exec(void)
{
    struct sigaction ignored, caught;
    sigaction(SIGHUP, NULL, &ignored);
    sigaction(SIGTERM, NULL, &caught);
    tell("exec keeps the mask", "%jx", (uintmax_t)raw_mask());
    tell("and what is pending", "%jx", (uintmax_t)raw_pending());
    tell("and what is ignored, and no handler", "%d %d", ignored.sa_handler == SIG_IGN,
         caught.sa_handler == SIG_DFL);
    return 3;
}
static void inheritance(char *program)
{
    static struct worker worker;
    uint64_t seen[2];
    set_mask(bit_of(SIGUSR1) | bit_of(RT));
    catch_with(SIGUSR1, note, 0);
    catch_with(RT, note, 0);
    kill(getpid(), SIGUSR1);
    syscall(SYS_tgkill, getpid(), thread_id(), RT);
    tell("pending", "%jx", (uintmax_t)raw_pending());
    start_worker(&worker, tell_mask, seen);
    join_worker(&worker);
    tell("a thread begins with our mask", "%jx", (uintmax_t)seen[0]);
    tell("and sees what waits for the process, not for us", "%jx", (uintmax_t)seen[1]);
    tell("it has a mask of its own", "%jx", (uintmax_t)raw_mask());
    CHILD("a child", tell_mask_child, NULL);
    tell("begins with our mask", "%jx", (uintmax_t)shared->numbers[0]);
    tell("and nothing pending", "%jx", (uintmax_t)shared->numbers[1]);
    CHILD("exec", exec_child, program);
    case_count += 3; /* its lines */
    forget();
    set_mask(0);
    tell("then ours is let through", "%d", runs);
}

/* ---- for a while ---- */

static void whiles(void)
{
    sigset_t none = set_of(0);
    struct timespec second = { 1, 0 };
    struct pollfd nothing = { -1, 0, 0 };
    uint64_t raw_none = 0;
    catch_with(SIGUSR1, note, SA_RESTART);
    set_mask(bit_of(SIGUSR1));
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = { "sigsuspend", "ppoll", "pselect", "unblocking" };
        forget();
        kill(getpid(), SIGUSR1);
        errno = 0;
        long result = i == 0   ? sigsuspend(&none)
                      : i == 1 ? ppoll(&nothing, 1, &second, &none)
                      : i == 2 ? pselect(0, NULL, NULL, NULL, &second, &none)
                               : (set_mask(0), 0);
        tell(names[i], "%ld %s, %d runs, mask then %jx, mask inside %jx", result, error_name(errno), runs,
             (uintmax_t)raw_mask(), (uintmax_t)mask_inside);
        set_mask(bit_of(SIGUSR1));
    }
    /* What is ready wins over what is pending, which waits on. */
    struct pollfd output = { 1, POLLOUT, 0 };
    forget();
    kill(getpid(), SIGUSR1);
    CASE("ppoll with something ready", ppoll(&output, 1, &second, &none));
    tell("the signal", "%d runs, pending %jx", runs, (uintmax_t)raw_pending());
    set_mask(0);
    tell("unblocked", "%d runs", runs);
    set_mask(0);
    CASE("ppoll, a mask of another size", syscall(SYS_ppoll, &output, 1, &second, &raw_none, 4));
    CASE("sigsuspend, a mask of another size", syscall(SYS_rt_sigsuspend, &raw_none, 4));
    CASE("sigsuspend, no mask", syscall(SYS_rt_sigsuspend, NULL, 8));
}

/* ---- flags of handlers ---- */

static void recurse(int signal)
{
    runs++;
    if (++depth > deepest) deepest = depth;
    if (depth < 3) raise(signal);
    depth--;
}
static void send_twice(int signal)
{
    runs++;
    if (++depth > deepest) deepest = depth;
    if (runs == 1) {
        raise(signal);
        raise(signal);
    }
    depth--;
}
static sigjmp_buf back;
static void jump(int signal)
{
    (void)signal;
    siglongjmp(back, 1);
}
static jmp_buf plain_back;
static void jump_plainly(int signal)
{
    (void)signal;
    longjmp(plain_back, 1);
}
static void change_mask(int signal)
{
    (void)signal;
    runs++;
    block(SIGTERM);
}
static void flags(void)
{
    forget();
    catch_with(SIGUSR1, recurse, SA_NODEFER);
    raise(SIGUSR1);
    tell("SA_NODEFER", "%d runs, %d deep", runs, deepest);
    forget();
    catch_with(SIGUSR1, send_twice, 0);
    raise(SIGUSR1);
    tell("a handler's own signal waits", "%d runs, %d deep", runs, deepest);
    forget();
    catch_with(RT, send_twice, 0);
    raise(RT);
    tell("and waits as often as it is sent", "%d runs, %d deep", runs, deepest);
    forget();
    catch_with(SIGUSR1, note, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    tell("SA_RESETHAND", "%d runs, then %s, mask inside %jx", runs,
         action.sa_handler == SIG_DFL ? "default" : "a handler", (uintmax_t)mask_inside);
    forget();
    catch_with(SIGUSR1, note, SA_RESETHAND | SA_NODEFER);
    raise(SIGUSR1);
    tell("and SA_NODEFER", "mask inside %jx", (uintmax_t)mask_inside);
    forget();
    struct sigaction wide = { .sa_handler = note };
    sigfillset(&wide.sa_mask);
    sigaction(SIGUSR1, &wide, NULL);
    raise(SIGUSR1);
    HOLDS("a full mask but two", (mask_inside | bit_of(32) | bit_of(33) | bit_of(34)) ==
                                     (UINT64_MAX & ~(bit_of(SIGKILL) | bit_of(SIGSTOP))));
    catch_with(SIGUSR1, jump, 0);
    if (sigsetjmp(back, 1) == 0) raise(SIGUSR1);
    tell("siglongjmp restores the mask", "%jx", (uintmax_t)raw_mask());
    catch_with(SIGUSR1, jump_plainly, 0);
    if (setjmp(plain_back) == 0) raise(SIGUSR1);
    tell("longjmp does not", "%jx", (uintmax_t)raw_mask());
    set_mask(0);
    forget();
    catch_with(SIGUSR1, change_mask, 0);
    raise(SIGUSR1);
    tell("what a handler does to the mask ends with it", "%d runs, %jx", runs, (uintmax_t)raw_mask());
    set_mask(0);
}

static void refused(void)
{
    uint64_t mask = UINT64_MAX, old = 7;
    CASE("everything is blocked", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &old, 8));
    tell("but two", "%jx, before %jx", (uintmax_t)raw_mask(), (uintmax_t)old);
    set_mask(0);
    char *bad = map_bad();
    CASE("a mask that cannot be read", syscall(SYS_rt_sigprocmask, SIG_BLOCK, bad, NULL, 8));
    CASE("a place that cannot be written", syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, bad, 8));
    tell("it is set all the same", "%jx", (uintmax_t)raw_mask());
    set_mask(0);
    CASE("pending to nowhere", syscall(SYS_rt_sigpending, bad, 8));
    CASE("an action that cannot be read", syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8));
    CASE("one that cannot be told", syscall(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8));
}

/* ---- a signal that another thread is to have ---- */

static long poll_unblocked(void *argument)
{
    sigset_t none = set_of(0);
    struct timespec limit = { 0, 60 * MS };
    (void)argument;
    long result = ppoll(NULL, 0, &limit, &none);
    return result < 0 ? -errno : (long)raw_mask();
}
static long send_soon(void *argument)
{
    pause_ms(30);
    return kill(*(pid_t *)argument, SIGUSR1);
}

/* The first thread cannot look at its signals while it waits in vfork, but the signal is its own. The other's call
 * lets the signal through as well, and comes to its end meanwhile. */
static void told_to_another(void)
{
    static struct worker poller, sender;
    pid_t self = getpid();
    forget();
    catch_with(SIGUSR1, note, 0);
    set_mask(bit_of(SIGUSR1));
    start_worker(&poller, poll_unblocked, NULL);
    start_worker(&sender, send_soon, &self);
    set_mask(0);
    pid_t pid = vfork();
    if (pid == 0) {
        struct timespec limit = { 0, 120 * MS };
        nanosleep(&limit, NULL);
        _exit(0);
    }
    tell("the other's mask after ppoll", "%jx", (uintmax_t)join_worker(&poller));
    join_worker(&sender);
    tell("the signal", "%d runs, mask inside %jx", runs, (uintmax_t)mask_inside);
    wait_soon(pid, 0);
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[2], "masks")) return after_exec();
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    inheritance(argv[0]);
    whiles();
    told_to_another();
    flags();
    refused();
    return end_cases();
}
