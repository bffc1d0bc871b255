/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec.h"

#include "abi/linux/fcntl.h"
#include "arch/features.h"
#include "config.h"
#include "process/exec_stack.h"
#include "process/posix_timer.h"
#include "process/user_thread.h"
#include "core/entropy.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/file_mapping.h"
#include "fs/fs_context.h"
#include "fs/open.h"
#include "fs/path.h"
#include "lib/elf.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "vdso/vdso.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

/* Address-space randomisation, in bits of pages, as Linux has it. [linux arch/x86/mm/mmap.c] */
enum { ASLR_MAP_BITS = 28, ASLR_STACK_BITS = 22, ASLR_BRK_BITS = 13 };
/* A position-independent program starts at two thirds of user space, plus the random part. */
#define EXEC_PIE_BASE 0x555555554000ull
/* The stack grows from this. [linux fs/exec.c, setup_arg_pages] */
enum { EXEC_STACK_START_BYTES = 33 * PAGE_BYTES };

/* In pages. One word for what every program needs: the generator makes 32 bytes at a time, and with the
 * stack guard and AT_RANDOM that is all of them. */
struct layout_seed {
    uint64_t map : ASLR_MAP_BITS, stack : ASLR_STACK_BITS, brk : ASLR_BRK_BITS;
};
_Static_assert(sizeof(struct layout_seed) == 8, "one word");

static uint64_t pages(uint64_t count) { return count << PAGE_SHIFT; }

/* The whole file as the parser wants it: in place when it is part of the archive, else a copy. */
struct image {
    const void *bytes;
    uint64_t size;
    void *copy; /* to be freed; NULL when in place */
};

static err_t image_open(struct vnode *vnode, struct image *image)
{
    struct vnode_attributes attributes;
    vnode_get_attributes(vnode, &attributes);
    *image = (struct image){ .size = attributes.size };
    if (vnode_peek(vnode, 0, &image->bytes) >= attributes.size) return OK;
    image->copy = heap_alloc(attributes.size);
    if (!image->copy) return ERR_NO_MEMORY;
    image->bytes = image->copy;
    size_t done;
    err_t e = vnode_read_kernel(vnode, 0, image->copy, attributes.size, &done);
    image->size = done;
    if (failed(e)) heap_free(image->copy);
    return e;
}

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
 * tail has been cleared. */
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
        uint64_t tail = MIN(end, file_pages_end) - file_end;
        if (tail && s->is_writable) e = user_zero(UADDR(file_end), tail);
        if (failed(e)) return ERR_NO_MEMORY; /* the only reason why a fresh page cannot be written */
    }
    uint64_t pages_end = align_up(end, PAGE_BYTES);
    return pages_end > file_pages_end ? map_at(space, file_pages_end, pages_end, protection, NULL, 0) : OK;
}

static err_t map_program(struct space *space, struct backing *file, const struct elf_program *program,
                         uint64_t base, const struct layout_seed *seed)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        err_t e = map_segment(space, file, &program->segments[i], base);
        if (failed(e)) return e;
    }
    space->brk_start = align_up(base + program->first + program->bytes, PAGE_BYTES);
    space->brk_start += pages(seed->brk);
    space->brk_end = space->brk_start;
    return OK;
}

static uint64_t choose_base(const struct elf_program *program)
{
    if (!program->is_position_independent) return 0;
    return align_down(EXEC_PIE_BASE + pages(entropy_u64() >> (64 - ASLR_MAP_BITS)),
                      MAX(program->align, (uint64_t)PAGE_BYTES));
}

/* Stack at the top, mappings below it, both at random places. Returns the stack's top. */
static err_t map_stack(struct space *space, const struct layout_seed *seed, uint64_t *top)
{
    uint64_t high = USER_END - PAGE_BYTES - pages(seed->stack), place;
    space->map_top = high - CONFIG_USER_STACK_BYTES - HUGE_BYTES - pages(seed->map);
    *top = high;
    return space_map(space, high - EXEC_STACK_START_BYTES, EXEC_STACK_START_BYTES,
                     SPACE_READ | SPACE_WRITE | SPACE_STACK | SPACE_GROWS_DOWN | SPACE_FIXED |
                         SPACE_NO_REPLACE,
                     NULL, 0, &place);
}

static err_t load_into(struct space *space, struct file *file, const struct elf_program *program,
                       const struct exec_request *request, struct exec_entry *out, const char **why)
{
    struct backing *backing;
    struct layout_seed seed;
    uint32_t private = 0;
    entropy_read(&seed, sizeof(seed));
    struct exec_places places = { .program = choose_base(program) };
    *why = "not enough memory for the program";
    err_t e = file_backing_open(file, &private, &backing);
    if (failed(e)) return e;
    e = map_program(space, backing, program, places.program, &seed);
    backing_put(backing);
    if (!failed(e)) e = map_stack(space, &seed, &places.stack_top);
    if (!failed(e)) e = vdso_map(space, &places.vdso);
    if (e.code == ERR_EXISTS.code) *why = "a segment where the stack or the vDSO belongs";
    if (failed(e)) return e;
    out->rip = places.program + program->entry;
    e = exec_stack_build(request, program, &places, &out->rsp, why);
    space->stack_start = out->rsp;
    return e;
}

