/* SPDX-License-Identifier: Apache-2.0 */
#include "container/container.h"

#include "abi/boot_info.h"
#include "container/channel.h"
#include "container/memory_limit.h"
#include "container/network.h"
#include "container/stats.h"
#include "container/stdio.h"
#include "core/log.h"
#include "core/time.h"
#include "device/console.h"
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/path.h"
#include "ipc/semaphore_set.h"
#include "lib/cmdline.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "process/exec.h"
#include "process/identity.h"
#include "process/init.h"
#include "process/user_thread.h"
#include "sched/wait.h"

/* The decoded words of the command line; each needs at least one byte and a separator there. */
/* Of the arguments; of the environment there cannot be more, each begins with " env=". */
enum { WORDS_MAX = BOOT_CMDLINE_MAX / 5 };

struct container {
    struct wait_queue queue; /* its lock guards the rest; the boot thread sleeps on it */
    struct process *init;    /* NULL before it starts and after it ended */
    struct words *words;     /* what init is to run, until it does */
    uint32_t early_signal;   /* the first one that came before init; 0: none */
    bool is_refused;         /* init could not be loaded, and `end` says why */
    bool has_ended;
    struct container_end end;
};
static struct container container = { .queue = WAIT_QUEUE_INIT(container.queue) };

/* Word lists in one allocation: the pointers, then the text they point to. */
struct words {
    struct cmdline_text memory_limit; /* `at` is NULL when there is none */
    const char *workdir, *user;       /* NULL: the root, root */
    uint32_t argument_count, environment_count;
    const char *arguments[WORDS_MAX], *environment[WORDS_MAX];
    char text[BOOT_CMDLINE_MAX];
};

static const char *const default_environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/",
};

/* Where the value of an option that is text for the program goes; NULL: the word is none. */
static const char **place_of(struct cmdline_text word, struct cmdline_text *out_value, struct words *out)
{
    if (cmdline_option_is(word, "env", out_value)) return &out->environment[out->environment_count++];
    if (cmdline_option_is(word, "cwd", out_value)) return &out->workdir;
    if (cmdline_option_is(word, "user", out_value)) return &out->user;
    return NULL;
}

