/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and processes that really run in ring 3: made, ended and waited for; one of them becomes /hello. */
#include "abi/linux/sched.h"
#include "abi/linux/time.h"
#include "fs/fd_table.h"
#include "mm/alloc_fail.h"
#include "process/clone.h"
#include "process/posix_timer.h"
#include "process/process_internal.h"
#include "process/user_thread.h"
#include "process/wait.h"
#include "sched/thread.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum {
    CODE_BASE = 0x20000000,
    WRITTEN = SCRATCH_BASE + 2 * PAGE_BYTES,
    PATH = SCRATCH_BASE + 3 * PAGE_BYTES,
    ARGUMENTS = PATH + 64,
    STATUS = 3, /* that children end with */
};
enum { CELL_THREADS, CELL_PROCESSES, CELL_AREAS, CELL_FILES, CELL_TIMERS, CELL_SIGNALS, CELLS };

#define WORD(x)      (uint8_t)(x), (uint8_t)((x) >> 8), (uint8_t)((x) >> 16), (uint8_t)((x) >> 24)
#define EXIT(status) 0xb8, WORD(60), 0xbf, WORD(status), 0x0f, 0x05 /* eax = 60; edi = status; syscall */

static const uint8_t code_exit[] = { EXIT(STATUS) };
/* movl $1, WRITTEN: to a page that is shared until then */
static const uint8_t code_write[] = { 0xc7, 0x04, 0x25, WORD(WRITTEN), WORD(1), EXIT(STATUS) };
/* execve(PATH, ARGUMENTS, NULL); exit(-eax) */
static const uint8_t code_exec[] = { 0xb8, WORD(59), 0xbf, WORD(PATH), 0xbe, WORD(ARGUMENTS),
                                     0x31, 0xd2,     0x0f, 0x05,       0xf7, 0xd8,
                                     0x89, 0xc7,     0xb8, WORD(60),   0x0f, 0x05 };

static void say_nothing(struct process *process UNUSED) {}

/* The thread of the steps becomes one of its process, as if it had a ring-3 side, and the process one among others. */
static void open_processes(void)
{
    struct process *p = fail_nth_process;
    struct user_thread *t = user_thread_current();
    uint64_t place, arguments[2] = { PATH, 0 };
    process_tell_out_of_memory = say_nothing;
    process_init();
    process_set_init(p);
    EXPECT_OK(process_publish(p, NULL, false, t));
    scratch_text(3, "/hello");
    EXPECT_OK(user_copy_out(UADDR(ARGUMENTS), arguments, sizeof(arguments)));
    EXPECT_OK(space_map(p->space, CODE_BASE, PAGE_BYTES,
                        SPACE_READ | SPACE_WRITE | SPACE_EXEC | SPACE_FIXED | SPACE_POPULATE, NULL, 0,
                        &place));
}

static void close_processes(void)
{
    struct process *p = fail_nth_process;
    p->id->thread = NULL;
    list_remove(&user_thread_current()->process_link);
    p->thread_count = 0;
    process_set_init(NULL);
    spin_lock(&process_tree_lock);
    process_forget_locked(p);
    spin_unlock(&process_tree_lock);
}

/* A test that would copy into a page that a clone shares is not what is tried. */
static void put_code(const uint8_t *code, size_t bytes)
{
    uint64_t countdown = alloc_fail_countdown;
    alloc_fail_countdown = 0;
    EXPECT_OK(user_copy_out(UADDR(CODE_BASE), code, bytes));
    alloc_fail_countdown = countdown;
}

static err_t make(uint64_t flags, const uint8_t *code, size_t bytes)
{
    struct clone_request request = { .flags = flags,
                                     .end_signal = flags & LINUX_CLONE_THREAD ? 0 : LINUX_SIGCHLD };
    struct trap_frame frame = trap_frame_of_program(CODE_BASE, SCRATCH_BASE + PAGE_BYTES);
    uint32_t number;
    put_code(code, bytes);
    return clone_run(&request, &frame, &number);
}

static int64_t run_thread(void)
{
    const uint64_t flags =
        LINUX_CLONE_VM | LINUX_CLONE_FS | LINUX_CLONE_FILES | LINUX_CLONE_SIGHAND | LINUX_CLONE_THREAD;
    err_t e = make(flags, code_exit, sizeof(code_exit));
    if (failed(e)) return e.code == ERR_TRY_AGAIN.code ? ERR_NO_MEMORY.code : e.code;
    while (__atomic_load_n(&fail_nth_process->thread_count, __ATOMIC_RELAXED) > 1) thread_yield();
    return 0;
}

/* The child's status, when it ended as it should. */
static int64_t run_process(uint64_t flags, const uint8_t *code, size_t bytes)
{
    const struct wait_request request = { .which = WAIT_FOR_ANY, .options = LINUX_WEXITED };
    struct wait_result result;
    err_t e = make(flags, code, bytes);
    if (failed(e)) return e.code;
    e = process_wait(&request, &result);
    if (failed(e)) return e.code;
    bool had_no_memory = result.status == LINUX_SIGKILL || result.status == wait_status_of_exit(12);
    return had_no_memory ? ERR_NO_MEMORY.code : (int64_t)result.status;
}

/* Those of even steps stay until the next one. */
static int64_t run_timer(uint32_t i)
{
    const struct posix_timer_request request = { .clock = LINUX_CLOCK_MONOTONIC, .is_default = true };
    const struct timer_setting setting = { .value_ns = UINT64_MAX / 2 };
    static int32_t number;
    if (i % 2) return posix_timer_delete(number).code;
    err_t e = posix_timer_create(&request, &number);
    if (failed(e)) return e.code == ERR_TRY_AGAIN.code ? ERR_NO_MEMORY.code : e.code;
    return posix_timer_set(number, false, &setting, NULL).code;
}

static int64_t step(uint32_t i)
{
    if (i >= 12) return run_timer(i);
    switch (i % 6) {
    case 0: return run_thread();
    case 1: return run_process(0, code_write, sizeof(code_write));
    case 2: return run_process(LINUX_CLONE_VM | LINUX_CLONE_VFORK, code_exit, sizeof(code_exit));
    case 3: return run_process(LINUX_CLONE_FILES | LINUX_CLONE_FS, code_exit, sizeof(code_exit));
    case 4: return run_process(LINUX_CLONE_VM | LINUX_CLONE_VFORK, code_exec, sizeof(code_exec));
    default: return run_process(0, code_exec, sizeof(code_exec));
    }
}

static void look(uint32_t *cells)
{
    const struct process *p = fail_nth_process;
    cells[CELL_THREADS] = p->thread_count;
    cells[CELL_PROCESSES] = process_count();
    cells[CELL_AREAS] = p->space->area_count;
    cells[CELL_FILES] = p->files->capacity;
    cells[CELL_TIMERS] = p->posix_timers.root != NULL;
    cells[CELL_SIGNALS] = signal_queued_count();
}

static const struct workload processes = {
    .name = "threads and processes",
    .steps = 16,
    .cells = CELLS,
    .open = open_processes,
    .step = step,
    .look = look,
    .close = close_processes,
};

TEST(every_allocation_can_fail_where_threads_and_processes_come_and_go) { fail_nth(&processes); }
