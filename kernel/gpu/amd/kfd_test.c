/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kfd as a program meets it: requests with good and bad arguments, what belongs to whom, and what is left when memory
 * is out. */
#include "gpu/amd/kfd.h"

#include <string.h>

#include "core/unsupported.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/process.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_kfd.h"
#include "tests/fakes/fake_vm.h"
#include "tests/harness/test.h"
#include "vm/layout.h"
#include "vm/space.h"

#define FLAG(name) LINUX_KFD_IOC_ALLOC_MEM_FLAGS_##name
#define VA         0x10000000ull

enum { ID = KFD_GPU_ID_BASE };

static struct file *open_file(int64_t fd) { return fd_get(process_current()->files, (uint32_t)fd); }

/* What a program would map; the reference is given back at once. */
static err_t try_map(int64_t fd, uint64_t offset, uint64_t bytes, uint32_t *flags, struct file_view *view)
{
    struct file *file = open_file(fd);
    err_t e = file->ops->map(file, offset, bytes, flags, view);
    file_put(file);
    if (!failed(e)) backing_put(view->backing);
    return e;
}

static struct linux_kfd_create_queue_args good_queue(void)
{
    return (struct linux_kfd_create_queue_args){
        .ring_base_address = 0x20000,
        .write_pointer_address = 0x30000,
        .read_pointer_address = 0x30008,
        .ring_size = 4096,
        .gpu_id = ID,
        .queue_type = LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE_AQL,
        .queue_percentage = 100,
        .queue_priority = 7,
    };
}

/* ---- facts ---- */

TEST(the_version_is_that_of_linux_6_1)
{
    struct linux_kfd_get_version_args args = { 7, 7 };
    fake_kfd_start(false);
    EXPECT_EQ(REQUEST(0x01, &args), 0);
    EXPECT_EQ(args.major_version, 1);
    EXPECT_EQ(args.minor_version, 11);
    fake_kfd_stop();
}

TEST(arguments_may_be_shorter_or_longer_than_the_kernels)
{
    struct {
        struct linux_kfd_get_version_args args;
        uint32_t behind;
    } longer = { { 7, 7 }, 7 };
    fake_kfd_start(false);
    EXPECT_EQ(fake_kfd_request(0x01, &longer, sizeof(longer)), 0);
    EXPECT_EQ(longer.args.minor_version, 11);
    EXPECT_EQ(longer.behind, 0);
    longer.args.minor_version = 7;
    EXPECT_EQ(fake_kfd_request(0x01, &longer, 4), 0);
    EXPECT_EQ(longer.args.major_version, 1);
    EXPECT_EQ(longer.args.minor_version, 7);

    struct linux_kfd_get_clock_counters_args clock = { .gpu_id = ID };
    EXPECT_EQ(fake_kfd_request(0x05, &clock, offsetof(struct linux_kfd_get_clock_counters_args, gpu_id)), 0);
    EXPECT_EQ(clock.gpu_clock_counter, 0); /* the id was not among what was given */
    EXPECT_EQ(REQUEST(0x05, &clock), 0);
    EXPECT(clock.gpu_clock_counter > 0);
    EXPECT_EQ(clock.system_clock_freq, 1000000000);
    fake_kfd_stop();
}

TEST(requests_that_are_refused_fail_as_on_linux_and_are_counted)
{
    static const struct {
        uint32_t number;
        err_t error;
    } refused[] = { { 0x0d, { -1 } },  { 0x1b, { -22 } }, { 0x1e, { -19 } }, { 0x20, { -1 } },
                    { 0x00, { -22 } }, { 0x24, { -22 } }, { 0x82, { -22 } } };
    uint64_t args[8] = { 0 };
    fake_kfd_start(true);
    for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
        EXPECT_EQ(fake_kfd_request(refused[i].number, args, 24), refused[i].error.code);
    EXPECT_EQ(sys_ioctl(A(fake_kfd), 0x5401, A(args)), ERR_INVALID.code);
    EXPECT(!unsupported_note(CHANNEL_STAT_IOCTL, 0xc0184b20)); /* it is not the first */
    fake_kfd_stop();
}

TEST(wild_pointers_give_efault_and_nothing_is_left_behind)
{
    static const uint64_t wild[] = { 0, 8, 0x7ffffffff000, 0x800000000000, UINT64_MAX };
    extern const char __executable_start[], _end[];
    fake_kfd_start(true);
    fake_user_confine(__executable_start, _end);
    for (size_t i = 0; i < ARRAY_LENGTH(wild); i++) {
        for (uint32_t number = 1; number < 0x24; number++) {
            int64_t result = fake_kfd_request(number, (void *)wild[i], 40);
            EXPECT(result == ERR_FAULT.code || (result < 0 && (number == 0x0d || number > 0x0d)));
        }
    }
    fake_user_confine((void *)USER_START, (void *)USER_END);
    fake_kfd_stop();
}

