/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/kfd: what a process has there, and the functions behind its requests.
 *
 * What a process has belongs to its address space, as on Linux: whoever opens the file there shares it, a child made by
 * fork or a program begun by exec has none of it. It goes when the last file is closed, or, where a child has kept one,
 * soon after the last process has left the address space (kfd_process_bury).
 *
 * Order of locks: kfd_process.c's list, kfd_process.lock, then those of gpu/device.h, under all of which is kfd_events.lock. */
#pragma once
#include "gpu/amd/id_table.h"
#include "gpu/amd/kfd_events.h"
#include "gpu/amd/kfd_gpu.h"
#include "gpu/context.h"
#include "gpu/memory.h"
#include "gpu/queue.h"

struct file;
struct kfd_process;

/* A process's use of a GPU. */
struct kfd_binding {
    struct gpu_owner owner;
    struct kfd_process *process;
    const struct kfd_gpu *gpu;
    /* Under process->lock: */
    struct gpu_context *context;    /* NULL before ACQUIRE_VM */
    struct file *render;            /* by which it was acquired, counted */
    struct gpu_memory *remap;       /* the page of remapped registers; NULL: not asked for yet */
    struct gpu_apertures apertures; /* as last given to the context */
};

/* What ALLOC_MEMORY_OF_GPU has made. */
struct kfd_buffer {
    uint32_t id;
    uint32_t flags; /* LINUX_KFD_IOC_ALLOC_MEM_FLAGS_ */
    uint64_t va;    /* of GPUs */
    uint64_t bytes; /* there: twice the memory's for a ring that is to be seen twice */
    struct kfd_binding *binding;
    struct gpu_memory *memory; /* counted */
    uint32_t mapped;           /* bit per GPU's index */
};

struct kfd_queue {
    uint32_t id;
    struct kfd_binding *binding;
    struct gpu_queue *queue;
};

struct kfd_process {
    struct list link;    /* under kfd_process.c's lock, as the next two */
    uint32_t references; /* open files, and who uses it for the moment */
    bool is_buried;      /* nothing is left of it */
    struct space *space; /* counted */
    struct kfd_events events;
    struct mutex lock; /* guards the rest, and the making and ending of events */
    struct id_table buffers, queues;
    struct gpu_memory *event_page; /* NULL: none yet */
    uint64_t event_page_handle;    /* of the buffer that it is; 0: it is the kernel's own */
    struct kfd_binding bindings[GPU_DEVICES_MAX];
};

enum {
    KFD_BUFFERS_MAX = 65536,
    KFD_QUEUES_MAX = 1024,
    KFD_EVENT_PAGE_BYTES = LINUX_KFD_SIGNAL_EVENT_LIMIT * 8,
    KFD_CHAR_MAJOR = 235, /* Linux gives it a number at boot, from among these */
};

/* Addresses on the GPU. ROCm takes the program's own for its memory where the end is exactly this. */
#define KFD_VA_START      0x10000ull
#define KFD_VA_LAST       0x7fffffffffffull
#define KFD_LDS_BASE      0x1000000000000ull
#define KFD_SCRATCH_BASE  0x2000000000000ull
#define KFD_APERTURE_LAST 0xffffffffull /* of either, from its base */

/* ---- processes: kfd_process.c ---- */

/* That of the running process, counted, made if there is none; ERR_NO_MEMORY. */
err_t kfd_process_open(struct kfd_process **out);
/* The same, but NULL if there is none. */
struct kfd_process *kfd_process_find(void);
void kfd_process_put(struct kfd_process *process);
bool kfd_process_is_current(const struct kfd_process *process);
/* Takes apart what is left of processes that are gone, though a file is still open. */
void kfd_process_bury(void);

/* ERR_INVALID: no such GPU. ERR_NO_DEVICE: its VM was not acquired. */
err_t kfd_binding_find(struct kfd_process *process, uint32_t gpu_id, struct kfd_binding **out)
    REQUIRES(process->lock);
/* gpu_owner's, of every binding: kfd_errors.c. */
extern const struct gpu_owner kfd_owner;

/* ---- memory: kfd_memory.c, kfd_mmap.c ---- */

/* NULL: it is no buffer's handle. */
struct kfd_buffer *kfd_buffer_find(struct kfd_process *process, uint64_t handle) REQUIRES(process->lock);
/* For the end of a process, whose contexts are gone. */
void kfd_buffer_destroy(struct kfd_process *process, struct kfd_buffer *buffer) REQUIRES(process->lock);
static inline uint64_t kfd_buffer_handle(const struct kfd_buffer *buffer)
{
    return (uint64_t)buffer->binding->gpu->id << 32 | buffer->id;
}

/* What is mapped of /dev/kfd, in the offset given to mmap. ROCm cuts off the low 32 bits of a doorbell's, once. */
enum kfd_mmap_kind { KFD_MMAP_DOORBELLS = 1, KFD_MMAP_EVENTS = 2, KFD_MMAP_REMAP = 3 };
static inline uint64_t kfd_mmap_offset(enum kfd_mmap_kind kind, uint32_t gpu_id)
{
    return (uint64_t)kind << 56 | (uint64_t)gpu_id << 32;
}
/* And of a render node: a buffer, and a place in it. */
enum { KFD_BUFFER_OFFSET_BITS = 40 };
static inline uint64_t kfd_buffer_offset(const struct kfd_buffer *buffer)
{
    return (uint64_t)buffer->id << KFD_BUFFER_OFFSET_BITS;
}

struct file_view;
/* file_ops.map of either file. */
err_t kfd_map(struct file *file, uint64_t offset, uint64_t bytes, uint32_t *flags, struct file_view *out);
err_t kfd_map_buffer(struct file *file, uint64_t offset, uint64_t bytes, uint32_t *flags,
                     struct file_view *out);
/* The page, made if there is none. ERR_NO_MEMORY. */
err_t kfd_remap_page(struct kfd_binding *binding, struct gpu_memory **out);

/* ---- queues: kfd_queue.c ---- */

void kfd_queue_end(struct kfd_process *process, struct kfd_queue *queue) REQUIRES(process->lock);

/* ---- the files ---- */

extern const struct file_ops kfd_ops;    /* kfd.c */
extern const struct file_ops render_ops; /* render.c; the context is the struct kfd_gpu */
/* The topology's names in /sys: topology_tree.c. Boot only. */
void topology_init(void);

/* ---- requests, with their arguments in and out: abi/kfd_ioctls.def. Without locks ---- */

#define KFD_CALL(number, name, stem, ...) err_t kfd_##stem(struct kfd_process *process, void *args);
#define KFD_REFUSED(...)
#include "abi/kfd_ioctls.def"
#undef KFD_CALL
#undef KFD_REFUSED
