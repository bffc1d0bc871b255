/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/virtio/virtqueue.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fakes/fake_dma.h"
#include "tests/fakes/fake_virtqueue.h"
#include "tests/harness/test.h"

static struct virtqueue queue;
static struct fake_virtqueue device;

static struct virtqueue_mapping *mappings; /* NULL: physical addresses */

static void start(uint16_t size, bool has_event_index)
{
    free(device.memory);
    void *memory = aligned_alloc(4096, align_up(virtqueue_bytes(size), 4096));
    memset(memory, 0, virtqueue_bytes(size));
    virtqueue_init(&queue, memory, size, has_event_index, NULL, mappings);
    fake_virtqueue_init(&device, memory, size);
}

static bool add(uint32_t reads, uint32_t writes, void *token)
{
    struct virtqueue_piece pieces[8];
    for (uint32_t i = 0; i < reads + writes; i++)
        pieces[i] = (struct virtqueue_piece){ { 0x1000 * (i + 1) }, 100 + i };
    return virtqueue_add(&queue, pieces, reads, writes, token);
}

static char tokens[600];

TEST(a_chain_reaches_the_device_as_it_was_described_and_its_token_comes_back)
{
    uint32_t bytes;
    start(8, false);
    EXPECT(add(2, 1, &tokens[0]));
    struct fake_chain chain = fake_virtqueue_take(&device);
    EXPECT(chain.count == 3 && chain.pieces[0].address == 0x1000 && chain.pieces[2].bytes == 102);
    EXPECT(!chain.pieces[1].is_written && chain.pieces[2].is_written);
    EXPECT(!virtqueue_take(&queue, &bytes));
    fake_virtqueue_give(&device, chain.head, 17);
    EXPECT(virtqueue_take(&queue, &bytes) == &tokens[0] && bytes == 17);
    EXPECT(!virtqueue_take(&queue, &bytes) && !queue.broken && queue.free_count == 8);
}

TEST(behind_an_iommu_what_is_under_way_is_mapped_and_nothing_else)
{
    static struct virtqueue_mapping of_descriptors[8];
    uint32_t bytes;
    mappings = of_descriptors;
    start(8, false);
    EXPECT(add(2, 1, &tokens[0]) && fake_dma_mapped == 100 + 101 + 102);
    EXPECT(add(0, 2, &tokens[1]) && fake_dma_mapped == 303 + 201);
    struct fake_chain first = fake_virtqueue_take(&device), second = fake_virtqueue_take(&device);
    EXPECT_EQ(first.pieces[2].address, FAKE_DMA_OFFSET + 0x3000);
    EXPECT_EQ(second.pieces[0].address, FAKE_DMA_OFFSET + 0x1000);
    fake_virtqueue_give(&device, second.head, 0);
    EXPECT(virtqueue_take(&queue, &bytes) == &tokens[1] && fake_dma_mapped == 303);
    fake_virtqueue_give(&device, first.head, 0);
    EXPECT(virtqueue_take(&queue, &bytes) == &tokens[0] && fake_dma_mapped == 0);

    fake_dma_fail_in = 3;
    EXPECT(!add(2, 2, &tokens[2]) && fake_dma_mapped == 0 && queue.free_count == 8);
    EXPECT(add(4, 4, &tokens[2]));
    fake_virtqueue_give(&device, fake_virtqueue_take(&device).head, 0);
    EXPECT(virtqueue_take(&queue, &bytes) == &tokens[2] && fake_dma_mapped == 0);
    mappings = NULL;
}

TEST(a_full_queue_refuses_and_chains_that_come_back_in_any_order_make_room)
{
    uint32_t bytes;
    struct fake_chain chains[4];
    start(8, false);
    for (int i = 0; i < 4; i++) EXPECT(add(1, 1, &tokens[i]));
    EXPECT(!add(1, 0, &tokens[4]));
    for (int i = 0; i < 4; i++) chains[i] = fake_virtqueue_take(&device);
    static const int order[] = { 2, 0, 3, 1 };
    for (int i = 0; i < 4; i++) fake_virtqueue_give(&device, chains[order[i]].head, 0);
    for (int i = 0; i < 4; i++) EXPECT(virtqueue_take(&queue, &bytes) == &tokens[order[i]]);
    EXPECT(add(4, 4, &tokens[5]));
}

