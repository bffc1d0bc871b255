/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/script_line.h"

#include "lib/string.h"

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Both look at [at, last] and return NULL when it is not there. */
static char *find_word(char *at, const char *last)
{
    while (at <= last && is_blank(*at)) at++;
    return at <= last ? at : NULL;
}
static char *find_word_end(char *at, const char *last)
{
    while (at <= last && *at && !is_blank(*at)) at++;
    return at <= last ? at : NULL;
}

/* Where the line ends: at its newline, or as far as is looked when the path is known to be whole. */
static char *find_end(char *line)
{
    char *newline = memchr(line, '\n', SCRIPT_LINE_BYTES);
    if (newline) return newline;
    char *last = line + SCRIPT_LINE_BYTES - 1, *path = find_word(line + 2, last);
    return path && find_word_end(path, last) ? last : NULL;
}

err_t script_line_parse(char line[SCRIPT_LINE_BYTES], struct script_line *out)
{
    if (line[0] != '#' || line[1] != '!') return ERR_EXEC_FORMAT;
    char *end = find_end(line);
    if (!end) return ERR_EXEC_FORMAT;
    while (is_blank(end[-1])) end--;
    out->interpreter = find_word(line + 2, end);
    if (!out->interpreter || out->interpreter == end) return ERR_EXEC_FORMAT;
    char *path_end = find_word_end(out->interpreter, end);
    out->argument = path_end && *path_end ? find_word(path_end, end) : NULL;
    *end = '\0';
    if (out->argument) *path_end = '\0';
    if (out->argument == end) out->argument = NULL;
    return OK;
}
