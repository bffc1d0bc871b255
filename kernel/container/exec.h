/* SPDX-License-Identifier: Apache-2.0 */
/* From a file to an address space with a program in it: segments, stack, arguments. */
#pragma once
#include "lib/base.h"

struct process;

struct exec_request {
    const char *path; /* looked up from the process's root */
    uint32_t argument_count, environment_count;
    const char *const *arguments;
    const char *const *environment;
};

struct exec_entry { /* where ring 3 begins */
    uint64_t rip, rsp;
};

/* Builds process->space and makes it the running thread's; on failure nothing is left behind.
 * ERR_NOT_FOUND and others of the path walk; ERR_ACCESS, not an executable file; ERR_EXEC_FORMAT;
 * ERR_ARGS_TOO_LONG; ERR_TEXT_BUSY, open for writing; ERR_NO_MEMORY. *why is a static sentence. Threads only. */
err_t exec_load(struct process *process, const struct exec_request *request, struct exec_entry *out,
                const char **why);
