/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ckdev/window.h"

#include "host/ckdev/map.h"

#include <string.h>
#include <sys/mman.h>

static const uint64_t VRAM_BYTES_MAX = 1ull << 40;

static const struct gpu_identity identities[] = {
    {
        .engine = GPU_ENGINE_GFX9,
        .target = 90000,
        .vendor = 0x1002,
        .device = 0x6860, /* Vega 10, Radeon Instinct MI25 */
        .compute_units = 64,
        .simds_per_unit = 4,
        .waves_per_simd = 10,
        .lanes_per_wave = 64,
        .shader_engines = 4,
        .arrays_per_engine = 1,
        .local_bytes = 64 << 10,
        .scratch_waves_per_unit = 32,
        .clock_mhz = 1500,
        .counter_hz = 1000000000,
        .compute_queues = 256,
        .copy_engines = 2,
        .copy_queues_per_engine = 8,
        .firmware = 450,
        .copy_firmware = 430,
        .name = "gfx900",
    },
};

bool window_identity(const char *engine, struct gpu_identity *out)
{
    for (size_t i = 0; i < ARRAY_LENGTH(identities); i++) {
        if (strcmp(engine, identities[i].name) != 0) continue;
        *out = identities[i];
        return true;
    }
    return false;
}

/* Of the pieces before VRAM, which begins where a huge page may. */
static struct gpu_extent commands_extent(void)
{
    return (struct gpu_extent){ PAGE_BYTES, WINDOW_COMMANDS * sizeof(struct gpu_command) };
}

static struct gpu_extent events_extent(void)
{
    struct gpu_extent before = commands_extent();
    return (struct gpu_extent){ before.offset + before.bytes, WINDOW_EVENTS * sizeof(struct gpu_event) };
}

static struct gpu_extent doorbells_extent(void)
{
    struct gpu_extent before = events_extent();
    return (struct gpu_extent){ before.offset + before.bytes, WINDOW_CONTEXTS * WINDOW_DOORBELL_BYTES };
}

static struct gpu_extent signals_extent(void)
{
    struct gpu_extent before = doorbells_extent();
    return (struct gpu_extent){ before.offset + before.bytes, WINDOW_CONTEXTS * sizeof(struct gpu_signals) };
}

uint64_t window_vram_offset(void)
{
    struct gpu_extent before = signals_extent();
    return align_up(before.offset + before.bytes, HUGE_BYTES);
}

uint64_t window_bytes(uint64_t vram_bytes)
{
    if (vram_bytes > VRAM_BYTES_MAX) return 0;
    uint64_t bytes = HUGE_BYTES;
    while (bytes < window_vram_offset() + vram_bytes) bytes *= 2;
    return bytes;
}

void window_lay_out(struct gpu_registers *registers, const struct gpu_identity *identity, uint64_t vram_bytes)
{
    registers->magic = GPU_MAGIC;
    registers->version_major = GPU_VERSION_MAJOR;
    registers->version_minor = GPU_VERSION_MINOR;
    registers->window_bytes = window_bytes(vram_bytes);
    registers->commands = commands_extent();
    registers->events = events_extent();
    registers->doorbells = doorbells_extent();
    registers->signals = signals_extent();
    registers->vram = (struct gpu_extent){ window_vram_offset(), vram_bytes };
    registers->command_count = WINDOW_COMMANDS;
    registers->event_count = WINDOW_EVENTS;
    registers->context_max = WINDOW_CONTEXTS;
    registers->queue_max = WINDOW_QUEUES;
    registers->doorbell_bytes = WINDOW_DOORBELL_BYTES;
    registers->address_bits = MAP_ADDRESS_BITS;
    registers->identity = *identity;
}

void window_clear(uint8_t *window, uint64_t vram_bytes)
{
    struct gpu_registers *registers = (struct gpu_registers *)window;
    registers->is_sleeping = registers->arm_request = 0;
    registers->retired_waves = registers->retired_lanes = 0;
    registers->command_head = registers->event_tail = 0;
    registers->command_tail = registers->event_head = 0;
    registers->armed = 0;
    uint64_t start = commands_extent().offset, end = window_bytes(vram_bytes);
    /* Pages that are taken out of shared memory come back as zeros, for everybody who has them mapped. */
    if (madvise(window + start, end - start, MADV_REMOVE) != 0) memset(window + start, 0, end - start);
}
