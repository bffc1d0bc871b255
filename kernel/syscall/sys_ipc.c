/* SPDX-License-Identifier: Apache-2.0 */
#include "syscall/sys_ipc.h"

#include "core/time.h"
#include "ipc/message_queue.h"
#include "ipc/semaphore_set.h"
#include "ipc/shared_memory.h"
#include "mm/heap.h"
#include "process/user_thread.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

enum { STEPS_NEAR = 8 };

int64_t sys_shmget(uint64_t key, uint64_t bytes, uint64_t flags)
{
    return shared_memory_get((int32_t)key, bytes, (uint32_t)flags);
}
int64_t sys_shmat(uint64_t id, uint64_t address, uint64_t flags)
{
    return shared_memory_attach((uint32_t)id, address, (uint32_t)flags);
}
int64_t sys_shmdt(uint64_t address) { return shared_memory_detach(address); }
int64_t sys_shmctl(uint64_t id, uint64_t operation, uint64_t address)
{
    return shared_memory_control((uint32_t)id, (uint32_t)operation, address);
}

int64_t sys_semget(uint64_t key, uint64_t count, uint64_t flags)
{
    return semaphore_set_get((int32_t)key, (uint64_t)(int64_t)(int32_t)count, (uint32_t)flags);
}
int64_t sys_semctl(uint64_t id, uint64_t number, uint64_t operation, uint64_t argument)
{
    return semaphore_set_control((uint32_t)id, (uint32_t)number, (uint32_t)operation, argument);
}

static int64_t operate(uint64_t id, uint64_t address, uint32_t count, uint64_t deadline_ns)
{
    struct linux_sembuf near[STEPS_NEAR], *steps = near;
    if (count < 1) return ERR_INVALID.code;
    if (count > LINUX_SEMOPM) return ERR_ARGS_TOO_LONG.code;
    if (count > STEPS_NEAR) steps = heap_alloc(count * sizeof(*steps));
    if (!steps) return ERR_NO_MEMORY.code;
    err_t e = user_copy_in(steps, UADDR(address), count * sizeof(*steps));
    if (!failed(e) && (int32_t)id < 0) e = ERR_INVALID;
    int64_t result = failed(e) ? e.code : semaphore_set_operate((uint32_t)id, steps, count, deadline_ns);
    if (steps != near) heap_free(steps);
    return result;
}

int64_t sys_semop(uint64_t id, uint64_t operations, uint64_t count)
{
    return operate(id, operations, (uint32_t)count, UINT64_MAX);
}

int64_t sys_semtimedop(uint64_t id, uint64_t operations, uint64_t count, uint64_t timeout)
{
    uint64_t ns, end = UINT64_MAX;
    if (timeout) {
        err_t e = timespec_read(timeout, &ns);
        if (failed(e)) return e.code;
        if (add_overflows(time_now_ns(), ns, &end)) end = UINT64_MAX;
    }
    return operate(id, operations, (uint32_t)count, end);
}

int64_t sys_msgget(uint64_t key, uint64_t flags) { return message_queue_get((int32_t)key, (uint32_t)flags); }

int64_t sys_msgsnd(uint64_t id, uint64_t message, uint64_t bytes, uint64_t flags)
{
    int64_t type;
    err_t e = user_copy_in(&type, UADDR(message), sizeof(type));
    if (failed(e)) return e.code;
    return message_queue_send((uint32_t)id, type, message + sizeof(type), bytes, (uint32_t)flags);
}
int64_t sys_msgrcv(uint64_t id, uint64_t message, uint64_t bytes, uint64_t type, uint64_t flags)
{
    return message_queue_receive((uint32_t)id, message, bytes, (int64_t)type, (uint32_t)flags);
}
int64_t sys_msgctl(uint64_t id, uint64_t operation, uint64_t address)
{
    return message_queue_control((uint32_t)id, (uint32_t)operation, address);
}
