/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/terminal.h"

#include "abi/linux/poll.h"
#include "abi/linux/signal.h"
#include "lib/string.h"

/* ---- output ---- */

static uint32_t output_bytes(const struct terminal *t) { return t->output_head - t->output_tail; }

/* All of it or nothing: what is processed must not be cut in two. */
static size_t put_output(void *context, const char *bytes, size_t count)
{
    struct terminal *t = context;
    uint32_t room = TERMINAL_OUTPUT_MAX - output_bytes(t);
    if (count > room) count = t->line.termios.c_oflag & LINUX_OPOST ? 0 : room;
    for (size_t i = 0; i < count; i++) t->output[t->output_head++ % TERMINAL_OUTPUT_MAX] = (uint8_t)bytes[i];
    return count;
}

/* What was typed in one piece with the key is not echoed; what the other end could have taken by now, it has. */
static void forget_output(void *context)
{
    struct terminal *t = context;
    t->output_head = t->echo_start;
}

size_t terminal_take_output(struct terminal *t, char *bytes, size_t capacity)
{
    spin_lock(&t->queue.lock);
    size_t count = t->line.is_stopped ? 0 : MIN(capacity, (size_t)output_bytes(t));
    for (size_t i = 0; i < count; i++) bytes[i] = (char)t->output[t->output_tail++ % TERMINAL_OUTPUT_MAX];
    if (count) wait_wake_all_locked(&t->queue);
    spin_unlock(&t->queue.lock);
    if (count) readiness_changed(&t->readiness, LINUX_POLLOUT | LINUX_POLLWRNORM);
    return count;
}

/* ---- life ---- */

void terminal_init(struct terminal *t, uint32_t device, void (*destroy)(struct terminal *))
{
    t->references = 1;
    t->device = device;
    t->destroy = destroy;
    wait_queue_init(&t->queue);
    readiness_init(&t->readiness);
    line_init(&t->line, put_output, forget_output, t);
}

struct terminal *terminal_get(struct terminal *t)
{
    __atomic_add_fetch(&t->references, 1, __ATOMIC_RELAXED);
    return t;
}

void terminal_put(struct terminal *t)
{
    if (t && __atomic_sub_fetch(&t->references, 1, __ATOMIC_ACQ_REL) == 0) t->destroy(t);
}

/* ---- the other end ---- */

size_t terminal_input(struct terminal *t, const char *bytes, size_t count)
{
    uint32_t events = 0;
    size_t done = 0;
    spin_lock(&t->queue.lock);
    t->echo_start = t->output_head;
    for (; done < count && line_room(&t->line); done++) events |= line_feed(&t->line, bytes + done, 1);
    wait_wake_all_locked(&t->queue);
    if (t->changed_locked) t->changed_locked(t);
    spin_unlock(&t->queue.lock);
    readiness_changed(&t->readiness, LINUX_POLLIN | LINUX_POLLRDNORM | LINUX_POLLOUT);
    job_act(t, events);
    return done;
}

void terminal_resize(struct terminal *t, const struct linux_winsize *size)
{
    spin_lock(&t->queue.lock);
    bool is_new = memcmp(&t->size, size, sizeof(*size));
    t->size = *size;
    spin_unlock(&t->queue.lock);
    if (is_new) job_signal(t, LINUX_SIGWINCH);
}

void terminal_hang_up(struct terminal *t)
{
    spin_lock(&t->queue.lock);
    t->is_hung_up = true;
    t->output_tail = t->output_head;
    line_flush_input(&t->line);
    wait_wake_all_locked(&t->queue);
    spin_unlock(&t->queue.lock);
    readiness_changed(&t->readiness, LINUX_POLLHUP | LINUX_POLLERR | LINUX_POLLIN | LINUX_POLLOUT);
    job_hang_up(t);
}
