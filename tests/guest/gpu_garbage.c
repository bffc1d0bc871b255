/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that do to the GPU whatever a program can do wrong, one after the other, for tests/e2e/kfd_test.sh: packets of
 * garbage, doorbells at random, memory freed, unmapped and replaced while it is in use, death at any moment. Beside them an
 * innocent process uses the GPU all the time, and must get right results. Usage: gpu_garbage SECONDS SEED */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

#include "tests/guest/kfd_client.h"

enum { LIFE_US = 30000, SDMA_RING_BYTES = RING_BYTES };

static struct {
    volatile bool is_over;
    volatile uint64_t results; /* of the innocent process */
} *shared;

static uint64_t state;

static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}
static uint64_t below(uint64_t end) { return any() % end; }

static void fill(void *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) ((uint8_t *)at)[i] = (uint8_t)any();
}

/* ---- what the processes do; none of it has to work ---- */

/* What a word of a packet may mean: an address of the program's, a small number, or nothing. */
static uint64_t plausible(const struct work *w)
{
    switch (below(5)) {
    case 0: return (uint64_t)w->memory.at + below(4 * PAGE / 64) * 64;
    case 1: return (uint64_t)w->queue.ring.at + below(RING_BYTES);
    case 2: return below(256);
    case 3: return (uint64_t)&memory_of(w)->signals[below(2)];
    default: return any() >> below(64);
    }
}

static void garble(const struct work *w, uint64_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++) words[i] = plausible(w);
}

static void put_aql_packets(struct work *w)
{
    for (unsigned i = 0; i < RING_BYTES / PACKET_BYTES / 2; i++) {
        union {
            uint64_t words[PACKET_BYTES / 8];
            struct kernel_packet kernel;
        } packet;
        garble(w, packet.words, PACKET_BYTES / 8);
        packet.kernel.header = (uint16_t)(below(7) | FENCES);
        if (below(2)) packet.kernel.setup = (uint16_t)below(4);
        for (int k = 0; k < 3; k++) packet.kernel.group[k] = (uint16_t)below(70);
        for (int k = 0; k < 3; k++) packet.kernel.grid[k] = (uint32_t)below(200);
        if (below(2)) packet.kernel.kernel = (uint64_t)&memory_of(w)->store;
        put_packet(&w->queue, &packet);
    }
}

static void put_code(struct work *w)
{
    struct kernel *k = &memory_of(w)->store;
    if (below(2)) fill(k->code, sizeof(k->code));
    if (below(2)) k->code[below(8)] = (uint32_t)any();
    if (below(4) == 0) fill(k, 64); /* the descriptor */
    memory_of(w)->arguments = (struct store_arguments){ .at = plausible(w), .value = (uint32_t)any() };
    launch(&w->queue, k, &memory_of(w)->arguments, &memory_of(w)->signals[0]);
}

static void put_indirect_buffer(struct work *w)
{
    uint32_t *buffer = (uint32_t *)(w->memory.at + PAGE), words = PAGE / 4;
    for (uint32_t i = 0; i < words; i++)
        buffer[i] = below(2) ? 3u << 30 | (uint32_t)below(8) << 16 | (uint32_t)below(256) << 8
                             : (uint32_t)plausible(w);
    uint64_t at = (uint64_t)buffer;
    uint32_t packet[PACKET_BYTES / 4] = { FENCES | 1 << 16, /* of a vendor: PM4 */
                                          3u << 30 | 2 << 16 | 0x3f << 8,
                                          (uint32_t)at,
                                          (uint32_t)(at >> 32),
                                          words | 1 << 23,
                                          10 };
    put_packet(&w->queue, packet);
}

static void put_sdma_packets(struct work *w)
{
    struct queue q = { .bell = w->queue.bell };
    if (!make_queue_of(&q, LINUX_KFD_IOC_QUEUE_TYPE_SDMA)) return;
    for (unsigned i = 0; i < SDMA_RING_BYTES / 8; i++) {
        uint64_t word = plausible(w);
        if (below(3) == 0) word = below(16) | below(8) << 8;
        memcpy(q.ring.at + i * 8, &word, 8);
    }
    *q.write_index = SDMA_RING_BYTES - 4;
    *q.doorbell = SDMA_RING_BYTES - 4;
}

static void ring_anything(struct work *w)
{
    volatile uint64_t *bells = (uint64_t *)w->queue.bell.at;
    for (unsigned i = 0; i < 1000; i++) bells[below(DOORBELL_BYTES / 8)] = below(2) ? any() : below(100);
}

static void run_for_ever(struct work *w) { launch(&w->endless_queue, &memory_of(w)->endless, NULL, NULL); }

static void free_what_is_in_use(struct work *w)
{
    run_for_ever(w);
    check(free_buffer(&w->memory, false) == -EBUSY, "memory that the GPU sees is not freed");
    usleep((useconds_t)below(2000));
    check(free_buffer(&w->memory, true) == 0, "memory in use is freed after it was unmapped");
    munmap(w->memory.at, w->memory.bytes);
}

