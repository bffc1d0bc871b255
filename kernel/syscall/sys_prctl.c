/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread says about itself and its process: prctl, arch_prctl, personality. What is about who it is lies in
 * sys_identity.c. */
#include "abi/linux/fpu.h"
#include "abi/linux/prctl.h"
#include "arch/features.h"
#include "core/unsupported.h"
#include "lib/string.h"
#include "process/fpu_permission.h"
#include "process/user_thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_identity.h"
#include "vm/layout.h"
#include "vm/space.h"
#include "vm/usercopy.h"

int64_t sys_arch_prctl(uint64_t option, uint64_t address)
{
    uint64_t value;
    switch (option) {
    case LINUX_ARCH_SET_FS:
    case LINUX_ARCH_SET_GS:
        if (address >= USER_END) return ERR_NOT_PERMITTED.code;
        if (option == LINUX_ARCH_SET_FS)
            fs_base_write(address);
        else
            user_gs_base_write(address);
        return 0;
    case LINUX_ARCH_GET_FS:
    case LINUX_ARCH_GET_GS:
        value = option == LINUX_ARCH_GET_FS ? fs_base_read() : user_gs_base_read();
        return user_copy_out(UADDR(address), &value, sizeof(value)).code;
    case LINUX_ARCH_GET_CPUID: return 1;                  /* the instruction works */
    case LINUX_ARCH_SET_CPUID: return ERR_NO_DEVICE.code; /* and cannot be made to fault */
    case LINUX_ARCH_GET_XCOMP_SUPP:
    case LINUX_ARCH_GET_XCOMP_PERM:
        value = option == LINUX_ARCH_GET_XCOMP_SUPP ? fpu_layout.features : fpu_permission();
        return user_copy_out(UADDR(address), &value, sizeof(value)).code;
    case LINUX_ARCH_REQ_XCOMP_PERM: return fpu_permission_request(address).code;
    }
    return ERR_INVALID.code;
}

/* Asks without a value that is one. */
int64_t sys_personality(uint64_t wanted)
{
    struct process *p = process_current();
    uint32_t before = p->personality;
    if ((uint32_t)wanted != LINUX_PERSONALITY_QUERY) p->personality = (uint32_t)wanted;
    return before;
}

/* ---- prctl ---- */

struct options {
    uint64_t a, b, c, d;
};
static bool has_more(const struct options *o) { return o->b || o->c || o->d; }
static bool has_any(const struct options *o) { return o->a || has_more(o); }

static int64_t set_name(uint64_t address)
{
    char name[PROCESS_NAME_MAX] = "";
    size_t length;
    /* A longer one is cut, and its rest not looked at, as on Linux. */
    err_t e = user_copy_string(name, UADDR(address), sizeof(name) - 1, &length);
    if (failed(e) && e.code != ERR_NAME_TOO_LONG.code) return e.code;
    memcpy(user_thread_current()->name, name, sizeof(name));
    return 0;
}

static int64_t set_family_option(uint32_t *option, uint32_t value)
{
    spin_lock(&process_tree_lock);
    *option = value;
    spin_unlock(&process_tree_lock);
    return 0;
}

static int64_t about_family(uint32_t option, const struct options *o, struct process *p)
{
    switch (option) {
    case LINUX_PR_SET_PDEATHSIG:
        if (o->a > LINUX_NSIG) return ERR_INVALID.code;
        return set_family_option(&p->orphan_signal, (uint32_t)o->a);
    case LINUX_PR_GET_PDEATHSIG:
        return user_copy_out(UADDR(o->a), &p->orphan_signal, sizeof(p->orphan_signal)).code;
    case LINUX_PR_SET_CHILD_SUBREAPER: return set_family_option(&p->adopts, o->a != 0);
    default: return user_copy_out(UADDR(o->a), &p->adopts, sizeof(p->adopts)).code;
    }
}

/* Nothing is ever late because others might be woken at the same time, so the slack is only kept. */
static int64_t set_timer_slack(uint64_t ns)
{
    struct user_thread *t = user_thread_current();
    t->timer_slack_ns = (int64_t)ns <= 0 ? TIMER_SLACK_DEFAULT_NS : ns;
    return 0;
}

static int64_t set_small_pages(const struct options *o)
{
    if (o->b || o->c || o->d) return ERR_INVALID.code;
    struct space *space = process_current()->space;
    mutex_lock(&space->lock);
    space->refuses_huge = o->a != 0;
    mutex_unlock(&space->lock);
    return 0;
}

