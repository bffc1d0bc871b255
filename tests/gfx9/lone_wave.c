/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gfx9/lone_wave.h"

#include "tests/harness/test.h"

#include <stdlib.h>
#include <xmmintrin.h>

struct lone lone;

static uint8_t memory_bytes[LONE_BYTES] ALIGNED(4096);
static struct gfx9_memory memory;
static struct gfx9_dispatch dispatch;

/* What may be done with each page. */
static const uint8_t page_access[LONE_PAGES] = {
#define RW (GFX9_READ | GFX9_WRITE)
    RW, RW, RW, 0, RW, RW, GFX9_READ, RW, RW, GFX9_WRITE, RW, RW, RW, RW, 0, RW,
};

bool lone_may(uint64_t va, unsigned access)
{
    if (va < LONE_VA || va >= LONE_VA + LONE_BYTES) return false;
    return (page_access[(va - LONE_VA) / LONE_PAGE] & access) == access;
}

bool lone_fault(uint64_t va, unsigned access)
{
    lone.error = GFX9_ERROR_MEMORY;
    lone.address = va;
    lone.access = access;
    return false;
}

static void *translate(struct gfx9_memory *m UNUSED, uint64_t va, unsigned access, uint64_t *span_bytes)
{
    if (!lone_may(va, access)) return NULL;
    *span_bytes = LONE_PAGE - va % LONE_PAGE;
    return memory_bytes + (va - LONE_VA);
}

