/* SPDX-License-Identifier: Apache-2.0 */
/* Page faults: what an access to an area needs in order to go on. */
#include "vm/fault.h"

#include "arch/cpu.h"
#include "arch/trap.h"
#include "core/panic.h"
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

err_t space_fault_locked(struct space *space, struct area *area, struct fault *fault)
{
    if (!area_allows(area, fault->access)) return ERR_FAULT;
    fault->leaf_shift = PAGE_SHIFT;
    fault->is_present = page_table_translate(&space->page_table, fault->address, &fault->frame, &fault->flags,
                                             &fault->leaf_shift);
    bool is_enough = fault->is_present && (!(fault->access & PF_WRITE) || (fault->flags & PAGE_WRITE));
    return is_enough ? OK : area->kind->fault(space, area, fault);
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
    struct fault fault = { .address = address, .access = access };
    struct backing *backing = NULL;
    uint64_t page = 0;
    mutex_lock(&space->lock);
    struct area *area = space_find_locked(space, address);
    if (!area) area = space_grow_down_locked(space, address);
    *result = area ? space_fault_locked(space, area, &fault) : ERR_FAULT;
    if (fault.wants_own) {
        backing = backing_get(area->backing);
        page = area_page_of(area, address);
    }
    mutex_unlock(&space->lock);
    if (!backing) return false;
    *result = give_own_page(backing, page);
    return !failed(*result);
}

err_t space_fault(struct space *space, uint64_t address, uint32_t error)
{
    if (!is_user_range(address, 1)) return ERR_FAULT;
    err_t e;
    space->fault_count++;
    while (fault_once(space, address, error, &e)) {}
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

void fault_handle(struct trap_frame *frame)
{
    uint64_t address = cr2_read();
    struct space *space = thread_current() ? thread_current()->space : NULL;
    bool from_user = trap_is_from_user(frame);
    uint64_t fixup = from_user ? 0 : trap_fixup(frame->rip);
    if (!from_user && !fixup) fault_in_kernel(frame, address);

    /* The CPU's own accesses on behalf of ring 3 are to tables that user memory never holds. (QEMU 7.2
     * makes them for RET and IRET too, where SMAP then forbids the stack for ever.) */
    bool is_implicit = from_user && !(frame->error & PF_USER);
    err_t e = space && !is_implicit ? space_fault(space, address, (uint32_t)frame->error) : ERR_FAULT;
    if (!failed(e)) return;
    if (fixup) frame->rip = fixup;
    /* Memory that the kernel could not have on the program's behalf ends the program too. */
    if (!fixup || (e.code == ERR_NO_MEMORY.code && thread_current()->process))
        fault_report_user(frame, address, e);
}
