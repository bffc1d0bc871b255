/* SPDX-License-Identifier: Apache-2.0 */
/* execve and execveat: the strings are copied out of the old space before the new one is made. */
#include "abi/linux/fcntl.h"
#include "config.h"
#include "core/log.h"
#include "fs/fd_table.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/clone.h"
#include "process/exec.h"
#include "process/user_thread.h"
#include "syscall/sys_frame.h"
#include "syscall/sys_path.h"
#include "vm/space.h"
#include "vm/usercopy.h"

/* Strings behind each other in a block that grows, and in another the pointers to them, which are offsets until the
 * strings lie still. */
struct vectors {
    const char **pointers;
    char *strings;
    size_t used, capacity;
    size_t most; /* of the strings */
};
enum { STRINGS_BYTES = 4096 };

/* How many there are in a list that ends with NULL. A missing list is an empty one, as on Linux. */
static err_t count_list(uint64_t list, uint32_t *count, size_t most_bytes)
{
    uint64_t at = 1;
    for (*count = 0; list; ++*count) {
        if (*count >= most_bytes / sizeof(uint64_t)) return ERR_ARGS_TOO_LONG;
        err_t e = user_copy_in(&at, UADDR(list + *count * sizeof(at)), sizeof(at));
        if (failed(e)) return e;
        if (!at) break;
    }
    return OK;
}

static err_t grow(struct vectors *v)
{
    size_t capacity = v->capacity ? 2 * v->capacity : STRINGS_BYTES;
    if (v->used > v->most) return ERR_ARGS_TOO_LONG;
    char *strings = heap_resize(v->strings, capacity);
    if (!strings) return ERR_NO_MEMORY;
    v->strings = strings;
    v->capacity = capacity;
    return OK;
}

static err_t copy_string(uint64_t from, struct vectors *v)
{
    size_t length;
    for (;;) {
        size_t room = MIN(v->capacity - v->used, (size_t)CONFIG_ARGUMENT_BYTES_MAX);
        err_t e = user_copy_string(v->strings + v->used, UADDR(from), room, &length);
        if (!failed(e)) v->used += length + 1;
        if (e.code != ERR_NAME_TOO_LONG.code) return e;
        if (room == CONFIG_ARGUMENT_BYTES_MAX) return ERR_ARGS_TOO_LONG;
        e = grow(v);
        if (failed(e)) return e;
    }
}

static err_t copy_list(uint64_t list, uint32_t count, const char **pointers, struct vectors *v)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t at;
        pointers[i] = (const char *)v->used;
        err_t e = user_copy_in(&at, UADDR(list + i * sizeof(at)), sizeof(at));
        if (!failed(e)) e = copy_string(at, v);
        if (failed(e)) return e;
    }
    return OK;
}

/* Linux gives a program without arguments an empty first one. [linux fs/exec.c] */
static const char *const no_arguments[] = { "" };

static err_t copy_vectors(struct exec_request *r, uint64_t arguments, uint64_t environment, struct vectors *v)
{
    err_t e = count_list(arguments, &r->argument_count, v->most);
    if (!failed(e)) e = count_list(environment, &r->environment_count, v->most);
    if (failed(e)) return e;
    uint32_t count = r->argument_count + r->environment_count;
    v->pointers = heap_alloc(MAX(count, 1u) * sizeof(*v->pointers));
    e = v->pointers ? grow(v) : ERR_NO_MEMORY;
    if (!failed(e)) e = copy_list(arguments, r->argument_count, v->pointers, v);
    if (!failed(e)) e = copy_list(environment, r->environment_count, v->pointers + r->argument_count, v);
    if (failed(e)) return e;
    for (uint32_t i = 0; i < count; i++) v->pointers[i] = v->strings + (size_t)v->pointers[i];
    r->arguments = v->pointers;
    r->environment = v->pointers + r->argument_count;
    if (!r->argument_count) {
        r->arguments = no_arguments;
        r->argument_count = 1;
    }
    return OK;
}

