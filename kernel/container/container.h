/* SPDX-License-Identifier: Apache-2.0 */
/* The one tenant: started from the command line, watched until its first process ends. */
#pragma once
#include "abi/channel.h"
#include "lib/base.h"

struct container_end {
    enum channel_exit_kind kind;
    uint32_t status;
};

/* Starts the program behind `--` on the command line, with the environment of its env= options, and
 * waits for its end. What keeps it from starting is said on its standard error. Boot thread only. */
struct container_end container_run(const char *cmdline);

/* A signal from outside (the channel, ^C on the console) for the first process. Any context. */
void container_signal(uint32_t signal);