TEST(apertures_are_told_for_each_gpu_that_there_is_room_for)
{
    struct linux_kfd_process_device_apertures room[2] = { 0 };
    struct linux_kfd_get_process_apertures_new_args args = { A(room), 2, 0 };
    fake_kfd_start(false);
    EXPECT_EQ(REQUEST(0x14, &args), 0);
    EXPECT_EQ(args.num_of_nodes, 1);
    EXPECT_EQ(room[0].gpu_id, ID);
    EXPECT_EQ(room[0].gpuvm_limit, 0x7fffffffffff);
    EXPECT_EQ(room[0].lds_base, 0x1000000000000);
    EXPECT_EQ(room[0].scratch_limit, 0x20000ffffffff);
    EXPECT_EQ(room[1].gpu_id, 0);
    args.num_of_nodes = 0;
    args.kfd_process_device_apertures_ptr = 0;
    EXPECT_EQ(REQUEST(0x14, &args), 0);
    EXPECT_EQ(args.num_of_nodes, 1);
    EXPECT_EQ(REQUEST(0x14, &args), ERR_FAULT.code);
    struct linux_kfd_get_process_apertures_args old = { 0 };
    EXPECT_EQ(REQUEST(0x06, &old), 0);
    EXPECT_EQ(old.num_of_nodes, 1);
    EXPECT_EQ(old.process_apertures[0].gpu_id, ID);
    fake_kfd_stop();
}

TEST(xnack_is_off_and_cannot_be_switched_on)
{
    struct linux_kfd_set_xnack_mode_args args = { -1 };
    fake_kfd_start(false);
    EXPECT_EQ(REQUEST(0x21, &args), 0);
    EXPECT_EQ(args.xnack_enabled, 0);
    EXPECT_EQ(REQUEST(0x21, &args), 0);
    args.xnack_enabled = 1;
    EXPECT_EQ(REQUEST(0x21, &args), ERR_NOT_PERMITTED.code);
    fake_kfd_stop();
}

/* ---- the address space on the GPU ---- */

TEST(an_address_space_is_acquired_with_the_render_node_of_that_gpu_once)
{
    struct linux_kfd_acquire_vm_args args = { (uint32_t)fake_kfd, ID };
    fake_kfd_start(false);
    args.drm_fd = (uint32_t)fake_kfd;
    EXPECT_EQ(REQUEST(0x15, &args), ERR_INVALID.code);
    args.drm_fd = 77;
    EXPECT_EQ(REQUEST(0x15, &args), ERR_INVALID.code);
    args = (struct linux_kfd_acquire_vm_args){ (uint32_t)fake_render, ID + 1 };
    EXPECT_EQ(REQUEST(0x15, &args), ERR_INVALID.code);
    args.gpu_id = ID;
    EXPECT_EQ(fake_kfd_alloc(FLAG(GTT), VA, 4096, 0), 0); /* not before */
    EXPECT_EQ(REQUEST(0x15, &args), 0);
    EXPECT_EQ(REQUEST(0x15, &args), 0);
    EXPECT_EQ(fake_gpu.contexts, 1);
    EXPECT_EQ(fake_gpu.apertures.local_base.raw, KFD_LDS_BASE);
    args.drm_fd = (uint32_t)sys_open(A("/dev/dri/renderD128"), 2, 0);
    EXPECT_EQ(REQUEST(0x15, &args), ERR_BUSY.code);
    fake_kfd_stop();
}

TEST(scratch_and_trap_handlers_reach_the_gpu)
{
    struct linux_kfd_set_scratch_backing_va_args scratch = { 0x123, ID, 0 };
    struct linux_kfd_set_trap_handler_args trap = { 0x40000, 0x50000, ID, 0 };
    struct linux_kfd_set_memory_policy_args policy = { 0, 0, ID, 1, 0, 0 };
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x11, &scratch), 0);
    EXPECT_EQ(fake_gpu.apertures.scratch_memory.raw, 0x1230000);
    EXPECT_EQ(REQUEST(0x13, &trap), 0);
    EXPECT_EQ(fake_gpu.apertures.trap_handler.raw, 0x40000);
    EXPECT_EQ(fake_gpu.apertures.trap_memory.raw, 0x50000);
    EXPECT_EQ(fake_gpu.apertures.scratch_memory.raw, 0x1230000);
    EXPECT_EQ(REQUEST(0x04, &policy), 0);
    policy.default_policy = 2;
    EXPECT_EQ(REQUEST(0x04, &policy), ERR_INVALID.code);
    scratch.va_addr = 1ull << 48;
    EXPECT_EQ(REQUEST(0x11, &scratch), ERR_INVALID.code);
    trap.gpu_id = 0;
    EXPECT_EQ(REQUEST(0x13, &trap), ERR_INVALID.code);
    fake_kfd_stop();
}

