/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_kfd.h"

#include "gpu/amd/amd.h"
#include "gpu/amd/kfd_gpu.h"
#include "process/process.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"
#include "vm/space.h"

#include <string.h>

enum { SPACES = 2 };
static struct space spaces[SPACES];
static uint64_t blocks_before, frames_before;
int64_t fake_kfd, fake_render;

static void boot(void)
{
    static bool is_done;
    if (is_done) return;
    is_done = true;
    for (uint32_t i = 0; i < SPACES; i++) {
        mutex_init(&spaces[i].lock);
        spaces[i].users = 1;
    }
    fake_gpu_add();
    gpu_amd_init();
}

void fake_kfd_set_space(uint32_t number) { process_current()->space = &spaces[number]; }
void fake_kfd_set_users(uint32_t number, uint32_t users) { spaces[number].users = users; }

void fake_kfd_start(bool acquires)
{
    boot();
    blocks_before = fake_heap_blocks();
    frames_before = fake_heap_frames();
    fake_wait_is_interrupted = false;
    fake_wait_meanwhile = NULL;
    fake_gpu = (struct fake_gpu){ 0 };
    fake_gpu_missing = 0;
    fake_process_start("", 0);
    fake_kfd_set_users(0, 1);
    fake_kfd_set_space(0);
    fake_kfd = sys_open(A("/dev/kfd"), 2, 0);
    fake_render = sys_open(A("/dev/dri/renderD128"), 2, 0);
    EXPECT(fake_kfd >= 0 && fake_render >= 0);
    static struct linux_kfd_acquire_vm_args args; /* where a fuzzer's program has its memory */
    args = (struct linux_kfd_acquire_vm_args){ (uint32_t)fake_render, KFD_GPU_ID_BASE };
    if (acquires) EXPECT_EQ(REQUEST(0x15, &args), 0);
}

void fake_kfd_stop(void)
{
    fake_heap_fail_at(0);
    fake_process_stop();
    EXPECT_EQ(fake_gpu.contexts, 0);
    EXPECT_EQ(fake_gpu.queues, 0);
    EXPECT_EQ(fake_gpu.mapped_bytes, 0);
    EXPECT_EQ(spaces[0].references, 0);
    EXPECT_EQ(fake_heap_blocks(), blocks_before);
    EXPECT_EQ(fake_heap_frames(), frames_before);
    EXPECT_EQ(gpu_device_free_vram(fake_gpu_device()), FAKE_GPU_VRAM_BYTES);
}

int64_t fake_kfd_request(uint32_t number, void *args, size_t bytes)
{
    uint32_t request = 3u << 30 | (uint32_t)bytes << 16 | LINUX_KFD_TYPE << 8 | number;
    return sys_ioctl(A(fake_kfd), request, A(args));
}

uint64_t fake_kfd_alloc(uint32_t flags, uint64_t va, uint64_t bytes, uint64_t user_address)
{
    struct linux_kfd_alloc_memory_of_gpu_args args = {
        .va_addr = va, .size = bytes, .mmap_offset = user_address, .gpu_id = KFD_GPU_ID_BASE, .flags = flags
    };
    return REQUEST(0x16, &args) == 0 ? args.handle : 0;
}

static int64_t change_map(uint32_t number, uint64_t handle)
{
    uint32_t id = KFD_GPU_ID_BASE;
    struct linux_kfd_map_memory_to_gpu_args args = { handle, A(&id), 1, 0 };
    return REQUEST(number, &args);
}
int64_t fake_kfd_map(uint64_t handle) { return change_map(0x18, handle); }
int64_t fake_kfd_unmap(uint64_t handle) { return change_map(0x19, handle); }

uint32_t fake_kfd_event(uint32_t type, bool is_auto_reset)
{
    struct linux_kfd_create_event_args args = { .event_type = type, .auto_reset = is_auto_reset };
    return REQUEST(0x08, &args) == 0 ? args.event_id : 0;
}
