/* SPDX-License-Identifier: Apache-2.0 */
/* All weak, so that the test of a file which supplies one of these links the real one. */
#include "tests/fakes/fake_kernel.h"

#include "arch/trap.h"
#include "core/irq.h"
#include "core/lock.h"
#include "core/log.h"
#include "core/time.h"
#include "mm/heap.h"
#include "sched/wait.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAKE __attribute__((weak))

enum { LINES = 32, BLOCKS = 64 };

char fake_log_text[4096];
static struct log_sink *sinks;
static trap_handler_t traps[256];
static struct {
    irq_handler_t handler;
    void *context;
} lines[LINES];
bool fake_irq_refuses;
bool fake_heap_is_empty;
static void *blocks[BLOCKS]; /* what drivers hold for ever ends with the test */
static uint32_t block_count;
void (*fake_sleep)(void);
err_t fake_sleep_result;
uint64_t fake_sleep_deadline_ns;
uint32_t fake_wakes;
uint64_t fake_now_ns;

void fake_kernel_reset(void)
{
    fake_log_text[0] = 0;
    sinks = NULL;
    memset(traps, 0, sizeof traps);
    memset(lines, 0, sizeof lines);
    fake_irq_refuses = false;
    fake_heap_is_empty = false;
    while (block_count) free(blocks[--block_count]);
    fake_sleep = NULL;
    fake_sleep_result = OK;
    fake_sleep_deadline_ns = 0;
    fake_wakes = 0;
    fake_now_ns = 0;
}

/* ---- core/lock.h ---- */
FAKE void spin_lock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    ASSERT(!lock->held); /* one CPU: a second taker would spin for ever */
    lock->held = 1;
}

FAKE void spin_unlock(struct spinlock *lock) NO_THREAD_SAFETY_ANALYSIS
{
    ASSERT(lock->held);
    lock->held = 0;
}

FAKE bool spin_is_lost(const struct spinlock *lock) { return lock->held; }

/* ---- core/log.h ---- */
FAKE enum log_level log_threshold = LOG_DEBUG;
FAKE uint64_t (*log_clock_ns)(void);

static void log_append(const char *text, size_t bytes)
{
    size_t used = strlen(fake_log_text);
    bytes = MIN(bytes, sizeof fake_log_text - 1 - used);
    memcpy(fake_log_text + used, text, bytes);
    fake_log_text[used + bytes] = 0;
    for (struct log_sink *s = sinks; s; s = s->next) s->write(s, text, bytes);
}

FAKE void log_write(enum log_level level, const char *format, ...)
{
    (void)level;
    char line[256];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    length = MIN(length, (int)sizeof line - 2);
    line[length] = '\n';
    log_append(line, (size_t)length + 1);
}

FAKE void log_add_sink(struct log_sink *sink, bool replay)
{
    if (replay) sink->write(sink, fake_log_text, strlen(fake_log_text));
    sink->next = sinks;
    sinks = sink;
}

/* ---- core/irq.h ---- */
FAKE err_t irq_attach(uint32_t irq, irq_handler_t handler, void *context)
{
    ASSERT(irq < LINES);
    if (fake_irq_refuses) return ERR_NO_DEVICE;
    if (lines[irq].handler) return ERR_BUSY;
    lines[irq].handler = handler;
    lines[irq].context = context;
    return OK;
}

bool fake_irq_is_attached(uint32_t irq) { return lines[irq].handler != NULL; }
void fake_irq_raise(uint32_t irq) { lines[irq].handler(lines[irq].context); }

/* ---- arch/trap.h ---- */
FAKE void trap_set_handler(uint8_t vector, trap_handler_t handler) { traps[vector] = handler; }

bool fake_trap(uint8_t vector)
{
    struct trap_frame frame = { .vector = vector };
    if (!traps[vector]) return false;
    traps[vector](&frame);
    return true;
}

/* ---- mm/heap.h ---- */
FAKE void *heap_alloc(size_t bytes)
{
    if (fake_heap_is_empty) return NULL;
    ASSERT(block_count < BLOCKS);
    return blocks[block_count++] = malloc(bytes);
}

/* ---- core/time.h ---- */
FAKE uint64_t time_now_ns(void) { return fake_now_ns; }

/* ---- sched/wait.h ---- */
FAKE err_t wait_sleep_interruptible_locked(struct wait_queue *queue,
                                           uint64_t deadline_ns) NO_THREAD_SAFETY_ANALYSIS
{
    fake_sleep_deadline_ns = deadline_ns;
    ASSERT(fake_sleep || failed(fake_sleep_result)); /* or the test would hang here */
    spin_unlock(&queue->lock);
    if (fake_sleep) fake_sleep();
    spin_lock(&queue->lock);
    return fake_sleep_result;
}

FAKE void wait_wake_all_locked(struct wait_queue *queue)
{
    (void)queue;
    fake_wakes++;
}
