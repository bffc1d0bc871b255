/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that tell what there is, and change nothing. */
#include "core/time.h"
#include "gpu/amd/kfd.h"

#define NS_PER_SECOND 1000000000u

err_t kfd_get_version(struct kfd_process *process, void *args)
{
    struct linux_kfd_get_version_args *a = args;
    (void)process;
    a->major_version = LINUX_KFD_MAJOR;
    a->minor_version = LINUX_KFD_MINOR_MAX;
    return OK;
}

/* Without a GPU's id, as ROCm asks for the CPU's, its count is 0. */
err_t kfd_get_clock_counters(struct kfd_process *process, void *args)
{
    struct linux_kfd_get_clock_counters_args *a = args;
    const struct kfd_gpu *gpu = kfd_gpu_find(a->gpu_id);
    (void)process;
    a->gpu_clock_counter = 0;
    err_t e = gpu ? gpu->device->backend->read_clock(gpu->device, &a->gpu_clock_counter) : OK;
    a->cpu_clock_counter = a->system_clock_counter = time_now_ns();
    a->system_clock_freq = NS_PER_SECOND;
    return e;
}

err_t kfd_get_tile_config(struct kfd_process *process, void *args)
{
    struct linux_kfd_get_tile_config_args *a = args;
    (void)process;
    if (!kfd_gpu_find(a->gpu_id)) return ERR_INVALID;
    a->num_tile_configs = a->num_macro_tile_configs = 0;
    a->gb_addr_config = KFD_GB_ADDR_CONFIG;
    a->num_banks = a->num_ranks = 0;
    return OK;
}

err_t kfd_set_xnack_mode(struct kfd_process *process, void *args)
{
    struct linux_kfd_set_xnack_mode_args *a = args;
    (void)process;
    if (a->xnack_enabled > 0) return ERR_NOT_PERMITTED;
    a->xnack_enabled = 0;
    return OK;
}

err_t kfd_get_available_memory(struct kfd_process *process, void *args)
{
    struct linux_kfd_get_available_memory_args *a = args;
    const struct kfd_gpu *gpu = kfd_gpu_find(a->gpu_id);
    (void)process;
    if (!gpu) return ERR_INVALID;
    a->available = gpu_device_free_vram(gpu->device);
    return OK;
}
