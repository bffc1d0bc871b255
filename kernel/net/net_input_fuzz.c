/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from a hostile network, through interface.c into lwIP and up to endpoints that listen, with the sanitizers'
 * eyes on every byte. The input is a row of frames: two bytes of length, a byte of choices, the frame. Checksums of IP
 * may be put right, and those of TCP and UDP are then taken as checked, so that what lies behind them is reached. */
#include <stdlib.h>
#include <string.h>

#include "mm/direct_map.h"
#include "mm/heap.h"
#include "net/interface_internal.h"
#include "net/loopback.h"
#include "net/udp_errors.h"
#include "tests/fakes/fake_net_stack.h"

enum { CHOICE_RIGHT = 1, CHOICE_SPLIT = 2, CHOICE_READ = 4, CHOICE_TICK = 8, CHOICE_WRITE = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct endpoint *listener, *datagrams, *raw, *taken[8];
static uint32_t taken_count;

/* ---- a device that sends nothing and receives what the input has ---- */

static err_t start_device(struct net_device *device)
{
    device->has_link = true;
    return OK;
}
/* Half of what is sent stays with the device until the next poll. */
static void *held;
static bool send(struct net_device *device, const struct net_frame *frame)
{
    if (held) device->sent(device, held);
    held = frame->packet;
    return true;
}
static void flush(struct net_device *device) { (void)device; }
static bool poll(struct net_device *device, uint32_t budget)
{
    (void)budget;
    if (held) device->sent(device, held);
    held = NULL;
    return false;
}
static const struct net_device_ops ops = { start_device, send, flush, poll };
static struct net_device device = {
    .ops = &ops, .mac = { 2, 0, 0, 0, 0, 1 }, .mtu = 1500, .sends_checksums = true
};

static struct net_buffer *buffer_of(const uint8_t *bytes, size_t count)
{
    struct net_buffer *buffer = heap_alloc(sizeof(*buffer) + MAX(count, (size_t)NET_BUFFER_HEADERS));
    buffer->next = NULL;
    buffer->start = 0;
    buffer->bytes = (uint32_t)count;
    memcpy(buffer->data, bytes, count);
    return buffer;
}

static void put_right(uint8_t *frame, size_t bytes)
{
    memcpy(frame, device.mac, sizeof(device.mac));
    size_t header = bytes > 34 && (frame[14] >> 4) == 4 ? (frame[14] & 15u) * 4 : 0;
    if (!header || 14 + header > bytes) return;
    frame[24] = frame[25] = 0;
    uint16_t sum = (uint16_t)~lwip_port_checksum(frame + 14, (int)header);
    memcpy(frame + 24, &sum, 2);
}

static void receive(uint8_t *frame, size_t bytes, uint8_t choices)
{
    size_t first = choices & CHOICE_SPLIT ? bytes / 2 : bytes;
    if (choices & CHOICE_RIGHT) put_right(frame, bytes);
    struct net_buffer *buffer = buffer_of(frame, first);
    if (first < bytes) buffer->next = buffer_of(frame + first, bytes - first);
    device.receive(&device, buffer, choices & CHOICE_RIGHT ? NET_CHECK_DONE : NET_CHECK_NEEDED);
}

/* ---- the programs ---- */

static void read_from(struct endpoint *endpoint)
{
    char out[100];
    struct io_segment segment;
    struct io_buffer to;
    struct endpoint_message message;
    io_buffer_init_kernel(&to, &segment, out, sizeof(out));
    int64_t got = endpoint_receive(endpoint, &to, &message, 0);
    ASSERT(got <= (int64_t)sizeof(out));
}

static void write_to(struct endpoint *endpoint)
{
    static char in[3000];
    struct io_segment segment;
    struct io_buffer from;
    io_buffer_init_kernel(&from, &segment, in, sizeof(in));
    int64_t sent = endpoint_send(endpoint, &from, NULL, 0);
    ASSERT(sent <= (int64_t)sizeof(in));
}

static void serve(uint8_t choices)
{
    while (taken_count < ARRAY_LENGTH(taken) && !failed(endpoint_accept(listener, &taken[taken_count])))
        taken_count++;
    for (uint32_t i = 0; i < taken_count; i++) {
        if (choices & CHOICE_READ) read_from(taken[i]);
        if (choices & CHOICE_WRITE) write_to(taken[i]);
    }
    if (choices & CHOICE_READ) read_from(datagrams), read_from(raw);
}

static void start(void)
{
    struct net_address any = { .port = 80 }, port = { .port = 7 };
    fake_net_start();
    ASSERT(interface_configure("10.0.0.2/24,gw=10.0.0.1"));
    ASSERT(!failed(interface_attach(&device)));
    ASSERT(!failed(endpoint_create(ENDPOINT_TCP, 0, false, &listener)));
    ASSERT(!failed(endpoint_create(ENDPOINT_UDP, 0, false, &datagrams)));
    ASSERT(!failed(endpoint_create(ENDPOINT_RAW, 1, false, &raw)));
    ASSERT(!failed(endpoint_bind(listener, &any)) && !failed(endpoint_listen(listener, 4)));
    ASSERT(!failed(endpoint_bind(datagrams, &port)));
}

static void end_connections(void)
{
    while (taken_count) endpoint_close(taken[--taken_count]);
    while (tcp_active_pcbs) tcp_abort(tcp_active_pcbs);
    while (tcp_tw_pcbs) tcp_abort(tcp_tw_pcbs);
    poll(&device, 0);
    fake_net_forget_fragments();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool is_started;
    uint8_t frame[2048];
    if (!is_started) start();
    is_started = true;
    while (size > 3) {
        size_t bytes = MIN((size_t)(data[0] | data[1] << 8) % sizeof(frame), size - 3);
        uint8_t choices = data[2];
        memcpy(frame, data + 3, bytes);
        data += 3 + bytes;
        size -= 3 + bytes;
        if (bytes) receive(frame, bytes, choices);
        loopback_deliver();
        if (choices & CHOICE_TICK) fake_net_tick();
        serve(choices);
    }
    end_connections();
    return 0;
}
