/* SPDX-License-Identifier: Apache-2.0 */
/* process_vm_readv and process_vm_writev: memory of another process, as if it were touched there. The running thread
 * goes into the other space for a moment; the bytes wait in kernel memory meanwhile. */
#include "fs/credentials.h"
#include "mm/heap.h"
#include "process/user_thread.h"
#include "sched/thread.h"
#include "syscall/io_pieces.h"
#include "syscall/sys_core.h"
#include "vm/space.h"

enum { CHUNK_BYTES = 16384 };

/* Who may look into a process: the one user that it is, or who may trace anybody. [linux ptrace(2)] */
static bool may_look_locked(const struct process *p) REQUIRES(process_tree_lock)
{
    if (p == process_current() || may_use(LINUX_CAP_SYS_PTRACE)) return true;
    const struct credentials *own = credentials_current(), *its = p->credentials;
    if (!its) its = &credentials_of_root;
    uint32_t uid = own->uid.real, gid = own->gid.real;
    bool is_user = uid == its->uid.real && uid == its->uid.effective && uid == its->uid.saved;
    bool is_group = gid == its->gid.real && gid == its->gid.effective && gid == its->gid.saved;
    return is_user && is_group && p->is_dumpable;
}

/* Its space, as if another process ran in it: space_leave afterwards. */
static err_t enter_space(uint32_t pid, struct space **out)
{
    err_t e = ERR_NO_PROCESS;
    spin_lock(&process_tree_lock);
    const struct user_thread *t = user_thread_find_locked(pid);
    struct process *p = t ? t->process : NULL;
    if (p && !may_look_locked(p)) e = ERR_NOT_PERMITTED;
    if (p && e.code == ERR_NO_PROCESS.code) {
        spin_lock(&p->signal_lock);
        if (p->space) { /* else it is about to end */
            *out = space_enter(p->space);
            e = OK;
        }
        spin_unlock(&p->signal_lock);
    }
    spin_unlock(&process_tree_lock);
    return e;
}

static void use(struct space *space) { thread_set_space(space, &space->page_table); }

/* Where bytes come from or go to. */
struct side {
    struct io_pieces pieces;
    struct io_buffer buffer;
    struct space *space;
};

static size_t move_chunk(struct side *from, struct side *to, void *chunk, size_t bytes)
{
    use(from->space);
    size_t taken = io_take(&from->buffer, chunk, bytes);
    use(to->space);
    size_t put = io_put(&to->buffer, chunk, taken);
    use(process_current()->space);
    return put;
}

static int64_t move(struct side *from, struct side *to)
{
    io_buffer_init_user(&from->buffer, from->pieces.segments, from->pieces.bytes);
    io_buffer_init_user(&to->buffer, to->pieces.segments, to->pieces.bytes);
    void *chunk = heap_alloc(CHUNK_BYTES);
    if (!chunk) return ERR_NO_MEMORY.code;
    uint64_t done = 0, total = MIN(from->pieces.bytes, to->pieces.bytes);
    size_t wanted = 0, moved = 0;
    while (done < total && moved == wanted && !user_thread_must_end(user_thread_current())) {
        wanted = MIN(total - done, (uint64_t)CHUNK_BYTES);
        moved = move_chunk(from, to, chunk, wanted);
        done += moved;
    }
    heap_free(chunk);
    return io_result(done, done < total ? ERR_FAULT : OK);
}

static int64_t transfer(uint32_t pid, struct side *local, struct side *remote, bool writes)
{
    local->space = process_current()->space;
    err_t e = enter_space(pid, &remote->space);
    if (failed(e)) return e.code;
    int64_t result = writes ? move(local, remote) : move(remote, local);
    space_leave(remote->space);
    return result;
}

struct lists {
    uint64_t local, local_count, remote, remote_count;
};
static int64_t process_vm(uint64_t pid, const struct lists *lists, uint64_t flags, bool writes)
{
    struct side local, remote;
    if (flags) return ERR_INVALID.code;
    err_t e = io_pieces_decode_vector(lists->local, lists->local_count, &local.pieces);
    if (failed(e)) return e.code;
    e = io_pieces_decode_vector(lists->remote, lists->remote_count, &remote.pieces);
    int64_t result = e.code;
    if (!failed(e)) {
        bool is_nothing = !local.pieces.bytes || !remote.pieces.bytes;
        result = is_nothing ? 0 : transfer((uint32_t)pid, &local, &remote, writes);
        io_pieces_fini(&remote.pieces);
    }
    io_pieces_fini(&local.pieces);
    return result;
}

int64_t sys_process_vm_readv(uint64_t pid, uint64_t local, uint64_t local_count, uint64_t remote,
                             uint64_t remote_count, uint64_t flags)
{
    return process_vm(pid, &(struct lists){ local, local_count, remote, remote_count }, flags, false);
}

int64_t sys_process_vm_writev(uint64_t pid, uint64_t local, uint64_t local_count, uint64_t remote,
                              uint64_t remote_count, uint64_t flags)
{
    return process_vm(pid, &(struct lists){ local, local_count, remote, remote_count }, flags, true);
}
