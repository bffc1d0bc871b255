/* SPDX-License-Identifier: Apache-2.0 */
/* AQL queues, as programs use and misuse them. */
#include "tests/fakes/fake_gfx9.h"
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

enum { VALUE = 8 };

struct barrier {
    uint32_t header, reserved1;
    uint64_t signals[5], reserved2, signal;
};

static uint64_t make_kernel(struct fake_gpu *gpu, const uint64_t *words, size_t count)
{
    uint64_t kernel = fake_gpu_alloc(gpu, (count + 3) * 8);
    memcpy(fake_gpu_at(gpu, kernel), words, count * 8);
    return kernel;
}
#define KERNEL(gpu, ...)                                          \
    ({                                                            \
        const uint64_t words_[] = { __VA_ARGS__, FAKE_GFX9_END }; \
        make_kernel((gpu), words_, ARRAY_LENGTH(words_));         \
    })

static uint64_t word(struct fake_gpu *gpu, uint64_t address)
{
    return __atomic_load_n((uint64_t *)fake_gpu_at(gpu, address), __ATOMIC_ACQUIRE);
}

static void start(struct fake_gpu *gpu, struct fake_gpu_queue *queue)
{
    fake_gpu_start(gpu, 2);
    EXPECT_EQ(fake_gpu_queue(gpu, queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
}

static void expect_stop(struct fake_gpu *gpu, uint32_t queue, uint32_t reason, uint64_t detail)
{
    uint64_t index = 0;
    struct gpu_event event;
    do {
        if (!fake_gpu_find_event(gpu, &index, GPU_EVENT_STOPPED, &event)) {
            test_fail(__FILE__, __LINE__, "queue %u does not stop", queue);
            return;
        }
    } while (event.stopped.queue != queue);
    EXPECT_EQ(event.stopped.reason, reason);
    EXPECT_EQ(event.stopped.detail, detail);
}

TEST(each_work_group_of_a_dispatch_runs_once_and_the_signal_tells_the_end)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    enum { GROUPS = 500 };
    start(&gpu, &queue);
    uint64_t counter = fake_gpu_alloc(&gpu, 8), out = fake_gpu_alloc(&gpu, GROUPS * 8);
    uint64_t kernel = KERNEL(&gpu, FAKE_GFX9_COUNT, counter, FAKE_GFX9_STORE, out, 1000);
    uint64_t signal = fake_gpu_signal(&gpu, 7);
    fake_gpu_dispatch(&gpu, &queue, kernel, GROUPS, signal);
    EXPECT(fake_gpu_wait(&gpu, signal + VALUE, 0));
    EXPECT_EQ(word(&gpu, counter), GROUPS);
    for (uint64_t i = 0; i < GROUPS; i++) EXPECT_EQ(word(&gpu, out + i * 8), 1000 + i);
    EXPECT_EQ(word(&gpu, queue.setup.read_pointer), 1);
    EXPECT_EQ(*(uint16_t *)fake_gpu_at(&gpu, queue.setup.ring), 1);
    /* Times, the mailbox, and an event. */
    EXPECT(word(&gpu, signal + 32) && word(&gpu, signal + 40) >= word(&gpu, signal + 32));
    EXPECT(fake_gpu_wait(&gpu, word(&gpu, signal + 16), 7));
    uint64_t index = 0;
    struct gpu_event event;
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_SIGNAL, &event));
    EXPECT_EQ(event.signal.number, 7);
    EXPECT_EQ(event.signal.known_bits, 0);
    EXPECT(__atomic_load_n(&gpu.registers->retired_waves, __ATOMIC_RELAXED) >= GROUPS);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(packets_run_one_after_the_other_round_and_round_the_ring)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    uint64_t counter = fake_gpu_alloc(&gpu, 8), kernel = KERNEL(&gpu, FAKE_GFX9_COUNT, counter);
    for (uint32_t i = 1; i <= 200; i++) {
        fake_gpu_dispatch(&gpu, &queue, kernel, 1, 0);
        if (i % 50 == 0) EXPECT(fake_gpu_wait(&gpu, counter, i));
    }
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, 200));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_barrier_waits_for_its_signals_however_late)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    uint64_t a = fake_gpu_signal(&gpu, 0), b = fake_gpu_signal(&gpu, 0), done = fake_gpu_signal(&gpu, 0);
    struct barrier barrier = { .header = 3, .signals = { a, 0, b }, .signal = done };
    fake_gpu_packet(&gpu, &queue, &barrier);
    __atomic_store_n((uint64_t *)fake_gpu_at(&gpu, a + VALUE), 0, __ATOMIC_RELEASE);
    for (int i = 0; i < 20; i++) EXPECT_EQ(word(&gpu, done + VALUE), 1);
    __atomic_store_n((uint64_t *)fake_gpu_at(&gpu, b + VALUE), 0, __ATOMIC_RELEASE);
    EXPECT(fake_gpu_wait(&gpu, done + VALUE, 0));

    uint64_t either = fake_gpu_signal(&gpu, 0), c = fake_gpu_signal(&gpu, 0);
    barrier = (struct barrier){ .header = 5, .signals = { c, a }, .signal = either };
    fake_gpu_packet(&gpu, &queue, &barrier);
    EXPECT(fake_gpu_wait(&gpu, either + VALUE, 0));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_packet_whose_producer_was_overtaken_is_found_when_it_is_there)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    uint64_t done = fake_gpu_signal(&gpu, 0);
    struct barrier barrier = { .header = 3, .signal = done };
    uint8_t *first = fake_gpu_at(&gpu, queue.setup.ring);
    /* The second producer is ready first, and rings for its own packet; the first writes, and rings for its own. */
    queue.write = 1;
    fake_gpu_packet(&gpu, &queue, &barrier);
    memcpy(first + 4, (uint8_t *)&barrier + 4, 60);
    *(uint64_t *)fake_gpu_at(&gpu, done + VALUE) = 2;
    __atomic_store_n((uint32_t *)first, barrier.header, __ATOMIC_RELEASE);
    fake_gpu_ring(&gpu, 0, queue.setup.doorbell, 0);
    EXPECT(fake_gpu_wait(&gpu, done + VALUE, 0));
    EXPECT_EQ(word(&gpu, queue.setup.read_pointer), 2);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(doorbells_that_make_no_sense_are_harmless)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    static const uint64_t values[] = { 1000, UINT64_MAX - 1, 1ull << 63, 65, UINT64_MAX };
    for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
        for (uint32_t doorbell = 0; doorbell < 8192; doorbell += 8)
            fake_gpu_ring(&gpu, 0, doorbell, values[i]);
    uint64_t done = fake_gpu_signal(&gpu, 0);
    struct barrier barrier = { .header = 3, .signal = done };
    fake_gpu_packet(&gpu, &queue, &barrier);
    EXPECT(fake_gpu_wait(&gpu, done + VALUE, 0));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(wrong_packets_stop_their_queue_and_tell_the_runtime)
{
    static const struct {
        uint32_t header, setup, groups;
        uint32_t reason, error;
    } cases[] = {
        { 4, 1, 1, GPU_STOP_PACKET, 32 },  /* agent dispatch */
        { 77, 1, 1, GPU_STOP_PACKET, 32 }, /* no type */
        { 0, 9, 1, GPU_STOP_PACKET, 256 }, /* a vendor's, of unknown format */
        { 0, 1, 1, GPU_STOP_PACKET, 256 }, /* PM4 that is none */
        { 2, 0, 1, GPU_STOP_DISPATCH, 2 }, /* no dimensions */
        { 2, 1, 0, GPU_STOP_DISPATCH, 2 }, /* no groups */
        { 2, 2, 1, GPU_STOP_DISPATCH, 2 }, /* no second dimension */
    };
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    for (uint32_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        uint32_t packet[16] = { 0 };
        struct fake_gpu_queue bad;
        EXPECT_EQ(fake_gpu_queue(&gpu, &bad, i + 1, GPU_QUEUE_AQL), GPU_RESULT_DONE);
        uint64_t inactive = fake_gpu_signal(&gpu, 0);
        *(uint64_t *)fake_gpu_at(&gpu, bad.amd_queue + 0xc0) = inactive;
        *(uint64_t *)fake_gpu_at(&gpu, inactive + VALUE) = 0;
        packet[0] = cases[i].header | cases[i].setup << 16;
        packet[1] = 64;
        packet[3] = cases[i].groups * 64;
        packet[8] = 4096;
        fake_gpu_packet(&gpu, &bad, packet);
        expect_stop(&gpu, i + 1, cases[i].reason, 0);
        EXPECT_EQ(word(&gpu, inactive + VALUE), cases[i].error);
        EXPECT_EQ(fake_gpu_queue_command(&gpu, &bad, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    }
    /* The first queue has not noticed. */
    uint64_t done = fake_gpu_signal(&gpu, 0);
    struct barrier barrier = { .header = 3, .signal = done };
    fake_gpu_packet(&gpu, &queue, &barrier);
    EXPECT(fake_gpu_wait(&gpu, done + VALUE, 0));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(an_instruction_that_is_none_stops_its_queue_and_not_its_neighbour)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue, other;
    start(&gpu, &queue);
    EXPECT_EQ(fake_gpu_queue(&gpu, &other, 1, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    uint64_t inactive = fake_gpu_signal(&gpu, 9), counter = fake_gpu_alloc(&gpu, 8);
    *(uint64_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xc0) = inactive;
    *(uint64_t *)fake_gpu_at(&gpu, inactive + VALUE) = 0;
    uint64_t illegal = KERNEL(&gpu, FAKE_GFX9_ILLEGAL), fine = KERNEL(&gpu, FAKE_GFX9_COUNT, counter);
    fake_gpu_dispatch(&gpu, &queue, illegal, 10, fake_gpu_signal(&gpu, 0));
    expect_stop(&gpu, 0, GPU_STOP_INSTRUCTION, illegal);
    EXPECT_EQ(word(&gpu, inactive + VALUE), 0x40000000);
    fake_gpu_dispatch(&gpu, &other, fine, 10, 0);
    EXPECT(fake_gpu_wait(&gpu, counter, 10));
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_kernel_that_never_ends_holds_up_nobody_and_can_be_destroyed)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue, other;
    start(&gpu, &queue);
    EXPECT_EQ(fake_gpu_queue(&gpu, &other, 1, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    uint64_t counter = fake_gpu_alloc(&gpu, 8);
    uint64_t endless = KERNEL(&gpu, FAKE_GFX9_SPIN), fine = KERNEL(&gpu, FAKE_GFX9_COUNT, counter);
    fake_gpu_dispatch(&gpu, &queue, endless, 50, 0);
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, 1));
    fake_gpu_dispatch(&gpu, &other, fine, 20, 0);
    EXPECT(fake_gpu_wait(&gpu, counter, 20));
    /* Neither do commands wait for it. */
    struct gpu_command invalidate = { .kind = GPU_COMMAND_INVALIDATE, .range = { 0, 1ull << 48 } };
    EXPECT_EQ(fake_gpu_command(&gpu, &invalidate), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    struct gpu_command destroy = { .kind = GPU_COMMAND_CONTEXT_DESTROY };
    fake_gpu_dispatch(&gpu, &other, endless, 5, 0);
    EXPECT_EQ(fake_gpu_command(&gpu, &destroy), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_group_that_waits_for_another_one_of_its_dispatch_sees_it_begin)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    fake_gpu_start(&gpu, 1);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    uint64_t counter = fake_gpu_alloc(&gpu, 8), done = fake_gpu_signal(&gpu, 0);
    uint64_t kernel = KERNEL(&gpu, FAKE_GFX9_COUNT, counter, FAKE_GFX9_WAIT, counter, 30);
    fake_gpu_dispatch(&gpu, &queue, kernel, 30, done);
    EXPECT(fake_gpu_wait(&gpu, done + VALUE, 0));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_queue_of_no_percent_stands_still_until_it_has_some)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    queue.setup.percent = 0;
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_UPDATE), GPU_RESULT_DONE);
    uint64_t counter = fake_gpu_alloc(&gpu, 8), kernel = KERNEL(&gpu, FAKE_GFX9_COUNT, counter);
    fake_gpu_dispatch(&gpu, &queue, kernel, 1, 0);
    struct gpu_command invalidate = { .kind = GPU_COMMAND_INVALIDATE, .range = { 0, 1ull << 48 } };
    for (int i = 0; i < 10; i++) EXPECT_EQ(fake_gpu_command(&gpu, &invalidate), GPU_RESULT_DONE);
    EXPECT_EQ(word(&gpu, counter), 0);
    queue.setup.percent = 50;
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_UPDATE), GPU_RESULT_DONE);
    EXPECT(fake_gpu_wait(&gpu, counter, 1));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_dispatch_without_enough_scratch_memory_asks_for_it_and_goes_on)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    uint64_t inactive = fake_gpu_signal(&gpu, 5), counter = fake_gpu_alloc(&gpu, 8);
    *(uint64_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xc0) = inactive;
    *(uint64_t *)fake_gpu_at(&gpu, inactive + VALUE) = 0;
    uint64_t kernel = KERNEL(&gpu, FAKE_GFX9_COUNT, counter);
    uint32_t packet[16] = { 1 << 16 | 2, 64, 0, 64, 1, 1, 16 };
    memcpy(packet + 8, &kernel, 8);
    fake_gpu_packet(&gpu, &queue, packet);
    EXPECT(fake_gpu_wait(&gpu, inactive + VALUE, 1));
    EXPECT_EQ(word(&gpu, queue.setup.read_pointer), 0);
    /* Room for 32 waves of 1 KiB, 16 bytes a lane. */
    *(uint32_t *)fake_gpu_at(&gpu, queue.amd_queue + 0x8c) = 32 | 1 << 12;
    *(uint64_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xa0) = fake_gpu_alloc(&gpu, 32 << 10);
    *(uint64_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xa8) = 32 << 10;
    *(uint32_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xb0) = 16;
    __atomic_store_n((uint64_t *)fake_gpu_at(&gpu, inactive + VALUE), 0, __ATOMIC_RELEASE);
    EXPECT(fake_gpu_wait(&gpu, counter, 1));
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, 1));
    EXPECT_EQ(word(&gpu, inactive + VALUE), 0);

    /* Memory for one dispatch is given back after it, and the next packet waits until that was seen to. */
    *(uint32_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xb4) = 1 << 4;
    fake_gpu_packet(&gpu, &queue, packet);
    EXPECT(fake_gpu_wait(&gpu, counter, 2));
    EXPECT(fake_gpu_wait(&gpu, inactive + VALUE, 512));
    *(uint32_t *)fake_gpu_at(&gpu, queue.amd_queue + 0xb4) = 0;
    fake_gpu_packet(&gpu, &queue, packet);
    EXPECT_EQ(word(&gpu, counter), 2);
    __atomic_store_n((uint64_t *)fake_gpu_at(&gpu, inactive + VALUE), 0, __ATOMIC_RELEASE);
    EXPECT(fake_gpu_wait(&gpu, counter, 3));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(an_interrupt_of_code_tells_the_bits_it_has)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue);
    fake_gpu_dispatch(&gpu, &queue, KERNEL(&gpu, FAKE_GFX9_INTERRUPT, 0x1234), 1, 0);
    uint64_t index = 0;
    struct gpu_event event;
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_SIGNAL, &event));
    EXPECT_EQ(event.signal.number, 0x34);
    EXPECT_EQ(event.signal.known_bits, 8);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}
