/* SPDX-License-Identifier: Apache-2.0 */
/* What programs asked for in vain: calls, and options of calls, that Linux has and this kernel has not. Whoever refuses
 * one notes it; at the end of the container the notes are told (`ck run --stats`).
 *
 * Any context, any CPU, no lock. A note is a search in a table of a few entries and one addition. */
#pragma once
#include "abi/channel.h"
#include "lib/base.h"

/* One more refusal of option `number` of the call that `kind` stands for (CHANNEL_STAT_IOCTL, ...). A level and an
 * option of a socket are CHANNEL_SOCKET_OPTION(level, option). True: the first one; whoever notes it may want to log it. */
bool unsupported_note(enum channel_stat_kind kind, uint64_t number);

/* The notes one after the other, in no order: false at the end. *cursor begins as 0. What found no place in the table
 * is told last, as CHANNEL_STAT_UNNAMED. */
bool unsupported_next(uint32_t *cursor, struct channel_stat *out);
