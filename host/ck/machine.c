/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/ck/report.h"

enum {
    PIPE_BYTES = 1 << 20, /* the most an ordinary user may ask for */
    CONSOLE_SET = 1,      /* QEMU's name for the file descriptor of the console */
};

static void add(struct string_list *list, const char *word) { string_list_add(list, word); }

static void add_pair(struct string_list *list, const char *option, const char *value)
{
    string_list_add(list, option);
    string_list_add(list, value);
}

static void add_owned(struct string_list *list, const char *option, char *value)
{
    add_pair(list, option, value);
    free(value);
}

/* With counting, all that moves is the instruction counter: the guest's clocks are derived from it,
 * idle time is skipped, and random numbers and string instructions with a cost of their own are off. */
static void add_accelerator(struct string_list *out, const struct run_options *o)
{
    add_pair(out, "-accel", o->cpus > 1 ? "tcg,thread=multi" : "tcg");
    if (!o->is_counting) {
        add_pair(out, "-cpu", "max");
        return;
    }
    add_pair(out, "-icount", "shift=0,sleep=off");
    add_pair(out, "-rtc", "base=2024-01-01,clock=vm");
    add_pair(out, "-seed", "1");
    add_pair(out, "-cpu", "max,-erms,-fsrm,-rdrand,-rdseed");
}

/* Memory that a GPU's process sees, too, is a file. */
static char *memory_object(const struct gpu_process *gpu, unsigned long long bytes)
{
    if (!gpu->pid) return must_format("memory-backend-ram,id=ram,size=%llu", bytes);
    return must_format("memory-backend-file,id=ram,size=%llu,share=on,mem-path=/proc/self/fd/%d", bytes,
                       gpu->ram_fd);
}

/* A mapped archive is a second node of memory behind the first, which has all CPUs. */
static void add_memory(struct string_list *out, const struct machine_config *config)
{
    const struct memory_plan *m = config->memory;
    unsigned long long bytes = m->bytes, archive = m->archive_bytes;
    add_owned(out, "-m", must_format("%lluK", bytes >> 10));
    if (!archive) {
        add_owned(out, "-initrd", must_format("/proc/self/fd/%d", config->archive_fd));
        if (!config->gpu->pid) return;
        add_owned(out, "-object", memory_object(config->gpu, bytes));
        add_pair(out, "-machine", "memory-backend=ram");
        return;
    }
    add_owned(out, "-object", memory_object(config->gpu, bytes - archive));
    add_owned(out, "-object",
              must_format("memory-backend-file,id=root,size=%llu,share=off,mem-path=/proc/self/fd/%d",
                          archive, config->archive_fd));
    add_owned(out, "-numa", must_format("node,memdev=ram,cpus=0-%u", config->options->cpus - 1));
    add_pair(out, "-numa", "node,memdev=root");
}

/* Random numbers of the host. They would not be the same twice, so a machine that counts has none. */
static void add_random(struct string_list *out, const char *transport)
{
    bool is_pci = strcmp(transport, "pci") == 0;
    add_pair(out, "-object", "rng-builtin,id=random");
    add_owned(out, "-device",
              must_format("virtio-rng-%s,rng=random%s", transport, is_pci ? ",disable-legacy=on" : ""));
}

void machine_arguments(const struct machine_config *config, int console_fd, struct string_list *out)
{
    static const char *const machines[] = {
        [MACHINE_MICROVM] = "microvm,x-option-roms=off,auto-kernel-cmdline=off",
        [MACHINE_Q35] = "q35",
    };
    const struct run_options *o = config->options;
    const char *program = getenv("CK_QEMU");
    add(out, program && *program ? program : "qemu-system-x86_64");
    add_pair(out, "-M", machines[o->machine]);
    if (o->machine == MACHINE_MICROVM && config->gpu->pid) add_pair(out, "-machine", "pcie=on");
    add(out, "-nodefaults");
    add(out, "-no-user-config");
    add(out, "-no-reboot");
    add_pair(out, "-display", "none");
    add_accelerator(out, o);
    add_owned(out, "-smp", must_format("%u", o->cpus));
    add_memory(out, config);
    add_pair(out, "-kernel", config->kernel_path);
    add_pair(out, "-append", config->cmdline);
    add_owned(out, "-add-fd", must_format("fd=%d,set=%d", console_fd, CONSOLE_SET));
    add_owned(out, "-chardev", must_format("file,id=console,append=on,path=/dev/fdset/%d", CONSOLE_SET));
    add_pair(out, "-device", "isa-serial,chardev=console,iobase=0x3f8,irq=4,index=0");
    add_pair(out, "-chardev", "stdio,id=channel,signal=off");
    add_pair(out, "-device", "isa-serial,chardev=channel,iobase=0x2f8,irq=3,index=1");
    add_pair(out, "-device", "isa-debug-exit,iobase=0xf4,iosize=4");
    /* Devices on a microvm's own transports speak virtio 1 only when told so. */
    const char *transport = o->machine == MACHINE_Q35 ? "pci" : "device";
    add_pair(out, "-global", "virtio-mmio.force-legacy=false");
    if (!o->is_counting) add_random(out, transport);
    network_arguments(&o->network, transport, out);
    gpu_arguments(config->gpu, out);
    for (size_t i = 0; i < o->qemu_extra.count; i++) add(out, o->qemu_extra.items[i]);
    out->items = must_realloc(out->items, (out->count + 1) * sizeof *out->items);
    out->items[out->count] = NULL;
}

