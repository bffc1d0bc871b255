/* SPDX-License-Identifier: Apache-2.0 */
/* A process's address space on a GPU: its making, and which of its addresses mean something else than memory. */
#include "fs/fd_table.h"
#include "fs/file.h"
#include "gpu/amd/kfd.h"
#include "mm/heap.h"
#include "process/process.h"
#include "vm/usercopy.h"

/* ---- the making ---- */

/* The render node's file, counted: it has to be that GPU's. */
static err_t find_render(const struct kfd_gpu *gpu, uint32_t fd, struct file **out)
{
    struct file *file = fd_get(process_current()->files, fd);
    if (!file) return ERR_INVALID;
    *out = file;
    if (file->ops == &render_ops && file->context == gpu) return OK;
    file_put(file);
    return ERR_INVALID;
}

static err_t acquire(struct kfd_process *p, struct kfd_binding *b, struct file *render) REQUIRES(p->lock)
{
    if (b->context) return b->render == render ? OK : ERR_BUSY;
    err_t e = gpu_context_create(b->gpu->device, p->space, &b->owner, &b->context);
    if (failed(e)) return e;
    b->apertures = (struct gpu_apertures){ .local_base = GPU_VA(KFD_LDS_BASE),
                                           .scratch_base = GPU_VA(KFD_SCRATCH_BASE) };
    e = gpu_context_set_apertures(b->context, &b->apertures);
    if (!failed(e)) {
        b->render = file_get(render);
        kfd_events_attach(&p->events, b->context);
        return OK;
    }
    gpu_context_destroy(b->context);
    b->context = NULL;
    return e;
}

err_t kfd_acquire_vm(struct kfd_process *process, void *args)
{
    const struct linux_kfd_acquire_vm_args *a = args;
    const struct kfd_gpu *gpu = kfd_gpu_find(a->gpu_id);
    struct file *render;
    if (!gpu) return ERR_INVALID;
    err_t e = find_render(gpu, a->drm_fd, &render);
    if (failed(e)) return e;
    mutex_lock(&process->lock);
    e = acquire(process, &process->bindings[gpu->index], render);
    mutex_unlock(&process->lock);
    file_put(render);
    return e;
}

/* ---- apertures ---- */

static struct linux_kfd_process_device_apertures apertures_of(const struct kfd_gpu *gpu)
{
    return (struct linux_kfd_process_device_apertures){
        .lds_base = KFD_LDS_BASE,
        .lds_limit = KFD_LDS_BASE + KFD_APERTURE_LAST,
        .scratch_base = KFD_SCRATCH_BASE,
        .scratch_limit = KFD_SCRATCH_BASE + KFD_APERTURE_LAST,
        .gpuvm_base = KFD_VA_START,
        .gpuvm_limit = KFD_VA_LAST,
        .gpu_id = gpu->id,
    };
}

err_t kfd_get_process_apertures(struct kfd_process *process, void *args)
{
    struct linux_kfd_get_process_apertures_args *a = args;
    (void)process;
    a->num_of_nodes = MIN(kfd_gpu_count(), (uint32_t)LINUX_KFD_APERTURES_MAX);
    for (uint32_t i = 0; i < a->num_of_nodes; i++) a->process_apertures[i] = apertures_of(kfd_gpu_at(i));
    return OK;
}

/* Without room it tells how much is wanted. */
err_t kfd_get_process_apertures_new(struct kfd_process *process, void *args)
{
    struct linux_kfd_get_process_apertures_new_args *a = args;
    (void)process;
    bool only_asks = a->num_of_nodes == 0;
    a->num_of_nodes = only_asks ? kfd_gpu_count() : MIN(a->num_of_nodes, kfd_gpu_count());
    for (uint32_t i = 0; i < a->num_of_nodes && !only_asks; i++) {
        struct linux_kfd_process_device_apertures one = apertures_of(kfd_gpu_at(i));
        err_t e =
            user_copy_out(UADDR(a->kfd_process_device_apertures_ptr + i * sizeof(one)), &one, sizeof(one));
        if (failed(e)) return e;
    }
    return OK;
}

/* ---- what the GPU keeps for the process ---- */

static err_t set_apertures(struct kfd_process *p, struct kfd_binding *b,
                           const struct gpu_apertures *apertures) REQUIRES(p->lock)
{
    (void)p;
    err_t e = gpu_context_set_apertures(b->context, apertures);
    if (!failed(e)) b->apertures = *apertures;
    return e;
}

enum { SCRATCH_SHIFT = 16 };

err_t kfd_set_scratch_backing_va(struct kfd_process *process, void *args)
{
    const struct linux_kfd_set_scratch_backing_va_args *a = args;
    struct kfd_binding *b;
    if (a->va_addr > KFD_VA_LAST >> SCRATCH_SHIFT) return ERR_INVALID;
    mutex_lock(&process->lock);
    err_t e = kfd_binding_find(process, a->gpu_id, &b);
    if (!failed(e)) {
        struct gpu_apertures apertures = b->apertures;
        apertures.scratch_memory = GPU_VA(a->va_addr << SCRATCH_SHIFT);
        e = set_apertures(process, b, &apertures);
    }
    mutex_unlock(&process->lock);
    return e;
}

err_t kfd_set_trap_handler(struct kfd_process *process, void *args)
{
    const struct linux_kfd_set_trap_handler_args *a = args;
    struct kfd_binding *b;
    if (a->tba_addr > KFD_VA_LAST || a->tma_addr > KFD_VA_LAST) return ERR_INVALID;
    mutex_lock(&process->lock);
    err_t e = kfd_binding_find(process, a->gpu_id, &b);
    if (!failed(e)) {
        struct gpu_apertures apertures = b->apertures;
        apertures.trap_handler = GPU_VA(a->tba_addr);
        apertures.trap_memory = GPU_VA(a->tma_addr);
        e = set_apertures(process, b, &apertures);
    }
    mutex_unlock(&process->lock);
    return e;
}

static bool is_policy(uint32_t policy)
{
    return policy == LINUX_KFD_IOC_CACHE_POLICY_COHERENT || policy == LINUX_KFD_IOC_CACHE_POLICY_NONCOHERENT;
}

err_t kfd_set_memory_policy(struct kfd_process *process, void *args)
{
    const struct linux_kfd_set_memory_policy_args *a = args;
    struct kfd_binding *b;
    if (!is_policy(a->default_policy) || !is_policy(a->alternate_policy)) return ERR_INVALID;
    mutex_lock(&process->lock);
    err_t e = kfd_binding_find(process, a->gpu_id, &b);
    mutex_unlock(&process->lock);
    return e;
}
