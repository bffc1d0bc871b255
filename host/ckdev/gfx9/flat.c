/* SPDX-License-Identifier: Apache-2.0 */
/* flat_, global_ and scratch_ instructions: each lane has an address of its own. [vega-isa 9] */
#include "host/ckdev/gfx9/elements.h"

enum where { IN_MEMORY, IN_LDS, IN_SCRATCH };

static uint64_t sgpr_pair(const struct wave *w, unsigned sgpr)
{
    return w->sgpr[sgpr] | (uint64_t)w->sgpr[(sgpr + 1) & 127] << 32;
}

/* The lane's address; LDS and scratch as offsets into them. */
static uint64_t flat_address(const struct wave *w, const struct op *op, unsigned lane, enum where *where)
{
    const struct gfx9_launch *launch = &w->group->dispatch->launch;
    uint64_t low = w->vgpr[op->mem.address][lane], offset = (uint64_t)(int64_t)op->imm;
    bool has_sgpr = op->mem.offset_sgpr != SGPR_NONE;
    *where = IN_MEMORY;
    if (op->mem.segment == SEGMENT_SCRATCH) {
        *where = IN_SCRATCH;
        return (uint32_t)((has_sgpr ? w->sgpr[op->mem.offset_sgpr] : low) + offset);
    }
    if (has_sgpr) return sgpr_pair(w, op->mem.offset_sgpr) + low + offset;
    uint64_t address = (low | (uint64_t)w->vgpr[op->mem.address + 1][lane] << 32) + offset;
    if (op->mem.segment == SEGMENT_GLOBAL) return address;
    uint64_t aperture = address & ~0xffffffffull;
    if (aperture == launch->lds_aperture) *where = IN_LDS;
    if (aperture == launch->scratch_aperture) *where = IN_SCRATCH;
    return *where == IN_MEMORY ? address : (uint32_t)address;
}

static bool load_element(struct wave *w, enum where where, unsigned lane, uint64_t address, uint8_t *to,
                         unsigned bytes, uint64_t *fault)
{
    if (where == IN_SCRATCH) return scratch_read(w, lane, address, to, bytes, fault);
    if (where == IN_LDS) {
        lds_read(w->group, address, to, bytes);
        return true;
    }
    return worker_read(w->group->worker, address, to, bytes, GFX9_READ, fault);
}

static bool store_element(struct wave *w, enum where where, unsigned lane, uint64_t address,
                          const uint8_t *from, unsigned bytes, uint64_t *fault)
{
    if (where == IN_SCRATCH) return scratch_write(w, lane, address, from, bytes, fault);
    if (where == IN_LDS) {
        lds_write(w->group, address, from, bytes);
        return true;
    }
    return worker_write(w->group->worker, address, from, bytes, fault);
}

static bool flat_load(struct wave *w, const struct op *op, unsigned lane, uint64_t *fault)
{
    unsigned type = op->instruction->d, bytes = type_bytes(type);
    uint8_t element[ELEMENT_BYTES_MAX];
    enum where where;
    uint64_t address = flat_address(w, op, lane, &where);
    const uint32_t *host;
    if (bytes == 4 && where == IN_MEMORY && address % 4 == 0 &&
        (host = worker_translate(w->group->worker, address, 4, GFX9_READ))) { /* the common one */
        w->vgpr[op->dest][lane] = __atomic_load_n(host, __ATOMIC_RELAXED);
        return true;
    }
    if (!load_element(w, where, lane, address, element, bytes, fault)) return false;
    lane_put(w, op, op->dest, lane, type, element);
    return true;
}

static bool flat_store(struct wave *w, const struct op *op, unsigned lane, uint64_t *fault)
{
    unsigned type = op->instruction->a;
    uint8_t element[ELEMENT_BYTES_MAX];
    enum where where;
    uint64_t address = flat_address(w, op, lane, &where);
    lane_get(w, op, op->mem.data, lane, type, element);
    return store_element(w, where, lane, address, element, type_bytes(type), fault);
}

/* On scratch nobody else looks, so read and write are enough. */
static bool scratch_atomic(struct wave *w, const struct op *op, unsigned lane, uint64_t address,
                           uint64_t data, uint64_t second, uint64_t *old, uint64_t *fault)
{
    bool wide = type_bytes(op->instruction->d) == 8;
    *old = 0;
    if (!scratch_read(w, lane, address, (uint8_t *)old, wide ? 8 : 4, fault)) return false;
    uint64_t new = atomic_result(op->instruction->action, wide, *old, data, second);
    return scratch_write(w, lane, address, (const uint8_t *)&new, wide ? 8 : 4, fault);
}

static bool change_element(struct wave *w, const struct op *op, unsigned lane, uint64_t data, uint64_t second,
                           uint64_t *old, uint64_t *fault)
{
    bool wide = type_bytes(op->instruction->d) == 8;
    enum where where;
    uint64_t address = flat_address(w, op, lane, &where);
    if (where == IN_SCRATCH) return scratch_atomic(w, op, lane, address, data, second, old, fault);
    if (where == IN_LDS) {
        *old = lds_atomic(w->group, address, op->instruction->action, wide, data, second);
        return true;
    }
    *fault = address;
    if (address % (wide ? 8 : 4)) return false;
    void *host = worker_translate(w->group->worker, address, wide ? 8 : 4, GFX9_READ | GFX9_WRITE);
    if (!host) return false;
    *old = atomic_apply(host, op->instruction->action, wide, data, second);
    return true;
}

static bool flat_atomic(struct wave *w, const struct op *op, unsigned lane, uint64_t *fault)
{
    unsigned type = op->instruction->d, dwords = type_dwords(type);
    uint8_t element[ELEMENT_BYTES_MAX] = { 0 };
    uint64_t data = 0, second = 0, old;
    lane_get(w, op, op->mem.data, lane, op->instruction->a, element);
    memcpy(&data, element, dwords * 4);
    if (type_dwords(op->instruction->a) > dwords) memcpy(&second, element + dwords * 4, dwords * 4);
    if (!change_element(w, op, lane, data, second, &old, fault)) return false;
    if (op->mem.glc) lane_put(w, op, op->dest, lane, type, (const uint8_t *)&old);
    return true;
}

/* The active lanes in order, up to the first that faults. */
static ALWAYS_INLINE void each_lane(struct wave *w, const struct op *op, unsigned access,
                                    bool (*act)(struct wave *, const struct op *, unsigned, uint64_t *))
{
    uint64_t fault;
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1)
        if (!act(w, op, (unsigned)__builtin_ctzll(left), &fault)) {
            wave_fail_memory(w, op, fault, access);
            return;
        }
}

void run_flat(struct wave *w, const struct op *op)
{
    if (op->mem.lds) {
        wave_fail_instruction(w, op, "loads into LDS are not implemented");
        return;
    }
    switch (op->instruction->action) {
    case ACTION_LOAD: each_lane(w, op, GFX9_READ, flat_load); break;
    case ACTION_STORE: each_lane(w, op, GFX9_WRITE, flat_store); break;
    default: each_lane(w, op, GFX9_READ | GFX9_WRITE, flat_atomic);
    }
}
