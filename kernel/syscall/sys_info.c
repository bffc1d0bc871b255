/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/prctl.h"
#include "abi/linux/system.h"
#include "core/entropy.h"
#include "core/machine_name.h"
#include "core/time.h"
#include "fs/io_buffer.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "process/process.h"
#include "procfs/machine.h"
#include "syscall/sys_core.h"
#include "vm/usercopy.h"

enum { GETRANDOM_FLAGS = 7, GETRANDOM_CHUNK = 256 };

int64_t sys_uname(uint64_t out)
{
    bool is_old = (process_current()->personality & LINUX_PERSONALITY_BASE) == LINUX_PERSONALITY_LINUX32;
    struct linux_utsname name = {
        .system = MACHINE_SYSTEM,
        .release = MACHINE_RELEASE,
        .version = MACHINE_VERSION,
        .machine = "x86_64",
    };
    if (is_old) memcpy(name.machine, "i686", sizeof("i686"));
    machine_name_get(MACHINE_HOST, name.node);
    machine_name_get(MACHINE_DOMAIN, name.domain);
    return user_copy_out(UADDR(out), &name, sizeof(name)).code;
}

static int64_t set_name(enum machine_name which, uint64_t text, uint64_t bytes)
{
    char name[MACHINE_NAME_MAX];
    if (bytes > sizeof(name)) return ERR_INVALID.code;
    err_t e = user_copy_in(name, UADDR(text), bytes);
    return failed(e) ? e.code : machine_name_set(which, name, bytes).code;
}

int64_t sys_sethostname(uint64_t text, uint64_t bytes) { return set_name(MACHINE_HOST, text, bytes); }
int64_t sys_setdomainname(uint64_t text, uint64_t bytes) { return set_name(MACHINE_DOMAIN, text, bytes); }

int64_t sys_sysinfo(uint64_t out)
{
    enum { LINUX_LOAD_SHIFT = 16, LOAD_SHIFT = 11 }; /* fractions of the loads there, and of machine_load() */
    struct charge_stats s = charge_read();
    struct linux_sysinfo info = {
        .uptime_s = (int64_t)(time_now_ns() / 1000000000),
        .total_ram = s.machine << PAGE_SHIFT,
        .free_ram = s.free << PAGE_SHIFT,
        .shared_ram = s.kinds[CHARGE_FILE] << PAGE_SHIFT,
        .processes = (uint16_t)machine_threads(),
        .unit_bytes = 1,
    };
    machine_load(info.loads);
    for (uint32_t i = 0; i < 3; i++) info.loads[i] <<= LINUX_LOAD_SHIFT - LOAD_SHIFT;
    return user_copy_out(UADDR(out), &info, sizeof(info)).code;
}

int64_t sys_getrandom(uint64_t buffer, uint64_t bytes, uint64_t flags)
{
    const uint32_t random_and_insecure = 6; /* a contradiction */
    if ((uint32_t)flags & ~(uint32_t)GETRANDOM_FLAGS) return ERR_INVALID.code;
    if ((flags & random_and_insecure) == random_and_insecure) return ERR_INVALID.code;
    uint8_t chunk[GETRANDOM_CHUNK];
    bytes = MIN(bytes, (uint64_t)INT32_MAX);
    struct io_segment segment = { buffer, bytes };
    struct io_buffer to;
    io_buffer_init_user(&to, &segment, bytes);
    err_t e = OK;
    while (to.left && !failed(e)) {
        size_t now = MIN(to.left, sizeof(chunk));
        entropy_read(chunk, now);
        if (io_put(&to, chunk, now) < now) e = ERR_FAULT;
    }
    memset(chunk, 0, sizeof(chunk));
    return failed(e) ? io_result(bytes - to.left, e) : (int64_t)bytes;
}
