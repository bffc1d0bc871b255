/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec_image.h"

#include "abi/linux/system.h"
#include "config.h"
#include "core/entropy.h"
#include "fs/file.h"
#include "fs/file_mapping.h"
#include "process/exec_stack.h"
#include "sched/thread.h"
#include "vdso/vdso.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

/* Address-space randomisation, in bits of pages, as Linux has it. [linux arch/x86/mm/mmap.c] */
enum { ASLR_MAP_BITS = 28, ASLR_STACK_BITS = 22, ASLR_BRK_BITS = 13 };
/* A position-independent program with an interpreter starts at two thirds of user space, plus the random part.
 * One without is an interpreter itself, or as good as one, and goes among the mappings; then its heap is here. */
#define EXEC_PIE_BASE 0x555555554000ull
/* The stack grows from this. [linux fs/exec.c, setup_arg_pages] */
enum { EXEC_STACK_START_BYTES = 33 * PAGE_BYTES };
/* Room for the stack above the mappings, whatever its limit is. [linux arch/x86/mm/mmap.c, mmap_base] */
#define STACK_ROOM_MIN (128ull << 20)
#define STACK_ROOM_MAX (USER_END / 6 * 5)

/* In pages. One word for what every program needs: the generator makes 32 bytes at a time, and with the
 * stack guard and AT_RANDOM that is all of them. */
struct layout_seed {
    uint64_t map : ASLR_MAP_BITS, stack : ASLR_STACK_BITS, brk : ASLR_BRK_BITS;
};
_Static_assert(sizeof(struct layout_seed) == 8, "one word");

static uint64_t pages(uint64_t count) { return count << PAGE_SHIFT; }

static uint32_t segment_protection(const struct elf_segment *s)
{
    return (s->is_readable ? SPACE_READ : 0) | (s->is_writable ? SPACE_WRITE : 0) |
           (s->is_executable ? SPACE_EXEC : 0);
}

static err_t map_at(struct space *space, uint64_t start, uint64_t end, uint32_t protection,
                    struct backing *backing, uint64_t backing_page)
{
    uint64_t place;
    return space_map(space, start, end - start, protection | SPACE_FIXED | SPACE_NO_REPLACE, backing,
                     backing_page, &place);
}

/* File bytes are a private mapping; the rest of the memory is anonymous, after the last file page's
 * tail has been cleared, to its end: dynamic linkers use it as their first heap. */
static err_t map_segment(struct space *space, struct backing *file, const struct elf_segment *s,
                         uint64_t base)
{
    uint64_t start = base + s->address, file_end = start + s->file_bytes, end = start + s->memory_bytes;
    uint64_t file_pages_end = s->file_bytes ? align_up(file_end, PAGE_BYTES) : align_down(start, PAGE_BYTES);
    uint32_t protection = segment_protection(s);
    if (s->file_bytes) {
        err_t e = map_at(space, align_down(start, PAGE_BYTES), file_pages_end, protection, backing_get(file),
                         s->file_offset >> PAGE_SHIFT);
        if (failed(e)) return e;
        uint64_t tail = end > file_end ? file_pages_end - file_end : 0;
        if (tail && s->is_writable) e = user_zero(UADDR(file_end), tail);
        if (failed(e)) return ERR_NO_MEMORY; /* the only reason why a fresh page cannot be written */
    }
    uint64_t pages_end = align_up(end, PAGE_BYTES);
    return pages_end > file_pages_end ? map_at(space, file_pages_end, pages_end, protection, NULL, 0) : OK;
}

static err_t map_program(struct space *space, struct file *file, const struct elf_program *program,
                         uint64_t base)
{
    struct backing *backing;
    uint32_t private = 0;
    err_t e = file_backing_open(file, &private, &backing);
    if (failed(e)) return e;
    for (uint32_t i = 0; i < program->segment_count && !failed(e); i++)
        e = map_segment(space, backing, &program->segments[i], base);
    backing_put(backing);
    return e;
}

/* Right below the vDSO, which is where mappings begin. */
static uint64_t base_among_mappings(const struct space *space, const struct elf_program *program)
{
    if (!program->is_position_independent) return 0;
    return align_down(space->map_top - VDSO_BYTES - program->bytes, program->align) - program->first;
}

