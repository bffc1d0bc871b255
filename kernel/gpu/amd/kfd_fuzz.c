/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of /dev/kfd and the render node in a row, as a hostile program makes them. The input: which allocation fails,
 * then for each request what to do, its number, how long it says its arguments are, and the arguments: words that are what
 * the request may want, or something else. Afterwards the files are closed, and every block, frame, queue and piece of
 * VRAM must have come back (fake_kfd.c looks). */
#include "gpu/amd/kfd.h"

#include <stdlib.h>
#include <string.h>

#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/process.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_kfd.h"
#include "tests/fakes/fake_lock.h"
#include "tests/fakes/fake_vm.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"
#include "vm/space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
void test_fail(const char *file UNUSED, int line UNUSED, const char *format UNUSED, ...) { abort(); }
extern const char __executable_start[], _end[]; /* of the linker: what a request is given lies between them */

enum { REQUESTS_MAX = 100, WORDS = 50, ERRNO_MAX = 4095 };

static struct {
    const uint8_t *next, *end;
} input;
static uint64_t arguments[WORDS], memory[64];

static uint8_t byte(void) { return input.next < input.end ? *input.next++ : 0; }

/* Handles, addresses and numbers that mean something, and their neighbours. */
static uint64_t word(void)
{
    static const uint64_t odd[] = { UINT64_MAX,          INT64_MAX,          1ull << 47,
                                    1ull << 31,          KFD_VA_LAST - 4095, KFD_LDS_BASE,
                                    KFD_SCRATCH_BASE,    UINT32_MAX,         4095,
                                    FAKE_GPU_VRAM_BYTES, 0x7ffffffff000,     1ull << 63 };
    uint8_t kind = byte(), value = byte();
    switch (kind % 12) {
    case 0: return value;
    case 1: return (uint64_t)value << 12;
    case 2: return (uint64_t)KFD_GPU_ID_BASE << 32 | value % 32;
    case 3: return KFD_GPU_ID_BASE;
    case 4: return KFD_GPU_ID_BASE | (uint64_t)value << 32;
    case 5: return (uint64_t)KFD_GPU_ID_BASE << 32 | (1u << (value % 5)) | (uint64_t)byte() << 25;
    case 6: return (uint64_t)memory + value;
    case 7: return 1ull << (value % 64);
    case 8: return odd[value % ARRAY_LENGTH(odd)];
    case 9: return 0x10000000 + (uint64_t)value * PAGE_BYTES;
    case 10: return KFD_GPU_ID_BASE | (1ull << (value % 5) | (uint64_t)byte() << 25) << 32;
    default: return (uint64_t)value << 32 | byte();
    }
}

static void fill(uint64_t *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) words[i] = word();
}

static void make_request(void)
{
    uint8_t what = byte(), bytes = byte();
    int64_t fd = what & 0x80 ? fake_render : fake_kfd;
    uint32_t type = what & 0x80 ? 'd' : 'K', number = what & 0x3f;
    if (what & 0x80 && number > 0x20) number += 0x20;
    fill(arguments, MIN(bytes / 8u + 1, 12u));
    for (uint32_t i = 0; i < 4; i++) memory[i] = (uint64_t)KFD_GPU_ID_BASE << 32 | KFD_GPU_ID_BASE;
    uint64_t at = what & 0x40 ? word() : (uint64_t)arguments;
    int64_t result = sys_ioctl(A(fd), 3u << 30 | (uint32_t)bytes << 16 | type << 8 | number, at);
    ASSERT(result <= 0 && result >= -ERRNO_MAX);
}

static void make_mapping(void)
{
    struct file_view view;
    uint32_t flags = (byte() & SPACE_PROTECTION) | (byte() & 1 ? SPACE_SHARED : 0);
    struct file *file = fd_get(process_current()->files, (uint32_t)(byte() & 1 ? fake_kfd : fake_render));
    uint64_t offset = word() & INT64_MAX & ~4095ull, bytes = (uint64_t)byte() * PAGE_BYTES;
    if (byte() & 1) offset = (uint64_t)byte() << 40;
    if (byte() & 1) offset = kfd_mmap_offset(byte() % 4, KFD_GPU_ID_BASE);
    if (!failed(file->ops->map(file, offset, bytes, &flags, &view))) backing_put(view.backing);
    file_put(file);
}

static void raise(void)
{
    struct gpu_event_fault fault = { 1, word(), 0, byte(), byte() };
    struct gpu_event_stopped stopped = { byte(), byte(), 0, 0 };
    uint32_t context = byte() % 6;
    switch (byte() % 8) {
    case 0: gpu_tell_fault(fake_gpu_device(), context, &fault); break;
    case 1: gpu_tell_stopped(fake_gpu_device(), context, &stopped); break;
    case 2: gpu_tell_lost(fake_gpu_device()); break;
    case 3: fake_kfd_set_space(byte() & 1); break;
    default: {
        struct gpu_event_signal signal = { .number = (uint32_t)word(), .known_bits = (uint32_t)word() };
        gpu_tell_signal(fake_gpu_device(), context, &signal);
        break;
    }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input.next = data;
    input.end = data + size;
    uint8_t failing = byte();
    fake_kfd_start(true);
    fake_wait_is_interrupted = true;
    fake_user_confine(__executable_start, _end);
    fake_heap_fail_at(failing);
    for (int i = 0; i < REQUESTS_MAX && input.next < input.end; i++) {
        uint8_t what = byte() % 8;
        if (what == 0)
            raise();
        else if (what == 1)
            make_mapping();
        else
            make_request();
        ASSERT(fake_lock_held_count() == 0);
    }
    fake_kfd_set_space(0);
    fake_kfd_stop();
    ASSERT(!failed(gpu_device_recover(fake_gpu_device())));
    return 0;
}