static int64_t about_memory(uint32_t option, const struct options *o, struct process *p)
{
    switch (option) {
    case LINUX_PR_SET_THP_DISABLE: return set_small_pages(o);
    case LINUX_PR_GET_THP_DISABLE: return has_any(o) ? ERR_INVALID.code : p->space->refuses_huge;
    case LINUX_PR_GET_DUMPABLE: return p->is_dumpable;
    case LINUX_PR_SET_DUMPABLE:
        if (o->a > 1) return ERR_INVALID.code;
        p->is_dumpable = o->a;
        return 0;
    default: return ERR_NOT_PERMITTED.code; /* PR_SET_MM, for those who restore a process */
    }
}

static int64_t about_processor(uint32_t option, const struct options *o)
{
    const uint32_t tsc_works = 1;
    switch (option) {
    case LINUX_PR_GET_TSC: return user_copy_out(UADDR(o->a), &tsc_works, sizeof(tsc_works)).code;
    case LINUX_PR_SET_TSC: return o->a == tsc_works ? 0 : ERR_INVALID.code;
    case LINUX_PR_GET_TIMING: return 0;
    case LINUX_PR_SET_TIMING: return o->a ? ERR_INVALID.code : 0;
    case LINUX_PR_MCE_KILL_GET: return has_any(o) ? ERR_INVALID.code : LINUX_PR_MCE_KILL_DEFAULT;
    default: return ERR_NO_DEVICE.code; /* PR_GET_ and PR_SET_SPECULATION_CTRL: nothing to switch */
    }
}

static int64_t about_thread(uint32_t option, const struct options *o, struct process *p)
{
    struct user_thread *t = user_thread_current();
    switch (option) {
    case LINUX_PR_SET_NAME: return set_name(o->a);
    case LINUX_PR_GET_NAME: return user_copy_out(UADDR(o->a), t->name, PROCESS_NAME_MAX).code;
    case LINUX_PR_GET_TID_ADDRESS:
        return user_copy_out(UADDR(o->a), &t->clear_tid, sizeof(t->clear_tid)).code;
    case LINUX_PR_SET_TIMERSLACK: return set_timer_slack(o->a);
    case LINUX_PR_GET_TIMERSLACK: return (int64_t)t->timer_slack_ns;
    case LINUX_PR_GET_SECCOMP: return 0; /* nothing is filtered, and PR_SET_SECCOMP is refused */
    case LINUX_PR_GET_NO_NEW_PRIVS: return has_any(o) ? ERR_INVALID.code : p->no_new_privileges;
    default: /* PR_SET_NO_NEW_PRIVS */
        if (o->a != 1 || has_more(o)) return ERR_INVALID.code;
        p->no_new_privileges = true;
        return 0;
    }
}

int64_t sys_prctl(uint64_t option, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct process *p = process_current();
    const struct options o = { a, b, c, d };
    int64_t result;
    if (identity_prctl((uint32_t)option, (const uint64_t[]){ a, b, c, d }, &result)) return result;
    switch ((uint32_t)option) {
    case LINUX_PR_SET_PDEATHSIG:
    case LINUX_PR_GET_PDEATHSIG:
    case LINUX_PR_SET_CHILD_SUBREAPER:
    case LINUX_PR_GET_CHILD_SUBREAPER: return about_family((uint32_t)option, &o, p);
    case LINUX_PR_SET_THP_DISABLE:
    case LINUX_PR_GET_THP_DISABLE:
    case LINUX_PR_SET_DUMPABLE:
    case LINUX_PR_GET_DUMPABLE:
    case LINUX_PR_SET_MM: return about_memory((uint32_t)option, &o, p);
    case LINUX_PR_GET_TSC:
    case LINUX_PR_SET_TSC:
    case LINUX_PR_GET_TIMING:
    case LINUX_PR_SET_TIMING:
    case LINUX_PR_MCE_KILL_GET:
    case LINUX_PR_GET_SPECULATION_CTRL:
    case LINUX_PR_SET_SPECULATION_CTRL: return about_processor((uint32_t)option, &o);
    case LINUX_PR_SET_NAME:
    case LINUX_PR_GET_NAME:
    case LINUX_PR_GET_TID_ADDRESS:
    case LINUX_PR_SET_TIMERSLACK:
    case LINUX_PR_GET_TIMERSLACK:
    case LINUX_PR_GET_SECCOMP:
    case LINUX_PR_SET_NO_NEW_PRIVS:
    case LINUX_PR_GET_NO_NEW_PRIVS: return about_thread((uint32_t)option, &o, p);
    }
    unsupported_note(CHANNEL_STAT_PRCTL, (uint32_t)option);
    return ERR_INVALID.code;
}
