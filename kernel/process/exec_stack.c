/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec_stack.h"

#include "abi/linux/signal.h"
#include "abi/linux/system.h"
#include "abi/linux/time.h"
#include "arch/features.h"
#include "core/entropy.h"
#include "fs/credentials.h"
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

static const char platform[] = "x86_64";

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

static void put_text(struct builder *b, const char *text)
{
    put_word(b, put_string(b, text, strlen(text) + 1));
}

static void put_vectors(struct builder *b, const struct exec_words *words, uint32_t count)
{
    put_word(b, count);
    for (uint32_t i = 0; i < count; i++) put_text(b, exec_word(words, i));
    put_word(b, 0);
    thread_current()->space->start.environment = user_place(b, b->next_string);
    const struct exec_request *r = words->request;
    for (uint32_t i = 0; i < r->environment_count; i++) put_text(b, r->environment[i]);
    put_word(b, 0);
}

static void put_aux(struct builder *b, uint64_t type, uint64_t value)
{
    put_word(b, type);
    put_word(b, value);
}

static void put_auxv(struct builder *b, const struct exec_plan *plan, const struct exec_places *places)
{
    const struct elf_program *program = &plan->program;
    const char *path = plan->words.request->path; /* of a script, not of its interpreter */
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
    put_aux(b, LINUX_AT_BASE, places->interpreter);
    put_aux(b, LINUX_AT_FLAGS, 0);
    put_aux(b, LINUX_AT_ENTRY, base + program->entry);
    put_aux(b, LINUX_AT_UID, plan->credentials->uid.real);
    put_aux(b, LINUX_AT_EUID, plan->credentials->uid.effective);
    put_aux(b, LINUX_AT_GID, plan->credentials->gid.real);
    put_aux(b, LINUX_AT_EGID, plan->credentials->gid.effective);
    put_aux(b, LINUX_AT_SECURE, plan->is_secure);
    put_aux(b, LINUX_AT_RANDOM, put_string(b, random, sizeof(random)));
    put_aux(b, LINUX_AT_HWCAP2, cpu_features.hwcap2);
    put_aux(b, LINUX_AT_EXECFN, put_string(b, path, strlen(path) + 1));
    put_aux(b, LINUX_AT_PLATFORM, put_string(b, platform, sizeof(platform)));
    put_aux(b, LINUX_AT_MINSIGSTKSZ, signal_stack_bytes_min());
    put_aux(b, LINUX_AT_NULL, 0);
}

static uint64_t string_bytes(const struct exec_words *words, uint32_t count)
{
    const struct exec_request *r = words->request;
    uint64_t bytes = strlen(r->path) + 1;
    for (uint32_t i = 0; i < count; i++) bytes += strlen(exec_word(words, i)) + 1;
    for (uint32_t i = 0; i < r->environment_count; i++) bytes += strlen(r->environment[i]) + 1;
    return bytes;
}

err_t exec_stack_build(const struct exec_plan *plan, const struct exec_places *places, uint64_t *out_rsp,
                       const char **why)
{
    uint32_t count = exec_words_count(&plan->words);
    uint64_t pointers = count + plan->words.request->environment_count;
    uint64_t bytes = string_bytes(&plan->words, count);
    *why = "arguments and environment are too long";
    if (pointers * sizeof(uint64_t) + bytes > exec_strings_max(plan->limits)) return ERR_ARGS_TOO_LONG;

    *why = "not enough memory for its arguments";
    uint64_t words = 1 + pointers + 2 + 2 * AUXV_PAIRS_MAX;
    bytes += RANDOM_BYTES + sizeof(platform) + END_BYTES;
    struct builder b = { .bytes = align_up(words * sizeof(uint64_t) + bytes, 16) };
    b.memory = heap_alloc_zeroed(b.bytes);
    if (!b.memory) return ERR_NO_MEMORY;
    b.user = places->stack_top - b.bytes; /* both multiples of 16, as RSP must be at entry */
    b.next_word = (uint64_t *)b.memory;
    b.next_string = b.memory + words * sizeof(uint64_t);

    struct space *space = thread_current()->space;
    space->start.arguments = user_place(&b, b.next_string);
    put_vectors(&b, &plan->words, count);
    space->start.strings_end = user_place(&b, b.next_string);
    space->start.auxiliary = user_place(&b, b.next_word);
    put_auxv(&b, plan, places);
    space->start.auxiliary_end = user_place(&b, b.next_word);
    err_t e = user_copy_out(UADDR(b.user), b.memory, b.bytes);
    heap_free(b.memory);
    *out_rsp = b.user;
    return failed(e) ? ERR_NO_MEMORY : OK;
}
