/* SPDX-License-Identifier: Apache-2.0 */
/* Locking: one thread. It shares nothing with the engine but the window and eventfds, and it writes the state only
 * while no engine runs, but for READY. */
#define _GNU_SOURCE
#include "host/ckdev/supervisor.h"

#include "host/ckdev/log.h"
#include "host/ckdev/window.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_PROTOCOL = 3 }; /* of the engine: the kernel broke the protocol */

struct supervisor {
    const struct supervisor_config *config;
    struct gpu_registers *registers;
    struct ivshmem ivshmem;
    pid_t engine; /* 0: none */
    int engine_fd;
    uint32_t generation;
};

static void set_state(struct supervisor *supervisor, enum gpu_state state, enum gpu_failure failure)
{
    struct gpu_registers *registers = supervisor->registers;
    __atomic_store_n(&registers->failure, failure, __ATOMIC_RELAXED);
    __atomic_store_n(&registers->generation, supervisor->generation, __ATOMIC_RELAXED);
    __atomic_store_n(&registers->state, state, __ATOMIC_RELEASE);
    (void)eventfd_write(supervisor->ivshmem.interrupts[GPU_INTERRUPT_STATE], 1);
}

/* ---- the engine's process ---- */

/* Does not return. */
static void be_engine(const struct supervisor *supervisor, int ready_fd, pid_t parent)
{
    struct device_config config = supervisor->config->device;
    /* An engine without a supervisor would run for nobody. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(EXIT_FAILURE);
    prctl(PR_SET_TIMERSLACK, 1000);
    config.kick_fd = supervisor->ivshmem.kicks[GPU_KICK_WORK];
    config.interrupt_fd = supervisor->ivshmem.interrupts[GPU_INTERRUPT_EVENTS];
    struct device *device = device_create(&config);
    if (!device) {
        log_line("no memory or no threads for an engine");
        _exit(EXIT_FAILURE);
    }
    if (write(ready_fd, "r", 1) != 1) _exit(EXIT_FAILURE);
    close(ready_fd);
    enum gpu_failure failure = device_run(device);
    _exit(failure == GPU_FAILURE_PROTOCOL ? EXIT_PROTOCOL : EXIT_FAILURE);
}

static bool wait_until_ready(int ready_fd)
{
    char byte;
    ssize_t got;
    do got = read(ready_fd, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got == 1;
}

static void reap_engine(struct supervisor *supervisor, enum gpu_failure why)
{
    int status = 0;
    while (waitpid(supervisor->engine, &status, 0) < 0 && errno == EINTR) continue;
    if (why != GPU_FAILURE_RESET) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PROTOCOL) why = GPU_FAILURE_PROTOCOL;
        log_line("generation %u: the engine has ended: %s %d", supervisor->generation,
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    close(supervisor->engine_fd);
    supervisor->engine = 0;
    supervisor->engine_fd = -1;
    set_state(supervisor, GPU_STATE_LOST, why);
}

/* A new generation, from STARTING to READY, or to LOST. */
static void start_engine(struct supervisor *supervisor)
{
    const struct supervisor_config *config = supervisor->config;
    int ready[2];
    pid_t parent = getpid();
    supervisor->generation++;
    window_clear(config->device.window, config->device.memory.vram_bytes);
    window_lay_out(supervisor->registers, &config->identity, config->device.memory.vram_bytes);
    set_state(supervisor, GPU_STATE_STARTING, GPU_FAILURE_NONE);
    if (pipe2(ready, 0) != 0) {
        log_line("no pipe for an engine: %s", strerror(errno));
        set_state(supervisor, GPU_STATE_LOST, GPU_FAILURE_CRASHED);
        return;
    }
    pid_t engine = fork();
    if (engine == 0) {
        close(ready[0]);
        be_engine(supervisor, ready[1], parent);
    }
    close(ready[1]);
    bool is_ready = engine > 0 && wait_until_ready(ready[0]);
    close(ready[0]);
    supervisor->engine = engine > 0 ? engine : 0;
    supervisor->engine_fd = engine > 0 ? (int)syscall(SYS_pidfd_open, engine, 0) : -1;
    if (is_ready && supervisor->engine_fd >= 0) {
        set_state(supervisor, GPU_STATE_READY, GPU_FAILURE_NONE);
        return;
    }
    if (engine < 0) {
        log_line("no process for an engine: %s", strerror(errno));
        set_state(supervisor, GPU_STATE_LOST, GPU_FAILURE_CRASHED);
        return;
    }
    kill(engine, SIGKILL);
    reap_engine(supervisor, GPU_FAILURE_CRASHED);
}

/* The kernel's wish counts unless it names a generation that is over: a kick may come late, or from nowhere. One that was
 * not yet is what an engine has lied to the kernel, which goes on from there. */
static void reset(struct supervisor *supervisor)
{
    uint32_t wish = __atomic_load_n(&supervisor->registers->reset_request, __ATOMIC_ACQUIRE);
    if ((int32_t)(wish - supervisor->generation) < 0) return;
    supervisor->generation = wish;
    log_line("generation %u: the kernel resets the device", wish);
    if (supervisor->engine) {
        kill(supervisor->engine, SIGKILL);
        reap_engine(supervisor, GPU_FAILURE_RESET);
    }
    start_engine(supervisor);
}

/* ---- QEMU ---- */

static void serve(struct supervisor *supervisor)
{
    enum { KICK, ENGINE, MACHINE, FDS };
    while (true) {
        struct pollfd fds[FDS] = {
            [KICK] = { .fd = supervisor->ivshmem.kicks[GPU_KICK_RESET], .events = POLLIN },
            [ENGINE] = { .fd = supervisor->engine ? supervisor->engine_fd : -1, .events = POLLIN },
            [MACHINE] = { .fd = supervisor->config->connection, .events = POLLIN | POLLRDHUP },
        };
        if (poll(fds, FDS, -1) < 0) continue;
        /* QEMU says nothing on this socket, so whatever happens there is its end. */
        if (fds[MACHINE].revents) return;
        if (fds[ENGINE].revents) reap_engine(supervisor, GPU_FAILURE_CRASHED);
        if (fds[KICK].revents) {
            eventfd_t count;
            (void)eventfd_read(fds[KICK].fd, &count);
            reset(supervisor);
        }
    }
}

int supervisor_run(const struct supervisor_config *config)
{
    struct supervisor supervisor = {
        .config = config,
        .registers = (struct gpu_registers *)config->device.window,
        .engine_fd = -1,
    };
    if (failed(ivshmem_init(&supervisor.ivshmem))) {
        log_line("no eventfds: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    /* Before the machine is there: its kernel need not wait for it. */
    start_engine(&supervisor);
    err_t e = ivshmem_greet(&supervisor.ivshmem, config->connection, config->window_fd);
    if (failed(e)) log_line("no machine: %s", err_text(e));
    if (!failed(e)) serve(&supervisor);
    if (supervisor.engine) {
        kill(supervisor.engine, SIGKILL);
        waitpid(supervisor.engine, NULL, 0);
    }
    return failed(e) ? EXIT_FAILURE : EXIT_SUCCESS;
}
