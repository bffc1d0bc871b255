/* SPDX-License-Identifier: Apache-2.0 */
/* Memory instructions on one wave, as numbers: where each kind of address leads, what the caller is told of a
 * fault, and how often it is asked. What every row does there is in *_rows_test.c. */
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

static bool run_flat_op(unsigned opcode, unsigned segment, unsigned offset)
{
    return run_words(0xdc000000 | opcode << 18 | segment << 14 | (offset & 0x1fff),
                     ADDRESS | DATA << 8 | (segment == SEGMENT_FLAT ? 0u : 0x7fu) << 16 | DEST << 24);
}

static uint64_t bytes_at(const uint8_t *from, unsigned bytes)
{
    uint64_t value = 0;
    memcpy(&value, from, bytes);
    return value;
}

TEST(what_may_not_be_accessed_ends_the_wave_and_names_the_address)
{
    prepare();
    set_addresses(VA + MEMORY_BYTES - 4 * 63, 4); /* the last lane is outside */
    EXPECT(!run_flat_op(20, SEGMENT_GLOBAL, 0));
    EXPECT_EQ(group->error.kind, GFX9_ERROR_MEMORY);
    EXPECT_EQ(group->error.address, VA + MEMORY_BYTES);
    EXPECT_EQ(group->error.access, GFX9_READ);
    prepare();
    set_addresses(VA + MEMORY_BYTES - 4096, 4);
    EXPECT(!run_flat_op(28, SEGMENT_GLOBAL, 0));
    EXPECT_EQ(group->error.access, GFX9_WRITE);
    EXPECT(strstr(group->error.text, "write to") != NULL);
}

TEST(flat_addresses_reach_the_work_group_s_memory_and_the_lane_s_own)
{
    prepare();
    set_addresses(GFX9_LDS_APERTURE + 16, 8);
    EXPECT(run_flat_op(20, SEGMENT_FLAT, 4));
    for (unsigned lane = 0; lane < LANES; lane++)
        EXPECT_EQ(wave->vgpr[DEST][lane], bytes_at(group->lds + 20 + 8 * lane, 4));
    prepare();
    wave->sgpr64[SRC_FLAT_SCRATCH / 2] = VA;
    set_addresses(GFX9_SCRATCH_APERTURE + 8, 0);
    EXPECT(run_flat_op(28, SEGMENT_FLAT, 4));
    for (unsigned lane = 0; lane < LANES; lane++)
        EXPECT_EQ(bytes_at(memory_bytes + 3 * 256 + 4 * lane, 4), wave->vgpr[DATA][lane]);
    prepare();
    set_addresses(GFX9_SCRATCH_APERTURE + 64, 0); /* 64 bytes are each lane's */
    EXPECT(!run_flat_op(20, SEGMENT_FLAT, 0));
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

TEST(a_translation_is_asked_for_once_until_the_memory_changes)
{
    prepare();
    set_addresses(VA, 4);
    worker_forget_translations(group->worker);
    worker_quiesce(group->worker);
    translations = 0;
    EXPECT(run_flat_op(20, SEGMENT_GLOBAL, 0));
    EXPECT(run_flat_op(20, SEGMENT_GLOBAL, 64));
    EXPECT_EQ(translations, 1);
    uint64_t epoch = gfx9_memory_changed(&memory);
    EXPECT(!gfx9_worker_has_seen(group->worker, &memory, epoch));
    worker_quiesce(group->worker);
    EXPECT(gfx9_worker_has_seen(group->worker, &memory, epoch));
    EXPECT(run_flat_op(20, SEGMENT_GLOBAL, 0));
    EXPECT_EQ(translations, 2);
}
