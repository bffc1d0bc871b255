/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gfx9/machine.h"

#include "host/ckdev/gfx9/descriptor.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRATCH_PER_ITEM = 4096, SCRATCH_WAVE = SCRATCH_PER_ITEM * GFX9_WAVE_LANES };

struct dispatch_packet { /* [hsa-sys 2.9.6] */
    uint16_t header, setup, workgroup_size[3], reserved0;
    uint32_t grid_size[3], private_bytes, group_bytes;
    uint64_t kernel_object, kernarg, reserved1, completion;
};

static void *translate(struct gfx9_memory *memory, uint64_t va, unsigned access UNUSED, uint64_t *span_bytes)
{
    struct machine *m = (struct machine *)memory;
    if (va < MACHINE_VA || va >= MACHINE_VA + MACHINE_BYTES) return NULL;
    *span_bytes = MACHINE_VA + MACHINE_BYTES - va;
    return m->bytes + (va - MACHINE_VA);
}

struct machine *machine_create(void)
{
    struct machine *m = calloc(1, sizeof *m);
    m->bytes = aligned_alloc(4096, MACHINE_BYTES);
    memset(m->bytes, 0, MACHINE_BYTES);
    gfx9_memory_init(&m->memory, translate);
    m->worker = gfx9_worker_create();
    return m;
}

void machine_destroy(struct machine *m)
{
    gfx9_worker_destroy(m->worker);
    free(m->file);
    free(m->bytes);
    free(m);
}

uint64_t machine_alloc(struct machine *m, uint64_t bytes)
{
    uint64_t va = MACHINE_VA + m->used;
    m->used = align_up(m->used + bytes, 4096);
    if (m->used > MACHINE_BYTES) abort();
    return va;
}

static uint8_t *read_file(const char *path, uint64_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) return NULL;
    fseek(file, 0, SEEK_END);
    *bytes = (uint64_t)ftell(file);
    rewind(file);
    uint8_t *content = malloc(*bytes);
    if (fread(content, 1, *bytes, file) != *bytes) *bytes = 0;
    fclose(file);
    return content;
}

/* The code object for gfx900 of a bundle: after its name come the number of entries, and of each where it is,
 * its size, and its target. [llvm-offload-bundler] */
static const uint8_t *find_in_bundle(const uint8_t *file, uint64_t bytes)
{
    static const char magic[] = "__CLANG_OFFLOAD_BUNDLE__", target[] = "amdhsa--gfx900";
    uint64_t at = sizeof magic - 1, count, entry[3];
    if (bytes < at + sizeof count || memcmp(file, magic, at) != 0) return file;
    memcpy(&count, file + at, sizeof count);
    for (at += sizeof count; count > 0 && at + sizeof entry <= bytes; count--) {
        memcpy(entry, file + at, sizeof entry);
        at += sizeof entry;
        if (entry[0] > bytes || entry[1] > bytes - entry[0] || entry[2] > bytes - at) return NULL;
        at += entry[2];
        if (entry[2] >= sizeof target - 1 &&
            memcmp(file + at - (sizeof target - 1), target, sizeof target - 1) == 0)
            return file + entry[0];
    }
    return NULL;
}

bool machine_load(struct machine *m, const char *path)
{
    uint64_t bytes = 0;
    m->file = read_file(path, &bytes);
    m->object = m->file ? find_in_bundle(m->file, bytes) : NULL;
    if (!m->object || (uint64_t)(m->file + bytes - m->object) < sizeof(Elf64_Ehdr)) return false;
    const Elf64_Ehdr *header = (const void *)m->object;
    const Elf64_Phdr *segments = (const void *)(m->object + header->e_phoff);
    uint64_t end = 0;
    for (unsigned k = 0; k < header->e_phnum; k++)
        if (segments[k].p_type == PT_LOAD) end = MAX(end, segments[k].p_vaddr + segments[k].p_memsz);
    m->object_va = machine_alloc(m, end);
    for (unsigned k = 0; k < header->e_phnum; k++)
        if (segments[k].p_type == PT_LOAD)
            memcpy(machine_at(m, m->object_va + segments[k].p_vaddr), m->object + segments[k].p_offset,
                   segments[k].p_filesz);
    return true;
}

