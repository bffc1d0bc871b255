/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of `ck run`, decoded and checked; nothing has been opened yet. */
#pragma once
#include "lib/base.h"

enum machine_kind { MACHINE_MICROVM, MACHINE_Q35 };

struct string_list {
    char **items; /* owned, and each of them */
    size_t count;
};

void string_list_add(struct string_list *list, const char *text);
void string_list_free(struct string_list *list);

struct run_options {
    uint64_t memory_bytes;
    uint64_t memory_limit_bytes;   /* of the container; 0: the machine's */
    const char *memory_limit_text; /* as it was given */
    uint32_t cpus;
    enum machine_kind machine;
    bool is_counting;               /* --icount */
    bool is_verbose;                /* the kernel's log goes to stderr */
    uint64_t timeout_ns;            /* 0: none */
    const char *rootfs;             /* NULL: PROGRAM is a file of the host */
    const char *log_path;           /* NULL: none */
    struct string_list environment; /* NAME=VALUE */
    struct string_list qemu_extra;
    char *const *arguments; /* PROGRAM first; inside argv */
    size_t argument_count;  /* at least 1 */
    bool wants_help;
};

/* `arguments` begins after "run". False: reported, nothing to free. */
bool run_options_parse(struct run_options *out, int count, char *const *arguments);
void run_options_free(struct run_options *options);

/* "512M" and the like; the suffix is needed. */
bool parse_memory(const char *text, uint64_t *out_bytes);
/* "10", "0.5": seconds, more than none. */
bool parse_seconds(const char *text, uint64_t *out_ns);
/* Words as a shell cuts them: blanks, quotes and backslashes. False: a quote is left open. */
bool split_words(const char *text, struct string_list *out);

/* One option out of an argument list, as --name, --name VALUE or --name=VALUE. */
struct option_cursor {
    int count;
    char *const *arguments;
    int at;
    const char *attached; /* after '=', until it is used */
    const char *name;     /* of the option being looked at, for messages */
};
/* The next option's name without '='; NULL at the first word that is none, or after "--". */
const char *option_next(struct option_cursor *cursor);
/* The value of the current option; NULL: reported as missing. */
const char *option_value(struct option_cursor *cursor);
/* False: the option was given a value it does not take; reported. */
bool option_done(const struct option_cursor *cursor);
