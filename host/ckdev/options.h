/* SPDX-License-Identifier: Apache-2.0 */
/* ckdev's command line. It is written by ck, not by people, and names descriptors instead of paths. */
#pragma once
#include "host/ckdev/memory.h"
#include "lib/base.h"

struct options_piece {
    uint64_t address, bytes, offset; /* physical; in the file */
    int fd;
    bool is_read_only;
};

struct options {
    const char *engine;
    uint64_t vram_bytes;
    int server_fd;
    int log_fd; /* -1: no log */
    uint32_t threads;
    struct options_piece ram[MEMORY_PIECES_MAX];
    uint32_t ram_count;
};

extern const char options_usage[];

/* False: what is wrong was written to stderr. */
bool options_parse(int argc, char **argv, struct options *out);
