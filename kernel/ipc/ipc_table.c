/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/ipc_table.h"

#include "abi/linux/capability.h"
#include "core/time.h"
#include "fs/credentials.h"
#include "lib/string.h"
#include "mm/heap.h"

enum {
    SLOT_BITS =
        15, /* of a number; above them is a sequence, so that old numbers are not taken for new ones */
    SLOT_MASK = (1 << SLOT_BITS) - 1,
    SEQUENCES = 1 << 16,
    CAPACITY_MIN = 16,
    PERMISSIONS = 0777,
};
#define NS_PER_S 1000000000ull

int64_t ipc_now_s(void) { return (int64_t)(time_realtime_ns() / NS_PER_S); }

static struct ipc_object *get(struct ipc_object *o)
{
    __atomic_add_fetch(&o->references, 1, __ATOMIC_RELAXED);
    return o;
}

void ipc_put(struct ipc_object *o)
{
    if (__atomic_sub_fetch(&o->references, 1, __ATOMIC_ACQ_REL) == 0) o->kind->destroy(o);
}

/* ---- the table ---- */

static struct ipc_object *find_key_locked(const struct ipc_table *t, int32_t key) REQUIRES(t->lock)
{
    for (uint32_t i = 0; i < t->capacity; i++)
        if (t->slots[i] && t->slots[i]->key == key) return t->slots[i];
    return NULL;
}

static err_t grow_locked(struct ipc_table *t) REQUIRES(t->lock)
{
    uint32_t capacity = t->capacity ? t->capacity * 2 : CAPACITY_MIN;
    struct ipc_object **slots = heap_alloc_zeroed(capacity * sizeof(struct ipc_object *));
    if (!slots) return ERR_NO_MEMORY;
    if (t->slots) memcpy(slots, t->slots, t->capacity * sizeof(struct ipc_object *));
    heap_free(t->slots);
    t->slots = slots;
    t->capacity = capacity;
    return OK;
}

/* The table's reference is the caller's. */
static err_t add_locked(struct ipc_table *t, uint32_t count_max, struct ipc_object *o) REQUIRES(t->lock)
{
    if (t->count >= count_max) return ERR_NO_SPACE;
    if (t->count == t->capacity) {
        err_t e = grow_locked(t);
        if (failed(e)) return e;
    }
    uint32_t index = 0;
    while (t->slots[index]) index++;
    o->id = t->sequence << SLOT_BITS | index;
    t->sequence = (t->sequence + 1) % SEQUENCES;
    t->slots[index] = o;
    t->count++;
    return OK;
}

static void fill_in(const struct ipc_kind *kind, struct ipc_object *o, int32_t key, uint32_t flags)
{
    const struct credentials *c = credentials_current();
    o->kind = kind;
    o->references = 1;
    wait_queue_init(&o->queue);
    o->key = key;
    o->uid = o->maker_uid = c->uid.effective;
    o->gid = o->maker_gid = c->gid.effective;
    o->mode = flags & PERMISSIONS;
    o->changed_s = ipc_now_s();
}

/* ---- finding or making one ---- */

static int64_t use_old(struct ipc_object *o, uint64_t size, uint32_t flags)
{
    const uint32_t fresh = LINUX_IPC_CREAT | LINUX_IPC_EXCL;
    if ((flags & fresh) == fresh) return ERR_EXISTS.code;
    spin_lock(&o->queue.lock);
    err_t e = o->kind->check_size(o, size);
    if (!failed(e)) e = ipc_check_access_locked(o, flags & PERMISSIONS);
    spin_unlock(&o->queue.lock);
    return failed(e) ? e.code : (int64_t)o->id;
}

/* False: one has to be made first. */
static bool try_get(const struct ipc_kind *kind, int32_t key, uint64_t size, uint32_t flags,
                    struct ipc_object **fresh, int64_t *result)
{
    struct ipc_table *t = kind->table;
    bool is_done = true;
    spin_lock(&t->lock);
    struct ipc_object *old = key == LINUX_IPC_PRIVATE ? NULL : find_key_locked(t, key);
    if (old) {
        *result = use_old(old, size, flags);
    } else if (key != LINUX_IPC_PRIVATE && !(flags & LINUX_IPC_CREAT)) {
        *result = ERR_NOT_FOUND.code;
    } else if (*fresh) {
        err_t e = add_locked(t, kind->objects_max, *fresh);
        *result = failed(e) ? e.code : (int64_t)(*fresh)->id;
        if (!failed(e)) *fresh = NULL;
    } else {
        is_done = false;
    }
    spin_unlock(&t->lock);
    return is_done;
}