/* ---- memory ---- */

TEST(memory_of_the_machine_is_made_of_single_frames_where_there_are_no_blocks)
{
    fake_kfd_start(true);
    fake_gpu.has_no_blocks = true;
    uint64_t frames = fake_heap_frames(), bytes = HUGE_BYTES + 3 * PAGE_BYTES;
    uint64_t handle = fake_kfd_alloc(FLAG(GTT) | FLAG(WRITABLE), VA, bytes, 0);
    EXPECT(handle && fake_heap_frames() == frames + bytes / PAGE_BYTES);
    EXPECT_EQ(fake_kfd_map(handle), 0);
    EXPECT_EQ(fake_gpu.mapped_bytes, bytes);
    EXPECT_EQ(fake_kfd_unmap(handle), 0);
    EXPECT_EQ(REQUEST(0x17, &handle), 0);
    for (uint64_t failing = 1; failing < 20; failing++) {
        fake_heap_fail_at(failing);
        handle = fake_kfd_alloc(FLAG(GTT), VA, bytes, 0);
        fake_heap_fail_at(0);
        EXPECT_EQ(handle, 0);
        EXPECT_EQ(fake_heap_frames(), frames);
    }
    fake_kfd_stop();
}

TEST(memory_of_every_kind_is_made_mapped_and_freed)
{
    static const struct {
        uint32_t flags;
        uint64_t bytes, user;
    } kinds[] = {
        { FLAG(VRAM) | FLAG(WRITABLE) | FLAG(EXECUTABLE) | FLAG(NO_SUBSTITUTE), 2 << 20, 0 },
        { FLAG(GTT) | FLAG(WRITABLE) | FLAG(COHERENT) | FLAG(UNCACHED), 0x8000, 0 },
        { FLAG(USERPTR) | FLAG(WRITABLE), 0x101000, 0x555000 },
        { FLAG(DOORBELL) | FLAG(WRITABLE), 8192, 0 },
        { FLAG(MMIO_REMAP) | FLAG(WRITABLE), 4096, 0 },
        { FLAG(GTT) | FLAG(AQL_QUEUE_MEM) | FLAG(WRITABLE), 0x4000, 0 },
        { FLAG(VRAM) | FLAG(PUBLIC), 4096, 0 },
    };
    fake_kfd_start(true);
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++) {
        uint64_t handle = fake_kfd_alloc(kinds[i].flags, VA, kinds[i].bytes, kinds[i].user);
        EXPECT(handle);
        EXPECT_EQ(handle >> 32, ID);
        EXPECT_EQ(fake_kfd_map(handle), 0);
        EXPECT_EQ(fake_gpu.mapped_bytes, kinds[i].flags & FLAG(DOORBELL) ? 0 : kinds[i].bytes);
        EXPECT_EQ(REQUEST(0x17, &handle), ERR_BUSY.code);
        EXPECT_EQ(fake_kfd_map(handle), 0); /* once more is no harm */
        EXPECT_EQ(fake_kfd_unmap(handle), 0);
        EXPECT_EQ(fake_kfd_unmap(handle), ERR_INVALID.code);
        EXPECT_EQ(REQUEST(0x17, &handle), 0);
        EXPECT_EQ(REQUEST(0x17, &handle), ERR_INVALID.code);
    }
    EXPECT(fake_gpu.clears > 0);
    fake_kfd_stop();
}

TEST(what_the_gpu_may_do_with_memory_is_what_the_program_asked_for)
{
    fake_kfd_start(true);
    EXPECT_EQ(fake_kfd_map(fake_kfd_alloc(FLAG(GTT), VA, 4096, 0)), 0);
    EXPECT_EQ(fake_gpu.map_flags, GPU_READABLE);
    EXPECT_EQ(fake_kfd_map(fake_kfd_alloc(FLAG(VRAM) | FLAG(WRITABLE), VA + 4096, 4096, 0)), 0);
    EXPECT_EQ(fake_gpu.map_flags, GPU_READABLE | GPU_WRITABLE);
    EXPECT_EQ(fake_kfd_map(fake_kfd_alloc(FLAG(VRAM) | FLAG(EXECUTABLE), VA + 8192, 4096, 0)), 0);
    EXPECT_EQ(fake_gpu.map_flags, GPU_READABLE | GPU_EXECUTABLE);
    fake_kfd_stop();
}

