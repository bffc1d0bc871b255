/* SPDX-License-Identifier: Apache-2.0 */
/* A wave of its own and a model of it, for one instruction at a time:
 *
 *     lone_begin();               both the same, random
 *     lone_set_vgpr(...);         the scene, for both
 *     lone.model->... = ...       what the instruction should do, from what the wave still has
 *     lone_run(words);            what the engine does to the wave
 *     lone_check("ds_add_u32");   every register, all memory and the error are the same
 */
#pragma once
#include "host/ckdev/gfx9/wave.h"

enum { LONE_PAGE = 4096, LONE_PAGES = 16, LONE_BYTES = LONE_PAGES * LONE_PAGE };
static const uint64_t LONE_VA = 0x7f3300000000;

struct lone {
    struct wave *wave, *model;
    struct gfx9_group *group;
    uint8_t *model_memory, *model_lds;
    /* How the model ends. A fault: at `address`, by an `access`. */
    enum gfx9_error_kind error;
    uint64_t address;
    unsigned access;
};
extern struct lone lone;

/* ---- numbers ---- */
uint32_t lone_random(void);
/* Zeros, ones, ends of ranges, infinities, NaNs, denormals as often as anything else. */
uint32_t lone_operand(void);
static inline uint32_t lone_below(uint32_t end) { return lone_random() % end; }
static inline bool lone_one_in(uint32_t n) { return lone_below(n) == 0; }

/* ---- a round ---- */
void lone_begin(void);
void lone_run(const uint32_t words[2]);
void lone_check(const char *name);

/* ---- setting the scene: both the wave and the model ---- */
void lone_set_vgpr(unsigned vgpr, unsigned lane, uint32_t value);
void lone_set_vgprs(unsigned vgpr, unsigned lane, uint64_t value); /* a pair */
void lone_set_sgpr(unsigned sgpr, uint32_t value);
void lone_set_lds_bytes(uint32_t bytes);
void lone_set_memory(uint64_t va, const void *from, unsigned bytes);
void lone_set_lds(uint64_t offset, const void *from, unsigned bytes);

/* An address from which on so many bytes may be read and written, most often aligned to `alignment`. */
uint64_t lone_place(unsigned bytes, unsigned alignment);
/* The same, or at times one near the end of what may be accessed, or anywhere. */
uint64_t lone_any_place(unsigned bytes, unsigned alignment);

/* ---- the model's accesses. False: the fault is noted, after what came before it ---- */
bool lone_may(uint64_t va, unsigned access);
bool lone_fault(uint64_t va, unsigned access);
