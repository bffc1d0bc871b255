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

enum { PATIENCE_MS = 30000, LIVE_MS = 1500, VALUES = 64 };

struct shared {
    volatile uint64_t counted; /* by the process without a GPU */
    volatile uint32_t working; /* rounds whose process works */
};
static struct shared *shared;

struct work {
    struct buffer events, memory;
    struct queue queue, endless_queue;
    uint32_t done, broken[2]; /* events: of packets; of memory and hardware that goes wrong */
};

/* What the GPU and the program share, in one buffer. */
struct work_memory {
    struct kernel store, endless;
    struct amd_signal signals[2];
    struct store_arguments arguments;
    uint32_t out[VALUES];
};

static struct work_memory *memory_of(const struct work *w) { return (struct work_memory *)w->memory.at; }

static bool begin_work(struct work *w)
{
    bool is_good = try_to_open_all() == 0 && make_buffer(&w->events, FLAG(GTT), EVENT_PAGE_BYTES) &&
                   make_queue(&w->queue) &&
                   make_buffer(&w->memory, FLAG(USERPTR) | FLAG(COHERENT) | FLAG(EXECUTABLE), 4 * PAGE);
    if (!is_good) return false;
    w->endless_queue.bell = w->queue.bell;
    if (!make_queue(&w->endless_queue)) return false;
    w->done = make_event(w->events.handle);
    w->broken[0] = make_event_of(0, LINUX_KFD_IOC_EVENT_MEMORY);
    w->broken[1] = make_event_of(0, LINUX_KFD_IOC_EVENT_HW_EXCEPTION);
    struct work_memory *m = memory_of(w);
    make_kernel(&m->store, code_that_stores, sizeof(code_that_stores));
    make_kernel(&m->endless, code_that_never_ends, sizeof(code_that_never_ends));
    m->signals[0] =
        (struct amd_signal){ .kind = 1, .mailbox = (uint64_t)w->events.at + w->done * 8, .event = w->done };
    return failures == 0;
}

static bool is_right(const struct work_memory *m, uint32_t value)
{
    for (uint32_t i = 0; i < VALUES; i++)
        if (m->out[i] != value + i) return false;
    return true;
}

/* Waits for a packet as ROCm does. False: what came was the end of the GPU, or nothing. */
static bool wait_for_packet(struct work *w)
{
    const volatile int64_t *value = &memory_of(w)->signals[0].value;
    int64_t end = now_ms() + PATIENCE_MS;
    while (*value && now_ms() < end) {
        uint32_t result;
        struct linux_kfd_event_data data[] = { { .event_id = w->done },
                                               { .event_id = w->broken[0] },
                                               { .event_id = w->broken[1] } };
        if (wait_for_some(data, 3, 1000, &result) != 0) return false;
        if (data[1].memory_exception_data.ErrorType || data[2].hw_exception_data.memory_lost) return false;
    }
    check(*value == 0, "a packet is done, or somebody says why not");
    return *value == 0;
}

static bool store_once(struct work *w, uint32_t value)
{
    struct work_memory *m = memory_of(w);
    m->arguments = (struct store_arguments){ .at = (uint64_t)m->out, .value = value };
    m->signals[0].value = 1;
    launch(&w->queue, &m->store, &m->arguments, &m->signals[0]);
    if (!wait_for_packet(w)) return false;
    check(is_right(m, value), "what the GPU computed is right");
    return true;
}

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
