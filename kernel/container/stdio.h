/* SPDX-License-Identifier: Apache-2.0 */
/* The program's standard streams: the channel's where `ck` started us, else the console, which then
 * is a terminal. */
#pragma once
#include "fs/file.h"

/* Makes the terminal known as /dev/console and /dev/tty, and the signal to pipes. Before rootfs_init. */
void stdio_init(void);

/* The open file for descriptor 0, 1 or 2; NULL when memory is out. */
struct file *stdio_open(uint32_t descriptor);
