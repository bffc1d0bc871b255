/* SPDX-License-Identifier: Apache-2.0 */
/* Our numbers and layouts of AMD's interfaces against the system's own headers. */
#include "abi/linux/amdgpu.h"
#include "abi/linux/drm.h"
#include "abi/linux/kfd.h"
#include "tests/harness/include/drm/drm.h"
#include "tests/harness/test.h"

#include <libdrm/amdgpu_drm.h>
#include <linux/kfd_ioctl.h>

#define SAME_SIZE(ours, theirs) EXPECT_EQ(sizeof(struct ours), sizeof(struct theirs))
#define SAME_PLACE(ours, a, theirs, b)                                             \
    do {                                                                           \
        EXPECT_EQ(offsetof(struct ours, a), offsetof(struct theirs, b));           \
        EXPECT_EQ(sizeof(((struct ours *)0)->a), sizeof(((struct theirs *)0)->b)); \
    } while (0)

/* The last row that the headers have has the number before AMDKFD_COMMAND_END. */
static const struct row {
    uint32_t number, directions, bytes, since;
} rows[] = {
#define KFD_CALL(number, name, stem, directions, since, status, note) \
    { number, directions, sizeof(struct linux_kfd_##stem##_args), since },
#define KFD_REFUSED(number, name, stem, directions, since, error, note) \
    { number, directions, sizeof(struct linux_kfd_##stem##_args), since },
#define R  _IOC_READ
#define W  _IOC_WRITE
#define RW (_IOC_READ | _IOC_WRITE)
#include "abi/kfd_ioctls.def"
#undef KFD_CALL
#undef KFD_REFUSED
#undef R
#undef W
#undef RW
};

static uint32_t code_of(uint32_t number)
{
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
        if (rows[i].number == number) return _IOC(rows[i].directions, 'K', number, rows[i].bytes);
    return 0;
}

TEST(every_request_of_the_systems_header_has_a_row_with_its_code)
{
    EXPECT_EQ(ARRAY_LENGTH(rows), AMDKFD_COMMAND_END - AMDKFD_COMMAND_START);
    EXPECT_EQ(LINUX_KFD_MAJOR, KFD_IOCTL_MAJOR_VERSION);
    EXPECT_EQ(LINUX_KFD_MINOR_MAX, KFD_IOCTL_MINOR_VERSION);
#define CODE(number, name) EXPECT_EQ(code_of(number), AMDKFD_IOC_##name)
    CODE(0x01, GET_VERSION);
    CODE(0x02, CREATE_QUEUE);
    CODE(0x03, DESTROY_QUEUE);
    CODE(0x04, SET_MEMORY_POLICY);
    CODE(0x05, GET_CLOCK_COUNTERS);
    CODE(0x06, GET_PROCESS_APERTURES);
    CODE(0x07, UPDATE_QUEUE);
    CODE(0x08, CREATE_EVENT);
    CODE(0x09, DESTROY_EVENT);
    CODE(0x0a, SET_EVENT);
    CODE(0x0b, RESET_EVENT);
    CODE(0x0c, WAIT_EVENTS);
    CODE(0x0d, DBG_REGISTER_DEPRECATED);
    CODE(0x0e, DBG_UNREGISTER_DEPRECATED);
    CODE(0x0f, DBG_ADDRESS_WATCH_DEPRECATED);
    CODE(0x10, DBG_WAVE_CONTROL_DEPRECATED);
    CODE(0x11, SET_SCRATCH_BACKING_VA);
    CODE(0x12, GET_TILE_CONFIG);
    CODE(0x13, SET_TRAP_HANDLER);
    CODE(0x14, GET_PROCESS_APERTURES_NEW);
    CODE(0x15, ACQUIRE_VM);
    CODE(0x16, ALLOC_MEMORY_OF_GPU);
    CODE(0x17, FREE_MEMORY_OF_GPU);
    CODE(0x18, MAP_MEMORY_TO_GPU);
    CODE(0x19, UNMAP_MEMORY_FROM_GPU);
    CODE(0x1a, SET_CU_MASK);
    CODE(0x1b, GET_QUEUE_WAVE_STATE);
    CODE(0x1c, GET_DMABUF_INFO);
    CODE(0x1d, IMPORT_DMABUF);
    CODE(0x1e, ALLOC_QUEUE_GWS);
    CODE(0x1f, SMI_EVENTS);
    CODE(0x20, SVM);
    CODE(0x21, SET_XNACK_MODE);
    CODE(0x22, CRIU_OP);
    CODE(0x23, AVAILABLE_MEMORY);
#undef CODE
}

#define PLACE(stem, name) SAME_PLACE(linux_kfd_##stem##_args, name, kfd_ioctl_##stem##_args, name)

TEST(arguments_of_kfd_lie_in_memory_as_the_systems_headers_say)
{
    PLACE(create_queue, ring_base_address);
    PLACE(create_queue, write_pointer_address);
    PLACE(create_queue, read_pointer_address);
    PLACE(create_queue, doorbell_offset);
    PLACE(create_queue, ring_size);
    PLACE(create_queue, gpu_id);
    PLACE(create_queue, queue_type);
    PLACE(create_queue, queue_percentage);
    PLACE(create_queue, queue_priority);
    PLACE(create_queue, queue_id);
    PLACE(create_queue, eop_buffer_address);
    PLACE(create_queue, eop_buffer_size);
    PLACE(create_queue, ctx_save_restore_address);
    PLACE(create_queue, ctx_save_restore_size);
    PLACE(create_queue, ctl_stack_size);
    PLACE(update_queue, ring_base_address);
    PLACE(update_queue, queue_id);
    PLACE(update_queue, ring_size);
    PLACE(update_queue, queue_percentage);
    PLACE(update_queue, queue_priority);
    PLACE(set_cu_mask, queue_id);
    PLACE(set_cu_mask, num_cu_mask);
    PLACE(set_cu_mask, cu_mask_ptr);
    PLACE(set_memory_policy, gpu_id);
    PLACE(set_memory_policy, default_policy);
    PLACE(set_memory_policy, alternate_policy);
    PLACE(get_clock_counters, gpu_clock_counter);
    PLACE(get_clock_counters, cpu_clock_counter);
    PLACE(get_clock_counters, system_clock_counter);
    PLACE(get_clock_counters, system_clock_freq);
    PLACE(get_clock_counters, gpu_id);
    PLACE(get_process_apertures, num_of_nodes);
    PLACE(get_process_apertures_new, kfd_process_device_apertures_ptr);
    PLACE(get_process_apertures_new, num_of_nodes);
    PLACE(set_scratch_backing_va, va_addr);
    PLACE(set_scratch_backing_va, gpu_id);
    PLACE(get_tile_config, num_tile_configs);
    PLACE(get_tile_config, num_macro_tile_configs);
    PLACE(get_tile_config, gpu_id);
    PLACE(get_tile_config, gb_addr_config);
    PLACE(get_tile_config, num_banks);
    PLACE(get_tile_config, num_ranks);
    PLACE(set_trap_handler, tba_addr);
    PLACE(set_trap_handler, tma_addr);
    PLACE(set_trap_handler, gpu_id);
    PLACE(acquire_vm, drm_fd);
    PLACE(acquire_vm, gpu_id);
    PLACE(alloc_memory_of_gpu, va_addr);
    PLACE(alloc_memory_of_gpu, size);
    PLACE(alloc_memory_of_gpu, handle);
    PLACE(alloc_memory_of_gpu, mmap_offset);
    PLACE(alloc_memory_of_gpu, gpu_id);
    PLACE(alloc_memory_of_gpu, flags);
    PLACE(map_memory_to_gpu, handle);
    PLACE(map_memory_to_gpu, device_ids_array_ptr);
    PLACE(map_memory_to_gpu, n_devices);
    PLACE(map_memory_to_gpu, n_success);
    PLACE(unmap_memory_from_gpu, n_success);
    PLACE(get_available_memory, available);
    PLACE(get_available_memory, gpu_id);
    SAME_SIZE(linux_kfd_process_device_apertures, kfd_process_device_apertures);
    SAME_PLACE(linux_kfd_process_device_apertures, scratch_base, kfd_process_device_apertures, scratch_base);
    SAME_PLACE(linux_kfd_process_device_apertures, gpuvm_limit, kfd_process_device_apertures, gpuvm_limit);
    SAME_PLACE(linux_kfd_process_device_apertures, gpu_id, kfd_process_device_apertures, gpu_id);
}

TEST(events_lie_in_memory_as_the_systems_headers_say)
{
    PLACE(create_event, event_page_offset);
    PLACE(create_event, event_trigger_data);
    PLACE(create_event, event_type);
    PLACE(create_event, auto_reset);
    PLACE(create_event, event_id);
    PLACE(create_event, event_slot_index);
    PLACE(wait_events, events_ptr);
    PLACE(wait_events, num_events);
    PLACE(wait_events, wait_for_all);
    PLACE(wait_events, timeout);
    PLACE(wait_events, wait_result);
    SAME_SIZE(linux_kfd_event_data, kfd_event_data);
    SAME_PLACE(linux_kfd_event_data, event_id, kfd_event_data, event_id);
#define EXCEPTION(name) \
    SAME_PLACE(linux_kfd_event_data, memory_exception_data.name, kfd_event_data, memory_exception_data.name)
    EXCEPTION(failure.NotPresent);
    EXCEPTION(failure.ReadOnly);
    EXCEPTION(failure.NoExecute);
    EXCEPTION(failure.imprecise);
    EXCEPTION(va);
    EXCEPTION(gpu_id);
    EXCEPTION(ErrorType);
    SAME_PLACE(linux_kfd_hsa_hw_exception_data, memory_lost, kfd_hsa_hw_exception_data, memory_lost);
    SAME_PLACE(linux_kfd_hsa_hw_exception_data, gpu_id, kfd_hsa_hw_exception_data, gpu_id);
#define SAME(name) EXPECT_EQ(LINUX_##name, name)
    SAME(KFD_SIGNAL_EVENT_LIMIT);
    SAME(KFD_IOC_EVENT_SIGNAL);
    SAME(KFD_IOC_EVENT_HW_EXCEPTION);
    SAME(KFD_IOC_EVENT_DEBUG_EVENT);
    SAME(KFD_IOC_EVENT_MEMORY);
    SAME(KFD_IOC_WAIT_RESULT_COMPLETE);
    SAME(KFD_IOC_WAIT_RESULT_TIMEOUT);
    SAME(KFD_IOC_WAIT_RESULT_FAIL);
    SAME(KFD_MEM_ERR_GPU_HANG);
    SAME(KFD_HW_EXCEPTION_PER_ENGINE_RESET);
    SAME(KFD_IOC_QUEUE_TYPE_SDMA);
    SAME(KFD_IOC_QUEUE_TYPE_COMPUTE_AQL);
    SAME(KFD_IOC_QUEUE_TYPE_SDMA_XGMI);
    SAME(KFD_MAX_QUEUE_PERCENTAGE);
    SAME(KFD_MAX_QUEUE_PRIORITY);
    SAME(KFD_MIN_QUEUE_RING_SIZE);
    EXPECT_EQ(LINUX_KFD_APERTURES_MAX, NUM_OF_SUPPORTED_GPUS);
/* The header's own 1 << 31 is for the compiler to work out. */
#define FLAG(name)                                                               \
    do {                                                                         \
        static const uint32_t theirs = (uint32_t)KFD_IOC_ALLOC_MEM_FLAGS_##name; \
        EXPECT_EQ(LINUX_KFD_IOC_ALLOC_MEM_FLAGS_##name, theirs);                 \
    } while (0)
    FLAG(VRAM);
    FLAG(GTT);
    FLAG(USERPTR);
    FLAG(DOORBELL);
    FLAG(MMIO_REMAP);
    FLAG(WRITABLE);
    FLAG(EXECUTABLE);
    FLAG(PUBLIC);
    FLAG(NO_SUBSTITUTE);
    FLAG(AQL_QUEUE_MEM);
    FLAG(COHERENT);
    FLAG(UNCACHED);
}

TEST(what_render_nodes_are_asked_lies_in_memory_as_the_systems_headers_say)
{
    SAME_SIZE(linux_drm_version, drm_version);
    SAME_PLACE(linux_drm_version, name_len, drm_version, name_len);
    SAME_PLACE(linux_drm_version, name, drm_version, name);
    SAME_PLACE(linux_drm_version, desc, drm_version, desc);
    SAME_SIZE(linux_amdgpu_info, drm_amdgpu_info);
    SAME_PLACE(linux_amdgpu_info, query, drm_amdgpu_info, query);
    SAME_PLACE(linux_amdgpu_info, read_mmr_reg.count, drm_amdgpu_info, read_mmr_reg.count);
    SAME_PLACE(linux_amdgpu_info, query_fw.fw_type, drm_amdgpu_info, query_fw.fw_type);
    SAME_SIZE(linux_amdgpu_info_device, drm_amdgpu_info_device);
#define DEVICE(name) SAME_PLACE(linux_amdgpu_info_device, name, drm_amdgpu_info_device, name)
    DEVICE(device_id);
    DEVICE(family);
    DEVICE(gpu_counter_freq);
    DEVICE(max_engine_clock);
    DEVICE(cu_active_number);
    DEVICE(cu_bitmap);
    DEVICE(virtual_address_offset);
    DEVICE(virtual_address_max);
    DEVICE(gart_page_size);
    DEVICE(wave_front_size);
    DEVICE(num_cu_per_sh);
    DEVICE(cu_ao_bitmap);
    DEVICE(high_va_offset);
    DEVICE(tcc_disabled_mask);
    SAME_SIZE(linux_amdgpu_info_vram_gtt, drm_amdgpu_info_vram_gtt);
    SAME_SIZE(linux_amdgpu_info_firmware, drm_amdgpu_info_firmware);
#define DRM_CALL(number, name, ...)
#define DRM_REFUSED(number, name, ...)
#define AMDGPU_QUERY(number, name, ...) EXPECT_EQ(number, AMDGPU_INFO_##name);
#include "abi/drm_ioctls.def"
#undef DRM_CALL
#undef DRM_REFUSED
#undef AMDGPU_QUERY
    EXPECT_EQ(DRM_IOCTL_VERSION, 0xc0406400);
    EXPECT_EQ(DRM_IOCTL_AMDGPU_INFO, 0x40206445);
}
