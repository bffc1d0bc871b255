/* SPDX-License-Identifier: Apache-2.0 */
/* Who cannot go on sleeps on the set's queue and tries again whenever something has changed. [linux ipc/sem.c] for what a
 * program can see. */
#include "ipc/semaphore_set.h"

#include "ipc/ipc_table.h"
#include "ipc/semaphore_internal.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "process/process.h"

static struct ipc_table table = IPC_TABLE_INIT;

/* ---- making one ---- */

static err_t create(uint64_t count, uint32_t flags UNUSED, struct ipc_object **out)
{
    if (count == 0) return ERR_INVALID;
    struct semaphore_set *s = heap_alloc_zeroed(sizeof(*s) + count * sizeof(s->semaphores[0]));
    if (!s) return ERR_NO_MEMORY;
    list_init(&s->undos);
    s->count = (uint32_t)count;
    *out = &s->object;
    return OK;
}

static err_t check_size(const struct ipc_object *o, uint64_t count)
{
    return count > semaphore_set_of(o)->count ? ERR_INVALID : OK;
}

static void destroy(struct ipc_object *o)
{
    struct semaphore_set *s = semaphore_set_of(o);
    LIST_FOR_EACH_SAFE (node, &s->undos) heap_free(LIST_ENTRY(node, struct semaphore_undo, link));
    heap_free(s);
}

const struct ipc_kind semaphore_kind = { &table, LINUX_SEMMNI, create, check_size, destroy };

int64_t semaphore_set_get(int32_t key, uint64_t count, uint32_t flags)
{
    if ((int32_t)count < 0 || count > LINUX_SEMMSL) return ERR_INVALID.code;
    return ipc_get(&semaphore_kind, key, count, flags);
}

/* ---- undoing ---- */

static struct semaphore_undo *find_undo_locked(struct semaphore_set *s, const struct process *p)
    REQUIRES(s->object.queue.lock)
{
    LIST_FOR_EACH (node, &s->undos) {
        struct semaphore_undo *undo = LIST_ENTRY(node, struct semaphore_undo, link);
        if (undo->process == p) return undo;
    }
    return NULL;
}

/* The running process's, made if there is none yet. */
static err_t prepare_undo_locked(struct semaphore_set *s, struct semaphore_undo **out)
    REQUIRES(s->object.queue.lock)
{
    struct process *p = process_current();
    *out = find_undo_locked(s, p);
    if (*out) return OK;
    struct semaphore_undo *undo = heap_alloc_zeroed(sizeof(*undo) + s->count * sizeof(undo->change[0]));
    if (!undo) return ERR_NO_MEMORY;
    undo->process = p;
    list_push_back(&s->undos, &undo->link);
    __atomic_store_n(&p->has_semaphore_undos, true, __ATOMIC_RELAXED);
    *out = undo;
    return OK;
}

/* A value stays within its range, as on Linux. */
static void apply_undo_locked(struct semaphore_set *s, const struct semaphore_undo *undo)
    REQUIRES(s->object.queue.lock)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (!undo->change[i]) continue;
        int32_t value = s->semaphores[i].value + undo->change[i];
        if (value > LINUX_SEMVMX) value = LINUX_SEMVMX;
        s->semaphores[i].value = MAX(value, 0);
        s->semaphores[i].last = undo->process->pid;
    }
    wait_wake_all_locked(&s->object.queue);
}

void semaphore_set_undo(struct process *p)
{
    struct ipc_object *o;
    for (uint32_t index = 0; (o = ipc_next(&semaphore_kind, &index)) != NULL; ipc_put(o)) {
        struct semaphore_set *s = semaphore_set_of(o);
        spin_lock(&s->object.queue.lock);
        struct semaphore_undo *undo = find_undo_locked(s, p);
        if (undo) {
            if (!s->object.is_removed) apply_undo_locked(s, undo);
            list_remove(&undo->link);
        }
        spin_unlock(&s->object.queue.lock);
        heap_free(undo);
    }
}

/* ---- operating ---- */

struct operation {
    const struct linux_sembuf *steps;
    uint32_t count;
    bool changes, undoes;
};

static bool has(const struct linux_sembuf *step, uint32_t flag) { return (uint16_t)step->flags & flag; }

