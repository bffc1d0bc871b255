/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `ck run`, decoded and checked; nothing but an --env-file has been opened yet. */
#pragma once
#include "host/ck/network.h"
#include "host/ck/option_cursor.h"
#include "lib/base.h"

enum machine_kind { MACHINE_MICROVM, MACHINE_Q35 };

struct gpu_request {
    bool is_given;
    char engine[16]; /* ckdev knows which there are */
    uint64_t vram_bytes;
};

struct run_options {
    uint64_t memory_bytes;         /* 0: what the root file system needs, and more for the program */
    uint64_t memory_limit_bytes;   /* of the container; 0: the machine's */
    const char *memory_limit_text; /* as it was given */
    uint32_t cpus;
    enum machine_kind machine;
    bool is_counting;               /* --icount */
    bool is_verbose;                /* the kernel's log goes to stderr */
    bool wants_stats;               /* --stats */
    bool has_terminal;              /* --tty */
    uint64_t timeout_ns;            /* 0: none */
    const char *rootfs;             /* NULL: PROGRAM is a file of the host */
    const char *log_path;           /* NULL: none */
    const char *user;               /* USER[:GROUP], names or numbers; NULL: the image's, or root */
    const char *workdir;            /* NULL: the image's, or / */
    struct string_list environment; /* NAME=VALUE */
    struct string_list qemu_extra;
    struct network network;
    struct gpu_request gpu;
    char *const *arguments; /* PROGRAM first; inside argv */
    size_t argument_count;  /* 0: the image says what to run */
    bool wants_help;
};

/* A size with its suffix, of option `name`; UINT64_MAX when it is too large for a number. False: reported. */
bool parse_size(const char *name, const char *text, uint64_t *out_bytes);

/* `arguments` begins after "run". False: reported, nothing to free. */
bool run_options_parse(struct run_options *out, int count, char *const *arguments);
void run_options_free(struct run_options *options);
