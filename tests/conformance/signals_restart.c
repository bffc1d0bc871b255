/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that sleep when a signal comes: which are interrupted, which go on. A thread sends signals again and
 * again, since nobody can see whether the call sleeps yet; when ten have been handled and the call goes on, the
 * thread ends it by giving it what it waits for. */
#include "tests/conformance/tasks.h"

#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

enum { ENOUGH = 10, SLEEP_MS = 250 };

static _Atomic int handled, is_inside, is_over;
static int pipe_in, pipe_out, full_in, full_out, event, counter, timer, signals;
static _Atomic int word;
static pid_t child, main_thread;
static char page[4096];

static void note(int signal)
{
    (void)signal;
    handled++;
}

/* ---- calls, and what lets each of them end ---- */

static long sleep_for(int clock, int flags)
{
    struct timespec t = flags ? after_ms(clock, SLEEP_MS) : span(SLEEP_MS * (int64_t)MS);
    int error = clock_nanosleep(clock, flags, &t, NULL);
    errno = error;
    return error ? -1 : 0;
}
static long do_nanosleep(void)
{
    struct timespec t = span(SLEEP_MS * (int64_t)MS);
    return nanosleep(&t, NULL);
}
static long do_clock_nanosleep(void) { return sleep_for(CLOCK_MONOTONIC, 0); }
static long do_sleep_until(void) { return sleep_for(CLOCK_REALTIME, TIMER_ABSTIME); }
static long do_read_pipe(void) { return read(pipe_in, page, 8); }
static long do_readv_pipe(void)
{
    struct iovec piece = { page, 8 };
    return readv(pipe_in, &piece, 1);
}
static long do_write_pipe(void) { return write(full_out, page, sizeof page); }
static long do_read_event(void)
{
    uint64_t n;
    return read(event, &n, 8);
}
static long do_write_event(void)
{
    uint64_t n = 5;
    return write(counter, &n, 8);
}
static long do_read_timer(void)
{
    uint64_t n;
    return read(timer, &n, 8);
}
static long do_read_signals(void)
{
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof info);
}
static long do_futex(void) { return futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0); }
static long do_futex_until(void)
{
    struct timespec until = after_ms(CLOCK_MONOTONIC, SLEEP_MS);
    return futex(&word, FUTEX_WAIT_BITSET, 0, &until, NULL, 1);
}
static long do_futex_for(void)
{
    struct timespec t = span(SLEEP_MS * (int64_t)MS);
    return futex(&word, FUTEX_WAIT, 0, &t, NULL, 0);
}
static long do_wait4(void) { return wait4(child, NULL, 0, NULL) == child ? 1 : -1; }
static long do_waitid(void)
{
    siginfo_t info;
    return waitid(P_PID, (id_t)child, &info, WEXITED);
}
static struct pollfd polled = { -1, POLLIN, 0 };
static long do_poll(void) { return polled.fd = pipe_in, poll(&polled, 1, -1); }
static long do_poll_for(void) { return polled.fd = pipe_in, poll(&polled, 1, 5000); }
static long do_ppoll(void) { return polled.fd = pipe_in, ppoll(&polled, 1, NULL, NULL); }
static long do_select(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_in, &set);
    return select(pipe_in + 1, &set, NULL, NULL, NULL);
}
static long do_pselect(void)
{
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe_in, &set);
    return pselect(pipe_in + 1, &set, NULL, NULL, NULL, NULL);
}
static long do_sigsuspend(void)
{
    sigset_t none = set_of(0);
    return sigsuspend(&none);
}
static long do_pause(void) { return pause(); }
/* Not by the C library, which may go on where the kernel does not. */
static long do_sigtimedwait(void)
{
    uint64_t set = bit_of(SIGUSR2);
    struct timespec t = { 5, 0 };
    return syscall(SYS_rt_sigtimedwait, &set, NULL, &t, 8);
}
static long do_sigwaitinfo(void)
{
    uint64_t set = bit_of(SIGUSR2);
    return syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8);
}

