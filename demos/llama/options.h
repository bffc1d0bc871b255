/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#pragma once
#include "error.h"

#include <stdint.h>

struct options {
    const char *model, *prompt;
    const char *logits; /* a file, "-" for standard output, or NULL: generate text */
    uint32_t tokens;    /* to generate, at most */
    bool int8, stats, help;
    float temperature, top_p;
    uint64_t seed;
};

extern const char options_usage[];

bool options_parse(struct options *options, int argc, char **argv, struct error *error);
