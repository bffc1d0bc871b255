/* SPDX-License-Identifier: Apache-2.0 */
#include "process/process_id.h"

#include "config.h"
#include "mm/heap.h"

struct spinlock process_tree_lock = SPINLOCK_INIT_CLASS("process_tree_lock");
static struct tree ids GUARDED_BY(process_tree_lock);
static uint32_t last_number GUARDED_BY(process_tree_lock);
static uint64_t births GUARDED_BY(process_tree_lock);

static struct process_id *entry(struct tree_node *node)
{
    return node ? TREE_ENTRY(node, struct process_id, node) : NULL;
}

/* The last one at or below `number`; NULL: none. */
static struct process_id *at_or_below(uint32_t number) REQUIRES(process_tree_lock)
{
    struct process_id *best = NULL;
    for (struct tree_node *at = ids.root; at;) {
        struct process_id *id = entry(at);
        bool is_above = id->number > number;
        if (!is_above) best = id;
        at = at->child[!is_above];
    }
    return best;
}

/* The next free one upwards, so that a number comes again as late as possible. 0: there is none.
 * `*before` is where it goes. */
static uint32_t choose_number(struct process_id **before) REQUIRES(process_tree_lock)
{
    uint32_t number = last_number;
    for (uint32_t tries = 0; tries < CONFIG_PROCESS_IDS_MAX; tries++) {
        number = number == CONFIG_PROCESS_IDS_MAX ? 1 : number + 1;
        *before = at_or_below(number);
        if (!*before || (*before)->number != number) return number;
    }
    return 0;
}

struct process_id *process_id_alloc(void)
{
    struct process_id *before, *id = heap_alloc_zeroed(sizeof(*id));
    if (!id) return NULL;
    list_init(&id->group);
    readiness_init(&id->readiness);
    id->uses = 1;
    spin_lock(&process_tree_lock);
    id->number = choose_number(&before);
    if (id->number) {
        last_number = id->number;
        id->birth = ++births;
        tree_insert_after(&ids, before ? &before->node : NULL, &id->node);
    }
    spin_unlock(&process_tree_lock);
    if (id->number) return id;
    heap_free(id);
    return NULL;
}

struct process_id *process_id_get_locked(struct process_id *id)
{
    id->uses++;
    return id;
}

void process_id_put_locked(struct process_id *id)
{
    if (--id->uses) return;
    tree_remove(&ids, &id->node);
    heap_free(id);
}

void process_id_put(struct process_id *id)
{
    spin_lock(&process_tree_lock);
    process_id_put_locked(id);
    spin_unlock(&process_tree_lock);
}

struct process_id *process_id_find_locked(uint32_t number)
{
    struct process_id *id = at_or_below(number);
    return id && id->number == number ? id : NULL;
}

struct process *process_find_locked(uint32_t pid)
{
    struct process_id *id = process_id_find_locked(pid);
    return id ? id->process : NULL;
}

struct user_thread *user_thread_find_locked(uint32_t tid)
{
    struct process_id *id = process_id_find_locked(tid);
    return id ? id->thread : NULL;
}

uint32_t process_id_last_locked(uint64_t *count)
{
    *count = births;
    return last_number;
}

struct process_id *process_id_next_locked(uint32_t number)
{
    struct process_id *below = at_or_below(number);
    return entry(below ? tree_next(&below->node) : tree_first(&ids));
}
