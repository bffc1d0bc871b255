/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file.h"
#include "gpu/amd/kfd.h"
#include "mm/heap.h"
#include "process/process.h"
#include "vm/space.h"

static struct mutex list_lock = MUTEX_INIT(list_lock);
static struct list processes = LIST_INIT(processes);

/* ---- making and taking apart ---- */

static struct kfd_process *create(struct space *space)
{
    struct kfd_process *p = heap_alloc_zeroed(sizeof(*p));
    if (!p) return NULL;
    mutex_init(&p->lock);
    kfd_events_init(&p->events);
    id_table_init(&p->buffers, 1, KFD_BUFFERS_MAX);
    id_table_init(&p->queues, 0, KFD_QUEUES_MAX);
    p->space = space_get(space);
    for (uint32_t i = 0; i < kfd_gpu_count(); i++)
        p->bindings[i] = (struct kfd_binding){ .owner = kfd_owner, .process = p, .gpu = kfd_gpu_at(i) };
    return p;
}

static void end_queues(struct kfd_process *p) REQUIRES(p->lock)
{
    struct kfd_queue *queue;
    for (uint32_t id = 0; (queue = id_table_next(&p->queues, &id)); id++) kfd_queue_end(p, queue);
    id_table_fini(&p->queues);
}

static void end_contexts(struct kfd_process *p) REQUIRES(p->lock)
{
    kfd_events_detach(&p->events);
    for (uint32_t i = 0; i < kfd_gpu_count(); i++) {
        struct kfd_binding *b = &p->bindings[i];
        if (b->context) gpu_context_destroy(b->context);
        if (b->remap) gpu_memory_put(b->remap);
        file_put(b->render);
        b->context = NULL;
        b->remap = NULL;
        b->render = NULL;
    }
}

static void end_buffers(struct kfd_process *p) REQUIRES(p->lock)
{
    struct kfd_buffer *buffer;
    for (uint32_t id = 0; (buffer = id_table_next(&p->buffers, &id)); id++) kfd_buffer_destroy(p, buffer);
    id_table_fini(&p->buffers);
}

/* No GPU uses anything of it once its contexts are gone; events come to nobody until then. */
static void take_apart(struct kfd_process *p)
{
    mutex_lock(&p->lock);
    end_queues(p);
    end_contexts(p);
    end_buffers(p);
    if (p->event_page) gpu_memory_put(p->event_page);
    p->event_page = NULL;
    kfd_events_fini(&p->events);
    mutex_unlock(&p->lock);
}

/* ---- finding ---- */

static struct kfd_process *find_locked(const struct space *space) REQUIRES(list_lock)
{
    LIST_FOR_EACH (node, &processes) {
        struct kfd_process *p = LIST_ENTRY(node, struct kfd_process, link);
        if (p->space == space) return p;
    }
    return NULL;
}

err_t kfd_process_open(struct kfd_process **out)
{
    struct space *space = process_current()->space;
    mutex_lock(&list_lock);
    struct kfd_process *p = find_locked(space);
    if (!p) {
        p = create(space);
        if (p) list_push_back(&processes, &p->link);
    }
    if (p) p->references++;
    mutex_unlock(&list_lock);
    *out = p;
    return p ? OK : ERR_NO_MEMORY;
}

struct kfd_process *kfd_process_find(void)
{
    mutex_lock(&list_lock);
    struct kfd_process *p = find_locked(process_current()->space);
    if (p) p->references++;
    mutex_unlock(&list_lock);
    return p;
}

bool kfd_process_is_current(const struct kfd_process *process)
{
    return process->space == process_current()->space;
}

void kfd_process_put(struct kfd_process *p)
{
    mutex_lock(&list_lock);
    bool is_last = --p->references == 0;
    if (is_last) list_remove(&p->link);
    bool is_buried = p->is_buried;
    mutex_unlock(&list_lock);
    if (!is_last) return;
    if (!is_buried) take_apart(p);
    space_put(p->space);
    heap_free(p);
}

/* Counted, so that taking it apart needs no lock of the list. */
static struct kfd_process *find_gone(void)
{
    struct kfd_process *gone = NULL;
    mutex_lock(&list_lock);
    LIST_FOR_EACH (node, &processes) {
        struct kfd_process *p = LIST_ENTRY(node, struct kfd_process, link);
        if (p->is_buried || __atomic_load_n(&p->space->users, __ATOMIC_ACQUIRE)) continue;
        p->is_buried = true;
        p->references++;
        gone = p;
        break;
    }
    mutex_unlock(&list_lock);
    return gone;
}

void kfd_process_bury(void)
{
    struct kfd_process *p;
    while ((p = find_gone())) {
        take_apart(p);
        kfd_process_put(p);
    }
}

err_t kfd_binding_find(struct kfd_process *process, uint32_t gpu_id, struct kfd_binding **out)
{
    const struct kfd_gpu *gpu = kfd_gpu_find(gpu_id);
    if (!gpu) return ERR_INVALID;
    *out = &process->bindings[gpu->index];
    return (*out)->context ? OK : ERR_NO_DEVICE;
}
