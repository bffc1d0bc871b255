/* SPDX-License-Identifier: Apache-2.0 */
/* Page faults: what an access to an area needs in order to go on. */
#include "vm/fault.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "core/panic.h"
#include "mm/alloc_fail.h"
#include "mm/heap.h"
#include "mm/kernel_map.h"
#include "sched/thread.h"
#include "vm/layout.h"
#include "vm/space_internal.h"

static bool area_allows(const struct area *area, uint32_t access)
{
    if (access & PF_WRITE) return area->flags & SPACE_WRITE;
    if (access & PF_INSTRUCTION) return area->flags & SPACE_EXEC;
    return area->flags & SPACE_PROTECTION; /* x86 cannot grant write or execute without read */
}

static inline err_t resolve_locked(struct space *space, struct area *area, struct fault *fault)
    REQUIRES(space->lock)
{
    if (!area_allows(area, fault->access)) return ERR_FAULT;
    page_table_look(&space->page_table, fault->address, &fault->place);
    bool is_enough =
        fault->place.is_mapped && (!(fault->access & PF_WRITE) || (fault->place.flags & PAGE_WRITE));
    return is_enough ? OK : area->kind->fault(space, area, fault);
}

err_t space_fault_locked(struct space *space, struct area *area, struct fault *fault)
{
    return resolve_locked(space, area, fault);
}

/* The file gets its own page while the space is not locked, since others that show the page have to let go
 * of it, and since this thread may be in the middle of writing to the file. */
static err_t give_own_page(struct backing *backing, uint64_t page)
{
    err_t e = backing->ops->own(backing, page);
    backing_put(backing);
    return e.code == ERR_NO_SPACE.code ? ERR_IO : e; /* SIGBUS, as on Linux */
}

/* One turn; true when there has to be another. */
static bool fault_once(struct space *space, uint64_t address, uint32_t access, err_t *result)
{
    struct fault fault;
    fault_init(&fault, address, access);
    struct backing *backing = NULL;
    uint64_t page = 0;
    mutex_lock(&space->lock);
    struct area *area = space->last_hit;
    bool is_hit = area && area->start <= address && address < area->end;
    if (unlikely(!is_hit)) area = space_find_locked(space, address);
    if (!area) area = space_grow_down_locked(space, address);
    *result = area ? resolve_locked(space, area, &fault) : ERR_FAULT;
    if (fault.wants_own) {
        backing = backing_get(area->backing);
        page = area_page_of(area, address);
    }
    mutex_unlock(&space->lock);
    if (!backing) return false;
    *result = give_own_page(backing, page);
    return !failed(*result);
}

/* The kernel's own idle memory goes first, before a program ends for want of a page. */
static bool must_trim(err_t e, bool *is_trimmed)
{
    if (likely(e.code != ERR_NO_MEMORY.code) || *is_trimmed) return false;
    heap_trim();
    return *is_trimmed = true;
}

err_t space_fault(struct space *space, uint64_t address, uint32_t error)
{
    if (!is_user_range(address, 1)) return ERR_FAULT;
    err_t e;
    bool is_trimmed = alloc_is_counted_down();
    space->fault_count++;
    while (unlikely(fault_once(space, address, error, &e)) || unlikely(must_trim(e, &is_trimmed))) {}
    return e;
}

/* ---- the trap ---- */

void (*fault_report_user)(struct trap_frame *frame, uint64_t address, err_t reason);

void fault_double(struct trap_frame *frame)
{
    uint64_t address = cr2_read();
    if (kernel_stack_is_guard(address))
        panic_trap(frame, "kernel stack overflow: %016llx is in the guard page", (unsigned long long)address);
    panic_trap(frame, "double fault");
}

static void fault_in_kernel(struct trap_frame *frame, uint64_t address)
{
    const char *what = frame->error & PF_INSTRUCTION ? "execute" : frame->error & PF_WRITE ? "write" : "read";
    panic_trap(frame, "the kernel tried to %s %016llx (%s)", what, (unsigned long long)address,
               frame->error & PF_PRESENT ? "not allowed" : "not mapped");
}

/* The CPU's own accesses on behalf of ring 3 are to tables that user memory never holds. (QEMU 7.2 makes
 * them for RET and IRET too, where SMAP then forbids the stack for ever.) */
static bool is_implicit(uint32_t error) { return !(error & PF_USER); }

bool fault_of_user(uint64_t address, uint32_t error)
{
    struct thread *self = percpu_current();
    struct space *space = self->space;
    if (!space || is_implicit(error)) return false;
    uint64_t sleeps = self->switches.voluntary;
    percpu_count(CPU_FAULTS);
    interrupts_on(); /* clearing a huge page takes a while */
    err_t e = space_fault(space, address, error);
    interrupts_off();
    /* For a restartable sequence that is as much as losing the CPU to a slice's end. */
    if (unlikely(self->switches.voluntary != sleeps)) percpu_add_work(self->placed_work);
    if (failed(e)) cr2_write(address); /* another thread may have run */
    return !failed(e);
}

void fault_handle(struct trap_frame *frame)
{
    uint64_t address = cr2_read();
    struct space *space = thread_current() ? thread_current()->space : NULL;
    bool from_user = trap_is_from_user(frame);
    uint64_t at_once = from_user ? 0 : trap_fixup_at_once(frame->rip);
    if (at_once) {
        frame->rip = at_once;
        return;
    }
    uint64_t fixup = from_user ? 0 : trap_fixup(frame->rip);
    if (!from_user && !fixup) fault_in_kernel(frame, address);

    bool is_tried = space && !(from_user && is_implicit((uint32_t)frame->error));
    err_t e = is_tried ? space_fault(space, address, (uint32_t)frame->error) : ERR_FAULT;
    if (!failed(e)) return;
    if (fixup) frame->rip = fixup;
    /* Memory that the kernel could not have on the program's behalf ends the program too. */
    if (!fixup || (e.code == ERR_NO_MEMORY.code && thread_current()->process))
        fault_report_user(frame, address, e);
}
