/* SPDX-License-Identifier: Apache-2.0 */
/* What a new program finds on its stack: argc, argv, envp, the auxiliary vector and the strings they
 * point to. [sysv-abi-amd64 3.4.1] */
#pragma once
#include "process/exec.h"
#include "lib/elf.h"

/* Where things lie in the program's space. */
struct exec_places {
    uint64_t program; /* its base */
    uint64_t stack_top;
    uint64_t vdso;
    const struct credentials *credentials; /* of the program */
    bool is_secure;
};

/* Writes it below the top of the stack in the current space. ERR_ARGS_TOO_LONG; ERR_NO_MEMORY. */
err_t exec_stack_build(const struct exec_request *request, const struct elf_program *program,
                       const struct exec_places *places, uint64_t *out_rsp, const char **why);
