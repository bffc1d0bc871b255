/* SPDX-License-Identifier: Apache-2.0 */
/* Commands to the device, and the wait for their end. What the device writes is looked at once, and checked. */
#include "config.h"
#include "core/log.h"
#include "core/time.h"
#include "gpu/paravirt/paravirt_internal.h"

static const uint64_t PATIENCE_NS = CONFIG_GPU_PATIENCE_MS * 1000000ull;

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
static void end_waits_locked(struct paravirt *p) REQUIRES(p->done.lock)
{
    p->is_down = p->is_loss_untold = true;
    /* The next generation may have begun before they run. */
    LIST_FOR_EACH_SAFE (node, &p->waits) {
        LIST_ENTRY(node, struct paravirt_wait, link)->is_lost = true;
        list_remove(node);
    }
    wait_wake_all_locked(&p->done);
    paravirt_tell_thread(p);
}

/* An engine can write the page, too. One that says that it is in a generation which nobody has asked for lives. */
void paravirt_look_at_state_locked(struct paravirt *p)
{
    uint32_t state = p->registers->state, generation = p->registers->generation;
    bool is_next = p->is_reset_asked && generation == p->generation + 1;
    if (p->is_down || (state == GPU_STATE_READY && generation == p->generation)) return;
    if (state != GPU_STATE_READY || is_next) {
        end_waits_locked(p);
    } else if (!p->is_reset_asked) {
        log_error("gpu%u: it says that this is generation %u, and it is %u", p->device.number, generation,
                  p->generation);
        paravirt_ask_reset_locked(p);
    }
}

void paravirt_take_done_locked(struct paravirt *p)
{
    uint64_t head = __atomic_load_n(&p->registers->command_head, __ATOMIC_ACQUIRE);
    if (head == p->commands_done || p->is_down || p->is_reset_asked) return;
    if (head - p->commands_done > p->commands_sent - p->commands_done) {
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

/* There is room in the ring. */
static uint64_t send_now_locked(struct paravirt *p, const struct gpu_command *command) REQUIRES(p->done.lock)
{
    uint64_t sequence = p->commands_sent++;
    write_command(p, sequence, command);
    __atomic_store_n(&p->registers->command_tail, p->commands_sent, __ATOMIC_RELEASE);
    paravirt_kick(p);
    return sequence;
}

/* ---- patience ---- */

void paravirt_ask_reset_locked(struct paravirt *p)
{
    if (p->is_reset_asked || p->is_down) return;
    p->is_reset_asked = true;
    p->reset_asked_ns = time_now_ns();
    p->registers->reset_request = p->generation;
    p->link->kick(p->link, GPU_KICK_RESET);
}

/* An engine that takes too long is asked to begin anew: when it is known to have ended, `is_down` ends all waits. Until
 * then its memory must not be used for anything else. But a supervisor that does not obey is no more, and its engine
 * ends with it. */
static void lose_patience_locked(struct paravirt *p) REQUIRES(p->done.lock)
{
    if (!p->is_reset_asked) {
        log_error("gpu%u: no answer for %u ms; it is reset", p->device.number, CONFIG_GPU_PATIENCE_MS);
        paravirt_ask_reset_locked(p);
    } else if (time_now_ns() - p->reset_asked_ns >= PATIENCE_NS) {
        log_error("gpu%u: does not obey the reset either; it is given up", p->device.number);
        p->is_given_up = true;
        end_waits_locked(p);
    }
}

void paravirt_wait_locked(struct paravirt *p)
{
    uint64_t deadline = time_now_ns() + PATIENCE_NS;
    uint64_t before = p->commands_done;
    uint32_t generation = p->generation;
    err_t e = wait_sleep_until_locked(&p->done, deadline);
    if (!failed(e)) return;
    paravirt_look_at_state_locked(p); /* perhaps an interrupt was lost */
    paravirt_take_done_locked(p);
    if (paravirt_is_current_locked(p, generation) && p->commands_done == before) lose_patience_locked(p);
}

void paravirt_watch_soon_locked(struct paravirt *p)
{
    timer_arm(&p->watch, time_now_ns() + CONFIG_GPU_WATCH_MS * 1000000ull);
}

static void ask_whether_it_lives_locked(struct paravirt *p) REQUIRES(p->done.lock)
{
    static const struct gpu_command question = { .kind = GPU_COMMAND_CLOCK };
    if (p->commands_done == p->commands_sent) send_now_locked(p, &question);
    p->commands_watched = p->commands_sent;
    p->watched_ns = time_now_ns();
}

static void watch_locked(struct paravirt *p) REQUIRES(p->done.lock)
{
    paravirt_take_done_locked(p);
    paravirt_look_at_state_locked(p);
    bool has_answered = p->commands_done >= p->commands_watched && !p->is_reset_asked;
    if (p->is_down || (has_answered && p->armed)) return;
    if (has_answered)
        ask_whether_it_lives_locked(p);
    else if (time_now_ns() - p->watched_ns >= PATIENCE_NS)
        lose_patience_locked(p);
    paravirt_watch_soon_locked(p);
}

/* A wait for packets sends no command, and an engine that hangs says nothing. So while programs may ring it is asked
 * something now and then; one that sleeps, with the doorbells armed, is left alone. */
void paravirt_watch(struct timer *timer)
{
    struct paravirt *p = CONTAINER_OF(timer, struct paravirt, watch);
    spin_lock(&p->done.lock);
    watch_locked(p);
    spin_unlock(&p->done.lock);
}

/* ---- commands that are waited for, and others ---- */

/* The command's number. ERR_NO_DEVICE. */
static err_t send_locked(struct paravirt *p, uint32_t generation, const struct gpu_command *command,
                         uint64_t *sequence) REQUIRES(p->done.lock)
{
    if (!generation) generation = p->generation;
    while (paravirt_is_current_locked(p, generation) &&
           p->commands_sent - p->commands_done == p->command_count)
        paravirt_wait_locked(p);
    if (!paravirt_is_current_locked(p, generation)) return ERR_NO_DEVICE;
    *sequence = send_now_locked(p, command);
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
        while (!wait.is_done && !wait.is_lost) paravirt_wait_locked(p);
        if (wait.is_lost) e = ERR_NO_DEVICE;
    }
    spin_unlock(&p->done.lock);
    if (failed(e)) return e;
    *command = wait.result;
    return error_of(wait.result.result);
}
