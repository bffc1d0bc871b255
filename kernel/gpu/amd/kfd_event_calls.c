/* SPDX-License-Identifier: Apache-2.0 */
/* Requests about events. Signal events have a slot in a page that program and GPU see: either memory of the program's,
 * given with the first event, or a page of the kernel's. */
#include "core/time.h"
#include "gpu/amd/kfd.h"

enum { NS_PER_MS = 1000000 };

/* ---- making ---- */

/* `handle` is that of system memory which is large enough for all slots. */
static err_t use_event_page(struct kfd_process *p, uint64_t handle) REQUIRES(p->lock)
{
    struct kfd_buffer *buffer = kfd_buffer_find(p, handle);
    if (p->event_page || !buffer || !(buffer->flags & LINUX_KFD_IOC_ALLOC_MEM_FLAGS_GTT) ||
        buffer->memory->bytes < KFD_EVENT_PAGE_BYTES)
        return ERR_INVALID;
    p->event_page = gpu_memory_get(buffer->memory);
    p->event_page_handle = handle;
    return OK;
}

static err_t make_event_page(struct kfd_process *p) REQUIRES(p->lock)
{
    return gpu_memory_create(kfd_gpu_at(0)->device, GPU_MEMORY_SYSTEM, KFD_EVENT_PAGE_BYTES, &p->event_page);
}

static bool has_slot(uint32_t type)
{
    return type == LINUX_KFD_IOC_EVENT_SIGNAL || type == LINUX_KFD_IOC_EVENT_DEBUG_EVENT;
}

static err_t create_event_locked(struct kfd_process *p, struct linux_kfd_create_event_args *a)
    REQUIRES(p->lock)
{
    err_t e = a->event_page_offset ? use_event_page(p, a->event_page_offset) : OK;
    if (!failed(e) && has_slot(a->event_type) && !p->event_page) e = make_event_page(p);
    if (!failed(e)) e = kfd_event_make(&p->events, a->event_type, a->auto_reset != 0, &a->event_id);
    if (failed(e) || !has_slot(a->event_type)) return e;
    a->event_page_offset = kfd_mmap_offset(KFD_MMAP_EVENTS, 0);
    a->event_trigger_data = a->event_slot_index = a->event_id;
    return OK;
}

err_t kfd_create_event(struct kfd_process *process, void *args)
{
    struct linux_kfd_create_event_args *a = args;
    if (a->event_type >= KFD_EVENT_TYPES) return ERR_INVALID;
    mutex_lock(&process->lock);
    err_t e = create_event_locked(process, a);
    mutex_unlock(&process->lock);
    return e;
}

err_t kfd_destroy_event(struct kfd_process *process, void *args)
{
    const struct linux_kfd_destroy_event_args *a = args;
    mutex_lock(&process->lock);
    err_t e = kfd_event_end(&process->events, a->event_id);
    mutex_unlock(&process->lock);
    return e;
}

/* ---- raising and waiting ---- */

err_t kfd_set_event(struct kfd_process *process, void *args)
{
    const struct linux_kfd_set_event_args *a = args;
    return kfd_event_change(&process->events, a->event_id, true);
}

err_t kfd_reset_event(struct kfd_process *process, void *args)
{
    const struct linux_kfd_reset_event_args *a = args;
    return kfd_event_change(&process->events, a->event_id, false);
}

static uint64_t deadline_of(uint32_t timeout_ms)
{
    if (timeout_ms == LINUX_KFD_TIMEOUT_INFINITE) return UINT64_MAX;
    return timeout_ms ? time_now_ns() + (uint64_t)timeout_ms * NS_PER_MS : 0;
}

/* Interrupted, it begins again with the time that is left: the arguments say so, as on Linux. */
err_t kfd_wait_events(struct kfd_process *process, void *args)
{
    struct linux_kfd_wait_events_args *a = args;
    struct kfd_wait what = { a->events_ptr, a->num_events, a->wait_for_all != 0, deadline_of(a->timeout) };
    err_t e = kfd_events_wait(&process->events, &what, &a->wait_result);
    if (e.code == ERR_INTERRUPTED.code && what.deadline_ns != UINT64_MAX) {
        uint64_t now_ns = time_now_ns();
        uint64_t left_ns = what.deadline_ns > now_ns ? what.deadline_ns - now_ns : 0;
        a->timeout = (uint32_t)(left_ns / NS_PER_MS);
    }
    return e;
}
