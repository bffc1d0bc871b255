/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of arbitrary contents, in rings of AQL and SDMA and in buffers of PM4. The first byte of the input says which.
 * A packet that stops the queue is passed over, so that an input is as many packets as it has room for. */
#include "host/ckdev/device_internal.h"
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    RING_BYTES = 64 << 10,
    MAPPED_BYTES = 1 << 20,
    RING_AT = MAPPED_BYTES - 2 * RING_BYTES,
    POINTERS_AT = 0x8000
};

static struct fake_gpu gpu;
static struct worker worker;
static struct queue queue;
static uint64_t doorbell;

/* One context whose addresses from 0 to 1 MiB are RAM. Nobody answers faults: they end what met them at once. */
static void make_device(void)
{
    fake_gpu_make(&gpu);
    gpu.root = fake_gpu_table(&gpu);
    for (uint64_t i = 0; i < MAPPED_BYTES; i += PAGE_BYTES)
        *fake_gpu_entry(&gpu, gpu.root, i) = (FAKE_GPU_RAM_AT + (1 << 20) + i) | GPU_MAP_VALID |
                                             GPU_MAP_READ | GPU_MAP_WRITE | GPU_MAP_EXECUTE;
    static struct device device;
    device.registers = gpu.registers;
    device.config = (struct device_config){
        .window = gpu.window,
        .memory = { .ram = { { FAKE_GPU_RAM_AT, FAKE_GPU_RAM, gpu.ram, false } }, .ram_count = 1 },
        .interrupt_fd = gpu.interrupt_fd,
    };
    device.layout = *gpu.registers;
    device.worker_count = 1;
    device.is_stopping = true;
    pthread_mutex_init(&device.lock, NULL);
    device.contexts[0] = (struct context){ .is_used = true, .device = &device, .setup.map_table = gpu.root };
    gfx9_memory_init(&device.contexts[0].memory, access_translate);
    worker = (struct worker){ .device = &device, .queue = &queue, .setup.map_table = gpu.root };
    access_set_worker(&worker);
    gpu.device = &device;
}

static void make_queue(uint32_t kind)
{
    queue = (struct queue){ .context = &gpu.device->contexts[0], .doorbell = &doorbell };
    queue.setup = queue.now = (struct gpu_command_queue){ .kind = (uint16_t)kind,
                                                          .ring = RING_AT,
                                                          .ring_bytes = RING_BYTES,
                                                          .read_pointer = POINTERS_AT + 0x80,
                                                          .write_pointer = POINTERS_AT + 0x38 };
}

static uint8_t *at(uint64_t gpu_address) { return gpu.ram + (1 << 20) + gpu_address; }

static void forget_dispatch(void)
{
    if (queue.dispatch) dispatch_put_locked(queue.dispatch);
    queue.dispatch = NULL;
}

static void run_aql(uint64_t packets)
{
    doorbell = packets - 1;
    for (uint64_t i = 0; i <= packets && queue.read < packets; i++) {
        uint64_t before = queue.read;
        enum step step = aql_step(&worker, &queue);
        fuzz_descriptors++;
        forget_dispatch();
        queue.waits_for_scratch = false;
        queue.pm4_depth = 0;
        ASSERT(queue.read - before <= packets);
        if (queue.read == before && step != STEP_AGAIN) queue.read++;
    }
}

static void run_sdma(uint64_t bytes)
{
    doorbell = bytes;
    for (uint64_t i = 0; i < bytes && queue.read < bytes; i += 4) {
        uint64_t before = queue.read;
        (void)sdma_step(&worker, &queue);
        fuzz_descriptors++;
        ASSERT(queue.read <= bytes);
        if (queue.read == before) queue.read += 4;
        queue.rows_done = 0;
    }
}

static void run_pm4(uint32_t words)
{
    for (uint32_t start = 0; start < words; start += 4) {
        queue.pm4_depth = 0;
        ASSERT(pm4_enter(&worker, &queue, RING_AT + start * 4ull, words - start));
        (void)pm4_step(&worker, &queue);
        fuzz_descriptors++;
        ASSERT(queue.pm4_depth <= PM4_DEPTH);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!gpu.device) make_device();
    if (size < 1) return 0;
    uint64_t bytes = align_down(MIN(size - 1, (size_t)4096), 64);
    memset(at(POINTERS_AT), 0, 512);
    memcpy(at(POINTERS_AT + 0x88), &(uint32_t){ 0x80 }, 4);
    memcpy(at(RING_AT), data + 1, bytes);
    make_queue(data[0] % 3 ? GPU_QUEUE_AQL : GPU_QUEUE_SDMA);
    if (data[0] % 3 == 0) run_sdma(bytes);
    if (data[0] % 3 == 1) run_aql(bytes / 64);
    if (data[0] % 3 == 2) run_pm4((uint32_t)bytes / 4);
    gpu.registers->event_head = gpu.registers->event_tail;
    return 0;
}
