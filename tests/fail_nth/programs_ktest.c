/* SPDX-License-Identifier: Apache-2.0 */
/* Program start: a process, its kernel thread, its image from the archive or from a file that was written,
 * and its first touches. The archive has /hello, a static program, and /pie, a position-independent one. */
#include "abi/linux/fcntl.h"
#include "process/exec.h"
#include "process/process_internal.h"
#include "process/user_thread.h"
#include "fs/credentials.h"
#include "fs/fs_context.h"
#include "syscall/sys_core.h"
#include "syscall/sys_file.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/space.h"
#include "vm/usercopy.h"

static const char *const programs[] = { "/hello", "/copy", "/pie" };

enum { CREATE, THREAD, LOAD, TOUCH, FILES, END, STEPS_EACH };
enum { CELL_PROCESS, CELL_SPACE, CELL_AREAS, CELL_EXE, CELLS };

static struct process *process;
static struct user_thread user;
static struct exec_entry entry;

static void look(uint32_t *cells)
{
    struct space *space = process ? process->space : NULL;
    cells[CELL_PROCESS] = process != NULL;
    cells[CELL_SPACE] = space != NULL;
    cells[CELL_AREAS] = space ? space->area_count : 0;
    cells[CELL_EXE] = process && process->fs->exe;
}

static int64_t create(const char *path)
{
    err_t e = process_create_init(path, &process);
    if (failed(e)) return e.code;
    user = (struct user_thread){ .thread = thread_current(), .process = process, .id = process->id };
    thread_current()->process = process;
    thread_current()->user = &user;
    return 0;
}

static void do_nothing(void *argument UNUSED) {}

static int64_t run_thread(void)
{
    struct thread *thread = thread_create("program", do_nothing, NULL);
    if (!thread) return ERR_NO_MEMORY.code;
    thread_join(thread);
    return 0;
}

static int64_t load(const char *path)
{
    const char *arguments[] = { path, "one", "two" }, *environment[] = { "HOME=/", "LANG=C" };
    struct exec_request request = { .path = path,
                                    .argument_count = ARRAY_LENGTH(arguments),
                                    .environment_count = ARRAY_LENGTH(environment),
                                    .arguments = arguments,
                                    .environment = environment };
    struct exec_image image;
    struct exec_failure failure;
    err_t e = exec_load(process->fs, process->limits, &request, &image, &failure);
    EXPECT(!failed(e) || *failure.why);
    if (failed(e)) return e.code;
    exec_commit(&image);
    entry = image.entry;
    return 0;
}

/* The first instructions, argc, a deeper stack, the heap: as ring 3 would, one after the other. */
static int64_t touch(void)
{
    uint64_t word = 0, heap = (uint64_t)sys_brk(0), end = heap + 5 * PAGE_BYTES;
    err_t e = user_copy_in(&word, UADDR(entry.rip), sizeof(word));
    if (!failed(e)) e = user_copy_in(&word, UADDR(entry.rsp), sizeof(word));
    if (!failed(e)) EXPECT_EQ(word, 3);
    if (!failed(e)) e = user_copy_out(UADDR(entry.rsp - 40 * PAGE_BYTES), &word, sizeof(word));
    if (!failed(e) && (uint64_t)sys_brk(end) != end) e = ERR_NO_MEMORY;
    if (!failed(e)) e = user_copy_out(UADDR(heap), &word, sizeof(word));
    if (failed(e)) sys_brk(heap);
    return e.code;
}

/* ---- the program that is a written file ---- */

static err_t map_scratch(void)
{
    uint64_t place;
    return space_map(process->space, SCRATCH_BASE, SCRATCH_PAGES * PAGE_BYTES,
                     SPACE_READ | SPACE_WRITE | SPACE_FIXED | SPACE_STACK, NULL, 0, &place);
}

static int64_t copy_all(int64_t from, int64_t to)
{
    int64_t count;
    do count = sys_sendfile((uint64_t)to, (uint64_t)from, 0, 1 << 20);
    while (count > 0);
    return count;
}

static int64_t copy_program(void)
{
    const uint64_t flags = LINUX_O_WRONLY | LINUX_O_CREAT | LINUX_O_TRUNC;
    int64_t from = sys_open(scratch_text(0, programs[0]), LINUX_O_RDONLY, 0);
    if (from < 0) return from;
    int64_t to = sys_open(scratch_text(0, programs[1]), flags, 0755);
    int64_t result = to < 0 ? to : copy_all(from, to);
    if (to >= 0) sys_close((uint64_t)to);
    sys_close((uint64_t)from);
    return result;
}

/* The second program comes from the first one's hands, and is gone while the third one runs. */
static int64_t change_files(uint32_t which)
{
    err_t e = map_scratch();
    if (failed(e)) return e.code;
    int64_t result = which == 0 ? copy_program() : which == 2 ? sys_unlink(scratch_text(0, programs[1])) : 0;
    EXPECT_OK(space_unmap(process->space, SCRATCH_BASE, SCRATCH_PAGES * PAGE_BYTES));
    return result;
}

static int64_t end(void)
{
    struct space *space = process->space;
    thread_set_space(NULL, NULL);
    thread_current()->process = NULL;
    thread_current()->user = NULL;
    credentials_put(thread_current()->credentials);
    thread_current()->credentials = NULL;
    process->space = NULL;
    space_leave(space);
    process_free(process);
    process = NULL;
    return 0;
}

static int64_t step(uint32_t i)
{
    const char *path = programs[i / STEPS_EACH];
    switch (i % STEPS_EACH) {
    case CREATE: return create(path);
    case THREAD: return run_thread();
    case LOAD: return load(path);
    case TOUCH: return touch();
    case FILES: return change_files(i / STEPS_EACH);
    default: return end();
    }
}

static const struct workload program_start = {
    .name = "program start",
    .steps = ARRAY_LENGTH(programs) * STEPS_EACH,
    .cells = CELLS,
    .has_program = true,
    .step = step,
    .look = look,
};

TEST(every_allocation_can_fail_when_a_program_starts) { fail_nth(&program_start); }
