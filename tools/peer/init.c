/* SPDX-License-Identifier: Apache-2.0 */
/* The first program of the peer's Linux. It runs one program, keeps what that writes in memory, so that
 * the serial port costs nothing while something is counted, and at the end sends all of it out of COM2:
 *
 *     peer BOOT HOW NUMBER OUT ERR\n, then OUT bytes of standard output and ERR bytes of standard error
 *
 * BOOT is the time-stamp counter at the first instruction in ring 3. HOW says what NUMBER is: "exit" a
 * status, "signal" a signal, "exec" the errno of a program that could not be started, "none" that there was
 * none to run. What to run stands in /peer/words, each word with a NUL behind it, and its environment likewise in
 * /peer/environment.
 *
 * A failure in here ends the program, upon which Linux panics and names the exit status: the number of the
 * step that failed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "tools/peer/init_devices.h"

enum {
    WORDS_BYTES_MAX = 64 << 10,
    WORDS_MAX = 1024,
    STEP_MOUNT = 10, /* exit statuses */
    STEP_SERIAL,
    STEP_WORDS,
    STEP_OUTPUT,
    STEP_FORK,
    STEP_SEND,
    STEP_REBOOT,
    STEP_MODULES,
    STEP_NETWORK,
};

struct ending {
    const char *how;
    int number;
};

/* The linker's entry point. RDX holds a function for atexit() when a dynamic linker ran, so 0 here. */
uint64_t first_tsc __attribute__((used)) = 1; /* not 0: in .data, and so not cleared afterwards */
__asm__(".globl peer_start\n"
        "peer_start:\n"
        "    rdtsc\n"
        "    movl %eax, first_tsc(%rip)\n"
        "    movl %edx, first_tsc+4(%rip)\n"
        "    xorl %edx, %edx\n"
        "    jmp _start\n");

static void need(int step, int succeeded)
{
    if (!succeeded) _exit(step);
}

static int open_serial(void)
{
    int serial = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
    struct termios settings;
    need(STEP_SERIAL, serial >= 0 && tcgetattr(serial, &settings) == 0);
    cfmakeraw(&settings);
    cfsetspeed(&settings, B115200);
    settings.c_cflag |= CLOCAL;
    need(STEP_SERIAL, tcsetattr(serial, TCSANOW, &settings) == 0);
    return serial;
}

struct words {
    char text[WORDS_BYTES_MAX + 1];
    char *items[WORDS_MAX + 1]; /* with NULL behind them */
};

static void read_words(const char *path, struct words *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = out->text;
    ssize_t bytes = read(fd, text, sizeof out->text);
    need(STEP_WORDS, bytes >= 0 && bytes <= WORDS_BYTES_MAX);
    close(fd);
    size_t count = 0;
    for (char *word = text; word < text + bytes; word += strlen(word) + 1) {
        need(STEP_WORDS, count < WORDS_MAX);
        out->items[count++] = word;
    }
    out->items[count] = NULL;
}

/* The child shares our memory until it has become the program, so it can leave its errno here. */
static volatile int exec_error;

static pid_t start(char **words, char **environment, const int streams[3])
{
    pid_t pid = vfork();
    if (pid != 0) return pid;
    for (int fd = 0; fd < 3; fd++)
        if (dup2(streams[fd], fd) < 0) exec_error = errno;
    if (!exec_error) {
        execve(words[0], words, environment);
        exec_error = errno;
    }
    _exit(127);
}

static struct ending run(char **words, char **environment, const int streams[3])
{
    if (!words[0]) return (struct ending){ "none", 0 };
    pid_t pid = start(words, environment, streams);
    need(STEP_FORK, pid > 0);
    int status;
    while (wait(&status) != pid) {} /* the first process inherits all orphans */
    if (exec_error) return (struct ending){ "exec", exec_error };
    if (WIFSIGNALED(status)) return (struct ending){ "signal", WTERMSIG(status) };
    return (struct ending){ "exit", WEXITSTATUS(status) };
}

/* ---- the report ---- */

static void send(int serial, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = write(serial, bytes, count);
        need(STEP_SEND, sent > 0);
        bytes += sent;
        count -= (size_t)sent;
    }
}

static void send_number(int serial, uint64_t number)
{
    char digits[20], *first = digits + sizeof digits;
    do *--first = (char)('0' + number % 10);
    while (number /= 10);
    send(serial, " ", 1);
    send(serial, first, (size_t)(digits + sizeof digits - first));
}

static uint64_t bytes_in(int fd)
{
    struct stat facts;
    need(STEP_SEND, fstat(fd, &facts) == 0);
    return (uint64_t)facts.st_size;
}

static void send_file(int serial, int fd)
{
    static char buffer[4096];
    ssize_t bytes;
    need(STEP_SEND, lseek(fd, 0, SEEK_SET) == 0);
    while ((bytes = read(fd, buffer, sizeof buffer)) > 0) send(serial, buffer, (size_t)bytes);
    need(STEP_SEND, bytes == 0);
}

static void report(int serial, struct ending ending, const int streams[3])
{
    send(serial, "peer", 4);
    send_number(serial, first_tsc);
    send(serial, " ", 1);
    send(serial, ending.how, strlen(ending.how));
    send_number(serial, (uint64_t)ending.number);
    send_number(serial, bytes_in(streams[1]));
    send_number(serial, bytes_in(streams[2]));
    send(serial, "\n", 1);
    send_file(serial, streams[1]);
    send_file(serial, streams[2]);
    need(STEP_SEND, tcdrain(serial) == 0);
}

int main(void)
{
    static struct words words, environment;
    need(STEP_MOUNT, mount("none", "/dev", "devtmpfs", 0, NULL) == 0 &&
                         mount("none", "/proc", "proc", 0, NULL) == 0 &&
                         mount("none", "/sys", "sysfs", 0, NULL) == 0);
    /* A Linux without pseudo terminals has no use for the first of these. */
    (void)(mkdir("/dev/pts", 0755) == 0 && mount("none", "/dev/pts", "devpts", 0, "ptmxmode=0666"));
    need(STEP_MOUNT, mkdir("/dev/shm", 01777) == 0 && symlink("/proc/self/fd", "/dev/fd") == 0);
    /* There was no /dev/console for the kernel to open, so the serial line becomes descriptor 0 and the
     * streams 1 to 3: start() overwrites none of them before it has used it. */
    int serial = open_serial();
    int streams[3] = { open("/dev/null", O_RDONLY | O_CLOEXEC), memfd_create("stdout", MFD_CLOEXEC),
                       memfd_create("stderr", MFD_CLOEXEC) };
    need(STEP_OUTPUT, streams[0] >= 0 && streams[1] >= 0 && streams[2] >= 0);
    need(STEP_MODULES, load_modules());
    need(STEP_NETWORK, start_network());
    read_words("/peer/words", &words);
    read_words("/peer/environment", &environment);
    report(serial, run(words.items, environment.items, streams), streams);
    reboot(RB_AUTOBOOT);
    return STEP_REBOOT;
}
