/* SPDX-License-Identifier: Apache-2.0 */
/* Between line_discipline.c, which takes what is typed, and line_output.c. */
#pragma once
#include "terminal/line_discipline.h"

/* Shows a typed byte: control characters as ^X, where the mode says so. */
void line_echo(struct line_discipline *line, uint8_t byte);
/* Takes back a byte, a word or the whole line, by the key. */
void line_erase(struct line_discipline *line, uint8_t key);
