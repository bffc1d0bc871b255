/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that GPUs see: making and freeing it, showing it to GPUs. A buffer knows its address on all GPUs from the start;
 * which of them see it there changes. */
#include "gpu/amd/kfd.h"
#include "mm/heap.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

#define FLAG(name) LINUX_KFD_IOC_ALLOC_MEM_FLAGS_##name
enum { KINDS = 0x1f }; /* the flags that say what kind of memory it is; one of them */
#define FLAGS_KNOWN                                                                                       \
    (KINDS | FLAG(UNCACHED) | FLAG(COHERENT) | FLAG(AQL_QUEUE_MEM) | FLAG(NO_SUBSTITUTE) | FLAG(PUBLIC) | \
     FLAG(EXECUTABLE) | FLAG(WRITABLE))

/* ---- making ---- */

/* What was asked for, checked. */
struct buffer_request {
    uint32_t kind; /* one of KINDS */
    uint32_t flags;
    uint64_t va, bytes, memory_bytes;
    uint64_t user_address; /* of USERPTR */
};

static err_t decode_buffer(const struct linux_kfd_alloc_memory_of_gpu_args *a, struct buffer_request *out)
{
    uint32_t kind = a->flags & KINDS;
    if (!is_power_of_two(kind) || a->flags & ~FLAGS_KNOWN || a->size == 0) return ERR_INVALID;
    if (a->size > KFD_VA_LAST || !is_aligned(a->va_addr, PAGE_BYTES) || a->va_addr < KFD_VA_START)
        return ERR_INVALID;
    uint64_t bytes = align_up(a->size, PAGE_BYTES);
    if (a->va_addr > KFD_VA_LAST || bytes > KFD_VA_LAST + 1 - a->va_addr) return ERR_INVALID;
    bool is_doubled = a->flags & FLAG(AQL_QUEUE_MEM);
    if (is_doubled && (kind & (FLAG(VRAM) | FLAG(GTT)) ? bytes % (2 * PAGE_BYTES) : true)) return ERR_INVALID;
    if (kind == FLAG(DOORBELL) && bytes != KFD_DOORBELL_BYTES) return ERR_INVALID;
    if (kind == FLAG(MMIO_REMAP) && bytes != PAGE_BYTES) return ERR_INVALID;
    if (kind == FLAG(USERPTR) &&
        (!is_aligned(a->mmap_offset, PAGE_BYTES) || !is_user_range(a->mmap_offset, bytes)))
        return ERR_INVALID;
    *out =
        (struct buffer_request){ kind,          a->flags, a->va_addr, bytes, is_doubled ? bytes / 2 : bytes,
                                 a->mmap_offset };
    return OK;
}

err_t kfd_remap_page(struct kfd_binding *b, struct gpu_memory **out)
{
    err_t e = OK;
    if (!b->remap) e = gpu_memory_create(b->gpu->device, GPU_MEMORY_SYSTEM, PAGE_BYTES, &b->remap);
    if (!failed(e)) *out = b->remap;
    return e;
}

static err_t make_memory(struct kfd_binding *b, const struct buffer_request *r, struct gpu_memory **out)
{
    err_t e = OK;
    switch (r->kind) {
    case FLAG(VRAM): return gpu_memory_create(b->gpu->device, GPU_MEMORY_VRAM, r->memory_bytes, out);
    case FLAG(GTT): return gpu_memory_create(b->gpu->device, GPU_MEMORY_SYSTEM, r->memory_bytes, out);
    case FLAG(USERPTR): return gpu_memory_create_user(b->gpu->device, r->user_address, r->bytes, out);
    case FLAG(MMIO_REMAP): e = kfd_remap_page(b, out); break;
    default: *out = b->context->bell; break;
    }
    if (!failed(e)) gpu_memory_get(*out);
    return e;
}