TEST(memory_that_makes_no_sense_is_refused)
{
    static const struct linux_kfd_alloc_memory_of_gpu_args bad[] = {
        { VA, 0, 0, 0, ID, FLAG(VRAM) },
        { VA, 4096, 0, 0, ID, 0 },
        { VA, 4096, 0, 0, ID, FLAG(VRAM) | FLAG(GTT) },
        { VA, 4096, 0, 0, ID, FLAG(GTT) | 1u << 20 },
        { VA, 4096, 0, 0, ID + 1, FLAG(VRAM) },
        { VA + 1, 4096, 0, 0, ID, FLAG(VRAM) },
        { 0, 4096, 0, 0, ID, FLAG(VRAM) },
        { KFD_VA_LAST + 1, 4096, 0, 0, ID, FLAG(VRAM) },
        { KFD_VA_LAST + 1 - 4096, 8192, 0, 0, ID, FLAG(VRAM) },
        { VA, UINT64_MAX, 0, 0, ID, FLAG(VRAM) },
        { VA, UINT64_MAX - 4096, 0, 0, ID, FLAG(GTT) },
        { VA, 4096, 0, 0x555001, ID, FLAG(USERPTR) },
        { VA, 4096, 0, 0x7ffffffff000, ID, FLAG(USERPTR) },
        { VA, 4096, 0, UINT64_MAX - 4095, ID, FLAG(USERPTR) },
        { VA, 4096, 0, 0, ID, FLAG(DOORBELL) },
        { VA, 8192, 0, 0, ID, FLAG(MMIO_REMAP) },
        { VA, 4096, 0, 0, ID, FLAG(GTT) | FLAG(AQL_QUEUE_MEM) },
        { VA, 8192, 0, 0x555000, ID, FLAG(USERPTR) | FLAG(AQL_QUEUE_MEM) },
    };
    fake_kfd_start(true);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        struct linux_kfd_alloc_memory_of_gpu_args args = bad[i];
        EXPECT_EQ(REQUEST(0x16, &args), ERR_INVALID.code);
    }
    EXPECT_EQ(fake_kfd_alloc(FLAG(VRAM), VA, FAKE_GPU_VRAM_BYTES + 4096, 0), 0);
    uint64_t last = fake_kfd_alloc(FLAG(VRAM), KFD_VA_LAST + 1 - 4096, 4096, 0);
    EXPECT(last);
    EXPECT_EQ(fake_kfd_map(last), 0);
    fake_kfd_stop();
}

TEST(lists_of_gpus_are_gone_through_and_say_how_far)
{
    uint32_t ids[9] = { ID, ID + 1, ID };
    fake_kfd_start(true);
    uint64_t handle = fake_kfd_alloc(FLAG(GTT), VA, 4096, 0);
    struct linux_kfd_map_memory_to_gpu_args args = { handle, A(ids), 2, 0 };
    EXPECT_EQ(REQUEST(0x18, &args), ERR_INVALID.code);
    EXPECT_EQ(args.n_success, 1);
    EXPECT_EQ(fake_gpu.mapped_bytes, 4096);
    args = (struct linux_kfd_map_memory_to_gpu_args){ handle, A(ids), 0, 0 };
    EXPECT_EQ(REQUEST(0x18, &args), ERR_INVALID.code);
    args = (struct linux_kfd_map_memory_to_gpu_args){ handle, A(ids), 1, 2 };
    EXPECT_EQ(REQUEST(0x18, &args), ERR_INVALID.code);
    args = (struct linux_kfd_map_memory_to_gpu_args){ handle, A(ids), 9, 0 };
    EXPECT_EQ(REQUEST(0x18, &args), ERR_INVALID.code);
    args = (struct linux_kfd_map_memory_to_gpu_args){ handle, 8, 1, 0 };
    fake_user_poison((void *)0, 4096);
    EXPECT_EQ(REQUEST(0x18, &args), ERR_FAULT.code);
    fake_user_poison((void *)0, 0);
    args = (struct linux_kfd_map_memory_to_gpu_args){ handle + 1, A(ids), 1, 0 };
    EXPECT_EQ(REQUEST(0x18, &args), ERR_INVALID.code);
    args.handle = handle ^ 1ull << 32; /* that of another GPU */
    EXPECT_EQ(REQUEST(0x19, &args), ERR_INVALID.code);
    fake_kfd_stop();
}

