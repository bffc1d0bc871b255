/* SPDX-License-Identifier: Apache-2.0 */
/* What a new program finds on its stack: argc, argv, envp, the auxiliary vector and the strings they
 * point to. [sysv-abi-amd64 3.4.1] */
#pragma once
#include "container/exec.h"
#include "lib/elf.h"

/* Writes it below `stack_top` in the current space. ERR_ARGS_TOO_LONG; ERR_NO_MEMORY. */
err_t exec_stack_build(const struct exec_request *request, const struct elf_program *program, uint64_t base,
                       uint64_t stack_top, uint64_t *out_rsp, const char **why);
