/* SPDX-License-Identifier: Apache-2.0 */
/* The heap under threads, each of them a CPU, with ThreadSanitizer watching. Blocks are filled by whoever
 * allocates and looked at by whoever frees, often another CPU, without any synchronisation but the
 * mailbox's and the heap's own, so that a missing order between one owner and the next is a reported race. */
#include "mm/heap.h"

#include <pthread.h>
#include <string.h>

#include "mm/frame.h"
#include "tests/fakes/fake_mm.h"
#include "tests/harness/test.h"

enum { THREADS = 4, HELD_MAX = 200, MAILBOXES = 64, FRAMES_MAX = 16384 };

struct block {
    uint64_t bytes, stamp;
    uint8_t rest[];
};

struct worker {
    pthread_t thread;
    uint32_t cpu, operations, held_count;
    uint64_t random, refusals, damaged;
    struct block *held[HELD_MAX];
};

static struct worker workers[THREADS];
static struct block *mail[MAILBOXES]; /* atomic */

static uint64_t next_random(struct worker *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % below;
}

static void allocate(struct worker *w)
{
    uint64_t kind = next_random(w, 100);
    uint64_t bytes = sizeof(struct block) + next_random(w, kind < 80 ? 300 : kind < 98 ? 9000 : 70000);
    struct block *b = heap_alloc(bytes);
    if (!b) {
        w->refusals++;
        return;
    }
    *b = (struct block){ bytes, next_random(w, 256) };
    memset(b->rest, (uint8_t)b->stamp, bytes - sizeof(*b));
    w->held[w->held_count++] = b;
}

static void release(struct worker *w, struct block *b)
{
    uint64_t count = b->bytes - sizeof(*b);
    if (count) w->damaged += b->rest[0] != b->stamp || memcmp(b->rest, b->rest + 1, count - 1);
    heap_free(b);
}

static void *work(void *argument)
{
    struct worker *w = argument;
    fake_cpu = w->cpu;
    for (uint32_t i = 0; i < w->operations; i++) {
        uint64_t fill = i / 512 % 2 ? 35 : 65;
        if (!w->held_count || (next_random(w, 100) < fill && w->held_count < HELD_MAX)) {
            allocate(w);
        } else {
            uint64_t k = next_random(w, w->held_count);
            struct block *b = w->held[k];
            w->held[k] = w->held[--w->held_count];
            if (next_random(w, 2))
                b = __atomic_exchange_n(&mail[next_random(w, MAILBOXES)], b, __ATOMIC_ACQ_REL);
            if (b) release(w, b);
        }
        if (next_random(w, 1000) == 0) heap_trim();
    }
    while (w->held_count) release(w, w->held[--w->held_count]);
    return NULL;
}

/* Leaves so few frames that one worker alone wants more at times. */
static uint32_t take_frames(paddr_t *taken, uint64_t left)
{
    uint32_t count = 0;
    while (frame_free_count() > left) taken[count++] = frame_alloc();
    return count;
}

/* Runs the workers on a machine of so many bytes, of which so many frames are left at most; nothing may be damaged or
 * lost. Returns refusals. */
static uint64_t run(uint64_t bytes, uint64_t left, uint32_t operations)
{
    static paddr_t taken[FRAMES_MAX];
    fake_machine_start(bytes);
    heap_init();
    uint64_t refusals = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] =
            (struct worker){ .cpu = i, .operations = operations, .random = 88172645463325252ull + i };
        if (i) frame_cpu_start(i);
        if (i) EXPECT_OK(heap_cpu_start(i));
    }
    uint32_t taken_count = take_frames(taken, left);
    uint64_t frames = frame_free_count();
    for (uint32_t i = 0; i < THREADS; i++) pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    for (uint32_t i = 0; i < THREADS; i++) pthread_join(workers[i].thread, NULL);
    for (uint32_t i = 0; i < THREADS; i++) {
        EXPECT_EQ(workers[i].damaged, 0);
        refusals += workers[i].refusals;
    }
    for (uint32_t i = 0; i < MAILBOXES; i++) {
        if (mail[i]) release(&workers[0], mail[i]);
        mail[i] = NULL;
    }
    EXPECT_EQ(workers[0].damaged, 0);
    struct heap_stats stats = heap_stats();
    EXPECT_EQ(stats.used_blocks, 0);
    EXPECT_EQ(stats.held_pages, 0);
    EXPECT_EQ(frame_free_count(), frames);
    while (taken_count) frame_free(taken[--taken_count]);
    return refusals;
}

TEST(heap_threads_never_share_a_block_and_lose_none)
{
    EXPECT_EQ(run((uint64_t)FRAMES_MAX * PAGE_BYTES, FRAMES_MAX, 40000), 0);
}

TEST(heap_threads_agree_while_memory_runs_out_all_the_time) { EXPECT(run(2ull << 20, 40, 40000) > 0); }