TEST(two_buffers_at_one_address_are_not_both_mapped)
{
    fake_kfd_start(true);
    uint64_t first = fake_kfd_alloc(FLAG(GTT), VA, 8192, 0),
             second = fake_kfd_alloc(FLAG(VRAM), VA + 4096, 4096, 0);
    EXPECT_EQ(fake_kfd_map(first), 0);
    EXPECT_EQ(fake_kfd_map(second), ERR_INVALID.code);
    EXPECT_EQ(REQUEST(0x17, &second), 0);
    /* A ring that is to be seen twice, whose second place is taken, is seen nowhere. */
    uint64_t ring = fake_kfd_alloc(FLAG(GTT) | FLAG(AQL_QUEUE_MEM), VA - 8192, 16384, 0);
    EXPECT_EQ(fake_kfd_map(ring), ERR_INVALID.code);
    EXPECT_EQ(fake_gpu.mapped_bytes, 8192);
    EXPECT_EQ(fake_kfd_unmap(first), 0);
    EXPECT_EQ(fake_kfd_map(ring), 0);
    EXPECT_EQ(fake_gpu.mapped_bytes, 16384);
    fake_kfd_stop();
}

TEST(a_user_pointer_to_nothing_is_found_out_when_it_is_mapped)
{
    fake_kfd_start(true);
    fake_gpu_missing = 0x555000;
    uint64_t handle = fake_kfd_alloc(FLAG(USERPTR), VA, 4096, 0x555000);
    EXPECT_EQ(fake_kfd_map(handle), ERR_FAULT.code);
    EXPECT_EQ(REQUEST(0x17, &handle), 0);
    fake_kfd_stop();
}

TEST(free_memory_of_the_gpu_is_told)
{
    struct linux_kfd_get_available_memory_args args = { .gpu_id = ID };
    fake_kfd_start(true);
    EXPECT(fake_kfd_alloc(FLAG(VRAM), VA, 16 << 20, 0));
    EXPECT_EQ(REQUEST(0x23, &args), 0);
    EXPECT_EQ(args.available, FAKE_GPU_VRAM_BYTES - (16 << 20));
    args.gpu_id = 0;
    EXPECT_EQ(REQUEST(0x23, &args), ERR_INVALID.code);
    fake_kfd_stop();
}

/* ---- mappings ---- */

TEST(memory_is_mapped_through_the_render_node_at_the_offset_that_was_told)
{
    struct linux_kfd_alloc_memory_of_gpu_args args = { VA, 8192, 0, 0, ID, FLAG(VRAM) };
    struct file_view view;
    uint32_t flags = SPACE_SHARED | SPACE_READ | SPACE_WRITE | SPACE_MAY_WRITE;
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x16, &args), 0);
    EXPECT_OK(try_map(fake_render, args.mmap_offset, 8192, &flags, &view));
    EXPECT_EQ(view.first_page, 0);
    EXPECT_OK(try_map(fake_render, args.mmap_offset + 4096, 4096, &flags, &view));
    EXPECT_EQ(view.first_page, 1);
    EXPECT_ERR(try_map(fake_render, args.mmap_offset + 4096, 8192, &flags, &view), ERR_INVALID);
    EXPECT_ERR(try_map(fake_render, args.mmap_offset + 8192, 4096, &flags, &view), ERR_INVALID);
    EXPECT_ERR(try_map(fake_render, 0, 4096, &flags, &view), ERR_INVALID);
    EXPECT_ERR(try_map(fake_kfd, args.mmap_offset, 8192, &flags, &view), ERR_INVALID);
    /* Addresses are reserved by private maps without access, which never get any. */
    flags = SPACE_MAY_WRITE;
    EXPECT_OK(try_map(fake_render, args.mmap_offset, 8192, &flags, &view));
    EXPECT_EQ(flags, SPACE_SHARED);
    flags = SPACE_READ;
    EXPECT_ERR(try_map(fake_render, args.mmap_offset, 8192, &flags, &view), ERR_INVALID);
    /* What a mapping shows stays as long as the mapping. */
    flags = SPACE_SHARED;
    struct file *render = open_file(fake_render);
    EXPECT_OK(render->ops->map(render, args.mmap_offset, 8192, &flags, &view));
    file_put(render);
    EXPECT_EQ(REQUEST(0x17, &args.handle), 0);
    EXPECT(gpu_device_free_vram(fake_gpu_device()) < FAKE_GPU_VRAM_BYTES);
    backing_put(view.backing);
    args = (struct linux_kfd_alloc_memory_of_gpu_args){ VA, 4096, 0, 0x555000, ID, FLAG(USERPTR) };
    EXPECT_EQ(REQUEST(0x16, &args), 0);
    EXPECT_EQ(args.mmap_offset, 0x555000);
    EXPECT_ERR(try_map(fake_render, (args.handle & UINT32_MAX) << 40, 4096, &flags, &view),
               ERR_NOT_PERMITTED);
    fake_kfd_stop();
}

