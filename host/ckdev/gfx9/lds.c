/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a work-group. Its waves take turns on one thread, so nothing here needs to be atomic. */
#include "host/ckdev/gfx9/elements.h"

void lds_read(const struct gfx9_group *group, uint64_t offset, uint8_t *to, unsigned bytes)
{
    if (likely(offset + bytes <= group->lds_bytes && offset <= GFX9_LDS_BYTES_MAX))
        memcpy(to, group->lds + offset, bytes);
    else
        memset(to, 0, bytes);
}

void lds_write(struct gfx9_group *group, uint64_t offset, const uint8_t *from, unsigned bytes)
{
    if (likely(offset + bytes <= group->lds_bytes && offset <= GFX9_LDS_BYTES_MAX))
        memcpy(group->lds + offset, from, bytes);
}

uint64_t lds_atomic(struct gfx9_group *group, uint64_t offset, enum action action, bool wide, uint64_t data,
                    uint64_t second)
{
    uint64_t old = 0;
    lds_read(group, offset, (uint8_t *)&old, wide ? 8 : 4);
    uint64_t new = atomic_result(action, wide, old, data, second);
    lds_write(group, offset, (const uint8_t *)&new, wide ? 8 : 4);
    return old;
}

/* A sum of 32 bits: compilers fold constants into the offset also where the register may be negative. */
static uint32_t lds_address(const struct wave *w, const struct op *op, unsigned lane, unsigned offset)
{
    if (op->instruction->flags & F_ADD_LANE) return (WAVE_M0(w) & 0xffff) + offset + 4 * lane;
    return w->vgpr[op->mem.address][lane] + offset;
}

/* ---- whole dwords: the hot ones, made for each number of them ---- */

static ALWAYS_INLINE void load_dwords(struct wave *w, const uint32_t *addresses, unsigned offset,
                                      unsigned dest, unsigned dwords)
{
    const struct gfx9_group *group = w->group;
    uint64_t exec = WAVE_EXEC(w);
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint32_t element[4] = { 0 };
        uint64_t address = addresses[lane] + offset; /* of 32 bits, as lds_address() */
        if (!(exec >> lane & 1)) continue;
        if (likely(address + dwords * 4 <= group->lds_bytes))
            memcpy(element, group->lds + address, dwords * 4);
        for (unsigned k = 0; k < dwords; k++) w->vgpr[dest + k][lane] = element[k];
    }
}

static ALWAYS_INLINE void store_dwords(struct wave *w, const uint32_t *addresses, unsigned offset,
                                       unsigned data, unsigned dwords)
{
    struct gfx9_group *group = w->group;
    uint64_t exec = WAVE_EXEC(w);
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint32_t element[4];
        uint64_t address = addresses[lane] + offset; /* of 32 bits, as lds_address() */
        if (!(exec >> lane & 1)) continue;
        for (unsigned k = 0; k < dwords; k++) element[k] = w->vgpr[data + k][lane];
        if (likely(address + dwords * 4 <= group->lds_bytes))
            memcpy(group->lds + address, element, dwords * 4);
    }
}

static void move_dwords(struct wave *w, bool load, const uint32_t *addresses, unsigned offset, unsigned vgpr,
                        unsigned dwords)
{
    switch (dwords) {
    case 1:
        load ? load_dwords(w, addresses, offset, vgpr, 1) : store_dwords(w, addresses, offset, vgpr, 1);
        break;
    case 2:
        load ? load_dwords(w, addresses, offset, vgpr, 2) : store_dwords(w, addresses, offset, vgpr, 2);
        break;
    case 3:
        load ? load_dwords(w, addresses, offset, vgpr, 3) : store_dwords(w, addresses, offset, vgpr, 3);
        break;
    default:
        load ? load_dwords(w, addresses, offset, vgpr, 4) : store_dwords(w, addresses, offset, vgpr, 4);
        break;
    }
}

/* Less than a dword, or with an address that is not in a register. */
static void move_parts(struct wave *w, const struct op *op, bool load, unsigned type)
{
    uint8_t element[ELEMENT_BYTES_MAX];
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left), bytes = type_bytes(type);
        uint64_t address = lds_address(w, op, lane, (unsigned)op->imm);
        if (load) {
            lds_read(w->group, address, element, bytes);
            lane_put(w, op, op->dest, lane, type, element);
        } else {
            lane_get(w, op, op->mem.data, lane, type, element);
            lds_write(w->group, address, element, bytes);
        }
    }
}

static void run_lds_plain(struct wave *w, const struct op *op)
{
    const struct instruction *i = op->instruction;
    bool load = i->action == ACTION_LOAD;
    unsigned type = load ? i->d : i->a, vgpr = load ? op->dest : op->mem.data;
    if (type_bytes(type) < 4 || (i->flags & F_ADD_LANE))
        move_parts(w, op, load, type);
    else
        move_dwords(w, load, w->vgpr[op->mem.address], (unsigned)op->imm, vgpr, type_dwords(type));
}

static uint64_t vgpr_value(const struct wave *w, unsigned vgpr, unsigned lane, bool wide)
{
    return w->vgpr[vgpr][lane] | (wide ? (uint64_t)w->vgpr[(vgpr + 1) & 255][lane] << 32 : 0);
}

static void run_lds_atomic(struct wave *w, const struct op *op, unsigned data, unsigned dest, unsigned offset)
{
    const struct instruction *i = op->instruction;
    bool wide = type_bytes(i->a) == 8;
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left);
        uint64_t first = vgpr_value(w, data, lane, wide);
        uint64_t second = i->b != T_NO ? vgpr_value(w, op->mem.data2, lane, wide) : 0;
        uint64_t old = lds_atomic(w->group, lds_address(w, op, lane, offset), i->action, wide, first, second);
        if (i->d != T_NO) lane_put(w, op, dest, lane, wide ? T_B64 : T_B32, (const uint8_t *)&old);
    }
}

