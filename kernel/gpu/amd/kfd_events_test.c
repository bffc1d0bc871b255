/* SPDX-License-Identifier: Apache-2.0 */
/* Events as a program waits for them, with one thread: what happens while it sleeps is a function's doing. */
#include "gpu/amd/kfd.h"

#include <string.h>

#include "core/time.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "process/process.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_kfd.h"
#include "tests/fakes/fake_vm.h"
#include "tests/fakes/fake_wait.h"
#include "tests/harness/test.h"
#include "vm/space.h"

enum { SIGNAL = LINUX_KFD_IOC_EVENT_SIGNAL, MEMORY = LINUX_KFD_IOC_EVENT_MEMORY };
enum { COMPLETE = LINUX_KFD_IOC_WAIT_RESULT_COMPLETE, TIMEOUT, FAIL };

static struct linux_kfd_event_data data[12];
static uint32_t ids[12];

static int64_t wait_for(uint32_t count, bool all, uint32_t timeout_ms, uint32_t *result)
{
    struct linux_kfd_wait_events_args args = { A(data), count, all, timeout_ms, 77 };
    for (uint32_t i = 0; i < count; i++) data[i].event_id = ids[i];
    int64_t e = REQUEST(0x0c, &args);
    *result = args.wait_result;
    return e;
}

static int64_t set(uint32_t id)
{
    struct linux_kfd_set_event_args args = { id, 0 };
    return REQUEST(0x0a, &args);
}
static int64_t reset(uint32_t id)
{
    struct linux_kfd_reset_event_args args = { id, 0 };
    return REQUEST(0x0b, &args);
}
static int64_t destroy(uint32_t id)
{
    struct linux_kfd_destroy_event_args args = { id, 0 };
    return REQUEST(0x09, &args);
}

#define EXPECT_WAIT(count, all, timeout, expected)                   \
    do {                                                             \
        uint32_t result_;                                            \
        EXPECT_EQ(wait_for((count), (all), (timeout), &result_), 0); \
        EXPECT_EQ(result_, (expected));                              \
    } while (0)

TEST(a_signal_event_has_a_slot_and_a_page_to_be_mapped)
{
    struct linux_kfd_create_event_args args = { .event_type = SIGNAL, .auto_reset = 1 };
    struct file_view view;
    uint32_t flags = SPACE_SHARED;
    fake_kfd_start(true);
    EXPECT_EQ(REQUEST(0x08, &args), 0);
    EXPECT_EQ(args.event_id, 1);
    EXPECT_EQ(args.event_trigger_data, 1);
    EXPECT_EQ(args.event_slot_index, 1);
    struct file *kfd = fd_get(process_current()->files, (uint32_t)fake_kfd);
    EXPECT_ERR(kfd->ops->map(kfd, args.event_page_offset, 4096, &flags, &view), ERR_INVALID);
    EXPECT_OK(kfd->ops->map(kfd, args.event_page_offset, 32768, &flags, &view));
    backing_put(view.backing);
    file_put(kfd);
    fake_kfd_stop();
}

TEST(the_page_of_events_may_be_the_programs_memory)
{
    const uint32_t gtt = LINUX_KFD_IOC_ALLOC_MEM_FLAGS_GTT, vram = LINUX_KFD_IOC_ALLOC_MEM_FLAGS_VRAM;
    fake_kfd_start(true);
    uint64_t page = fake_kfd_alloc(gtt, 0x100000, 32768, 0);
    struct linux_kfd_create_event_args args = { .event_type = MEMORY };
    args.event_page_offset = fake_kfd_alloc(vram, 0x200000, 32768, 0);
    EXPECT_EQ(REQUEST(0x08, &args), ERR_INVALID.code);
    args.event_page_offset = fake_kfd_alloc(gtt, 0x300000, 4096, 0);
    EXPECT_EQ(REQUEST(0x08, &args), ERR_INVALID.code);
    args.event_page_offset = 5;
    EXPECT_EQ(REQUEST(0x08, &args), ERR_INVALID.code);
    args.event_page_offset = page;
    EXPECT_EQ(REQUEST(0x08, &args), 0);
    EXPECT_EQ(args.event_page_offset, page); /* ROCm wants it not to be 0 */
    EXPECT_EQ(REQUEST(0x08, &args), ERR_INVALID.code);
    EXPECT_EQ(REQUEST(0x17, &page), ERR_NOT_PERMITTED.code);
    EXPECT(fake_kfd_event(SIGNAL, true));
    fake_kfd_stop();
}

