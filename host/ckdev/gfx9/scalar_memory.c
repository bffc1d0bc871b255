/* SPDX-License-Identifier: Apache-2.0 */
/* Scalar loads, stores, atomics and clocks. [vega-isa 7] */
#include "host/ckdev/gfx9/elements.h"

enum { SCALAR_DWORDS_MAX = 16 };

struct scalar_place {
    uint64_t address;
    uint64_t room; /* bytes from there on that are in the buffer */
};

static struct scalar_place place_of(const struct wave *w, const struct op *op)
{
    const uint32_t *base = &w->sgpr[op->mem.resource];
    uint64_t offset = op->mem.has_imm ? (uint64_t)(int64_t)op->imm : 0;
    if (op->mem.offset_sgpr != SGPR_NONE) offset += w->sgpr[op->mem.offset_sgpr];
    if (!(op->instruction->flags & F_BUFFER)) {
        uint64_t address = (base[0] | (uint64_t)base[1] << 32) + offset;
        return (struct scalar_place){ address & ~3ull, UINT64_MAX };
    }
    uint64_t start = base[0] | (uint64_t)(base[1] & 0xffff) << 32;
    uint64_t stride = base[1] >> 16 & 0x3fff, size = base[2] * (stride ? stride : 1);
    offset &= ~3ull;
    return (struct scalar_place){ (start + offset) & ~3ull, offset < size ? size - offset : 0 };
}

static void run_atomic(struct wave *w, const struct op *op, const struct scalar_place *p)
{
    enum action action = op->instruction->action;
    unsigned dwords = type_dwords(op->instruction->d) / (action == ACTION_ATOMIC_CMPSWAP ? 2 : 1);
    uint64_t data = 0, second = 0, old = 0;
    memcpy(&data, &w->sgpr[op->dest], dwords * 4);
    if (action == ACTION_ATOMIC_CMPSWAP) memcpy(&second, &w->sgpr[op->dest + dwords], dwords * 4);
    if (p->room >= dwords * 4) {
        void *host = p->address % (dwords * 4)
                         ? NULL
                         : worker_translate(w->group->worker, p->address, dwords * 4, GFX9_READ | GFX9_WRITE);
        if (!host) {
            wave_fail_memory(w, op, p->address, GFX9_READ | GFX9_WRITE);
            return;
        }
        old = atomic_apply(host, action, dwords == 2, data, second);
    }
    if (op->mem.glc) memcpy(&w->sgpr[op->dest], &old, dwords * 4);
}

static void run_load_store(struct wave *w, const struct op *op, const struct scalar_place *p)
{
    struct gfx9_worker *worker = w->group->worker;
    unsigned dwords = type_dwords(op->instruction->d), inside = (unsigned)MIN(p->room / 4, (uint64_t)dwords);
    bool load = op->instruction->action == ACTION_LOAD;
    uint32_t data[SCALAR_DWORDS_MAX] = { 0 };
    uint64_t fault;
    bool fine = load ? worker_read(worker, p->address, data, inside * 4, GFX9_READ, &fault)
                     : worker_write(worker, p->address, &w->sgpr[op->dest], inside * 4, &fault);
    if (!fine)
        wave_fail_memory(w, op, fault, load ? GFX9_READ : GFX9_WRITE);
    else if (load)
        memcpy(&w->sgpr[op->dest], data, dwords * 4);
}

static void run_clock(struct wave *w, const struct op *op)
{
    const struct gfx9_launch *launch = &w->group->dispatch->launch;
    uint64_t (*clock)(void *) = op->instruction->action == ACTION_CLOCK ? launch->clock : launch->realtime;
    uint64_t now = clock ? clock(launch->context) : w->retired;
    memcpy(&w->sgpr[op->dest], &now, sizeof now);
}

void run_scalar_memory(struct wave *w, const struct op *op)
{
    enum action action = op->instruction->action;
    if (action == ACTION_CLOCK || action == ACTION_REALTIME) {
        run_clock(w, op);
        return;
    }
    struct scalar_place p = place_of(w, op);
    if (action >= ACTION_ATOMIC_SWAP)
        run_atomic(w, op, &p);
    else
        run_load_store(w, op, &p);
}
