/* SPDX-License-Identifier: Apache-2.0 */
/* Commands of arbitrary contents: 64 bytes of the input each. The device stays in one piece, answers each with a result
 * that there is, and has nothing left when the contexts are destroyed. */
#include "host/ckdev/device_internal.h"
#include "tests/fakes/fake_gpu_kernel.h"
#include "tests/harness/fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_gpu gpu;

static void make_device(void)
{
    fake_gpu_make(&gpu);
    gpu.root = fake_gpu_table(&gpu);
    struct device_config config = {
        .window = gpu.window,
        .memory = { .ram = { { FAKE_GPU_RAM_AT, FAKE_GPU_RAM, gpu.ram, false } },
                    .ram_count = 1,
                    .vram = gpu.window + window_vram_offset(),
                    .vram_bytes = FAKE_GPU_VRAM },
        .kick_fd = gpu.kick_fd,
        .interrupt_fd = gpu.interrupt_fd,
        .threads = 1,
    };
    gpu.device = device_create(&config);
    ASSERT(gpu.device);
}

static uint32_t serve(const struct gpu_command *command)
{
    struct gpu_command *ring = (struct gpu_command *)(gpu.window + gpu.device->layout.commands.offset);
    uint64_t index = gpu.commands++;
    ring[index % WINDOW_COMMANDS] = *command;
    gpu.registers->command_tail = gpu.commands;
    ASSERT(commands_serve(gpu.device));
    ASSERT(gpu.registers->command_head == gpu.commands);
    fuzz_descriptors++;
    return ring[index % WINDOW_COMMANDS].result;
}

/* Half of the fields are near what is meant, so that more than the first check is reached. */
static void make_likely(struct gpu_command *command, uint8_t choice)
{
    command->kind %= 12;
    if (choice & 1) command->context %= 4;
    if (command->kind == GPU_COMMAND_CONTEXT_CREATE || command->kind == GPU_COMMAND_CONTEXT_UPDATE) {
        if (choice & 2) command->create.map_table = gpu.root;
        if (choice & 4) command->create.local_base = command->create.scratch_base = 0;
    } else if (command->kind >= GPU_COMMAND_QUEUE_CREATE && command->kind <= GPU_COMMAND_QUEUE_DESTROY) {
        if (choice & 2) command->queue.number %= 16;
        if (choice & 4) command->queue.kind = (uint16_t)(1 + command->queue.kind % 3);
        if (choice & 8) command->queue.ring_bytes = 1024u << (command->queue.ring_bytes & 7);
        if (choice & 16) command->queue.percent %= 101, command->queue.priority %= 16;
        if (choice & 32) command->queue.ring &= ~63ull, command->queue.doorbell &= 0x1ff8;
        if (choice & 64) command->queue.read_pointer &= ~7ull, command->queue.write_pointer &= ~7ull;
    } else if (choice & 2) {
        command->range.address &= 0xffffff000;
        command->range.bytes &= 0xfff000;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!gpu.device) make_device();
    for (size_t i = 0; i + sizeof(struct gpu_command) <= size; i += sizeof(struct gpu_command)) {
        struct gpu_command command;
        memcpy(&command, data + i, sizeof command);
        make_likely(&command, data[i + 14]);
        ASSERT(serve(&command) <= GPU_RESULT_REFUSED);
    }
    for (uint32_t i = 0; i < WINDOW_CONTEXTS; i++) {
        struct gpu_command destroy = { .kind = GPU_COMMAND_CONTEXT_DESTROY, .context = i };
        if (gpu.device->contexts[i].is_used) ASSERT(serve(&destroy) == GPU_RESULT_DONE);
    }
    ASSERT(gpu.device->active_count == 0 && !gpu.device->is_stopping);
    gpu.registers->event_head = gpu.registers->event_tail;
    return 0;
}
