/* SPDX-License-Identifier: Apache-2.0 */
/* The GPUs that speak AMD's interface, and the names they have in it. They are found at boot and stay. */
#pragma once
#include "gpu/device.h"

enum {
    KFD_GPU_ID_BASE = 0x6c10,        /* ids in calls and in /sys: not 0, which is the CPU's */
    KFD_DOORBELL_BYTES = 8192,       /* of a process, on GFX9: ROCm maps so many */
    KFD_GB_ADDR_CONFIG = 0x2a114042, /* of Vega 10. [linux amdgpu/gfx_v9_0.c] */
};

struct kfd_gpu {
    struct gpu_device *device;
    uint32_t index; /* among these */
    uint32_t id;
    uint32_t node;  /* of the topology; the CPU is node 0 */
    uint32_t minor; /* of its render node */
};

/* Takes those of the machine that it can serve; how many there are. Boot only. */
uint32_t kfd_gpu_find_all(void);
uint32_t kfd_gpu_count(void);
/* The index is below kfd_gpu_count(). */
const struct kfd_gpu *kfd_gpu_at(uint32_t index);
/* NULL: nobody has the id. */
const struct kfd_gpu *kfd_gpu_find(uint32_t id);
