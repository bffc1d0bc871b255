/* SPDX-License-Identifier: Apache-2.0 */
/* futex(2): what the arguments mean. The checks come in Linux's order, since programs probe for operations. */
#include "abi/linux/futex.h"
#include "core/time.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/timespec.h"

static bool has_timeout(uint32_t command)
{
    return command == LINUX_FUTEX_WAIT || command == LINUX_FUTEX_WAIT_BITSET ||
           command == LINUX_FUTEX_LOCK_PI || command == LINUX_FUTEX_LOCK_PI2;
}

/* WAIT's time is relative, so no clock can be chosen for it; LOCK_PI's is by the realtime clock without saying so. */
static bool may_choose_clock(uint32_t command)
{
    return command == LINUX_FUTEX_WAIT_BITSET || command == LINUX_FUTEX_LOCK_PI2;
}

static uint64_t ns_from_now(uint64_t ns)
{
    uint64_t deadline;
    return add_overflows(time_now_ns(), ns, &deadline) ? UINT64_MAX - 1 : deadline;
}

/* The moment until which a call waits, by the clock that never jumps; of one that begins again after a signal, the
 * first time's. */
static err_t read_deadline(uint64_t timeout, uint32_t command, bool is_realtime, uint64_t *out)
{
    uint64_t ns;
    err_t e = timespec_read(timeout, &ns);
    if (failed(e)) return e;
    if (command == LINUX_FUTEX_WAIT) {
        ns = ns_from_now(ns);
    } else if (is_realtime || command == LINUX_FUTEX_LOCK_PI) {
        uint64_t now = time_realtime_ns();
        ns = ns_from_now(ns > now ? ns - now : 0);
    }
    *out = signal_deadline(ns);
    return OK;
}

static int64_t requeue(uaddr_t word, uaddr_t other, bool is_shared, uint64_t wake_count, uint64_t move_count,
                       const uint32_t *expected)
{
    struct futex_requeue request = {
        .from = word,
        .to = other,
        .is_shared = is_shared,
        .wake_count = (int32_t)wake_count,
        .move_count = (int32_t)move_count,
        .has_expected = expected,
        .expected = expected ? *expected : 0,
    };
    return futex_requeue(&request);
}

static NOINLINE int64_t any_operation(uint64_t address, uint64_t operation, uint64_t value, uint64_t timeout,
                                      uint64_t address2, uint64_t value3)
{
    uint32_t command = (uint32_t)operation & ~(LINUX_FUTEX_PRIVATE_FLAG | LINUX_FUTEX_CLOCK_REALTIME);
    bool is_realtime = operation & LINUX_FUTEX_CLOCK_REALTIME;
    bool is_shared = !(operation & LINUX_FUTEX_PRIVATE_FLAG);
    uint64_t deadline_ns = UINT64_MAX;
    uaddr_t word = UADDR(address), other = UADDR(address2);
    uint32_t bits = (uint32_t)value3;
    int32_t count = (int32_t)value;
    if (timeout && has_timeout(command)) {
        err_t e = read_deadline(timeout, command, is_realtime, &deadline_ns);
        if (failed(e)) return e.code;
    }
    if (is_realtime && !may_choose_clock(command)) return ERR_NO_SYSCALL.code;
    bool has_bits = command == LINUX_FUTEX_WAIT_BITSET || command == LINUX_FUTEX_WAKE_BITSET;
    if (has_bits && !bits) return ERR_INVALID.code;

    switch (command) {
    case LINUX_FUTEX_WAIT:
        return futex_wait(word, is_shared, (uint32_t)value, LINUX_FUTEX_BITSET_ANY, deadline_ns).code;
    case LINUX_FUTEX_WAIT_BITSET: return futex_wait(word, is_shared, (uint32_t)value, bits, deadline_ns).code;
    case LINUX_FUTEX_WAKE: return futex_wake(word, is_shared, count, LINUX_FUTEX_BITSET_ANY);
    case LINUX_FUTEX_WAKE_BITSET: return futex_wake(word, is_shared, count, bits);
    case LINUX_FUTEX_REQUEUE: return requeue(word, other, is_shared, value, timeout, NULL);
    case LINUX_FUTEX_CMP_REQUEUE: return requeue(word, other, is_shared, value, timeout, &bits);
    case LINUX_FUTEX_WAKE_OP: return futex_wake_op(word, other, is_shared, count, (int32_t)timeout, bits);
    case LINUX_FUTEX_LOCK_PI:
    case LINUX_FUTEX_LOCK_PI2: return futex_lock_pi(word, is_shared, FUTEX_LOCK, deadline_ns).code;
    case LINUX_FUTEX_TRYLOCK_PI: return futex_lock_pi(word, is_shared, FUTEX_TRY_LOCK, UINT64_MAX).code;
    case LINUX_FUTEX_UNLOCK_PI: return futex_unlock_pi(word, is_shared).code;
    }
    return ERR_NO_SYSCALL.code;
}

/* What the locks of a program ask for nearly always comes first. */
int64_t sys_futex(uint64_t address, uint64_t operation, uint64_t value, uint64_t timeout, uint64_t address2,
                  uint64_t value3)
{
    switch ((uint32_t)operation) {
    case LINUX_FUTEX_WAKE | LINUX_FUTEX_PRIVATE_FLAG:
        return futex_wake(UADDR(address), false, (int32_t)value, LINUX_FUTEX_BITSET_ANY);
    case LINUX_FUTEX_WAIT | LINUX_FUTEX_PRIVATE_FLAG:
        if (timeout) break;
        return futex_wait(UADDR(address), false, (uint32_t)value, LINUX_FUTEX_BITSET_ANY, UINT64_MAX).code;
    }
    return any_operation(address, operation, value, timeout, address2, value3);
}
