/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fail_nth/fail_nth.h"

#include "process/process_internal.h"
#include "process/user_thread.h"
#include "core/symbol.h"
#include "core/time.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "mm/alloc_fail.h"
#include "mm/charge.h"
#include "mm/frame.h"
#include "mm/frame_share.h"
#include "mm/heap.h"
#include "tests/harness/test.h"
#include "vm/fault.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum {
    CALLERS_MAX = 14,
    COMPLAINTS_MAX = 4, /* runs that are reported with all that is wrong with them; more say nothing new */
    NS_PER_S = 1000000000,
    RUN_SECONDS_MAX = 20, /* of one run; the slowest takes a tenth of it */
    CAMPAIGN_SEEDS = 20,
};

struct process *fail_nth_process;
static struct user_thread user; /* the running thread's */
static uint64_t seed;

/* What a run is compared with. `pictures` holds one more than there are steps. */
static struct {
    int64_t results[STEPS_MAX];
    uint32_t *pictures;
} reference;
static uint32_t picture[CELLS_MAX];

/* Of the present run. */
static struct {
    uint64_t k;
    uint32_t step;
    bool is_wrong;
    uint64_t callers[CALLERS_MAX]; /* of the allocation that failed */
} run;

/* ---- what the workloads use ---- */

uint64_t fail_nth_random(uint32_t step, uint32_t which, uint64_t below)
{
    uint64_t x = (seed * 0x100000 + step) * 0x40 + which + 0x9e3779b97f4a7c15ull;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ x >> 27) * 0x94d049bb133111ebull;
    return (x ^ x >> 31) % below;
}

uint64_t scratch_at(uint32_t page) { return SCRATCH_BASE + (uint64_t)page * PAGE_BYTES; }

/* The test's own doing: a page of it that a clone shares may have to be copied. */
uint64_t scratch_put(uint32_t page, const void *bytes, size_t count)
{
    uint64_t countdown = alloc_fail_countdown;
    alloc_fail_countdown = 0;
    EXPECT_OK(user_copy_out(UADDR(scratch_at(page)), bytes, count));
    alloc_fail_countdown = countdown;
    return scratch_at(page);
}

uint64_t scratch_text(uint32_t page, const char *text) { return scratch_put(page, text, strlen(text) + 1); }

/* ---- who asked for what could not be had ---- */

static void remember_callers(void)
{
    const uint64_t *frame = __builtin_frame_address(0);
    for (uint32_t i = 0; i < CALLERS_MAX; i++) run.callers[i] = 0;
    for (uint32_t i = 0; i < CALLERS_MAX; i++) {
        const uint64_t *next = (const uint64_t *)frame[0];
        run.callers[i] = frame[1];
        if (next <= frame || next - frame > CONFIG_KERNEL_STACK_BYTES / 8) break;
        frame = next;
    }
}

static void say_callers(void)
{
    for (uint32_t i = 0; i < CALLERS_MAX && run.callers[i]; i++) {
        struct symbol symbol;
        if (symbol_find(run.callers[i] - 1, &symbol)) test_note("    %s+0x%lx", symbol.name, symbol.offset);
    }
}

/* Where the run is, once for each run with something wrong. */
static void complain(const struct workload *w)
{
    static uint64_t complaints;
    if (run.is_wrong) return;
    run.is_wrong = true;
    if (complaints++ >= COMPLAINTS_MAX) return;
    test_note("%s: seed %llu, k %llu, in step %u, where the allocation failed:", w->name,
              (unsigned long long)seed, (unsigned long long)run.k, run.step);
    say_callers();
}

/* ---- the process ---- */

/* The steps run where no program does: a copy that finds no memory fails, and nobody is ended. */
static void ignore_fault(struct trap_frame *frame UNUSED, uint64_t address UNUSED, err_t reason UNUSED) {}

