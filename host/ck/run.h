/* SPDX-License-Identifier: Apache-2.0 */
/* `ck run`: from options to an exit status. */
#pragma once
#include "host/ck/options.h"

/* Start the machine, relay, and return what ck is to exit with; problems are reported. */
int run_program(struct run_options *options);
