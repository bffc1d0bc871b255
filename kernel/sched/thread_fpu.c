/* SPDX-License-Identifier: Apache-2.0 */
#include "sched/thread_fpu.h"

#include "mm/heap.h"

/* Heap blocks are aligned to less than an area is. */
static void *area_in(void *memory) { return (void *)align_up((uint64_t)memory, FPU_AREA_ALIGN); }
static void *alloc_memory(uint32_t area_bytes) { return heap_alloc(area_bytes + FPU_AREA_ALIGN - 16); }

err_t thread_fpu_create(struct thread *t)
{
    t->fpu_memory = alloc_memory(fpu_layout.bytes);
    if (!t->fpu_memory) return ERR_NO_MEMORY;
    fpu_start(&t->fpu, area_in(t->fpu_memory), fpu_layout.bytes);
    return OK;
}

void thread_fpu_destroy(struct thread *t) { heap_free(t->fpu_memory); }

static err_t grow(struct thread *t)
{
    if (t->fpu.area_bytes >= fpu_layout.bytes_max) {
        fpu_grow(&t->fpu, t->fpu.area, t->fpu.area_bytes);
        return OK;
    }
    void *memory = alloc_memory(fpu_layout.bytes_max), *old = t->fpu_memory;
    if (!memory) return ERR_NO_MEMORY;
    fpu_grow(&t->fpu, area_in(memory), fpu_layout.bytes_max);
    t->fpu_memory = memory;
    heap_free(old);
    return OK;
}

err_t thread_fpu_trap(uint32_t permitted)
{
    struct thread *t = thread_current();
    if (fpu_trap(&t->fpu) == FPU_TRAP_RESOLVED) return OK;
    return permitted & FPU_TILE_DATA ? grow(t) : ERR_NOT_PERMITTED;
}