TEST(an_event_that_was_raised_before_is_not_lost_and_auto_reset_takes_it_down)
{
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(SIGNAL, true);
    ids[1] = fake_kfd_event(SIGNAL, false);
    EXPECT_WAIT(2, false, 0, TIMEOUT);
    EXPECT_EQ(set(ids[0]), 0);
    EXPECT_WAIT(2, false, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE);
    EXPECT_WAIT(2, false, 0, TIMEOUT);
    EXPECT_EQ(set(ids[1]), 0);
    EXPECT_WAIT(2, false, 0, COMPLETE);
    EXPECT_WAIT(2, false, 0, COMPLETE);
    EXPECT_EQ(reset(ids[1]), 0);
    EXPECT_WAIT(2, false, 0, TIMEOUT);
    EXPECT_WAIT(0, true, 0, COMPLETE); /* all of none */
    fake_kfd_stop();
}

TEST(a_wait_that_sleeps_ends_at_its_time)
{
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(SIGNAL, true);
    uint64_t before = time_now_ns();
    EXPECT_WAIT(1, false, 5000, TIMEOUT);
    uint64_t passed_ms = (time_now_ns() - before) / 1000000;
    EXPECT(passed_ms >= 5000 && passed_ms < 5010);
    fake_kfd_stop();
}

static void tell(uint32_t context, uint32_t number, uint32_t known_bits)
{
    struct gpu_event_signal signal = { .number = number, .known_bits = known_bits };
    gpu_tell_signal(fake_gpu_device(), context, &signal);
}
static void an_awaited_signal_comes(void)
{
    EXPECT_EQ(fake_gpu.awaited, 1u << ids[0] | 1u << ids[1]);
    tell(0, ids[0], 0);
}

TEST(a_signal_that_came_while_nobody_waited_is_found_by_the_next_wait)
{
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(SIGNAL, true);
    ids[1] = fake_kfd_event(SIGNAL, true);
    EXPECT_WAIT(2, false, 0, TIMEOUT);
    EXPECT_EQ(fake_gpu.awaited, 0);
    fake_gpu.kept_signal = ids[1];
    EXPECT_WAIT(1, false, 0, TIMEOUT);
    EXPECT_WAIT(2, false, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE);
    fake_wait_meanwhile = an_awaited_signal_comes;
    EXPECT_WAIT(2, false, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE);
    fake_wait_meanwhile = NULL;
    EXPECT_EQ(fake_gpu.awaited, 0);
    fake_gpu.kept_signal = ids[1];
    EXPECT_EQ(reset(ids[1]), 0); /* takes one down, whoever holds it */
    EXPECT_EQ(fake_gpu.kept_signal, 0);
    EXPECT_EQ(destroy(ids[1]), 0);
    fake_gpu.kept_signal = ids[1];
    ids[1] = fake_kfd_event(SIGNAL, true); /* the number is another's now */
    EXPECT_WAIT(2, false, 0, TIMEOUT);
    fake_kfd_stop();
}

static void gpu_raises(void) { tell(0, ids[1], 0); }

TEST(a_signal_of_the_gpus_wakes_who_waits_for_that_event)
{
    fake_kfd_start(true);
    for (uint32_t i = 0; i < 12; i++) ids[i] = fake_kfd_event(SIGNAL, true);
    fake_wait_meanwhile = gpu_raises;
    EXPECT_WAIT(2, false, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE);
    EXPECT_WAIT(2, false, 0, TIMEOUT);                            /* who slept for it has taken it down */
    EXPECT_WAIT(12, false, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE); /* more than lie on the stack */
    fake_wait_meanwhile = NULL;
    EXPECT_WAIT(2, false, 0, TIMEOUT);
    tell(0, 4000, 0);
    tell(0, UINT32_MAX, 0);
    tell(3, ids[0], 0);
    EXPECT_WAIT(12, false, 0, TIMEOUT);
    fake_kfd_stop();
}

