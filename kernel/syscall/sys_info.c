/* SPDX-License-Identifier: Apache-2.0 */
#include "abi/linux/prctl.h"
#include "abi/linux/system.h"
#include "core/entropy.h"
#include "core/hostname.h"
#include "core/time.h"
#include "fs/io_buffer.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "process/process.h"
#include "syscall/sys_core.h"
#include "vm/usercopy.h"

enum { GETRANDOM_FLAGS = 7, GETRANDOM_CHUNK = 256 };

int64_t sys_uname(uint64_t out)
{
    bool is_old = (process_current()->personality & LINUX_PERSONALITY_BASE) == LINUX_PERSONALITY_LINUX32;
    /* The release is the Linux interface we answer like; glibc refuses to start below 3.2. */
    struct linux_utsname name = {
        .system = "Linux",
        .release = "6.1.0-cloudkernel",
        .version = "CloudKernel",
        .machine = "x86_64",
        .domain = "(none)",
    };
    memcpy(name.node, hostname, sizeof(name.node));
    err_t e = user_copy_out(UADDR(out), &name, sizeof(name));
    if (!failed(e) && is_old)
        e = user_copy_out(UADDR(out + offsetof(struct linux_utsname, machine)), "i686", sizeof("i686"));
    return e.code;
}

int64_t sys_sysinfo(uint64_t out)
{
    struct linux_sysinfo info = {
        .uptime_s = (int64_t)(time_now_ns() / 1000000000),
        .total_ram = frame_total_count() * PAGE_BYTES,
        .free_ram = frame_free_count() * PAGE_BYTES,
        .processes = (uint16_t)process_count(),
        .unit_bytes = 1,
    };
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