TEST(doorbells_and_registers_are_mapped_whole_and_for_no_child)
{
    struct linux_kfd_alloc_memory_of_gpu_args bell = { VA, 8192, 0, 0, ID, FLAG(DOORBELL) },
                                              remap = { VA + 8192, 4096, 0, 0, ID, FLAG(MMIO_REMAP) };
    struct linux_kfd_create_queue_args queue = good_queue();
    struct file_view view;
    uint32_t flags = SPACE_SHARED;
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x16, &bell), 0);
    EXPECT_EQ(REQUEST(0x16, &remap), 0);
    EXPECT_OK(try_map(fake_kfd, bell.mmap_offset, 8192, &flags, &view));
    EXPECT_EQ(flags, SPACE_SHARED | SPACE_NO_FORK);
    EXPECT_OK(try_map(fake_kfd, remap.mmap_offset, 4096, &flags, &view));
    EXPECT_ERR(try_map(fake_kfd, bell.mmap_offset, 4096, &flags, &view), ERR_INVALID);
    EXPECT_ERR(try_map(fake_kfd, bell.mmap_offset + 4096, 4096, &flags, &view), ERR_INVALID);
    EXPECT_ERR(try_map(fake_kfd, bell.mmap_offset ^ 1ull << 32, 8192, &flags, &view), ERR_INVALID);
    flags = 0;
    EXPECT_ERR(try_map(fake_kfd, bell.mmap_offset, 8192, &flags, &view), ERR_INVALID);
    /* ROCm takes the offset that the first queue tells without its low 32 bits, the next ones' without 13. */
    EXPECT_EQ(REQUEST(0x02, &queue), 0);
    EXPECT_EQ(queue.doorbell_offset >> 32 << 32, bell.mmap_offset);
    EXPECT_EQ(REQUEST(0x02, &queue), 0);
    EXPECT_EQ(queue.doorbell_offset & ~8191ull, bell.mmap_offset);
    EXPECT_EQ(queue.doorbell_offset & 8191, 8);
    EXPECT((int64_t)bell.mmap_offset > 0);
    fake_kfd_stop();
}

/* ---- queues ---- */

TEST(a_queue_is_what_was_asked_for_until_it_is_destroyed)
{
    struct linux_kfd_create_queue_args args = good_queue();
    struct linux_kfd_destroy_queue_args end = { 0 };
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x02, &args), 0);
    EXPECT_EQ(fake_gpu.request.kind, GPU_QUEUE_AQL);
    EXPECT_EQ(fake_gpu.request.ring.raw, 0x20000);
    EXPECT_EQ(fake_gpu.request.ring_bytes, 4096);
    struct linux_kfd_update_queue_args update = { 0x40000, args.queue_id, 8192, 0, 3 };
    EXPECT_EQ(REQUEST(0x07, &update), 0);
    EXPECT_EQ(fake_gpu.request.ring.raw, 0x40000);
    EXPECT_EQ(fake_gpu.request.percent, 0);
    EXPECT_EQ(fake_gpu.request.priority, 3);
    update.queue_id = 5;
    EXPECT_EQ(REQUEST(0x07, &update), ERR_FAULT.code);
    update.queue_priority = 16;
    EXPECT_EQ(REQUEST(0x07, &update), ERR_INVALID.code);
    uint32_t mask[2] = { 1, 1 };
    struct linux_kfd_set_cu_mask_args cu = { args.queue_id, 64, A(mask) };
    EXPECT_EQ(REQUEST(0x1a, &cu), 0);
    cu.num_cu_mask = 33;
    EXPECT_EQ(REQUEST(0x1a, &cu), ERR_INVALID.code);
    end.queue_id = args.queue_id;
    EXPECT_EQ(REQUEST(0x03, &end), 0);
    EXPECT_EQ(fake_gpu.queues, 0);
    EXPECT_EQ(REQUEST(0x03, &end), ERR_INVALID.code);
    fake_kfd_stop();
}

