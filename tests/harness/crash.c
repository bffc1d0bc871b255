/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/harness/crash.h"

#include "arch/cpu.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/panic.h"
#include "lib/base.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "tests/harness/crash_locks.h"

/* Keeps the compiler from seeing through what we are about to do. */
static void *hide(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

static volatile uint64_t depth_limit = UINT64_MAX; /* the compiler must not know that there is none */

static NOINLINE uint64_t recurse(uint64_t depth)
{
    volatile char frame[256];
    frame[depth % sizeof(frame)] = (char)depth;
    if (depth == depth_limit) return 0;
    return recurse(depth + 1) + (uint64_t)frame[0]; /* the addition keeps it from being a loop */
}

static void overflow_stack(void *argument)
{
    (void)argument;
    recurse(0);
}

static void stack_overflow(void) { thread_join(thread_create("overflow", overflow_stack, NULL)); }
static void read_null(void) { (void)*(volatile int *)hide(NULL); }
static void write_text(void) { *(volatile char *)hide((void *)(uint64_t)overflow_stack) = 0; }
static void write_rodata(void) { *(volatile char *)hide((void *)(uint64_t)"constant") = 0; }
static void run_null(void) { ((void (*)(void))hide(NULL))(); }
static void wild_pointer(void) { *(volatile char *)hide((void *)0x8000000000000000) = 0; }
static void invalid_opcode(void) { __asm__ volatile("ud2"); }
static void divide_by_zero(void) { __asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0)); }
static void take_lock_twice(void) NO_THREAD_SAFETY_ANALYSIS
{
    struct spinlock lock = SPINLOCK_INIT;
    spin_lock(&lock);
    spin_lock(&lock);
}
static void failed_assertion(void) { ASSERT(hide(NULL)); }

static void run_data(void)
{
    static uint8_t code[] = { 0xc3 }; /* RET, in .data */
    ((void (*)(void))hide(code))();
}

static NOINLINE void smash_stack(void)
{
    char buffer[16];
    memset(hide(buffer), 0x55, 64);
    hide(buffer);
}

static void heap_overflow(void)
{
    char *block = heap_alloc(40);
    memset(hide(block), 0, 48);
    heap_free(block);
}

static void heap_double_free(void)
{
    void *block = heap_alloc(40);
    heap_free(hide(block));
    heap_free(hide(block));
}

/* No panic: it is reported when the machine stops. */
static NOINLINE void heap_leak(void) { hide(heap_alloc(123)); }

static void frame_double_free(void)
{
    paddr_t frame = frame_alloc();
    frame_free(frame);
    frame_free(frame);
}

static void frame_use_after_free(void)
{
    paddr_t frame = frame_alloc();
    frame_free(frame);
    *(volatile char *)direct_map(frame) = 1;
    while (!is_paddr_none(frame_alloc())) {} /* sooner or later it is this one */
}

static const struct {
    const char *name;
    void (*run)(void);
} crashes[] = {
    { "stack-overflow", stack_overflow },
    { "read-null", read_null },
    { "write-text", write_text },
    { "write-rodata", write_rodata },
    { "run-null", run_null },
    { "run-data", run_data },
    { "wild-pointer", wild_pointer },
    { "invalid-opcode", invalid_opcode },
    { "divide", divide_by_zero },
    { "lock-twice", take_lock_twice },
    { "assertion", failed_assertion },
    { "stack-smash", smash_stack },
    { "heap-overflow", heap_overflow },
    { "heap-double-free", heap_double_free },
    { "heap-leak", heap_leak },
    { "frame-double-free", frame_double_free },
    { "frame-use-after-free", frame_use_after_free },
};

void crash(const char *name)
{
    for (size_t i = 0; i < ARRAY_LENGTH(crashes); i++)
        if (!strcmp(crashes[i].name, name)) crashes[i].run();
    crash_locks(name);
}
