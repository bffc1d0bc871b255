/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/fpu.h"

#include "arch/cpu.h"
#include "arch/usercopy.h"
#include "lib/string.h"

#define MSR_XFD     0x1c4
#define MSR_XFD_ERR 0x1c5

#define MXCSR_INITIAL      0x1f80u /* all exceptions masked, round to nearest [sysv-abi-amd64 3.2.3] */
#define MXCSR_MASK_DEFAULT 0xffbfu /* where FXSAVE says 0 [intel-sdm1 11.6.6] */

/* Offsets in an area. [intel-sdm1 10.5.1] */
enum { AREA_MXCSR = 24, AREA_MXCSR_MASK = 28, AREA_SOFTWARE = 464 };

struct fpu_layout fpu_layout;
struct fpu_counts fpu_counts;
static uint32_t mxcsr_mask;

/* The header marks every component as initial; of the rest only MXCSR would be read. */
static const uint8_t zero_area[FPU_LEGACY_BYTES + FPU_HEADER_BYTES] ALIGNED(64) READ_ONLY_ZEROS;

extern uint8_t *const fpu_sites_start[], *const fpu_sites_end[];

/* The opcode extensions in bits 5:3 of the last byte. [intel-sdm2 A.4.2] */
enum { OP_FXSAVE = 0, OP_FXRSTOR = 1, OP_XSAVE = 4, OP_XRSTOR = 5, OP_XSAVEOPT = 6 };

static void rewrite_sites(enum fpu_way way)
{
    for (uint8_t *const *site = fpu_sites_start; site < fpu_sites_end; site++) {
        uint8_t *last = *site + 3, operation = *last >> 3 & 7;
        if (operation == OP_XSAVEOPT && way == FPU_BY_XSAVE) operation = OP_XSAVE;
        if (way == FPU_BY_FXSAVE) operation = operation == OP_XRSTOR ? OP_FXRSTOR : OP_FXSAVE;
        *last = (uint8_t)((*last & ~(7 << 3)) | operation << 3);
    }
}

static uint32_t read_mxcsr_mask(void)
{
    uint8_t image[FPU_LEGACY_BYTES] ALIGNED(16);
    uint32_t mask;
    __asm__ volatile("fxsave64 %0" : "=m"(image));
    memcpy(&mask, image + AREA_MXCSR_MASK, sizeof(mask));
    return mask ? mask : MXCSR_MASK_DEFAULT;
}

void fpu_init(void)
{
    fpu_layout_read(&fpu_layout, cpuid_read);
    rewrite_sites(fpu_layout.way);
    mxcsr_mask = read_mxcsr_mask();
    fpu_init_cpu();
}