/* Where the program maps it; of USERPTR, the address that it gave. */
static uint64_t mmap_offset_of(const struct kfd_buffer *buffer, uint64_t given)
{
    uint32_t gpu_id = buffer->binding->gpu->id;
    switch (buffer->flags & KINDS) {
    case FLAG(USERPTR): return given;
    case FLAG(MMIO_REMAP): return kfd_mmap_offset(KFD_MMAP_REMAP, gpu_id);
    case FLAG(DOORBELL): return kfd_mmap_offset(KFD_MMAP_DOORBELLS, gpu_id);
    default: return kfd_buffer_offset(buffer);
    }
}

static err_t create_buffer(struct kfd_process *p, struct kfd_binding *b, const struct buffer_request *r,
                           struct kfd_buffer **out) REQUIRES(p->lock)
{
    struct kfd_buffer *buffer = heap_alloc_zeroed(sizeof(*buffer));
    if (!buffer) return ERR_NO_MEMORY;
    buffer->flags = r->flags;
    buffer->va = r->va;
    buffer->bytes = r->bytes;
    buffer->binding = b;
    err_t e = id_table_reserve(&p->buffers, &buffer->id);
    if (!failed(e)) e = make_memory(b, r, &buffer->memory);
    if (failed(e)) {
        heap_free(buffer);
        return e.code == ERR_NO_SPACE.code ? ERR_NO_MEMORY : e;
    }
    id_table_set(&p->buffers, buffer->id, buffer);
    *out = buffer;
    return OK;
}

err_t kfd_alloc_memory_of_gpu(struct kfd_process *process, void *args)
{
    struct linux_kfd_alloc_memory_of_gpu_args *a = args;
    struct buffer_request request;
    struct kfd_binding *b;
    struct kfd_buffer *buffer;
    err_t e = decode_buffer(a, &request);
    if (failed(e)) return e;
    mutex_lock(&process->lock);
    e = kfd_binding_find(process, a->gpu_id, &b);
    if (!failed(e)) e = create_buffer(process, b, &request, &buffer);
    if (!failed(e)) {
        a->handle = kfd_buffer_handle(buffer);
        a->mmap_offset = mmap_offset_of(buffer, a->mmap_offset);
    }
    mutex_unlock(&process->lock);
    return e;
}

/* ---- freeing ---- */

struct kfd_buffer *kfd_buffer_find(struct kfd_process *p, uint64_t handle)
{
    struct kfd_buffer *buffer = id_table_get(&p->buffers, handle & UINT32_MAX);
    return buffer && kfd_buffer_handle(buffer) == handle ? buffer : NULL;
}

void kfd_buffer_destroy(struct kfd_process *p, struct kfd_buffer *buffer)
{
    id_table_set(&p->buffers, buffer->id, NULL);
    gpu_memory_put(buffer->memory);
    heap_free(buffer);
}

err_t kfd_free_memory_of_gpu(struct kfd_process *process, void *args)
{
    const struct linux_kfd_free_memory_of_gpu_args *a = args;
    mutex_lock(&process->lock);
    struct kfd_buffer *buffer = kfd_buffer_find(process, a->handle);
    err_t e = buffer ? OK : ERR_INVALID;
    if (buffer && buffer->mapped) e = ERR_BUSY;
    /* GPUs tell of events through it for as long as the process lives. */
    if (buffer && a->handle == process->event_page_handle) e = ERR_NOT_PERMITTED;
    if (!failed(e)) kfd_buffer_destroy(process, buffer);
    mutex_unlock(&process->lock);
    return e;
}

/* ---- showing it to GPUs ---- */

static uint32_t map_flags_of(const struct kfd_buffer *buffer)
{
    return GPU_READABLE | (buffer->flags & FLAG(WRITABLE) ? GPU_WRITABLE : 0) |
           (buffer->flags & FLAG(EXECUTABLE) ? GPU_EXECUTABLE : 0);
}

/* Doorbells are for the program alone. */
static bool is_seen_by_gpus(const struct kfd_buffer *buffer) { return !(buffer->flags & FLAG(DOORBELL)); }

