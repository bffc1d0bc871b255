/* SPDX-License-Identifier: Apache-2.0 */
/* semctl(2). User memory is touched before a set is locked, or after. */
#include "ipc/semaphore_internal.h"
#include "ipc/semaphore_set.h"
#include "mm/heap.h"
#include "process/process.h"
#include "vm/usercopy.h"

static int64_t stat(uint32_t id, uint32_t operation, uint64_t address)
{
    struct ipc_object *o;
    err_t e = operation == LINUX_IPC_STAT ? ipc_take(&semaphore_kind, id, &o)
                                          : ipc_take_at(&semaphore_kind, id, &o);
    if (failed(e)) return e.code;
    spin_lock(&o->queue.lock);
    if (operation != LINUX_SEM_STAT_ANY) e = ipc_check_access_locked(o, 0444);
    struct linux_semid_ds ds = {
        .operated_s = semaphore_set_of(o)->operated_s,
        .changed_s = o->changed_s,
        .count = semaphore_set_of(o)->count,
    };
    ipc_describe_locked(o, &ds.perm);
    uint32_t number = operation == LINUX_IPC_STAT ? 0 : o->id;
    ipc_give(o);
    if (!failed(e)) e = user_copy_out(UADDR(address), &ds, sizeof(ds));
    return failed(e) ? e.code : (int64_t)number;
}

static void add_up(int32_t *sets, int32_t *semaphores)
{
    struct ipc_object *o;
    for (uint32_t i = 0; (o = ipc_next(&semaphore_kind, &i)) != NULL; ipc_put(o)) {
        *sets += 1;
        *semaphores += (int32_t)semaphore_set_of(o)->count;
    }
}

static int64_t tell_limits(uint32_t operation, uint64_t address)
{
    uint32_t highest;
    struct linux_seminfo info = {
        .map = LINUX_SEMMNI * LINUX_SEMMSL,
        .sets_max = LINUX_SEMMNI,
        .semaphores_max = LINUX_SEMMNI * LINUX_SEMMSL,
        .undos_max = LINUX_SEMMNI * LINUX_SEMMSL,
        .per_set_max = LINUX_SEMMSL,
        .operations_max = LINUX_SEMOPM,
        .undos_each = LINUX_SEMOPM,
        .undo_bytes = 20, /* [linux uapi linux/sem.h SEMUSZ] */
        .value_max = LINUX_SEMVMX,
        .undo_max = LINUX_SEMVMX,
    };
    ipc_count(&semaphore_kind, &highest);
    if (operation == LINUX_SEM_INFO) {
        info.undo_bytes = info.undo_max = 0;
        add_up(&info.undo_bytes, &info.undo_max);
    }
    err_t e = user_copy_out(UADDR(address), &info, sizeof(info));
    return failed(e) ? e.code : (int64_t)highest;
}

static int64_t look(uint32_t id, uint32_t number, uint32_t operation)
{
    struct ipc_object *o;
    err_t e = ipc_take(&semaphore_kind, id, &o);
    if (failed(e)) return e.code;
    spin_lock(&o->queue.lock);
    const struct semaphore_set *s = semaphore_set_of(o);
    int64_t result = 0;
    e = ipc_check_access_locked(o, 0444);
    if (!failed(e) && number >= s->count) e = ERR_INVALID;
    if (!failed(e)) {
        const struct semaphore *semaphore = &s->semaphores[number];
        if (operation == LINUX_SEM_GETVAL) result = semaphore->value;
        if (operation == LINUX_SEM_GETPID) result = semaphore->last;
        if (operation == LINUX_SEM_GETNCNT) result = semaphore->waiting;
        if (operation == LINUX_SEM_GETZCNT) result = semaphore->waiting_for_zero;
    }
    ipc_give(o);
    return failed(e) ? e.code : result;
}

static void set_value_locked(struct semaphore_set *s, uint32_t number, int32_t value)
    REQUIRES(s->object.queue.lock)
{
    s->semaphores[number].value = value;
    s->semaphores[number].last = process_current()->pid;
    LIST_FOR_EACH (node, &s->undos) LIST_ENTRY(node, struct semaphore_undo, link)->change[number] = 0;
    s->object.changed_s = ipc_now_s();
    wait_wake_all_locked(&s->object.queue);
}

