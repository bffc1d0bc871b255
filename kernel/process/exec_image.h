/* SPDX-License-Identifier: Apache-2.0 */
/* A program in an address space: its segments, its interpreter's, the stack and the vDSO, at the places that
 * Linux would choose. */
#pragma once
#include "process/exec_file.h"
#include "process/exec_words.h"
#include "lib/elf.h"

/* What has been read and checked before there is a space. */
struct exec_plan {
    struct exec_words words;
    struct exec_file program_file, interpreter_file;
    struct elf_program program, interpreter;
    const struct linux_rlimit *limits;
    const struct credentials *credentials; /* who it will be; counted */
    bool is_secure;                        /* AT_SECURE */
    bool is_fixed;                         /* nothing is placed at random */
};
static inline bool exec_has_interpreter(const struct exec_plan *plan) { return plan->program.interpreter; }

/* Builds the space and makes it the running thread's; on failure the thread has the space it had.
 * ERR_ARGS_TOO_LONG; ERR_NO_MEMORY; ERR_EXISTS, a segment where something else belongs. */
err_t exec_image_build(const struct exec_plan *plan, struct exec_image *out, const char **why);
/* The running thread gets the space, or none. */
void exec_use_space(struct space *space);
