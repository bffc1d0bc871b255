/* SPDX-License-Identifier: Apache-2.0 */
/* The process that makes the system calls of a host test. */
#pragma once
#include "process/user_thread.h"

/* Mounts an archive (0 bytes: an empty root) and starts a process in it whose descriptors 0 to 2 are
 * /dev/null. Ends the program on failure. */
void fake_process_start(const void *archive, size_t bytes);
void fake_process_stop(void);
