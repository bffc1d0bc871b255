/* SPDX-License-Identifier: Apache-2.0 */
/* Accesses to what is not mapped, and translations that are taken away. */
#include "tests/fakes/fake_gfx9.h"
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

static const uint64_t NOWHERE = 0x1230000000;

static uint64_t page_of(struct fake_gpu *gpu, uint64_t gpu_address)
{
    return FAKE_GPU_RAM_AT + (uint64_t)((uint8_t *)fake_gpu_at(gpu, gpu_address) - gpu->ram);
}

static void show(struct fake_gpu *gpu, uint64_t entry)
{
    __atomic_store_n(fake_gpu_entry(gpu, gpu->root, NOWHERE), entry, __ATOMIC_RELEASE);
}

/* A kernel that counts at an address, in each of its groups. */
static uint64_t counting_kernel(struct fake_gpu *gpu, uint64_t at)
{
    uint64_t kernel = fake_gpu_alloc(gpu, 5 * 8), *words = fake_gpu_at(gpu, kernel);
    words[0] = FAKE_GFX9_COUNT;
    words[1] = at;
    return kernel;
}

static enum gpu_result reply(struct fake_gpu *gpu, uint64_t fault, bool is_fixed)
{
    struct gpu_command command = { .kind = GPU_COMMAND_FAULT_REPLY, .reply = { fault, is_fixed } };
    return fake_gpu_command(gpu, &command);
}

TEST(a_fault_is_told_once_and_what_waits_goes_on_when_it_is_repaired)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queues[2];
    struct gpu_event event, other;
    uint64_t index = 0;
    fake_gpu_start(&gpu, 3);
    uint64_t page = align_up(fake_gpu_alloc(&gpu, 2 * PAGE_BYTES), PAGE_BYTES);
    uint64_t kernel = counting_kernel(&gpu, NOWHERE + 16);
    for (uint32_t i = 0; i < 2; i++) {
        EXPECT_EQ(fake_gpu_queue(&gpu, &queues[i], i, GPU_QUEUE_AQL), GPU_RESULT_DONE);
        fake_gpu_dispatch(&gpu, &queues[i], kernel, 8, 0);
    }
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_FAULT, &event));
    EXPECT_EQ(event.fault.address, NOWHERE + 16);
    EXPECT_EQ(event.fault.reason, GPU_FAULT_ABSENT);
    EXPECT_EQ(event.context, 0);
    show(&gpu, page_of(&gpu, page) | GPU_MAP_VALID | GPU_MAP_READ);
    EXPECT_EQ(reply(&gpu, event.fault.number, true), GPU_RESULT_DONE);
    /* Tried again, it lacks a right: that is another fault. */
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_FAULT, &other));
    EXPECT(other.fault.number > event.fault.number);
    EXPECT_EQ(other.fault.reason, GPU_FAULT_FORBIDDEN);
    EXPECT_EQ(other.fault.access, GPU_ACCESS_WRITE);
    show(&gpu, page_of(&gpu, page) | GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_WRITE);
    EXPECT_EQ(reply(&gpu, other.fault.number, true), GPU_RESULT_DONE);
    EXPECT(fake_gpu_wait(&gpu, page + 16, 16));
    EXPECT_EQ(reply(&gpu, other.fault.number, true), GPU_RESULT_DONE);
    EXPECT_EQ(reply(&gpu, other.fault.number + 1, true), GPU_RESULT_INVALID);
    EXPECT_EQ(__atomic_load_n(&gpu.registers->event_tail, __ATOMIC_ACQUIRE), index);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_fault_that_is_not_repaired_stops_the_context_and_no_other)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue, sibling, stranger;
    struct gpu_event event;
    uint64_t index = 0;
    bool has_stopped[3] = { false };
    fake_gpu_start(&gpu, 2);
    struct gpu_command create = { .kind = GPU_COMMAND_CONTEXT_CREATE,
                                  .context = 1,
                                  .create = { .map_table = gpu.root } };
    EXPECT_EQ(fake_gpu_command(&gpu, &create), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_queue(&gpu, &sibling, 1, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_queue(&gpu, &stranger, 2, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &stranger, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    stranger.context = 1;
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &stranger, GPU_COMMAND_QUEUE_CREATE), GPU_RESULT_DONE);

    uint64_t counter = fake_gpu_alloc(&gpu, 8);
    fake_gpu_dispatch(&gpu, &queue, counting_kernel(&gpu, NOWHERE), 8, 0);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_FAULT, &event));
    EXPECT_EQ(reply(&gpu, event.fault.number, false), GPU_RESULT_DONE);
    for (int i = 0; i < 2; i++) {
        EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_STOPPED, &event));
        EXPECT_EQ(event.stopped.reason, event.stopped.queue == 0 ? GPU_STOP_FAULT : GPU_STOP_CONTEXT);
        if (event.stopped.queue == 0) EXPECT_EQ(event.stopped.detail, NOWHERE);
        has_stopped[event.stopped.queue] = true;
    }
    EXPECT(has_stopped[0] && has_stopped[1]);
    fake_gpu_dispatch(&gpu, &stranger, counting_kernel(&gpu, counter), 4, 0);
    EXPECT(fake_gpu_wait(&gpu, counter, 4));
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_queue_that_waits_for_a_reply_can_be_destroyed_without_one)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    fake_gpu_start(&gpu, 2);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
        fake_gpu_dispatch(&gpu, &queue, counting_kernel(&gpu, NOWHERE + (uint64_t)i * PAGE_BYTES), 8, 0);
        EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_FAULT, &event));
        /* The first two by themselves, the last with its context. Replies come late. */
        struct gpu_command destroy = { .kind = GPU_COMMAND_CONTEXT_DESTROY };
        if (i < 2)
            EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
        if (i == 2) EXPECT_EQ(fake_gpu_command(&gpu, &destroy), GPU_RESULT_DONE);
        EXPECT_EQ(reply(&gpu, event.fault.number, i != 1), GPU_RESULT_DONE);
    }
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(invalidation_ends_while_a_worker_waits_for_the_reply_behind_it)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    fake_gpu_start(&gpu, 1);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    fake_gpu_dispatch(&gpu, &queue, counting_kernel(&gpu, NOWHERE), 1, 0);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_FAULT, &event));
    struct gpu_command invalidate = { .kind = GPU_COMMAND_INVALIDATE, .range = { NOWHERE, PAGE_BYTES } };
    EXPECT_EQ(fake_gpu_command(&gpu, &invalidate), GPU_RESULT_DONE);
    EXPECT_EQ(reply(&gpu, event.fault.number, false), GPU_RESULT_DONE);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_STOPPED, &event));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

