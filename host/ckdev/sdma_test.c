/* SPDX-License-Identifier: Apache-2.0 */
/* SDMA rings, and PM4 in indirect buffers. */
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/test.h"

#include <string.h>

#define LOW(address)  ((uint32_t)(address))
#define HIGH(address) ((uint32_t)((address) >> 32))
#define WORDS(gpu, queue, ...)                                                     \
    do {                                                                           \
        const uint32_t words_[] = { __VA_ARGS__ };                                 \
        fake_gpu_words((gpu), (queue), words_, ARRAY_LENGTH(words_));              \
        EXPECT(fake_gpu_wait((gpu), (queue)->setup.read_pointer, (queue)->write)); \
    } while (0)

static void start(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint32_t kind)
{
    fake_gpu_start(gpu, 2);
    EXPECT_EQ(fake_gpu_queue(gpu, queue, 0, kind), GPU_RESULT_DONE);
}

static uint32_t word32(struct fake_gpu *gpu, uint64_t address)
{
    return *(uint32_t *)fake_gpu_at(gpu, address);
}

TEST(copies_and_fills_reach_ram_and_vram)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    enum { BYTES = 3 * PAGE_BYTES + 5 };
    start(&gpu, &queue, GPU_QUEUE_SDMA);
    uint64_t from = fake_gpu_alloc(&gpu, BYTES), back = fake_gpu_alloc(&gpu, BYTES),
             vram = FAKE_GPU_VRAM_MAPPED + 3;
    uint8_t *bytes = fake_gpu_at(&gpu, from);
    for (int i = 0; i < BYTES; i++) bytes[i] = (uint8_t)(i * 7);
    WORDS(&gpu, &queue, 1, BYTES - 1, 0, LOW(from), HIGH(from), LOW(vram), HIGH(vram));
    WORDS(&gpu, &queue, 1, BYTES - 1, 0, LOW(vram), HIGH(vram), LOW(back), HIGH(back));
    EXPECT(memcmp(bytes, fake_gpu_at(&gpu, back), BYTES) == 0);
    WORDS(&gpu, &queue, 11 | 2u << 30, LOW(back), HIGH(back), 0xdeadbeef, 4 * 100 - 4);
    EXPECT_EQ(word32(&gpu, back + 396), 0xdeadbeef);
    EXPECT(memcmp(bytes + 400, (uint8_t *)fake_gpu_at(&gpu, back) + 400, BYTES - 400) == 0);
    WORDS(&gpu, &queue, 11, LOW(back), HIGH(back), 0x11, 2);
    EXPECT_EQ(word32(&gpu, back), 0xde111111);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(a_rectangle_is_copied_row_by_row)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue, GPU_QUEUE_SDMA);
    uint64_t from = fake_gpu_alloc(&gpu, 1024), to = fake_gpu_alloc(&gpu, 1024);
    uint32_t *source = fake_gpu_at(&gpu, from), *target = fake_gpu_at(&gpu, to);
    for (uint32_t i = 0; i < 256; i++) source[i] = i;
    /* Of 8 by 16 elements of 4 bytes, 3 by 2 from (1, 2) to (0, 1) of one with rows of 4. */
    WORDS(&gpu, &queue, 1 | 4 << 8 | 2u << 29, LOW(from), HIGH(from), 1 | 2 << 16, 7 << 13, 0, LOW(to),
          HIGH(to), 0 | 1 << 16, 3 << 13, 0, 2 | 1 << 16, 0);
    static const uint32_t expected[] = { 0, 0, 0, 0, 17, 18, 19, 0, 25, 26, 27, 0 };
    EXPECT(memcmp(target, expected, sizeof expected) == 0);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

