/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/ck/beside.h"
#include "host/ck/gpu.h"
#include "host/ck/guest_cmdline.h"
#include "host/ck/launch.h"
#include "host/ck/machine.h"
#include "host/ck/relay.h"
#include "host/ck/report.h"
#include "host/ck/rootfs.h"
#include "host/ck/stats.h"
#include "host/ck/terminal.h"
#include "host/ck/status.h"
#include "host/ck/tsc.h"

enum {
    COUNTING_TSC_KHZ = 1000000, /* -icount shift=0: one instruction is one nanosecond */
    GRACE_MS = 2000,            /* from the program's end to QEMU's: the log's last lines, the exit device */
    STDIN_WAIT_MS = 1000,       /* see look_at_stdin() */
};

/* What was found out about stdin before the machine started. */
struct stdin_state {
    bool has_stdin;
    uint8_t head[CHANNEL_STDIN_WINDOW];
    size_t head_bytes;
};

/* ---- preparing ---- */

/* Owned by the caller; NULL: reported. */
static char *find_kernel(void)
{
    char *path = path_beside_ck("CK_KERNEL", "kernel.elf");
    if (!path) return NULL;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        report_errno("%s: cannot open the kernel (build it, or set CK_KERNEL)", path);
    else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        report("%s: the kernel is not a file", path);
    else {
        close(fd);
        return path;
    }
    if (fd >= 0) close(fd);
    free(path);
    return NULL;
}

/* A program that reads nothing must count the same instructions every time, so the guest has to know at boot
 * that its stdin is empty: the news would reach it at a moment of its own. A writer that is only
 * slow gets a second; behind a terminal nobody is waited for. */
static bool look_at_stdin(struct stdin_state *s)
{
    s->has_stdin = true;
    s->head_bytes = 0;
    if (isatty(STDIN_FILENO)) return true;
    struct pollfd slot = { .fd = STDIN_FILENO, .events = POLLIN };
    if (poll(&slot, 1, STDIN_WAIT_MS) <= 0) return true;
    ssize_t count = read(STDIN_FILENO, s->head, sizeof s->head);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        report_errno("cannot read standard input");
        return false;
    }
    s->has_stdin = count != 0;
    s->head_bytes = count > 0 ? (size_t)count : 0;
    return true;
}

static int open_log(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) report_errno("%s: cannot write the log", path);
    return fd;
}

/* Descriptors 0 to 2 must be taken, or pipes and files of ours would end up there. */
static bool fill_standard_streams(void)
{
    int fd;
    do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0) return false;
    close(fd);
    return true;
}

/* ---- ending ---- */

static void show(const char *title, const struct buffer *text)
{
    if (buffer_bytes(text) == 0) return;
    report("%s", title);
    (void)write_all(STDERR_FILENO, buffer_front(text), buffer_bytes(text));
    if (buffer_front(text)[buffer_bytes(text) - 1] != '\n') (void)write_all(STDERR_FILENO, "\n", 1);
}

static void show_console(const struct run_options *o, const struct relay_result *result)
{
    if (o->is_verbose) return; /* it is on stderr already */
    show("the kernel's console ends with:", &result->console);
}

static void show_stats(const struct run_options *o, uint64_t tsc_khz, const char *program,
                       const struct buffer *stats)
{
    if (buffer_bytes(stats) == 0) {
        report("there are no statistics: the machine did not come to its end");
        return;
    }
    struct stats_view view = { .program = program, .is_counting = o->is_counting, .tsc_khz = tsc_khz };
    struct buffer text = { 0 };
    stats_print(&view, stats, &text);
    (void)write_all(STDERR_FILENO, "ck: ", 4);
    (void)write_all(STDERR_FILENO, buffer_front(&text), buffer_bytes(&text) - 1);
    buffer_free(&text);
}

