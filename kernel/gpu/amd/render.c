/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/dri/renderD*: what libdrm asks to name a GPU, and the mapping of memory that /dev/kfd has made. Nothing is drawn or
 * submitted here. */
#include "abi/linux/amdgpu.h"
#include "abi/linux/drm.h"
#include "core/unsupported.h"
#include "fs/file.h"
#include "gpu/amd/kfd.h"
#include "gpu/amd/request.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "vm/usercopy.h"

enum {
    DRIVER_MAJOR = 3, /* libdrm wants exactly this */
    DRIVER_MINOR = 49,
    REGISTER_GB_ADDR_CONFIG = 0x263e, /* index of the register. [linux amdgpu gc_9_0_offset.h] */
    FIRMWARE_MEC = 8,
    FIRMWARE_SDMA = 0xb,
    KHZ_PER_MHZ = 1000,
};

/* ---- VERSION ---- */

/* As much as there is room for; the length becomes that of the whole. */
static err_t give_text(uint64_t to, uint64_t *room, const char *text)
{
    uint64_t bytes = strlen(text), given = MIN(bytes, *room);
    *room = bytes;
    return given && to ? user_copy_out(UADDR(to), text, given) : OK;
}

static err_t render_version(const struct kfd_gpu *gpu, uint32_t request, uint64_t address)
{
    (void)gpu, (void)request;
    struct linux_drm_version v;
    err_t e = user_copy_in(&v, UADDR(address), sizeof(v));
    if (failed(e)) return e;
    v.version_major = DRIVER_MAJOR;
    v.version_minor = DRIVER_MINOR;
    v.version_patchlevel = 0;
    e = give_text(v.name, &v.name_len, "amdgpu");
    if (!failed(e)) e = give_text(v.date, &v.date_len, "20150101");
    if (!failed(e)) e = give_text(v.desc, &v.desc_len, "AMD GPU");
    return failed(e) ? e : user_copy_out(UADDR(address), &v, sizeof(v));
}

/* ---- AMDGPU_INFO ---- */

struct answer {
    union {
        uint32_t word;
        struct linux_amdgpu_info_firmware firmware;
        struct linux_amdgpu_info_vram_gtt memory;
        struct linux_amdgpu_info_device device;
    };
    size_t bytes;
};

static err_t query_accel_working(const struct kfd_gpu *gpu, const struct linux_amdgpu_info *q,
                                 struct answer *out)
{
    (void)q;
    out->word = !gpu_device_is_lost(gpu->device);
    out->bytes = sizeof(out->word);
    return OK;
}

static err_t query_fw_version(const struct kfd_gpu *gpu, const struct linux_amdgpu_info *q,
                              struct answer *out)
{
    const struct gpu_identity *i = &gpu->device->identity;
    uint32_t type = q->query_fw.fw_type;
    if (type != FIRMWARE_MEC && type != FIRMWARE_SDMA) return ERR_INVALID;
    out->firmware.ver = type == FIRMWARE_MEC ? i->firmware : i->copy_firmware;
    out->bytes = sizeof(out->firmware);
    return OK;
}

static err_t query_vram_gtt(const struct kfd_gpu *gpu, const struct linux_amdgpu_info *q, struct answer *out)
{
    (void)q;
    out->memory.vram_size = out->memory.vram_cpu_accessible_size = gpu->device->vram_bytes;
    out->memory.gtt_size = charge_read().machine << PAGE_SHIFT;
    out->bytes = sizeof(out->memory);
    return OK;
}

static err_t query_read_mmr_reg(const struct kfd_gpu *gpu, const struct linux_amdgpu_info *q,
                                struct answer *out)
{
    (void)gpu;
    if (q->read_mmr_reg.dword_offset != REGISTER_GB_ADDR_CONFIG || q->read_mmr_reg.count != 1)
        return ERR_INVALID;
    out->word = KFD_GB_ADDR_CONFIG;
    out->bytes = sizeof(out->word);
    return OK;
}

