/* SPDX-License-Identifier: Apache-2.0 */
/* ELF64 x86-64 programs: everything the loader needs, checked, before anything is mapped.
 *
 * Section headers are for linkers and debuggers and are not looked at. [elf-gabi 4, 5; sysv-abi-amd64] */
#pragma once
#include "lib/base.h"

enum {
    ELF_SEGMENTS_MAX = 32, /* loadable ones; linkers make 2 to 6 */
    ELF_PROGRAM_HEADERS_MAX = 128,
    ELF_INTERPRETER_MAX = 4095, /* bytes of its path */
    ELF_HEADER_BYTES = 64,
    ELF_PROGRAM_HEADER_BYTES = 56,
};

#define ELF_USER_FIRST 0x1000ull         /* the first page stays unmapped: NULL must fault */
#define ELF_USER_END   0x7ffffffff000ull /* the last page below the canonical hole too */

struct elf_segment {
    uint64_t address; /* of the first byte; of a position-independent program: relative to its base */
    uint64_t memory_bytes;
    uint64_t file_offset; /* congruent to `address` modulo the page size where file_bytes > 0 */
    uint64_t file_bytes;  /* the rest of the memory is zeros */
    bool is_readable, is_writable, is_executable;
};

struct elf_tls { /* the initial image of thread-local variables */
    uint64_t address;
    uint64_t file_bytes, memory_bytes;
    uint64_t align;
};

struct elf_program {
    bool is_position_independent; /* addresses are relative to a base of `align` */
    bool is_stack_executable;     /* asked for by PT_GNU_STACK */
    uint64_t entry;
    uint64_t align;        /* largest of all segments, at least a page */
    uint64_t first, bytes; /* whole pages that cover all segments */
    /* Program headers in memory, for AT_PHDR; 0 when no segment holds them. */
    uint64_t headers;
    uint32_t header_count;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX]; /* ascending, no page in two of them */
    struct elf_tls tls;                            /* align 0: there is none */
    uint64_t relro, relro_bytes;                   /* read-only after relocation; 0 bytes: none */
    const char *interpreter;                       /* in the image, terminated; NULL: none */
};

/* ERR_EXEC_FORMAT with the reason in *why (static). */
err_t elf_parse(const void *image, uint64_t bytes, struct elf_program *out, const char **why);
