/* SPDX-License-Identifier: Apache-2.0 */
/* The dispatch table, from abi/syscalls.def. arch/syscall.S indexes it with RAX. */
#include "syscall/table.h"

#include "arch/features.h"
#include "arch/syscall.h"
#include "process/user_thread.h"
#include "core/log.h"
#include "core/unsupported.h"
#include "lib/string.h"
#include "syscall/sys_core.h"
#include "syscall/sys_file.h"
#include "syscall/sys_ipc.h"
#include "syscall/sys_socket.h"

/* Called with up to six register arguments whatever the C function takes, which the System V ABI
 * makes sound: unused argument registers are ignored. */
typedef void (*syscall_entry_t)(void);

#define ENTRY_SUPPORTED(name) (syscall_entry_t) sys_##name
#define ENTRY_PARTIAL(name)   (syscall_entry_t) sys_##name
#define ENTRY_REFUSED(name)   (syscall_entry_t) syscall_missing

/* Numbers the list leaves out stay with the first, whole-range entry. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
extern const syscall_entry_t syscall_table[SYSCALL_COUNT];
const syscall_entry_t syscall_table[SYSCALL_COUNT] = {
    [0 ... SYSCALL_COUNT - 1] = (syscall_entry_t)syscall_missing,
#define SYSCALL(number, name, status, reason) [number] = ENTRY_##status(name),
#include "abi/syscalls.def"
#undef SYSCALL
};
#pragma GCC diagnostic pop

/* Names are only looked up for reports: one string after the other is enough, and small. */
const char *syscall_name(uint64_t number)
{
    static const uint16_t numbers[] = {
#define SYSCALL(number, name, status, reason) number,
#include "abi/syscalls.def"
#undef SYSCALL
    };
    static const char names[] =
#define SYSCALL(number, name, status, reason) #name "\0"
#include "abi/syscalls.def"
#undef SYSCALL
        ;
    const char *name = names;
    for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++, name += strlen(name) + 1)
        if (numbers[i] == number) return name;
    return "unknown";
}

int64_t syscall_unknown(uint64_t number)
{
    if (unsupported_note(CHANNEL_STAT_CALL, (uint32_t)number))
        log_info("system call %llu (%s) is not supported: ENOSYS", (unsigned long long)number,
                 syscall_name(number));
    return ERR_NO_SYSCALL.code;
}

static bool is_traced, is_counted;
static uint32_t call_counts[SYSCALL_COUNT]; /* atomic */

void syscall_trace_enter(const struct syscall_arguments *a)
{
    if (is_counted && a->number < SYSCALL_COUNT)
        __atomic_fetch_add(&call_counts[a->number], 1, __ATOMIC_RELAXED);
    if (!is_traced) return;
    log_info("%u: %s(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx)", (unsigned)user_thread_current()->tid,
             syscall_name(a->number), (unsigned long long)a->rdi, (unsigned long long)a->rsi,
             (unsigned long long)a->rdx, (unsigned long long)a->r10, (unsigned long long)a->r8,
             (unsigned long long)a->r9);
}

int64_t syscall_trace_leave(int64_t result)
{
    if (is_traced) log_info("%u:   = %lld", (unsigned)user_thread_current()->tid, (long long)result);
    return result;
}

bool syscall_count_next(uint32_t *cursor, struct channel_stat *out)
{
    for (; *cursor < SYSCALL_COUNT; (*cursor)++) {
        uint32_t count = __atomic_load_n(&call_counts[*cursor], __ATOMIC_RELAXED);
        if (!count) continue;
        *out = (struct channel_stat){ .kind = CHANNEL_STAT_MADE, .number = (*cursor)++, .count = count };
        return true;
    }
    return false;
}

int64_t syscall_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
    typedef int64_t entry_t(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
    return ((entry_t *)syscall_table[number])(a, b, c, d, e, f);
}

void syscall_init(bool traced, bool counted)
{
    is_traced = traced;
    is_counted = counted;
    features_set_syscall_entry(traced || counted);
}
