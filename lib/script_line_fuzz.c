/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes: the two strings lie in the line and end there, and do not begin with a blank. */
#include "lib/script_line.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_string(const char *line, const char *string)
{
    ASSERT(string >= line + 2 && string < line + SCRIPT_LINE_BYTES);
    ASSERT(memchr(string, '\0', (size_t)(line + SCRIPT_LINE_BYTES - string)) != NULL);
    ASSERT(string[0] != ' ' && string[0] != '\t');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char line[SCRIPT_LINE_BYTES] = "";
    memcpy(line, data, MIN(size, sizeof(line)));
    struct script_line parsed;
    if (failed(script_line_parse(line, &parsed))) return 0;
    check_string(line, parsed.interpreter);
    ASSERT(strchr(parsed.interpreter, ' ') == NULL && strchr(parsed.interpreter, '\n') == NULL);
    if (parsed.argument) check_string(line, parsed.argument);
    return 0;
}
