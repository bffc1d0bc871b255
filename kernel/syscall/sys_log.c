/* SPDX-License-Identifier: Apache-2.0 */
/* syslog(2), of C libraries klogctl(3). [linux kernel/printk/printk.c, do_syslog] */
#include "abi/linux/system.h"
#include "config.h"
#include "core/log_records.h"
#include "fs/credentials.h"
#include "fs/kernel_log.h"
#include "syscall/sys_core.h"

enum { LEVEL_SHOWN_MIN = 1 };

/* The level that CONSOLE_OFF found and CONSOLE_ON brings back; atomic, 0: none. */
static uint32_t level_kept;

/* All of the log may be read by anybody; what changes anything is for few. */
static bool is_allowed(uint64_t action)
{
    if (action == LINUX_SYSLOG_READ_ALL || action == LINUX_SYSLOG_SIZE_BUFFER) return true;
    return may_use(LINUX_CAP_SYSLOG) || may_use(LINUX_CAP_SYS_ADMIN);
}

static int64_t read_lines(uint64_t action, uint64_t buffer, uint64_t bytes)
{
    if (!buffer || (int32_t)bytes < 0) return ERR_INVALID.code;
    if (!(uint32_t)bytes) return 0;
    struct io_segment segment = { buffer, (uint32_t)bytes };
    struct io_buffer to;
    io_buffer_init_user(&to, &segment, segment.bytes);
    if (action == LINUX_SYSLOG_READ) return kernel_log_take(&to);
    return kernel_log_read_all(&to, action == LINUX_SYSLOG_READ_CLEAR);
}

static int64_t set_level(int32_t level)
{
    if (level < LEVEL_SHOWN_MIN || level > LOG_CONSOLE_LEVEL_MAX) return ERR_INVALID.code;
    log_set_console_level((uint32_t)level);
    __atomic_store_n(&level_kept, 0, __ATOMIC_RELAXED);
    return 0;
}

static int64_t switch_off(void)
{
    uint32_t none = 0;
    __atomic_compare_exchange_n(&level_kept, &none, log_console_level(), false, __ATOMIC_RELAXED,
                                __ATOMIC_RELAXED);
    log_set_console_level(LEVEL_SHOWN_MIN);
    return 0;
}

static int64_t switch_on(void)
{
    uint32_t level = __atomic_exchange_n(&level_kept, 0, __ATOMIC_RELAXED);
    if (level) log_set_console_level(level);
    return 0;
}

int64_t sys_syslog(uint64_t action, uint64_t buffer, uint64_t bytes)
{
    action = (uint32_t)action;
    if (!is_allowed(action)) return ERR_NOT_PERMITTED.code;
    switch (action) {
    case LINUX_SYSLOG_CLOSE:
    case LINUX_SYSLOG_OPEN: return 0;
    case LINUX_SYSLOG_READ:
    case LINUX_SYSLOG_READ_ALL:
    case LINUX_SYSLOG_READ_CLEAR: return read_lines(action, buffer, bytes);
    case LINUX_SYSLOG_CLEAR: kernel_log_clear(); return 0;
    case LINUX_SYSLOG_CONSOLE_OFF: return switch_off();
    case LINUX_SYSLOG_CONSOLE_ON: return switch_on();
    case LINUX_SYSLOG_CONSOLE_LEVEL: return set_level((int32_t)bytes);
    case LINUX_SYSLOG_SIZE_UNREAD: return kernel_log_untaken_bytes();
    case LINUX_SYSLOG_SIZE_BUFFER: return CONFIG_LOG_RING_BYTES;
    default: return ERR_INVALID.code;
    }
}