static err_t query_dev_info(const struct kfd_gpu *gpu, const struct linux_amdgpu_info *q, struct answer *out)
{
    const struct gpu_identity *i = &gpu->device->identity;
    struct linux_amdgpu_info_device *d = &out->device;
    uint32_t arrays = i->shader_engines * i->arrays_per_engine, units = i->compute_units / arrays;
    (void)q;
    d->device_id = i->device;
    d->family = LINUX_AMDGPU_FAMILY_AI;
    d->external_rev = 1;
    d->num_shader_engines = i->shader_engines;
    d->num_shader_arrays_per_engine = i->arrays_per_engine;
    d->gpu_counter_freq = i->counter_hz / 1000;
    d->max_engine_clock = (uint64_t)i->clock_mhz * KHZ_PER_MHZ;
    d->cu_active_number = i->compute_units;
    for (uint32_t engine = 0; engine < MIN(i->shader_engines, 4u); engine++)
        for (uint32_t array = 0; array < MIN(i->arrays_per_engine, 4u); array++)
            d->cu_bitmap[engine][array] = units >= 32 ? UINT32_MAX : (1u << units) - 1;
    d->virtual_address_offset = KFD_VA_START;
    d->virtual_address_max = KFD_VA_LAST + 1;
    d->virtual_address_alignment = d->gart_page_size = PAGE_BYTES;
    d->pte_fragment_size = HUGE_BYTES;
    d->wave_front_size = i->lanes_per_wave;
    d->num_shader_visible_vgprs = 256;
    d->num_cu_per_sh = units;
    out->bytes = sizeof(*d);
    return OK;
}

typedef err_t query_fn(const struct kfd_gpu *gpu, const struct linux_amdgpu_info *q, struct answer *out);
/* NULL: there is no such query. */
static query_fn *find_query(uint32_t number)
{
#define DRM_CALL(...)
#define DRM_REFUSED(...)
#define AMDGPU_QUERY(number_, name, stem, status, note) \
    case number_: return query_##stem;
    switch (number) {
#include "abi/drm_ioctls.def"
    }
#undef AMDGPU_QUERY
#undef DRM_CALL
#undef DRM_REFUSED
    return NULL;
}

static err_t render_info(const struct kfd_gpu *gpu, uint32_t request, uint64_t address)
{
    struct linux_amdgpu_info q;
    struct answer answer;
    memset(&answer, 0, sizeof(answer));
    err_t e = user_copy_in(&q, UADDR(address), sizeof(q));
    if (failed(e)) return e;
    query_fn *query = find_query(q.query);
    if (!query) unsupported_note(CHANNEL_STAT_IOCTL, request);
    if (!query || !q.return_size || !q.return_pointer) return ERR_INVALID;
    e = query(gpu, &q, &answer);
    if (failed(e)) return e;
    return user_copy_out(UADDR(q.return_pointer), &answer, MIN((size_t)q.return_size, answer.bytes));
}

/* ---- the file ---- */

static int64_t refuse(uint32_t request, err_t e)
{
    unsupported_note(CHANNEL_STAT_IOCTL, request);
    return e.code;
}

static int64_t render_ioctl(struct file *file, uint32_t request, uint64_t address)
{
    const struct kfd_gpu *gpu = file->context;
    if (request_type(request) != LINUX_DRM_TYPE) return refuse(request, ERR_INVALID);
#define AMDGPU_QUERY(...)
#define DRM_CALL(number, name, stem, status, note) \
    case number: return render_##stem(gpu, request, address).code;
#define DRM_REFUSED(number, name, error, note) \
    case number: return refuse(request, ERR_##error);
    switch (request_number(request)) {
#include "abi/drm_ioctls.def"
    }
#undef AMDGPU_QUERY
#undef DRM_CALL
#undef DRM_REFUSED
    return refuse(request, ERR_INVALID);
}

const struct file_ops render_ops = {
    .name = "renderD",
    .ioctl = render_ioctl,
    .map = kfd_map_buffer,
};
