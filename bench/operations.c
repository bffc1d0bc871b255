/* SPDX-License-Identifier: Apache-2.0 */
/* What system calls cost, in counted instructions; those of memory are in memory_costs.c. Prints a line
 * "name<TAB>count" for each. */
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench/measure.h"

enum { PAGE = 4096 };

static const char path[] = "/bench.data",
                  deep_path[] = "/bench.1/bench.2/bench.3/bench.4/bench.5/bench.6/data";
static int null_fd, zero_fd, file_fd, event_fd, ready_fd, epoll_fd, pipe_fds[2];
static char buffer[PAGE] __attribute__((aligned(PAGE)));

static long do_getpid(void) { return call3(SYS_getpid, 0, 0, 0); }
static long do_clock(void) { return call3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)buffer, 0); }
static long do_clock_library(void) { return clock_gettime(CLOCK_MONOTONIC, (struct timespec *)buffer); }
static long do_yield(void) { return call3(SYS_sched_yield, 0, 0, 0); }
static long do_write_null_1(void) { return call3(SYS_write, null_fd, (long)buffer, 1); }
static long do_write_null_page(void) { return call3(SYS_write, null_fd, (long)buffer, PAGE); }
static long do_read_zero_1(void) { return call3(SYS_read, zero_fd, (long)buffer, 1); }
static long do_read_zero_page(void) { return call3(SYS_read, zero_fd, (long)buffer, PAGE); }
static long do_read_file_1(void) { return call3(SYS_read, file_fd, (long)buffer, 1); }
static long do_read_file_page(void) { return call3(SYS_read, file_fd, (long)buffer, PAGE); }
static long do_write_file_1(void) { return call3(SYS_write, file_fd, (long)buffer, 1); }
static long do_write_file_page(void) { return call3(SYS_write, file_fd, (long)buffer, PAGE); }
static long do_stat(void) { return call3(SYS_stat, (long)path, (long)buffer, 0); }
static long do_stat_deep(void) { return call3(SYS_stat, (long)deep_path, (long)buffer, 0); }
static long do_fstat(void) { return call3(SYS_fstat, file_fd, (long)buffer, 0); }

static long do_pread_page(void)
{
    register long offset __asm__("r10") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_pread64), "D"(file_fd), "S"(buffer), "d"(PAGE), "r"(offset)
                     : "rcx", "r11", "memory");
    return result;
}

/* The directories on the way to deep_path, and the file. */
static int make_deep(void)
{
    char name[sizeof deep_path];
    for (size_t i = 1; i < sizeof deep_path; i++) {
        name[i - 1] = deep_path[i - 1];
        name[i] = '\0';
        if (deep_path[i] == '/') mkdir(name, 0755);
    }
    return open(deep_path, O_WRONLY | O_CREAT, 0644);
}

static long do_write_event(void)
{
    static const unsigned long one = 1;
    return call3(SYS_write, event_fd, (long)&one, sizeof one);
}

static long do_pipe(void)
{
    call3(SYS_write, pipe_fds[1], (long)buffer, 1);
    return call3(SYS_read, pipe_fds[0], (long)buffer, 1);
}

static long do_open_close(void)
{
    long fd = call3(SYS_open, (long)path, O_RDONLY, 0);
    return call3(SYS_close, fd, 0, 0);
}

static long do_epoll_wait(void)
{
    struct epoll_event event;
    register long timeout __asm__("r10") = 0;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(SYS_epoll_wait), "D"(epoll_fd), "S"(&event), "d"(1), "r"(timeout)
                     : "rcx", "r11", "memory");
    return result;
}

static void rewind_file(void) { call3(SYS_lseek, file_fd, 0, SEEK_SET); }

static const struct operation operations[] = {
    { "getpid", do_getpid, NULL, ROUNDS_MAX },
    { "clock_gettime", do_clock, NULL, ROUNDS_MAX },
    { "clock_gettime, by the C library", do_clock_library, NULL, ROUNDS_MAX },
    { "sched_yield, alone", do_yield, NULL, ROUNDS_MAX },
    { "write 1 byte to /dev/null", do_write_null_1, NULL, ROUNDS_MAX },
    { "write 4 KiB to /dev/null", do_write_null_page, NULL, ROUNDS_MAX },
    { "read 1 byte of /dev/zero", do_read_zero_1, NULL, ROUNDS_MAX },
    { "read 4 KiB of /dev/zero", do_read_zero_page, NULL, ROUNDS_MAX },
    { "write 1 byte to a file", do_write_file_1, rewind_file, ROUNDS_MAX },
    { "write 4 KiB to a file", do_write_file_page, rewind_file, ROUNDS_MAX },
    { "read 1 byte of a file", do_read_file_1, rewind_file, ROUNDS_MAX },
    { "read 4 KiB of a file", do_read_file_page, rewind_file, ROUNDS_MAX },
    { "pread 4 KiB of a file", do_pread_page, NULL, ROUNDS_MAX },
    { "open and close", do_open_close, NULL, ROUNDS_MAX },
    { "stat", do_stat, NULL, ROUNDS_MAX },
    { "stat of the seventh name of a path", do_stat_deep, NULL, ROUNDS_MAX },
    { "fstat", do_fstat, NULL, ROUNDS_MAX },
    { "eventfd write", do_write_event, NULL, ROUNDS_MAX },
    { "epoll_wait for a file that is ready", do_epoll_wait, NULL, ROUNDS_MAX },
    { "pipe write + read of 1 byte", do_pipe, NULL, ROUNDS_MAX },
};

int main(void)
{
    null_fd = open("/dev/null", O_RDWR);
    zero_fd = open("/dev/zero", O_RDONLY);
    file_fd = open(path, O_RDWR | O_CREAT, 0644);
    event_fd = eventfd(0, 0);
    ready_fd = eventfd(1, 0);
    epoll_fd = epoll_create1(0);
    if (null_fd < 0 || zero_fd < 0 || file_fd < 0 || event_fd < 0 || make_deep() < 0 || pipe(pipe_fds) != 0 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ready_fd, &(struct epoll_event){ .events = EPOLLIN }) != 0 ||
        write(file_fd, buffer, PAGE) != PAGE) {
        perror("operations");
        return 1;
    }
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) report(&operations[i]);
    return 0;
}
