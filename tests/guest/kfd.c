/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kfd without ROCm: one program on a machine with a GPU, for tests/e2e/kfd_test.sh. It says what is not as it should
 * be, and at the end how many checks there were. The queue's packets are those of HSA; the device answers them. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>

#include "tests/guest/kfd_client.h"

/* ---- memory ---- */

static void test_memory(void)
{
    const uint64_t bytes = 8 << 20;
    struct buffer vram, gtt;
    uint64_t before = free_vram();
    check(make_buffer(&vram, FLAG(VRAM), bytes), "memory of the GPU");
    check(free_vram() == before - bytes, "it is taken");
    check(is_zero(vram.at, bytes), "it is zero");
    memset(vram.at, 0x5a, bytes);
    uint8_t *second = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, render, (off_t)(vram.offset + bytes - PAGE));
    check(second != MAP_FAILED && second[PAGE - 1] == 0x5a, "a second mapping shows the same");
    check(free_buffer(&vram, false) == -EBUSY, "memory in use is not freed");
    check(free_buffer(&vram, true) == 0 && free_buffer(&vram, false) == -EINVAL, "it is freed once");
    check(second[0] == 0x5a && free_vram() < before, "what is mapped stays");
    munmap(vram.at, bytes);
    munmap(second, PAGE);
    check(free_vram() == before, "and goes with the mapping");
    check(make_buffer(&gtt, FLAG(GTT), 2 << 20) && is_zero(gtt.at, 2 << 20), "memory of the machine");
    gtt.at[12345] = 1;
    check(mmap(gtt.at, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, render, (off_t)gtt.offset) == MAP_FAILED,
          "no private copies");
    uint8_t *reserved = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE, render, (off_t)gtt.offset);
    check(reserved != MAP_FAILED, "but a private map without access");
    check(mprotect(reserved, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES,
          "which gets none for writing");
}

/* ---- children ---- */

/* Fills all of the GPU's memory that it can get, and leaves it to the kernel. */
static void fill_vram(void)
{
    struct buffer b;
    open_all();
    unsigned count = 0;
    for (; make_buffer(&b, FLAG(VRAM), 4 << 20); count++) {
        if (!is_zero(b.at, b.bytes)) check(false, "what another process had is zero");
        memset(b.at, 0xc3, b.bytes);
    }
    check(count > 4, "there was some memory");
}

static void test_children(void)
{
    struct buffer bell;
    uint64_t before = free_vram();
    check(make_buffer(&bell, FLAG(DOORBELL), DOORBELL_BYTES), "doorbells");
    pid_t child = fork();
    if (child == 0) {
        struct linux_kfd_get_version_args version;
        bool is_refused =
            REQUEST(0x01, version) == -EBADF &&
            mmap(NULL, DOORBELL_BYTES, PROT_READ, MAP_SHARED, kfd, (off_t)bell.offset) == MAP_FAILED;
        if (!is_refused) _exit(1);
        signal(SIGSEGV, SIG_DFL);
        *(volatile uint64_t *)bell.at = 0; /* not the child's */
        _exit(2);
    }
    int status = status_of(child);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child has nothing of its parent's");
    for (int i = 0; i < 2; i++) {
        child = fork();
        if (child == 0) {
            failures = 0;
            fill_vram();
            if (i == 0) kill(getpid(), SIGKILL);
            _exit(failures != 0);
        }
        status = status_of(child);
        check(i == 0 ? WIFSIGNALED(status) : status == 0, "a child uses the GPU by itself");
    }
    check(free_vram() == before, "what children had comes back");
}

/* ---- events ---- */

