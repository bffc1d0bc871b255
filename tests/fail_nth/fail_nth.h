/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation can fail: a workload is run with its first, second, third ... allocation failing, until it
 * gets to its end without reaching the one that would.
 *
 * A workload is a row of steps, each of them one call, and a picture of what the calls change, in numbers
 * (cells). A first run without failures is the reference: the result of each step and the picture after it.
 * In each later run one allocation fails. Then
 *
 *     the step succeeds all the same, and the picture is the reference's, or
 *     it says that there is no memory, each cell is as before the step or as after it (or, for steps that
 *     are known to, has lost what it showed),
 *     and the same step, called again, has the reference's result;
 *
 * the rest of the run is the reference's; and afterwards no frame and no heap block is missing.
 *
 * Steps run in a process, in an address space of its own, as system calls do. */
#pragma once
#include "lib/base.h"

struct process;

enum {
    CELLS_MAX = 6144,
    STEPS_MAX = 600,
    /* Of user memory that is there from the start: arguments of calls. */
    SCRATCH_BASE = 0x10000000,
    SCRATCH_PAGES = 8,
};

struct workload {
    const char *name;
    uint32_t steps, cells;
    /* The first of the cells are not looked at after a failure, only when the step has succeeded. */
    uint32_t loose_cells;
    bool is_atomic;              /* after a failure all cells are as before, or all as after */
    bool has_program;            /* the steps make their process themselves */
    void (*open)(void);          /* to where the steps begin; may be NULL */
    int64_t (*step)(uint32_t i); /* depends on `i` and on what earlier steps did; negative: an errno */
    void (*look)(uint32_t *cells);
    bool (*may_lose)(uint32_t i); /* the failed step may leave cells at 0; NULL: none may */
    void (*close)(void);          /* gives back what steps and `open` made; may be NULL */
};

/* Runs it for every k, as expectations of the running test. */
void fail_nth(const struct workload *workload);

/* The same for many seeds, each of which makes other calls of the same steps. */
void fail_nth_campaign(const struct workload *workload);

/* The process of the steps. */
extern struct process *fail_nth_process;

/* A number below `below` that depends on the seed, the step and `which` alone. */
uint64_t fail_nth_random(uint32_t step, uint32_t which, uint64_t below);

/* Mixes the value into a cell. */
static inline uint32_t cell_mix(uint32_t cell, uint64_t value)
{
    uint64_t x = (cell ^ value) * 0x9e3779b97f4a7c15ull;
    return (uint32_t)(x >> 32) ^ (uint32_t)x;
}

/* Puts bytes into the scratch memory and returns their user address. */
uint64_t scratch_put(uint32_t page, const void *bytes, size_t count);
uint64_t scratch_text(uint32_t page, const char *text);
uint64_t scratch_at(uint32_t page);
