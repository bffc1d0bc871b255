/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary launches of arbitrary code: nothing is touched but what translate() gave, nothing runs beyond its
 * budget, and what fails says why. The input is a launch, a kernel descriptor, and words of code. */
#include "host/ckdev/gfx9/descriptor.h"
#include "host/ckdev/gfx9/gfx9.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CODE_MAX = 4096, DATA_BYTES = 8192, BUDGET = 4000, SLICE_BUDGET = 500, GROUPS_MAX = 2 };
static const uint64_t CODE_VA = 0x10000, DATA_VA = 0x7f0000001000;

struct space {
    struct gfx9_memory memory;
    uint8_t *code, *data; /* of exactly so many bytes: the sanitizer sees what is beyond */
    uint64_t code_bytes;
};

static void *translate(struct gfx9_memory *memory, uint64_t va, unsigned access, uint64_t *span_bytes)
{
    struct space *s = (struct space *)memory;
    if (va >= CODE_VA && va - CODE_VA < s->code_bytes && !(access & GFX9_WRITE)) {
        *span_bytes = s->code_bytes - (va - CODE_VA);
        return s->code + (va - CODE_VA);
    }
    if (va < DATA_VA || va - DATA_VA >= DATA_BYTES || (access & GFX9_EXECUTE)) return NULL;
    *span_bytes = DATA_BYTES - (va - DATA_VA);
    return s->data + (va - DATA_VA);
}

struct shape { /* the first bytes of an input */
    uint8_t dimensions, group[3];
    uint32_t grid[3], private_bytes, lds_bytes, scratch_wave_bytes, scratch_resource[4];
    uint16_t slot;
};

static void run(struct gfx9_worker *worker, struct gfx9_dispatch *dispatch, uint64_t number, uint32_t slot)
{
    struct gfx9_group *group = gfx9_group_start(worker, dispatch, number, slot);
    if (!group) return;
    enum gfx9_status status = GFX9_RUNNING;
    for (uint64_t spent = 0; status == GFX9_RUNNING && spent < BUDGET; spent += SLICE_BUDGET)
        status = gfx9_group_run(group, SLICE_BUDGET);
    const struct gfx9_error *error = gfx9_group_error(group);
    if (status == GFX9_FAILED && (error->kind == GFX9_ERROR_NONE || !error->text[0])) abort();
    gfx9_group_end(group);
    if (dispatch->wave_instructions > 2ull * (BUDGET + SLICE_BUDGET) * GROUPS_MAX) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gfx9_worker *worker;
    struct shape shape;
    if (size < sizeof shape + sizeof(struct kernel_descriptor) + 4 || size > CODE_MAX) return 0;
    if (!worker) worker = gfx9_worker_create();
    memcpy(&shape, data, sizeof shape);
    struct space space = { .code_bytes = size - sizeof shape };
    if (posix_memalign((void **)&space.code, 4096, space.code_bytes)) return 0;
    space.data = aligned_alloc(4096, DATA_BYTES);
    memcpy(space.code, data + sizeof shape, space.code_bytes);
    memset(space.data, 0x5a, DATA_BYTES);
    gfx9_memory_init(&space.memory, translate);
    struct kernel_descriptor *kernel = (void *)space.code;
    kernel->entry_offset = sizeof *kernel;
    struct gfx9_launch launch = {
        .memory = &space.memory,
        .dimensions = shape.dimensions,
        .workgroup_size = { shape.group[0], shape.group[1], shape.group[2] },
        .grid_size = { shape.grid[0], shape.grid[1], shape.grid[2] },
        .private_segment_bytes = shape.private_bytes,
        .group_segment_bytes = shape.lds_bytes,
        .kernel_object = CODE_VA,
        .kernarg = DATA_VA,
        .packet = DATA_VA + 256,
        .queue = DATA_VA + 512,
        .scratch_base = DATA_VA,
        .scratch_bytes = DATA_BYTES,
        .scratch_wave_bytes = shape.scratch_wave_bytes,
    };
    memcpy(launch.scratch_resource, shape.scratch_resource, sizeof launch.scratch_resource);
    struct gfx9_dispatch dispatch;
    struct gfx9_error error;
    if (gfx9_dispatch_init(&dispatch, &launch, &error))
        for (uint64_t number = 0; number < MIN(dispatch.group_count, (uint64_t)GROUPS_MAX); number++)
            run(worker, &dispatch, number, shape.slot);
    else if (!error.text[0])
        abort();
    for (size_t at = 0; at + 16 <= space.code_bytes; at += 4) {
        uint32_t words[4];
        char text[GFX9_TEXT_BYTES];
        memcpy(words, space.code + at, sizeof words);
        gfx9_disassemble(words, text);
    }
    free(space.code);
    free(space.data);
    return 0;
}
