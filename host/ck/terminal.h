/* SPDX-License-Identifier: Apache-2.0 */
/* `--tty`: the user's terminal while the machine runs. Lines, echo and signals are the guest's business then, so the
 * terminal passes bytes as they are; without a terminal on stdin, the guest's has a usual size. */
#pragma once
#include "lib/base.h"

struct terminal_size {
    uint16_t rows, columns;
};
struct terminal_size terminal_size(void);

/* Until terminal_restore(), which is harmless where nothing was changed. */
void terminal_make_raw(void);
void terminal_restore(void);