static int status_of_exit(const struct run_options *o, const struct relay_result *result, const char *program)
{
    uint32_t status = result->exit.status;
    switch ((enum channel_exit_kind)result->exit.kind) {
    case CHANNEL_EXITED: return (int)status;
    case CHANNEL_SIGNALED: return STATUS_SIGNAL_BASE + (int)status;
    case CHANNEL_OUT_OF_MEMORY:
        report("%s: ended for want of memory; see %s", program,
               o->memory_limit_bytes ? "--memory-limit and --memory" : "--memory");
        return STATUS_SIGNAL_BASE + (int)status;
    case CHANNEL_NOT_STARTED:
        if (!result->wrote_stderr) report("%s: cannot be started: %s", program, strerror((int)status));
        return status == ENOENT || status == ENOTDIR ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
    case CHANNEL_PANIC: break;
    }
    report("the kernel failed");
    show_console(o, result);
    return STATUS_KERNEL_FAILED;
}

static void report_qemu_end(int wait_status)
{
    if (WIFSIGNALED(wait_status))
        report("QEMU was killed by signal %d", WTERMSIG(wait_status));
    else
        report("QEMU ended with status %d", WEXITSTATUS(wait_status));
}

/* QEMU is gone and the kernel did not say goodbye. A kernel that had begun to speak is to blame, on its
 * console or on the channel; otherwise QEMU is. */
static int status_of_silence(const struct run_options *o, const struct relay_result *result, int wait_status)
{
    bool is_kernel = (result->has_hello || buffer_bytes(&result->console) > 0) && WIFEXITED(wait_status);
    if (result->why[0]) report("the machine stopped in the middle of its output: %s", result->why);
    if (is_kernel)
        report("the machine stopped or reset itself before the program had ended");
    else
        report_qemu_end(wait_status);
    show_console(o, result);
    if (!result->has_hello) show("QEMU's output:", &result->noise);
    show("QEMU said:", &result->diagnostics);
    return is_kernel ? STATUS_KERNEL_FAILED : STATUS_CK_FAILED;
}

static int judge(const struct run_options *o, const struct relay_result *result, int wait_status,
                 const char *program)
{
    switch (result->end) {
    case RELAY_EXIT: return status_of_exit(o, result, program);
    case RELAY_CLOSED: return status_of_silence(o, result, wait_status);
    case RELAY_BROKEN:
        report("the kernel broke the channel's protocol: %s", result->why);
        show_console(o, result);
        return STATUS_CK_FAILED;
    case RELAY_SILENT:
        report("the kernel did not come up: nothing on the channel for a minute");
        show_console(o, result);
        show("QEMU said:", &result->diagnostics);
        return STATUS_CK_FAILED;
    case RELAY_TIMED_OUT:
        report("stopped after the %g s of --timeout", (double)o->timeout_ns / 1e9);
        return STATUS_TIMED_OUT;
    case RELAY_INTERRUPTED: return STATUS_SIGNAL_BASE + result->signal;
    case RELAY_OUTPUT_GONE: return STATUS_SIGNAL_BASE + SIGPIPE;
    case RELAY_HOST_FAILED: break;
    }
    return STATUS_CK_FAILED;
}

/* ---- running ---- */

static int run_machine(const struct machine_config *config, const struct stdin_state *input, int log_fd,
                       const char *program)
{
    const struct run_options *o = config->options;
    struct machine machine;
    if (!machine_start(config, &machine)) return STATUS_CK_FAILED;

    struct relay_config relay = { .machine = &machine,
                                  .has_stdin = input->has_stdin,
                                  .has_terminal = o->has_terminal,
                                  .never_block_guest = o->is_counting,
                                  .deadline_ns = o->timeout_ns ? monotonic_ns() + o->timeout_ns : UINT64_MAX,
                                  .log_fd = log_fd,
                                  .is_verbose = o->is_verbose,
                                  .stdin_head = input->head,
                                  .stdin_head_bytes = input->head_bytes };
    struct relay_result result = { 0 };
    if (o->has_terminal) terminal_make_raw();
    relay_run(&relay, &result);
    terminal_restore();
    bool ends_itself = result.end == RELAY_EXIT || result.end == RELAY_CLOSED;
    if (!ends_itself) kill(machine.pid, SIGKILL);
    bool is_ending = relay_drain(&relay, GRACE_MS, &result);
    int wait_status = machine_finish(&machine, is_ending ? GRACE_MS : 0);

    int status = judge(o, &result, wait_status, program);
    if (o->wants_stats) show_stats(o, config->tsc_khz, program, &result.stats);
    buffer_free(&result.stats);
    buffer_free(&result.console);
    buffer_free(&result.diagnostics);
    buffer_free(&result.noise);
    return status;
}

