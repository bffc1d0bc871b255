/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of a script: "#!", an interpreter's path, and perhaps one argument, which is all the rest of
 * the line, blanks inside it too. What counts as such a line is Linux's, to the byte. [linux fs/binfmt_script.c] */
#pragma once
#include "lib/base.h"

enum { SCRIPT_LINE_BYTES = 256 }; /* all that is looked at */

struct script_line {
    char *interpreter;
    char *argument; /* NULL: none */
};

/* `line` is the file's beginning, filled up with zeros; it is cut into the two strings where it lies.
 * ERR_EXEC_FORMAT: no script, without an interpreter, or its path goes on behind the line. */
err_t script_line_parse(char line[SCRIPT_LINE_BYTES], struct script_line *out);
