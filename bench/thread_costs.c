/* SPDX-License-Identifier: Apache-2.0 */
/* What threads, signals and processes cost, in counted instructions, on one processor. Prints a line
 * "name<TAB>count" for each. A count is of all that the processor executes until the operation is done: of both
 * threads of a round trip, and of the child that is waited for. */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"

enum {
    PAGE = 4096,
    SLOW_ROUNDS = 31,
    BYTES = 1,
    THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                   CLONE_CHILD_CLEARTID,
};

static char *program;
static long self_pid, self_tid;

static void must(int succeeded, const char *what)
{
    if (succeeded) return;
    perror(what);
    exit(1);
}

/* ---- another thread, on the same processor, that answers ---- */

static _Atomic int is_over;
static pthread_t other;

static void start_other(void *(*body)(void *))
{
    is_over = 0;
    must((errno = pthread_create(&other, NULL, body, NULL)) == 0, "pthread_create");
}
static void join_other(void) { must((errno = pthread_join(other, NULL)) == 0, "pthread_join"); }

static long do_yield(void) { return call3(SYS_sched_yield, 0, 0, 0); }
static void *yield_back(void *argument)
{
    while (!is_over) do_yield();
    return argument;
}

static _Atomic int ping, pong;
static long wake(_Atomic int *word)
{
    *word = 1;
    return call(SYS_futex, (long)word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}
static void wait_for(_Atomic int *word)
{
    while (!*word) call(SYS_futex, (long)word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, 0, 0, 0);
    *word = 0;
}
static long do_futex(void)
{
    wake(&ping);
    wait_for(&pong);
    return 0;
}
static void *futex_back(void *argument)
{
    for (;;) {
        wait_for(&ping);
        if (is_over) return argument;
        wake(&pong);
    }
}

static int there[2], back[2], event_fd;
static char byte[BYTES];
static long do_pipe(void)
{
    call3(SYS_write, there[1], (long)byte, BYTES);
    return call3(SYS_read, back[0], (long)byte, BYTES);
}
static void *pipe_back(void *argument)
{
    static char answer[BYTES];
    for (;;) {
        call3(SYS_read, there[0], (long)answer, BYTES);
        if (is_over) return argument;
        call3(SYS_write, back[1], (long)answer, BYTES);
    }
}

/* ---- beginnings and ends ---- */

static void *do_nothing_more(void *argument) { return argument; }
static long do_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, do_nothing_more, NULL) != 0) return -1;
    return pthread_join(thread, NULL) ? -1 : 0;
}

/* Without the C library, on a stack that is kept: what of it is the kernel's. The thread does nothing but end. */
static char kept_stack[PAGE] __attribute__((aligned(PAGE)));
static _Atomic int is_alive;
static long do_clone(void)
{
    long result = SYS_clone;
    register void *cleared __asm__("r10") = &is_alive;
    is_alive = 1;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "mov %1, %%eax\n\t"
                     "syscall\n"
                     "1:"
                     : "+a"(result)
                     : "i"(SYS_exit), "D"(THREAD_FLAGS), "S"(kept_stack + sizeof kept_stack), "r"(cleared)
                     : "rcx", "r11", "memory");
    while (is_alive) call(SYS_futex, (long)&is_alive, FUTEX_WAIT, 1, 0, 0, 0);
    return result;
}

static long wait_child(long pid) { return call(SYS_wait4, pid, 0, 0, 0, 0, 0); }
static long do_fork(void)
{
    long pid = call3(SYS_fork, 0, 0, 0);
    if (pid == 0) call3(SYS_exit_group, 0, 0, 0);
    return pid < 0 ? pid : wait_child(pid);
}
static long do_exec(void)
{
    char *const words[] = { program, (char *)"end", NULL };
    pid_t pid = vfork();
    if (pid == 0) {
        execve(program, words, NULL);
        _exit(1);
    }
    return pid < 0 ? -1 : wait_child(pid);
}

/* ---- the rest ---- */

