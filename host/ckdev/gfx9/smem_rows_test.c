/* SPDX-License-Identifier: Apache-2.0 */
/* SMEM rows on a lone wave: dwords between memory and scalar registers, clocks, caches. [vega-isa 7] */
#include "tests/gfx9/lone_wave.h"
#include "tests/gfx9/mnemonic.h"
#include "tests/gfx9/rows.h"

enum { ROUNDS = 64 };

static bool is_one_of(const struct instruction *i, const char *const *names, unsigned count)
{
    for (unsigned k = 0; i->encoding == SMEM && k < count; k++)
        if (strcmp(i->name, names[k]) == 0) return true;
    return false;
}

static const char *const idle_names[] = { "s_dcache_inv",    "s_dcache_wb", "s_dcache_inv_vol",
                                          "s_dcache_wb_vol", "s_atc_probe", "s_atc_probe_buffer" };
static const char *const clock_names[] = { "s_memtime", "s_memrealtime" };

static bool is_idle(const struct instruction *i)
{
    return is_one_of(i, idle_names, ARRAY_LENGTH(idle_names));
}
static bool is_clock(const struct instruction *i)
{
    return is_one_of(i, clock_names, ARRAY_LENGTH(clock_names));
}
static bool is_transfer(const struct instruction *i)
{
    return i->encoding == SMEM && !is_idle(i) && !is_clock(i);
}

struct smem {
    struct mnemonic m;
    unsigned base, data, offset_sgpr; /* SGPRs */
    int32_t imm;
    bool in_buffer, has_imm, has_sgpr, glc;
};

/* The first dword, and how many bytes from there on the buffer has. */
static uint64_t address_of(const struct smem *s, uint64_t *room)
{
    const uint32_t *r = lone.wave->sgpr;
    uint64_t offset = (s->has_imm ? (uint64_t)(int64_t)s->imm : 0) + (s->has_sgpr ? r[s->offset_sgpr] : 0);
    uint64_t base = r[s->base] | (uint64_t)r[s->base + 1] << 32;
    *room = UINT64_MAX;
    if (s->in_buffer) {
        uint64_t stride = base >> 48 & 0x3fff, end = (stride ? stride : 1) * r[s->base + 2];
        base &= 0xffffffffffff;
        offset -= offset % 4;
        *room = offset < end ? end - offset : 0;
    }
    return (base + offset) / 4 * 4;
}

static struct smem random_smem(const struct instruction *i)
{
    struct smem s = { .m = mnemonic_read(i->name), .in_buffer = strncmp(i->name, "s_buffer", 8) == 0 };
    s.base = lone_below(s.in_buffer ? 25 : 50) * (s.in_buffer ? 4 : 2);
    s.data = lone_below(22) * 4;
    if (s.m.bytes <= 8 && !mnemonic_compares(&s.m)) s.data += 2 * lone_below(2);
    unsigned form = lone_below(4);
    s.has_imm = form < 2, s.has_sgpr = form > 0;
    s.offset_sgpr = lone_below(102);
    s.imm = lone_one_in(2) ? (int32_t)lone_below(128) : (int32_t)lone_below(1 << 21) - (1 << 20);
    s.glc = lone_one_in(2);
    return s;
}

static void smem_words(const struct instruction *i, const struct smem *s, bool both_fields, uint32_t words[2])
{
    words[0] = 0xc0000000 | (uint32_t)i->opcode << 18 | (uint32_t)s->has_imm << 17 | (uint32_t)s->glc << 16 |
               (uint32_t)both_fields << 14 | s->data << 6 | s->base / 2;
    words[1] = s->has_imm ? (uint32_t)s->imm & 0x1fffff : both_fields ? 0 : s->offset_sgpr;
    if (both_fields) words[1] |= s->offset_sgpr << 25;
}

static void set_smem_scene(const struct smem *s)
{
    uint64_t target = lone_one_in(8) ? lone_any_place(64, 8) : lone_place(64, s->m.bytes == 8 ? 8 : 4);
    lone_set_sgpr(s->offset_sgpr, lone_one_in(8) ? lone_operand() : lone_below(4096));
    uint64_t base = target - (s->has_imm ? (uint64_t)(int64_t)s->imm : 0) -
                    (s->has_sgpr ? lone.wave->sgpr[s->offset_sgpr] : 0);
    lone_set_sgpr(s->base, (uint32_t)base);
    lone_set_sgpr(s->base + 1, (uint32_t)(base >> 32));
    if (s->in_buffer) {
        uint32_t stride = lone_one_in(2) ? 0 : lone_below(40);
        lone_set_sgpr(s->base + 1, (uint32_t)(base >> 32 & 0xffff) | stride << 16 | lone_random() << 30);
        lone_set_sgpr(s->base + 2, lone_one_in(4) ? lone_operand() : lone_below(1 << 15));
    }
    uint64_t room, address = address_of(s, &room);
    if (s->m.kind == MNEMONIC_ATOMIC && lone_may(address, GFX9_READ | GFX9_WRITE) && lone_one_in(2))
        lone_set_memory(address, &lone.wave->sgpr[s->data + (lone_one_in(2) ? s->m.bytes / 4 : 0)],
                        s->m.bytes - address % s->m.bytes);
}