static void free_its_ring(struct work *w)
{
    struct queue *q = below(2) ? &w->queue : &w->endless_queue;
    run_for_ever(w);
    switch (below(3)) {
    case 0: munmap(q->ring.at, RING_BYTES); break;
    case 1: (void)free_buffer(&q->ring, true); break;
    default: munmap(q->pages.at, PAGE); break;
    }
    *w->queue.doorbell = any();
}

static void map_over_it(struct work *w)
{
    struct buffer b = { 0 };
    struct linux_kfd_alloc_memory_of_gpu_args a = { (uint64_t)w->memory.at,     w->memory.bytes, 0, 0, gpu,
                                                    FLAG(VRAM) | FLAG(WRITABLE) };
    run_for_ever(w);
    check(REQUEST(0x16, a) == 0, "an address may be asked for twice");
    b.handle = a.handle;
    check(map_buffer(&b) == -EINVAL, "but nothing is mapped over a mapping");
    switch (below(3)) {
    case 0:
        mmap(w->memory.at, w->memory.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
             -1, 0);
        break;
    case 1: mprotect(w->memory.at, w->memory.bytes, PROT_NONE); break;
    default:
        mmap(w->memory.at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, render,
             (off_t)a.mmap_offset);
    }
}

/* Closed files and a child that goes on with what it inherited. */
static void leave_it_to_a_child(struct work *w)
{
    run_for_ever(w);
    pid_t child = fork();
    if (child == 0) {
        struct buffer b;
        check(!make_buffer(&b, FLAG(VRAM), PAGE) && errno == EBADF, "a child's calls are refused");
        memset(w->memory.at, 0, w->memory.bytes); /* its own copy */
        close(kfd);
        _exit(failures != 0);
    }
    if (below(2)) close(kfd);
    check(status_of(child) == 0, "a child is content");
}

/* What it had is nobody's, but for a descriptor that somebody keeps. */
static void die_before_its_child(struct work *w)
{
    struct buffer b;
    check(make_buffer(&b, FLAG(VRAM), 2 << 20), "some memory of the GPU");
    run_for_ever(w);
    if (fork() == 0) {
        usleep((useconds_t)below(LIFE_US));
        _exit(0);
    }
    fflush(stdout);
    kill(getpid(), SIGKILL);
}

static void do_something(struct work *w)
{
    static void (*const deeds[])(struct work *) = { put_aql_packets,     put_code,
                                                    put_indirect_buffer, put_sdma_packets,
                                                    ring_anything,       run_for_ever,
                                                    free_what_is_in_use, free_its_ring,
                                                    map_over_it,         leave_it_to_a_child,
                                                    die_before_its_child };
    deeds[below(sizeof(deeds) / sizeof(deeds[0]))](w);
}

/* One process: it may die by what it did itself, or end, or be killed. */
static void be_hostile(void)
{
    struct work w = { 0 };
    check(begin_work(&w), "a process begins");
    signal(SIGSEGV, SIG_DFL);
    if (failures == 0) do_something(&w);
    usleep((useconds_t)below(LIFE_US));
    fflush(stdout);
    if (below(2)) kill(getpid(), SIGKILL);
    _exit(failures != 0);
}

static void be_innocent(void)
{
    struct work w = { 0 };
    check(begin_work(&w), "the innocent process begins");
    for (uint32_t i = 0; !shared->is_over && failures == 0; i++) {
        if (!store_once(&w, i * 7)) check(false, "nothing happens to the innocent process");
        shared->results++;
    }
    fflush(stdout);
    _exit(failures != 0);
}

int main(int argc, char **argv)
{
    int64_t end = now_ms() + (argc > 1 ? atoi(argv[1]) : 5) * 1000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    unsigned processes = 0;
    shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t innocent = fork();
    if (innocent == 0) be_innocent();
    open_all();
    uint64_t before = free_vram();
    for (; now_ms() < end && failures == 0; processes++) {
        fflush(stdout);
        pid_t hostile = fork();
        state = seed * 0x9e3779b97f4a7c15 + processes + 1;
        if (hostile == 0) be_hostile();
        /* Some do not live long enough to say what they wanted. */
        if (below(4) == 0) usleep((useconds_t)below(LIFE_US)), kill(hostile, SIGKILL);
        int status = status_of(hostile);
        check(WIFSIGNALED(status) || WEXITSTATUS(status) == 0, "a hostile process is content");
    }
    shared->is_over = true;
    check(status_of(innocent) == 0, "the innocent process is content");
    check(shared->results > 20, "and got on");
    usleep(2 * LIFE_US);
    close(open("/dev/kfd", O_RDWR)); /* which buries those whose child was the last to have a descriptor */
    check(free_vram() == before, "no memory of the GPU is lost");
    printf("%u processes, %llu results beside them, %u wrong\n", processes,
           (unsigned long long)shared->results, failures);
    return failures != 0;
}