/* Address of a kernel's descriptor, the symbol NAME.kd. */
static uint64_t find_kernel(const struct machine *m, const char *kernel)
{
    const Elf64_Ehdr *header = (const void *)m->object;
    const Elf64_Shdr *sections = (const void *)(m->object + header->e_shoff);
    char wanted[128];
    snprintf(wanted, sizeof wanted, "%s.kd", kernel);
    for (unsigned s = 0; s < header->e_shnum; s++) {
        if (sections[s].sh_type != SHT_DYNSYM) continue;
        const char *names = (const char *)m->object + sections[sections[s].sh_link].sh_offset;
        const Elf64_Sym *symbols = (const void *)(m->object + sections[s].sh_offset);
        for (unsigned k = 0; k < sections[s].sh_size / sizeof *symbols; k++)
            if (strcmp(names + symbols[k].st_name, wanted) == 0) return m->object_va + symbols[k].st_value;
    }
    return 0;
}

static bool run_groups(struct machine *m, struct gfx9_dispatch *dispatch)
{
    bool fine = true;
    for (uint64_t number = 0; fine && number < dispatch->group_count; number++) {
        struct gfx9_group *group = gfx9_group_start(m->worker, dispatch, number, 0);
        enum gfx9_status status;
        uint64_t left = m->budget ? m->budget : UINT64_MAX, slice = 1 << 16;
        do {
            status = gfx9_group_run(group, MIN(slice, left));
            left -= MIN(slice, left);
        } while (status == GFX9_RUNNING && left);
        if (status != GFX9_DONE) {
            m->error = *gfx9_group_error(group);
            fine = false;
        }
        gfx9_group_end(group);
    }
    m->wave_instructions = dispatch->wave_instructions;
    m->lane_instructions = dispatch->lane_instructions;
    return fine;
}

static bool run_object(struct machine *m, uint64_t kernel_object, const struct machine_launch *launch)
{
    uint64_t before = m->used;
    const struct kernel_descriptor *kernel = machine_at(m, kernel_object);
    uint64_t packet_va = machine_alloc(m, sizeof(struct dispatch_packet)), kernarg = machine_alloc(m, 4096);
    uint64_t scratch = machine_alloc(m, SCRATCH_WAVE * GFX9_GROUP_WAVES_MAX);
    struct gfx9_launch l = {
        .memory = &m->memory,
        .dimensions = 3,
        .private_segment_bytes = kernel->private_segment_bytes,
        .group_segment_bytes = kernel->group_segment_bytes + launch->dynamic_lds,
        .kernel_object = kernel_object,
        .kernarg = kernarg,
        .packet = packet_va,
        /* Swizzled, stride 0, lanes added, 64 records side by side. */
        .scratch_resource = { (uint32_t)scratch, (uint32_t)(scratch >> 32) | 1u << 31,
                              SCRATCH_WAVE * GFX9_GROUP_WAVES_MAX, 0x00ea4fac },
        .scratch_base = scratch,
        .scratch_bytes = SCRATCH_WAVE * GFX9_GROUP_WAVES_MAX,
        .scratch_wave_bytes = SCRATCH_WAVE,
    };
    struct dispatch_packet *packet = machine_at(m, packet_va);
    for (unsigned k = 0; k < 3; k++) {
        packet->workgroup_size[k] = l.workgroup_size[k] = (uint16_t)MAX(launch->group[k], 1u);
        packet->grid_size[k] = l.grid_size[k] = MAX(launch->grid[k], 1u);
    }
    memcpy(machine_at(m, kernarg), launch->arguments, sizeof launch->arguments);
    struct gfx9_dispatch dispatch;
    bool fine = gfx9_dispatch_init(&dispatch, &l, &m->error) && run_groups(m, &dispatch);
    m->used = before;
    return fine;
}

bool machine_run(struct machine *m, const char *kernel, const struct machine_launch *launch)
{
    uint64_t object = find_kernel(m, kernel);
    if (!object) snprintf(m->error.text, sizeof m->error.text, "there is no kernel %s", kernel);
    return object && run_object(m, object, launch);
}

bool machine_run_code(struct machine *m, const uint32_t *words, unsigned count,
                      const struct machine_launch *launch)
{
    enum { DESCRIPTOR_BYTES = 256, ALL_VGPRS = 63, FLOAT_MODE = 0xc0, USER_SGPRS = 2 };
    uint64_t before = m->used, va = machine_alloc(m, DESCRIPTOR_BYTES + count * 4);
    struct kernel_descriptor *kernel = machine_at(m, va);
    *kernel = (struct kernel_descriptor){
        .entry_offset = DESCRIPTOR_BYTES,
        .pgm_rsrc1 = ALL_VGPRS | FLOAT_MODE << 12,
        .pgm_rsrc2 = USER_SGPRS << 1 | 1 << 7 | 2 << 11,
        .properties = 1 << 3,
    };
    memcpy((uint8_t *)kernel + DESCRIPTOR_BYTES, words, count * 4);
    gfx9_worker_forget_code(m->worker);
    bool fine = run_object(m, va, launch);
    m->used = before;
    return fine;
}
