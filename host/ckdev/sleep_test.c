/* SPDX-License-Identifier: Apache-2.0 */
/* When the device sleeps, and what wakes it. */
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/test.h"

#include <stdlib.h>
#include <time.h>

static void pause_us(uint32_t us)
{
    struct timespec time = { .tv_nsec = us * 1000l };
    nanosleep(&time, NULL);
}

/* True when it sleeps for 20 ms on end, within two seconds. */
static bool falls_asleep(struct fake_gpu *gpu)
{
    uint32_t in_a_row = 0;
    for (int i = 0; i < 20000 && in_a_row < 200; i++) {
        bool is_asleep = __atomic_load_n(&gpu->registers->is_sleeping, __ATOMIC_ACQUIRE);
        in_a_row = is_asleep ? in_a_row + 1 : 0;
        pause_us(100);
    }
    return in_a_row == 200;
}

static void arm(struct fake_gpu *gpu, uint32_t request)
{
    __atomic_store_n(&gpu->registers->armed, request, __ATOMIC_SEQ_CST);
    fake_gpu_kick(gpu);
}

static void send_barrier(struct fake_gpu *gpu, struct fake_gpu_queue *queue)
{
    const uint32_t barrier[16] = { 3 };
    fake_gpu_packet(gpu, queue, barrier);
}

TEST(a_device_without_queues_sleeps_by_itself_and_commands_wake_it)
{
    struct fake_gpu gpu;
    fake_gpu_start(&gpu, 1);
    for (int i = 0; i < 3; i++) {
        EXPECT(falls_asleep(&gpu));
        EXPECT_EQ(__atomic_load_n(&gpu.registers->arm_request, __ATOMIC_ACQUIRE), 0);
        struct gpu_command clock = { .kind = GPU_COMMAND_CLOCK };
        EXPECT_EQ(fake_gpu_command(&gpu, &clock), GPU_RESULT_DONE);
    }
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_device_with_queues_sleeps_only_while_doorbells_trap)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    fake_gpu_start(&gpu, 1);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_ARM, &event));
    /* Not armed: a store alone is seen. */
    send_barrier(&gpu, &queue);
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, 1));
    /* An answer to a request that is over does not count. */
    struct gpu_event late = event;
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_ARM, &event));
    EXPECT(event.arm.request != late.arm.request);
    arm(&gpu, late.arm.request);
    send_barrier(&gpu, &queue);
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, 2));
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_ARM, &event));
    arm(&gpu, event.arm.request);
    EXPECT(falls_asleep(&gpu));
    /* A command wakes it; doorbells still trap, so it sleeps again without asking. */
    struct gpu_command clock = { .kind = GPU_COMMAND_CLOCK };
    EXPECT_EQ(fake_gpu_command(&gpu, &clock), GPU_RESULT_DONE);
    EXPECT(falls_asleep(&gpu));
    /* The trap: disarm, kick, and only then the store. */
    arm(&gpu, 0);
    pause_us(300);
    send_barrier(&gpu, &queue);
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, 3));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

/* ---- races: a program rings at any moment while the kernel arms and disarms ---- */

struct race {
    struct fake_gpu gpu;
    pthread_mutex_t lock; /* the kernel's, of its page tables */
    bool is_trapping;
    bool is_over;
    uint64_t traps, arms;
};

static void *arm_again_and_again(void *argument)
{
    struct race *race = argument;
    struct gpu_event event;
    uint64_t index = 0;
    while (!__atomic_load_n(&race->is_over, __ATOMIC_ACQUIRE)) {
        if (__atomic_load_n(&race->gpu.registers->event_tail, __ATOMIC_ACQUIRE) == index) {
            pause_us(50);
            continue;
        }
        if (!fake_gpu_find_event(&race->gpu, &index, GPU_EVENT_ARM, &event)) continue;
        pthread_mutex_lock(&race->lock);
        race->is_trapping = true;
        race->arms++;
        __atomic_store_n(&race->gpu.registers->armed, event.arm.request, __ATOMIC_SEQ_CST);
        pthread_mutex_unlock(&race->lock);
        fake_gpu_kick(&race->gpu);
    }
    return NULL;
}

static void trap(struct race *race)
{
    pthread_mutex_lock(&race->lock);
    if (race->is_trapping) {
        race->is_trapping = false;
        race->traps++;
        __atomic_store_n(&race->gpu.registers->armed, 0, __ATOMIC_SEQ_CST);
        fake_gpu_kick(&race->gpu);
    }
    pthread_mutex_unlock(&race->lock);
}

TEST(no_ring_is_lost_however_it_meets_the_device_falling_asleep)
{
    enum { ROUNDS = 250 };
    struct race race = { .lock = PTHREAD_MUTEX_INITIALIZER };
    struct fake_gpu_queue queue;
    pthread_t kernel;
    fake_gpu_start(&race.gpu, 1);
    EXPECT_EQ(fake_gpu_queue(&race.gpu, &queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    EXPECT_EQ(pthread_create(&kernel, NULL, arm_again_and_again, &race), 0);
    uint32_t seed = 1;
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        seed = seed * 1664525 + 1013904223;
        pause_us(i % 4 ? seed >> 20 : 0); /* up to 4 ms: around the time when it asks, and when it sleeps */
        trap(&race);
        send_barrier(&race.gpu, &queue);
        if (!fake_gpu_wait(&race.gpu, queue.setup.read_pointer, i)) {
            test_fail(__FILE__, __LINE__, "ring %lu is lost", i);
            break;
        }
    }
    __atomic_store_n(&race.is_over, true, __ATOMIC_RELEASE);
    pthread_join(kernel, NULL);
    EXPECT(race.traps > 10);
    test_note("%lu rings, %lu times armed, %lu traps", (unsigned long)ROUNDS, race.arms, race.traps);
    EXPECT_EQ(fake_gpu_end(&race.gpu), GPU_FAILURE_NONE);
}

/* ---- the cost of nothing ---- */

TEST(a_sleeping_device_uses_no_processor)
{
    struct fake_gpu gpu;
    struct timespec before, after;
    fake_gpu_start(&gpu, 2);
    EXPECT(falls_asleep(&gpu));
    clockid_t clock;
    EXPECT_EQ(pthread_getcpuclockid(gpu.thread, &clock), 0);
    clock_gettime(clock, &before);
    for (int i = 0; i < 100; i++) pause_us(900);
    clock_gettime(clock, &after);
    EXPECT_EQ((after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec, 0);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}
