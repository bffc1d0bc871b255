/* SPDX-License-Identifier: Apache-2.0 */
/* Signals that are delivered: what handlers are told, in which order they run, what is queued and what not. */
#include "tests/conformance/tasks.h"

#include <ucontext.h>

enum { RT = 40 }; /* a real-time signal that no C library keeps to itself */

struct delivery {
    int signal, code, value;
    bool is_from_us, has_no_sender;
};
static struct delivery deliveries[64];
static _Atomic int count;

static void record(int signal, siginfo_t *info, void *context)
{
    (void)context;
    deliveries[count++ & 63] = (struct delivery){
        signal,
        info->si_code,
        info->si_value.sival_int,
        info->si_pid == getpid() && info->si_uid == getuid() && info->si_signo == signal &&
            info->si_errno == 0,
        info->si_pid == 0,
    };
}
static void tell_one(const char *what, bool has_value)
{
    struct delivery *d = &deliveries[0];
    if (count != 1)
        tell(what, "%d deliveries", count);
    else if (has_value)
        tell(what, "signal %d, code %d, %s, value %d", d->signal, d->code,
             d->is_from_us ? "from us" : "NOT ours", d->value);
    else
        tell(what, "signal %d, code %d, %s", d->signal, d->code,
             d->is_from_us      ? "from us"
             : d->has_no_sender ? "from nobody"
                                : "NOT ours");
    count = 0;
}
static void tell_order(const char *what)
{
    char text[400], *end = text;
    *end = 0;
    for (int i = 0; i < count; i++) end += sprintf(end, " %d", deliveries[i].signal);
    tell(what, "%d:%s", count, text);
    count = 0;
}
static void tell_values(const char *what)
{
    char text[400], *end = text;
    *end = 0;
    for (int i = 0; i < count; i++) end += sprintf(end, " %d/%d", deliveries[i].signal, deliveries[i].value);
    tell(what, "%d:%s", count, text);
    count = 0;
}

static long queue_raw(int signal, int code, int value)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    info.si_code = code;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_int = value;
    return syscall(SYS_rt_sigqueueinfo, getpid(), signal, &info);
}

static void sources(void)
{
    catch_info(SIGUSR1, record, 0);
    catch_info(RT, record, 0);
    catch_info(SIGALRM, record, 0);
    kill(getpid(), SIGUSR1);
    tell_one("kill", false);
    syscall(SYS_tgkill, getpid(), thread_id(), SIGUSR1);
    tell_one("tgkill", false);
    syscall(SYS_tkill, thread_id(), RT);
    tell_one("tkill", false);
    raise(SIGUSR1);
    tell_one("raise", false);
    sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 77 });
    tell_one("sigqueue", true);
    sigqueue(getpid(), RT, (union sigval){ .sival_int = -78 });
    tell_one("sigqueue, real-time", true);
    CASE("with a code of its own", queue_raw(RT, -60, 5));
    tell_one("delivered", true);
    CASE("as if the kernel had", queue_raw(RT, SI_KERNEL, 5));
    tell_one("to ourselves, so delivered", false);
    siginfo_t info = { .si_code = SI_QUEUE };
    CASE("to a thread", syscall(SYS_rt_tgsigqueueinfo, getpid(), thread_id(), RT, &info));
    count = 0;
    CASE("to another's thread", syscall(SYS_rt_tgsigqueueinfo, getpid(), 0x3fffffff, RT, &info));
    CASE("to nobody", syscall(SYS_rt_sigqueueinfo, 0x3fffffff, RT, &info));
    CASE("no such signal", syscall(SYS_rt_sigqueueinfo, getpid(), 65, &info));
    CASE("signal 0", syscall(SYS_rt_sigqueueinfo, getpid(), 0, &info));
    CASE("nothing to tell", syscall(SYS_rt_sigqueueinfo, getpid(), RT, NULL));
    ualarm(1000, 0);
    for (int i = 0; i < LONG_MS && !count; i++) pause_ms(1);
    tell_one("an alarm", false);
}

static void show_context(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    tell("handler's signal", "%d %d", signal, info->si_signo);
    HOLDS("the context has our stack", (uintptr_t)c->uc_mcontext.gregs[REG_RSP] > (uintptr_t)c);
    HOLDS("and the mask to restore",
          !sigismember(&c->uc_sigmask, SIGUSR1) && sigismember(&c->uc_sigmask, SIGHUP));
    HOLDS("there is room for the floating-point state", c->uc_mcontext.fpregs != NULL);
    HOLDS("the mask now", raw_mask() == (bit_of(SIGUSR1) | bit_of(SIGUSR2) | bit_of(SIGHUP)));
}
static void contexts(void)
{
    struct sigaction action = { .sa_sigaction = show_context, .sa_flags = SA_SIGINFO };
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    block(SIGHUP);
    raise(SIGUSR1);
    HOLDS("the mask after", raw_mask() == bit_of(SIGHUP));
    unblock(SIGHUP);
}

/* Handlers that block everything run one after the other; those that do not are interrupted by the next before
 * their first instruction. */
