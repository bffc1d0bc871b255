/* SPDX-License-Identifier: Apache-2.0 */
/* A wave that cannot go on: what happened, in a struct and in a sentence. */
#include "host/ckdev/gfx9/wave.h"

#include <stdio.h>

static struct gfx9_error *fail(struct wave *wave, const struct op *op, enum gfx9_error_kind kind)
{
    struct gfx9_group *group = wave->group;
    struct gfx9_error *error = &group->error;
    wave->state = WAVE_FAILED;
    *error = (struct gfx9_error){ .kind = kind, .pc = wave->pc - op->bytes };
    memcpy(error->group, group->id, sizeof error->group);
    uint64_t fault;
    for (unsigned k = 0; k < MAX(op->bytes / 4u, 1u); k++)
        if (!worker_read(group->worker, error->pc + 4 * k, &error->words[k], 4, GFX9_EXECUTE, &fault)) break;
    return error;
}

static const char *access_name(unsigned access)
{
    return access & GFX9_EXECUTE ? "instruction fetch from" : access & GFX9_WRITE ? "write to" : "read from";
}

void wave_fail_memory(struct wave *wave, const struct op *op, uint64_t address, unsigned access)
{
    if (wave->state == WAVE_FAILED) return;
    struct gfx9_error *error = fail(wave, op, GFX9_ERROR_MEMORY);
    error->address = address;
    error->access = access;
    const char *name = op->instruction ? op->instruction->name : "the program counter";
    snprintf(error->text, sizeof error->text, "%s 0x%llx is not allowed (%s at 0x%llx)", access_name(access),
             (unsigned long long)address, name, (unsigned long long)error->pc);
}

/* What the encodings that are not decoded at all are for. */
static const char *encoding_name(uint32_t word)
{
    switch (word >> 26) {
    case 0x31: return "an export (EXP)";
    case 0x35: return "interpolation (VINTRP)";
    case 0x3c: return "an image instruction (MIMG)";
    default: return "an illegal instruction";
    }
}

void wave_fail_instruction(struct wave *wave, const struct op *op, const char *why)
{
    if (wave->state == WAVE_FAILED) return;
    struct gfx9_error *error = fail(wave, op, GFX9_ERROR_INSTRUCTION);
    char listing[GFX9_TEXT_BYTES];
    if (!gfx9_disassemble(error->words, listing))
        snprintf(listing, sizeof listing, "%s", encoding_name(error->words[0]));
    snprintf(error->text, sizeof error->text, "%.60s (%08x %08x) at 0x%llx: %s", listing, error->words[0],
             error->words[1], (unsigned long long)error->pc, why);
}

void wave_fail_trap(struct wave *wave, const struct op *op, uint32_t number)
{
    if (wave->state == WAVE_FAILED) return;
    struct gfx9_error *error = fail(wave, op, GFX9_ERROR_TRAP);
    error->trap = number;
    snprintf(error->text, sizeof error->text, "s_trap %u at 0x%llx%s", number, (unsigned long long)error->pc,
             number == 2 ? " (the program aborted)" : "");
}