static void exchange_two(struct wave *w, const struct op *op, const unsigned offsets[2], bool wide)
{
    unsigned dwords = wide ? 2 : 1;
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left);
        uint64_t old[2];
        for (unsigned k = 0; k < 2; k++) {
            uint64_t value = vgpr_value(w, k ? op->mem.data2 : op->mem.data, lane, wide);
            old[k] = lds_atomic(w->group, lds_address(w, op, lane, offsets[k]), ACTION_ATOMIC_SWAP, wide,
                                value, 0);
        }
        for (unsigned k = 0; k < 2; k++)
            lane_put(w, op, op->dest + k * dwords, lane, wide ? T_B64 : T_B32, (const uint8_t *)&old[k]);
    }
}

/* Two elements, whose offsets count elements. Both addresses come from the register as it was. */
static void run_lds_two(struct wave *w, const struct op *op)
{
    const struct instruction *i = op->instruction;
    bool load = i->action == ACTION_LOAD, wide = type_dwords(load ? i->d : i->a) / (load ? 2 : 1) == 2;
    unsigned dwords = wide ? 2 : 1, unit = 4 * dwords * (i->flags & F_STRIDE64 ? 64 : 1);
    unsigned offsets[2] = { ((unsigned)op->imm & 0xff) * unit, ((unsigned)op->imm >> 8) * unit };
    if (!load && i->action != ACTION_STORE) {
        exchange_two(w, op, offsets, wide);
        return;
    }
    uint32_t addresses[LANES] ALIGNED(64);
    memcpy(addresses, w->vgpr[op->mem.address], sizeof addresses);
    move_dwords(w, load, addresses, offsets[0], load ? op->dest : op->mem.data, dwords);
    move_dwords(w, load, addresses, offsets[1], load ? op->dest + dwords : op->mem.data2, dwords);
}

void run_lds(struct wave *w, const struct op *op)
{
    const struct instruction *i = op->instruction;
    if (op->mem.gds) {
        wave_fail_instruction(w, op, "there is no global data share");
        return;
    }
    wave_set_host_modes(w, op);
    if (i->flags & F_TWO)
        run_lds_two(w, op);
    else if (i->action >= ACTION_ATOMIC_SWAP)
        run_lds_atomic(w, op, op->mem.data, op->dest, (unsigned)op->imm);
    else
        run_lds_plain(w, op);
}

/* ---- between lanes ---- */

/* The lane that ds_swizzle reads, by the offset's three ways to say it. */
static unsigned swizzled_lane(unsigned lane, unsigned control)
{
    unsigned row = lane & 32, n = lane & 31;
    if (control >= 0xc000) { /* rotate */
        unsigned kept = control & 31, by = control >> 5 & 31;
        unsigned moved = control >> 10 & 1 ? n - by : n + by;
        return row | (n & kept) | (moved & ~kept & 31);
    }
    if (control & 0x8000) return (lane & ~3u) | (control >> 2 * (lane & 3) & 3);
    return row | ((((n & (control & 31)) | (control >> 5 & 31)) ^ (control >> 10 & 31)) & 31);
}

static void permute(struct wave *w, const struct op *op)
{
    uint64_t exec = WAVE_EXEC(w);
    uint32_t result[LANES] = { 0 };
    const uint32_t *address = w->vgpr[op->mem.address], *data = w->vgpr[op->mem.data];
    for (unsigned lane = 0; lane < LANES; lane++) {
        unsigned other = (address[lane] + (unsigned)op->imm) / 4 % LANES;
        switch (op->instruction->action) {
        case ACTION_PERMUTE:
            if (exec >> lane & 1) result[other] = data[lane];
            break;
        case ACTION_BPERMUTE:
            if (exec >> other & 1) result[lane] = data[other];
            break;
        default:
            other = swizzled_lane(lane, (unsigned)op->imm);
            if (exec >> other & 1) result[lane] = address[other];
        }
    }
    for (uint64_t left = exec; left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left);
        w->vgpr[op->dest][lane] = result[lane];
    }
}

/* ds_append, ds_consume: a counter, at an address that compilers put into M0 as it is, moves by the number of
 * active lanes, who all get its old value. */
static void count_lanes(struct wave *w, const struct op *op)
{
    uint64_t exec = WAVE_EXEC(w);
    uint64_t count = (uint64_t)__builtin_popcountll(exec),
             address = (WAVE_M0(w) & 0xffff) + (uint64_t)op->imm;
    enum action action = op->instruction->action == ACTION_APPEND ? ACTION_ATOMIC_ADD : ACTION_ATOMIC_SUB;
    uint64_t old = exec ? lds_atomic(w->group, address, action, false, count, 0) : 0;
    for (uint64_t left = exec; left; left &= left - 1)
        w->vgpr[op->dest][__builtin_ctzll(left)] = (uint32_t)old;
}

void run_lds_cross(struct wave *w, const struct op *op)
{
    enum { FFT_MODE = 0xe000 };
    enum action action = op->instruction->action;
    if (op->mem.gds)
        wave_fail_instruction(w, op, "there is no global data share");
    else if (action == ACTION_APPEND || action == ACTION_CONSUME)
        count_lanes(w, op);
    else if (action == ACTION_SWIZZLE && op->imm >= FFT_MODE)
        wave_fail_instruction(w, op, "the FFT pattern is not implemented");
    else
        permute(w, op);
}
