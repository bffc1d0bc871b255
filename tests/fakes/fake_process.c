/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_process.h"

#include "core/entropy.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "fs/rootfs.h"
#include "process/identity.h"
#include "process/process_id.h"
#include "procfs/procfs.h"
#include "syscall/sys_file.h"
#include "syscall/timespec.h"
#include "vm/usercopy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct process process;
static struct user_thread thread = { .process = &process, .tid = 1 };

/* Always itself: the numbers that files see are the real ones. */
err_t identity_begin_as_real(const struct credentials **before)
{
    *before = NULL;
    return OK;
}
void identity_end_as_real(const struct credentials *before) { (void)before; }

/* It is the only one. */
struct spinlock process_tree_lock = SPINLOCK_INIT_CLASS("process_tree_lock");
struct process_id *process_id_find_locked(uint32_t number)
{
    static struct process_id own;
    return number == thread.tid ? &own : NULL;
}

/* Nobody sends signals here. */
void signal_mask_begin(uint64_t blocked) { (void)blocked; }
int64_t signal_mask_end(int64_t result) { return result; }

static struct thread kernel_thread;
struct thread *percpu_current(void) { return &kernel_thread; }
struct process *process_current(void) { return &process; }
struct user_thread *user_thread_current(void) { return &thread; }

static void require(bool condition, const char *what)
{
    if (condition) return;
    fprintf(stderr, "fake process: %s\n", what);
    abort();
}

/* An archive of nothing: magic, thirteen fields, of which only the name's length is not zero. */
#define ZEROS "00000000"
static const char empty_archive[] =
    "070701" ZEROS ZEROS ZEROS ZEROS "00000001" ZEROS ZEROS ZEROS ZEROS ZEROS ZEROS "0000000b" ZEROS
    "TRAILER!!!\0\0\0";

void fake_process_start(const void *archive, size_t bytes)
{
    if (bytes == 0) {
        archive = empty_archive;
        bytes = sizeof(empty_archive) - 1;
    }
    static bool is_ready;
    if (!is_ready) procfs_init("test");
    is_ready = true;
    const char *why = "";
    err_t e = rootfs_init(archive, bytes, &why);
    require(!failed(e), why);
    process =
        (struct process){ .pid = 1, .files = fd_table_create(), .fs = fs_context_create(rootfs_root()) };
    require(process.files && process.fs, "no memory");
    process.limits[LINUX_RLIMIT_NOFILE] = (struct linux_rlimit){ FD_LIMIT_DEFAULT, FD_LIMIT_HARD };
    for (int fd = 0; fd < 3; fd++) require(sys_open((uint64_t)"/dev/null", 2, 0) == fd, "/dev/null");
}

void fake_process_stop(void)
{
    fd_table_put(process.files);
    fs_context_put(process.fs);
    rootfs_fini();
    process = (struct process){ 0 };
}

/* ---- what syscall/ and fs/ need besides ---- */

void entropy_read(void *out, size_t bytes) { memset(out, 0x5c, bytes); }
void entropy_mix(const void *bytes, size_t count) { (void)bytes, (void)count; }

err_t timespec_read(uint64_t address, uint64_t *out_ns)
{
    int64_t t[2];
    err_t e = user_copy_in(t, UADDR(address), sizeof(t));
    if (failed(e)) return e;
    if (t[0] < 0 || (uint64_t)t[1] >= 1000000000) return ERR_INVALID;
    *out_ns = (uint64_t)t[0] * 1000000000 + (uint64_t)t[1];
    return OK;
}

err_t timespec_write(uint64_t address, uint64_t ns)
{
    int64_t t[2] = { (int64_t)(ns / 1000000000), (int64_t)(ns % 1000000000) };
    return user_copy_out(UADDR(address), t, sizeof(t));
}
