/* SPDX-License-Identifier: Apache-2.0 */
/* What a new program finds on its stack: argc, argv, envp, the auxiliary vector and the strings they
 * point to. [sysv-abi-amd64 3.4.1] */
#pragma once
#include "process/exec_image.h"

/* Where things lie in the program's space. */
struct exec_places {
    uint64_t program;     /* its base */
    uint64_t interpreter; /* the same; 0: none, or not to be moved */
    uint64_t stack_top;
    uint64_t vdso;
};

/* Writes it below the top of the stack in the current space. ERR_ARGS_TOO_LONG; ERR_NO_MEMORY. */
err_t exec_stack_build(const struct exec_plan *plan, const struct exec_places *places, uint64_t *out_rsp,
                       const char **why);
