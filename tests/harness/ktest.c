/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of the test image: runs every TEST inside the booted kernel, in a thread of its own,
 * and prints TAP on the console. With `ktest.crash=NAME` it does the named harm instead, to show that
 * the kernel notices (harness/crash.c); with `ktest=PART` only tests whose name or file has it run. */
#include "payload.h"

#include "core/log.h"
#include "core/time.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "sched/cpu_start.h"
#include "sched/thread.h"
#include "tests/harness/crash.h"
#include "tests/harness/test.h"

enum { EXIT_PASSED = 0, EXIT_FAILED = 1 }; /* QEMU then exits with 1 or 3 */

extern void (*const init_array_start[])(void);
extern void (*const init_array_end[])(void);

static struct test *first, **last = &first;
static bool has_failed; /* the running test */

void test_register(struct test *test)
{
    *last = test;
    last = &test->next;
}

static void print(const char *format, ...) PRINTF_LIKE(1, 2);
static void print(const char *format, ...)
{
    char line[400];
    va_list args;
    va_start(args, format);
    size_t length = format_string_va(line, sizeof(line), format, args);
    va_end(args);
    log_raw(line, MIN(length, sizeof(line) - 1));
}

void test_fail(const char *file, int line, const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    format_string_va(text, sizeof(text), format, args);
    va_end(args);
    print("# %s:%d: %s\n", file, line, text);
    has_failed = true;
}

void test_note(const char *format, ...)
{
    char text[300];
    va_list args;
    va_start(args, format);
    format_string_va(text, sizeof(text), format, args);
    va_end(args);
    print("# %s\n", text);
}

int test_compare_strings(const char *a, const char *b) { return a && b ? strcmp(a, b) : a != b; }

static bool contains(const char *text, const char *part)
{
    for (size_t n = strlen(part); *text; text++)
        if (!strncmp(text, part, n)) return true;
    return !*part;
}

static void run_one(void *argument)
{
    const struct test *test = argument;
    test->run();
}

static uint64_t uncharged_frames(void) { return charge_read().free - frame_free_count(); }

static uint64_t uncharged_at_first;

/* Other CPUs may be zeroing a block for the pool, or freeing the thread they ran last. */
static uint64_t settled_uncharged_frames(void)
{
    uint64_t end_ns = time_now_ns() + 2000000000ull, frames;
    while ((frames = uncharged_frames()) != uncharged_at_first && cpus_online() > 1 && time_now_ns() < end_ns)
        thread_sleep_until_ns(time_now_ns() + 1000000);
    return frames;
}

/* Most tests know who runs when; those for several CPUs say where. */
static void prepare_cpus(void)
{
    cpus_wait();
    err_t e = thread_set_affinity(thread_current(), cpu_set_of(0));
    ASSERT(!failed(e));
    if (cpus_online() == 1) return;
    while (frame_pool_fill_step()) {}
    thread_sleep_until_ns(time_now_ns() + 100000000);
}

/* True when it passed. A test that loses memory fails, whatever it expected, and so does one that
 * charges other frames than it uses. Only the heap may keep a slab for later. */
static bool run_test(struct test *test)
{
    has_failed = false;
    (void)settled_uncharged_frames();
    uint64_t used = heap_stats().used_bytes, mark = heap_mark();
    struct thread *thread = thread_create("test", run_one, test);
    if (!thread) return false;
    thread_join(thread);
    uint64_t uncharged = settled_uncharged_frames();
    if (heap_stats().used_bytes > used) {
        test_fail(test->file, 0, "%llu bytes of heap lost",
                  (unsigned long long)(heap_stats().used_bytes - used));
        (void)heap_report(mark);
    }
    if (uncharged != uncharged_at_first)
        test_fail(test->file, 0, "%lld frames are in use and not charged",
                  (long long)(uncharged - uncharged_at_first));
    uncharged_at_first = uncharged;
    return !has_failed;
}

uint8_t kernel_payload(const struct boot_info *info)
{
    char part[32] = "";
    if (!failed(cmdline_string(info->cmdline, "ktest.crash", part, sizeof(part)))) {
        crash(part);
        print("not ok - the kernel survived %s\n", part);
        return EXIT_FAILED;
    }
    if (failed(cmdline_string(info->cmdline, "ktest", part, sizeof(part)))) part[0] = 0;
    for (void (*const *init)(void) = init_array_start; init < init_array_end; init++) (*init)();

    prepare_cpus();
    charge_start(frame_total_count());
    uncharged_at_first = uncharged_frames();
    uint32_t ran = 0, failures = 0;
    for (struct test *test = first; test; test = test->next) {
        if (!contains(test->name, part) && !contains(test->file, part)) continue;
        bool passed = run_test(test);
        failures += !passed;
        print("%s %u - %s (%s)\n", passed ? "ok" : "not ok", ++ran, test->name, test->file);
    }
    print("1..%u\n", ran);
    return failures || !ran ? EXIT_FAILED : EXIT_PASSED;
}