static void swap(uint32_t i)
{
    uint32_t first = ids[0];
    ids[0] = ids[i];
    ids[i] = first;
}

TEST(an_interrupt_with_the_low_bits_of_a_number_raises_all_that_it_may_mean)
{
    uint32_t result;
    fake_kfd_start(true);
    for (uint32_t i = 0; i < 12; i++) ids[i] = fake_kfd_event(SIGNAL, false);
    uint32_t meant = ids[1] % 4;
    tell(0, meant, 2);
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t id = ids[i];
        swap(i);
        EXPECT_EQ(wait_for(1, false, 0, &result), 0);
        EXPECT_EQ(result, id % 4 == meant ? COMPLETE : TIMEOUT);
        swap(i);
    }
    fake_kfd_stop();
}

static uint32_t next_raised;
static void raise_one_more(void) { EXPECT_EQ(set(ids[next_raised++]), 0); }

TEST(a_wait_for_no_event_is_over_at_once)
{
    fake_kfd_start(true);
    fake_wait_meanwhile = NULL; /* nobody would end a sleep */
    EXPECT_WAIT(0, false, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE);
    EXPECT_WAIT(0, true, 10, COMPLETE);
    fake_kfd_stop();
}

TEST(a_wait_for_all_ends_with_the_last_one)
{
    fake_kfd_start(true);
    for (uint32_t i = 0; i < 3; i++) ids[i] = fake_kfd_event(SIGNAL, true);
    next_raised = 0;
    fake_wait_meanwhile = raise_one_more;
    EXPECT_WAIT(3, true, LINUX_KFD_TIMEOUT_INFINITE, COMPLETE);
    EXPECT_EQ(next_raised, 3);
    fake_kfd_stop();
}

static void destroy_it(void) { EXPECT_EQ(destroy(ids[0]), 0); }

TEST(a_wait_for_an_event_that_goes_fails)
{
    uint32_t result;
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(SIGNAL, false);
    fake_wait_meanwhile = destroy_it;
    EXPECT_EQ(wait_for(1, false, LINUX_KFD_TIMEOUT_INFINITE, &result), ERR_IO.code);
    EXPECT_EQ(result, FAIL);
    EXPECT_EQ(wait_for(1, false, 0, &result), ERR_INVALID.code);
    EXPECT_EQ(destroy(ids[0]), ERR_INVALID.code);
    EXPECT_EQ(set(ids[0]), ERR_INVALID.code);
    EXPECT_EQ(reset(0), ERR_INVALID.code);
    fake_kfd_stop();
}

TEST(an_interrupted_wait_takes_nothing_and_says_what_time_is_left)
{
    fake_kfd_start(true);
    ids[0] = data[0].event_id = fake_kfd_event(SIGNAL, true);
    ids[1] = data[1].event_id = fake_kfd_event(SIGNAL, true);
    EXPECT_EQ(set(ids[0]), 0);
    fake_wait_is_interrupted = true;
    struct linux_kfd_wait_events_args args = { A(data), 2, true, 1000, 77 };
    EXPECT_EQ(REQUEST(0x0c, &args), ERR_INTERRUPTED.code);
    EXPECT(args.timeout >= 998 && args.timeout < 1000);
    args.timeout = LINUX_KFD_TIMEOUT_INFINITE;
    EXPECT_EQ(REQUEST(0x0c, &args), ERR_INTERRUPTED.code);
    EXPECT_EQ(args.timeout, LINUX_KFD_TIMEOUT_INFINITE);
    EXPECT_WAIT(2, false, 0, COMPLETE);
    fake_kfd_stop();
}

TEST(waits_for_what_is_no_event_fail_and_take_nothing)
{
    uint32_t result;
    struct linux_kfd_wait_events_args args = { 8, 1, 0, 0, 0 };
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(SIGNAL, true);
    ids[1] = 999;
    EXPECT_EQ(set(ids[0]), 0);
    EXPECT_EQ(wait_for(2, false, 0, &result), ERR_INVALID.code);
    EXPECT_EQ(result, FAIL);
    EXPECT_WAIT(1, false, 0, COMPLETE);
    fake_user_poison((void *)0, 4096);
    EXPECT_EQ(REQUEST(0x0c, &args), ERR_FAULT.code);
    fake_user_poison((void *)0, 0);
    args.num_events = UINT32_MAX;
    EXPECT_EQ(REQUEST(0x0c, &args), ERR_NO_MEMORY.code);
    fake_kfd_stop();
}

