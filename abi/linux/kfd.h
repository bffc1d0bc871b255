/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's kernel interface for compute, /dev/kfd. [linux uapi linux/kfd_ioctl.h] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_KFD_MAJOR = 1,
    LINUX_KFD_MINOR_MAX = 11, /* of the headers that ours are checked against */
    LINUX_KFD_TYPE = 'K',     /* of the requests */
    LINUX_KFD_SIGNAL_EVENT_LIMIT = 4096,
    LINUX_KFD_APERTURES_MAX = 7, /* of GET_PROCESS_APERTURES */
    LINUX_KFD_MAX_QUEUE_PERCENTAGE = 100,
    LINUX_KFD_MAX_QUEUE_PRIORITY = 15,
    LINUX_KFD_MIN_QUEUE_RING_SIZE = 1024,
};

struct linux_kfd_get_version_args {
    uint32_t major_version, minor_version; /* out */
};

enum linux_kfd_queue_type {
    LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE = 0, /* of PM4 packets */
    LINUX_KFD_IOC_QUEUE_TYPE_SDMA = 1,
    LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE_AQL = 2,
    LINUX_KFD_IOC_QUEUE_TYPE_SDMA_XGMI = 3,
};

struct linux_kfd_create_queue_args {
    uint64_t ring_base_address;
    uint64_t write_pointer_address, read_pointer_address;
    uint64_t doorbell_offset; /* out */
    uint32_t ring_size, gpu_id, queue_type, queue_percentage, queue_priority;
    uint32_t queue_id; /* out */
    uint64_t eop_buffer_address, eop_buffer_size;
    uint64_t ctx_save_restore_address;
    uint32_t ctx_save_restore_size, ctl_stack_size;
};
_Static_assert(sizeof(struct linux_kfd_create_queue_args) == 88, "fixed by the ABI");

struct linux_kfd_destroy_queue_args {
    uint32_t queue_id, pad;
};

struct linux_kfd_update_queue_args {
    uint64_t ring_base_address;
    uint32_t queue_id, ring_size, queue_percentage, queue_priority;
};

struct linux_kfd_set_cu_mask_args {
    uint32_t queue_id, num_cu_mask; /* bits */
    uint64_t cu_mask_ptr;
};

struct linux_kfd_get_queue_wave_state_args {
    uint64_t ctl_stack_address;
    uint32_t ctl_stack_used_size, save_area_used_size; /* out */
    uint32_t queue_id, pad;
};

struct linux_kfd_get_available_memory_args {
    uint64_t available; /* out */
    uint32_t gpu_id, pad;
};

enum { LINUX_KFD_IOC_CACHE_POLICY_COHERENT = 0, LINUX_KFD_IOC_CACHE_POLICY_NONCOHERENT = 1 };

struct linux_kfd_set_memory_policy_args {
    uint64_t alternate_aperture_base, alternate_aperture_size;
    uint32_t gpu_id, default_policy, alternate_policy, pad;
};

struct linux_kfd_get_clock_counters_args {
    uint64_t gpu_clock_counter, cpu_clock_counter, system_clock_counter, system_clock_freq; /* out */
    uint32_t gpu_id, pad;
};

struct linux_kfd_process_device_apertures {
    uint64_t lds_base, lds_limit, scratch_base, scratch_limit, gpuvm_base, gpuvm_limit;
    uint32_t gpu_id, pad;
};
_Static_assert(sizeof(struct linux_kfd_process_device_apertures) == 56, "fixed by the ABI");

struct linux_kfd_get_process_apertures_args {
    struct linux_kfd_process_device_apertures process_apertures[LINUX_KFD_APERTURES_MAX]; /* out */
    uint32_t num_of_nodes, pad;                                                           /* out */
};

struct linux_kfd_get_process_apertures_new_args {
    uint64_t kfd_process_device_apertures_ptr;
    uint32_t num_of_nodes; /* in: room; out: filled */
    uint32_t pad;
};

struct linux_kfd_dbg_register_args {
    uint32_t gpu_id, pad;
};
struct linux_kfd_dbg_unregister_args {
    uint32_t gpu_id, pad;
};
struct linux_kfd_dbg_address_watch_args {
    uint64_t content_ptr;
    uint32_t gpu_id, buf_size_in_bytes;
};
struct linux_kfd_dbg_wave_control_args {
    uint64_t content_ptr;
    uint32_t gpu_id, buf_size_in_bytes;
};

/* ---- events ---- */

enum linux_kfd_event_type {
    LINUX_KFD_IOC_EVENT_SIGNAL = 0,
    LINUX_KFD_IOC_EVENT_HW_EXCEPTION = 3,
    LINUX_KFD_IOC_EVENT_DEBUG_EVENT = 5,
    LINUX_KFD_IOC_EVENT_MEMORY = 8,
};

enum linux_kfd_wait_result {
    LINUX_KFD_IOC_WAIT_RESULT_COMPLETE = 0,
    LINUX_KFD_IOC_WAIT_RESULT_TIMEOUT = 1,
    LINUX_KFD_IOC_WAIT_RESULT_FAIL = 2,
};