static _Atomic long signals;
static void handle(int signal) { signals += signal; }
static long do_signal(void) { return call3(SYS_tgkill, self_pid, self_tid, SIGUSR1); }

static long do_event(void)
{
    static const uint64_t one = 1;
    return call3(SYS_write, event_fd, (long)&one, sizeof one);
}

static long (*vdso_clock)(clockid_t, struct timespec *);
static struct timespec now;
static long do_clock(void) { return vdso_clock(CLOCK_MONOTONIC, &now); }

/* The C library calls it, too, but adds to its cost. The old hash table tells how many symbols there are. */
static void find_vdso_clock(void)
{
    const char *image = (const char *)getauxval(AT_SYSINFO_EHDR), *strings = NULL;
    const Elf64_Ehdr *file = (const Elf64_Ehdr *)image;
    const Elf64_Dyn *dynamic = NULL;
    const Elf64_Sym *symbols = NULL;
    const uint32_t *hash = NULL;
    if (!image) return;
    const Elf64_Phdr *segments = (const Elf64_Phdr *)(image + file->e_phoff);
    for (int i = 0; i < file->e_phnum; i++)
        if (segments[i].p_type == PT_DYNAMIC) dynamic = (const Elf64_Dyn *)(image + segments[i].p_offset);
    for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
        const char *at = image + dynamic->d_un.d_ptr;
        if (dynamic->d_tag == DT_STRTAB) strings = at;
        if (dynamic->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym *)at;
        if (dynamic->d_tag == DT_HASH) hash = (const uint32_t *)at;
    }
    for (uint32_t i = 1; strings && symbols && hash && i < hash[1]; i++)
        if (!strcmp(strings + symbols[i].st_name, "__vdso_clock_gettime"))
            vdso_clock = (long (*)(clockid_t, struct timespec *))(image + symbols[i].st_value);
}

static const struct operation alone[] = {
    { "thread create + join", do_thread, NULL, ROUNDS_MAX },
    { "clone + exit + wait, its stack kept", do_clone, NULL, ROUNDS_MAX },
    { "fork + exit + wait", do_fork, NULL, SLOW_ROUNDS },
    { "vfork + exec + exit + wait", do_exec, NULL, SLOW_ROUNDS },
    { "signal to self, handler and return", do_signal, NULL, ROUNDS_MAX },
    { "eventfd write", do_event, NULL, ROUNDS_MAX },
    { "clock_gettime, by the vDSO", do_clock, NULL, ROUNDS_MAX },
};

static void report_pairs(void)
{
    static const struct operation yields = { "yield round trip, two switches", do_yield, NULL, ROUNDS_MAX },
                                  futexes = { "futex ping-pong round trip", do_futex, NULL, ROUNDS_MAX },
                                  pipes = { "pipe ping-pong round trip", do_pipe, NULL, ROUNDS_MAX };
    start_other(yield_back);
    for (int i = 0; i < 10; i++) do_yield(); /* until it has begun */
    report(&yields);
    is_over = 1;
    join_other();
    start_other(futex_back);
    do_futex();
    report(&futexes);
    is_over = 1;
    wake(&ping);
    join_other();
    start_other(pipe_back);
    do_pipe();
    report(&pipes);
    is_over = 1;
    call3(SYS_write, there[1], (long)byte, BYTES);
    join_other();
}

int main(int argc, char **argv)
{
    cpu_set_t first;
    if (argc > 1 && !strcmp(argv[1], "end")) return 0;
    program = argv[0];
    self_pid = call3(SYS_getpid, 0, 0, 0);
    self_tid = call3(SYS_gettid, 0, 0, 0);
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    must(sched_setaffinity(0, sizeof first, &first) == 0, "sched_setaffinity");
    event_fd = eventfd(0, 0);
    must(pipe(there) == 0 && pipe(back) == 0 && event_fd >= 0, "thread_costs");
    signal(SIGUSR1, handle);
    find_vdso_clock();
    must(vdso_clock != NULL, "the vDSO's clock_gettime");
    report_pairs();
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) report(&alone[i]);
    return 0;
}
