/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu/amd/kfd_gpu.h"

#include "abi/linux/drm.h"
#include "core/log.h"

static struct kfd_gpu gpus[GPU_DEVICES_MAX];
static uint32_t count;

static bool is_served(const struct gpu_device *device)
{
    const struct gpu_identity *i = &device->identity;
    if (i->engine != GPU_ENGINE_GFX9) return false;
    uint32_t arrays = i->shader_engines * i->arrays_per_engine;
    if (device->doorbell_bytes == KFD_DOORBELL_BYTES && arrays && i->compute_units % arrays == 0) return true;
    log_warning("kfd: GPU %u is not shown: %u bytes of doorbells, %u units in %u arrays", device->number,
                device->doorbell_bytes, i->compute_units, arrays);
    return false;
}

uint32_t kfd_gpu_find_all(void)
{
    struct gpu_device *device;
    count = 0;
    for (uint32_t number = 0; (device = gpu_device_find(number)); number++) {
        if (!is_served(device)) continue;
        gpus[count] = (struct kfd_gpu){
            .device = device,
            .index = count,
            .id = KFD_GPU_ID_BASE + count,
            .node = 1 + count,
            .minor = LINUX_DRM_RENDER_MINOR + count,
        };
        count++;
    }
    return count;
}

uint32_t kfd_gpu_count(void) { return count; }

const struct kfd_gpu *kfd_gpu_at(uint32_t index)
{
    ASSERT(index < count);
    return &gpus[index];
}

const struct kfd_gpu *kfd_gpu_find(uint32_t id)
{
    uint32_t index = id - KFD_GPU_ID_BASE;
    return index < count ? &gpus[index] : NULL;
}