/* As many as there are workers. */
TEST(rectangles_of_millions_of_rows_leave_other_queues_their_turn)
{
    enum { HUGE_RECTANGLES = 2, ROWS = 10000 };
    struct fake_gpu gpu;
    struct fake_gpu_queue huge[HUGE_RECTANGLES], queue;
    fake_gpu_start(&gpu, HUGE_RECTANGLES);
    uint64_t from = fake_gpu_alloc(&gpu, ROWS), to = fake_gpu_alloc(&gpu, ROWS);
    for (uint32_t i = 0; i < HUGE_RECTANGLES; i++) {
        uint64_t at = fake_gpu_alloc(&gpu, 5 * PAGE_BYTES);
        const uint32_t words[] = { 1 | 4 << 8, LOW(at), HIGH(at),     0,    0, 0, LOW(at), HIGH(at), 0,
                                   0,          0,       0x3fff << 16, 0x7ff };
        EXPECT_EQ(fake_gpu_queue(&gpu, &huge[i], i, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
        fake_gpu_words(&gpu, &huge[i], words, ARRAY_LENGTH(words));
    }
    EXPECT_EQ(fake_gpu_queue(&gpu, &queue, HUGE_RECTANGLES, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
    uint8_t *source = fake_gpu_at(&gpu, from);
    for (uint32_t i = 0; i < ROWS; i++) source[i] = (uint8_t)(i * 7);
    /* Rows of a byte each, in several turns. */
    WORDS(&gpu, &queue, 1 | 4 << 8, LOW(from), HIGH(from), 0, 0, 0, LOW(to), HIGH(to), 0, 0, 0,
          (ROWS - 1) << 16, 0);
    EXPECT(memcmp(source, fake_gpu_at(&gpu, to), ROWS) == 0);
    for (uint32_t i = 0; i < HUGE_RECTANGLES; i++)
        EXPECT(*(uint64_t *)fake_gpu_at(&gpu, huge[i].setup.read_pointer) == 0);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(small_packets_of_sdma_do_what_they_say)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    start(&gpu, &queue, GPU_QUEUE_SDMA);
    uint64_t at = fake_gpu_alloc(&gpu, 64);
    uint64_t *words = fake_gpu_at(&gpu, at);
    WORDS(&gpu, &queue, 0 | 2 << 16, 1, 2, 5, LOW(at), HIGH(at), 77);
    EXPECT_EQ(words[0], 77);
    WORDS(&gpu, &queue, 10 | 47u << 25, LOW(at), HIGH(at), 0xffffffff, 0xffffffff, 0, 0, 0);
    EXPECT_EQ(words[0], 76);
    WORDS(&gpu, &queue, 13 | 2 << 8, LOW(at + 8), HIGH(at + 8));
    EXPECT(words[1] != 0);
    WORDS(&gpu, &queue, 2, LOW(at + 16), HIGH(at + 16), 1, 0x1111, 0x2222);
    EXPECT_EQ(words[2], 0x222200001111);
    WORDS(&gpu, &queue, 6, 321);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_SIGNAL, &event));
    EXPECT_EQ(event.signal.number, 321);
    WORDS(&gpu, &queue, 8, 0, 0x80000000, 0, 0, 0); /* how a flush is asked for */
    /* A poll that has to wait. */
    const uint32_t poll[] = { 8 | 3u << 28 | 1u << 31, LOW(at + 24), HIGH(at + 24), 5, 0xff, 0xfff << 16 };
    fake_gpu_words(&gpu, &queue, poll, ARRAY_LENGTH(poll));
    for (int i = 0; i < 100; i++)
        EXPECT(*(uint64_t *)fake_gpu_at(&gpu, queue.setup.read_pointer) != queue.write);
    __atomic_store_n((uint32_t *)fake_gpu_at(&gpu, at + 24), 0x905, __ATOMIC_RELEASE);
    EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(packets_of_sdma_go_round_the_end_of_the_ring)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    start(&gpu, &queue, GPU_QUEUE_SDMA);
    uint64_t at = fake_gpu_alloc(&gpu, 8);
    for (uint32_t i = 0; i < 2000; i++) {
        const uint32_t fence[] = { 5, LOW(at), HIGH(at), i }, odd[] = { 0 };
        fake_gpu_words(&gpu, &queue, fence, 4);
        fake_gpu_words(&gpu, &queue, odd, 1);
        if (i % 100 == 99) EXPECT(fake_gpu_wait(&gpu, queue.setup.read_pointer, queue.write));
    }
    EXPECT_EQ(word32(&gpu, at), 1999);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(packets_that_sdma_does_not_know_stop_the_queue)
{
    static const uint32_t headers[] = {
        3, 4, 7, 9, 12, 14, 15, 200, 1 | 1 << 8, 2 | 1 << 8, 1 | 1 << 27, 10
    };
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    fake_gpu_start(&gpu, 1);
    for (uint32_t i = 0; i < ARRAY_LENGTH(headers); i++) {
        const uint32_t words[16] = { headers[i] };
        EXPECT_EQ(fake_gpu_queue(&gpu, &queue, i, GPU_QUEUE_SDMA), GPU_RESULT_DONE);
        fake_gpu_words(&gpu, &queue, words, 16);
        if (!fake_gpu_find_event(&gpu, &index, GPU_EVENT_STOPPED, &event) || event.stopped.queue != i)
            test_fail(__FILE__, __LINE__, "packet 0x%x is taken", headers[i]);
        EXPECT_EQ(event.stopped.reason, GPU_STOP_PACKET);
        EXPECT_EQ(event.stopped.words, headers[i]);
        EXPECT_EQ(fake_gpu_queue_command(&gpu, &queue, GPU_COMMAND_QUEUE_DESTROY), GPU_RESULT_DONE);
    }
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

/* ---- PM4 ---- */

#define PM4(opcode, words) (3u << 30 | ((words) - 1) << 16 | (opcode) << 8)

/* An AQL packet that runs a buffer, with a completion signal. */
static uint64_t run_pm4(struct fake_gpu *gpu, struct fake_gpu_queue *queue, const uint32_t *words,
                        uint32_t count)
{
    uint64_t buffer = fake_gpu_alloc(gpu, count * 4), signal = fake_gpu_signal(gpu, 0);
    memcpy(fake_gpu_at(gpu, buffer), words, count * 4);
    uint32_t packet[16] = { 1 << 16, PM4(0x3f, 3), LOW(buffer), HIGH(buffer), count | 1 << 23, 10 };
    memcpy(packet + 14, &signal, 8);
    fake_gpu_packet(gpu, queue, packet);
    return signal;
}

TEST(pm4_writes_copies_waits_and_releases)
{
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    start(&gpu, &queue, GPU_QUEUE_AQL);
    uint64_t at = fake_gpu_alloc(&gpu, 64);
    uint64_t *out = fake_gpu_at(&gpu, at);
    const uint32_t inner[] = { PM4(0x37, 4), 5 << 8, LOW(at + 40), HIGH(at + 40), 0x99 };
    uint64_t nested = fake_gpu_alloc(&gpu, sizeof inner);
    memcpy(fake_gpu_at(&gpu, nested), inner, sizeof inner);
    const uint32_t words[] = {
        PM4(0x10, 2),
        0,
        0, /* NOP */
        PM4(0x58, 6),
        1 << 29,
        0,
        0,
        0,
        0,
        0, /* ACQUIRE_MEM of code */
        PM4(0x46, 1),
        7, /* EVENT_WRITE: a flush */
        PM4(0x37, 5),
        5 << 8,
        LOW(at),
        HIGH(at),
        0x1234,
        0x5678, /* WRITE_DATA */
        PM4(0x40, 5),
        1 | 1 << 8 | 1 << 16,
        LOW(at),
        HIGH(at),
        LOW(at + 8),
        HIGH(at + 8), /* COPY_DATA of 64 bits */
        PM4(0x3f, 3),
        LOW(nested),
        HIGH(nested),
        ARRAY_LENGTH(inner),
        PM4(0x3c, 6),
        3 | 1 << 4,
        LOW(at + 16),
        HIGH(at + 16),
        1,
        0xffffffff,
        4, /* WAIT_REG_MEM */
        PM4(0x49, 7),
        0,
        2u << 29 | 2 << 24,
        LOW(at + 24),
        HIGH(at + 24),
        42,
        0,
        55, /* RELEASE_MEM */
    };
    uint64_t signal = run_pm4(&gpu, &queue, words, ARRAY_LENGTH(words));
    EXPECT(fake_gpu_wait(&gpu, at + 40, 0x99));
    EXPECT_EQ(out[1], 0x567800001234);
    EXPECT_EQ(__atomic_load_n(&out[3], __ATOMIC_ACQUIRE), 0);
    __atomic_store_n((uint32_t *)fake_gpu_at(&gpu, at + 16), 1, __ATOMIC_RELEASE);
    EXPECT(fake_gpu_wait(&gpu, signal + 8, 0));
    EXPECT_EQ(out[3], 42);
    EXPECT(fake_gpu_find_event(&gpu, &index, GPU_EVENT_SIGNAL, &event));
    EXPECT_EQ(event.signal.number, 55);
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}

TEST(pm4_that_is_wrong_stops_the_queue)
{
    static const struct {
        uint32_t words[8], count;
    } cases[] = {
        { { 0 }, 1 },                              /* no packet of type 3 */
        { { PM4(0x15, 4), 1, 1, 1, 1 }, 5 },       /* DISPATCH_DIRECT */
        { { PM4(0x37, 100), 5 << 8 }, 2 },         /* longer than its buffer */
        { { PM4(0x37, 4), 0, 0, 0, 0 }, 5 },       /* WRITE_DATA to a register */
        { { PM4(0x3c, 6), 3, 0, 0, 0, 0, 0 }, 7 }, /* WAIT_REG_MEM of a register */
        { { PM4(0x46, 3), 1, 64, 0 }, 4 },         /* EVENT_WRITE with an address */
    };
    struct fake_gpu gpu;
    struct fake_gpu_queue queue;
    struct gpu_event event;
    uint64_t index = 0;
    fake_gpu_start(&gpu, 1);
    for (uint32_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        EXPECT_EQ(fake_gpu_queue(&gpu, &queue, i, GPU_QUEUE_AQL), GPU_RESULT_DONE);
        (void)run_pm4(&gpu, &queue, cases[i].words, cases[i].count);
        if (!fake_gpu_find_event(&gpu, &index, GPU_EVENT_STOPPED, &event) || event.stopped.queue != i)
            test_fail(__FILE__, __LINE__, "case %u is taken", i);
        EXPECT_EQ(event.stopped.reason, GPU_STOP_PACKET);
    }
    EXPECT_EQ(fake_gpu_end(&gpu), GPU_FAILURE_NONE);
}