static void enter_process(void)
{
    EXPECT_OK(process_create_init("/fail-nth", &fail_nth_process));
    struct process *p = fail_nth_process;
    uint64_t place;
    user = (struct user_thread){ .thread = thread_current(), .process = p, .id = p->id };
    thread_current()->user = &user;
    EXPECT_OK(space_create(&p->space));
    p->space->map_top = 0x700000000000;
    p->space->brk_start = p->space->brk_end = 0x8000000;
    thread_current()->process = p;
    thread_set_space(p->space, &p->space->page_table);
    EXPECT_OK(space_map(p->space, SCRATCH_BASE, SCRATCH_PAGES * PAGE_BYTES,
                        SPACE_READ | SPACE_WRITE | SPACE_FIXED | SPACE_NO_HUGE | SPACE_STACK | SPACE_POPULATE,
                        NULL, 0, &place));
}

static void leave_process(void)
{
    struct process *p = fail_nth_process;
    thread_set_space(NULL, NULL);
    space_destroy(p->space);
    thread_current()->process = NULL;
    thread_current()->user = NULL;
    process_free(p);
    fail_nth_process = NULL;
}

static void open(const struct workload *w)
{
    fault_report_user = ignore_fault;
    if (!w->has_program) enter_process();
    if (w->open) w->open();
}

static void close(const struct workload *w)
{
    if (w->close) w->close();
    if (!w->has_program) leave_process();
}

/* ---- what must come back ---- */

struct holdings {
    uint64_t frames, blocks, anonymous, file, uncharged, shared;
};

static struct holdings holdings_now(void)
{
    struct heap_stats heap = heap_stats(); /* its caches are empty now */
    struct charge_stats charges = charge_read();
    return (struct holdings){
        .frames = frame_free_count() + heap.held_pages,
        .blocks = heap.used_blocks,
        .anonymous = charges.kinds[CHARGE_ANONYMOUS],
        .file = charges.kinds[CHARGE_FILE],
        .uncharged = charges.free - frame_free_count(),
        .shared = frame_share_count(),
    };
}

static void expect_returned(const struct workload *w, const struct holdings *before)
{
    struct holdings now = holdings_now();
    if (memcmp(&now, before, sizeof(now))) complain(w);
    EXPECT_EQ(now.frames, before->frames);
    EXPECT_EQ(now.blocks, before->blocks);
    EXPECT_EQ(now.anonymous, before->anonymous);
    EXPECT_EQ(now.file, before->file);
    EXPECT_EQ(now.uncharged, before->uncharged);
    EXPECT_EQ(now.shared, before->shared);
}

/* ---- pictures ---- */

static const uint32_t *picture_after(const struct workload *w, uint32_t steps)
{
    return &reference.pictures[steps * w->cells];
}

/* The first cell from `first` on in which they differ, or the number of cells. */
static uint32_t first_other(const struct workload *w, uint32_t first, const uint32_t *a, const uint32_t *b)
{
    uint32_t i = first;
    while (i < w->cells && a[i] == b[i]) i++;
    return i;
}

static bool is_picture_after(const struct workload *w, uint32_t steps)
{
    w->look(picture);
    return first_other(w, 0, picture, picture_after(w, steps)) == w->cells;
}

static void expect_picture_after(const struct workload *w, uint32_t steps, const char *when)
{
    if (is_picture_after(w, steps)) return;
    complain(w);
    test_fail(__FILE__, __LINE__, "%s: %s, cell %u is not as in the run without failures", w->name, when,
              first_other(w, 0, picture, picture_after(w, steps)));
}

/* The step has failed: nothing has changed, or some of what it would have. */
static void expect_old_or_new(const struct workload *w, uint32_t step)
{
    const uint32_t *old = picture_after(w, step), *new = picture_after(w, step + 1);
    uint32_t first = w->loose_cells, wrong = w->cells;
    bool may_lose = w->may_lose && w->may_lose(step);
    w->look(picture);
    if (w->is_atomic) {
        wrong = first_other(w, first, picture, old);
        if (wrong < w->cells && first_other(w, first, picture, new) == w->cells) wrong = w->cells;
    } else {
        for (uint32_t i = w->cells; i-- > first;)
            if (picture[i] != old[i] && picture[i] != new[i] && (picture[i] || !may_lose)) wrong = i;
    }
    if (wrong == w->cells) return;
    complain(w);
    test_fail(__FILE__, __LINE__, "%s: the failed step %u has changed cell %u", w->name, step, wrong);
}

