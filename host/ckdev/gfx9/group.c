/* SPDX-License-Identifier: Apache-2.0 */
/* Work-groups: their waves run in turns, a slice each, until all have ended. */
#include "host/ckdev/gfx9/wave.h"

#include <stdio.h>
#include <stdlib.h>
#include <xmmintrin.h>

/* Wave instructions between two quiescent points. */
enum { SLICE = 2048 };

struct gfx9_worker *gfx9_worker_create(void)
{
    struct gfx9_worker *worker = aligned_alloc(64, align_up(sizeof *worker, 64));
    if (!worker) return NULL;
    memset(worker, 0, sizeof *worker);
    worker_forget_translations(worker);
    return worker;
}

static void group_free(struct gfx9_group *group)
{
    free(group->waves);
    free(group);
}

void gfx9_worker_destroy(struct gfx9_worker *worker)
{
    for (struct gfx9_group *group = worker->spare, *next; group; group = next) {
        next = group->next_spare;
        group_free(group);
    }
    worker_free_code(worker);
    free(worker);
}

/* Room for a group, of those that ended or new. Waves start zeroed: see vgprs_touched. */
static struct gfx9_group *group_take(struct gfx9_worker *worker, unsigned waves)
{
    for (struct gfx9_group **at = &worker->spare; *at; at = &(*at)->next_spare)
        if ((*at)->waves_room >= waves) {
            struct gfx9_group *group = *at;
            *at = group->next_spare;
            return group;
        }
    struct gfx9_group *group = aligned_alloc(64, align_up(sizeof *group, 64));
    struct wave *room = aligned_alloc(64, waves * sizeof *room);
    if (!group || !room) {
        free(group);
        free(room);
        return NULL;
    }
    memset(room, 0, waves * sizeof *room);
    memset(group, 0, sizeof *group);
    group->waves = room;
    group->waves_room = waves;
    return group;
}

static void fail_launch(struct gfx9_group *group, const char *why)
{
    group->error = (struct gfx9_error){ .kind = GFX9_ERROR_LAUNCH };
    snprintf(group->error.text, sizeof group->error.text, "%s", why);
}

struct gfx9_group *gfx9_group_start(struct gfx9_worker *worker, struct gfx9_dispatch *dispatch,
                                    uint64_t number, uint32_t slot)
{
    struct gfx9_group *group = group_take(worker, dispatch->waves);
    if (!group) return NULL;
    const struct gfx9_launch *l = &dispatch->launch;
    uint32_t sizes[3];
    group->worker = worker;
    group->dispatch = dispatch;
    group->id[0] = (uint32_t)(number % dispatch->groups[0]);
    group->id[1] = (uint32_t)(number / dispatch->groups[0] % dispatch->groups[1]);
    group->id[2] = (uint32_t)(number / dispatch->groups[0] / dispatch->groups[1]);
    for (unsigned k = 0; k < 3; k++)
        sizes[k] = MIN((uint32_t)l->workgroup_size[k], l->grid_size[k] - group->id[k] * l->workgroup_size[k]);
    group->wave_count = (sizes[0] * sizes[1] * sizes[2] + LANES - 1) / LANES;
    group->lds_bytes = dispatch->lds_bytes;
    group->waiting = false;
    group->error = (struct gfx9_error){ 0 };
    memset(group->lds, 0, group->lds_bytes);
    for (unsigned k = 0; k < group->wave_count; k++) wave_start(&group->waves[k], group, k, sizes, slot);
    uint64_t scratch_end = ((uint64_t)slot + 1) * dispatch->waves * l->scratch_wave_bytes;
    if (l->private_segment_bytes && scratch_end > l->scratch_bytes)
        fail_launch(group, "more work-groups are in flight than the scratch memory has room for");
    return group;
}

void gfx9_group_end(struct gfx9_group *group)
{
    struct gfx9_dispatch *dispatch = group->dispatch;
    uint64_t waves = 0, lanes = 0;
    for (unsigned k = 0; k < group->wave_count; k++) {
        waves += group->waves[k].retired;
        lanes += group->waves[k].retired_lanes;
    }
    __atomic_fetch_add(&dispatch->wave_instructions, waves, __ATOMIC_RELAXED);
    __atomic_fetch_add(&dispatch->lane_instructions, lanes, __ATOMIC_RELAXED);
    group->next_spare = group->worker->spare;
    group->worker->spare = group;
}

