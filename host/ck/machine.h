/* SPDX-License-Identifier: Apache-2.0 */
/* One QEMU as a child process: its command line, its four pipes, its end.
 *
 * The channel is COM2 and rides on QEMU's own stdin and stdout: pipes, because they hold up to a
 * megabyte of single-byte writes (a socket holds a few hundred), so that a slow ck does not make the guest
 * wait at its UART and change its instruction count. The kernel's console is COM1. The
 * child has a process group of its own (a ^C is for ck to pass on) and dies with ck. */
#pragma once
#include <sys/types.h>

#include "host/ck/gpu.h"
#include "host/ck/memory_plan.h"
#include "host/ck/options.h"
#include "lib/base.h"

struct machine_config {
    const struct run_options *options;
    const char *kernel_path;
    const struct memory_plan *memory;
    int archive_fd;
    const struct gpu_process *gpu;
    const char *cmdline; /* the kernel's */
    uint64_t tsc_khz;    /* of the guest's clock */
};

struct machine {
    pid_t pid;
    int to_guest;    /* the channel; non-blocking */
    int from_guest;  /* the channel */
    int console;     /* the kernel's console */
    int diagnostics; /* what QEMU itself says */
};

/* QEMU's arguments, program name first, NULL last. `console_fd` is a number in the child. */
void machine_arguments(const struct machine_config *config, int console_fd, struct string_list *out);

/* False: reported, and nothing is left behind. */
bool machine_start(const struct machine_config *config, struct machine *out);
/* Give QEMU `grace_ms` to end, then kill it. The status is waitpid()'s. Closes the pipes. */
int machine_finish(struct machine *machine, uint32_t grace_ms);
