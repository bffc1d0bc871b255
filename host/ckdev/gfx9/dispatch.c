/* SPDX-License-Identifier: Apache-2.0 */
/* A launch is checked and its kernel descriptor read, before anything runs. */
#include "host/ckdev/gfx9/descriptor.h"
#include "host/ckdev/gfx9/wave.h"

#include <stdarg.h>
#include <stdio.h>

static bool refuse(struct gfx9_error *error, const char *format, ...) PRINTF_LIKE(2, 3);
static bool refuse(struct gfx9_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    *error = (struct gfx9_error){ .kind = GFX9_ERROR_LAUNCH };
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool read_memory(struct gfx9_memory *memory, uint64_t va, void *to, uint64_t bytes)
{
    for (uint64_t done = 0; done < bytes;) {
        uint64_t span = 0;
        const void *host = memory->translate(memory, va + done, GFX9_READ, &span);
        if (!host || span == 0) return false;
        span = MIN(span, bytes - done);
        memcpy((uint8_t *)to + done, host, span);
        done += span;
    }
    return true;
}

static bool check_sizes(struct gfx9_dispatch *dispatch, struct gfx9_error *error)
{
    struct gfx9_launch *l = &dispatch->launch;
    if (l->dimensions < 1 || l->dimensions > 3)
        return refuse(error, "a dispatch has 1 to 3 dimensions, not %u", l->dimensions);
    uint64_t items = 1;
    dispatch->group_count = 1;
    for (unsigned k = 0; k < 3; k++) {
        if (k >= l->dimensions) l->workgroup_size[k] = 1, l->grid_size[k] = 1;
        if (!l->workgroup_size[k] || !l->grid_size[k])
            return refuse(error, "dimension %u of the grid is empty", k);
        items *= l->workgroup_size[k];
        dispatch->groups[k] =
            (uint32_t)(((uint64_t)l->grid_size[k] + l->workgroup_size[k] - 1) / l->workgroup_size[k]);
        if (__builtin_mul_overflow(dispatch->group_count, dispatch->groups[k], &dispatch->group_count))
            return refuse(error, "the grid has too many work-groups");
    }
    if (items > GFX9_GROUP_ITEMS_MAX)
        return refuse(error, "a work-group of %llu items; the limit is %u", (unsigned long long)items,
                      GFX9_GROUP_ITEMS_MAX);
    dispatch->waves = (uint32_t)((items + LANES - 1) / LANES);
    return true;
}

static bool check_memory_needs(struct gfx9_dispatch *dispatch, struct gfx9_error *error)
{
    const struct gfx9_launch *l = &dispatch->launch;
    if (l->group_segment_bytes > GFX9_LDS_BYTES_MAX)
        return refuse(error, "%u bytes of LDS; the limit is %u", l->group_segment_bytes, GFX9_LDS_BYTES_MAX);
    dispatch->lds_bytes = l->group_segment_bytes;
    uint64_t wave_bytes = (uint64_t)l->private_segment_bytes * LANES;
    if (wave_bytes > l->scratch_wave_bytes)
        return refuse(error, "%llu bytes of scratch per wave are needed, the queue has %u",
                      (unsigned long long)wave_bytes, l->scratch_wave_bytes);
    return true;
}

bool gfx9_dispatch_init(struct gfx9_dispatch *dispatch, const struct gfx9_launch *launch,
                        struct gfx9_error *error)
{
    *dispatch = (struct gfx9_dispatch){ .launch = *launch };
    struct gfx9_launch *l = &dispatch->launch;
    if (!l->memory->id) return refuse(error, "the address space was not set up by gfx9_memory_init()");
    if (!l->lds_aperture) l->lds_aperture = GFX9_LDS_APERTURE;
    if (!l->scratch_aperture) l->scratch_aperture = GFX9_SCRATCH_APERTURE;
    if (!check_sizes(dispatch, error) || !check_memory_needs(dispatch, error)) return false;
    struct kernel_descriptor kernel;
    if (!read_memory(l->memory, l->kernel_object, &kernel, sizeof kernel))
        return refuse(error, "the kernel descriptor at 0x%llx cannot be read",
                      (unsigned long long)l->kernel_object);
    dispatch->pgm_rsrc1 = kernel.pgm_rsrc1;
    dispatch->pgm_rsrc2 = kernel.pgm_rsrc2;
    dispatch->properties = kernel.properties;
    if (field_get(kernel.properties, PROPERTY_WAVE32))
        return refuse(error, "the kernel was built for waves of 32 lanes");
    dispatch->vgprs = (unsigned)field_get(kernel.pgm_rsrc1, RSRC1_VGPRS) * 4 + 4;
    dispatch->entry = l->kernel_object + (uint64_t)kernel.entry_offset;
    if (dispatch->entry % 4)
        return refuse(error, "the kernel starts at 0x%llx, within a word",
                      (unsigned long long)dispatch->entry);
    return true;
}
