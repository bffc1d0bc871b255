/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_gfx9.h"

#include "host/ckdev/gfx9/gfx9.h"

#include <stdio.h>
#include <stdlib.h>

struct gfx9_worker {
    int unused;
};

struct gfx9_group {
    struct gfx9_dispatch *dispatch;
    uint64_t number, at;
    bool is_waiting;
    struct gfx9_error error;
};

uint64_t gfx9_memory_changed(struct gfx9_memory *memory)
{
    return __atomic_add_fetch(&memory->epoch, 1, __ATOMIC_SEQ_CST);
}

void gfx9_memory_init(struct gfx9_memory *memory,
                      void *(*translate)(struct gfx9_memory *, uint64_t, unsigned, uint64_t *))
{
    *memory = (struct gfx9_memory){ .translate = translate };
}

struct gfx9_worker *gfx9_worker_create(void) { return calloc(1, sizeof(struct gfx9_worker)); }
void gfx9_worker_destroy(struct gfx9_worker *worker) { free(worker); }
void gfx9_worker_forget_code(struct gfx9_worker *worker) { (void)worker; }

static uint64_t *find(struct gfx9_memory *memory, uint64_t address, unsigned access)
{
    uint64_t span = 0;
    if (address % 8) return NULL;
    return memory->translate(memory, address, access, &span);
}

bool gfx9_dispatch_init(struct gfx9_dispatch *dispatch, const struct gfx9_launch *launch,
                        struct gfx9_error *error)
{
    *dispatch = (struct gfx9_dispatch){ .launch = *launch, .entry = launch->kernel_object, .group_count = 1 };
    uint32_t items = 1;
    for (size_t i = 0; i < 3; i++) {
        dispatch->groups[i] =
            (launch->grid_size[i] + launch->workgroup_size[i] - 1) / launch->workgroup_size[i];
        dispatch->group_count *= dispatch->groups[i];
        items *= launch->workgroup_size[i];
    }
    dispatch->waves = (items + GFX9_WAVE_LANES - 1) / GFX9_WAVE_LANES;
    if (find(launch->memory, launch->kernel_object, GFX9_EXECUTE)) return true;
    error->kind = GFX9_ERROR_MEMORY;
    snprintf(error->text, sizeof error->text, "the kernel is nowhere");
    return false;
}

struct gfx9_group *gfx9_group_start(struct gfx9_worker *worker, struct gfx9_dispatch *dispatch,
                                    uint64_t number, uint32_t slot)
{
    (void)worker;
    (void)slot;
    struct gfx9_group *group = calloc(1, sizeof *group);
    if (group) *group = (struct gfx9_group){ .dispatch = dispatch, .number = number, .at = dispatch->entry };
    return group;
}

static enum gfx9_status fail(struct gfx9_group *group, enum gfx9_error_kind kind, uint64_t address)
{
    group->error = (struct gfx9_error){ .kind = kind, .pc = group->at, .address = address, .text = "fake" };
    return GFX9_FAILED;
}

/* One word. RUNNING: go on. */
static enum gfx9_status step(struct gfx9_group *group)
{
    const struct gfx9_launch *launch = &group->dispatch->launch;
    uint64_t words[3] = { 0 };
    for (size_t i = 0; i < 3; i++) {
        const uint64_t *word = find(launch->memory, group->at + i * 8, GFX9_EXECUTE);
        if (!word) return fail(group, GFX9_ERROR_MEMORY, group->at + i * 8);
        words[i] = __atomic_load_n(word, __ATOMIC_RELAXED);
        if (words[0] == FAKE_GFX9_END) return GFX9_DONE;
    }
    uint64_t at = words[1] + (words[0] == FAKE_GFX9_STORE ? group->number * 8 : 0), *target = NULL;
    if (words[0] == FAKE_GFX9_COUNT || words[0] == FAKE_GFX9_STORE || words[0] == FAKE_GFX9_WAIT) {
        target = find(launch->memory, at, words[0] == FAKE_GFX9_WAIT ? GFX9_READ : GFX9_READ | GFX9_WRITE);
        if (!target) return fail(group, GFX9_ERROR_MEMORY, at);
    }
    switch (words[0]) {
    case FAKE_GFX9_COUNT: __atomic_add_fetch(target, 1, __ATOMIC_RELAXED); break;
    case FAKE_GFX9_STORE: __atomic_store_n(target, words[2] + group->number, __ATOMIC_RELAXED); break;
    case FAKE_GFX9_WAIT:
        group->is_waiting = __atomic_load_n(target, __ATOMIC_ACQUIRE) != words[2];
        if (group->is_waiting) return GFX9_RUNNING;
        break;
    case FAKE_GFX9_SPIN: return GFX9_RUNNING;
    case FAKE_GFX9_TRAP: group->error.trap = (uint32_t)words[1]; return fail(group, GFX9_ERROR_TRAP, 0);
    case FAKE_GFX9_INTERRUPT: launch->interrupt(launch->context, (uint32_t)words[1]); break;
    default: return fail(group, GFX9_ERROR_INSTRUCTION, 0);
    }
    group->at += words[0] == FAKE_GFX9_COUNT || words[0] == FAKE_GFX9_INTERRUPT ? 16 : 24;
    return GFX9_RUNNING;
}

enum gfx9_status gfx9_group_run(struct gfx9_group *group, uint64_t budget)
{
    for (uint64_t i = 0; i < budget; i++) {
        if (__atomic_load_n(group->dispatch->launch.stop, __ATOMIC_RELAXED))
            return fail(group, GFX9_ERROR_STOPPED, 0);
        group->is_waiting = false;
        __atomic_add_fetch(&group->dispatch->wave_instructions, 1, __ATOMIC_RELAXED);
        enum gfx9_status status = step(group);
        if (status != GFX9_RUNNING || group->is_waiting) return status;
    }
    return GFX9_RUNNING;
}

bool gfx9_group_is_waiting(const struct gfx9_group *group) { return group->is_waiting; }
const struct gfx9_error *gfx9_group_error(const struct gfx9_group *group) { return &group->error; }
void gfx9_group_end(struct gfx9_group *group) { free(group); }
