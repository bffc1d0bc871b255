/* SPDX-License-Identifier: Apache-2.0 */
/* What a program maps: doorbells, the page of events and the page of remapped registers through /dev/kfd, memory through
 * a render node. From then on the kernel is not asked for a launch any more. */
#include "fs/file.h"
#include "gpu/amd/kfd.h"
#include "vm/space.h"

static err_t show(struct gpu_memory *memory, uint64_t first_page, struct file_view *out)
{
    out->backing = backing_get(&memory->backing);
    out->first_page = first_page;
    return OK;
}

/* A child would ring its parent's bells. */
static err_t show_to_process_only(struct gpu_memory *memory, uint64_t bytes, uint32_t *flags,
                                  struct file_view *out)
{
    if (bytes != memory->bytes || !(*flags & SPACE_SHARED)) return ERR_INVALID;
    *flags |= SPACE_NO_FORK;
    return show(memory, 0, out);
}

static err_t map_of_gpu(struct kfd_process *p, enum kfd_mmap_kind kind, uint32_t gpu_id, uint64_t bytes,
                        uint32_t *flags, struct file_view *out) REQUIRES(p->lock)
{
    struct kfd_binding *b;
    struct gpu_memory *memory;
    err_t e = kfd_binding_find(p, gpu_id, &b);
    if (failed(e)) return e;
    if (kind == KFD_MMAP_DOORBELLS) return show_to_process_only(b->context->bell, bytes, flags, out);
    e = kfd_remap_page(b, &memory);
    return failed(e) ? e : show_to_process_only(memory, bytes, flags, out);
}

static err_t map_locked(struct kfd_process *p, uint64_t offset, uint64_t bytes, uint32_t *flags,
                        struct file_view *out) REQUIRES(p->lock)
{
    uint32_t gpu_id = (uint32_t)(offset >> 32) & 0xffff;
    if (offset == kfd_mmap_offset(KFD_MMAP_EVENTS, 0))
        return p->event_page && !p->event_page_handle ? show_to_process_only(p->event_page, bytes, flags, out)
                                                      : ERR_INVALID;
    if (offset == kfd_mmap_offset(KFD_MMAP_DOORBELLS, gpu_id))
        return map_of_gpu(p, KFD_MMAP_DOORBELLS, gpu_id, bytes, flags, out);
    if (offset == kfd_mmap_offset(KFD_MMAP_REMAP, gpu_id))
        return map_of_gpu(p, KFD_MMAP_REMAP, gpu_id, bytes, flags, out);
    return ERR_INVALID;
}

err_t kfd_map(struct file *file, uint64_t offset, uint64_t bytes, uint32_t *flags, struct file_view *out)
{
    struct kfd_process *p = file->context;
    if (!kfd_process_is_current(p)) return ERR_INVALID;
    mutex_lock(&p->lock);
    err_t e = map_locked(p, offset, bytes, flags, out);
    mutex_unlock(&p->lock);
    return e;
}

/* ROCm reserves addresses by private mappings without access. Others would be copies, which make no sense; these never
 * become readable copies either, and never writable. [linux amdgpu/amdgpu_gem.c, amdgpu_gem_object_mmap] */
static err_t settle_private(uint32_t *flags)
{
    if (*flags & SPACE_SHARED) return OK;
    if (*flags & SPACE_PROTECTION) return ERR_INVALID;
    *flags = (*flags | SPACE_SHARED) & ~(uint32_t)SPACE_MAY_WRITE;
    return OK;
}

static err_t map_buffer_locked(struct kfd_process *p, const struct kfd_gpu *gpu, uint64_t offset,
                               uint64_t bytes, uint32_t *flags, struct file_view *out) REQUIRES(p->lock)
{
    const uint32_t with_pages = LINUX_KFD_IOC_ALLOC_MEM_FLAGS_VRAM | LINUX_KFD_IOC_ALLOC_MEM_FLAGS_GTT;
    uint64_t inside = offset & ((1ull << KFD_BUFFER_OFFSET_BITS) - 1);
    struct kfd_buffer *buffer = id_table_get(&p->buffers, offset >> KFD_BUFFER_OFFSET_BITS);
    if (!buffer || buffer->binding->gpu != gpu) return ERR_INVALID;
    if (!(buffer->flags & with_pages)) return ERR_NOT_PERMITTED;
    if (inside >= buffer->memory->bytes || bytes > buffer->memory->bytes - inside) return ERR_INVALID;
    err_t e = settle_private(flags);
    return failed(e) ? e : show(buffer->memory, inside >> PAGE_SHIFT, out);
}

err_t kfd_map_buffer(struct file *file, uint64_t offset, uint64_t bytes, uint32_t *flags,
                     struct file_view *out)
{
    struct kfd_process *p = kfd_process_find();
    if (!p) return ERR_ACCESS;
    mutex_lock(&p->lock);
    err_t e = map_buffer_locked(p, file->context, offset, bytes, flags, out);
    mutex_unlock(&p->lock);
    kfd_process_put(p);
    return e;
}
