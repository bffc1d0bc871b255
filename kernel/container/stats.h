/* SPDX-License-Identifier: Apache-2.0 */
/* What the container used and what it asked for in vain, told to the host at its end (`ck run --stats`). */
#pragma once
#include "abi/channel.h"
#include "lib/base.h"

/* Whoever counts system calls fills it in at boot, when the host wants to know; NULL: it does not. Like
 * unsupported_next(). */
extern bool (*stats_next_call)(uint32_t *cursor, struct channel_stat *out);

/* The container's first program is about to run. */
void stats_begin(void);
/* After its last process, in front of the channel's EXIT. Threads only. */
void stats_send(void);
