/* SPDX-License-Identifier: Apache-2.0 */
/* Signals without handlers that run: what is recorded, what is ignored, what is refused. How each
 * signal ends a program is the business of tests/e2e/programs_test.sh. */
#include "tests/conformance/conformance.h"

#include <signal.h>

static void handler(int signal) { (void)signal; }

static void show_action(int signal)
{
    struct sigaction action;
    if (sigaction(signal, NULL, &action) != 0) {
        printf("%d: %s\n", signal, error_name(errno));
        return;
    }
    const char *what = action.sa_handler == SIG_DFL   ? "default"
                       : action.sa_handler == SIG_IGN ? "ignored"
                       : action.sa_handler == handler ? "our handler"
                                                      : "another handler";
    printf("%d: %s, flags %x, masks", signal, what, action.sa_flags & 0xf8000007);
    for (int s = 1; s < 32; s++)
        if (sigismember(&action.sa_mask, s) == 1) printf(" %d", s);
    printf("\n");
}

static void actions(void)
{
    for (int s = 1; s < 32; s++) show_action(s);
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | SA_NODEFER };
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGKILL);
    sigaddset(&action.sa_mask, SIGTERM);
    SHOW(sigaction(SIGUSR1, &action, NULL));
    show_action(SIGUSR1);
    action.sa_handler = SIG_DFL;
    SHOW(sigaction(SIGKILL, &action, NULL));
    SHOW(sigaction(SIGSTOP, &action, NULL));
    SHOW(sigaction(0, &action, NULL));
    SHOW(sigaction(65, &action, NULL));
    SHOW(sigaction(-1, &action, NULL));
    SHOW(sigaction(SIGKILL, NULL, &action));
    SHOW(signal(SIGUSR2, SIG_IGN) == SIG_DFL);
    SHOW(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
    SHOW(signal(SIGKILL, SIG_IGN) == SIG_ERR);
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4));
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 8));
}

static void show_mask(void)
{
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    printf("blocked: %jx\n", (uintmax_t)mask);
}

static void masks(void)
{
    uint64_t set = 1 << (SIGINT - 1) | 1 << (SIGUSR1 - 1), all = UINT64_MAX, none = 0, old;
    show_mask();
    SHOW(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8));
    show_mask();
    set = 1 << (SIGINT - 1) | 1 << (SIGTERM - 1);
    SHOW(syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, &old, 8));
    printf("%jx\n", (uintmax_t)old);
    show_mask();
    SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
    show_mask();
    SHOW(syscall(SYS_rt_sigprocmask, 3, &none, NULL, 8));
    SHOW(syscall(SYS_rt_sigprocmask, 3, NULL, &old, 8));
    SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 4));
    SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
    show_mask();
    SHOW(syscall(SYS_rt_sigpending, &old, 8));
    printf("%jx\n", (uintmax_t)old);
    SHOW(syscall(SYS_rt_sigpending, &old, 16));
    sigset_t empty, full;
    sigemptyset(&empty);
    sigfillset(&full);
    printf("%d %d\n", sigismember(&empty, SIGINT), sigismember(&full, SIGINT));
}

static void stacks(void)
{
    static char memory[65536];
    stack_t stack = { .ss_sp = memory, .ss_size = sizeof memory }, old;
    SHOW(syscall(SYS_sigaltstack, NULL, &old));
    printf("flags %d\n", old.ss_flags);
    SHOW(syscall(SYS_sigaltstack, &stack, NULL));
    SHOW(syscall(SYS_sigaltstack, NULL, &old));
    printf("flags %d, %zu bytes, ours %d\n", old.ss_flags, old.ss_size, old.ss_sp == memory);
    stack.ss_size = 100;
    SHOW(syscall(SYS_sigaltstack, &stack, NULL));
    stack.ss_flags = 77;
    SHOW(syscall(SYS_sigaltstack, &stack, NULL));
    stack.ss_flags = SS_DISABLE;
    SHOW(syscall(SYS_sigaltstack, &stack, NULL));
}

static void sending(void)
{
    pid_t self = getpid();
    pid_t thread = (pid_t)syscall(SYS_gettid);
    SHOW(kill(self, 0));
    SHOW(kill(self, 65));
    SHOW(kill(self, -1));
    SHOW(kill(0x3fffffff, 0));
    SHOW(syscall(SYS_tgkill, self, thread, 0));
    SHOW(syscall(SYS_tgkill, self, 0x3fffffff, 0));
    SHOW(syscall(SYS_tgkill, -1, thread, 0));
    SHOW(syscall(SYS_tgkill, self, 0, 0));
    SHOW(syscall(SYS_tkill, thread, 0));
    SHOW(syscall(SYS_tkill, 0, 0));
    /* Ignored by nature, and ignored by wish. */
    SHOW(kill(self, SIGCHLD));
    SHOW(raise(SIGURG));
    SHOW(raise(SIGWINCH));
    SHOW(raise(SIGCONT));
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    SHOW(raise(SIGTERM));
    SHOW(kill(self, SIGPIPE));
    SHOW(syscall(SYS_tgkill, self, thread, SIGTERM));
}

static void show_pending(void)
{
    uint64_t set = 0;
    syscall(SYS_rt_sigpending, &set, 8);
    printf("pending: %jx\n", (uintmax_t)set);
}

static void pending(void)
{
    uint64_t all = UINT64_MAX, none = 0;
    signal(SIGTERM, SIG_DFL);
    SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
    SHOW(kill(getpid(), SIGTERM));
    SHOW(kill(getpid(), SIGCHLD)); /* may get a handler before it is unblocked, so it is kept too */
    SHOW(kill(getpid(), SIGPIPE));
    SHOW(kill(getpid(), SIGUSR2));
    SHOW(kill(getpid(), 64));
    show_pending();
    signal(SIGTERM, SIG_IGN); /* throws it away */
    signal(SIGUSR2, SIG_IGN);
    signal(64, SIG_IGN);
    show_pending();
    SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8));
    show_pending();
}

/* The last thing: the lower of two signals, once they are let through. */
static void end(void)
{
    uint64_t all = UINT64_MAX, none = 0;
    signal(SIGTERM, SIG_DFL);
    SHOW(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8));
    SHOW(kill(getpid(), SIGTERM));
    SHOW(kill(getpid(), SIGHUP));
    fflush(stdout);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    printf("still there\n");
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    actions();
    masks();
    stacks();
    sending();
    pending();
    end();
    return 0;
}
