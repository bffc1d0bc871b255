/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "tests/fakes/fake_gpu_kernel.h"

#include "host/ckdev/window.h"
#include "lib/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { TABLES_BYTES = 1 << 20, PATIENCE_MS = 2000 };

static const uint64_t ALL_RIGHTS = GPU_MAP_VALID | GPU_MAP_READ | GPU_MAP_WRITE | GPU_MAP_EXECUTE;

static void *shared(uint64_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) abort();
    return at;
}

static void nap(void)
{
    static const struct timespec time = { .tv_nsec = 100000 };
    nanosleep(&time, NULL);
}

void fake_gpu_make(struct fake_gpu *gpu)
{
    struct gpu_identity identity;
    *gpu = (struct fake_gpu){ 0 };
    gpu->window = shared(window_bytes(FAKE_GPU_VRAM));
    gpu->ram = shared(FAKE_GPU_RAM);
    gpu->registers = (struct gpu_registers *)gpu->window;
    gpu->kick_fd = eventfd(0, EFD_NONBLOCK);
    gpu->interrupt_fd = eventfd(0, EFD_NONBLOCK);
    window_identity("gfx900", &identity);
    window_lay_out(gpu->registers, &identity, FAKE_GPU_VRAM);
}

void fake_gpu_free(struct fake_gpu *gpu)
{
    munmap(gpu->window, window_bytes(FAKE_GPU_VRAM));
    munmap(gpu->ram, FAKE_GPU_RAM);
    close(gpu->kick_fd);
    close(gpu->interrupt_fd);
}

static void *run(void *argument)
{
    struct fake_gpu *gpu = argument;
    gpu->failure = device_run(gpu->device);
    return NULL;
}

uint64_t fake_gpu_table(struct fake_gpu *gpu)
{
    uint64_t table = FAKE_GPU_RAM_AT + gpu->tables;
    gpu->tables += PAGE_BYTES;
    if (gpu->tables > TABLES_BYTES) abort();
    return table;
}

uint64_t *fake_gpu_entry(struct fake_gpu *gpu, uint64_t root, uint64_t gpu_address)
{
    uint64_t *table = (uint64_t *)(gpu->ram + root - FAKE_GPU_RAM_AT);
    for (int shift = 39; shift > PAGE_SHIFT; shift -= 9) {
        uint64_t *entry = &table[gpu_address >> shift & 511];
        if (!*entry) __atomic_store_n(entry, fake_gpu_table(gpu) | GPU_MAP_VALID, __ATOMIC_RELEASE);
        table = (uint64_t *)(gpu->ram + (*entry & GPU_MAP_ADDRESS) - FAKE_GPU_RAM_AT);
    }
    return &table[gpu_address >> PAGE_SHIFT & 511];
}

static void map_first_pages(struct fake_gpu *gpu)
{
    for (uint64_t i = 0; i < FAKE_GPU_PAGES; i++)
        *fake_gpu_entry(gpu, gpu->root, FAKE_GPU_MAPPED + i * PAGE_BYTES) =
            (FAKE_GPU_RAM_AT + TABLES_BYTES + i * PAGE_BYTES) | ALL_RIGHTS;
    for (uint64_t i = 0; i < FAKE_GPU_VRAM; i += PAGE_BYTES)
        *fake_gpu_entry(gpu, gpu->root, FAKE_GPU_VRAM_MAPPED + i) = i | ALL_RIGHTS | GPU_MAP_VRAM;
}

void fake_gpu_start(struct fake_gpu *gpu, uint32_t threads)
{
    fake_gpu_make(gpu);
    struct device_config config = {
        .window = gpu->window,
        .memory = { .ram = { { FAKE_GPU_RAM_AT, FAKE_GPU_RAM, gpu->ram, false } },
                    .ram_count = 1,
                    .vram = gpu->window + window_vram_offset(),
                    .vram_bytes = FAKE_GPU_VRAM },
        .kick_fd = gpu->kick_fd,
        .interrupt_fd = gpu->interrupt_fd,
        .threads = threads,
    };
    gpu->root = fake_gpu_table(gpu);
    memset(fake_gpu_signals(gpu, 0)->awaited, 0xff, sizeof fake_gpu_signals(gpu, 0)->awaited);
    map_first_pages(gpu);
    gpu->device = device_create(&config);
    if (!gpu->device || pthread_create(&gpu->thread, NULL, run, gpu) != 0) abort();
    struct gpu_command create = { .kind = GPU_COMMAND_CONTEXT_CREATE, .create = { .map_table = gpu->root } };
    if (fake_gpu_command(gpu, &create) != GPU_RESULT_DONE) abort();
}

