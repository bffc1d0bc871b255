/* SPDX-License-Identifier: Apache-2.0 */
/* The vDSO: a shared object of ours in every program, by which its C library reads the clocks without a system
 * call. It is found by AT_SYSINFO_EHDR. The page below it holds what the functions read (core/time_page.h).
 *
 * Both pages are the kernel's own, the same in every program. They are like those of a file that is mapped
 * privately: a program may move them, take them away, or write to a copy. */
#pragma once
#include "lib/base.h"

struct space;

#define VDSO_BYTES (2 * PAGE_BYTES) /* with the page below it */

/* For the loader, at the top of what mmap gives out. *out is where the shared object begins. ERR_NO_MEMORY;
 * ERR_EXISTS: a segment of the program lies there. Threads only. */
err_t vdso_map(struct space *space, uint64_t *out);
