/* SPDX-License-Identifier: Apache-2.0 */
/* Memory instructions on one wave: what each loads, stores and changes, where it may not, and what the caller
 * is told. */
#include "host/ckdev/gfx9/elements.h"
#include "tests/harness/test.h"

#include <stdlib.h>

enum { MEMORY_BYTES = 16384, ADDRESS = 2, DATA = 4, DEST = 12 };
static const uint64_t VA = 0x7f3300000000;

static uint8_t memory_bytes[MEMORY_BYTES] ALIGNED(4096);
static struct gfx9_memory memory;
static unsigned translations;
static struct gfx9_dispatch dispatch;
static struct gfx9_group *group;
static struct wave *wave;

static void *translate(struct gfx9_memory *m UNUSED, uint64_t va, unsigned access, uint64_t *span_bytes)
{
    translations++;
    if (va < VA || va >= VA + MEMORY_BYTES || (access & GFX9_EXECUTE)) return NULL;
    if ((access & GFX9_WRITE) && va - VA >= MEMORY_BYTES - 4096) return NULL; /* the last page is read-only */
    *span_bytes = VA + MEMORY_BYTES - va;
    return memory_bytes + (va - VA);
}

static void prepare(void)
{
    if (!group) {
        gfx9_memory_init(&memory, translate);
        dispatch.launch = (struct gfx9_launch){ .memory = &memory,
                                                .lds_aperture = GFX9_LDS_APERTURE,
                                                .scratch_aperture = GFX9_SCRATCH_APERTURE };
        group = aligned_alloc(64, align_up(sizeof *group, 64));
        memset(group, 0, sizeof *group);
        group->worker = gfx9_worker_create();
        group->worker->memory = &memory;
        group->dispatch = &dispatch;
        group->wave_count = 1;
        wave = aligned_alloc(64, sizeof *wave);
    }
    memset(wave, 0, sizeof *wave);
    memset(&group->error, 0, sizeof group->error);
    group->lds_bytes = 1024;
    dispatch.launch.scratch_wave_bytes = 64 * 64;
    wave->group = group;
    wave_set_mode(wave, 0xc0);
    WAVE_EXEC(wave) = UINT64_MAX;
    for (unsigned k = 0; k < MEMORY_BYTES; k++) memory_bytes[k] = (uint8_t)(k * 7 + k / 256);
    for (unsigned k = 0; k < 1024; k++) group->lds[k] = (uint8_t)(k * 13 + 1);
    for (unsigned v = DATA; v < 32; v++)
        for (unsigned lane = 0; lane < LANES; lane++)
            wave->vgpr[v][lane] = v * 0x01030507u + lane * 0x00110013u;
}

/* Every lane's address in a pair of registers. */
static void set_addresses(uint64_t base, unsigned stride)
{
    for (unsigned lane = 0; lane < LANES; lane++) {
        uint64_t address = base + (uint64_t)lane * stride;
        wave->vgpr[ADDRESS][lane] = (uint32_t)address;
        wave->vgpr[ADDRESS + 1][lane] = (uint32_t)(address >> 32);
    }
}

static bool run_words(uint32_t first, uint32_t second)
{
    uint32_t words[2] = { first, second };
    struct op op;
    if (!gfx9_decode(words, 2, &op)) return false;
    gfx9_prepare(&op);
    wave->pc = 0x1000;
    op.run(wave, &op);
    return wave->state != WAVE_FAILED;
}

static bool run_flat_op(unsigned opcode, unsigned segment, unsigned offset, bool glc)
{
    return run_words(0xdc000000 | opcode << 18 | (uint32_t)glc << 16 | segment << 14 | (offset & 0x1fff),
                     ADDRESS | DATA << 8 | (segment == SEGMENT_FLAT ? 0u : 0x7fu) << 16 | DEST << 24);
}

static uint64_t bytes_at(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    memcpy(&value, from, bytes);
    return value;
}

