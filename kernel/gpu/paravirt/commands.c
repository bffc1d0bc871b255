/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to the device, and the wait for their end. What the device writes is looked at once, and checked. */
#include "config.h"
#include "core/log.h"
#include "core/time.h"
#include "gpu/paravirt/paravirt_internal.h"

/* A volatile copy, word by word. */
static void write_command(struct paravirt *p, uint64_t sequence, const struct gpu_command *command)
{
    volatile struct gpu_command *entry = &p->commands[sequence & (p->command_count - 1)];
    entry->kind = command->kind;
    entry->flags = command->flags;
    entry->context = command->context;
    entry->result = GPU_RESULT_INVALID;
    for (size_t i = 0; i < ARRAY_LENGTH(command->words); i++) entry->words[i] = command->words[i];
}

static void read_command(const struct paravirt *p, uint64_t sequence, struct gpu_command *out)
{
    const volatile struct gpu_command *entry = &p->commands[sequence & (p->command_count - 1)];
    out->result = entry->result;
    for (size_t i = 0; i < ARRAY_LENGTH(out->words); i++) out->words[i] = entry->words[i];
}

/* ---- what is done ---- */

/* Whoever waits for an engine that has ended, for whatever reason, need not wait any more. The interrupt already says
 * so: the thread may itself be waiting for a lock of somebody who waits here. */
void paravirt_look_at_state_locked(struct paravirt *p)
{
    bool is_running = p->registers->state == GPU_STATE_READY && p->registers->generation == p->generation;
    if (is_running || p->is_down) return;
    p->is_down = p->is_loss_untold = true;
    /* The next generation may have begun before they run. */
    LIST_FOR_EACH_SAFE (node, &p->waits) {
        LIST_ENTRY(node, struct paravirt_wait, link)->is_lost = true;
        list_remove(node);
    }
    wait_wake_all_locked(&p->done);
}

void paravirt_take_done_locked(struct paravirt *p)
{
    uint64_t head = __atomic_load_n(&p->registers->command_head, __ATOMIC_ACQUIRE);
    if (head == p->commands_done || p->is_down) return;
    if (head - p->commands_done > p->commands_sent - p->commands_done) {
        paravirt_look_at_state_locked(p); /* another generation counts anew */
        if (p->is_down) return;
        log_error("gpu%u: it says that %llu commands are done, of %llu", p->device.number,
                  (unsigned long long)head, (unsigned long long)p->commands_sent);
        paravirt_ask_reset_locked(p);
        return;
    }
    LIST_FOR_EACH_SAFE (node, &p->waits) {
        struct paravirt_wait *wait = LIST_ENTRY(node, struct paravirt_wait, link);
        if (wait->sequence >= head) continue;
        read_command(p, wait->sequence, &wait->result);
        wait->is_done = true;
        list_remove(&wait->link);
    }
    p->commands_done = head;
    wait_wake_all_locked(&p->done);
}

/* ---- sending ---- */

void paravirt_kick(struct paravirt *p)
{
    /* What was written comes first, then the look whether the device sleeps; it does it the other way round. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (p->registers->is_sleeping) p->link->kick(p->link, GPU_KICK_WORK);
}

void paravirt_ask_reset_locked(struct paravirt *p)
{
    if (p->is_reset_asked || p->is_down) return;
    p->is_reset_asked = true;
    p->registers->reset_request = p->generation;
    p->link->kick(p->link, GPU_KICK_RESET);
}

/* Sleeps until the device does something. One that takes too long is asked to begin anew: when its engine is known to
 * have ended, `is_down` ends all waits. Until then its memory must not be used for anything else. */
static void wait_locked(struct paravirt *p) REQUIRES(p->done.lock)
{
    uint64_t deadline = time_now_ns() + CONFIG_GPU_PATIENCE_MS * 1000000ull;
    uint64_t before = p->commands_done;
    uint32_t generation = p->generation;
    err_t e = wait_sleep_until_locked(&p->done, deadline);
    if (!failed(e)) return;
    paravirt_look_at_state_locked(p); /* perhaps an interrupt was lost */
    paravirt_take_done_locked(p);
    if (!paravirt_is_current_locked(p, generation) || p->commands_done != before) return;
    log_error("gpu%u: no answer for %u ms; it is reset", p->device.number, CONFIG_GPU_PATIENCE_MS);
    paravirt_ask_reset_locked(p);
}

/* The command's number. ERR_NO_DEVICE. */
static err_t send_locked(struct paravirt *p, uint32_t generation, const struct gpu_command *command,
                         uint64_t *sequence) REQUIRES(p->done.lock)
{
    if (!generation) generation = p->generation;
    while (paravirt_is_current_locked(p, generation) &&
           p->commands_sent - p->commands_done == p->command_count)
        wait_locked(p);
    if (!paravirt_is_current_locked(p, generation)) return ERR_NO_DEVICE;
    *sequence = p->commands_sent++;
    write_command(p, *sequence, command);
    __atomic_store_n(&p->registers->command_tail, p->commands_sent, __ATOMIC_RELEASE);
    paravirt_kick(p);
    return OK;
}

void paravirt_send(struct paravirt *p, uint32_t generation, const struct gpu_command *command)
{
    uint64_t sequence;
    spin_lock(&p->done.lock);
    err_t e = send_locked(p, generation, command, &sequence);
    (void)e; /* nothing is left to be told */
    spin_unlock(&p->done.lock);
}

static err_t error_of(uint32_t result)
{
    switch (result) {
    case GPU_RESULT_DONE: return OK;
    case GPU_RESULT_NO_SPACE: return ERR_NO_SPACE;
    case GPU_RESULT_REFUSED: return ERR_NOT_SUPPORTED;
    default: return ERR_INVALID;
    }
}

err_t paravirt_do(struct paravirt *p, uint32_t generation, struct gpu_command *command)
{
    struct paravirt_wait wait = { .is_done = false };
    command->flags |= GPU_COMMAND_NOTIFY;
    spin_lock(&p->done.lock);
    err_t e = send_locked(p, generation, command, &wait.sequence);
    if (!failed(e)) {
        list_push_back(&p->waits, &wait.link);
        while (!wait.is_done && !wait.is_lost) wait_locked(p);
        if (wait.is_lost) e = ERR_NO_DEVICE;
    }
    spin_unlock(&p->done.lock);
    if (failed(e)) return e;
    *command = wait.result;
    return error_of(wait.result.result);
}
