/* SPDX-License-Identifier: Apache-2.0 */
/* Floating-point state that a process has to ask for, because signal frames grow with it: AMX. What was given
 * stays until execve, and children inherit it. [linux Documentation/x86/xstate.rst] */
#pragma once
#include "lib/base.h"

/* Components that the running process may use. */
uint32_t fpu_permission(void);
/* ERR_INVALID and ERR_NOT_SUPPORTED as fpu_request(); ERR_NO_SPACE: a thread's alternate signal stack is too
 * small for the frames there would be. */
err_t fpu_permission_request(uint64_t component);