enum gpu_failure fake_gpu_end(struct fake_gpu *gpu)
{
    device_stop(gpu->device);
    pthread_join(gpu->thread, NULL);
    device_destroy(gpu->device);
    fake_gpu_free(gpu);
    return gpu->failure;
}

uint64_t fake_gpu_alloc(struct fake_gpu *gpu, uint64_t bytes)
{
    uint64_t at = align_up(gpu->used, 64);
    gpu->used = at + bytes;
    if (gpu->used > FAKE_GPU_PAGES * PAGE_BYTES) abort();
    return FAKE_GPU_MAPPED + at;
}

void *fake_gpu_at(struct fake_gpu *gpu, uint64_t gpu_address)
{
    if (gpu_address >= FAKE_GPU_MAPPED) return gpu->ram + TABLES_BYTES + (gpu_address - FAKE_GPU_MAPPED);
    return gpu->window + window_vram_offset() + (gpu_address - FAKE_GPU_VRAM_MAPPED);
}

/* ---- commands and events ---- */

struct gpu_signals *fake_gpu_signals(struct fake_gpu *gpu, uint32_t context)
{
    return (struct gpu_signals *)(gpu->window + gpu->registers->signals.offset) + context;
}

void fake_gpu_kick(struct fake_gpu *gpu) { (void)eventfd_write(gpu->kick_fd, 1); }

uint64_t fake_gpu_send(struct fake_gpu *gpu, const struct gpu_command *command)
{
    struct gpu_command *ring = (struct gpu_command *)(gpu->window + gpu->registers->commands.offset);
    uint64_t index = gpu->commands++;
    ring[index % WINDOW_COMMANDS] = *command;
    __atomic_store_n(&gpu->registers->command_tail, gpu->commands, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&gpu->registers->is_sleeping, __ATOMIC_SEQ_CST)) fake_gpu_kick(gpu);
    return index;
}

enum gpu_result fake_gpu_command(struct fake_gpu *gpu, struct gpu_command *command)
{
    struct gpu_command *ring = (struct gpu_command *)(gpu->window + gpu->registers->commands.offset);
    uint64_t index = fake_gpu_send(gpu, command);
    for (int i = 0; i < PATIENCE_MS * 10; i++) {
        if (__atomic_load_n(&gpu->registers->command_head, __ATOMIC_ACQUIRE) > index) {
            *command = ring[index % WINDOW_COMMANDS];
            return command->result;
        }
        nap();
    }
    return (enum gpu_result) - 1;
}

bool fake_gpu_event(struct fake_gpu *gpu, uint64_t index, struct gpu_event *out)
{
    const struct gpu_event *ring = (const struct gpu_event *)(gpu->window + gpu->registers->events.offset);
    for (int i = 0; i < PATIENCE_MS * 10; i++) {
        if (__atomic_load_n(&gpu->registers->event_tail, __ATOMIC_ACQUIRE) > index) {
            *out = ring[index % WINDOW_EVENTS];
            return true;
        }
        nap();
    }
    return false;
}

bool fake_gpu_find_event(struct fake_gpu *gpu, uint64_t *index, uint32_t kind, struct gpu_event *out)
{
    while (fake_gpu_event(gpu, *index, out)) {
        ++*index;
        __atomic_store_n(&gpu->registers->event_head, *index, __ATOMIC_RELEASE);
        if (out->kind == kind) return true;
    }
    return false;
}

void fake_gpu_ring(struct fake_gpu *gpu, uint32_t context, uint32_t doorbell, uint64_t value)
{
    uint64_t offset = gpu->registers->doorbells.offset + context * WINDOW_DOORBELL_BYTES + doorbell;
    __atomic_store_n((uint64_t *)(gpu->window + offset), value, __ATOMIC_SEQ_CST);
}

/* ---- queues ---- */

enum gpu_result fake_gpu_queue_command(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint32_t kind)
{
    struct gpu_command command = { .kind = kind, .context = queue->context, .queue = queue->setup };
    return fake_gpu_command(gpu, &command);
}

