/* SPDX-License-Identifier: Apache-2.0 */
/* Where memory shall come from. There is one node, number 0, so every policy that may be set is kept by already; it
 * is checked as Linux checks it, and a thread's own is remembered for those who ask. [linux mm/mempolicy.c] */
#include "abi/linux/mempolicy.h"
#include "fs/credentials.h"
#include "mm/page_table.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum {
    NODES_MAX = 1024,           /* bits of a set that may be set at all, as Debian's kernels have it */
    SET_BYTES_MAX = PAGE_BYTES, /* of a set that is looked at */
    MODE_FLAGS = LINUX_MPOL_F_STATIC_NODES | LINUX_MPOL_F_RELATIVE_NODES | LINUX_MPOL_F_NUMA_BALANCING,
};

struct nodes {
    bool has_ours;   /* node 0 */
    bool has_others; /* which there are not */
};
static bool is_empty(struct nodes n) { return !n.has_ours && !n.has_others; }

/* `count` bits and, as a quirk of old, one more. */
static err_t read_nodes(uint64_t set, uint64_t count, struct nodes *out)
{
    *out = (struct nodes){ 0 };
    if (--count == 0 || !set) return OK;
    if (count > SET_BYTES_MAX * 8ull) return ERR_INVALID;
    for (uint64_t bit = 0; bit < count; bit += 64) {
        uint64_t word;
        err_t e = user_copy_in(&word, UADDR(set + bit / 8), sizeof(word));
        if (failed(e)) return e;
        if (count - bit < 64) word &= (1ull << (count - bit)) - 1;
        if (bit >= NODES_MAX && word) return ERR_INVALID;
        if (bit == 0 && (word & 1)) out->has_ours = true;
        if (word >> !bit) out->has_others = true;
    }
    return OK;
}

static err_t check_mode(uint32_t mode)
{
    uint32_t flags = mode & MODE_FLAGS, both = LINUX_MPOL_F_STATIC_NODES | LINUX_MPOL_F_RELATIVE_NODES;
    mode &= ~(uint32_t)MODE_FLAGS;
    if (mode > LINUX_MPOL_PREFERRED_MANY || (flags & both) == both) return ERR_INVALID;
    return (flags & LINUX_MPOL_F_NUMA_BALANCING) && mode != LINUX_MPOL_BIND ? ERR_INVALID : OK;
}

/* A sound policy; what it is called when it is asked for is left in *mode. */
static err_t check_policy(uint32_t *mode, struct nodes nodes)
{
    const uint32_t places = LINUX_MPOL_F_STATIC_NODES | LINUX_MPOL_F_RELATIVE_NODES;
    uint32_t flags = *mode & MODE_FLAGS;
    switch (*mode & ~(uint32_t)MODE_FLAGS) {
    case LINUX_MPOL_DEFAULT: *mode = LINUX_MPOL_DEFAULT; return is_empty(nodes) ? OK : ERR_INVALID;
    case LINUX_MPOL_LOCAL: return is_empty(nodes) && !(flags & places) ? OK : ERR_INVALID;
    case LINUX_MPOL_PREFERRED:
        if (!is_empty(nodes)) break;
        *mode = LINUX_MPOL_LOCAL;
        return flags & places ? ERR_INVALID : OK;
    }
    /* Relative numbers are counted round and round, so that any node is ours. */
    bool has_one = flags & LINUX_MPOL_F_RELATIVE_NODES ? !is_empty(nodes) : nodes.has_ours;
    return has_one ? OK : ERR_INVALID;
}

int64_t sys_set_mempolicy(uint64_t mode, uint64_t set, uint64_t count)
{
    struct nodes nodes;
    uint32_t wanted = (uint32_t)mode;
    err_t e = check_mode(wanted);
    if (!failed(e)) e = read_nodes(set, count, &nodes);
    if (!failed(e)) e = check_policy(&wanted, nodes);
    if (!failed(e)) user_thread_current()->memory_policy = wanted;
    return e.code;
}

/* ---- asking ---- */

static bool is_mapped(uint64_t address)
{
    struct space *space = process_current()->space;
    mutex_lock(&space->lock);
    bool found = space_find_locked(space, address);
    mutex_unlock(&space->lock);
    return found;
}

static err_t find_policy(uint64_t address, uint32_t flags, uint32_t *policy, uint64_t *nodes)
{
    const uint32_t all = LINUX_MPOL_F_NODE | LINUX_MPOL_F_ADDR | LINUX_MPOL_F_MEMS_ALLOWED;
    uint32_t own = user_thread_current()->memory_policy;
    *policy = *nodes = 0;
    if (flags & ~all) return ERR_INVALID;
    if (flags & LINUX_MPOL_F_MEMS_ALLOWED) {
        *nodes = 1;
        return flags == LINUX_MPOL_F_MEMS_ALLOWED ? OK : ERR_INVALID;
    }
    if (!(flags & LINUX_MPOL_F_ADDR) && address) return ERR_INVALID;
    if ((flags & LINUX_MPOL_F_ADDR) && !is_mapped(address)) return ERR_FAULT;
    if (flags & LINUX_MPOL_F_NODE) { /* 0: where the page is, or where the next one will come from */
        bool is_known = flags & LINUX_MPOL_F_ADDR || (own & ~(uint32_t)MODE_FLAGS) == LINUX_MPOL_INTERLEAVE;
        return is_known ? OK : ERR_INVALID;
    }
    *policy = own;
    *nodes = own != LINUX_MPOL_DEFAULT && own != LINUX_MPOL_LOCAL;
    return OK;
}