struct decision {
    const struct run_options *options;
    struct launch *launch;
};

static bool decide(void *context, struct rootfs *rootfs)
{
    struct decision *d = context;
    return launch_decide(d->launch, d->options, rootfs);
}

/* The program of the host is the one file of its root, under its last name. */
static int open_program(const struct run_options *o, struct launch *out, uint64_t *out_bytes, int *out_status)
{
    char *program;
    int fd = rootfs_open_program(o->arguments[0], out_bytes, &program, out_status);
    if (fd < 0) return fd;
    if (launch_decide(out, o, NULL)) {
        free(out->command.items[0]);
        out->command.items[0] = program;
        return fd;
    }
    free(program);
    close(fd);
    return -1;
}

/* The archive in its descriptor, and what is started from it. -1: *out_status. */
static int open_archive(const struct run_options *o, struct launch *out, struct memory_plan *out_memory,
                        int *out_status)
{
    uint64_t bytes = 0;
    struct decision decision = { o, out };
    *out_status = STATUS_CK_FAILED;
    int fd = o->rootfs ? rootfs_open(o->rootfs, decide, &decision, &bytes)
                       : open_program(o, out, &bytes, out_status);
    if (fd < 0 || memory_plan_make(o, fd, bytes, o->rootfs ? o->rootfs : o->arguments[0], out_memory))
        return fd;
    close(fd);
    return -1;
}

int run_program(struct run_options *o)
{
    struct tsc_sample tsc_start = tsc_sample_now();
    if (!fill_standard_streams()) return STATUS_CK_FAILED;
    signal(SIGPIPE, SIG_IGN);

    int status = STATUS_CK_FAILED, log_fd = -1, archive_fd = -1;
    struct memory_plan memory;
    struct gpu_process gpu = { 0, -1, -1 };
    struct launch launch = { 0 };
    char *cmdline = NULL, *kernel_path = find_kernel();
    struct stdin_state input = { .has_stdin = true };
    if (!kernel_path) goto done;
    archive_fd = open_archive(o, &launch, &memory, &status);
    if (archive_fd < 0) goto done;
    status = STATUS_CK_FAILED;
    if (o->log_path && (log_fd = open_log(o->log_path)) < 0) goto done;
    if (o->is_counting && !look_at_stdin(&input)) goto done;
    if (!network_open_ports(&o->network)) goto done;
    if (!gpu_start(o, &memory, archive_fd, log_fd >= 0 || !o->is_verbose ? log_fd : STDERR_FILENO, &gpu))
        goto done;
    struct guest_cmdline facts = { .options = o,
                                   .memory = &memory,
                                   .tsc_khz = o->is_counting ? COUNTING_TSC_KHZ : tsc_khz_since(tsc_start),
                                   .has_stdin = input.has_stdin,
                                   .launch = &launch };
    cmdline = guest_cmdline_create(&facts);
    if (!cmdline) goto done;
    struct machine_config config = {
        .options = o,
        .kernel_path = kernel_path,
        .memory = &memory,
        .archive_fd = archive_fd,
        .gpu = &gpu,
        .cmdline = cmdline,
        .tsc_khz = facts.tsc_khz,
    };
    status = run_machine(&config, &input, log_fd, launch.command.items[0]);

done:
    gpu_finish(&gpu);
    if (log_fd >= 0) close(log_fd);
    if (archive_fd >= 0) close(archive_fd);
    free(cmdline);
    launch_free(&launch);
    free(kernel_path);
    return status;
}