static void feed_pipe(void)
{
    if (write(pipe_out, page, 8) != 8) exit(97);
}
static void drain_pipe(void)
{
    if (read(full_in, page, sizeof page) != sizeof page) exit(97);
}
static void feed_event(void)
{
    uint64_t n = 1;
    if (write(event, &n, 8) != 8) exit(97);
}
static void drain_counter(void)
{
    uint64_t n;
    if (read(counter, &n, 8) != 8) exit(97);
}
static void set_timer(void)
{
    struct itimerspec t = { { 0, 0 }, { 0, 1 } };
    timerfd_settime(timer, 0, &t, NULL);
}
static void send_other(void) { syscall(SYS_tgkill, getpid(), main_thread, SIGUSR2); }
static void wake(void) { futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0); }
static void end_child(void) { kill(child, SIGKILL); }
static void do_nothing(void) {}

static const struct {
    const char *name;
    long (*call)(void);
    void (*finish)(void);
} calls[] = {
    { "nanosleep", do_nanosleep, do_nothing },
    { "clock_nanosleep", do_clock_nanosleep, do_nothing },
    { "clock_nanosleep until", do_sleep_until, do_nothing },
    { "read of a pipe", do_read_pipe, feed_pipe },
    { "readv of a pipe", do_readv_pipe, feed_pipe },
    { "write to a full pipe", do_write_pipe, drain_pipe },
    { "read of an eventfd", do_read_event, feed_event },
    { "write to a full eventfd", do_write_event, drain_counter },
    { "read of a timerfd", do_read_timer, set_timer },
    { "read of a signalfd", do_read_signals, send_other },
    { "futex", do_futex, wake },
    { "futex until", do_futex_until, do_nothing },
    { "futex for a while", do_futex_for, do_nothing },
    { "wait4", do_wait4, end_child },
    { "waitid", do_waitid, end_child },
    { "poll", do_poll, feed_pipe },
    { "poll for a while", do_poll_for, feed_pipe },
    { "ppoll", do_ppoll, feed_pipe },
    { "select", do_select, feed_pipe },
    { "pselect", do_pselect, feed_pipe },
    { "sigsuspend", do_sigsuspend, do_nothing },
    { "pause", do_pause, do_nothing },
    { "sigtimedwait", do_sigtimedwait, send_other },
    { "sigwaitinfo", do_sigwaitinfo, send_other },
};

static const char *result_text(long result)
{
    return result < 0 ? error_name((int)-result) : result == 0 ? "goes on to its end" : "goes on to a result";
}

/* ---- handlers ---- */

struct sender {
    void (*finish)(void);
    int signal, enough;
};
static long send_signals(void *argument)
{
    struct sender *s = argument;
    becomes(&is_inside, 1);
    handled = 0;
    for (int i = 0; i < LONG_MS / 2 && !is_over; i++) {
        if (handled >= s->enough) break;
        syscall(SYS_tgkill, getpid(), main_thread, s->signal);
        pause_ms(2);
    }
    for (int i = 0; i < LONG_MS && !is_over; i++) {
        if (i % 100 == 0) s->finish();
        pause_ms(1);
    }
    return 0;
}
static int sleep_child(void *argument)
{
    (void)argument;
    pause_ms(LONG_MS);
    return 0;
}
static void make_files(void)
{
    int fds[2];
    uint64_t full = UINT64_MAX - 1;
    if (pipe(fds) != 0) give_up("pipe");
    pipe_in = fds[0];
    pipe_out = fds[1];
    if (pipe(fds) != 0) give_up("pipe");
    full_in = fds[0];
    full_out = fds[1];
    fcntl(full_out, F_SETFL, O_NONBLOCK);
    while (write(full_out, page, sizeof page) > 0) {}
    fcntl(full_out, F_SETFL, 0);
    event = eventfd(0, 0);
    counter = eventfd(0, 0);
    timer = timerfd_create(CLOCK_MONOTONIC, 0);
    sigset_t set = set_of(SIGUSR2);
    signals = signalfd(-1, &set, 0);
    if (write(counter, &full, 8) != 8 || timer < 0 || signals < 0) give_up("files");
}
static void drop_files(void)
{
    for (int fd = 3; fd < 32; fd++) close(fd);
    sigset_t set = set_of(SIGUSR2);
    struct timespec none = { 0, 0 };
    while (sigtimedwait(&set, NULL, &none) > 0) {}
}

