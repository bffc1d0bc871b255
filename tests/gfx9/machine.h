/* SPDX-License-Identifier: Apache-2.0 */
/* A GPU for tests: one range of memory with a guard on both sides, a code object in it, launches. */
#pragma once
#include "host/ckdev/gfx9/gfx9.h"

struct machine {
    struct gfx9_memory memory; /* first: translate() gets back from it */
    uint8_t *bytes;
    uint64_t used;
    struct gfx9_worker *worker;
    uint64_t object_va;    /* of the code object's address 0 */
    const uint8_t *object; /* an ELF file, in what was read */
    uint8_t *file;
    struct gfx9_error error;
    uint64_t wave_instructions, lane_instructions; /* of the last launch */
    uint64_t budget;                               /* of a group; 0: none */
};

static const uint64_t MACHINE_VA = 0x7f1200000000;
enum { MACHINE_BYTES = 64 << 20 };

struct machine *machine_create(void);
void machine_destroy(struct machine *m);
/* Memory of the GPU: its address, and where the host has it. */
uint64_t machine_alloc(struct machine *m, uint64_t bytes);
static inline void *machine_at(struct machine *m, uint64_t va) { return m->bytes + (va - MACHINE_VA); }
/* A linked code object, alone or, for gfx900, in a bundle of the HIP compiler's. False: it cannot be read. */
bool machine_load(struct machine *m, const char *path);

struct machine_launch {
    uint32_t group[3], grid[3]; /* zeros count as 1 */
    uint64_t arguments[6];      /* of 8 bytes each */
    uint32_t dynamic_lds;
};
/* Run a kernel of the loaded object to its end. False: machine.error. */
bool machine_run(struct machine *m, const char *kernel, const struct machine_launch *launch);
/* The same of words of code, with v0.. the item ids and s[0:1] the kernarg pointer. */
bool machine_run_code(struct machine *m, const uint32_t *words, unsigned count,
                      const struct machine_launch *launch);
