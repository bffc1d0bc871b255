/* SPDX-License-Identifier: Apache-2.0 */
/* A container on a machine whose GPU goes wrong, for tests/e2e/gpu_faults_test.py, which breaks the device process. Each
 * argument is a round: a process works on the GPU until it is told that this is over, another one that has nothing to do
 * with GPUs goes on all the time, and a new process tries the GPU afterwards.
 *   lost  the working process loses the GPU, and the new one has it again
 *   gone  the new one does not have it either
 *   live  nothing is lost
 *   any   it may be lost, or not */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

#include "tests/guest/kfd_client.h"

enum { LIVE_MS = 1500 };

struct shared {
    volatile uint64_t counted; /* by the process without a GPU */
    volatile uint32_t working; /* rounds whose process works */
};
static struct shared *shared;

static void check_that_it_is_lost(void)
{
    struct buffer b;
    struct queue q = { 0 };
    errno = 0;
    check(!make_buffer(&b, FLAG(GTT), PAGE) && errno == ENODEV, "memory for a lost GPU is refused");
    check(!make_queue(&q) && errno == ENODEV, "so are queues");
}

/* For lost, live and any. The exit status says whether something was wrong. */
static void work(const char *kind, uint32_t round)
{
    struct work w = { 0 };
    bool is_to_be_lost = !strcmp(kind, "lost") || !strcmp(kind, "gone");
    bool is_alive = begin_work(&w);
    check(is_alive, "work can begin");
    launch(&w.endless_queue, &memory_of(&w)->endless, NULL, NULL);
    int64_t end = 0;
    for (uint32_t i = 0; is_alive && (!end || now_ms() < end); i++) {
        is_alive = store_once(&w, i * 1000);
        if (i == 20) shared->working = round;
        if (i == 20) end = now_ms() + (is_to_be_lost ? PATIENCE_MS : LIVE_MS);
    }
    if (!is_alive) check_that_it_is_lost();
    if (strcmp(kind, "any")) check(is_alive == !is_to_be_lost, "the GPU is lost, or is not");
    fflush(stdout);
    _exit(failures != 0);
}

/* The process after it: it has the GPU to itself, or is told that there is none. */
static void try_again(bool is_gone)
{
    struct work w = { 0 };
    if (is_gone) {
        check(try_to_open_all() == -ENODEV, "nobody has a GPU that is gone");
    } else {
        check(begin_work(&w), "a new process has the GPU");
        for (uint32_t i = 0; i < 20 && failures == 0; i++) check(store_once(&w, i), "and it works");
    }
    fflush(stdout);
    _exit(failures != 0);
}

static void count_for_ever(void)
{
    for (;;) shared->counted++;
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* The last of what broke the device may reach the next one: then it is the one after. */
static void inherit(const char *kind)
{
    unsigned tries = strcmp(kind, "any") ? 1 : 4;
    int status = -1;
    while (tries-- && status != 0) {
        fflush(stdout);
        pid_t heir = fork();
        if (heir == 0) try_again(!strcmp(kind, "gone"));
        status = status_of(heir);
        if (status != 0 && tries) printf("once more\n");
    }
    check(status == 0, "so is the new one");
}

static void run_round(const char *kind, uint32_t round)
{
    uint64_t before = shared->counted;
    fflush(stdout);
    pid_t worker = fork();
    if (worker == 0) work(kind, round);
    while (shared->working != round && !has_ended(worker)) usleep(1000);
    printf("== round %u: %s\n", round, kind);
    fflush(stdout);
    int64_t start = now_ms();
    check(status_of(worker) == 0, "the working process is content");
    printf("the work ended after %lld ms\n", (long long)(now_ms() - start));
    fflush(stdout);
    uint64_t counted = shared->counted;
    check(counted > before, "a process without a GPU goes on");
    start = now_ms();
    inherit(kind);
    check(shared->counted > counted, "a process without a GPU goes on afterwards");
    printf("the new process took %lld ms\n", (long long)(now_ms() - start));
}

int main(int argc, char **argv)
{
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t bystander = fork();
    if (bystander == 0) count_for_ever();
    for (int i = 1; i < argc; i++) run_round(argv[i], (uint32_t)i);
    kill(bystander, SIGKILL);
    printf("%u checks, %u wrong\n", checks, failures);
    return failures != 0;
}