static void interrupted(int flags)
{
    static struct worker worker;
    struct sender sender = { .signal = SIGUSR1, .enough = ENOUGH };
    printf("-- %s\n", flags ? "SA_RESTART" : "without SA_RESTART");
    catch_with(SIGUSR1, note, flags);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        make_files();
        bool needs_child = calls[i].finish == end_child;
        if (needs_child) child = start_child(sleep_child, NULL);
        is_inside = is_over = 0;
        sender.finish = calls[i].finish;
        start_worker(&worker, send_signals, &sender);
        is_inside = 1;
        errno = 0;
        long result = calls[i].call();
        int error = errno;
        is_over = 1;
        join_worker(&worker);
        tell(calls[i].name, "%s", result_text(result < 0 ? -error : result));
        if (needs_child && result < 0) end_child(), wait_soon(child, 0);
        drop_files();
    }
}

/* ---- signals without a handler: ignored, or a stop and a continuation ---- */

static int call_in_child(void *argument)
{
    size_t i = (size_t)argument;
    main_thread = thread_id();
    shared->words[0] = 1;
    errno = 0;
    long result = calls[i].call();
    shared->words[1] = 1;
    shared->numbers[0] = result < 0 ? -errno : result;
    return 0;
}
/* The parent has the other ends, and finishes the call when it has gone on after all of it. */
static void disturb(size_t i, bool is_stopped)
{
    make_files();
    shared->words[0] = shared->words[1] = 0;
    pid_t pid = start_child(call_in_child, (void *)i);
    becomes(&shared->words[0], 1);
    pause_ms(20);
    for (int turn = 0; turn < 3 && !shared->words[1]; turn++) {
        if (is_stopped) {
            kill(pid, SIGSTOP);
            int status = 0;
            waitpid(pid, &status, WUNTRACED);
            if (!WIFSTOPPED(status)) give_up("a child that does not stop");
        } else {
            kill(pid, SIGURG);
        }
        kill(pid, SIGCONT);
        pause_ms(5);
    }
    for (int turn = 0; turn < 200 && !shared->words[1]; turn++) {
        if (turn % 20 == 0) calls[i].finish();
        pause_ms(5);
    }
    tell(calls[i].name, "%s", shared->words[1] ? result_text(shared->numbers[0]) : "does not end");
    kill(pid, SIGKILL);
    wait_soon(pid, 0);
    drop_files();
}
static void undisturbed(bool is_stopped)
{
    static const char *const names[] = { "nanosleep",
                                         "read of a pipe",
                                         "write to a full pipe",
                                         "read of an eventfd",
                                         "poll",
                                         "read of a timerfd",
                                         "select",
                                         "ppoll",
                                         "clock_nanosleep until" };
    printf("-- %s\n", is_stopped ? "stopped and continued" : "ignored signals");
    for (size_t n = 0; n < sizeof names / sizeof *names; n++)
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            if (!strcmp(calls[i].name, names[n])) disturb(i, is_stopped);
}

int main(int argc, char **argv)
{
    begin_cases(argc, argv);
    shared = map_shared(sizeof *shared);
    main_thread = thread_id();
    block(SIGUSR2);
    interrupted(0);
    interrupted(SA_RESTART);
    undisturbed(false);
    undisturbed(true);
    return end_cases();
}
