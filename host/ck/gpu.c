/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/ck/beside.h"
#include "host/ck/report.h"

enum { VRAM_DEFAULT_MIB = 4096, VRAM_MIN_MIB = 64, VRAM_MAX_MIB = 256 << 10 };

bool gpu_parse(struct gpu_request *out, const char *text)
{
    static const char vram[] = "vram=";
    size_t length = strcspn(text, ",");
    const char *rest = text + length;
    *out = (struct gpu_request){ .is_given = true, .vram_bytes = (uint64_t)VRAM_DEFAULT_MIB << 20 };
    if (length == 0 || length >= sizeof out->engine) {
        report("--gpu %s: not a kind of GPU such as gfx900", text);
        return false;
    }
    memcpy(out->engine, text, length);
    if (*rest == '\0') return true;
    if (strncmp(++rest, vram, sizeof vram - 1) != 0) {
        report("--gpu %s: what follows the kind is not vram=SIZE", text);
        return false;
    }
    if (!parse_size("--gpu vram", rest + sizeof vram - 1, &out->vram_bytes)) return false;
    uint64_t mib = out->vram_bytes >> 20;
    if (mib >= VRAM_MIN_MIB && mib <= VRAM_MAX_MIB && out->vram_bytes % (2 << 20) == 0) return true;
    report("--gpu %s: a GPU may have 64M to 256G, a multiple of 2M", text);
    return false;
}

/* ---- starting ---- */

static char *ram_word(const struct memory_piece *piece, int ram_fd, int archive_fd)
{
    return must_format("%#llx:%#llx:%d:%#llx%s", (unsigned long long)piece->address,
                       (unsigned long long)piece->bytes, piece->is_archive ? archive_fd : ram_fd,
                       (unsigned long long)piece->offset, piece->is_archive ? ":ro" : "");
}

static void add_owned(struct string_list *list, const char *option, char *value)
{
    string_list_add(list, option);
    string_list_add(list, value);
    free(value);
}

static void add_arguments(const struct run_options *o, const struct memory_plan *memory,
                          const struct gpu_process *gpu, const char *program, int server_fd, int archive_fd,
                          int log_fd, struct string_list *out)
{
    struct memory_piece pieces[MEMORY_PIECES_MAX];
    uint32_t count = memory_plan_pieces(memory, o->machine, pieces);
    string_list_add(out, program);
    add_owned(out, "--engine", must_copy_string(o->gpu.engine));
    add_owned(out, "--vram", must_format("%llu", (unsigned long long)o->gpu.vram_bytes));
    add_owned(out, "--server-fd", must_format("%d", server_fd));
    if (log_fd >= 0) add_owned(out, "--log-fd", must_format("%d", log_fd));
    for (uint32_t i = 0; i < count; i++)
        add_owned(out, "--ram", ram_word(&pieces[i], gpu->ram_fd, archive_fd));
    out->items = must_realloc(out->items, (out->count + 1) * sizeof *out->items);
    out->items[out->count] = NULL;
}

static bool keep_open(int fd) { return fd < 0 || fcntl(fd, F_SETFD, 0) == 0; }

/* Between fork and exec: only calls that are safe there. */
static NORETURN void child(char *const *arguments, const int *fds, size_t count, int error_fd, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    bool is_ready = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && setpgid(0, 0) == 0 &&
                    sigprocmask(SIG_SETMASK, &none, NULL) == 0;
    for (size_t i = 0; i < count; i++) is_ready = is_ready && keep_open(fds[i]);
    if (is_ready && getppid() == parent) execv(arguments[0], arguments);
    int error = errno;
    (void)write_all(error_fd, &error, sizeof error);
    _exit(1);
}

/* 0: it runs. Else errno. */
static int error_of_exec(int fd)
{
    int error = 0;
    ssize_t count;
    do count = read(fd, &error, sizeof error);
    while (count < 0 && errno == EINTR);
    return error;
}

static bool spawn(struct gpu_process *gpu, char *const *arguments, const int *fds, size_t count)
{
    int exec_error[2];
    pid_t parent = getpid();
    if (pipe2(exec_error, O_CLOEXEC) < 0) {
        report_errno("cannot make a pipe to the GPU's process");
        return false;
    }
    gpu->pid = fork();
    if (gpu->pid == 0) child(arguments, fds, count, exec_error[1], parent);
    close(exec_error[1]);
    errno = gpu->pid < 0 ? errno : error_of_exec(exec_error[0]);
    close(exec_error[0]);
    if (errno == 0) return true;
    report_errno("cannot run %s for --gpu (build it, or set CK_CKDEV)", arguments[0]);
    if (gpu->pid > 0) (void)waitpid(gpu->pid, NULL, 0);
    gpu->pid = 0;
    return false;
}

static bool open_memory(struct gpu_process *gpu, uint64_t bytes)
{
    gpu->ram_fd = memfd_create("machine", MFD_CLOEXEC);
    if (gpu->ram_fd >= 0 && ftruncate(gpu->ram_fd, (off_t)bytes) == 0) return true;
    report_errno("cannot make the machine's memory, which it shares with the GPU");
    return false;
}

static void close_files(struct gpu_process *gpu)
{
    if (gpu->ram_fd >= 0) close(gpu->ram_fd);
    if (gpu->qemu_fd >= 0) close(gpu->qemu_fd);
}

bool gpu_start(const struct run_options *o, const struct memory_plan *memory, int archive_fd, int log_fd,
               struct gpu_process *out)
{
    int ends[2] = { -1, -1 };
    *out = (struct gpu_process){ 0, -1, -1 };
    if (!o->gpu.is_given) return true;
    char *program = path_beside_ck("CK_CKDEV", "ckdev");
    if (!program || !open_memory(out, memory->bytes - memory->archive_bytes)) goto fail;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
        report_errno("cannot make a socket between QEMU and the GPU's process");
        goto fail;
    }
    out->qemu_fd = ends[0];
    int fds[] = { ends[1], out->ram_fd, archive_fd, log_fd };
    struct string_list arguments = { 0 };
    add_arguments(o, memory, out, program, ends[1], archive_fd, log_fd, &arguments);
    bool is_running = spawn(out, arguments.items, fds, ARRAY_LENGTH(fds));
    string_list_free(&arguments);
    close(ends[1]);
    if (!is_running) goto fail;
    free(program);
    return true;

fail:
    close_files(out);
    free(program);
    return false;
}

void gpu_finish(struct gpu_process *gpu)
{
    int status;
    if (!gpu->pid) return;
    close_files(gpu); /* the last of QEMU's end: it has nobody to serve */
    while (waitpid(gpu->pid, &status, 0) < 0 && errno == EINTR) {}
    if (WIFSIGNALED(status)) report("the GPU's process was killed by signal %d", WTERMSIG(status));
}

void gpu_arguments(const struct gpu_process *gpu, struct string_list *out)
{
    if (!gpu->pid) return;
    add_owned(out, "-chardev", must_format("socket,id=gpu,fd=%d", gpu->qemu_fd));
    add_owned(out, "-device", must_copy_string("ivshmem-doorbell,chardev=gpu,vectors=2"));
}
