/* SPDX-License-Identifier: Apache-2.0 */
/* What a wave's special registers mean: MODE, EXEC, hardware registers, apertures. */
#include "host/ckdev/gfx9/wave.h"

#include "lib/bits.h"

#include <xmmintrin.h>

enum {
    MXCSR_QUIET = 0x1f80,
    MXCSR_DENORMALS_IN_ARE_ZERO = 1 << 6,
    MXCSR_FLUSH = 1 << 15,
    MXCSR_ROUNDING_SHIFT = 13
};
enum { DENORM_ALLOW_IN = 1, DENORM_ALLOW_OUT = 2 };

static uint32_t mxcsr_of(unsigned rounding, unsigned denormals)
{
    static const uint8_t host_rounding[] = {
        [ROUND_EVEN] = 0, [ROUND_UP] = 2, [ROUND_DOWN] = 1, [ROUND_ZERO] = 3
    };
    return MXCSR_QUIET | (uint32_t)host_rounding[rounding] << MXCSR_ROUNDING_SHIFT |
           (denormals & DENORM_ALLOW_IN ? 0 : MXCSR_DENORMALS_IN_ARE_ZERO) |
           (denormals & DENORM_ALLOW_OUT ? 0 : MXCSR_FLUSH);
}

void wave_set_mode(struct wave *wave, uint32_t mode)
{
    unsigned round_f32 = (unsigned)field_get(mode, MODE_ROUND_F32),
             round_f64 = (unsigned)field_get(mode, MODE_ROUND_F64);
    unsigned denorm_f32 = (unsigned)field_get(mode, MODE_DENORM_F32);
    unsigned denorm_f64 = (unsigned)field_get(mode, MODE_DENORM_F64);
    struct lane_env *env = &wave->env;
    wave->mode = mode;
    wave->mxcsr[FP_SINGLE] = mxcsr_of(round_f32, denorm_f32);
    wave->mxcsr[FP_SINGLE_FLUSHED] = mxcsr_of(round_f32, 0);
    wave->mxcsr[FP_DOUBLE] = mxcsr_of(round_f64, denorm_f64);
    wave->mxcsr[FP_HOST] = MXCSR_QUIET;
    env->ieee = field_get(mode, MODE_IEEE);
    env->dx10_clamp = field_get(mode, MODE_DX10_CLAMP);
    env->f16_overflow = field_get(mode, MODE_F16_OVFL);
    env->round_f16 = (uint8_t)round_f64;
    env->flush_f32 = !(denorm_f32 & DENORM_ALLOW_IN);
    env->flush_f64 = !(denorm_f64 & DENORM_ALLOW_IN);
    env->flush_f16_in = !(denorm_f64 & DENORM_ALLOW_IN);
    env->flush_f16_out = !(denorm_f64 & DENORM_ALLOW_OUT);
}

enum { /* [vega-isa 5.8, hardware registers] */
       HWREG_MODE = 1,
       HWREG_STATUS = 2,
       HWREG_TRAPSTS = 3,
       HWREG_HW_ID = 4,
       HWREG_GPR_ALLOC = 5,
       HWREG_LDS_ALLOC = 6,
       HWREG_IB_STS = 7,
       HWREG_SH_MEM_BASES = 15,
};

static uint32_t status_of(const struct wave *wave)
{
    enum { SCC = 1 << 0, EXECZ = 1 << 9, VCCZ = 1 << 10, IN_GROUP = 1 << 11, VALID = 1 << 16 };
    return VALID | (wave->scc ? SCC : 0) | (WAVE_EXEC(wave) ? 0 : EXECZ) | (WAVE_VCC(wave) ? 0 : VCCZ) |
           (wave->group->wave_count > 1 ? IN_GROUP : 0);
}

static uint32_t hwreg_read(const struct wave *wave, unsigned id)
{
    const struct gfx9_dispatch *dispatch = wave->group->dispatch;
    const struct gfx9_launch *launch = &dispatch->launch;
    switch (id) {
    case HWREG_MODE: return (uint32_t)field_set(wave->mode, MODE_GPR_IDX_EN, wave->gpr_index_on);
    case HWREG_STATUS: return status_of(wave);
    case HWREG_TRAPSTS: return wave->trap_status;
    case HWREG_HW_ID: return wave->number & 15;
    case HWREG_GPR_ALLOC: return (dispatch->vgprs / 4 - 1) << 8;
    case HWREG_LDS_ALLOC: return (dispatch->lds_bytes + 511) / 512 << 12;
    case HWREG_SH_MEM_BASES:
        return (uint32_t)(launch->lds_aperture >> 48 << 16 | (launch->scratch_aperture >> 48 & 0xffff));
    default: return 0;
    }
}

/* A descriptor has the register's number, the first bit and the number of bits less one. */
uint32_t hwreg_get(struct wave *wave, unsigned descriptor)
{
    uint32_t value = hwreg_read(wave, descriptor & 63);
    return (uint32_t)field_u64(value, descriptor >> 6 & 31, (descriptor >> 11 & 31) + 1);
}

void hwreg_set(struct wave *wave, unsigned descriptor, uint32_t value)
{
    unsigned id = descriptor & 63, offset = descriptor >> 6 & 31, width = (descriptor >> 11 & 31) + 1;
    uint32_t mask = (uint32_t)(field_u64(UINT32_MAX, 0, width) << offset);
    uint32_t changed = (hwreg_read(wave, id) & ~mask) | (value << offset & mask);
    if (id == HWREG_MODE) {
        wave->gpr_index_on = field_get(changed, MODE_GPR_IDX_EN);
        wave_set_mode(wave, changed);
    }
    if (id == HWREG_TRAPSTS) wave->trap_status = changed;
}

uint64_t scalar_source(struct wave *wave, const struct op *op, unsigned k, bool wide)
{
    unsigned code = op->source[k];
    const struct gfx9_launch *launch = &wave->group->dispatch->launch;
    if (code < 128)
        return wide ? wave->sgpr[code] | (uint64_t)wave->sgpr[(code + 1) & 127] << 32 : wave->sgpr[code];
    switch (code) {
    case SRC_CONSTANT: return op->value[k];
    case SRC_SHARED_BASE: return launch->lds_aperture;
    case SRC_SHARED_LIMIT: return launch->lds_aperture | 0xffffffff;
    case SRC_PRIVATE_BASE: return launch->scratch_aperture;
    case SRC_PRIVATE_LIMIT: return launch->scratch_aperture | 0xffffffff;
    case SRC_VCCZ: return WAVE_VCC(wave) == 0;
    case SRC_EXECZ: return WAVE_EXEC(wave) == 0;
    case SRC_SCC: return wave->scc;
    default: return 0; /* POPS: graphics */
    }
}

void wave_refresh_lane_mask(struct wave *wave)
{
    uint64_t exec = WAVE_EXEC(wave);
    if (wave->lane_mask_exec == exec) return;
    wave->lane_mask_exec = exec;
    for (unsigned lane = 0; lane < LANES; lane++) wave->lane_mask[lane] = exec >> lane & 1 ? UINT32_MAX : 0;
}