static volatile unsigned alarms;
static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void set_alarm(int flags)
{
    struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
    struct itimerval soon = { .it_value = { 0, 100000 } };
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void test_signals(uint32_t event)
{
    uint32_t result;
    int64_t start = now_ms();
    set_alarm(0);
    check(wait_for(event, 10000, &result) == -EINTR && now_ms() - start < 9000, "a signal interrupts a wait");
    start = now_ms();
    set_alarm(SA_RESTART);
    check(wait_for(event, 600, &result) == 0 && result == 1, "or the wait goes on");
    int64_t passed = now_ms() - start;
    check(passed >= 590 && alarms == 2, "for the time that was left");
}

static uint32_t raised_by_thread;
static void *raise_event(void *argument)
{
    struct linux_kfd_set_event_args a = { raised_by_thread, 0 };
    usleep(50000);
    check(REQUEST(0x0a, a) == 0, "a thread raises an event");
    return argument;
}

static void test_threads(uint32_t event)
{
    pthread_t thread;
    uint32_t result;
    raised_by_thread = event;
    pthread_create(&thread, NULL, raise_event, NULL);
    check(wait_for(event, UINT32_MAX, &result) == 0 && result == 0, "another thread wakes a wait");
    pthread_join(thread, NULL);
}

/* ---- a queue ---- */

static void test_queue(const struct buffer *page)
{
    enum { PACKETS = 200 };
    struct queue queue = { 0 };
    struct buffer signals;
    check(make_queue(&queue), "a queue");
    check(make_buffer(&signals, FLAG(USERPTR) | FLAG(COHERENT), PAGE), "a page of signals");
    uint32_t event = make_event(0), result = 77;
    struct amd_signal *s = (struct amd_signal *)signals.at;
    *s = (struct amd_signal){ .kind = 1, .mailbox = (uint64_t)page->at + event * 8, .event = event };
    unsigned slept = 0;
    for (int i = 0; i < PACKETS; i++) {
        s->value = 1;
        if (i % 10 == 0) usleep(20000); /* the device has gone to sleep by then */
        submit(&queue, s);
        while (__atomic_load_n(&s->value, __ATOMIC_ACQUIRE) == 1) {
            if (wait_for(event, 5000, &result) != 0 || result != 0) break;
            slept++;
        }
        if (s->value != 0) break;
    }
    check(s->value == 0, "every packet is told");
    check(slept > 0, "to a thread that sleeps");
    check(((uint64_t *)page->at)[event] == event, "and by the mailbox");
    check(end_queue(&queue) == 0 && end_queue(&queue) == -EINVAL, "the queue ends once");
}

/* out[i] = what a work-item finds in local memory, first and last, and in a register that nobody has set. It leaves ones. */
static const uint32_t code_that_looks_around[] = {
    0xc0060002, 0x00000000, /* s_load_dwordx2 s[0:1], s[4:5], 0x0 */
    0x24000082,             /* v_lshlrev_b32 v0, 2, v0 */
    0x7e0802ff, 0x0000ff00, /* v_mov_b32 v4, 0xff00 */
    0x68060104,             /* v_add_u32 v3, v4, v0 */
    0xd86c0000, 0x01000000, /* ds_read_b32 v1, v0 */
    0xd86c0000, 0x02000003, /* ds_read_b32 v2, v3 */
    0xbf8cc07f,             /* s_waitcnt lgkmcnt(0) */
    0xd2020001, 0x041e0501, /* v_or3_b32 v1, v1, v2, v7 */
    0xdc708000, 0x00000100, /* global_store_dword v0, v1, s[0:1] */
    0x7e0e02c1,             /* v_mov_b32 v7, -1 */
    0xd81a0000, 0x00000700, /* ds_write_b32 v0, v7 */
    0xd81a0000, 0x00000703, /* ds_write_b32 v3, v7 */
    0xbf8c0070,             /* s_waitcnt vmcnt(0) lgkmcnt(0) */
    0xbf810000,             /* s_endpgm */
};

/* In a child each. Several groups, so that every worker of the device has had one. */
static void look_around(void)
{
    enum { GROUPS = 64 };
    struct work w = { 0 };
    failures = 0;
    check(begin_work(&w), "a child begins");
    struct work_memory *m = memory_of(&w);
    make_kernel(&m->store, code_that_looks_around, sizeof(code_that_looks_around));
    m->store.resources[0] += 1; /* eight registers */
    m->arguments.at = (uint64_t)m->out;
    for (uint32_t i = 0; i < VALUES; i++) m->out[i] = 77;
    m->signals[0].value = 1;
    struct kernel_packet packet = { .header = DISPATCH_HEADER,
                                    .setup = 1,
                                    .group = { 64, 1, 1 },
                                    .grid = { 64 * GROUPS, 1, 1 },
                                    .group_bytes = 64 << 10,
                                    .kernel = (uint64_t)&m->store,
                                    .arguments = (uint64_t)&m->arguments,
                                    .completion = (uint64_t)&m->signals[0] };
    put_packet(&w.queue, &packet);
    check(wait_for_packet(&w) && is_zero((uint8_t *)m->out, sizeof(m->out)),
          "local memory and registers of another process are zero");
    fflush(stdout);
    _exit(failures != 0);
}

static void test_leftovers(void)
{
    for (int i = 0; i < 3; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) look_around();
        check(status_of(child) == 0, "a child finds nothing");
    }
}

/* Dies with a queue that has work, in the middle of a wait. */
static void die_with_a_queue(void)
{
    struct queue queue = { 0 };
    struct buffer signals;
    open_all();
    if (!make_queue(&queue) || !make_buffer(&signals, FLAG(USERPTR), PAGE)) _exit(1);
    struct amd_signal *s = (struct amd_signal *)signals.at;
    *s = (struct amd_signal){ .kind = 1, .value = 1000000 };
    for (int i = 0; i < 60; i++) submit(&queue, s);
    kill(getpid(), SIGKILL);
}

static void test_death(void)
{
    for (int i = 0; i < 5; i++) {
        pid_t child = fork();
        if (child == 0) die_with_a_queue();
        int status = status_of(child);
        check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a child dies with its queue");
    }
}

int main(void)
{
    struct buffer page;
    open_all();
    test_memory();
    test_children();
    check(make_buffer(&page, FLAG(GTT), EVENT_PAGE_BYTES), "a page for events");
    uint32_t event = make_event(page.handle);
    test_signals(event);
    test_threads(event);
    test_queue(&page);
    test_death();
    test_leftovers();
    test_queue(&page);
    printf("%u checks, %u wrong\n", checks, failures);
    return failures != 0;
}