/* Loading zeros leaves MXCSR zero, and the control word too where there is no XSAVE. */
static void reset_registers(void)
{
    const uint32_t mxcsr = MXCSR_INITIAL;
    fpu_load(zero_area, fpu_layout.features);
    __asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

static void allow_tiles(struct percpu *p, bool allowed)
{
    if (!fpu_layout.on_request || p->fpu_allows_tiles == allowed) return;
    msr_write(MSR_XFD, allowed ? 0 : fpu_layout.on_request);
    p->fpu_allows_tiles = allowed;
}

void fpu_init_cpu(void)
{
    if (fpu_layout.way != FPU_BY_FXSAVE) xcr0_write(fpu_layout.features);
    if (fpu_layout.on_request) msr_write(MSR_XFD, fpu_layout.on_request);
}

/* ---- switching ---- */

static bool is_in_use(const struct fpu *fpu) { return (int32_t)fpu->in_use > 0; }

static void turn_on(struct percpu *p)
{
    if (p->fpu_is_off) ts_clear();
    p->fpu_is_off = false;
}

static void turn_off(struct percpu *p)
{
    if (p->fpu_is_off) return;
    reset_registers();
    allow_tiles(p, false);
    ts_set();
    p->fpu_is_off = true;
    p->fpu_resident = NULL;
}

/* Tiles that the last owner used are cleared while they can be: what is armed in XFD is out of reach. */
static void enter(struct percpu *p, struct fpu *to)
{
    bool has_tiles = to->in_use & fpu_layout.on_request;
    turn_on(p);
    if (has_tiles) allow_tiles(p, true);
    fpu_load(to->area, fpu_layout.features);
    if (!has_tiles) allow_tiles(p, false);
}

void fpu_switch_kind(struct fpu *from, struct fpu *to)
{
    struct percpu *p = percpu();
    if (is_in_use(from)) {
        fpu_save(from->area, from->in_use);
        from->resident = p;
        p->fpu_resident = from;
    }
    if (is_in_use(to)) {
        if (p->fpu_resident != to || to->resident != p) enter(p, to);
        to->resident = NULL;
        p->fpu_resident = NULL;
    } else if (to->in_use == FPU_UNUSED) {
        turn_off(p);
    }
}

/* ---- the running thread's state ---- */

/* What loading reads before anything was saved. */
static void init_area(uint8_t *area)
{
    const uint32_t mxcsr = MXCSR_INITIAL;
    memcpy(area + AREA_MXCSR, &mxcsr, sizeof(mxcsr));
    if (fpu_layout.way != FPU_BY_FXSAVE) memset(area + FPU_LEGACY_BYTES, 0, FPU_HEADER_BYTES);
}

void fpu_start(struct fpu *fpu, void *area, uint32_t area_bytes)
{
    ASSERT(is_aligned((uint64_t)area, FPU_AREA_ALIGN) && area_bytes >= fpu_layout.bytes);
    *fpu = (struct fpu){ .in_use = FPU_UNUSED, .area = area, .area_bytes = area_bytes };
    init_area(area);
}

void fpu_reset(struct fpu *fpu)
{
    fpu->in_use = FPU_UNUSED;
    turn_off(percpu());
}

void fpu_clear(struct fpu *fpu)
{
    if (is_in_use(fpu)) reset_registers();
}

/* Not XSAVEOPT: it leaves out what did not change since it was loaded from the same address, and an area that
 * fpu_grow() replaced may be the child's now. [intel-sdm1 13.9] */
static void save_whole(void *area, uint32_t components)
{
    if (CONFIG_DEBUG) fpu_counts.saves++;
    __asm__ volatile(FPU_SITE("xsave64 (%%rdi)") : : "D"(area), "a"(components), "d"(0) : "memory");
}

void fpu_copy(struct fpu *child, const struct fpu *running)
{
    if (!is_in_use(running)) return;
    child->in_use = fpu_default_features(&fpu_layout);
    save_whole(child->area, child->in_use);
}

/* The registers hold the initial state already: turn_off() saw to it. */
static void begin_use(struct fpu *fpu)
{
    if (fpu->in_use != FPU_UNUSED) return;
    turn_on(percpu());
    fpu->in_use = fpu_default_features(&fpu_layout);
    init_area(fpu->area);
}

/* ---- traps ---- */

enum fpu_trap fpu_trap(struct fpu *fpu)
{
    bool wants_tiles = fpu_layout.on_request && msr_read(MSR_XFD_ERR);
    if (wants_tiles) msr_write(MSR_XFD_ERR, 0);
    begin_use(fpu);
    return wants_tiles ? FPU_TRAP_WANTS_TILES : FPU_TRAP_RESOLVED;
}

/* The old area held nothing: the state is in the registers. */
void fpu_grow(struct fpu *fpu, void *area, uint32_t area_bytes)
{
    ASSERT(is_in_use(fpu) && area_bytes >= fpu_layout.bytes_max);
    init_area(area);
    fpu->area = area;
    fpu->area_bytes = area_bytes;
    fpu->in_use = fpu_layout.features;
    allow_tiles(percpu(), true);
}

/* ---- signal frames ---- */

bool fpu_save_to_user(struct fpu *fpu, void *user, const uint8_t head[FPU_HEAD_BYTES], uint32_t mark)
{
    begin_use(fpu);
    if (fpu_layout.way == FPU_BY_FXSAVE)
        return !arch_user_fxsave(user, 0) &&
               !arch_user_copy((uint8_t *)user + AREA_SOFTWARE, head, FPU_SOFTWARE_BYTES);
    return !arch_user_xsave(user, head, fpu->in_use, fpu_bytes_of(&fpu_layout, fpu->in_use), mark);
}

/* The CPU refuses reserved bits as well (emulators do not), but it may have loaded a part by then. */
static bool is_mxcsr_good(const uint8_t *user)
{
    uint32_t mxcsr;
    return !arch_user_read_u32(&mxcsr, user + AREA_MXCSR) && !(mxcsr & ~mxcsr_mask);
}

bool fpu_load_saved_from_user(struct fpu *fpu, const void *user, const uint8_t head[FPU_HEAD_BYTES],
                              uint32_t mark)
{
    if (fpu_layout.way == FPU_BY_FXSAVE || !is_in_use(fpu)) return false;
    return !arch_user_xrstor_whole(user, head, fpu->in_use, fpu_bytes_of(&fpu_layout, fpu->in_use), mark,
                                   ~mxcsr_mask);
}

bool fpu_load_from_user(struct fpu *fpu, const void *user, uint64_t components)
{
    begin_use(fpu);
    bool is_legacy = fpu_layout.way == FPU_BY_FXSAVE || components == FPU_LEGACY_IMAGE;
    uint32_t wanted = is_legacy ? FPU_X87 | FPU_SSE : (uint32_t)components & fpu->in_use;
    if (wanted != fpu->in_use) reset_registers();
    bool is_done = !(wanted & (FPU_SSE | FPU_AVX)) || is_mxcsr_good(user);
    if (is_done) is_done = is_legacy ? !arch_user_fxrstor(user, 0) : !arch_user_xrstor(user, wanted);
    if (!is_done) reset_registers();
    return is_done;
}
