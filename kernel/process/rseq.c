/* SPDX-License-Identifier: Apache-2.0 */
#include "process/rseq.h"

#include "abi/linux/rseq.h"
#include "arch/percpu.h"
#include "core/log.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

/* ---- registration ---- */

static void use(struct user_thread *t, uint64_t address, uint32_t signature)
{
    t->rseq.address = address;
    t->rseq.signature = signature;
    t->rseq.cpu = LINUX_RSEQ_CPU_ID_NONE;
    t->thread->placed_work = address ? USER_WORK_PLACED : 0;
}

err_t rseq_register(uint64_t address, uint64_t bytes, uint32_t signature)
{
    struct user_thread *t = user_thread_current();
    bool is_whole = bytes == sizeof(struct linux_rseq);
    if (t->rseq.address) {
        if (t->rseq.address != address || !is_whole) return ERR_INVALID;
        return t->rseq.signature == signature ? ERR_BUSY : ERR_NOT_PERMITTED;
    }
    if (!is_whole || !is_aligned(address, sizeof(struct linux_rseq))) return ERR_INVALID;
    if (!is_user_range(address, bytes)) return ERR_FAULT;
    if (!address) return ERR_FAULT; /* it would be none; nothing is ever mapped there */
    use(t, address, signature);
    percpu_add_work(USER_WORK_PLACED); /* the number is written on the way out */
    return OK;
}

err_t rseq_unregister(uint64_t address, uint64_t bytes, uint32_t signature)
{
    struct user_thread *t = user_thread_current();
    if (!t->rseq.address || t->rseq.address != address) return ERR_INVALID;
    if (bytes != sizeof(struct linux_rseq)) return ERR_INVALID;
    if (t->rseq.signature != signature) return ERR_NOT_PERMITTED;
    const uint32_t ids[] = { 0, LINUX_RSEQ_CPU_ID_NONE };
    err_t e = user_copy_out(UADDR(address), ids, sizeof(ids));
    if (!failed(e)) use(t, 0, 0);
    return e;
}

void rseq_forget(struct user_thread *t) { use(t, 0, 0); }

void rseq_inherit(struct user_thread *t)
{
    const struct user_thread *from = user_thread_current();
    use(t, from->rseq.address, from->rseq.signature);
    t->thread->user_work |= t->thread->placed_work; /* it does not run yet */
}

/* ---- on the way to ring 3 ---- */

static bool is_sound(const struct linux_rseq_section *s, uint32_t signature)
{
    uint64_t end;
    uint32_t before_abort;
    if (s->version || s->flags || add_overflows(s->start, s->bytes, &end)) return false;
    if (s->start >= USER_END || end >= USER_END || s->abort >= USER_END) return false;
    if (s->abort - s->start < s->bytes) return false; /* what is begun again must not be inside */
    err_t e = user_copy_in(&before_abort, UADDR(s->abort - sizeof(before_abort)), sizeof(before_abort));
    return !failed(e) && before_abort == signature;
}

/* The program set the word before its first instruction of the sequence, and leaves it there after the last:
 * whoever finds it clears it. */
static bool leave_section(const struct user_thread *t, const struct linux_rseq *shared,
                          struct trap_frame *frame)
{
    struct linux_rseq_section section;
    const uint64_t none = 0;
    if (!shared->critical_section) return true;
    err_t e = user_copy_in(&section, UADDR(shared->critical_section), sizeof(section));
    if (failed(e) || !is_sound(&section, t->rseq.signature)) return false;
    bool is_inside = frame->rip - section.start < section.bytes;
    if (is_inside && shared->flags)
        return false; /* sequences that are not begun again: gone since Linux 6.1 */
    e = user_copy_out(UADDR(t->rseq.address + offsetof(struct linux_rseq, critical_section)), &none,
                      sizeof(none));
    if (failed(e)) return false;
    if (is_inside) frame->rip = section.abort;
    return true;
}

static bool tell_cpu(struct user_thread *t)
{
    uint32_t cpu = (uint32_t)percpu_index();
    if (t->rseq.cpu == cpu) return true;
    const uint32_t ids[] = { cpu, cpu };
    t->rseq.cpu = cpu;
    return !failed(user_copy_out(UADDR(t->rseq.address), ids, sizeof(ids)));
}

void rseq_look(struct trap_frame *frame)
{
    struct user_thread *t = user_thread_current();
    struct linux_rseq shared;
    err_t e = user_copy_in(&shared, UADDR(t->rseq.address), sizeof(shared));
    if (!failed(e) && leave_section(t, &shared, frame) && tell_cpu(t)) return;
    log_info("%s: SIGSEGV, its restartable sequence is not sound", t->process->path);
    struct linux_siginfo_head info = signal_info_of_kernel(LINUX_SIGSEGV);
    if (!signal_force(&info)) process_end(wait_status_of_signal(LINUX_SIGSEGV));
}