TEST(queues_that_make_no_sense_are_refused)
{
    fake_kfd_start(true);
#define BAD(field, value, error)                             \
    do {                                                     \
        struct linux_kfd_create_queue_args q = good_queue(); \
        q.field = (value);                                   \
        EXPECT_EQ(REQUEST(0x02, &q), (error).code);          \
    } while (0)
    BAD(ring_size, 0, ERR_INVALID);
    BAD(ring_size, 512, ERR_INVALID);
    BAD(ring_size, 4097, ERR_INVALID);
    BAD(ring_size, UINT32_MAX, ERR_INVALID);
    BAD(ring_base_address, 0x7ffffffff000, ERR_FAULT);
    BAD(ring_base_address, UINT64_MAX, ERR_FAULT);
    BAD(write_pointer_address, 0x800000000000, ERR_FAULT);
    BAD(read_pointer_address, UINT64_MAX, ERR_FAULT);
    BAD(queue_type, LINUX_KFD_IOC_QUEUE_TYPE_SDMA_XGMI, ERR_INVALID);
    BAD(queue_type, 77, ERR_INVALID);
    BAD(queue_percentage, 101, ERR_INVALID);
    BAD(queue_priority, 16, ERR_INVALID);
    BAD(gpu_id, 0, ERR_INVALID);
    BAD(eop_buffer_address, 0x20000, ERR_FAULT); /* of no bytes */
    BAD(ctx_save_restore_address, UINT64_MAX, ERR_FAULT);
#undef BAD
    EXPECT_EQ(fake_gpu.queues, 0);
    fake_kfd_stop();
}

TEST(there_are_as_many_queues_as_the_gpu_has)
{
    struct linux_kfd_create_queue_args args = good_queue();
    fake_kfd_start(true);
    for (uint32_t i = 0; i < fake_gpu_device()->queues_max; i++) EXPECT_EQ(REQUEST(0x02, &args), 0);
    EXPECT_EQ(REQUEST(0x02, &args), ERR_NO_MEMORY.code);
    struct linux_kfd_destroy_queue_args end = { 3, 0 };
    EXPECT_EQ(REQUEST(0x03, &end), 0);
    EXPECT_EQ(REQUEST(0x02, &args), 0);
    EXPECT_EQ(args.queue_id, 3);
    fake_kfd_stop();
}

/* ---- processes ---- */

TEST(another_address_space_can_do_nothing_with_the_file)
{
    struct linux_kfd_get_version_args args;
    struct linux_kfd_alloc_memory_of_gpu_args alloc = { VA, 4096, 0, 0, ID, FLAG(GTT) };
    struct file_view view;
    uint32_t flags = SPACE_SHARED;
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x16, &alloc), 0);
    fake_kfd_set_space(1);
    EXPECT_EQ(REQUEST(0x01, &args), ERR_BAD_FD.code);
    EXPECT_ERR(try_map(fake_kfd, kfd_mmap_offset(KFD_MMAP_DOORBELLS, ID), 8192, &flags, &view), ERR_INVALID);
    EXPECT_ERR(try_map(fake_render, alloc.mmap_offset, 4096, &flags, &view), ERR_ACCESS);
    int64_t own = sys_open(A("/dev/kfd"), 2, 0);
    EXPECT_EQ(sys_ioctl(A(own), 0x80084b01, A(&args)), 0);
    EXPECT_ERR(try_map(fake_render, alloc.mmap_offset, 4096, &flags, &view), ERR_INVALID);
    fake_kfd_set_space(0);
    EXPECT_EQ(REQUEST(0x01, &args), 0);
    fake_kfd_stop();
}

TEST(a_second_file_of_the_same_address_space_is_the_same_process)
{
    fake_kfd_start(true);
    uint64_t handle = fake_kfd_alloc(FLAG(GTT), VA, 4096, 0);
    int64_t first = fake_kfd;
    fake_kfd = sys_open(A("/dev/kfd"), 2, 0);
    EXPECT_EQ(fake_kfd_map(handle), 0);
    EXPECT_EQ(sys_close(A(first)), 0);
    EXPECT_EQ(fake_gpu.contexts, 1);
    EXPECT_EQ(fake_kfd_unmap(handle), 0);
    EXPECT_EQ(sys_close(A(fake_kfd)), 0);
    EXPECT_EQ(fake_gpu.contexts, 0);
    fake_kfd_stop();
}

