/* SPDX-License-Identifier: Apache-2.0 */
/* What the programs about threads, signals and processes share. A case is one line. Whatever waits for
 * another is bounded, so that a kernel without the thing in question gets another line, not a hang. */
#pragma once
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum {
    MS = 1000000,
    LONG_MS = 5000, /* what takes so long has failed */
    STACK_BYTES = 65536,
    KILLED_BY_US = -1, /* a status */
};

static int case_count;

/* ---- lines ---- */

static inline long case_result(const char *what, long result)
{
    case_count++;
    return show_result(what, result);
}
/* A call: the number it returns, or the error's name. */
#define CASE(what, call) case_result(what, (errno = 0, (long)(call)))

static inline bool case_holds(const char *what, bool holds)
{
    case_count++;
    printf("%s: %s\n", what, holds ? "yes" : "NO");
    return holds;
}
/* What must hold on both. */
#define HOLDS(what, condition) case_holds(what, condition)

static inline __attribute__((format(printf, 2, 3))) void tell(const char *what, const char *format, ...)
{
    va_list list;
    case_count++;
    printf("%s: ", what);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    printf("\n");
}

static inline void begin_cases(int argc, char **argv)
{
    work_in(argc, argv);
    setvbuf(stdout, NULL, _IOLBF, 4096); /* what a child inherits is empty */
}
static inline int end_cases(void)
{
    printf("# %d cases\n", case_count);
    return 0;
}
/* Nothing that follows would mean anything. */
static inline __attribute__((noreturn)) void give_up(const char *what)
{
    printf("gave up: %s: %s\n", what, error_name(errno));
    fflush(stdout);
    _exit(98);
}

/* ---- time ---- */

static inline struct timespec span(int64_t ns)
{
    return (struct timespec){ ns / 1000000000, ns % 1000000000 };
}
static inline int64_t now_ns(int clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}
static inline struct timespec after_ms(int clock, int64_t ms) { return span(now_ns(clock) + ms * MS); }
/* To its end, whatever signals come. */
static inline void pause_ms(int64_t ms)
{
    struct timespec left = span(ms * MS);
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {}
}
/* Whether `word` becomes `value` soon. */
static inline bool becomes(_Atomic int *word, int value)
{
    for (int i = 0; i < 1000 && *word != value; i++) sched_yield();
    for (int i = 0; i < LONG_MS && *word != value; i++) pause_ms(1);
    return *word == value;
}

/* ---- memory that children share with their parent ---- */

struct shared {
    _Atomic int words[64];
    long numbers[64];
};
static struct shared *shared __attribute__((unused));

static inline void *map_shared(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) give_up("shared memory");
    return at;
}
/* A page that nobody may touch, behind one that all may. */
static inline char *map_bad(void)
{
    char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED || mprotect(at + 4096, 4096, PROT_NONE) != 0) give_up("memory");
    return at + 4096;
}

/* ---- processes ---- */

typedef int child_body(void *argument);

static inline pid_t start_child(child_body *body, void *argument)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) give_up("fork");
    if (pid == 0) _exit(body(argument));
    return pid;
}
/* The status of the child when it changes, or KILLED_BY_US when it does not. */
static inline int wait_soon(pid_t pid, int flags)
{
    int status = 0;
    for (int i = 0; i < LONG_MS + 1000; i++) {
        pid_t got = waitpid(pid, &status, flags | WNOHANG | __WALL);
        if (got > 0) return status;
        if (got < 0) give_up("waitpid");
        if (i < 1000)
            sched_yield();
        else
            pause_ms(1);
    }
    kill(pid, SIGKILL);
    waitpid(pid, &status, __WALL);
    return KILLED_BY_US;
}
static inline int run_child(child_body *body, void *argument)
{
    return wait_soon(start_child(body, argument), 0);
}
/* Whether a core was written is the machine's business. */
static inline const char *status_text(int status)
{
    static char text[40];
    if (status == KILLED_BY_US)
        strcpy(text, "it did not end");
    else if (WIFEXITED(status))
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        snprintf(text, sizeof text, "signal %d", WTERMSIG(status));
    else if (WIFSTOPPED(status))
        snprintf(text, sizeof text, "stopped by %d", WSTOPSIG(status));
    else
        snprintf(text, sizeof text, "%s", WIFCONTINUED(status) ? "continued" : "something else");
    return text;
}
#define CHILD(what, body, argument) tell(what, "%s", status_text(run_child(body, argument)))

/* ---- threads ---- */

struct worker {
    long (*body)(void *);
    void *argument;
    long result;
    _Atomic int tid, is_done;
    pthread_t thread;
};
static inline pid_t thread_id(void) { return (pid_t)syscall(SYS_gettid); }

static inline void *worker_main(void *argument)
{
    struct worker *w = argument;
    w->tid = thread_id();
    w->result = w->body(w->argument);
    w->is_done = 1;
    return NULL;
}
static inline void start_worker(struct worker *w, long (*body)(void *), void *argument)
{
    *w = (struct worker){ .body = body, .argument = argument };
    errno = pthread_create(&w->thread, NULL, worker_main, w);
    if (errno) give_up("pthread_create");
    for (int i = 0; !w->tid && i < LONG_MS; i++) pause_ms(i > 100);
    if (!w->tid) give_up("a thread that does not start");
}
static inline long join_worker(struct worker *w)
{
    if (!becomes(&w->is_done, 1)) give_up("a thread that does not end");
    pthread_join(w->thread, NULL);
    return w->result;
}

/* A system call without the C library: for threads that it knows nothing of. */
static inline long raw_call(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
                     : "rcx", "r11", "r8", "r9", "memory");
    return result;
}

/* ---- signals ---- */

static inline void catch_with(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
    sigaction(signal, &action, NULL);
}
static inline void catch_info(int signal, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO };
    sigaction(signal, &action, NULL);
}
static inline sigset_t set_of(int signal)
{
    sigset_t set;
    sigemptyset(&set);
    if (signal) sigaddset(&set, signal);
    return set;
}
static inline void block(int signal)
{
    sigset_t set = set_of(signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
}
static inline void unblock(int signal)
{
    sigset_t set = set_of(signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
/* As the kernel sees them; the C libraries keep some real-time signals to themselves. */
static inline uint64_t raw_mask(void)
{
    uint64_t mask = 0;
    syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    return mask;
}
static inline uint64_t raw_pending(void)
{
    uint64_t set = 0;
    syscall(SYS_rt_sigpending, &set, 8);
    return set;
}
static inline uint64_t bit_of(int signal) { return 1ull << (signal - 1); }

/* ---- futexes ---- */

static inline long futex(_Atomic int *word, int op, int value, const struct timespec *timeout,
                         _Atomic int *word2, unsigned value3)
{
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}
/* Those operations whose fourth argument is a number. */
static inline long futex2(_Atomic int *word, int op, int value, long value2, _Atomic int *word2,
                          unsigned value3)
{
    return syscall(SYS_futex, word, op, value, value2, word2, value3);
}