static void catch_all(bool is_alone)
{
    static const int all[] = { SIGHUP, SIGINT, SIGUSR1, SIGSEGV, SIGUSR2, SIGTERM, RT, RT + 1, RT + 2 };
    struct sigaction action = { .sa_sigaction = record, .sa_flags = SA_SIGINFO };
    if (is_alone) sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) sigaction(all[i], &action, NULL);
}
static void block_everything(bool is_blocked)
{
    uint64_t mask = is_blocked ? UINT64_MAX : 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
}
static void send_many(bool to_thread)
{
    static const int all[] = { RT + 2, SIGTERM, SIGUSR2, RT, SIGUSR1, SIGHUP, RT + 1 };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (to_thread)
            syscall(SYS_tgkill, getpid(), thread_id(), all[i]);
        else
            kill(getpid(), all[i]);
}
static void orders(void)
{
    for (int is_alone = 0; is_alone < 2; is_alone++) {
        printf("-- %s\n", is_alone ? "handlers that are alone" : "handlers on top of each other");
        catch_all(is_alone);
        for (int to_thread = 0; to_thread < 2; to_thread++) {
            block_everything(true);
            send_many(to_thread);
            block_everything(false);
            tell_order(to_thread ? "many, to the thread" : "many, to the process");
        }
        block_everything(true);
        kill(getpid(), SIGHUP);
        kill(getpid(), SIGUSR1);
        syscall(SYS_tgkill, getpid(), thread_id(), SIGTERM);
        block_everything(false);
        tell_order("the thread's before the process's");
        block_everything(true);
        kill(getpid(), SIGHUP);
        kill(getpid(), SIGSEGV);
        block_everything(false);
        tell_order("that of a fault before others");
        block_everything(true);
        for (int i = 0; i < 3; i++) {
            kill(getpid(), SIGUSR1);
            kill(getpid(), RT);
        }
        block_everything(false);
        tell_order("three times each");
        block_everything(true);
        for (int i = 0; i < 4; i++) {
            sigqueue(getpid(), RT + 1, (union sigval){ .sival_int = i });
            sigqueue(getpid(), RT, (union sigval){ .sival_int = 10 + i });
            sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 20 + i });
        }
        block_everything(false);
        tell_values("values keep their order");
        block_everything(true);
        kill(getpid(), RT);
        syscall(SYS_tgkill, getpid(), thread_id(), RT);
        kill(getpid(), SIGUSR1);
        syscall(SYS_tgkill, getpid(), thread_id(), SIGUSR1);
        block_everything(false);
        tell_order("one to each");
    }
}

static void discarded(void)
{
    catch_all(true);
    block_everything(true);
    for (int i = 0; i < 3; i++) kill(getpid(), RT);
    kill(getpid(), SIGTERM);
    signal(RT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    tell("pending after it is ignored", "%jx", (uintmax_t)raw_pending());
    catch_all(true);
    block_everything(false);
    tell_order("what was ignored meanwhile is gone");
    block_everything(true);
    signal(SIGTERM, SIG_IGN);
    kill(getpid(), SIGTERM);
    tell("pending while ignored and blocked", "%jx", (uintmax_t)raw_pending());
    catch_all(true);
    block_everything(false);
    tell_order("it is kept for a handler to come");
    block_everything(true);
    kill(getpid(), SIGTSTP);
    kill(getpid(), SIGCONT);
    tell("SIGCONT takes SIGTSTP away", "%jx", (uintmax_t)raw_pending());
    kill(getpid(), SIGTTIN);
    tell("and a stop takes SIGCONT away", "%jx", (uintmax_t)raw_pending());
    kill(getpid(), SIGCONT);
    block_everything(false);
    tell_order("nothing of it is delivered");
}

/* ---- which thread ---- */

static _Atomic int taken_by;
static void note_thread(int signal)
{
    (void)signal;
    taken_by = thread_id();
}
static long wait_for_signal(void *argument)
{
    _Atomic int *may_go = argument;
    unblock(SIGUSR2);
    for (int i = 0; i < LONG_MS && !*may_go; i++) pause_ms(1);
    return 0;
}
static void threads(void)
{
    static struct worker worker;
    static _Atomic int may_go;
    catch_with(SIGUSR2, note_thread, 0);
    block(SIGUSR2);
    start_worker(&worker, wait_for_signal, &may_go);
    kill(getpid(), SIGUSR2);
    HOLDS("a thread that lets it through gets it", becomes(&taken_by, worker.tid));
    taken_by = 0;
    syscall(SYS_tgkill, getpid(), worker.tid, SIGUSR2);
    HOLDS("one that is meant gets it", becomes(&taken_by, worker.tid));
    taken_by = 0;
    syscall(SYS_tgkill, getpid(), thread_id(), SIGUSR2);
    pause_ms(5);
    tell("ours waits for us", "%d, pending %jx", taken_by, (uintmax_t)raw_pending());
    unblock(SIGUSR2);
    HOLDS("and comes", taken_by == thread_id());
    may_go = 1;
    join_worker(&worker);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    sources();
    contexts();
    orders();
    discarded();
    threads();
    return end_cases();
}