static uint64_t base_of_program(const struct exec_plan *plan, const struct space *space)
{
    const struct elf_program *program = &plan->program;
    if (!program->is_position_independent) return 0;
    if (!exec_has_interpreter(plan)) return base_among_mappings(space, program);
    uint64_t random = plan->is_fixed ? 0 : entropy_u64() >> (64 - ASLR_MAP_BITS);
    return align_down(EXEC_PIE_BASE + pages(random), program->align);
}

static void place_heap(const struct exec_plan *plan, struct space *space, uint64_t base,
                       const struct layout_seed *seed)
{
    const struct elf_program *program = &plan->program;
    bool is_loader = program->is_position_independent && !exec_has_interpreter(plan);
    uint64_t end = is_loader ? EXEC_PIE_BASE : base + program->first + program->bytes;
    space->brk_start = space->brk_end = end + pages(seed->brk);
}

/* Stack at the top, mappings below it, both at random places. */
static err_t map_stack(const struct exec_plan *plan, struct space *space, const struct layout_seed *seed,
                       uint64_t *top)
{
    uint64_t high = USER_END - PAGE_BYTES - pages(seed->stack), place;
    uint64_t room = MIN(plan->limits[LINUX_RLIMIT_STACK].soft, STACK_ROOM_MAX);
    room = MAX(room, STACK_ROOM_MIN);
    space->map_top = high - align_up(room, PAGE_BYTES) - STACK_GUARD_BYTES - pages(seed->map);
    *top = high;
    uint32_t executable = plan->program.is_stack_executable ? SPACE_EXEC : 0;
    return space_map(space, high - EXEC_STACK_START_BYTES, EXEC_STACK_START_BYTES,
                     SPACE_READ | SPACE_WRITE | executable | SPACE_STACK | SPACE_GROWS_DOWN | SPACE_FIXED |
                         SPACE_NO_REPLACE,
                     NULL, 0, &place);
}

static err_t map_all(const struct exec_plan *plan, struct space *space, struct exec_places *places)
{
    struct layout_seed seed = { 0 };
    if (!plan->is_fixed) entropy_read(&seed, sizeof(seed));
    err_t e = map_stack(plan, space, &seed, &places->stack_top);
    if (failed(e)) return e;
    places->program = base_of_program(plan, space);
    e = map_program(space, plan->program_file.file, &plan->program, places->program);
    if (failed(e)) return e;
    place_heap(plan, space, places->program, &seed);
    if (exec_has_interpreter(plan)) {
        places->interpreter = base_among_mappings(space, &plan->interpreter);
        e = map_program(space, plan->interpreter_file.file, &plan->interpreter, places->interpreter);
        if (failed(e)) return e;
    }
    return vdso_map(space, &places->vdso);
}

static err_t build(const struct exec_plan *plan, struct exec_image *out, const char **why)
{
    struct exec_places places = { 0 };
    *why = "not enough memory for the program";
    err_t e = map_all(plan, out->space, &places);
    if (e.code == ERR_EXISTS.code) *why = "a segment where the stack, the interpreter or the vDSO belongs";
    if (failed(e)) return e;
    out->entry.rip = exec_has_interpreter(plan) ? places.interpreter + plan->interpreter.entry
                                                : places.program + plan->program.entry;
    e = exec_stack_build(plan, &places, &out->entry.rsp, why);
    out->space->stack_start = out->entry.rsp;
    return e;
}

static void set_limits(struct space *space, const struct linux_rlimit *limits)
{
    space->limits.mapped_bytes = limits[LINUX_RLIMIT_AS].soft;
    space->limits.data_bytes = limits[LINUX_RLIMIT_DATA].soft;
    space->limits.stack_bytes = limits[LINUX_RLIMIT_STACK].soft;
}

void exec_use_space(struct space *space) { thread_set_space(space, space ? &space->page_table : NULL); }

err_t exec_image_build(const struct exec_plan *plan, struct exec_image *out, const char **why)
{
    struct space *before = thread_current()->space;
    *why = "not enough memory to load it";
    err_t e = space_create(&out->space);
    if (failed(e)) return e;
    set_limits(out->space, plan->limits);
    exec_use_space(out->space);
    e = build(plan, out, why);
    if (!failed(e)) return OK;
    exec_use_space(before);
    space_leave(out->space);
    return e;
}