static err_t check_file(struct vnode *vnode, const char **why)
{
    struct vnode_attributes a;
    vnode_get_attributes(vnode, &a);
    *why = "not a regular file";
    if (!vnode_is_regular(vnode)) return ERR_ACCESS;
    *why = "no permission to execute it (mode has no x)";
    return a.mode & 0111 ? OK : ERR_ACCESS;
}

static void use_space(struct space *space) { thread_set_space(space, space ? &space->page_table : NULL); }

static void set_limits(struct space *space, const struct linux_rlimit *limits)
{
    space->limits.mapped_bytes = limits[LINUX_RLIMIT_AS].soft;
    space->limits.data_bytes = limits[LINUX_RLIMIT_DATA].soft;
    space->limits.stack_bytes = limits[LINUX_RLIMIT_STACK].soft;
}

static err_t load_program(struct file *file, const struct elf_program *program,
                          const struct linux_rlimit *limits, const struct exec_request *request,
                          struct exec_image *out, const char **why)
{
    struct space *before = thread_current()->space;
    *why = "not enough memory to load it";
    err_t e = space_create(&out->space);
    if (failed(e)) return e;
    set_limits(out->space, limits);
    use_space(out->space);
    e = load_into(out->space, file, program, request, &out->entry, why);
    if (!failed(e)) return OK;
    use_space(before);
    space_leave(out->space);
    return e;
}

static err_t load_image(struct file *file, const struct linux_rlimit *limits,
                        const struct exec_request *request, struct exec_image *out, const char **why)
{
    struct elf_program *program = heap_alloc(sizeof(*program));
    if (!program) return ERR_NO_MEMORY;
    struct image image;
    err_t e = image_open(file->vnode, &image);
    if (!failed(e)) {
        e = elf_parse(image.bytes, image.size, program, why);
        e = failed(e) ? ERR_EXEC_FORMAT : load_program(file, program, limits, request, out, why);
        heap_free(image.copy);
    }
    heap_free(program);
    return e;
}

err_t exec_load(struct fs_context *fs, const struct linux_rlimit *limits, const struct exec_request *request,
                struct exec_image *out, const char **why)
{
    struct path_from from = { .context = fs };
    struct open_request how = { .flags = LINUX_O_RDONLY | (request->must_be_file ? LINUX_O_NOFOLLOW : 0) };
    *why = "no such file in the root file system";
    if (!request->path[0]) return ERR_NOT_FOUND;
    err_t e = open_path(&from, request->path, &how, &out->file);
    if (failed(e)) {
        if (e.code != ERR_NOT_FOUND.code) *why = err_text(e);
        return e;
    }
    e = check_file(out->file->vnode, why);
    if (!failed(e)) {
        *why = "it is open for writing";
        e = file_start_running(out->file);
    }
    if (failed(e)) goto put_file;
    *why = "not enough memory to load it";
    out->files = NULL;
    size_t path_bytes = strlen(request->path) + 1;
    out->path = heap_alloc(path_bytes);
    e = out->path ? load_image(out->file, limits, request, out, why) : ERR_NO_MEMORY;
    if (failed(e)) goto free_path;
    memcpy(out->path, request->path, path_bytes);
    return OK;

free_path:
    heap_free(out->path);
put_file:
    file_put(out->file);
    return e;
}

void exec_discard(struct exec_image *image, struct space *space)
{
    use_space(space);
    space_leave(image->space);
    heap_free(image->path);
    file_put(image->file);
    fd_table_put(image->files);
}

err_t exec_own_files(struct exec_image *image)
{
    struct fd_table *files = process_current()->files;
    if (!fd_table_is_shared(files)) return OK;
    image->files = fd_table_clone(files);
    return image->files ? OK : ERR_NO_MEMORY;
}

static void use_files(struct process *p, struct fd_table *files)
{
    if (!files) return;
    struct fd_table *before = p->files;
    spin_lock(&p->signal_lock);
    p->files = files;
    spin_unlock(&p->signal_lock);
    fd_table_put(before);
}

/* The part of a path after its last slash, as Linux's comm. */
static void set_name(struct user_thread *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    format_string(t->name, sizeof(t->name), "%s", slash ? slash + 1 : path);
}

/* What the thread leaves in the memory of the old program is for those who share it. */
static void leave_memory(struct user_thread *t, struct space *before, struct space *after)
{
    if (!before) return;
    use_space(before);
    futex_exec_robust(t);
    futex_clear_tid(t);
    use_space(after);
}

void exec_commit(struct exec_image *image)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    struct space *before = p->space;
    char *path_before = p->path;
    leave_memory(t, before, image->space);
    spin_lock(&p->signal_lock);
    p->space = image->space;
    spin_unlock(&p->signal_lock);
    p->path = image->path;
    fs_context_set_exe(p->fs, image->file);
    if (before) space_leave(before);
    heap_free(path_before);
    use_files(p, image->files);
    fd_table_close_on_exec(p->files);
    set_name(t, p->path);
    t->set_tid = t->clear_tid = t->robust_list = 0;
    process_timers_exec(p);
    signal_reset_for_exec();
    fpu_reset(&thread_current()->fpu);
    p->fpu_permitted = 0;
    fs_base_write(0);
    user_gs_base_write(0);
}