int64_t sys_get_mempolicy(uint64_t mode, uint64_t set, uint64_t count, uint64_t address, uint64_t flags)
{
    uint32_t policy;
    uint64_t nodes;
    if (set && count < 1) return ERR_INVALID.code;
    err_t e = find_policy(address, (uint32_t)flags, &policy, &nodes);
    if (!failed(e) && mode) e = user_copy_out(UADDR(mode), &policy, sizeof(policy));
    if (failed(e) || !set) return e.code;
    uint64_t bytes = align_up(count - 1, 64) / 8;
    if (bytes > SET_BYTES_MAX) return ERR_INVALID.code;
    if (bytes > sizeof(nodes)) e = user_zero(UADDR(set + sizeof(nodes)), bytes - sizeof(nodes));
    if (!failed(e)) e = user_copy_out(UADDR(set), &nodes, MIN(bytes, sizeof(nodes)));
    return e.code;
}

/* ---- ranges and pages ---- */

static err_t accept(const struct area *area, uint64_t context)
{
    (void)area, (void)context;
    return OK;
}

static err_t check_range(uint64_t at, uint64_t bytes, uint64_t *length)
{
    uint64_t end;
    *length = align_up(bytes, PAGE_BYTES);
    if (at % PAGE_BYTES || add_overflows(at, *length, &end)) return ERR_INVALID;
    return OK;
}

int64_t sys_mbind(uint64_t at, uint64_t bytes, uint64_t mode, uint64_t set, uint64_t count, uint64_t flags)
{
    struct nodes nodes;
    uint32_t wanted = (uint32_t)mode;
    uint64_t length;
    err_t e = check_mode(wanted);
    if (!failed(e)) e = read_nodes(set, count, &nodes);
    if (failed(e)) return e.code;
    if (flags & ~(uint64_t)LINUX_MPOL_MF_ALL) return ERR_INVALID.code;
    if ((flags & LINUX_MPOL_MF_MOVE_ALL) && !may_use(LINUX_CAP_SYS_NICE)) return ERR_NOT_PERMITTED.code;
    e = check_range(at, bytes, &length);
    if (failed(e) || !length) return e.code;
    e = check_policy(&wanted, nodes);
    if (!failed(e)) e = space_advise(process_current()->space, at, length, accept, 0, false);
    return e.code == ERR_NO_MEMORY.code ? ERR_FAULT.code : e.code; /* a hole */
}

/* Nothing has a policy that knows a home. */
int64_t sys_set_mempolicy_home_node(uint64_t at, uint64_t bytes, uint64_t node, uint64_t flags)
{
    uint64_t length;
    if (at % PAGE_BYTES || flags || node) return ERR_INVALID.code;
    err_t e = check_range(at, bytes, &length);
    if (failed(e) || !length) return e.code;
    return ERR_NOT_FOUND.code;
}

static bool is_process(uint64_t pid)
{
    if (!(uint32_t)pid) return true;
    spin_lock(&process_tree_lock);
    bool found = user_thread_find_locked((uint32_t)pid);
    spin_unlock(&process_tree_lock);
    return found;
}

int64_t sys_migrate_pages(uint64_t pid, uint64_t count, uint64_t from, uint64_t to)
{
    struct nodes old, wanted;
    err_t e = read_nodes(from, count, &old);
    if (!failed(e)) e = read_nodes(to, count, &wanted);
    if (failed(e)) return e.code;
    if (!is_process(pid)) return ERR_NO_PROCESS.code;
    if (wanted.has_others && !may_use(LINUX_CAP_SYS_NICE)) return ERR_NOT_PERMITTED.code;
    return wanted.has_ours ? 0 : ERR_INVALID.code;
}

/* On node 0, or what kept it from being anywhere. */
static int32_t status_of_page(uint64_t address)
{
    struct space *space = process_current()->space;
    int32_t status = ERR_NOT_FOUND.code;
    mutex_lock(&space->lock);
    if (!is_user_range(address, 1) || !space_find_locked(space, address))
        status = ERR_FAULT.code;
    else if (page_table_translate(&space->page_table, address, NULL, NULL, NULL))
        status = 0;
    mutex_unlock(&space->lock);
    return status;
}

int64_t sys_move_pages(uint64_t pid, uint64_t count, uint64_t pages, uint64_t nodes, uint64_t statuses,
                       uint64_t flags)
{
    const uint32_t known = LINUX_MPOL_MF_MOVE | LINUX_MPOL_MF_MOVE_ALL;
    if ((uint32_t)flags & ~known) return ERR_INVALID.code;
    if ((flags & LINUX_MPOL_MF_MOVE_ALL) && !may_use(LINUX_CAP_SYS_NICE)) return ERR_NOT_PERMITTED.code;
    if (!is_process(pid)) return ERR_NO_PROCESS.code;
    if ((uint32_t)pid && (uint32_t)pid != process_current()->pid) return ERR_NOT_PERMITTED.code;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t page;
        int32_t node = 0;
        err_t e = user_copy_in(&page, UADDR(pages + i * sizeof(page)), sizeof(page));
        if (!failed(e) && nodes) e = user_copy_in(&node, UADDR(nodes + i * sizeof(node)), sizeof(node));
        if (!failed(e) && node) e = ERR_NO_DEVICE;
        int32_t status = failed(e) ? 0 : status_of_page(page);
        if (!failed(e)) e = user_copy_out(UADDR(statuses + i * sizeof(status)), &status, sizeof(status));
        if (failed(e)) return e.code;
        if (user_thread_must_end(user_thread_current())) return ERR_INTERRUPTED.code;
    }
    return 0;
}
