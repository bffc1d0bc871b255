/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments as the program will see them: those of the request, behind what the scripts on the way to it
 * put in place of the first one. */
#pragma once
#include "process/exec.h"

/* Each rewrite adds the interpreter and perhaps its argument; the first one the script's path too. */
enum { EXEC_SCRIPTS_MAX = 5, EXEC_FRONT_MAX = 2 * EXEC_SCRIPTS_MAX + 1 };

struct exec_script; /* keeps the words of its line */

struct exec_words {
    const struct exec_request *request;
    const char *program; /* the path of the file that is to run, or of the next script */
    const char *front[EXEC_FRONT_MAX];
    uint32_t front_first; /* so many places of it are free, at its beginning */
    uint32_t script_count;
    struct exec_script *scripts;
};

void exec_words_init(struct exec_words *words, const struct exec_request *request);
void exec_words_fini(struct exec_words *words);

/* The program turned out to be a script with this beginning: its interpreter is the program now.
 * ERR_EXEC_FORMAT: it is none. ERR_LOOP: one script too many. ERR_NOT_FOUND: the interpreter could not open
 * it, as its descriptor closes. ERR_NO_MEMORY. */
err_t exec_words_add_script(struct exec_words *words, const void *bytes, size_t size);

/* The list: so many, and each of them. */
uint32_t exec_words_count(const struct exec_words *words);
const char *exec_word(const struct exec_words *words, uint32_t index);