/* From here on there is no way back to the old program. */
static int64_t start(struct exec_image *image, struct trap_frame *frame)
{
    struct user_thread *t = user_thread_current();
    struct process *p = t->process;
    err_t e = exec_own_files(image);
    if (!failed(e)) e = signal_own_actions();
    if (!failed(e)) e = user_thread_dismiss_others();
    if (failed(e)) { /* not seen where this thread is to end */
        exec_discard(image, p->space);
        return e.code;
    }
    exec_commit(image);
    vfork_end(t);
    spin_lock(&process_tree_lock);
    p->has_run_program = true;
    spin_unlock(&process_tree_lock);
    *frame = trap_frame_of_program(image->entry.rip, image->entry.rsp);
    return 0;
}

/* Not of names that are not there: shells try one folder after the other. */
static void report(const struct exec_request *request, const struct exec_failure *failure, err_t e)
{
    if (e.code == ERR_NOT_FOUND.code && !failure->interpreter[0]) return;
    log_info("%s does not start: %s%s%s", request->path, failure->interpreter,
             failure->interpreter[0] ? ": " : "", failure->why);
}

static int64_t exec(struct exec_request *request, uint64_t arguments, uint64_t environment,
                    struct trap_frame *frame)
{
    struct process *p = process_current();
    struct exec_image image;
    struct vectors v = { .most = exec_strings_max(p->limits) };
    struct exec_failure failure;
    err_t e = copy_vectors(request, arguments, environment, &v);
    if (!failed(e)) {
        e = exec_load(p->fs, p->limits, request, &image, &failure);
        if (failed(e)) report(request, &failure, e);
    }
    heap_free(v.pointers);
    heap_free(v.strings);
    return failed(e) ? e.code : start(&image, frame);
}

/* execve(path, arguments, environment) */
int64_t execve_with_frame(struct trap_frame *frame)
{
    struct user_text path;
    err_t e = user_text_init(&path, frame->rdi, false);
    if (failed(e)) return e.code;
    struct exec_request request = { .path = path.text };
    int64_t result = exec(&request, frame->rsi, frame->rdx, frame);
    user_text_fini(&path);
    return result;
}

/* A path that begins at a descriptor has a name below /dev/fd, as on Linux. NULL: no memory. */
static char *name_below_fd(uint32_t fd, const struct user_text *path)
{
    const size_t bytes = sizeof("/dev/fd/4294967295/") + path->length;
    char *name = heap_alloc(bytes);
    if (name) format_string(name, bytes, path->length ? "/dev/fd/%u/%s" : "/dev/fd/%u", fd, path->text);
    return name;
}

/* execveat(directory, path, arguments, environment, flags) */
int64_t execveat_with_frame(struct trap_frame *frame)
{
    uint64_t flags = frame->r8;
    if (flags & ~(uint64_t)(LINUX_AT_EMPTY_PATH | LINUX_AT_SYMLINK_NOFOLLOW)) return ERR_INVALID.code;
    struct user_text path;
    err_t e = user_text_init(&path, frame->rsi, flags & LINUX_AT_EMPTY_PATH);
    if (failed(e)) return e.code;
    struct exec_request request = { .path = path.text, .must_be_file = flags & LINUX_AT_SYMLINK_NOFOLLOW };
    bool is_below_fd = path.text[0] != '/' && ((int32_t)frame->rdi != LINUX_AT_FDCWD || !path.length);
    char *name = is_below_fd ? name_below_fd((uint32_t)frame->rdi, &path) : NULL;
    if (name) request.path = name;
    err_t is_open = OK;
    if (is_below_fd)
        is_open = fd_get_cloexec(process_current()->files, (uint32_t)frame->rdi, &request.is_lost_at_start);
    int64_t result = ERR_NO_MEMORY.code;
    if (name || !is_below_fd) result = exec(&request, frame->rdx, frame->r10, frame);
    if (failed(is_open) && result == ERR_NOT_FOUND.code) result = is_open.code;
    heap_free(name);
    user_text_fini(&path);
    return result;
}