static err_t map_once(struct gpu_context *context, const struct kfd_buffer *buffer, uint64_t at)
{
    err_t e = gpu_map(context, buffer->memory, GPU_VA(at), map_flags_of(buffer));
    return e.code == ERR_EXISTS.code ? ERR_INVALID : e; /* two buffers at one address, in Linux's words */
}

static void unmap_once(struct gpu_context *context, uint64_t at)
{
    err_t e = gpu_unmap(context, GPU_VA(at));
    (void)e; /* a lost context has nothing mapped */
}

static uint64_t second_address(const struct kfd_buffer *buffer) { return buffer->va + buffer->bytes / 2; }

static err_t map_on(struct kfd_buffer *buffer, struct kfd_binding *b)
{
    uint32_t bit = 1u << b->gpu->index;
    if (buffer->mapped & bit) return OK;
    if (b != buffer->binding) return ERR_INVALID;
    err_t e = is_seen_by_gpus(buffer) ? map_once(b->context, buffer, buffer->va) : OK;
    if (failed(e)) return e;
    if (buffer->flags & FLAG(AQL_QUEUE_MEM)) {
        e = map_once(b->context, buffer, second_address(buffer));
        if (failed(e)) unmap_once(b->context, buffer->va);
        if (failed(e)) return e;
    }
    buffer->mapped |= bit;
    return OK;
}

static err_t unmap_on(struct kfd_buffer *buffer, struct kfd_binding *b)
{
    uint32_t bit = 1u << b->gpu->index;
    if (!(buffer->mapped & bit)) return ERR_INVALID;
    if (is_seen_by_gpus(buffer)) unmap_once(b->context, buffer->va);
    if (buffer->flags & FLAG(AQL_QUEUE_MEM)) unmap_once(b->context, second_address(buffer));
    buffer->mapped &= ~bit;
    return OK;
}

_Static_assert(sizeof(struct linux_kfd_map_memory_to_gpu_args) ==
                   sizeof(struct linux_kfd_unmap_memory_from_gpu_args),
               "one function decodes both");

/* The list of GPUs; entries before n_success are done. */
static err_t for_each_gpu(struct kfd_process *p, struct linux_kfd_map_memory_to_gpu_args *a,
                          const uint32_t *gpu_ids, err_t (*change)(struct kfd_buffer *, struct kfd_binding *))
    REQUIRES(p->lock)
{
    struct kfd_buffer *buffer = kfd_buffer_find(p, a->handle);
    struct kfd_binding *b;
    if (!buffer) return ERR_INVALID;
    for (; a->n_success < a->n_devices; a->n_success++) {
        err_t e = kfd_binding_find(p, gpu_ids[a->n_success], &b);
        if (!failed(e)) e = change(buffer, b);
        if (failed(e)) return e;
    }
    return OK;
}

static err_t change_maps(struct kfd_process *p, struct linux_kfd_map_memory_to_gpu_args *a,
                         err_t (*change)(struct kfd_buffer *, struct kfd_binding *))
{
    uint32_t gpu_ids[GPU_DEVICES_MAX];
    if (!a->n_devices || a->n_success > a->n_devices || a->n_devices > GPU_DEVICES_MAX) return ERR_INVALID;
    err_t e = user_copy_in(gpu_ids, UADDR(a->device_ids_array_ptr), a->n_devices * sizeof(uint32_t));
    if (failed(e)) return e;
    mutex_lock(&p->lock);
    e = for_each_gpu(p, a, gpu_ids, change);
    mutex_unlock(&p->lock);
    return e;
}

err_t kfd_map_memory_to_gpu(struct kfd_process *process, void *args)
{
    return change_maps(process, args, map_on);
}

err_t kfd_unmap_memory_from_gpu(struct kfd_process *process, void *args)
{
    return change_maps(process, args, unmap_on);
}