enum gpu_result fake_gpu_queue(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint32_t number,
                               uint32_t kind)
{
    uint64_t amd_queue = fake_gpu_alloc(gpu, 256);
    uint32_t ring_bytes = 4096;
    *queue = (struct fake_gpu_queue){
        .amd_queue = amd_queue,
        .setup = { .number = number,
                   .kind = (uint16_t)kind,
                   .percent = 100,
                   .priority = 7,
                   .ring = fake_gpu_alloc(gpu, ring_bytes),
                   .ring_bytes = ring_bytes,
                   .read_pointer = amd_queue + 0x80,
                   .write_pointer = amd_queue + 0x38,
                   .doorbell = number * 8 },
    };
    *(uint32_t *)fake_gpu_at(gpu, amd_queue + 0x88) = 0x80;
    if (kind == GPU_QUEUE_AQL)
        for (uint32_t i = 0; i < ring_bytes; i += 64)
            *(uint16_t *)fake_gpu_at(gpu, queue->setup.ring + i) = 1;
    return fake_gpu_queue_command(gpu, queue, GPU_COMMAND_QUEUE_CREATE);
}

/* Programs wait for room, up to `most` behind the read pointer. */
static void wait_for_room(struct fake_gpu *gpu, const struct fake_gpu_queue *queue, uint64_t most)
{
    const uint64_t *read = fake_gpu_at(gpu, queue->setup.read_pointer);
    for (int i = 0; i < PATIENCE_MS * 10 && queue->write - __atomic_load_n(read, __ATOMIC_ACQUIRE) >= most;
         i++)
        nap();
}

void fake_gpu_packet(struct fake_gpu *gpu, struct fake_gpu_queue *queue, const void *packet)
{
    uint8_t *slot = fake_gpu_at(gpu, queue->setup.ring + queue->write % (queue->setup.ring_bytes / 64) * 64);
    uint32_t header;
    wait_for_room(gpu, queue, queue->setup.ring_bytes / 64);
    memcpy(&header, packet, sizeof header);
    memcpy(slot + 4, (const uint8_t *)packet + 4, 60);
    queue->write++;
    __atomic_store_n((uint64_t *)fake_gpu_at(gpu, queue->setup.write_pointer), queue->write,
                     __ATOMIC_RELEASE);
    __atomic_store_n((uint32_t *)slot, header, __ATOMIC_RELEASE);
    fake_gpu_ring(gpu, queue->context, queue->setup.doorbell, queue->write - 1);
}

void fake_gpu_words(struct fake_gpu *gpu, struct fake_gpu_queue *queue, const uint32_t *words, uint32_t count)
{
    wait_for_room(gpu, queue, queue->setup.ring_bytes - count * 4);
    for (uint32_t i = 0; i < count; i++, queue->write += 4)
        *(uint32_t *)fake_gpu_at(gpu, queue->setup.ring + queue->write % queue->setup.ring_bytes) = words[i];
    fake_gpu_ring(gpu, queue->context, queue->setup.doorbell, queue->write);
}

void fake_gpu_dispatch(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint64_t kernel, uint32_t groups,
                       uint64_t signal)
{
    struct {
        uint16_t header, setup, workgroup[3], reserved;
        uint32_t grid[3], private_bytes, group_bytes;
        uint64_t kernel, kernarg, reserved2, signal;
    } packet = { .header = 2,
                 .setup = 1,
                 .workgroup = { 64 },
                 .grid = { groups * 64 },
                 .kernel = kernel,
                 .signal = signal };
    fake_gpu_packet(gpu, queue, &packet);
}

uint64_t fake_gpu_signal(struct fake_gpu *gpu, uint32_t event)
{
    uint64_t signal = fake_gpu_alloc(gpu, 64);
    uint64_t *words = fake_gpu_at(gpu, signal);
    words[0] = words[1] = 1;
    words[2] = event ? fake_gpu_alloc(gpu, 8) : 0;
    words[3] = event;
    return signal;
}

bool fake_gpu_wait(struct fake_gpu *gpu, uint64_t gpu_address, uint64_t value)
{
    for (int i = 0; i < PATIENCE_MS * 10; i++) {
        if (__atomic_load_n((uint64_t *)fake_gpu_at(gpu, gpu_address), __ATOMIC_ACQUIRE) == value)
            return true;
        nap();
    }
    return false;
}
