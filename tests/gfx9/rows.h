/* SPDX-License-Identifier: Apache-2.0 */
/* Models of the instruction table's rows. A model says which rows it takes and holds each of them to what it
 * computes itself; rows_test.c fails for a row that runs and that no model takes.
 *
 *     ROW_MODEL(scalar_loads_take_dwords, is_scalar_load, check_scalar_load)
 *
 * makes a TEST of that name that visits every row the model takes. */
#pragma once
#include "host/ckdev/gfx9/isa.h"
#include "tests/harness/test.h"

struct row_model {
    bool (*takes)(const struct instruction *i);
    void (*check)(const struct instruction *i);
    struct row_model *next;
};

void row_model_register(struct row_model *model);
/* Hold every row to it that runs and that it takes: at least one. */
void row_model_run(const struct row_model *model);
/* NULL: nothing would notice if the row did something else. */
const struct row_model *row_model_of(const struct instruction *i);

#define ROW_MODEL(sentence, takes_, check_)                                      \
    static struct row_model row_model_##sentence = { takes_, check_, NULL };     \
    __attribute__((constructor)) static void row_model_register_##sentence(void) \
    {                                                                            \
        row_model_register(&row_model_##sentence);                               \
    }                                                                            \
    TEST(sentence) { row_model_run(&row_model_##sentence); }
