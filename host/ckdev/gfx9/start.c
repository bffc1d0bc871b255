/* SPDX-License-Identifier: Apache-2.0 */
/* What a wave finds in its registers. [llvm-amdgpu, Initial Kernel Execution State] */
#include "host/ckdev/gfx9/wave.h"

#include "host/ckdev/gfx9/descriptor.h"

enum { USER_SGPRS_MAX = 16 };

struct sgpr_writer {
    struct wave *wave;
    unsigned next, limit;
};

static void put(struct sgpr_writer *s, bool enabled, const void *from, unsigned dwords)
{
    for (unsigned k = 0; enabled && k < dwords; k++)
        if (s->next < s->limit) s->wave->sgpr[s->next++] = ((const uint32_t *)from)[k];
}

static void put_user_sgprs(struct sgpr_writer *s, const struct gfx9_dispatch *dispatch)
{
    const struct gfx9_launch *l = &dispatch->launch;
    uint32_t p = dispatch->properties;
    put(s, field_get(p, PROPERTY_PRIVATE_SEGMENT_BUFFER), l->scratch_resource, 4);
    put(s, field_get(p, PROPERTY_DISPATCH_PTR), &l->packet, 2);
    put(s, field_get(p, PROPERTY_QUEUE_PTR), &l->queue, 2);
    put(s, field_get(p, PROPERTY_KERNARG_SEGMENT_PTR), &l->kernarg, 2);
    put(s, field_get(p, PROPERTY_DISPATCH_ID), &l->dispatch_id, 2);
    put(s, field_get(p, PROPERTY_FLAT_SCRATCH_INIT), &l->scratch_base, 2);
    put(s, field_get(p, PROPERTY_PRIVATE_SEGMENT_SIZE), &l->private_segment_bytes, 1);
    for (unsigned k = 0; k < 3; k++) put(s, field_get(p, FIELD(7 + k, 7 + k)), &dispatch->groups[k], 1);
}

static void put_system_sgprs(struct sgpr_writer *s, const struct gfx9_group *group)
{
    uint32_t rsrc2 = group->dispatch->pgm_rsrc2, info = group->wave_count & 63;
    enum { FIRST_WAVE = 1u << 31 };
    if (s->wave->number == 0) info |= FIRST_WAVE;
    put(s, field_get(rsrc2, RSRC2_TGID_X), &group->id[0], 1);
    put(s, field_get(rsrc2, RSRC2_TGID_Y), &group->id[1], 1);
    put(s, field_get(rsrc2, RSRC2_TGID_Z), &group->id[2], 1);
    put(s, field_get(rsrc2, RSRC2_TG_SIZE), &info, 1);
    put(s, field_get(rsrc2, RSRC2_SCRATCH_EN), &s->wave->scratch_offset, 1);
}

static void put_item_ids(struct wave *w, const uint32_t sizes[3], unsigned highest)
{
    uint32_t items = sizes[0] * sizes[1] * sizes[2], first = w->number * LANES;
    uint64_t exec = 0;
    for (unsigned lane = 0; lane < LANES && first + lane < items; lane++) {
        uint32_t item = first + lane;
        exec |= 1ull << lane;
        w->vgpr[0][lane] = item % sizes[0];
        if (highest >= 1) w->vgpr[1][lane] = item / sizes[0] % sizes[1];
        if (highest >= 2) w->vgpr[2][lane] = item / sizes[0] / sizes[1];
    }
    WAVE_EXEC(w) = exec;
}

void wave_start(struct wave *w, struct gfx9_group *group, unsigned number, const uint32_t sizes[3],
                uint32_t slot)
{
    const struct gfx9_dispatch *dispatch = group->dispatch;
    unsigned dirty = MAX(dispatch->vgprs, group->worker->vgprs_touched);
    memset(w->vgpr, 0, dirty * sizeof w->vgpr[0]);
    memset((uint8_t *)w + offsetof(struct wave, lane_mask), 0, sizeof *w - offsetof(struct wave, lane_mask));
    w->group = group;
    w->number = number;
    w->pc = dispatch->entry;
    w->scratch_offset = (slot * dispatch->waves + number) * dispatch->launch.scratch_wave_bytes;
    uint32_t rsrc1 = dispatch->pgm_rsrc1;
    uint64_t mode = field_get(rsrc1, RSRC1_FLOAT_MODE);
    mode = field_set(mode, MODE_DX10_CLAMP, field_get(rsrc1, RSRC1_DX10_CLAMP));
    mode = field_set(mode, MODE_IEEE, field_get(rsrc1, RSRC1_IEEE_MODE));
    mode = field_set(mode, MODE_F16_OVFL, field_get(rsrc1, RSRC1_FP16_OVFL));
    wave_set_mode(w, (uint32_t)mode);
    struct sgpr_writer s = { w, 0, USER_SGPRS_MAX };
    put_user_sgprs(&s, dispatch);
    s.next = (unsigned)field_get(dispatch->pgm_rsrc2, RSRC2_USER_SGPR);
    s.limit = GFX9_SGPRS;
    put_system_sgprs(&s, group);
    put_item_ids(w, sizes, (unsigned)field_get(dispatch->pgm_rsrc2, RSRC2_TIDIG_COMP_CNT));
}
