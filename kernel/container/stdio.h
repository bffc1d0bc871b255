/* SPDX-License-Identifier: Apache-2.0 */
/* The program's standard streams: the channel's where `ck` started us, else the console, which then
 * is a terminal. */
#pragma once
#include "fs/file.h"
#include "fs/fs_context.h"

/* Makes terminals known, and the signal to pipes. Before rootfs_init. */
void stdio_init(void);
/* The host passes a terminal of that size through the channel. False: there is no memory for it. */
bool stdio_pass_terminal(uint32_t rows, uint32_t columns);

/* The open file for descriptor 0, 1 or 2, of a process that sees these names; NULL when memory is out. */
struct file *stdio_open(struct fs_context *fs, uint32_t descriptor);
/* If those are a terminal, the running process, init, is to lead its session. */
void stdio_take_terminal(void);
/* What the program has written to a terminal is sent, or the host does not read. Threads only. */
void stdio_drain(void);
