/* SPDX-License-Identifier: Apache-2.0 */
/* The words ck puts on the kernel's command line. */
#pragma once
#include "host/ck/launch.h"
#include "host/ck/memory_plan.h"
#include "host/ck/options.h"
#include "lib/base.h"

struct guest_cmdline {
    const struct run_options *options;
    const struct memory_plan *memory;
    uint64_t tsc_khz;
    bool has_stdin; /* false: the program's stdin is at its end from the start */
    const struct launch *launch;
};

/* Owned by the caller. NULL: it is longer than the kernel takes; reported. */
char *guest_cmdline_create(const struct guest_cmdline *facts);
