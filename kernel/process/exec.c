/* SPDX-License-Identifier: Apache-2.0 */
#include "process/exec.h"

#include "abi/linux/prctl.h"
#include "abi/linux/system.h"
#include "config.h"
#include "process/exec_image.h"
#include "process/identity.h"
#include "process/posix_timer.h"
#include "process/rseq.h"
#include "process/user_thread.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/mount.h"
#include "fs/fs_context.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "vm/space.h"

uint64_t exec_strings_max(const struct linux_rlimit *limits)
{
    uint64_t most = MIN(limits[LINUX_RLIMIT_STACK].soft / 4, (uint64_t)CONFIG_ARGS_BYTES_MAX);
    return MAX(most, (uint64_t)CONFIG_ARGS_BYTES_MIN);
}

static err_t tell_of_interpreter(struct exec_failure *failure, const char *path, err_t e)
{
    format_string(failure->interpreter, sizeof(failure->interpreter), "%s", path);
    return e;
}

/* The program itself: what the path names, or behind scripts the last interpreter. */
static err_t open_program(struct fs_context *fs, struct exec_plan *plan, struct exec_failure *failure)
{
    struct exec_file *file = &plan->program_file;
    bool must_be_file = plan->words.request->must_be_file;
    for (;;) {
        err_t e = exec_file_open(fs, plan->words.program, must_be_file, file, &failure->why);
        if (failed(e))
            return plan->words.script_count ? tell_of_interpreter(failure, plan->words.program, e) : e;
        must_be_file = false;
        e = exec_words_add_script(&plan->words, file->bytes, file->size);
        if (e.code == ERR_EXEC_FORMAT.code) return OK;
        failure->why = "a script that cannot be run";
        if (failed(e)) return e;
        exec_file_close(file);
    }
}

static err_t check_interpreter(struct exec_plan *plan, const char **why)
{
    const struct exec_file *file = &plan->interpreter_file;
    *why = "too short for an ELF file";
    if (file->size < ELF_HEADER_BYTES) return ERR_IO;
    err_t e = elf_parse(file->bytes, file->size, &plan->interpreter, why);
    return failed(e) ? ERR_BAD_LIBRARY : OK;
}

static err_t open_interpreter(struct fs_context *fs, struct exec_plan *plan, struct exec_failure *failure)
{
    const char *path = plan->program.interpreter;
    err_t e = exec_file_open(fs, path, false, &plan->interpreter_file, &failure->why);
    if (!failed(e)) e = check_interpreter(plan, &failure->why);
    return failed(e) ? tell_of_interpreter(failure, path, e) : OK;
}

/* Who it will be. Set-user-ID bits are the program's, not a script's. */
static err_t choose_identity(struct exec_plan *plan, const char **why)
{
    *why = "not enough memory for its credentials";
    struct vnode_attributes a;
    vnode_get_attributes(plan->program_file.file->vnode, &a);
    const struct process *p = process_current();
    bool keeps_identity = mount_forbids(plan->program_file.file->vnode, LINUX_MS_NOSUID);
    const struct identity_program program = {
        .mode = keeps_identity ? a.mode & ~(uint32_t)(LINUX_S_ISUID | LINUX_S_ISGID) : a.mode,
        .uid = a.uid,
        .gid = a.gid,
        .no_new_privileges = p && p->no_new_privileges,
    };
    plan->credentials = identity_for_program(&program, &plan->is_secure);
    return plan->credentials ? OK : ERR_NO_MEMORY;
}

static err_t load(struct fs_context *fs, struct exec_plan *plan, struct exec_image *out,
                  struct exec_failure *failure)
{
    err_t e = open_program(fs, plan, failure);
    if (failed(e)) return e;
    e = elf_parse(plan->program_file.bytes, plan->program_file.size, &plan->program, &failure->why);
    if (!failed(e) && exec_has_interpreter(plan)) e = open_interpreter(fs, plan, failure);
    if (!failed(e)) e = choose_identity(plan, &failure->why);
    if (!failed(e)) e = exec_image_build(plan, out, &failure->why);
    if (failed(e)) return e;
    /* As on Linux, the interpreter's file may be written again, the program's not. */
    if (exec_has_interpreter(plan)) file_stop_running(plan->interpreter_file.file);
    out->file = plan->program_file.file;
    plan->program_file.file = NULL;
    out->credentials = plan->credentials;
    plan->credentials = NULL;
    return OK;
}

err_t exec_load(struct fs_context *fs, const struct linux_rlimit *limits, const struct exec_request *request,
                struct exec_image *out, struct exec_failure *failure)
{
    *failure = (struct exec_failure){ .why = "not enough memory to load it" };
    size_t path_bytes = strlen(request->path) + 1;
    struct exec_plan *plan = heap_alloc(sizeof(*plan));
    *out = (struct exec_image){ .path = heap_alloc(path_bytes) };
    err_t e = ERR_NO_MEMORY;
    if (plan && out->path) {
        memcpy(out->path, request->path, path_bytes);
        plan->limits = limits;
        plan->is_fixed = process_current() && process_current()->personality & LINUX_ADDR_NO_RANDOMIZE;
        plan->credentials = NULL;
        plan->program_file = plan->interpreter_file = (struct exec_file){ 0 };
        exec_words_init(&plan->words, request);
        e = load(fs, plan, out, failure);
        exec_file_close(&plan->program_file);
        exec_file_close(&plan->interpreter_file);
        exec_words_fini(&plan->words);
        credentials_put(plan->credentials);
    }
    heap_free(plan);
    if (failed(e)) heap_free(out->path);
    return e;
}

void exec_discard(struct exec_image *image, struct space *space)
{
    exec_use_space(space);
    space_leave(image->space);
    heap_free(image->path);
    file_put(image->file);
    fd_table_put(image->files);
    credentials_put(image->credentials);
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

/* Not for another: one that does so is for nobody but root to look into. */
static bool acts_as_itself(const struct credentials *c)
{
    return c->uid.real == c->uid.effective && c->gid.real == c->gid.effective;
}

/* What the thread leaves in the memory of the old program is for those who share it. */
static void leave_memory(struct user_thread *t, struct space *before, struct space *after)
{
    if (!before) return;
    exec_use_space(before);
    futex_exec_robust(t);
    futex_clear_tid(t);
    exec_use_space(after);
}

void exec_commit(struct exec_image *image)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    struct space *before = p->space;
    char *path_before = p->path;
    leave_memory(t, before, image->space);
    spin_lock(&p->signal_lock);
    if (before) p->ended_threads = process_usage_sum(p->ended_threads, space_usage(before));
    p->space = image->space;
    spin_unlock(&p->signal_lock);
    p->path = image->path;
    fs_context_set_exe(p->fs, image->file);
    if (before) space_leave(before);
    heap_free(path_before);
    use_files(p, image->files);
    fd_table_close_on_exec(p->files);
    set_name(t, p->path);
    p->is_dumpable = acts_as_itself(image->credentials);
    identity_commit(image->credentials);
    t->set_tid = t->clear_tid = t->robust_list = 0;
    rseq_forget(t);
    process_timers_exec(p);
    signal_reset_for_exec();
    fpu_reset(&thread_current()->fpu);
    p->fpu_permitted = 0;
    p->personality &= ~LINUX_READ_IMPLIES_EXEC; /* 64-bit programs ask for it anew */
    fs_base_write(0);
    user_gs_base_write(0);
}