/* ---- the child ---- */

struct pipes {
    int stdin_[2], stdout_[2], console[2], diagnostics[2];
    int exec_error[2]; /* empty when exec worked: it closes then */
};

static bool pipe_open(int fds[2], int bytes)
{
    if (pipe2(fds, O_CLOEXEC) < 0) return false;
    /* More room is better but not needed; the system's own size will do when it is refused. */
    if (bytes) (void)fcntl(fds[1], F_SETPIPE_SZ, bytes);
    return true;
}

static void close_pair(int fds[2])
{
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0) close(fds[i]);
}

static void pipes_close(struct pipes *p)
{
    close_pair(p->stdin_);
    close_pair(p->stdout_);
    close_pair(p->console);
    close_pair(p->diagnostics);
    close_pair(p->exec_error);
}

static bool pipes_open(struct pipes *p)
{
    *p = (struct pipes){ { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } };
    if (pipe_open(p->stdin_, 0) && pipe_open(p->stdout_, PIPE_BYTES) && pipe_open(p->console, PIPE_BYTES) &&
        pipe_open(p->diagnostics, 0) && pipe_open(p->exec_error, 0) &&
        fcntl(p->stdin_[1], F_SETFL, O_NONBLOCK) == 0)
        return true;
    report_errno("cannot make the pipes to QEMU");
    pipes_close(p);
    return false;
}

static bool keep_open(int fd) { return fd < 0 || fcntl(fd, F_SETFD, 0) == 0; }

/* Between fork and exec: only calls that are safe there. */
static NORETURN void child(const struct pipes *p, const struct machine_config *config, char *const *arguments,
                           pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    bool is_ready = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setpgid(0, 0) == 0 &&
                    dup2(p->stdin_[0], STDIN_FILENO) >= 0 && dup2(p->stdout_[1], STDOUT_FILENO) >= 0 &&
                    dup2(p->diagnostics[1], STDERR_FILENO) >= 0 && keep_open(p->console[1]) &&
                    keep_open(config->archive_fd) && keep_open(config->gpu->ram_fd) &&
                    keep_open(config->gpu->qemu_fd) && signal(SIGPIPE, SIG_DFL) != SIG_ERR &&
                    sigprocmask(SIG_SETMASK, &none, NULL) == 0;
    if (is_ready && getppid() == parent) execvp(arguments[0], arguments);
    int error = errno;
    (void)write_all(p->exec_error[1], &error, sizeof error);
    _exit(1);
}

/* True when QEMU's image runs; else `errno` says why it does not. */
static bool wait_for_exec(int fd)
{
    int error = 0;
    ssize_t count;
    do count = read(fd, &error, sizeof error);
    while (count < 0 && errno == EINTR);
    if (count == 0) return true;
    if (count == (ssize_t)sizeof error) errno = error;
    return false;
}

bool machine_start(const struct machine_config *config, struct machine *out)
{
    struct pipes p;
    if (!pipes_open(&p)) return false;
    struct string_list arguments = { 0 };
    machine_arguments(config, p.console[1], &arguments);

    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) child(&p, config, arguments.items, parent);
    if (pid < 0) {
        report_errno("cannot start a process for QEMU");
        goto close_pipes;
    }
    close(p.exec_error[1]);
    p.exec_error[1] = -1;
    if (!wait_for_exec(p.exec_error[0])) {
        report_errno("cannot run %s (install qemu-system-x86, or set CK_QEMU)", arguments.items[0]);
        (void)waitpid(pid, NULL, 0);
        goto close_pipes;
    }
    *out = (struct machine){ .pid = pid,
                             .to_guest = p.stdin_[1],
                             .from_guest = p.stdout_[0],
                             .console = p.console[0],
                             .diagnostics = p.diagnostics[0] };
    p.stdin_[1] = p.stdout_[0] = p.console[0] = p.diagnostics[0] = -1;
    pipes_close(&p);
    string_list_free(&arguments);
    return true;

close_pipes:
    pipes_close(&p);
    string_list_free(&arguments);
    return false;
}

int machine_finish(struct machine *m, uint32_t grace_ms)
{
    int status = 0;
    pid_t done = 0;
    for (uint32_t waited_ms = 0; (done = waitpid(m->pid, &status, WNOHANG)) == 0 && waited_ms < grace_ms;
         waited_ms++) {
        struct timespec turn = { .tv_nsec = 1000000 };
        nanosleep(&turn, NULL);
    }
    if (done == 0) {
        kill(m->pid, SIGKILL);
        while (waitpid(m->pid, &status, 0) < 0 && errno == EINTR) {}
    }
    close(m->to_guest);
    close(m->from_guest);
    close(m->console);
    close(m->diagnostics);
    return status;
}