/* A child holds the file; the parent has left its address space. */
TEST(what_is_left_of_a_process_that_is_gone_is_freed_at_the_next_open)
{
    struct linux_kfd_create_queue_args args = good_queue();
    struct linux_kfd_get_version_args version;
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x02, &args), 0);
    EXPECT_EQ(fake_kfd_map(fake_kfd_alloc(FLAG(VRAM), VA, 2 << 20, 0)), 0);
    fake_kfd_event(LINUX_KFD_IOC_EVENT_SIGNAL, true);
    fake_kfd_set_space(1);
    fake_kfd_set_users(0, 0);
    EXPECT(sys_open(A("/dev/kfd"), 2, 0) >= 0);
    EXPECT_EQ(fake_gpu.contexts, 0);
    EXPECT_EQ(fake_gpu.queues, 0);
    EXPECT_EQ(REQUEST(0x01, &version), ERR_BAD_FD.code);
    EXPECT_EQ(gpu_device_free_vram(fake_gpu_device()), FAKE_GPU_VRAM_BYTES);
    fake_kfd_stop();
}

TEST(a_lost_gpu_fails_requests_and_comes_back_with_the_next_open)
{
    struct linux_kfd_create_queue_args args = good_queue();
    fake_kfd_start(true);
    uint64_t handle = fake_kfd_alloc(FLAG(GTT), VA, 4096, 0);
    gpu_tell_lost(fake_gpu_device());
    EXPECT_EQ(REQUEST(0x02, &args), ERR_NO_DEVICE.code);
    EXPECT_EQ(fake_kfd_map(handle), ERR_NO_DEVICE.code);
    EXPECT_EQ(fake_kfd_alloc(FLAG(VRAM), VA, 4096, 0), 0);
    fake_gpu.is_dead = true;
    int64_t second = sys_open(A("/dev/kfd"), 2, 0);
    EXPECT(second >= 0); /* others may be alive */
    EXPECT(gpu_device_is_lost(fake_gpu_device()));
    fake_gpu.is_dead = false;
    EXPECT(sys_open(A("/dev/kfd"), 2, 0) >= 0);
    EXPECT(!gpu_device_is_lost(fake_gpu_device()));
    EXPECT_EQ(fake_gpu.resets, 2);
    EXPECT_EQ(REQUEST(0x02, &args), ERR_NO_DEVICE.code); /* what was lost stays lost */
    EXPECT_EQ(REQUEST(0x17, &handle), 0);
    fake_kfd_stop();
}

/* ---- memory that is out ---- */

static int64_t do_much(void)
{
    struct linux_kfd_acquire_vm_args acquire = { (uint32_t)fake_render, ID };
    struct linux_kfd_create_queue_args queue = good_queue();
    struct linux_kfd_create_event_args event = { .event_type = LINUX_KFD_IOC_EVENT_SIGNAL };
    static const uint32_t kinds[] = { FLAG(VRAM), FLAG(GTT), FLAG(USERPTR), FLAG(MMIO_REMAP) };
    int64_t result = REQUEST(0x15, &acquire);
    for (uint32_t i = 0; i < ARRAY_LENGTH(kinds) && !result; i++) {
        uint64_t handle = fake_kfd_alloc(kinds[i], VA + i * 4096, 4096, 0x555000);
        result = handle ? fake_kfd_map(handle) : ERR_NO_MEMORY.code;
    }
    if (!result) result = REQUEST(0x02, &queue);
    return result ? result : REQUEST(0x08, &event);
}

TEST(every_allocation_may_fail_and_nothing_is_left_behind)
{
    bool has_failed = true;
    for (uint64_t n = 1; has_failed; n++) {
        fake_kfd_start(false);
        fake_heap_fail_at(n);
        int64_t result = do_much();
        has_failed = fake_heap_has_failed();
        EXPECT_EQ(result, has_failed ? ERR_NO_MEMORY.code : 0);
        fake_kfd_stop();
    }
}

TEST(opening_may_fail_for_want_of_memory)
{
    fake_kfd_start(false);
    for (uint64_t n = 1; n < 8; n++) {
        EXPECT_EQ(sys_close(A(fake_kfd)), 0);
        fake_heap_fail_at(n);
        int64_t fd = sys_open(A("/dev/kfd"), 2, 0);
        bool has_failed = fake_heap_has_failed();
        fake_heap_fail_at(0);
        EXPECT(has_failed ? fd == ERR_NO_MEMORY.code : fd >= 0);
        if (fd < 0) fd = sys_open(A("/dev/kfd"), 2, 0);
        fake_kfd = fd;
    }
    fake_kfd_stop();
}
