/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include "arch/context.h"
#include "arch/cpu.h"
#include "arch/features.h"
#include "container/channel.h"
#include "container/exec.h"
#include "container/memory_limit.h"
#include "container/process_internal.h"
#include "container/process_report.h"
#include "core/log.h"
#include "core/time.h"
#include "device/console.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "sched/thread_fpu.h"
#include "sched/wait.h"
#include "abi/boot_info.h"

/* The decoded words of the command line; each needs at least one byte and a separator there. */
enum { WORDS_MAX = BOOT_CMDLINE_MAX / 2 };

struct container {
    struct wait_queue queue; /* its lock guards the rest; the boot thread sleeps on it */
    struct process *init;    /* NULL before it starts and after it ended */
    uint32_t early_signal;   /* the first one that came before init; 0: none */
    bool has_ended;
    struct container_end end;
};
static struct container container = { .queue = WAIT_QUEUE_INIT(container.queue) };

/* Word lists in one allocation: the pointers, then the text they point to. */
struct words {
    struct process *process;          /* who gets them */
    struct cmdline_text memory_limit; /* `at` is NULL when there is none */
    uint32_t argument_count, environment_count;
    const char *arguments[WORDS_MAX], *environment[WORDS_MAX];
    char text[BOOT_CMDLINE_MAX];
};

static const char *const default_environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/",
};

static err_t decode_words(const char *cmdline, struct words *out)
{
    struct cmdline_text word, value;
    size_t used = 0, length;
    out->argument_count = out->environment_count = 0;
    out->memory_limit.at = NULL;
    struct cmdline_words w = cmdline_options(cmdline);
    while (cmdline_next(&w, &word)) {
        if (cmdline_option_is(word, "memory_limit", &value)) out->memory_limit = value;
        if (!cmdline_option_is(word, "env", &value)) continue;
        err_t e = cmdline_decode(value, out->text + used, sizeof(out->text) - used, &length);
        if (failed(e)) return e;
        out->environment[out->environment_count++] = out->text + used;
        used += length + 1;
    }
    for (w = cmdline_program_after(w); cmdline_next(&w, &word);) {
        err_t e = cmdline_decode(word, out->text + used, sizeof(out->text) - used, &length);
        if (failed(e)) return e;
        out->arguments[out->argument_count++] = out->text + used;
        used += length + 1;
    }
    if (!out->environment_count) {
        memcpy(out->environment, default_environment, sizeof(default_environment));
        out->environment_count = ARRAY_LENGTH(default_environment);
    }
    return OK;
}

/* To the program's standard error, wherever that is. */
static void complain(const char *subject, const char *why)
{
    char line[512];
    size_t length = format_string(line, sizeof(line), "cloudkernel: %s: %s\n", subject, why);
    length = MIN(length, sizeof(line) - 1);
    if (!channel_send(CHANNEL_STDERR, line, length)) log_raw(line, length);
}

static void set_end(struct container_end end)
{
    spin_lock(&container.queue.lock);
    container.end = end;
    container.has_ended = true;
    wait_wake_all_locked(&container.queue);
    spin_unlock(&container.queue.lock);
}

/* The program's own thread: everything that touches its space must run here. */
static void init_thread(void *argument)
{
    struct words *words = argument;
    struct process *p = words->process;
    struct exec_request request = {
        .path = words->arguments[0],
        .argument_count = words->argument_count,
        .arguments = words->arguments,
        .environment_count = words->environment_count,
        .environment = words->environment,
    };
    struct exec_entry entry;
    const char *why;
    thread_current()->process = p;
    err_t e = thread_fpu_create(thread_current());
    why = "not enough memory for its registers";
    if (!failed(e)) e = exec_load(p, &request, &entry, &why);
    if (failed(e)) complain(request.path, why);
    heap_free(words);
    if (failed(e)) {
        set_end((struct container_end){ CHANNEL_NOT_STARTED, (uint32_t)-e.code });
        thread_exit();
    }
    log_info("%s starts in ring 3 at %llx", p->path, (unsigned long long)entry.rip);
    fpu_reset(&thread_current()->fpu);
    fs_base_write(0);
    user_gs_base_write(0);
    interrupts_off();
    process_user_work(); /* a signal that came while it was loaded */
    user_enter(entry.rip, entry.rsp);
}

/* From here on signals reach the program. */
static void publish(struct process *p)
{
    struct container *c = &container;
    spin_lock(&c->queue.lock);
    c->init = p;
    uint32_t signal = c->early_signal;
    spin_unlock(&c->queue.lock);
    if (signal) container_signal(signal);
}

static err_t start(struct words *words)
{
    err_t e = process_create(words->arguments[0], &words->process);
    if (failed(e)) return e;
    struct process *p = words->process;
    p->thread = thread_create(p->name, init_thread, words);
    if (!p->thread) {
        process_destroy(p);
        return ERR_NO_MEMORY;
    }
    publish(p);
    return OK;
}

static struct container_end refuse(const char *subject, const char *why, err_t e)
{
    complain(subject, why);
    return (struct container_end){ CHANNEL_NOT_STARTED, (uint32_t)-e.code };
}

struct container_end container_run(const char *cmdline)
{
    struct container *c = &container;
    char limit_text[120];
    charge_start(frame_total_count());
    struct words *words = heap_alloc(sizeof(*words));
    if (!words) return refuse("container", "not enough memory for its command line", ERR_NO_MEMORY);
    err_t e = decode_words(cmdline, words);
    const char *subject = "command line", *why = NULL;
    if (failed(e))
        why = "malformed";
    else if (!words->argument_count)
        e = ERR_INVALID, why = "names no program behind `--`";
    else if (words->memory_limit.at) {
        e = memory_limit_set(words->memory_limit, limit_text, sizeof(limit_text));
        subject = "memory_limit", why = limit_text;
    }
    if (failed(e)) {
        heap_free(words);
        return refuse(subject, why, e);
    }

    user_trap_init();
    process_report_init();
    e = start(words);
    if (failed(e)) {
        heap_free(words);
        memory_limit_report();
        return refuse("container", "not enough memory to start a program", e); /* no other reason is known */
    }
    struct process *p = c->init;
    spin_lock(&c->queue.lock);
    while (!c->has_ended) wait_sleep_locked(&c->queue);
    c->init = NULL;
    spin_unlock(&c->queue.lock);
    thread_join(p->thread);
    process_destroy(p);
    memory_limit_report();
    return c->end;
}

void container_signal(uint32_t signal)
{
    struct container *c = &container;
    if (signal < 1 || signal > LINUX_NSIG) return;
    spin_lock(&c->queue.lock);
    if (!c->init && !c->early_signal) c->early_signal = signal;
    if (c->init && !c->has_ended && failed(process_signal(c->init, signal)))
        log_warning("signal %u has a handler, which cannot be run yet", signal);
    spin_unlock(&c->queue.lock);
}

void container_init_ended(struct process *process, uint32_t signal, uint32_t status)
{
    log_info("%s ended: %s %u", process->path, signal ? "signal" : "status", signal ? signal : status);
    if (process->is_out_of_memory)
        set_end((struct container_end){ CHANNEL_OUT_OF_MEMORY, LINUX_SIGKILL });
    else
        set_end(signal ? (struct container_end){ CHANNEL_SIGNALED, signal }
                       : (struct container_end){ CHANNEL_EXITED, status });
}
