/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/fpu_layout.h"

#define LEAF_XSAVE      0xd
#define CPUID_1_C_XSAVE (1u << 26)
/* Subleaf 1, EAX. [intel-sdm2 CPUID] */
#define HAS_XSAVEOPT (1u << 0)
#define HAS_XINUSE   (1u << 2)
#define HAS_XFD      (1u << 4)
/* The other subleaves, ECX. */
#define IS_SUPERVISOR (1u << 0)
#define IS_ARMED      (1u << 2) /* XFD can make its first use trap */

enum {
    COMPONENT_LAST = 18,
    FRAME_ALIGN = 16,   /* of the stack, below a signal frame */
    END_MARK_BYTES = 4, /* FP_XSTATE_MAGIC2 */
    PARTS_MAX = 6,      /* in the groups below */
};

/* What is turned on as one. The sizes are the architecture's; only the offsets are CPUID's to say. */
static const struct group {
    const char *name;
    uint32_t features, needs;
    struct {
        uint8_t component;
        uint16_t bytes;
    } parts[3];
} groups[] = {
    { "AVX", FPU_AVX, 0, { { 2, 256 } } },
    { "AVX-512", FPU_AVX512, FPU_AVX, { { 5, 64 }, { 6, 512 }, { 7, 1024 } } },
    { "AMX", FPU_AMX, 0, { { 17, 64 }, { 18, 8192 } } },
};
_Static_assert(ARRAY_LENGTH(groups) == FPU_REFUSALS_MAX, "each is refused at most once");

/* What is known so far. */
struct reading {
    struct cpuid (*read)(uint32_t leaf, uint32_t subleaf);
    uint32_t offered, offered_bytes;
    bool has_xfd;
    uint32_t part_count;
    struct part {
        uint32_t start, end;
    } parts[PARTS_MAX]; /* of what is turned on */
};

static bool overlaps(const struct reading *r, uint32_t start, uint32_t end)
{
    for (const struct part *p = r->parts; p < r->parts + r->part_count; p++)
        if (start < p->end && p->start < end) return true;
    return false;
}

/* NULL when it is fine and noted; otherwise what is wrong with it. */
static const char *place_part(struct reading *r, uint32_t component, uint32_t bytes)
{
    struct cpuid part = r->read(LEAF_XSAVE, component);
    uint32_t start = part.ebx, end = start + bytes;
    if (part.eax != bytes) return "a component has another size than the manual says";
    if (part.ecx & IS_SUPERVISOR) return "a component is not ring 3's";
    if (1u << component == FPU_TILE_DATA && !(r->has_xfd && part.ecx & IS_ARMED))
        return "nothing would keep it from those who did not ask";
    if (start < FPU_LEGACY_BYTES + FPU_HEADER_BYTES || start > FPU_AREA_BYTES_MAX - bytes)
        return "a component lies outside any sensible area";
    if (end > r->offered_bytes) return "a component lies outside the CPU's own area";
    if (overlaps(r, start, end)) return "a component overlaps another";
    r->parts[r->part_count++] = (struct part){ start, end };
    return NULL;
}

static const char *place_group(struct reading *r, const struct group *g, struct fpu_layout *out)
{
    uint32_t before = r->part_count, bytes = out->bytes, bytes_max = out->bytes_max;
    if ((r->offered & g->features) != g->features) return "only a part of it is offered";
    if (g->needs & ~out->features) return "what it is built on is off";
    for (size_t i = 0; i < ARRAY_LENGTH(g->parts) && g->parts[i].bytes; i++) {
        const char *why = place_part(r, g->parts[i].component, g->parts[i].bytes);
        if (why) {
            r->part_count = before;
            return why;
        }
        uint32_t end = r->parts[r->part_count - 1].end;
        bytes_max = MAX(bytes_max, end);
        if (1u << g->parts[i].component != FPU_TILE_DATA) bytes = MAX(bytes, end);
    }
    out->features |= g->features;
    out->bytes = bytes;
    out->bytes_max = bytes_max;
    return NULL;
}

void fpu_layout_read(struct fpu_layout *out, struct cpuid (*read)(uint32_t leaf, uint32_t subleaf))
{
    *out = (struct fpu_layout){ .features = FPU_X87 | FPU_SSE,
                                .bytes = FPU_LEGACY_BYTES,
                                .bytes_max = FPU_LEGACY_BYTES };
    bool has_xsave = read(0, 0).eax >= LEAF_XSAVE && read(1, 0).ecx & CPUID_1_C_XSAVE;
    struct cpuid state = has_xsave ? read(LEAF_XSAVE, 0) : (struct cpuid){ 0 };
    if (~state.eax & (FPU_X87 | FPU_SSE)) return;

    uint32_t more = read(LEAF_XSAVE, 1).eax;
    struct reading r;
    r.read = read;
    r.offered = state.eax;
    r.offered_bytes = state.ecx;
    r.has_xfd = more & HAS_XFD;
    r.part_count = 0;
    out->way = more & HAS_XSAVEOPT ? FPU_BY_XSAVEOPT : FPU_BY_XSAVE;
    out->bytes = out->bytes_max = FPU_LEGACY_BYTES + FPU_HEADER_BYTES;
    out->reads_xinuse = more & HAS_XINUSE;
    for (const struct group *g = groups; g < groups + ARRAY_LENGTH(groups); g++) {
        if (!(r.offered & g->features)) continue;
        const char *why = place_group(&r, g, out);
        if (why) out->refusals[out->refusal_count++] = (struct fpu_refusal){ g->name, why };
    }
    out->on_request = out->features & FPU_TILE_DATA;
}

uint32_t fpu_signal_bytes(const struct fpu_layout *layout, uint32_t features)
{
    return fpu_bytes_of(layout, features) + (layout->way == FPU_BY_FXSAVE ? 0 : END_MARK_BYTES);
}

uint32_t fpu_signal_stack_bytes_min(const struct fpu_layout *layout, uint32_t frame_bytes)
{
    uint32_t padding = FPU_AREA_ALIGN - 1 + FRAME_ALIGN - 1; /* where the stack happens to stand */
    uint32_t bytes = fpu_signal_bytes(layout, layout->features) + frame_bytes + padding;
    return (uint32_t)align_up(bytes, FRAME_ALIGN);
}

err_t fpu_request(const struct fpu_layout *layout, uint64_t component, uint32_t *permitted)
{
    if (component > COMPONENT_LAST) return ERR_INVALID;
    if (!(layout->on_request >> component & 1)) return ERR_NOT_SUPPORTED;
    *permitted |= 1u << component;
    return OK;
}
