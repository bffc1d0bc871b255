/* SPDX-License-Identifier: Apache-2.0 */
/* The GPU's device process, ckdev, beside QEMU: it gets the machine's memory as a file, and one end of a socket over
 * which it serves QEMU the GPU's window. It dies with ck, and ends when QEMU does. */
#pragma once
#include <sys/types.h>

#include "host/ck/memory_plan.h"
#include "host/ck/options.h"

struct gpu_process {
    pid_t pid;   /* 0: there is none */
    int ram_fd;  /* the machine's memory but for a mapped archive; QEMU's too */
    int qemu_fd; /* QEMU's end of the socket */
};

/* ENGINE[,vram=SIZE], the argument of --gpu. False: reported. */
bool gpu_parse(struct gpu_request *out, const char *text);

/* Nothing happens when no GPU was asked for. `log_fd` may be negative. False: reported, and nothing is left behind. */
bool gpu_start(const struct run_options *options, const struct memory_plan *memory, int archive_fd,
               int log_fd, struct gpu_process *out);
/* QEMU has ended. */
void gpu_finish(struct gpu_process *gpu);

/* QEMU's words for the device. */
void gpu_arguments(const struct gpu_process *gpu, struct string_list *out);
