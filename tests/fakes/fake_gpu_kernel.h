/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's side of docs/gpu-protocol.md, for tests of the device: a machine with some RAM, a window, map tables,
 * commands and events. The device runs in threads of the same program. */
#pragma once
#include "abi/gpu_ring.h"
#include "host/ckdev/device.h"
#include <pthread.h>

enum {
    FAKE_GPU_RAM = 8 << 20,
    FAKE_GPU_VRAM = 4 << 20,
    FAKE_GPU_RAM_AT = 0x100000, /* physical */
    /* Where tests put things, in GPU addresses, which are those of RAM plus FAKE_GPU_MAPPED. */
    FAKE_GPU_PAGES = 256, /* mapped from the start, behind the tables */
};
#define FAKE_GPU_MAPPED      0x7f0000000000ull
#define FAKE_GPU_VRAM_MAPPED 0x7e0000000000ull

struct fake_gpu {
    uint8_t *window, *ram;
    struct gpu_registers *registers;
    struct device *device;
    pthread_t thread;
    int kick_fd, interrupt_fd;
    uint64_t commands; /* sent */
    uint64_t tables;   /* bytes of RAM used for tables */
    uint64_t root;     /* of context 0 */
    enum gpu_failure failure;
    uint64_t used; /* bytes of mapped RAM handed out */
};

/* A device with context 0, all of whose signals are awaited, its first pages of RAM mapped at FAKE_GPU_MAPPED, all of VRAM at FAKE_GPU_VRAM_MAPPED. */
void fake_gpu_start(struct fake_gpu *gpu, uint32_t threads);
/* Ends the device. What it said about the kernel. */
enum gpu_failure fake_gpu_end(struct fake_gpu *gpu);

/* Memory, the device not running: for fuzzers. */
void fake_gpu_make(struct fake_gpu *gpu);
void fake_gpu_free(struct fake_gpu *gpu);

/* Zeroed RAM that is mapped: its GPU address, and where it is here. */
uint64_t fake_gpu_alloc(struct fake_gpu *gpu, uint64_t bytes);
void *fake_gpu_at(struct fake_gpu *gpu, uint64_t gpu_address);
/* An empty table in RAM: its physical address. */
uint64_t fake_gpu_table(struct fake_gpu *gpu);
/* The entry of a page's last level; tables are made as needed. */
uint64_t *fake_gpu_entry(struct fake_gpu *gpu, uint64_t root, uint64_t gpu_address);

/* Send a command, wait until it is done. */
enum gpu_result fake_gpu_command(struct fake_gpu *gpu, struct gpu_command *command);
uint64_t fake_gpu_send(struct fake_gpu *gpu, const struct gpu_command *command);
/* Wait for event number `index` of all there were. False: none for a second. */
bool fake_gpu_event(struct fake_gpu *gpu, uint64_t index, struct gpu_event *out);
/* The first event of a kind from `*index` on; *index is then behind it. Others are passed over. */
bool fake_gpu_find_event(struct fake_gpu *gpu, uint64_t *index, uint32_t kind, struct gpu_event *out);
struct gpu_signals *fake_gpu_signals(struct fake_gpu *gpu, uint32_t context);
void fake_gpu_kick(struct fake_gpu *gpu);
/* As a program does it: a store. */
void fake_gpu_ring(struct fake_gpu *gpu, uint32_t context, uint32_t doorbell, uint64_t value);

struct fake_gpu_queue {
    struct gpu_command_queue setup;
    uint64_t amd_queue, write;
    uint32_t context;
};
/* An amd_queue_t with a ring of 64 packets, and the command done. */
enum gpu_result fake_gpu_queue(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint32_t number,
                               uint32_t kind);
enum gpu_result fake_gpu_queue_command(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint32_t kind);
/* Put a packet of 64 bytes, whose header is written last, and ring. */
void fake_gpu_packet(struct fake_gpu *gpu, struct fake_gpu_queue *queue, const void *packet);
/* Put words of SDMA, and ring. */
void fake_gpu_words(struct fake_gpu *gpu, struct fake_gpu_queue *queue, const uint32_t *words,
                    uint32_t count);
/* A dispatch of `groups` work-groups of 64. */
void fake_gpu_dispatch(struct fake_gpu *gpu, struct fake_gpu_queue *queue, uint64_t kernel, uint32_t groups,
                       uint64_t signal);
/* An amd_signal_t of value 1, with an event when that is not 0. */
uint64_t fake_gpu_signal(struct fake_gpu *gpu, uint32_t event);
/* Wait until a 64-bit word is there. False: not for two seconds. */
bool fake_gpu_wait(struct fake_gpu *gpu, uint64_t gpu_address, uint64_t value);
