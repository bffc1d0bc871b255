/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec_stack.h"

#include "abi/linux/signal.h"
#include "abi/linux/system.h"
#include "abi/linux/time.h"
#include "arch/features.h"
#include "config.h"
#include "core/entropy.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/signal_fpu.h"
#include "sched/thread.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum {
    AUXV_PAIRS_MAX = 24,
    RANDOM_BYTES = 16,
    END_BYTES = 8, /* zeros above the last string, as on Linux: glibc 2.36 reads them when it
                                * walks GLIBC_TUNABLES past its end */
};

/* The top of the stack, built in kernel memory and copied out in one piece. `words` grows up from the
 * new stack pointer, `strings` fills the end. */
struct builder {
    uint8_t *memory;
    uint64_t bytes;
    uint64_t user; /* address of memory[0] in the program */
    uint64_t *next_word;
    uint8_t *next_string;
};

static uint64_t put_string(struct builder *b, const void *bytes, size_t count)
{
    memcpy(b->next_string, bytes, count);
    uint64_t at = b->user + (uint64_t)(b->next_string - b->memory);
    b->next_string += count;
    return at;
}

static uint64_t user_place(const struct builder *b, const void *at)
{
    return b->user + (uint64_t)((const uint8_t *)at - b->memory);
}

static void put_word(struct builder *b, uint64_t word) { *b->next_word++ = word; }

static void put_vector(struct builder *b, const char *const *strings, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) put_word(b, put_string(b, strings[i], strlen(strings[i]) + 1));
    put_word(b, 0);
}

static void put_aux(struct builder *b, uint64_t type, uint64_t value)
{
    put_word(b, type);
    put_word(b, value);
}

static void put_auxv(struct builder *b, const char *path, const struct elf_program *program,
                     const struct exec_places *places)
{
    uint64_t base = places->program;
    uint8_t random[RANDOM_BYTES];
    entropy_read(random, sizeof(random));
    put_aux(b, LINUX_AT_SYSINFO_EHDR, places->vdso);
    put_aux(b, LINUX_AT_HWCAP, cpu_features.hwcap);
    put_aux(b, LINUX_AT_PAGESZ, PAGE_BYTES);
    put_aux(b, LINUX_AT_CLKTCK, LINUX_USER_HZ);
    if (program->headers) put_aux(b, LINUX_AT_PHDR, base + program->headers);
    put_aux(b, LINUX_AT_PHENT, ELF_PROGRAM_HEADER_BYTES);
    put_aux(b, LINUX_AT_PHNUM, program->header_count);
    put_aux(b, LINUX_AT_BASE, 0);
    put_aux(b, LINUX_AT_FLAGS, 0);
    put_aux(b, LINUX_AT_ENTRY, base + program->entry);
    put_aux(b, LINUX_AT_UID, 0);
    put_aux(b, LINUX_AT_EUID, 0);
    put_aux(b, LINUX_AT_GID, 0);
    put_aux(b, LINUX_AT_EGID, 0);
    put_aux(b, LINUX_AT_SECURE, 0);
    put_aux(b, LINUX_AT_RANDOM, put_string(b, random, sizeof(random)));
    put_aux(b, LINUX_AT_HWCAP2, cpu_features.hwcap2);
    put_aux(b, LINUX_AT_EXECFN, put_string(b, path, strlen(path) + 1));
    put_aux(b, LINUX_AT_PLATFORM, put_string(b, "x86_64", 7));
    put_aux(b, LINUX_AT_MINSIGSTKSZ, signal_stack_bytes_min());
    put_aux(b, LINUX_AT_NULL, 0);
}

/* Adds the bytes of the strings; false when the sum passes the limit. */
static bool add_string_bytes(const char *const *strings, uint32_t count, uint64_t *bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        *bytes += strnlen(strings[i], CONFIG_ARGS_BYTES_MAX) + 1;
        if (*bytes > CONFIG_ARGS_BYTES_MAX) return false;
    }
    return true;
}

err_t exec_stack_build(const struct exec_request *request, const struct elf_program *program,
                       const struct exec_places *places, uint64_t *out_rsp, const char **why)
{
    uint64_t string_bytes = RANDOM_BYTES + 7 + strlen(request->path) + 1 + END_BYTES;
    uint64_t words = 1 + request->argument_count + 1 + request->environment_count + 1 + 2 * AUXV_PAIRS_MAX;
    bool fits = add_string_bytes(request->arguments, request->argument_count, &string_bytes) &&
                add_string_bytes(request->environment, request->environment_count, &string_bytes) &&
                words * sizeof(uint64_t) + string_bytes <= CONFIG_ARGS_BYTES_MAX;
    *why = "arguments and environment are too long";
    if (!fits) return ERR_ARGS_TOO_LONG;

    *why = "not enough memory for its arguments";
    struct builder b = { .bytes = align_up(words * sizeof(uint64_t) + string_bytes, 16) };
    b.memory = heap_alloc_zeroed(b.bytes);
    if (!b.memory) return ERR_NO_MEMORY;
    b.user = places->stack_top - b.bytes; /* both multiples of 16, as RSP must be at entry */
    b.next_word = (uint64_t *)b.memory;
    b.next_string = b.memory + words * sizeof(uint64_t);

    struct space *space = thread_current()->space;
    put_word(&b, request->argument_count);
    space->start.arguments = user_place(&b, b.next_string);
    put_vector(&b, request->arguments, request->argument_count);
    space->start.environment = user_place(&b, b.next_string);
    put_vector(&b, request->environment, request->environment_count);
    space->start.strings_end = user_place(&b, b.next_string);
    space->start.auxiliary = user_place(&b, b.next_word);
    put_auxv(&b, request->path, program, places);
    space->start.auxiliary_end = user_place(&b, b.next_word);
    err_t e = user_copy_out(UADDR(b.user), b.memory, b.bytes);
    heap_free(b.memory);
    *out_rsp = b.user;
    return failed(e) ? ERR_NO_MEMORY : OK;
}
