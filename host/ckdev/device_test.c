/* SPDX-License-Identifier: Apache-2.0 */
/* The command ring and the event ring, as the kernel meets them. */
#define _GNU_SOURCE
#include "host/ckdev/window.h"
#include "tests/fakes/fake_gfx9.h"
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/test.h"

#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

static enum gpu_result send(struct fake_gpu *gpu, struct gpu_command command)
{
    return fake_gpu_command(gpu, &command);
}

TEST(contexts_come_and_go_and_their_numbers_are_checked)
{
    struct fake_gpu gpu;
    fake_gpu_start(&gpu, 1);
    uint64_t root = gpu.root;
    const struct {
        struct gpu_command command;
        enum gpu_result result;
    } cases[] = {
        { { .kind = GPU_COMMAND_NONE }, GPU_RESULT_INVALID },
        { { .kind = 99 }, GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE, .context = 0, .create.map_table = root },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE, .context = WINDOW_CONTEXTS, .create.map_table = root },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE, .context = UINT32_MAX, .create.map_table = root },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE, .context = 1, .create.map_table = root + 8 },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE, .context = 1, .create.map_table = 1ull << 40 },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE,
            .context = 1,
            .create = { .map_table = root, .local_base = 4096 } },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_DESTROY, .context = 1 }, GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_CREATE, .context = 1, .create.map_table = root }, GPU_RESULT_DONE },
        { { .kind = GPU_COMMAND_CONTEXT_UPDATE,
            .context = 1,
            .create = { .map_table = root, .local_base = 1ull << 48, .scratch_base = 2ull << 48 } },
          GPU_RESULT_DONE },
        { { .kind = GPU_COMMAND_CONTEXT_UPDATE, .context = 1, .create.map_table = root + PAGE_BYTES },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_UPDATE, .context = 2, .create.map_table = root },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_INVALIDATE, .context = 1, .range = { 0, 1ull << 48 } }, GPU_RESULT_DONE },
        { { .kind = GPU_COMMAND_INVALIDATE, .context = 1, .range = { 4096, 1ull << 48 } },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_INVALIDATE, .context = 1, .range = { 4096, UINT64_MAX & ~4095ull } },
          GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_INVALIDATE, .context = 1, .range = { 1, 4096 } }, GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_INVALIDATE, .context = 2, .range = { 0, 4096 } }, GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_CONTEXT_DESTROY, .context = 1 }, GPU_RESULT_DONE },
        { { .kind = GPU_COMMAND_CONTEXT_DESTROY, .context = 1 }, GPU_RESULT_INVALID },
        { { .kind = GPU_COMMAND_FAULT_REPLY, .reply = { 1, 1 } }, GPU_RESULT_INVALID },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        enum gpu_result result = send(&gpu, cases[i].command);
        if (result != cases[i].result) test_fail(__FILE__, __LINE__, "case %zu gave %d", i, (int)result);
    }
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(queues_are_checked_before_anything_happens)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue, bad;
    fake_gpu_start(&gpu, 1);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 3, GPU_QUEUE_AQL), GPU_RESULT_DONE);
    const struct {
        const char *what;
        struct gpu_command_queue setup;
    } cases[] = {
        { "a number in use",
          { .number = 3, .kind = GPU_QUEUE_AQL, .ring = 64, .ring_bytes = 1024, .doorbell = 0 } },
        { "a doorbell in use",
          { .number = 4, .kind = GPU_QUEUE_AQL, .ring = 64, .ring_bytes = 1024, .doorbell = 24 } },
        { "a number too large",
          { .number = WINDOW_QUEUES, .kind = GPU_QUEUE_AQL, .ring = 64, .ring_bytes = 1024 } },
        { "a small ring", { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 512 } },
        { "an odd ring", { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 3072 } },
        { "an odd address", { .number = 4, .kind = GPU_QUEUE_AQL, .ring = 4, .ring_bytes = 1024 } },
        { "an odd read pointer",
          { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 1024, .read_pointer = 4 } },
        { "an odd doorbell", { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 1024, .doorbell = 4 } },
        { "a far doorbell", { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 1024, .doorbell = 8192 } },
        { "an unknown kind", { .number = 4, .kind = 9, .ring_bytes = 1024 } },
        { "101 percent", { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 1024, .percent = 101 } },
        { "priority 16", { .number = 4, .kind = GPU_QUEUE_AQL, .ring_bytes = 1024, .priority = 16 } },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        bad = (struct fake_gpu_queue){ .setup = cases[i].setup };
        if (fake_gpu_queue_command(&gpu, &bad, GPU_COMMAND_QUEUE_CREATE) != GPU_RESULT_INVALID)
            test_fail(__FILE__, __LINE__, "%s is taken", cases[i].what);
    }
    bad = (struct fake_gpu_queue){
        .setup = { .number = 4, .kind = GPU_QUEUE_PM4, .ring_bytes = 1024, .percent = 100 }
    };
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &bad, GPU_COMMAND_QUEUE_CREATE), GPU_RESULT_REFUSED);
    bad = queue;
    bad.context = 1;
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &bad, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_INVALID);
    bad = queue;
    bad.setup.ring_bytes = 1000;
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &bad, GPU_COMMAND_QUEUE_UPDATE), GPU_RESULT_INVALID);
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_INVALID);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_piece_of_vram_becomes_zero_and_nothing_else_does)
{
    struct fake_gpu gpu;
    fake_gpu_start(&gpu, 1);
    uint8_t *vram = fake_gpu_at(&gpu, FAKE_GPU_VRAM_MAPPED);
    memset(vram, 0x5a, 3 * PAGE_BYTES);
    EXPECT_EQ(
        send(&gpu, (struct gpu_command){ .kind = GPU_COMMAND_CLEAR, .clear = { PAGE_BYTES, PAGE_BYTES } }),
        GPU_RESULT_DONE);
    EXPECT_EQ(vram[PAGE_BYTES - 1], 0x5a);
    EXPECT_EQ(vram[PAGE_BYTES], 0);
    EXPECT_EQ(vram[2 * PAGE_BYTES - 1], 0);
    EXPECT_EQ(vram[2 * PAGE_BYTES], 0x5a);
    EXPECT_EQ(send(&gpu, (struct gpu_command){ .kind = GPU_COMMAND_CLEAR,
                                               .clear = { 0, FAKE_GPU_VRAM + PAGE_BYTES } }),
              GPU_RESULT_INVALID);
    EXPECT_EQ(send(&gpu, (struct gpu_command){ .kind = GPU_COMMAND_CLEAR,
                                               .clear = { UINT64_MAX & ~4095ull, PAGE_BYTES } }),
              GPU_RESULT_INVALID);
    EXPECT_EQ(send(&gpu, (struct gpu_command){ .kind = GPU_COMMAND_CLEAR, .clear = { 1, PAGE_BYTES } }),
              GPU_RESULT_INVALID);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(the_clock_of_timestamps_goes_on)
{
    struct fake_gpu gpu;
    fake_gpu_start(&gpu, 1);
    struct gpu_command first = { .kind = GPU_COMMAND_CLOCK }, second = first;
    EXPECT_EQ(fake_gpu_command(&gpu, &first), GPU_RESULT_DONE);
    EXPECT_EQ(fake_gpu_command(&gpu, &second), GPU_RESULT_DONE);
    EXPECT(first.words[0] && second.words[0] > first.words[0]);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

static bool ends_by_itself(struct fake_gpu *gpu)
{
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 2;
    fake_gpu_kick(gpu);
    if (pthread_timedjoin_np(gpu->thread, NULL, &limit) != 0) return false;
    bool is_protocol = gpu->failure == GPU_FAILURE_PROTOCOL;
    device_destroy(gpu->device);
    fake_gpu_free(gpu);
    return is_protocol;
}

TEST(an_index_that_cannot_be_ends_the_device)
{
    struct fake_gpu gpu;
    fake_gpu_start(&gpu, 1);
    __atomic_store_n(&gpu.registers->command_tail, gpu.commands + WINDOW_COMMANDS + 1, __ATOMIC_SEQ_CST);
    EXPECT(ends_by_itself(&gpu));

    fake_gpu_start(&gpu, 1);
    __atomic_store_n(&gpu.registers->command_tail, 0, __ATOMIC_SEQ_CST);
    EXPECT(ends_by_itself(&gpu));

    struct fake_gpu_queue queue;
    fake_gpu_start(&gpu, 1);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
    __atomic_store_n(&gpu.registers->event_head, 7, __ATOMIC_SEQ_CST);
    const uint32_t trap[] = { 6, 1 };
    fake_gpu_words(&gpu, &queue, trap, 2);
    EXPECT(ends_by_itself(&gpu));
}

TEST(what_the_registers_say_of_the_device_is_not_read_back)
{
    struct fake_gpu gpu;
    fake_gpu_start(&gpu, 1);
    struct gpu_extent rings[2] = { gpu.registers->commands, gpu.registers->events };
    gpu.registers->commands.offset = gpu.registers->events.offset = gpu.registers->doorbells.offset = 1ull
                                                                                                      << 60;
    gpu.registers->vram.bytes = UINT64_MAX;
    gpu.registers->command_head = 77;
    gpu.registers->command_count = 1u << 31;
    struct gpu_command clear = { .kind = GPU_COMMAND_CLEAR, .clear = { 0, FAKE_GPU_VRAM + PAGE_BYTES } };
    gpu.registers->commands = rings[0];
    gpu.registers->command_head = 0;
    EXPECT_EQ(fake_gpu_command(&gpu, &clear), GPU_RESULT_INVALID);
    gpu.registers->events = rings[1];
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(signals_that_nobody_sleeps_for_are_kept_and_cost_no_interrupt)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    eventfd_t interrupts;
    fake_gpu_start(&gpu, 2);
    struct gpu_signals *signals = fake_gpu_signals(&gpu, 0);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
    signals->awaited[1] = ~(1ull << 13);
    const uint32_t trap[] = { 6, 77 };
    fake_gpu_words(&gpu, &queue, trap, 2);
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    EXPECT_EQ(signals->raised[1], 1ull << 13);
    EXPECT_EQ(gpu.registers->event_tail, 0);
    EXPECT(eventfd_read(gpu.interrupt_fd, &interrupts) != 0);
    __atomic_store_n(&signals->awaited[1], 1ull << 13, __ATOMIC_SEQ_CST);
    fake_gpu_words(&gpu, &queue, trap, 2); /* it is raised already */
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    EXPECT_EQ(gpu.registers->event_tail, 0);
    EXPECT_EQ(__atomic_exchange_n(&signals->raised[1], 0, __ATOMIC_SEQ_CST), 1ull << 13);
    fake_gpu_words(&gpu, &queue, trap, 2);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_SIGNAL, &event));
    EXPECT(event.signal.number == 77 && index == 1);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(events_that_find_no_room_come_later_and_none_is_lost)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    enum { SIGNALS = 3000 };
    static bool told[GPU_SIGNALS_MAX];
    memset(told, 0, sizeof told);
    fake_gpu_start(&gpu, 2);
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, 0, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
    for (uint32_t i = 0; i < SIGNALS; i++) {
        const uint32_t trap[] = { 6, i };
        fake_gpu_words(&gpu, &queue, trap, 2);
        if (i % 256 == 255) EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    }
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    EXPECT_EQ(__atomic_load_n(&gpu.registers->event_tail, __ATOMIC_ACQUIRE), WINDOW_EVENTS);
    uint64_t index = 0;
    for (uint32_t i = 0; i < SIGNALS; i++) {
        if (!fake_gpu_find_event(&gpu, &index, GPU_EVENT_SIGNAL, &event)) break;
        told[event.signal.number] = true;
    }
    uint32_t missing = 0;
    for (uint32_t i = 0; i < SIGNALS; i++) missing += !told[i];
    EXPECT_EQ(missing, 0);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}
