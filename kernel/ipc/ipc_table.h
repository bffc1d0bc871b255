/* SPDX-License-Identifier: Apache-2.0 */
/* What the three kinds of System V IPC have in common: objects with a key, a number, an owner and a mode, one table of
 * them for each kind. [linux ipc/util.c] for what a program can see.
 *
 * Objects are counted. Who has one takes its queue.lock and looks whether it was removed meanwhile. Lock order: the
 * table's lock, then an object's. Threads only. */
#pragma once
#include "abi/linux/ipc.h"
#include "sched/wait.h"

struct ipc_kind;

struct ipc_object {
    const struct ipc_kind *kind;
    uint32_t references;     /* atomic */
    uint32_t id;             /* fixed once it is in the table */
    struct wait_queue queue; /* its lock guards the rest, and what the kind has */
    bool is_removed;
    int32_t key; /* written with the table's lock too */
    uint32_t uid, gid, maker_uid, maker_gid;
    uint16_t mode; /* permissions, and LINUX_SHM_DEST, LINUX_SHM_LOCKED */
    int64_t changed_s;
};

struct ipc_table {
    struct spinlock lock;
    struct ipc_object **slots; /* under lock, as is: */
    uint32_t capacity, count;
    uint32_t sequence; /* of the next number */
};
#define IPC_TABLE_INIT { .lock = SPINLOCK_INIT_CLASS("ipc_table.lock") }

struct ipc_kind {
    struct ipc_table *table;
    uint32_t objects_max;
    /* A new one; the rest of ipc_object is filled in by the table. Errors as for ...get(2). */
    err_t (*create)(uint64_t size, uint32_t flags, struct ipc_object **out);
    /* Whether an old one serves somebody who asks for that size. ERR_INVALID. With queue.lock. */
    err_t (*check_size)(const struct ipc_object *object, uint64_t size);
    void (*destroy)(struct ipc_object *object); /* frees it */
};

/* semget and its like: a number or an error. */
int64_t ipc_get(const struct ipc_kind *kind, int32_t key, uint64_t size, uint32_t flags);

/* Counted. ERR_INVALID: there is none; ERR_REMOVED: there is one of that place, but not of that number. */
err_t ipc_take(const struct ipc_kind *kind, uint32_t id, struct ipc_object **out);
/* The same by its place in the table: ..._STAT. ERR_INVALID. */
err_t ipc_take_at(const struct ipc_kind *kind, uint32_t index, struct ipc_object **out);
void ipc_give(struct ipc_object *object) RELEASES(object->queue.lock); /* unlocks it, and puts it */
void ipc_put(struct ipc_object *object);

/* Out of the table; whoever sleeps on it is woken. The table's reference is given up. */
void ipc_remove(struct ipc_object *object);

/* What of 0400, 0200 (and the same for others) the running thread may. ERR_ACCESS; ERR_REMOVED, meanwhile. */
err_t ipc_check_access_locked(const struct ipc_object *object, uint32_t wanted) REQUIRES(object->queue.lock);
/* ERR_NOT_PERMITTED: neither the owner nor the maker, nor CAP_SYS_ADMIN. ERR_REMOVED. */
err_t ipc_check_owner_locked(const struct ipc_object *object) REQUIRES(object->queue.lock);

void ipc_describe_locked(const struct ipc_object *object, struct linux_ipc_perm *out)
    REQUIRES(object->queue.lock);
/* IPC_SET. */
void ipc_change_locked(struct ipc_object *object, const struct linux_ipc_perm *wanted)
    REQUIRES(object->queue.lock);

/* So many are in use, and the highest place in use; 0 when there are none. */
uint32_t ipc_count(const struct ipc_kind *kind, uint32_t *highest);
/* Each in turn, counted, as long as it says so; the first at or after *index. NULL: no more. */
struct ipc_object *ipc_next(const struct ipc_kind *kind, uint32_t *index);

/* Removes all, and gives the table back. Nobody uses it any more. */
void ipc_fini(const struct ipc_kind *kind);

int64_t ipc_now_s(void);