TEST(loads_of_every_size_extend_and_fill_their_registers)
{
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        if (i->encoding != FLAT || i->action != ACTION_LOAD) continue;
        for (unsigned segment = 0; segment <= SEGMENT_GLOBAL; segment += 2) {
            prepare();
            set_addresses(VA + 8, 20);
            EXPECT(run_flat_op(i->opcode, segment, 12, false));
            for (unsigned lane = 0; lane < LANES; lane++) {
                const uint8_t *from = memory_bytes + 20 + lane * 20;
                uint32_t old = DEST * 0x01030507u + lane * 0x00110013u,
                         value = (uint32_t)bytes_at(from, MIN(type_bytes(i->d), 4u));
                if (i->d == T_I8) value = (uint32_t)(int8_t)value;
                if (i->d == T_I16) value = (uint32_t)(int16_t)value;
                if (i->flags & F_D16)
                    value = i->flags & F_D16_HIGH ? (old & 0xffff) | value << 16
                                                  : (old & 0xffff0000) | (value & 0xffff);
                EXPECT_EQ(wave->vgpr[DEST][lane], value);
                for (unsigned k = 1; k < type_dwords(i->d); k++)
                    EXPECT_EQ(wave->vgpr[DEST + k][lane], bytes_at(from + 4 * k, 4));
            }
        }
    }
}

TEST(stores_write_their_bytes_and_no_others)
{
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        if (i->encoding != FLAT || i->action != ACTION_STORE) continue;
        prepare();
        WAVE_EXEC(wave) = 0x5555555555555555;
        set_addresses(VA + 64, 24);
        EXPECT(run_flat_op(i->opcode, SEGMENT_GLOBAL, (unsigned)-4, false));
        uint8_t expected[MEMORY_BYTES];
        for (unsigned k = 0; k < MEMORY_BYTES; k++) expected[k] = (uint8_t)(k * 7 + k / 256);
        for (unsigned lane = 0; lane < LANES; lane += 2) {
            uint32_t data[4];
            for (unsigned k = 0; k < 4; k++) data[k] = wave->vgpr[DATA + k][lane];
            if (i->flags & F_D16_HIGH) data[0] >>= 16;
            memcpy(expected + 60 + lane * 24, data, type_bytes(i->a));
        }
        EXPECT(memcmp(expected, memory_bytes, sizeof expected) == 0);
    }
}

/* What an atomic of this name makes of a value: written down once more from the manual. */
static uint64_t atomic_by_name(const char *name, uint64_t old, uint64_t data, uint64_t compare, bool wide)
{
    int64_t so = wide ? (int64_t)old : (int32_t)old, sd = wide ? (int64_t)data : (int32_t)data;
    if (strstr(name, "cmpswap")) return old == compare ? data : old;
    if (strstr(name, "swap")) return data;
    if (strstr(name, "add")) return old + data;
    if (strstr(name, "sub")) return old - data;
    if (strstr(name, "smin")) return (uint64_t)(so < sd ? so : sd);
    if (strstr(name, "smax")) return (uint64_t)(so > sd ? so : sd);
    if (strstr(name, "umin")) return old < data ? old : data;
    if (strstr(name, "umax")) return old > data ? old : data;
    if (strstr(name, "and")) return old & data;
    if (strstr(name, "xor")) return old ^ data;
    if (strstr(name, "or")) return old | data;
    if (strstr(name, "inc")) return old >= data ? 0 : old + 1;
    return old == 0 || old > data ? data : old - 1; /* dec */
}