/* ---- runs ---- */

/* TRY_AGAIN is what Linux's madvise makes of it. */
static bool is_want_of_memory(int64_t result)
{
    return result == ERR_NO_MEMORY.code || result == ERR_TRY_AGAIN.code || result == ERR_NO_SPACE.code ||
           result == ERR_FAULT.code || result == ERR_IO.code || result == ERR_NO_BUFFERS.code;
}

/* One allocation of the step has failed. */
static void judge_step(const struct workload *w, uint32_t step, int64_t result)
{
    int64_t wanted = reference.results[step];
    if (result == wanted && is_picture_after(w, step + 1)) return; /* it went on without */
    if (!is_want_of_memory(result)) {
        complain(w);
        test_fail(__FILE__, __LINE__, "%s: step %u gave %lld, expected %lld or an error", w->name, step,
                  (long long)result, (long long)wanted);
    }
    expect_old_or_new(w, step);
    result = w->step(step);
    if (result != wanted) {
        complain(w);
        test_fail(__FILE__, __LINE__, "%s: step %u, called again, gave %lld, expected %lld", w->name, step,
                  (long long)result, (long long)wanted);
    }
    expect_picture_after(w, step + 1, "called again");
}

/* With the k-th allocation of the steps failing. False when they do not make so many. */
static bool run_with_failure(const struct workload *w)
{
    uint64_t start_ns = time_now_ns();
    struct holdings before = holdings_now();
    bool has_failed = false;
    open(w);
    alloc_fail_hook = remember_callers;
    alloc_fail_countdown = run.k;
    for (run.step = 0; run.step < w->steps; run.step++) {
        int64_t result = w->step(run.step);
        if (!has_failed && !alloc_fail_countdown) {
            has_failed = true;
            judge_step(w, run.step, result);
        } else if (result != reference.results[run.step]) {
            complain(w);
            test_fail(__FILE__, __LINE__, "%s: step %u gave %lld, expected %lld", w->name, run.step,
                      (long long)result, (long long)reference.results[run.step]);
        }
    }
    alloc_fail_countdown = 0;
    alloc_fail_hook = NULL;
    expect_picture_after(w, w->steps, "at the end");
    close(w);
    expect_returned(w, &before);
    uint64_t seconds = (time_now_ns() - start_ns) / NS_PER_S;
    if (seconds > RUN_SECONDS_MAX) {
        complain(w);
        EXPECT_EQ(seconds, 0);
    }
    return has_failed;
}

static void run_reference(const struct workload *w)
{
    open(w);
    w->look(&reference.pictures[0]);
    for (uint32_t i = 0; i < w->steps; i++) {
        reference.results[i] = w->step(i);
        w->look(&reference.pictures[(i + 1) * w->cells]);
    }
    close(w);
}

static uint32_t count_successes(const struct workload *w)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->steps; i++) count += reference.results[i] >= 0;
    return count;
}

void fail_nth(const struct workload *w)
{
    uint64_t start_ns = time_now_ns(), failures = 0;
    EXPECT(w->steps <= STEPS_MAX && w->cells <= CELLS_MAX);
    reference.pictures = heap_alloc((w->steps + 1) * w->cells * sizeof(uint32_t));
    EXPECT(reference.pictures);
    if (!reference.pictures) return;
    run_reference(w);
    for (run.k = 1; run.is_wrong = false, run_with_failure(w); run.k++) {
        failures += run.is_wrong;
        if (failures == COMPLAINTS_MAX) break;
    }
    EXPECT(run.k > w->steps / 4); /* or the steps do hardly anything that could fail */
    heap_free(reference.pictures);
    test_note("%s: %u steps, %u of which succeed; k tried: %llu, in %llu ms", w->name, w->steps,
              count_successes(w), (unsigned long long)run.k,
              (unsigned long long)((time_now_ns() - start_ns) / 1000000));
}

void fail_nth_campaign(const struct workload *w)
{
    for (seed = 1; seed <= CAMPAIGN_SEEDS; seed++) fail_nth(w);
    seed = 0;
}
