/* SPDX-License-Identifier: Apache-2.0 */
/* Queues: the program makes the ring, the GPU reads it. */
#include "gpu/amd/kfd.h"
#include "mm/heap.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

enum { CU_MASK_WORDS_MAX = 32, CU_MASK_WORD_BITS = 32, POINTER_BYTES = 4 };

/* ---- making ---- */

static err_t decode_kind(uint32_t type, enum gpu_queue_kind *out)
{
    switch (type) {
    case LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE: *out = GPU_QUEUE_PM4; return OK;
    case LINUX_KFD_IOC_QUEUE_TYPE_COMPUTE_AQL: *out = GPU_QUEUE_AQL; return OK;
    case LINUX_KFD_IOC_QUEUE_TYPE_SDMA: *out = GPU_QUEUE_SDMA; return OK;
    }
    return ERR_INVALID;
}

static err_t check_share(uint32_t percent, uint32_t priority)
{
    return percent <= LINUX_KFD_MAX_QUEUE_PERCENTAGE && priority <= LINUX_KFD_MAX_QUEUE_PRIORITY
               ? OK
               : ERR_INVALID;
}

static err_t check_ring(uint64_t address, uint32_t bytes)
{
    if (!is_power_of_two(bytes) || bytes < LINUX_KFD_MIN_QUEUE_RING_SIZE) return ERR_INVALID;
    return is_user_range(address, bytes) ? OK : ERR_FAULT;
}

/* An area that the program need not give. */
static bool is_range_or_none(uint64_t address, uint64_t bytes)
{
    return !address || (bytes && is_user_range(address, bytes));
}

static err_t decode_queue(const struct linux_kfd_create_queue_args *a, struct gpu_queue_request *out)
{
    enum gpu_queue_kind kind;
    err_t e = check_share(a->queue_percentage, a->queue_priority);
    if (!failed(e)) e = decode_kind(a->queue_type, &kind);
    if (!failed(e)) e = check_ring(a->ring_base_address, a->ring_size);
    if (failed(e)) return e;
    if (!is_user_range(a->read_pointer_address, POINTER_BYTES) ||
        !is_user_range(a->write_pointer_address, POINTER_BYTES) ||
        !is_range_or_none(a->eop_buffer_address, a->eop_buffer_size) ||
        !is_range_or_none(a->ctx_save_restore_address, a->ctx_save_restore_size))
        return ERR_FAULT;
    *out = (struct gpu_queue_request){
        .kind = kind,
        .ring = GPU_VA(a->ring_base_address),
        .read_pointer = GPU_VA(a->read_pointer_address),
        .write_pointer = GPU_VA(a->write_pointer_address),
        .ring_bytes = a->ring_size,
        .percent = a->queue_percentage,
        .priority = a->queue_priority,
    };
    return OK;
}

static err_t create_queue_locked(struct kfd_process *p, struct kfd_binding *b,
                                 const struct gpu_queue_request *request, struct kfd_queue **out)
    REQUIRES(p->lock)
{
    struct kfd_queue *queue = heap_alloc_zeroed(sizeof(*queue));
    if (!queue) return ERR_NO_MEMORY;
    queue->binding = b;
    err_t e = id_table_reserve(&p->queues, &queue->id);
    if (!failed(e)) e = gpu_queue_create(b->context, request, &queue->queue);
    if (failed(e)) {
        heap_free(queue);
        return e.code == ERR_NO_SPACE.code ? ERR_NO_MEMORY : e;
    }
    id_table_set(&p->queues, queue->id, queue);
    *out = queue;
    return OK;
}

err_t kfd_create_queue(struct kfd_process *process, void *args)
{
    struct linux_kfd_create_queue_args *a = args;
    struct gpu_queue_request request;
    struct kfd_binding *b;
    struct kfd_queue *queue;
    err_t e = decode_queue(a, &request);
    if (failed(e)) return e;
    mutex_lock(&process->lock);
    e = kfd_binding_find(process, a->gpu_id, &b);
    if (!failed(e)) e = create_queue_locked(process, b, &request, &queue);
    if (!failed(e)) {
        a->queue_id = queue->id;
        a->doorbell_offset = kfd_mmap_offset(KFD_MMAP_DOORBELLS, a->gpu_id) | queue->queue->doorbell;
    }
    mutex_unlock(&process->lock);
    return e;
}

/* ---- changing and ending ---- */

void kfd_queue_end(struct kfd_process *p, struct kfd_queue *queue)
{
    id_table_set(&p->queues, queue->id, NULL);
    gpu_queue_destroy(queue->queue);
    heap_free(queue);
}

err_t kfd_destroy_queue(struct kfd_process *process, void *args)
{
    const struct linux_kfd_destroy_queue_args *a = args;
    mutex_lock(&process->lock);
    struct kfd_queue *queue = id_table_get(&process->queues, a->queue_id);
    if (queue) kfd_queue_end(process, queue);
    mutex_unlock(&process->lock);
    return queue ? OK : ERR_INVALID;
}

err_t kfd_update_queue(struct kfd_process *process, void *args)
{
    const struct linux_kfd_update_queue_args *a = args;
    err_t e = check_share(a->queue_percentage, a->queue_priority);
    if (!failed(e)) e = check_ring(a->ring_base_address, a->ring_size);
    if (failed(e)) return e;
    mutex_lock(&process->lock);
    struct kfd_queue *queue = id_table_get(&process->queues, a->queue_id);
    e = queue ? OK : ERR_FAULT; /* as Linux says it here */
    if (queue) {
        struct gpu_queue_request request = queue->queue->request;
        request.ring = GPU_VA(a->ring_base_address);
        request.ring_bytes = a->ring_size;
        request.percent = a->queue_percentage;
        request.priority = a->queue_priority;
        e = gpu_queue_update(queue->queue, &request);
    }
    mutex_unlock(&process->lock);
    return e;
}

/* Which units run its waves is a wish; here all do. */
err_t kfd_set_cu_mask(struct kfd_process *process, void *args)
{
    const struct linux_kfd_set_cu_mask_args *a = args;
    uint32_t words[CU_MASK_WORDS_MAX];
    if (!a->num_cu_mask || a->num_cu_mask % CU_MASK_WORD_BITS) return ERR_INVALID;
    uint32_t count = MIN(a->num_cu_mask / CU_MASK_WORD_BITS, (uint32_t)CU_MASK_WORDS_MAX);
    err_t e = user_copy_in(words, UADDR(a->cu_mask_ptr), count * sizeof(words[0]));
    if (failed(e)) return e;
    mutex_lock(&process->lock);
    bool is_there = id_table_get(&process->queues, a->queue_id);
    mutex_unlock(&process->lock);
    return is_there ? OK : ERR_FAULT;
}
