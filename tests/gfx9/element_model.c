/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gfx9/element_model.h"

struct element_place element_at(uint64_t address, bool is_lds)
{
    struct element_place place = { .is_lds = is_lds, .is_loose = is_lds };
    for (unsigned k = 0; k < ELEMENT_MODEL_BYTES; k++) place.byte[k] = address + k;
    return place;
}

static bool is_outside(const struct element_place *place, unsigned bytes)
{
    return place->is_nowhere || (place->is_lds && place->byte[0] + bytes > lone.group->lds_bytes);
}

static bool fetch(const struct element_place *place, unsigned bytes, unsigned access, uint8_t *to)
{
    memset(to, 0, bytes);
    if (is_outside(place, bytes)) return true;
    for (unsigned k = 0; k < bytes; k++) {
        if (!place->is_lds && !lone_may(place->byte[k], GFX9_READ)) return lone_fault(place->byte[k], access);
        to[k] = place->is_lds ? lone.model_lds[place->byte[k]] : lone.model_memory[place->byte[k] - LONE_VA];
    }
    return true;
}

static bool put(const struct element_place *place, unsigned bytes, unsigned access, const uint8_t *from)
{
    if (is_outside(place, bytes)) return true;
    for (unsigned k = 0; k < bytes; k++) {
        if (!place->is_lds && !lone_may(place->byte[k], GFX9_WRITE))
            return lone_fault(place->byte[k], access);
        *(place->is_lds ? &lone.model_lds[place->byte[k]] : &lone.model_memory[place->byte[k] - LONE_VA]) =
            from[k];
    }
    return true;
}

static uint64_t number_at(const uint8_t *bytes, unsigned count)
{
    uint64_t value = 0;
    for (unsigned k = 0; k < count; k++) value |= (uint64_t)bytes[k] << 8 * k;
    return value;
}

static uint64_t number_in(unsigned vgpr, unsigned lane, unsigned bytes)
{
    uint64_t value = lone.wave->vgpr[vgpr][lane];
    return bytes == 8 ? value | (uint64_t)lone.wave->vgpr[vgpr + 1][lane] << 32 : value;
}

static bool load(const struct mnemonic *m, const struct element_place *place, unsigned lane, unsigned dest)
{
    uint8_t bytes[ELEMENT_MODEL_BYTES];
    if (!fetch(place, m->bytes, GFX9_READ, bytes)) return false;
    if (m->bytes >= 4) {
        for (unsigned k = 0; k < m->bytes; k += 4)
            lone.model->vgpr[dest + k / 4][lane] = (uint32_t)number_at(bytes + k, 4);
        return true;
    }
    uint32_t value = (uint32_t)number_at(bytes, m->bytes), *to = &lone.model->vgpr[dest][lane];
    if (m->is_signed && bytes[m->bytes - 1] & 0x80) value |= m->bytes == 1 ? 0xffffff00 : 0xffff0000;
    if (m->upper)
        value = value << 16 | (*to & 0xffff);
    else if (m->keeps_half)
        value = (value & 0xffff) | (*to & 0xffff0000);
    *to = value;
    return true;
}

static bool store(const struct mnemonic *m, const struct element_place *place, unsigned lane, unsigned data)
{
    uint8_t bytes[ELEMENT_MODEL_BYTES];
    for (unsigned k = 0; k < m->bytes; k++)
        bytes[k] = (uint8_t)(lone.wave->vgpr[data + k / 4][lane] >> (k % 4 * 8 + (m->upper ? 16 : 0)));
    return put(place, m->bytes, GFX9_WRITE, bytes);
}

static bool change(const struct mnemonic *m, const struct element_place *place, unsigned lane, unsigned dest,
                   unsigned data, unsigned second, bool returns)
{
    const unsigned access = GFX9_READ | GFX9_WRITE;
    uint64_t a = number_in(data, lane, m->bytes), b = number_in(second, lane, m->bytes);
    uint8_t bytes[8];
    if (!place->is_loose && !place->is_nowhere &&
        (place->byte[0] % m->bytes || !lone_may(place->byte[0], access)))
        return lone_fault(place->byte[0], access);
    if (!fetch(place, m->bytes, access, bytes)) return false;
    uint64_t old = number_at(bytes, m->bytes), new = mnemonic_apply(m, old, a, b, lone.model->mode);
    for (unsigned k = 0; k < m->bytes; k++) bytes[k] = (uint8_t)(new >> 8 * k);
    if (!put(place, m->bytes, access, bytes)) return false;
    if (!returns) return true;
    lone.model->vgpr[dest][lane] = (uint32_t)old;
    if (m->bytes == 8) lone.model->vgpr[dest + 1][lane] = (uint32_t)(old >> 32);
    return true;
}

bool element_move(const struct mnemonic *m, const struct element_place *place, unsigned lane, unsigned dest,
                  unsigned data, unsigned second, bool returns)
{
    if (m->kind == MNEMONIC_LOAD) return load(m, place, lane, dest);
    if (m->kind == MNEMONIC_STORE) return store(m, place, lane, data);
    return change(m, place, lane, dest, data, second, returns);
}

static void seed_memory(const struct element_place *place, const uint8_t *bytes, unsigned count)
{
    if (is_outside(place, count)) return;
    for (unsigned k = 0; k < count; k++) {
        if (place->is_lds)
            lone_set_lds(place->byte[k], bytes + k, 1);
        else if (lone_may(place->byte[k], GFX9_READ))
            lone_set_memory(place->byte[k], bytes + k, 1);
    }
}

void element_prepare_atomic(const struct mnemonic *m, const struct element_place *place, unsigned lane,
                            unsigned data, unsigned second)
{
    for (unsigned k = 0; k < m->bytes / 4; k++) {
        lone_set_vgpr(data + k, lane, lone_operand());
        lone_set_vgpr(second + k, lane, lone_operand());
    }
    uint32_t values[2] = { lone_operand(), lone_operand() };
    unsigned like = lone_below(4) == 0 ? data : second;
    for (unsigned k = 0; k < m->bytes / 4 && lone_one_in(2); k++)
        values[k] = lone.model->vgpr[like + k][lane];
    if (lone_one_in(8)) values[0] ^= 1;
    seed_memory(place, (const uint8_t *)values, m->bytes);
}