static err_t decode_words(const char *cmdline, struct words *out)
{
    struct cmdline_text word, value;
    size_t used = 0, length;
    out->argument_count = out->environment_count = 0;
    out->memory_limit.at = NULL;
    out->workdir = out->user = NULL;
    struct cmdline_words w = cmdline_options(cmdline);
    while (cmdline_next(&w, &word)) {
        if (cmdline_option_is(word, "memory_limit", &value)) out->memory_limit = value;
        const char **place = place_of(word, &value, out);
        if (!place) continue;
        err_t e = cmdline_decode(value, out->text + used, sizeof(out->text) - used, &length);
        if (failed(e)) return e;
        *place = out->text + used;
        used += length + 1;
    }
    for (w = cmdline_program_after(w); cmdline_next(&w, &word);) {
        err_t e = cmdline_decode(word, out->text + used, sizeof(out->text) - used, &length);
        if (failed(e)) return e;
        if (out->argument_count == WORDS_MAX) return ERR_ARGS_TOO_LONG;
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

static err_t load(struct process *p, const struct words *words, struct exec_entry *entry)
{
    struct exec_request request = {
        .path = words->arguments[0],
        .argument_count = words->argument_count,
        .arguments = words->arguments,
        .environment_count = words->environment_count,
        .environment = words->environment,
    };
    struct exec_image image;
    struct exec_failure failure;
    err_t e = exec_load(p->fs, p->limits, &request, &image, &failure);
    if (failed(e)) {
        char subject[2 * EXEC_FAILURE_NAME_MAX];
        const char *between = failure.interpreter[0] ? ": its interpreter " : "";
        format_string(subject, sizeof(subject), "%s%s%s", request.path, between, failure.interpreter);
        complain(subject, failure.why);
        /* Not found means the program itself to whoever reads the status. */
        return failure.interpreter[0] ? ERR_EXEC_FORMAT : e;
    }
    exec_commit(&image);
    *entry = image.entry;
    return OK;
}

/* Where the program begins. */
static err_t enter_workdir(struct process *p, const char *path)
{
    struct vnode *v;
    struct path_from from = { .context = p->fs };
    err_t e = path_get_vnode(&from, path, WALK_FOLLOW | WALK_DIRECTORY, &v);
    if (failed(e)) return e;
    fs_context_set_cwd(p->fs, v);
    vnode_put(v);
    return OK;
}

/* UID:GID: whom it runs as. */
static err_t become_user(const char *numbers)
{
    char text[24];
    uint64_t uid, gid;
    size_t length = strlen(numbers);
    if (length >= sizeof(text)) return ERR_INVALID;
    memcpy(text, numbers, length + 1);
    char *colon = strchr(text, ':');
    if (!colon) return ERR_INVALID;
    *colon = 0;
    if (failed(cmdline_parse_number(text, &uid)) || failed(cmdline_parse_number(colon + 1, &gid)) ||
        uid >= UINT32_MAX || gid >= UINT32_MAX)
        return ERR_INVALID;
    struct credentials *c = identity_copy();
    if (!c) return ERR_NO_MEMORY;
    err_t e = identity_set_gid(c, (uint32_t)gid);
    if (!failed(e)) e = identity_set_uid(c, (uint32_t)uid);
    if (failed(e))
        credentials_put(c);
    else
        identity_commit(c);
    return e;
}

/* Who and where the program is, then the program. */
static err_t prepare(struct process *p, const struct words *words, struct exec_entry *entry)
{
    err_t e = words->workdir ? enter_workdir(p, words->workdir) : OK;
    if (failed(e)) {
        complain(words->workdir, "the program cannot begin in this folder");
        return e;
    }
    e = words->user ? become_user(words->user) : OK;
    if (failed(e)) {
        complain(words->user, "not UID:GID");
        return e;
    }
    return load(p, words, entry);
}

/* The first process's own thread: everything that touches its space must run here. */
static void init_thread(void *argument)
{
    struct user_thread *thread = argument;
    struct process *p = thread->process;
    struct container *c = &container;
    struct exec_entry entry;
    stdio_take_terminal();
    err_t e = prepare(p, c->words, &entry);
    heap_free(c->words);
    if (failed(e)) {
        c->is_refused = true;
        c->end = (struct container_end){ CHANNEL_NOT_STARTED, (uint32_t)-e.code };
        process_end(0);
    }
    log_info("%s starts in ring 3 at %llx", p->path, (unsigned long long)entry.rip);
    struct trap_frame frame = trap_frame_of_program(entry.rip, entry.rsp);
    trap_resume(&frame);
}

static err_t open_standard_streams(struct process *p)
{
    for (uint32_t fd = 0; fd < 3; fd++) {
        struct file *file = stdio_open(p->fs, fd);
        if (!file) return ERR_NO_MEMORY;
        uint32_t got;
        err_t e = fd_reserve(p->files, fd, FD_LIMIT_DEFAULT, false, &got);
        if (failed(e)) {
            file_put(file);
            return e;
        }
        fd_install(p->files, got, file);
    }
    return OK;
}

/* From here on signals reach the program: one that is sent to a process without a thread is lost. */
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
    struct process *p;
    struct user_thread *thread = NULL;
    err_t e = process_create_init(words->arguments[0], &p);
    if (failed(e)) return e;
    container_network_prepare(p->fs);
    e = open_standard_streams(p);
    if (!failed(e)) e = user_thread_create(p, p->id, init_thread, &thread);
    if (failed(e)) {
        process_discard_init(p);
        return e;
    }
    container.words = words;
    stats_begin();
    process_start_init(p, thread);
    publish(p);
    return OK;
}

static struct container_end end_of(const struct process *p, uint32_t wait_status)
{
    uint32_t signal = wait_status & 0x7f, code = wait_status >> 8 & 0xff;
    log_info("%s ended: %s %u", p->path, signal ? "signal" : "status", signal ? signal : code);
    if (p->is_out_of_memory) return (struct container_end){ CHANNEL_OUT_OF_MEMORY, LINUX_SIGKILL };
    return signal ? (struct container_end){ CHANNEL_SIGNALED, signal }
                  : (struct container_end){ CHANNEL_EXITED, code };
}

static void init_ended(struct process *p, uint32_t wait_status)
{
    struct container *c = &container;
    if (!c->is_refused) c->end = end_of(p, wait_status);
    spin_lock(&c->queue.lock);
    c->has_ended = true;
    wait_wake_all_locked(&c->queue);
    spin_unlock(&c->queue.lock);
}

static struct container_end refuse(const char *subject, const char *why, err_t e)
{
    complain(subject, why);
    return (struct container_end){ CHANNEL_NOT_STARTED, (uint32_t)-e.code };
}

/* Until what is left of the container's threads is freed, too, which their CPUs do after the last instruction of each. */
static void wait_for_threads(void)
{
    while (thread_count_of_processes()) thread_sleep_until_ns(time_now_ns() + 100000);
}

static void wait_for_end(void)
{
    struct container *c = &container;
    spin_lock(&c->queue.lock);
    while (!c->has_ended) wait_sleep_locked(&c->queue);
    struct process *p = c->init;
    c->init = NULL;
    spin_unlock(&c->queue.lock);
    process_end_all(p);
    wait_for_threads();
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

    process_init();
    process_tell_out_of_memory = memory_limit_tell;
    process_init_ended = init_ended;
    process_undo_semaphores = semaphore_set_undo;
    e = start(words);
    if (failed(e)) {
        heap_free(words);
        memory_limit_report();
        return refuse("container", "not enough memory to start a program", e); /* no other reason is known */
    }
    wait_for_end();
    memory_limit_report();
    return c->end;
}

void container_signal(uint32_t signal)
{
    struct container *c = &container;
    if (signal < 1 || signal > LINUX_NSIG) return;
    spin_lock(&c->queue.lock);
    if (!c->init && !c->early_signal) c->early_signal = signal;
    if (c->init && !c->has_ended) signal_send_number(c->init, signal);
    spin_unlock(&c->queue.lock);
}