TEST(atomics_change_memory_and_return_what_was_there)
{
    static const uint64_t values[] = {
        0, 1, 5, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX
    };
    enum { V = ARRAY_LENGTH(values) };
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        if (i->encoding != FLAT || !(i->flags & F_ATOMIC)) continue;
        bool wide = type_dwords(i->d) == 2;
        for (unsigned glc = 0; glc < 2; glc++) {
            uint64_t expected[LANES];
            prepare();
            set_addresses(VA, 8);
            for (unsigned lane = 0; lane < LANES; lane++) {
                uint64_t old = values[lane % V], data = values[lane / V % V],
                         compare = lane & 1 ? old : data + 1;
                if (!wide) old = (uint32_t)old, data = (uint32_t)data, compare = (uint32_t)compare;
                memcpy(memory_bytes + lane * 8, &old, 8);
                unsigned dwords = wide ? 2 : 1;
                wave->vgpr[DATA][lane] = (uint32_t)data;
                if (wide) wave->vgpr[DATA + 1][lane] = (uint32_t)(data >> 32);
                wave->vgpr[DATA + dwords][lane] = (uint32_t)compare;
                if (wide) wave->vgpr[DATA + 3][lane] = (uint32_t)(compare >> 32);
                expected[lane] = atomic_by_name(i->name, old, data, compare, wide);
                if (!wide) expected[lane] = (uint32_t)expected[lane];
            }
            EXPECT(run_flat_op(i->opcode, SEGMENT_GLOBAL, 0, glc));
            for (unsigned lane = 0; lane < LANES; lane++) {
                EXPECT_EQ(bytes_at(memory_bytes + lane * 8, 8), expected[lane]);
                uint32_t untouched = DEST * 0x01030507u + lane * 0x00110013u;
                EXPECT_EQ(wave->vgpr[DEST][lane], glc ? (uint32_t)values[lane % V] : untouched);
            }
        }
    }
}

TEST(what_may_not_be_accessed_ends_the_wave_and_names_the_address)
{
    prepare();
    set_addresses(VA + MEMORY_BYTES - 4 * 63, 4); /* the last lane is outside */
    EXPECT(!run_flat_op(20, SEGMENT_GLOBAL, 0, false));
    EXPECT_EQ(group->error.kind, GFX9_ERROR_MEMORY);
    EXPECT_EQ(group->error.address, VA + MEMORY_BYTES);
    EXPECT_EQ(group->error.access, GFX9_READ);
    prepare();
    set_addresses(VA + MEMORY_BYTES - 4096, 4);
    EXPECT(!run_flat_op(28, SEGMENT_GLOBAL, 0, false));
    EXPECT_EQ(group->error.access, GFX9_WRITE);
    EXPECT(strstr(group->error.text, "write to") != NULL);
}

TEST(flat_addresses_reach_the_work_group_s_memory_and_the_lane_s_own)
{
    prepare();
    set_addresses(GFX9_LDS_APERTURE + 16, 8);
    EXPECT(run_flat_op(20, SEGMENT_FLAT, 4, false));
    for (unsigned lane = 0; lane < LANES; lane++)
        EXPECT_EQ(wave->vgpr[DEST][lane], bytes_at(group->lds + 20 + 8 * lane, 4));
    prepare();
    wave->sgpr64[SRC_FLAT_SCRATCH / 2] = VA;
    set_addresses(GFX9_SCRATCH_APERTURE + 8, 0);
    EXPECT(run_flat_op(28, SEGMENT_FLAT, 4, false));
    for (unsigned lane = 0; lane < LANES; lane++)
        EXPECT_EQ(bytes_at(memory_bytes + 3 * 256 + 4 * lane, 4), wave->vgpr[DATA][lane]);
    prepare();
    set_addresses(GFX9_SCRATCH_APERTURE + 64, 0); /* 64 bytes are each lane's */
    EXPECT(!run_flat_op(20, SEGMENT_FLAT, 0, false));
    EXPECT_EQ(group->error.address, GFX9_SCRATCH_APERTURE + 64);
}