/* A page is moved again and again under a copy of it to itself: what was its memory is never touched afterwards. */
TEST(no_copy_touches_memory_that_was_taken_from_under_it)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    enum { ROUNDS = 100, POISON = 0xa5 };
    fake_gpu_start(&gpu, 2);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
    uint64_t pages[2] = { align_up(fake_gpu_alloc(&gpu, 3 * PAGE_BYTES), PAGE_BYTES), 0 };
    pages[1] = pages[0] + PAGE_BYTES;
    uint64_t *entry = fake_gpu_entry(&gpu, gpu.root, NOWHERE), to = FAKE_GPU_VRAM_MAPPED;
    const uint64_t rights = GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_WRITE;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t now = pages[i % 2], before = pages[1 - i % 2];
        uint8_t *old = fake_gpu_at(&gpu, before);
        __atomic_store_n(entry, page_of(&gpu, now) | rights, __ATOMIC_RELEASE);
        struct gpu_command invalidate = { .kind = GPU_COMMAND_INVALIDATE, .range = { NOWHERE, PAGE_BYTES } };
        EXPECT_EQ(fake_gpu_command(&gpu, &invalidate), GPU_RESULT_DONE);
        memset(old, POISON, PAGE_BYTES);
        for (int k = 0; k < 4; k++) {
            const uint32_t fill[] = { 11 | 2u << 30, (uint32_t)NOWHERE, NOWHERE >> 32, 0, PAGE_BYTES - 4 };
            const uint32_t copy[] = {
                1, PAGE_BYTES - 1, 0, (uint32_t)NOWHERE, NOWHERE >> 32, (uint32_t)to, to >> 32
            };
            fake_gpu_words(&gpu, &queue, fill, ARRAY_LENGTH(fill));
            fake_gpu_words(&gpu, &queue, copy, ARRAY_LENGTH(copy));
        }
        for (int k = 0; k < PAGE_BYTES; k++)
            if (old[k] != POISON) {
                test_fail(__FILE__, __LINE__, "round %d: byte %d was written", i, k);
                break;
            }
        EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    }
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}