static void model_transfer(const struct smem *s, uint64_t address, uint64_t room)
{
    bool load = s->m.kind == MNEMONIC_LOAD;
    unsigned access = load ? GFX9_READ : GFX9_WRITE;
    uint32_t dwords[16] = { 0 };
    for (unsigned byte = 0; byte < s->m.bytes && byte < room / 4 * 4; byte++) {
        if (!lone_may(address + byte, access)) {
            lone_fault(address + byte, access);
            return;
        }
        uint8_t *at = &lone.model_memory[address + byte - LONE_VA];
        if (load)
            dwords[byte / 4] |= (uint32_t)*at << byte % 4 * 8;
        else
            *at = (uint8_t)(lone.wave->sgpr[s->data + byte / 4] >> byte % 4 * 8);
    }
    for (unsigned k = 0; load && k < s->m.bytes / 4; k++) lone.model->sgpr[s->data + k] = dwords[k];
}

static void model_atomic(const struct smem *s, uint64_t address, uint64_t room)
{
    unsigned dwords = s->m.bytes / 4;
    uint64_t old = 0, first = 0, second = 0;
    memcpy(&first, &lone.wave->sgpr[s->data], s->m.bytes);
    memcpy(&second, &lone.wave->sgpr[s->data + dwords], s->m.bytes);
    if (room >= s->m.bytes) {
        if (address % s->m.bytes || !lone_may(address, GFX9_READ | GFX9_WRITE)) {
            lone_fault(address, GFX9_READ | GFX9_WRITE);
            return;
        }
        uint8_t *at = &lone.model_memory[address - LONE_VA];
        memcpy(&old, at, s->m.bytes);
        uint64_t new = mnemonic_apply(&s->m, old, first, second, 0);
        memcpy(at, &new, s->m.bytes);
    }
    if (s->glc) memcpy(&lone.model->sgpr[s->data], &old, s->m.bytes);
}

static void check_transfer(const struct instruction *i)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint32_t words[2];
        uint64_t room;
        lone_begin();
        struct smem s = random_smem(i);
        smem_words(i, &s, s.has_sgpr && (s.has_imm || lone_one_in(2)), words);
        set_smem_scene(&s);
        uint64_t address = address_of(&s, &room);
        if (s.m.kind == MNEMONIC_ATOMIC)
            model_atomic(&s, address, room);
        else
            model_transfer(&s, address, room);
        lone_run(words);
        lone_check(i->name);
    }
}

ROW_MODEL(scalar_memory_moves_and_changes_dwords_up_to_a_buffer_s_end, is_transfer, check_transfer)

/* ---- clocks and caches ---- */

static uint64_t clock_now(void *context) { return (uintptr_t)context + 0x123456789abcdef0; }
static uint64_t realtime_now(void *context) { return (uintptr_t)context + 0x0fedcba987654321; }

static void check_clock(const struct instruction *i)
{
    lone_begin();
    struct gfx9_launch *launch = &lone.group->dispatch->launch;
    for (unsigned round = 0; round < ROUNDS; round++) {
        lone_begin();
        launch->context = (void *)(uintptr_t)lone_random();
        launch->clock = lone_one_in(2) ? clock_now : NULL;
        launch->realtime = lone_one_in(2) ? realtime_now : NULL;
        lone.wave->retired = lone.model->retired = lone_random();
        uint64_t (*clock)(void *) = strcmp(i->name, "s_memtime") == 0 ? launch->clock : launch->realtime;
        uint64_t now = clock ? clock(launch->context) : lone.wave->retired; /* without one: what was done */
        unsigned data = lone_below(51) * 2;
        lone.model->sgpr[data] = (uint32_t)now;
        lone.model->sgpr[data + 1] = (uint32_t)(now >> 32);
        lone_run((uint32_t[]){ 0xc0000000 | (uint32_t)i->opcode << 18 | data << 6, 0 });
        lone_check(i->name);
    }
    launch->clock = launch->realtime = NULL;
}

static void check_idle(const struct instruction *i)
{
    lone_begin();
    lone_run((uint32_t[]){ 0xc0000000 | (uint32_t)i->opcode << 18, 0 });
    lone_check(i->name);
}

ROW_MODEL(clocks_are_the_caller_s_or_count_instructions, is_clock, check_clock)
ROW_MODEL(scalar_cache_control_changes_nothing, is_idle, check_idle)