static uint64_t seed = 11;
uint32_t lone_random(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

uint32_t lone_operand(void)
{
    static const uint32_t edges[] = {
        0,          1,          2,          5,          0x7fffffff, 0x80000000, 0x80000001,
        0xffffffff, 0x007fffff, 0x00800000, 0x00800001, 0x3f800000, 0xbf800000, 0x33800000,
        0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00001, 0x7f800001, 0x7ff00000,
        0x7ff80000, 0xfff00000, 0x3ff00000, 0x000fffff, 0x00100000, 0x7fff8000, 0x00ff80ff,
    };
    uint32_t r = lone_random();
    return r & 1 ? edges[r / 2 % ARRAY_LENGTH(edges)] : lone_random();
}

static void fill(void *bytes, unsigned count)
{
    for (unsigned k = 0; k < count; k += 4) {
        uint32_t value = lone_random();
        memcpy((uint8_t *)bytes + k, &value, 4);
    }
}

static void create(void)
{
    gfx9_memory_init(&memory, translate);
    dispatch.launch = (struct gfx9_launch){ .memory = &memory,
                                            .lds_aperture = GFX9_LDS_APERTURE,
                                            .scratch_aperture = GFX9_SCRATCH_APERTURE };
    dispatch.vgprs = GFX9_VGPRS;
    lone.group = aligned_alloc(64, align_up(sizeof *lone.group, 64));
    memset(lone.group, 0, sizeof *lone.group);
    lone.group->worker = gfx9_worker_create();
    lone.group->worker->memory = &memory;
    lone.group->dispatch = &dispatch;
    lone.group->wave_count = 1;
    lone.wave = aligned_alloc(64, sizeof *lone.wave);
    lone.model = aligned_alloc(64, sizeof *lone.model);
    lone.model_memory = malloc(LONE_BYTES);
    lone.model_lds = malloc(GFX9_LDS_BYTES_MAX);
    memset(lone.wave, 0, sizeof *lone.wave);
    fill(lone.wave->vgpr, sizeof lone.wave->vgpr);
    fill(memory_bytes, sizeof memory_bytes);
    fill(lone.group->lds, sizeof lone.group->lds);
}

void lone_begin(void)
{
    static const uint32_t lds_sizes[] = { 0, 512, 4096, 4096, 4096, 65536 };
    if (!lone.wave) create();
    struct wave *w = lone.wave;
    memset((uint8_t *)w + offsetof(struct wave, lane_mask), 0, sizeof *w - offsetof(struct wave, lane_mask));
    for (unsigned k = 0; k < 8; k++) fill(w->vgpr[lone_below(GFX9_VGPRS)], sizeof w->vgpr[0]);
    for (unsigned s = 0; s < 128; s++) w->sgpr[s] = lone_operand();
    w->group = lone.group;
    w->scc = lone_random() & 1;
    w->pc = 0x10000;
    wave_set_mode(w, lone_random() & 0x3ff);
    WAVE_EXEC(w) = (uint64_t)lone_random() << 32 | lone_random();
    if (lone_one_in(3)) WAVE_EXEC(w) = UINT64_MAX;
    if (lone_one_in(8)) WAVE_EXEC(w) = lone_one_in(2) ? 0 : 1ull << lone_below(LANES);
    lone.group->error = (struct gfx9_error){ 0 };
    lone.error = GFX9_ERROR_NONE;
    lone_set_lds_bytes(lds_sizes[lone_below(ARRAY_LENGTH(lds_sizes))]);
    memcpy(lone.model, w, sizeof *w);
    memcpy(lone.model_memory, memory_bytes, LONE_BYTES);
    memcpy(lone.model_lds, lone.group->lds, GFX9_LDS_BYTES_MAX);
}

void lone_run(const uint32_t words[2])
{
    struct gfx9_worker *worker = lone.group->worker;
    uint32_t host_modes = _mm_getcsr();
    struct op op;
    if (!gfx9_decode(words, 2, &op)) {
        test_fail(__FILE__, __LINE__, "%08x %08x is not decoded", words[0], words[1]);
        return;
    }
    gfx9_prepare(&op);
    lone.wave->pc += op.bytes;
    lone.model->pc += op.bytes;
    /* As some instruction before has left them. */
    worker->mxcsr = lone.wave->mxcsr[FP_SINGLE + lone_below(FP_CLASSES - FP_SINGLE)];
    _mm_setcsr(worker->mxcsr);
    op.run(lone.wave, &op);
    _mm_setcsr(host_modes);
}

static void check_vgprs(const char *name)
{
    for (unsigned v = 0; v < GFX9_VGPRS; v++)
        for (unsigned lane = 0; lane < LANES; lane++)
            if (lone.wave->vgpr[v][lane] != lone.model->vgpr[v][lane]) {
                test_fail(__FILE__, __LINE__, "%s: v%u of lane %u is %x, expected %x", name, v, lane,
                          lone.wave->vgpr[v][lane], lone.model->vgpr[v][lane]);
                memcpy(lone.wave->vgpr, lone.model->vgpr, sizeof lone.wave->vgpr);
                return;
            }
}

static void check_bytes(const char *name, const char *what, uint8_t *got, const uint8_t *expected,
                        unsigned count)
{
    unsigned at = 0;
    if (memcmp(got, expected, count) == 0) return;
    while (got[at] == expected[at]) at++;
    test_fail(__FILE__, __LINE__, "%s: byte 0x%x of %s is %02x, expected %02x", name, at, what, got[at],
              expected[at]);
    memcpy(got, expected, count);
}

static void check_end(const char *name)
{
    const struct gfx9_error *error = &lone.group->error;
    if (error->kind != lone.error)
        test_fail(__FILE__, __LINE__, "%s: error %d (%s), expected %d at 0x%llx", name, error->kind,
                  error->text, lone.error, (unsigned long long)lone.address);
    else if (error->kind == GFX9_ERROR_MEMORY &&
             (error->address != lone.address || error->access != lone.access))
        test_fail(__FILE__, __LINE__, "%s: \"%s\" (%u), expected 0x%llx (%u)", name, error->text,
                  error->access, (unsigned long long)lone.address, lone.access);
    if (lone.error != GFX9_ERROR_NONE) lone.model->state = WAVE_FAILED;
}

void lone_check(const char *name)
{
    struct wave *w = lone.wave, *m = lone.model;
    check_end(name);
    check_vgprs(name);
    for (unsigned s = 0; s < 128; s++)
        if (w->sgpr[s] != m->sgpr[s])
            test_fail(__FILE__, __LINE__, "%s: s%u is %x, expected %x", name, s, w->sgpr[s], m->sgpr[s]);
    if (w->scc != m->scc || w->pc != m->pc || w->mode != m->mode || w->state != m->state ||
        w->gpr_index_on != m->gpr_index_on || w->trap_status != m->trap_status)
        test_fail(__FILE__, __LINE__, "%s: pc %llx state %u, expected %llx and %u; or SCC or MODE", name,
                  (unsigned long long)w->pc, w->state, (unsigned long long)m->pc, m->state);
    check_bytes(name, "memory", memory_bytes, lone.model_memory, LONE_BYTES);
    check_bytes(name, "LDS", lone.group->lds, lone.model_lds, GFX9_LDS_BYTES_MAX);
}

/* ---- the scene ---- */

void lone_set_vgpr(unsigned vgpr, unsigned lane, uint32_t value)
{
    lone.wave->vgpr[vgpr][lane] = lone.model->vgpr[vgpr][lane] = value;
}
void lone_set_vgprs(unsigned vgpr, unsigned lane, uint64_t value)
{
    lone_set_vgpr(vgpr, lane, (uint32_t)value);
    lone_set_vgpr(vgpr + 1, lane, (uint32_t)(value >> 32));
}
void lone_set_sgpr(unsigned sgpr, uint32_t value) { lone.wave->sgpr[sgpr] = lone.model->sgpr[sgpr] = value; }
void lone_set_lds_bytes(uint32_t bytes) { lone.group->lds_bytes = dispatch.lds_bytes = bytes; }

void lone_set_memory(uint64_t va, const void *from, unsigned bytes)
{
    memcpy(memory_bytes + (va - LONE_VA), from, bytes);
    memcpy(lone.model_memory + (va - LONE_VA), from, bytes);
}
void lone_set_lds(uint64_t offset, const void *from, unsigned bytes)
{
    memcpy(lone.group->lds + offset, from, bytes);
    memcpy(lone.model_lds + offset, from, bytes);
}

uint64_t lone_place(unsigned bytes, unsigned alignment)
{
    uint64_t va;
    do {
        va = LONE_VA + lone_below(LONE_BYTES - bytes);
        if (!lone_one_in(4)) va -= va % alignment;
    } while (!lone_may(va, RW) || !lone_may(va + bytes - 1, RW));
    return va;
}

uint64_t lone_any_place(unsigned bytes, unsigned alignment)
{
    if (!lone_one_in(256)) return lone_place(bytes, alignment);
    uint64_t edge = LONE_VA + (uint64_t)lone_below(LONE_PAGES + 1) * LONE_PAGE;
    return lone_one_in(2) ? edge - lone_below(32) : (uint64_t)lone_random() << 32 | lone_operand();
}