TEST(indices_go_around_many_times)
{
    uint32_t bytes;
    for (int events = 0; events < 2; events++) {
        start(4, events);
        for (uint32_t i = 0; i < 200000; i++) {
            EXPECT(add(1, 0, &tokens[i % 600]));
            EXPECT(virtqueue_must_notify(&queue) ==
                   (!events || i == 0 || fake_wants_notify(&device, (uint16_t)i)));
            fake_virtqueue_give(&device, fake_virtqueue_take(&device).head, 0);
            EXPECT(virtqueue_take(&queue, &bytes) == &tokens[i % 600]);
        }
    }
}

TEST(the_device_is_told_once_for_many_and_not_when_it_does_not_ask)
{
    start(8, false);
    EXPECT(!virtqueue_must_notify(&queue));
    EXPECT(add(1, 0, &tokens[0]) && add(1, 0, &tokens[1]));
    EXPECT(virtqueue_must_notify(&queue) && !virtqueue_must_notify(&queue));
    fake_set_no_notify(&device);
    EXPECT(add(1, 0, &tokens[2]) && !virtqueue_must_notify(&queue));
}

TEST(listening_tells_whether_something_came_before)
{
    uint32_t bytes;
    for (int events = 0; events < 2; events++) {
        start(8, events);
        EXPECT(add(1, 0, &tokens[0]) && add(1, 0, &tokens[1]));
        virtqueue_mute(&queue);
        EXPECT(!fake_may_interrupt(&device, events, 0, 1));
        EXPECT(virtqueue_listen(&queue, 1));
        EXPECT(fake_may_interrupt(&device, events, 0, 1));
        fake_virtqueue_give(&device, fake_virtqueue_take(&device).head, 0);
        EXPECT(!virtqueue_listen(&queue, 1));
        EXPECT(virtqueue_take(&queue, &bytes) == &tokens[0]);
    }
}

/* Each of them would be an access out of bounds or a token twice, were it believed. */
TEST(a_device_that_lies_breaks_its_queue_and_nothing_else)
{
    uint32_t bytes;
    start(8, false);
    EXPECT(add(0, 1, &tokens[0]));
    struct fake_chain chain = fake_virtqueue_take(&device);
    fake_virtqueue_give(&device, 8, 0);
    EXPECT(!virtqueue_take(&queue, &bytes) && queue.broken);
    EXPECT(!add(1, 0, &tokens[1]) && !virtqueue_must_notify(&queue));

    start(8, false);
    EXPECT(add(0, 1, &tokens[0]));
    fake_virtqueue_give(&device, 5, 0); /* not under way */
    EXPECT(!virtqueue_take(&queue, &bytes) && queue.broken);

    start(8, false);
    EXPECT(add(0, 2, &tokens[0]));
    fake_virtqueue_give(&device, 1, 0); /* the middle of a chain */
    EXPECT(!virtqueue_take(&queue, &bytes) && queue.broken);

    start(8, false);
    EXPECT(add(1, 1, &tokens[0]));
    chain = fake_virtqueue_take(&device);
    fake_virtqueue_give(&device, chain.head, 102); /* one more than the written piece has */
    EXPECT(!virtqueue_take(&queue, &bytes) && queue.broken);

    start(8, false);
    EXPECT(add(1, 0, &tokens[0]));
    chain = fake_virtqueue_take(&device);
    fake_virtqueue_give(&device, chain.head, 0);
    fake_virtqueue_give(&device, chain.head, 0); /* twice */
    EXPECT(!virtqueue_take(&queue, &bytes) && queue.broken);

    start(8, false);
    fake_set_used_index(&device, 9);
    EXPECT(!virtqueue_take(&queue, &bytes) && queue.broken);
}

TEST(whatever_the_device_writes_tokens_come_back_at_most_once)
{
    uint32_t bytes, seed = 1;
    bool is_out[8];
    for (int round = 0; round < 20000; round++) {
        start(8, round & 1);
        memset(is_out, 0, sizeof(is_out));
        for (int step = 0; step < 20; step++) {
            seed = seed * 1664525 + 1013904223;
            uint32_t r = seed >> 16;
            if (r % 3 == 0 && !is_out[r / 3 % 8] && add(r >> 8 & 1, 1, &tokens[r / 3 % 8]))
                is_out[r / 3 % 8] = true;
            if (r % 3 == 1) fake_virtqueue_give(&device, r >> 4 & 15, r >> 9 & 127);
            char *token = virtqueue_take(&queue, &bytes);
            if (token)
                EXPECT(token >= tokens && token < tokens + 8 && is_out[token - tokens] && bytes <= 101);
            if (token) is_out[token - tokens] = false;
        }
    }
}