enum { LINUX_KFD_HW_EXCEPTION_WHOLE_GPU_RESET = 0, LINUX_KFD_HW_EXCEPTION_PER_ENGINE_RESET = 1 };
enum { LINUX_KFD_HW_EXCEPTION_GPU_HANG = 0 };
enum { LINUX_KFD_MEM_ERR_NO_RAS = 0, LINUX_KFD_MEM_ERR_GPU_HANG = 3 };

struct linux_kfd_create_event_args {
    uint64_t event_page_offset;  /* in: a handle of memory, or 0; out */
    uint32_t event_trigger_data; /* out */
    uint32_t event_type, auto_reset, node_id;
    uint32_t event_id, event_slot_index; /* out */
};
_Static_assert(sizeof(struct linux_kfd_create_event_args) == 32, "fixed by the ABI");

struct linux_kfd_destroy_event_args {
    uint32_t event_id, pad;
};
struct linux_kfd_set_event_args {
    uint32_t event_id, pad;
};
struct linux_kfd_reset_event_args {
    uint32_t event_id, pad;
};

struct linux_kfd_memory_exception_failure {
    uint32_t NotPresent, ReadOnly, NoExecute, imprecise;
};

struct linux_kfd_hsa_memory_exception_data {
    struct linux_kfd_memory_exception_failure failure;
    uint64_t va;
    uint32_t gpu_id, ErrorType;
};

struct linux_kfd_hsa_hw_exception_data {
    uint32_t reset_type, reset_cause, memory_lost, gpu_id;
};

struct linux_kfd_event_data {
    union {
        struct linux_kfd_hsa_memory_exception_data memory_exception_data;
        struct linux_kfd_hsa_hw_exception_data hw_exception_data;
    }; /* out */
    uint64_t kfd_event_data_ext;
    uint32_t event_id, pad;
};
_Static_assert(sizeof(struct linux_kfd_event_data) == 48, "fixed by the ABI");

#define LINUX_KFD_TIMEOUT_INFINITE UINT32_MAX

struct linux_kfd_wait_events_args {
    uint64_t events_ptr; /* of struct linux_kfd_event_data */
    uint32_t num_events, wait_for_all;
    uint32_t timeout;     /* milliseconds */
    uint32_t wait_result; /* out */
};

/* ---- a GPU ---- */

struct linux_kfd_set_scratch_backing_va_args {
    uint64_t va_addr; /* in units of 64 KiB */
    uint32_t gpu_id, pad;
};

struct linux_kfd_get_tile_config_args {
    uint64_t tile_config_ptr, macro_tile_config_ptr;
    uint32_t num_tile_configs, num_macro_tile_configs; /* in: room; out: filled */
    uint32_t gpu_id;
    uint32_t gb_addr_config, num_banks, num_ranks; /* out */
};

struct linux_kfd_set_trap_handler_args {
    uint64_t tba_addr, tma_addr;
    uint32_t gpu_id, pad;
};

struct linux_kfd_acquire_vm_args {
    uint32_t drm_fd, gpu_id;
};

/* ---- memory ---- */

#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_VRAM          (1u << 0)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_GTT           (1u << 1)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_USERPTR       (1u << 2)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_DOORBELL      (1u << 3)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_MMIO_REMAP    (1u << 4)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_UNCACHED      (1u << 25)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_COHERENT      (1u << 26)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM (1u << 27)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_NO_SUBSTITUTE (1u << 28)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_PUBLIC        (1u << 29)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE    (1u << 30)
#define LINUX_KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE      (1u << 31)

struct linux_kfd_alloc_memory_of_gpu_args {
    uint64_t va_addr, size;
    uint64_t handle;      /* out */
    uint64_t mmap_offset; /* in: the program's address of USERPTR; out: for mmap */
    uint32_t gpu_id, flags;
};
_Static_assert(sizeof(struct linux_kfd_alloc_memory_of_gpu_args) == 40, "fixed by the ABI");

struct linux_kfd_free_memory_of_gpu_args {
    uint64_t handle;
};

struct linux_kfd_map_memory_to_gpu_args {
    uint64_t handle;
    uint64_t device_ids_array_ptr; /* of uint32_t */
    uint32_t n_devices, n_success; /* n_success in: so many are done; out */
};

struct linux_kfd_unmap_memory_from_gpu_args {
    uint64_t handle;
    uint64_t device_ids_array_ptr;
    uint32_t n_devices, n_success;
};

struct linux_kfd_alloc_queue_gws_args {
    uint32_t queue_id, num_gws, first_gws, pad;
};

struct linux_kfd_get_dmabuf_info_args {
    uint64_t size, metadata_ptr;
    uint32_t metadata_size, gpu_id, flags, dmabuf_fd;
};

struct linux_kfd_import_dmabuf_args {
    uint64_t va_addr, handle;
    uint32_t gpu_id, dmabuf_fd;
};

struct linux_kfd_smi_events_args {
    uint32_t gpuid, anon_fd;
};

struct linux_kfd_svm_args { /* struct { uint32_t type, value; } follow, `nattr` of them */
    uint64_t start_addr, size;
    uint32_t op, nattr;
};

struct linux_kfd_set_xnack_mode_args {
    int32_t xnack_enabled; /* negative: only ask */
};

struct linux_kfd_criu_args {
    uint64_t devices, bos, priv_data, priv_data_size;
    uint32_t num_devices, num_bos, num_objects, pid, op;
};
_Static_assert(sizeof(struct linux_kfd_criu_args) == 56, "fixed by the ABI");