static void take_back_locked(struct semaphore_set *s, const struct operation *op, uint32_t done,
                             struct semaphore_undo *undo) REQUIRES(s->object.queue.lock)
{
    while (done-- > 0) {
        const struct linux_sembuf *step = &op->steps[done];
        s->semaphores[step->number].value -= step->change;
        if (has(step, LINUX_SEM_UNDO)) undo->change[step->number] += step->change;
    }
}

/* OK; ERR_TRY_AGAIN when this step has to wait; ERR_RANGE. */
static err_t step_locked(struct semaphore_set *s, const struct linux_sembuf *step,
                         struct semaphore_undo *undo) REQUIRES(s->object.queue.lock)
{
    struct semaphore *semaphore = &s->semaphores[step->number];
    int32_t value = semaphore->value + step->change;
    if (step->change == 0) return semaphore->value == 0 ? OK : ERR_TRY_AGAIN;
    if (value < 0) return ERR_TRY_AGAIN;
    if (value > LINUX_SEMVMX) return ERR_RANGE;
    if (has(step, LINUX_SEM_UNDO)) {
        int32_t left = undo->change[step->number] - step->change;
        if (left < -LINUX_SEMVMX - 1 || left > LINUX_SEMVMX) return ERR_RANGE;
        undo->change[step->number] = left;
    }
    semaphore->value = value;
    return OK;
}

/* All steps or none; *blocking is the one that has to wait. */
static err_t try_locked(struct semaphore_set *s, const struct operation *op, struct semaphore_undo *undo,
                        const struct linux_sembuf **blocking) REQUIRES(s->object.queue.lock)
{
    for (uint32_t i = 0; i < op->count; i++) {
        err_t e = step_locked(s, &op->steps[i], undo);
        if (!failed(e)) continue;
        take_back_locked(s, op, i, undo);
        *blocking = &op->steps[i];
        return e;
    }
    for (uint32_t i = 0; i < op->count; i++) s->semaphores[op->steps[i].number].last = process_current()->pid;
    s->operated_s = ipc_now_s();
    if (op->changes) wait_wake_all_locked(&s->object.queue);
    return OK;
}

static err_t wait_locked(struct semaphore_set *s, const struct linux_sembuf *blocking, uint64_t deadline_ns)
    REQUIRES(s->object.queue.lock)
{
    struct semaphore *semaphore = &s->semaphores[blocking->number];
    uint32_t *waiting = blocking->change ? &semaphore->waiting : &semaphore->waiting_for_zero;
    (*waiting)++;
    err_t e = wait_sleep_interruptible_locked(&s->object.queue, deadline_ns);
    (*waiting)--;
    if (s->object.is_removed) return ERR_REMOVED;
    return e.code == ERR_TIMED_OUT.code ? ERR_TRY_AGAIN : e;
}

static err_t operate_locked(struct semaphore_set *s, const struct operation *op, uint64_t deadline_ns)
    REQUIRES(s->object.queue.lock)
{
    struct semaphore_undo *undo = NULL;
    err_t e = ipc_check_access_locked(&s->object, op->changes ? 0222 : 0444);
    if (!failed(e) && op->undoes) e = prepare_undo_locked(s, &undo);
    while (!failed(e)) {
        const struct linux_sembuf *blocking = NULL;
        e = try_locked(s, op, undo, &blocking);
        if (e.code != ERR_TRY_AGAIN.code || has(blocking, LINUX_IPC_NOWAIT)) return e;
        e = wait_locked(s, blocking, deadline_ns);
    }
    return e;
}

int64_t semaphore_set_operate(uint32_t id, const struct linux_sembuf *steps, uint32_t count,
                              uint64_t deadline_ns)
{
    struct operation op = { .steps = steps, .count = count };
    struct ipc_object *o;
    uint32_t highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        highest = MAX(highest, (uint32_t)steps[i].number);
        op.changes |= steps[i].change != 0;
        op.undoes |= has(&steps[i], LINUX_SEM_UNDO);
    }
    err_t e = ipc_take(&semaphore_kind, id, &o);
    if (failed(e)) return e.code;
    struct semaphore_set *s = semaphore_set_of(o);
    spin_lock(&s->object.queue.lock);
    e = highest >= s->count ? ERR_FILE_TOO_LARGE : operate_locked(s, &op, deadline_ns);
    ipc_give(&s->object);
    return e.code;
}

void semaphore_set_fini(void) { ipc_fini(&semaphore_kind); }