int64_t ipc_get(const struct ipc_kind *kind, int32_t key, uint64_t size, uint32_t flags)
{
    struct ipc_object *fresh = NULL;
    int64_t result = 0;
    while (!try_get(kind, key, size, flags, &fresh, &result)) {
        err_t e = kind->create(size, flags, &fresh);
        if (failed(e)) return e.code;
        fill_in(kind, fresh, key, flags);
    }
    if (fresh) ipc_put(fresh);
    return result;
}

static struct ipc_object *at_locked(const struct ipc_table *t, uint32_t index) REQUIRES(t->lock)
{
    return index < t->capacity && t->slots[index] ? get(t->slots[index]) : NULL;
}

err_t ipc_take_at(const struct ipc_kind *kind, uint32_t index, struct ipc_object **out)
{
    spin_lock(&kind->table->lock);
    struct ipc_object *o = at_locked(kind->table, index & SLOT_MASK);
    spin_unlock(&kind->table->lock);
    *out = o;
    return o ? OK : ERR_INVALID;
}

err_t ipc_take(const struct ipc_kind *kind, uint32_t id, struct ipc_object **out)
{
    if ((int32_t)id < 0) return ERR_INVALID;
    err_t e = ipc_take_at(kind, id & SLOT_MASK, out);
    if (failed(e) || (*out)->id == id) return e;
    ipc_put(*out);
    return ERR_REMOVED;
}

void ipc_give(struct ipc_object *o)
{
    spin_unlock(&o->queue.lock);
    ipc_put(o);
}

void ipc_remove(struct ipc_object *o)
{
    struct ipc_table *t = o->kind->table;
    spin_lock(&t->lock);
    bool is_there = t->slots[o->id & SLOT_MASK] == o;
    if (is_there) {
        t->slots[o->id & SLOT_MASK] = NULL;
        t->count--;
    }
    spin_lock(&o->queue.lock);
    o->is_removed = true;
    wait_wake_all_locked(&o->queue);
    spin_unlock(&o->queue.lock);
    spin_unlock(&t->lock);
    if (is_there) ipc_put(o);
}

uint32_t ipc_count(const struct ipc_kind *kind, uint32_t *highest)
{
    struct ipc_table *t = kind->table;
    *highest = 0;
    spin_lock(&t->lock);
    for (uint32_t i = 0; i < t->capacity; i++)
        if (t->slots[i]) *highest = i;
    uint32_t count = t->count;
    spin_unlock(&t->lock);
    return count;
}

struct ipc_object *ipc_next(const struct ipc_kind *kind, uint32_t *index)
{
    struct ipc_object *o = NULL;
    spin_lock(&kind->table->lock);
    while (!o && *index < kind->table->capacity) o = at_locked(kind->table, (*index)++);
    spin_unlock(&kind->table->lock);
    return o;
}

void ipc_fini(const struct ipc_kind *kind)
{
    struct ipc_table *t = kind->table;
    struct ipc_object *o;
    for (uint32_t index = 0; (o = ipc_next(kind, &index));) {
        ipc_remove(o);
        ipc_put(o);
    }
    heap_free(t->slots);
    t->slots = NULL;
    t->capacity = 0;
}

/* ---- owners ---- */

err_t ipc_check_access_locked(const struct ipc_object *o, uint32_t wanted)
{
    const struct credentials *c = credentials_current();
    if (o->is_removed) return ERR_REMOVED;
    uint32_t granted = o->mode, asked = (wanted >> 6 | wanted >> 3 | wanted) & 7;
    if (c->uid.effective == o->uid || c->uid.effective == o->maker_uid)
        granted >>= 6;
    else if (credentials_in_group(c, o->gid) || credentials_in_group(c, o->maker_gid))
        granted >>= 3;
    return (asked & ~granted) && !credentials_can(c, LINUX_CAP_IPC_OWNER) ? ERR_ACCESS : OK;
}

err_t ipc_check_owner_locked(const struct ipc_object *o)
{
    const struct credentials *c = credentials_current();
    if (o->is_removed) return ERR_REMOVED;
    bool is_owner = c->uid.effective == o->uid || c->uid.effective == o->maker_uid;
    return is_owner || credentials_can(c, LINUX_CAP_SYS_ADMIN) ? OK : ERR_NOT_PERMITTED;
}

void ipc_describe_locked(const struct ipc_object *o, struct linux_ipc_perm *out)
{
    *out = (struct linux_ipc_perm){
        .key = o->key,
        .uid = o->uid,
        .gid = o->gid,
        .cuid = o->maker_uid,
        .cgid = o->maker_gid,
        .mode = o->mode,
        .seq = (uint16_t)(o->id >> SLOT_BITS),
    };
}

void ipc_change_locked(struct ipc_object *o, const struct linux_ipc_perm *wanted)
{
    o->uid = wanted->uid;
    o->gid = wanted->gid;
    o->mode = (uint16_t)((o->mode & ~PERMISSIONS) | (wanted->mode & PERMISSIONS));
    o->changed_s = ipc_now_s();
}
