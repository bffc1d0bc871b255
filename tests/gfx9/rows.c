/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/gfx9/rows.h"

static struct row_model *first;

void row_model_register(struct row_model *model)
{
    model->next = first;
    first = model;
}

void row_model_run(const struct row_model *model)
{
    unsigned visited = 0;
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        if (i->action == ACTION_REFUSED || !model->takes(i)) continue;
        model->check(i);
        visited++;
    }
    EXPECT(visited > 0);
    test_note("%u rows", visited);
}

const struct row_model *row_model_of(const struct instruction *i)
{
    const struct row_model *model = first;
    while (model && !model->takes(i)) model = model->next;
    return model;
}
