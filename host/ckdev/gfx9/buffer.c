/* SPDX-License-Identifier: Apache-2.0 */
/* Buffer instructions: addresses are offsets into what a resource of four SGPRs describes, which is also how
 * the private segment is reached. Beyond its end loads give 0 and stores are dropped. [vega-isa 8.1] */
#include "host/ckdev/gfx9/elements.h"

/* The buffer resource. [vega-isa 8.1.8] */
#define RESOURCE_STRIDE       FIELD(29, 16) /* word 1 */
#define RESOURCE_SWIZZLE      FIELD(31, 31)
#define RESOURCE_DATA_FORMAT  FIELD(18, 15) /* word 3 */
#define RESOURCE_INDEX_STRIDE FIELD(22, 21)
#define RESOURCE_ADD_TID      FIELD(23, 23)

struct resource {
    uint64_t base;
    uint64_t records;
    uint32_t stride, index_stride;
    bool swizzle, add_lane;
};

static struct resource read_resource(const uint32_t words[4])
{
    struct resource r = {
        .base = words[0] | (uint64_t)(words[1] & 0xffff) << 32,
        .records = words[2],
        .stride = (uint32_t)field_get(words[1], RESOURCE_STRIDE),
        .index_stride = 8u << field_get(words[3], RESOURCE_INDEX_STRIDE),
        .swizzle = field_get(words[1], RESOURCE_SWIZZLE),
        .add_lane = field_get(words[3], RESOURCE_ADD_TID),
    };
    /* With the lane added, the format's bits are more of the stride. */
    if (r.add_lane) r.stride |= (uint32_t)field_get(words[3], RESOURCE_DATA_FORMAT) << 14;
    return r;
}

struct buffer_place {
    uint64_t index, offset; /* offset: of the register and the instruction */
    uint64_t scalar;
};

static struct buffer_place place_of(const struct wave *w, const struct op *op, const struct resource *r,
                                    unsigned lane, uint32_t scalar)
{
    unsigned vgpr = op->mem.address;
    struct buffer_place p = { .index = r->add_lane ? lane : 0,
                              .offset = (uint64_t)op->imm,
                              .scalar = scalar };
    if (op->mem.idxen) p.index += w->vgpr[vgpr++][lane];
    if (op->mem.offen) p.offset += w->vgpr[vgpr][lane];
    return p;
}

/* The resource counts records where the instruction has an index and they have a size, bytes elsewhere. The
 * scalar offset does not count. */
static bool is_outside(const struct resource *r, const struct buffer_place *p, bool has_index, unsigned bytes)
{
    if (r->stride && has_index) return p->index >= r->records || (r->swizzle && p->offset >= r->stride);
    return p->offset + bytes > r->records;
}

/* Elements of four bytes of neighbouring records lie side by side when swizzled. */
static uint64_t buffer_address(const struct resource *r, const struct buffer_place *p, uint64_t more)
{
    uint64_t offset = p->offset + more;
    if (!r->swizzle) return r->base + p->scalar + offset + r->stride * p->index;
    uint64_t group = p->index / r->index_stride, in_group = p->index % r->index_stride;
    return r->base + p->scalar + (group * r->stride + offset / 4 * 4) * r->index_stride + in_group * 4 +
           offset % 4;
}

static bool read_element(struct wave *w, const struct resource *r, const struct buffer_place *p, uint8_t *to,
                         unsigned bytes, uint64_t *fault)
{
    for (unsigned done = 0, piece; done < bytes; done += piece) {
        piece = r->swizzle ? MIN(bytes - done, (unsigned)(4 - (p->offset + done) % 4)) : bytes;
        if (!worker_read(w->group->worker, buffer_address(r, p, done), to + done, piece, GFX9_READ, fault))
            return false;
    }
    return true;
}

static bool write_element(struct wave *w, const struct resource *r, const struct buffer_place *p,
                          const uint8_t *from, unsigned bytes, uint64_t *fault)
{
    for (unsigned done = 0, piece; done < bytes; done += piece) {
        piece = r->swizzle ? MIN(bytes - done, (unsigned)(4 - (p->offset + done) % 4)) : bytes;
        if (!worker_write(w->group->worker, buffer_address(r, p, done), from + done, piece, fault))
            return false;
    }
    return true;
}

static bool change_element(struct wave *w, const struct op *op, const struct resource *r,
                           const struct buffer_place *p, uint8_t *element, uint64_t *fault)
{
    unsigned dwords = type_dwords(op->instruction->d);
    uint64_t data = 0, second = 0, address = buffer_address(r, p, 0);
    memcpy(&data, element, dwords * 4);
    if (type_dwords(op->instruction->a) > dwords) memcpy(&second, element + dwords * 4, dwords * 4);
    *fault = address;
    if (address % (dwords * 4)) return false;
    void *host = worker_translate(w->group->worker, address, dwords * 4, GFX9_READ | GFX9_WRITE);
    if (!host) return false;
    uint64_t old = atomic_apply(host, op->instruction->action, dwords == 2, data, second);
    memcpy(element, &old, sizeof old);
    return true;
}

void run_buffer(struct wave *w, const struct op *op)
{
    const struct instruction *i = op->instruction;
    struct resource r = read_resource(&w->sgpr[op->mem.resource]);
    uint32_t scalar = (uint32_t)scalar_source(w, op, 0, false);
    bool load = i->action == ACTION_LOAD, store = i->action == ACTION_STORE;
    unsigned type = i->d != T_NO ? i->d : i->a, bytes = type_bytes(type);
    if (op->mem.lds || op->mem.tfe) {
        wave_fail_instruction(w, op, "loads into LDS and TFE are not implemented");
        return;
    }
    for (uint64_t left = WAVE_EXEC(w); left; left &= left - 1) {
        unsigned lane = (unsigned)__builtin_ctzll(left);
        uint8_t element[ELEMENT_BYTES_MAX] = { 0 };
        uint64_t fault;
        struct buffer_place p = place_of(w, op, &r, lane, scalar);
        bool outside = is_outside(&r, &p, op->mem.idxen, bytes), fine = true;
        if (!load) lane_get(w, op, op->mem.data, lane, i->a, element);
        if (outside)
            memset(element, 0, sizeof element);
        else if (load)
            fine = read_element(w, &r, &p, element, bytes, &fault);
        else if (store)
            fine = write_element(w, &r, &p, element, bytes, &fault);
        else
            fine = change_element(w, op, &r, &p, element, &fault);
        if (!fine) {
            unsigned both = GFX9_READ | GFX9_WRITE;
            wave_fail_memory(w, op, fault, load ? GFX9_READ : store ? GFX9_WRITE : both);
            return;
        }
        if (load || (!store && op->mem.glc)) lane_put(w, op, op->dest, lane, type, element);
    }
}