TEST(work_group_memory_ends_where_the_dispatch_said)
{
    prepare();
    for (unsigned lane = 0; lane < LANES; lane++) wave->vgpr[ADDRESS][lane] = 1000 + lane;
    EXPECT(run_words(0xd8000000 | 54u << 17, ADDRESS | DEST << 24));
    for (unsigned lane = 0; lane < LANES; lane++)
        EXPECT_EQ(wave->vgpr[DEST][lane], lane <= 20 ? bytes_at(group->lds + 1000 + lane, 4) : 0);
    EXPECT(run_words(0xd8000000 | 13u << 17, ADDRESS | DATA << 8));
    for (unsigned k = 1024; k < 1100; k++) EXPECT_EQ(group->lds[k], 0);
}

TEST(pairs_of_work_group_loads_take_both_addresses_from_the_old_register)
{
    prepare();
    for (unsigned lane = 0; lane < LANES; lane++) wave->vgpr[ADDRESS][lane] = 4 * lane;
    EXPECT(run_words(0xd8000000 | 55u << 17 | 3 << 8 | 1,
                     ADDRESS | ADDRESS << 24)); /* into the address itself */
    for (unsigned lane = 0; lane < LANES; lane++) {
        EXPECT_EQ(wave->vgpr[ADDRESS][lane], bytes_at(group->lds + 4 * lane + 4, 4));
        EXPECT_EQ(wave->vgpr[ADDRESS + 1][lane], bytes_at(group->lds + 4 * lane + 12, 4));
    }
}

TEST(buffers_give_zeros_beyond_their_end)
{
    prepare();
    wave->sgpr[8] = (uint32_t)VA, wave->sgpr[9] = (uint32_t)(VA >> 32), wave->sgpr[10] = 128,
    wave->sgpr[11] = 0;
    for (unsigned lane = 0; lane < LANES; lane++) wave->vgpr[ADDRESS][lane] = 4 * lane;
    EXPECT(run_words(0xe0000000 | 20u << 18 | 1 << 12, ADDRESS | DEST << 8 | 2 << 16 | 128u << 24));
    for (unsigned lane = 0; lane < LANES; lane++)
        EXPECT_EQ(wave->vgpr[DEST][lane], lane < 32 ? bytes_at(memory_bytes + 4 * lane, 4) : 0);
}

TEST(a_translation_is_asked_for_once_until_the_memory_changes)
{
    prepare();
    set_addresses(VA, 4);
    worker_forget_translations(group->worker);
    worker_quiesce(group->worker);
    translations = 0;
    EXPECT(run_flat_op(20, SEGMENT_GLOBAL, 0, false));
    EXPECT(run_flat_op(20, SEGMENT_GLOBAL, 64, false));
    EXPECT_EQ(translations, 1);
    uint64_t epoch = gfx9_memory_changed(&memory);
    EXPECT(!gfx9_worker_has_seen(group->worker, &memory, epoch));
    worker_quiesce(group->worker);
    EXPECT(gfx9_worker_has_seen(group->worker, &memory, epoch));
    EXPECT(run_flat_op(20, SEGMENT_GLOBAL, 0, false));
    EXPECT_EQ(translations, 2);
}

TEST(scalar_loads_take_dwords_and_buffers_end)
{
    prepare();
    wave->sgpr[4] = (uint32_t)VA, wave->sgpr[5] = (uint32_t)(VA >> 32), wave->sgpr[6] = 8, wave->sgpr[7] = 0;
    EXPECT(run_words(0xc0000000 | 2u << 18 | 1 << 17 | 12 << 6 | 2, 0x22)); /* s_load_dwordx4, at a dword */
    for (unsigned k = 0; k < 4; k++) EXPECT_EQ(wave->sgpr[12 + k], bytes_at(memory_bytes + 0x20 + 4 * k, 4));
    EXPECT(run_words(0xc0000000 | 10u << 18 | 1 << 17 | 16 << 6 | 2, 4)); /* s_buffer_load_dwordx4 */
    EXPECT_EQ(wave->sgpr[16], bytes_at(memory_bytes + 4, 4));
    for (unsigned k = 1; k < 4; k++) EXPECT_EQ(wave->sgpr[16 + k], 0);
}