TEST(a_memory_fault_is_told_to_all_memory_events)
{
    struct gpu_event_fault fault = { 1, 0x123456789, 0, GPU_ACCESS_WRITE, GPU_FAULT_FORBIDDEN };
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(SIGNAL, true);
    ids[1] = fake_kfd_event(MEMORY, false);
    EXPECT_EQ(set(ids[1]), ERR_INVALID.code); /* not for programs */
    gpu_tell_fault(fake_gpu_device(), 0, &fault);
    EXPECT_WAIT(2, false, 0, COMPLETE);
    const struct linux_kfd_hsa_memory_exception_data *e = &data[1].memory_exception_data;
    EXPECT_EQ(e->va, 0x123456000);
    EXPECT_EQ(e->gpu_id, KFD_GPU_ID_BASE);
    EXPECT_EQ(e->ErrorType, 0);
    EXPECT_EQ(e->failure.NotPresent, 0);
    EXPECT_EQ(e->failure.ReadOnly, 1);
    EXPECT_EQ(data[0].memory_exception_data.va, 0);
    fault.reason = GPU_FAULT_ABSENT;
    gpu_tell_fault(fake_gpu_device(), 0, &fault);
    EXPECT_WAIT(2, false, 0, COMPLETE);
    EXPECT_EQ(e->failure.NotPresent, 1);
    fake_kfd_stop();
}

TEST(a_stopped_queue_and_a_lost_gpu_are_hardware_exceptions)
{
    struct gpu_event_stopped stopped = { 0, GPU_STOP_INSTRUCTION, 0, 0 };
    fake_kfd_start(true);
    ids[0] = fake_kfd_event(LINUX_KFD_IOC_EVENT_HW_EXCEPTION, true);
    ids[1] = fake_kfd_event(MEMORY, false);
    stopped.reason = GPU_STOP_FAULT; /* which is told as a fault */
    gpu_tell_stopped(fake_gpu_device(), 0, &stopped);
    EXPECT_WAIT(1, false, 0, TIMEOUT);
    stopped.reason = GPU_STOP_INSTRUCTION;
    gpu_tell_stopped(fake_gpu_device(), 0, &stopped);
    EXPECT_WAIT(1, false, 0, COMPLETE);
    EXPECT_EQ(data[0].hw_exception_data.reset_type, LINUX_KFD_HW_EXCEPTION_PER_ENGINE_RESET);
    EXPECT_EQ(data[0].hw_exception_data.gpu_id, KFD_GPU_ID_BASE);
    gpu_tell_lost(fake_gpu_device());
    EXPECT_WAIT(2, true, 0, COMPLETE);
    EXPECT_EQ(data[0].hw_exception_data.reset_type, LINUX_KFD_HW_EXCEPTION_WHOLE_GPU_RESET);
    EXPECT_EQ(data[0].hw_exception_data.memory_lost, 1);
    EXPECT_EQ(data[1].memory_exception_data.ErrorType, LINUX_KFD_MEM_ERR_GPU_HANG);
    EXPECT_OK(gpu_device_recover(fake_gpu_device()));
    fake_kfd_stop();
}

TEST(there_are_as_many_events_as_slots)
{
    fake_kfd_start(true);
    for (uint32_t i = 1; i < LINUX_KFD_SIGNAL_EVENT_LIMIT; i++) EXPECT_EQ(fake_kfd_event(SIGNAL, true), i);
    struct linux_kfd_create_event_args args = { .event_type = SIGNAL };
    EXPECT_EQ(REQUEST(0x08, &args), ERR_NO_SPACE.code);
    args.event_type = 9;
    EXPECT_EQ(REQUEST(0x08, &args), ERR_INVALID.code);
    EXPECT_EQ(destroy(1000), 0);
    EXPECT_EQ(destroy(500), 0);
    EXPECT_EQ(fake_kfd_event(SIGNAL, true), 500);
    EXPECT_EQ(fake_kfd_event(SIGNAL, true), 1000);
    fake_kfd_stop();
}
