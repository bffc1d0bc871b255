/* SPDX-License-Identifier: Apache-2.0 */
/* What AMD's render nodes are asked. [libdrm amdgpu_drm.h, which is Linux's uapi drm/amdgpu_drm.h] */
#pragma once
#include "lib/base.h"

struct linux_amdgpu_info {
    uint64_t return_pointer;
    uint32_t return_size; /* an answer that is longer is cut */
    uint32_t query;
    union {
        struct {
            uint32_t dword_offset, count, instance, flags;
        } read_mmr_reg;
        struct {
            uint32_t fw_type, ip_instance, index, pad;
        } query_fw;
    };
};
_Static_assert(sizeof(struct linux_amdgpu_info) == 32, "fixed by the ABI");

enum { LINUX_AMDGPU_FAMILY_AI = 141 }; /* Vega 10 to 20: GFX9 */

struct linux_amdgpu_info_device {
    uint32_t device_id, chip_rev, external_rev, pci_rev, family;
    uint32_t num_shader_engines, num_shader_arrays_per_engine;
    uint32_t gpu_counter_freq;                   /* kHz */
    uint64_t max_engine_clock, max_memory_clock; /* kHz */
    uint32_t cu_active_number, cu_ao_mask;
    uint32_t cu_bitmap[4][4]; /* of an engine's arrays */
    uint32_t enabled_rb_pipes_mask, num_rb_pipes, num_hw_gfx_contexts, pad0;
    uint64_t ids_flags;
    uint64_t virtual_address_offset, virtual_address_max;
    uint32_t virtual_address_alignment, pte_fragment_size, gart_page_size;
    uint32_t ce_ram_size, vram_type, vram_bit_width, vce_harvest_config, gc_double_offchip_lds_buf;
    uint64_t prim_buf_gpu_addr, pos_buf_gpu_addr, cntl_sb_buf_gpu_addr, param_buf_gpu_addr;
    uint32_t prim_buf_size, pos_buf_size, cntl_sb_buf_size, param_buf_size;
    uint32_t wave_front_size, num_shader_visible_vgprs, num_cu_per_sh, num_tcc_blocks;
    uint32_t gs_vgt_table_depth, gs_prim_buffer_depth, max_gs_waves_per_vgt, pad1;
    uint32_t cu_ao_bitmap[4][4];
    uint64_t high_va_offset, high_va_max;
    uint32_t pa_sc_tile_steering_override, pad2;
    uint64_t tcc_disabled_mask;
};

struct linux_amdgpu_info_vram_gtt {
    uint64_t vram_size, vram_cpu_accessible_size, gtt_size;
};

struct linux_amdgpu_info_firmware {
    uint32_t ver, feature;
};
