/* SPDX-License-Identifier: Apache-2.0 */
#include "core/lock_order.h"

#include "arch/cpu.h"
#include "arch/percpu.h"
#include "core/lock_graph.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/symbol.h"
#include "lib/format.h"

static struct held_locks spins[CONFIG_CPUS_MAX]; /* each CPU's own, with interrupts off */
static struct lock_graph graph;                  /* under graph_is_busy */
static uint32_t graph_is_busy; /* no spinlock: taking one leads here. Interrupts off while it is set */
static bool is_on;

static struct held_locks *spins_here(void) { return &spins[percpu_index()]; }
void lock_order_start(void) { is_on = true; }
void lock_order_stop(void) { is_on = false; }

static void graph_enter(void)
{
    while (__atomic_exchange_n(&graph_is_busy, 1, __ATOMIC_ACQUIRE)) cpu_relax();
}
static void graph_leave(void) { __atomic_store_n(&graph_is_busy, 0, __ATOMIC_RELEASE); }

/* ---- reports ---- */
static void print(const char *format, ...) PRINTF_LIKE(1, 2);
static void print(const char *format, ...)
{
    char line[CONFIG_LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    size_t length = format_string_va(line, sizeof(line), format, args);
    va_end(args);
    log_raw(line, MIN(length, sizeof(line) - 1));
}

/* From here to the panic locks are taken by the report itself. */
static void begin_report(void)
{
    interrupts_off();
    is_on = false;
    print("\n");
}

static void print_lock(const char *what, const char *class, const void *site)
{
    struct symbol symbol;
    if (symbol_find((uint64_t)site - 1, &symbol))
        print("lock order: %s %s by %s+0x%lx\n", what, class, symbol.name, symbol.offset + 1);
    else
        print("lock order: %s %s by %p\n", what, class, site);
}

static void print_held(const struct held_locks *held)
{
    for (uint32_t i = 0; i < held->count; i++)
        print_lock("held:", graph.names[held->stack[i].class], held->stack[i].site);
}

static NORETURN void report_same_class(const struct held_lock *first, const struct held_lock *second)
{
    const char *class = graph.names[first->class];
    begin_report();
    print_lock("held:", class, first->site);
    print_lock("wanted:", class, second->site);
    panic("lock order: two locks of one class, %s, without saying which comes first", class);
}

static NORETURN void report_cycle(const struct held_lock *first, const struct held_lock *second,
                                  const struct lock_path *path)
{
    const char *before = graph.names[first->class], *after = graph.names[second->class];
    begin_report();
    print_lock("held:", before, first->site);
    print_lock("wanted:", after, second->site);
    for (uint32_t i = 0; i < path->count; i++) {
        const struct lock_edge *e = &graph.edges[path->edges[i]];
        print_lock("earlier, held:", graph.names[e->before], e->before_site);
        print_lock("earlier, wanted:", graph.names[e->after], e->after_site);
    }
    panic("lock order: %s wanted with %s held, earlier the other way round", after, before);
}

/* ---- taking and releasing ---- */
static void check_pair(const struct held_lock *first, const struct held_lock *second, bool is_nested)
{
    if (first->class == second->class) {
        if (!is_nested) report_same_class(first, second);
        return;
    }
    struct lock_edge edge = { (uint16_t)first->class, (uint16_t)second->class, first->site, second->site };
    struct lock_path path;
    graph_enter();
    enum lock_graph_result result = lock_graph_add(&graph, edge, &path);
    graph_leave();
    if (result == LOCK_GRAPH_CYCLE) report_cycle(first, second, &path);
    if (result == LOCK_GRAPH_FULL) panic("lock order: more pairs than CONFIG_LOCK_EDGES_MAX");
}

static void show_in_user_work(const struct held_locks *held)
{
    uint32_t bit = held == spins_here() ? USER_WORK_HOLDS_SPIN : USER_WORK_HOLDS_MUTEX;
    if (held->count)
        percpu()->user_work |= bit;
    else
        percpu()->user_work &= ~bit;
}

void lock_order_resume(const struct held_locks *mutexes) { show_in_user_work(mutexes); }

static void take(struct held_locks *held, struct held_lock new, const char *class, enum lock_take how)
{
    if (!class) panic("lock order: the lock %p taken was never initialised", new.lock);
    graph_enter();
    bool has_class = lock_graph_class(&graph, class, &new.class);
    graph_leave();
    if (!has_class) panic("lock order: more classes than CONFIG_LOCK_CLASSES_MAX");
    for (uint32_t i = 0; i < held->count; i++) {
        if (held->stack[i].lock == new.lock) return; /* the lock itself is about to panic */
        if (how != LOCK_TAKE_IF_FREE) check_pair(&held->stack[i], &new, how == LOCK_TAKE_NESTED);
    }
    if (held->count == CONFIG_LOCKS_HELD_MAX) panic("lock order: more than CONFIG_LOCKS_HELD_MAX locks held");
    held->stack[held->count++] = new;
    show_in_user_work(held);
}

void lock_order_take(struct held_locks *held, const void *lock, const char *class, const void *site,
                     enum lock_take how)
{
    bool on = interrupts_are_on();
    interrupts_off();
    if (is_on) take(held ? held : spins_here(), (struct held_lock){ .lock = lock, .site = site }, class, how);
    if (on) interrupts_on();
}

static void release(struct held_locks *held, const void *lock, const char *class, const void *site)
{
    uint32_t at = held->count;
    while (at > 0 && held->stack[at - 1].lock != lock) at--;
    if (at == 0) {
        begin_report();
        print_held(held);
        print_lock("released:", class, site);
        panic("lock order: %s released and not held", class);
    }
    if (at != held->count && held == spins_here()) {
        begin_report();
        print_held(held);
        panic("lock order: %s released before %s, taken later", class,
              graph.names[held->stack[held->count - 1].class]);
    }
    for (held->count--; at <= held->count; at++) held->stack[at - 1] = held->stack[at];
    show_in_user_work(held);
}

void lock_order_release(struct held_locks *held, const void *lock, const char *class, const void *site)
{
    bool on = interrupts_are_on();
    interrupts_off();
    if (is_on) {
        release(held ? held : spins_here(), lock, class, site);
        if (on && !held) panic("lock order: interrupts came on while %s was held", class);
    }
    if (on) interrupts_on();
}

/* ---- moments when nothing may be held ---- */
void lock_order_expect_may_sleep(const char *what)
{
    bool on = interrupts_are_on();
    interrupts_off();
    if (is_on && percpu()->interrupt_depth[0]) panic("lock order: %s in an interrupt", what);
    const struct held_locks *held = spins_here();
    if (is_on && held->count) {
        begin_report();
        print_held(held);
        panic("lock order: %s with a spin lock held", what);
    }
    if (on) interrupts_on();
}

void lock_order_expect_none(const char *what, const struct held_locks *mutexes)
{
    lock_order_expect_may_sleep(what);
    if (!is_on || !mutexes->count) return;
    begin_report();
    print_held(mutexes);
    panic("lock order: %s with a mutex held", what);
}
