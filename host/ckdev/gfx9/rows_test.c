/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing that runs goes untested: the table beside the models. */
#include "tests/gfx9/rows.h"

TEST(every_row_that_is_not_refused_is_held_to_a_model)
{
    unsigned refused = 0;
    for (unsigned row = 0; row < gfx9_instruction_count; row++) {
        const struct instruction *i = &gfx9_instructions[row];
        refused += i->action == ACTION_REFUSED;
        if (i->action != ACTION_REFUSED && !row_model_of(i))
            test_fail(__FILE__, __LINE__, "%s has no model", i->name);
    }
    test_note("%u rows, %u more are refused", gfx9_instruction_count - refused, refused);
}