static int64_t set_one(uint32_t id, uint32_t number, int32_t value)
{
    struct ipc_object *o;
    if (value < 0 || value > LINUX_SEMVMX) return ERR_RANGE.code;
    err_t e = ipc_take(&semaphore_kind, id, &o);
    if (failed(e)) return e.code;
    struct semaphore_set *s = semaphore_set_of(o);
    spin_lock(&s->object.queue.lock);
    if (number >= s->count) e = ERR_INVALID;
    if (!failed(e)) e = ipc_check_access_locked(&s->object, 0222);
    if (!failed(e)) set_value_locked(s, number, value);
    ipc_give(&s->object);
    return e.code;
}

/* Room for all values, the number of which never changes. */
static err_t prepare_all(uint32_t id, uint32_t access, struct ipc_object **out, uint16_t **values)
{
    err_t e = ipc_take(&semaphore_kind, id, out);
    if (failed(e)) return e;
    struct ipc_object *o = *out;
    spin_lock(&o->queue.lock);
    e = ipc_check_access_locked(o, access);
    spin_unlock(&o->queue.lock);
    *values = failed(e) ? NULL : heap_alloc(semaphore_set_of(o)->count * sizeof(uint16_t));
    if (!failed(e) && !*values) e = ERR_NO_MEMORY;
    if (failed(e)) ipc_put(o);
    return e;
}

static int64_t get_all(uint32_t id, uint64_t address)
{
    struct ipc_object *o;
    uint16_t *values;
    err_t e = prepare_all(id, 0444, &o, &values);
    if (failed(e)) return e.code;
    const struct semaphore_set *s = semaphore_set_of(o);
    spin_lock(&o->queue.lock);
    if (o->is_removed) e = ERR_REMOVED;
    for (uint32_t i = 0; i < s->count; i++) values[i] = (uint16_t)s->semaphores[i].value;
    spin_unlock(&o->queue.lock);
    if (!failed(e)) e = user_copy_out(UADDR(address), values, s->count * sizeof(*values));
    heap_free(values);
    ipc_put(o);
    return e.code;
}

static int64_t set_all(uint32_t id, uint64_t address)
{
    struct ipc_object *o;
    uint16_t *values;
    err_t e = prepare_all(id, 0222, &o, &values);
    if (failed(e)) return e.code;
    struct semaphore_set *s = semaphore_set_of(o);
    e = user_copy_in(values, UADDR(address), s->count * sizeof(*values));
    for (uint32_t i = 0; i < s->count && !failed(e); i++)
        if (values[i] > LINUX_SEMVMX) e = ERR_RANGE;
    spin_lock(&s->object.queue.lock);
    if (!failed(e) && o->is_removed) e = ERR_REMOVED;
    for (uint32_t i = 0; i < s->count && !failed(e); i++) set_value_locked(s, i, values[i]);
    spin_unlock(&s->object.queue.lock);
    heap_free(values);
    ipc_put(o);
    return e.code;
}

static int64_t change(uint32_t id, uint32_t operation, const struct linux_semid_ds *wanted)
{
    struct ipc_object *o;
    err_t e = ipc_take(&semaphore_kind, id, &o);
    if (failed(e)) return e.code;
    spin_lock(&o->queue.lock);
    e = ipc_check_owner_locked(o);
    if (!failed(e) && operation == LINUX_IPC_SET) ipc_change_locked(o, &wanted->perm);
    spin_unlock(&o->queue.lock);
    if (!failed(e) && operation == LINUX_IPC_RMID) ipc_remove(o);
    ipc_put(o);
    return e.code;
}

int64_t semaphore_set_control(uint32_t id, uint32_t number, uint32_t operation, uint64_t argument)
{
    struct linux_semid_ds wanted;
    if ((int32_t)id < 0) return ERR_INVALID.code;
    switch (operation) {
    case LINUX_IPC_INFO:
    case LINUX_SEM_INFO: return tell_limits(operation, argument);
    case LINUX_IPC_STAT:
    case LINUX_SEM_STAT:
    case LINUX_SEM_STAT_ANY: return stat(id, operation, argument);
    case LINUX_SEM_GETVAL:
    case LINUX_SEM_GETPID:
    case LINUX_SEM_GETNCNT:
    case LINUX_SEM_GETZCNT: return look(id, number, operation);
    case LINUX_SEM_SETVAL: return set_one(id, number, (int32_t)argument);
    case LINUX_SEM_GETALL: return get_all(id, argument);
    case LINUX_SEM_SETALL: return set_all(id, argument);
    case LINUX_IPC_SET: {
        err_t e = user_copy_in(&wanted, UADDR(argument), sizeof(wanted));
        return failed(e) ? e.code : change(id, operation, &wanted);
    }
    case LINUX_IPC_RMID: return change(id, operation, NULL);
    }
    return ERR_INVALID.code;
}
