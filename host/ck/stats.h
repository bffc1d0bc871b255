/* SPDX-License-Identifier: Apache-2.0 */
/* `ck run --stats`: what the kernel told of a run, for people. */
#pragma once
#include "host/ck/buffer.h"
#include "lib/base.h"

struct stats_view {
    const char *program;
    bool is_counting; /* a tick is an instruction */
    uint64_t tsc_khz; /* of the ticks otherwise */
};

/* A few lines for standard error; `stats` holds struct channel_stat one after the other. NUL-terminated. */
void stats_print(const struct stats_view *view, const struct buffer *stats, struct buffer *out);
