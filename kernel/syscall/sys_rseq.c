/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/rseq.h"
#include "core/cpus.h"
#include "process/membarrier.h"
#include "process/rseq.h"
#include "syscall/sys_core.h"
#include "vm/space.h"

int64_t sys_rseq(uint64_t address, uint64_t bytes, uint64_t flags, uint64_t signature)
{
    bytes = (uint32_t)bytes;
    switch ((uint32_t)flags) {
    case 0: return rseq_register(address, bytes, (uint32_t)signature).code;
    case LINUX_RSEQ_FLAG_UNREGISTER: return rseq_unregister(address, bytes, (uint32_t)signature).code;
    }
    return ERR_INVALID.code;
}

/* Who has not said that it will ask may not. */
static int64_t in_space(uint32_t registration, bool restarts)
{
    const struct space *space = process_current()->space;
    if (!(__atomic_load_n(&space->barriers, __ATOMIC_RELAXED) & registration)) return ERR_NOT_PERMITTED.code;
    membarrier_space(restarts);
    return 0;
}

static int64_t register_for(uint32_t registration)
{
    __atomic_or_fetch(&process_current()->space->barriers, registration, __ATOMIC_RELAXED);
    return 0;
}

int64_t sys_membarrier(uint64_t command, uint64_t flags, uint64_t cpu)
{
    (void)cpu; /* one CPU more that is interrupted does no harm */
    bool may_name_cpu = (uint32_t)command == LINUX_MEMBARRIER_PRIVATE_RSEQ;
    if ((uint32_t)flags && !(may_name_cpu && (uint32_t)flags == LINUX_MEMBARRIER_FLAG_CPU))
        return ERR_INVALID.code;
    switch ((uint32_t)command) {
    case LINUX_MEMBARRIER_QUERY: return LINUX_MEMBARRIER_ALL;
    case LINUX_MEMBARRIER_GLOBAL:
    case LINUX_MEMBARRIER_GLOBAL_EXPEDITED: membarrier_all(); return 0;
    case LINUX_MEMBARRIER_REGISTER_GLOBAL_EXPEDITED: return 0; /* all are told in any case */
    case LINUX_MEMBARRIER_PRIVATE_EXPEDITED:
        return in_space(LINUX_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, false);
    case LINUX_MEMBARRIER_PRIVATE_SYNC_CORE:
        return in_space(LINUX_MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE, true);
    case LINUX_MEMBARRIER_PRIVATE_RSEQ: return in_space(LINUX_MEMBARRIER_REGISTER_PRIVATE_RSEQ, true);
    case LINUX_MEMBARRIER_REGISTER_PRIVATE_EXPEDITED:
    case LINUX_MEMBARRIER_REGISTER_PRIVATE_SYNC_CORE:
    case LINUX_MEMBARRIER_REGISTER_PRIVATE_RSEQ: return register_for((uint32_t)command);
    }
    return ERR_INVALID.code;
}