bool gfx9_group_is_waiting(const struct gfx9_group *group) { return group->waiting; }
const struct gfx9_error *gfx9_group_error(const struct gfx9_group *group) { return &group->error; }

/* ---- running ---- */

static void wave_run(struct wave *wave, uint64_t limit)
{
    uint64_t lanes = 0, count = 0;
    while (count < limit && wave->state == WAVE_READY) {
        const struct op *op = code_fetch(wave);
        if (unlikely(!op)) break;
        wave->pc += op->bytes;
        lanes += op->instruction && op->instruction->encoding >= VOP1
                     ? (uint64_t)__builtin_popcountll(WAVE_EXEC(wave))
                     : 1;
        count++;
        op->run(wave, op);
    }
    wave->retired += count;
    wave->retired_lanes += lanes;
}

/* When every wave that still runs is at the barrier, all go on. */
static void release_barrier(struct gfx9_group *group)
{
    unsigned there = 0;
    for (unsigned k = 0; k < group->wave_count; k++) {
        if (group->waves[k].state != WAVE_AT_BARRIER && group->waves[k].state != WAVE_ENDED) return;
        there += group->waves[k].state == WAVE_AT_BARRIER;
    }
    for (unsigned k = 0; there && k < group->wave_count; k++)
        if (group->waves[k].state == WAVE_AT_BARRIER) group->waves[k].state = WAVE_READY;
}

/* One turn for every wave. */
static enum gfx9_status run_round(struct gfx9_group *group, uint64_t *left)
{
    bool ended = true, waiting = true;
    for (unsigned k = 0; k < group->wave_count; k++) {
        struct wave *wave = &group->waves[k];
        if (wave->state == WAVE_SLEEPING) wave->state = WAVE_READY;
        uint64_t before = wave->retired;
        if (wave->state == WAVE_READY) wave_run(wave, MIN((uint64_t)SLICE, *left));
        *left -= MIN(*left, wave->retired - before);
        if (wave->state == WAVE_FAILED) return GFX9_FAILED;
        ended &= wave->state == WAVE_ENDED;
        waiting &= wave->state != WAVE_READY;
        release_barrier(group);
    }
    for (unsigned k = 0; k < group->wave_count; k++) waiting &= group->waves[k].state != WAVE_READY;
    group->waiting = waiting && !ended;
    return ended ? GFX9_DONE : GFX9_RUNNING;
}

static bool is_stopped(const struct gfx9_group *group)
{
    const bool *stop = group->dispatch->launch.stop;
    return stop && __atomic_load_n(stop, __ATOMIC_RELAXED);
}

static enum gfx9_status stop_group(struct gfx9_group *group)
{
    struct gfx9_error *error = &group->error;
    *error = (struct gfx9_error){ .kind = GFX9_ERROR_STOPPED, .pc = group->waves[0].pc };
    memcpy(error->group, group->id, sizeof error->group);
    snprintf(error->text, sizeof error->text, "stopped at 0x%llx", (unsigned long long)error->pc);
    return GFX9_FAILED;
}

/* From here on the worker uses translations of this address space; those of before may be old. */
static void enter_memory(struct gfx9_worker *worker, struct gfx9_memory *memory)
{
    __atomic_store_n(&worker->memory, memory, __ATOMIC_SEQ_CST);
    if (worker->last_memory_id != memory->id) {
        worker->last_memory_id = memory->id;
        worker_forget_translations(worker);
        gfx9_worker_forget_code(worker);
    }
    worker_quiesce(worker);
}

enum gfx9_status gfx9_group_run(struct gfx9_group *group, uint64_t budget)
{
    struct gfx9_worker *worker = group->worker;
    if (group->error.kind != GFX9_ERROR_NONE) return GFX9_FAILED;
    uint32_t host_modes = worker->mxcsr = _mm_getcsr();
    enum gfx9_status status = GFX9_RUNNING;
    enter_memory(worker, group->dispatch->launch.memory);
    do {
        status = is_stopped(group) ? stop_group(group) : run_round(group, &budget);
        worker_quiesce(worker);
    } while (status == GFX9_RUNNING && budget > 0 && !group->waiting);
    __atomic_store_n(&worker->memory, NULL, __ATOMIC_SEQ_CST);
    _mm_setcsr(host_modes);
    return status;
}
