/* SPDX-License-Identifier: Apache-2.0 */
/* Locks of ranges and of files: between processes, between open files, and what a close gives up. */
#include "tests/conformance/conformance.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static struct flock range(int type, off_t start, off_t length)
{
    return (struct flock){ .l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
}

static int lock(int fd, int command, int type, off_t start, off_t length)
{
    struct flock l = range(type, start, length);
    return fcntl(fd, command, &l);
}

/* What stands in the way of a lock for writing from `start` on, piece by piece. */
static void show(int fd, int command)
{
    off_t start = 0;
    for (int i = 0; i < 20; i++) {
        struct flock l = range(F_WRLCK, start, 0);
        if (fcntl(fd, command, &l)) {
            printf(" %s\n", error_name(errno));
            return;
        }
        if (l.l_type == F_UNLCK) break;
        printf(" %s %jd+%jd%s", l.l_type == F_RDLCK ? "r" : "w", (intmax_t)l.l_start, (intmax_t)l.l_len,
               l.l_pid == getppid() ? ""
               : l.l_pid == -1      ? " ofd"
                                    : " ?");
        if (l.l_len == 0) break;
        start = l.l_start + l.l_len;
    }
    printf("\n");
}

static void in_child(void (*part)(int fd), int fd)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        part(fd);
        fflush(stdout);
        _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status) printf("ended with %x\n", (unsigned)status);
}

static void look(int fd) { show(fd, F_GETLK); }
static void look_as_file(int fd)
{
    int own = open("file", O_RDWR);
    (void)fd;
    show(own, F_OFD_GETLK);
}

/* ---- shapes ---- */

static void shapes(int fd)
{
    static const struct {
        short type;
        off_t start, length;
    } steps[] = {
        { F_RDLCK, 10, 10 }, { F_WRLCK, 40, 10 }, { F_WRLCK, 15, 3 },  { F_RDLCK, 15, 3 },
        { F_RDLCK, 20, 20 }, { F_UNLCK, 25, 5 },  { F_WRLCK, 0, 0 },   { F_UNLCK, 5, 5 },
        { F_RDLCK, 0, 1 },   { F_WRLCK, 1, 1 },   { F_RDLCK, 1, 1 },   { F_UNLCK, 50, 0 },
        { F_UNLCK, 0, 0 },   { F_RDLCK, 100, 0 }, { F_WRLCK, 90, 20 }, { F_RDLCK, 95, 1 },
        { F_UNLCK, 0, 0 },
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        printf("%d %jd+%jd: %d", steps[i].type, (intmax_t)steps[i].start, (intmax_t)steps[i].length,
               lock(fd, F_SETLK, steps[i].type, steps[i].start, steps[i].length));
        in_child(look, fd);
    }
}

/* ---- arguments ---- */

static void arguments(int fd)
{
    struct flock l = range(F_WRLCK, 0, 0);
    int reader = open("file", O_RDONLY), writer = open("file", O_WRONLY), path = open("file", O_PATH);
    SHOW(lock(reader, F_SETLK, F_WRLCK, 0, 1));
    SHOW(lock(reader, F_SETLK, F_RDLCK, 0, 1));
    SHOW(lock(writer, F_SETLK, F_RDLCK, 0, 1));
    SHOW(lock(writer, F_SETLK, F_WRLCK, 0, 1));
    SHOW(lock(reader, F_GETLK, F_WRLCK, 0, 1));
    SHOW(lock(path, F_SETLK, F_RDLCK, 0, 1));
    SHOW(lock(99, F_SETLK, F_RDLCK, 0, 1));
    SHOW(lock(fd, F_SETLK, 7, 0, 1));
    SHOW(lock(fd, F_GETLK, F_UNLCK, 0, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, -1, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 10, -11));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 10, -10));
    SHOW(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, INT64_MAX, 2));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 2, INT64_MAX));
    l.l_whence = 9;
    SHOW(fcntl(fd, F_SETLK, &l));
    l.l_whence = SEEK_END;
    l.l_start = -2;
    SHOW(fcntl(fd, F_SETLK, &l));
    in_child(look, fd);
    l.l_whence = SEEK_CUR;
    l.l_start = INT64_MAX;
    SHOW(lseek(fd, 5, SEEK_SET));
    SHOW(fcntl(fd, F_SETLK, &l));
    l.l_start = -6;
    SHOW(fcntl(fd, F_SETLK, &l));
    l.l_start = -5;
    SHOW(fcntl(fd, F_SETLK, &l));
    in_child(look, fd);
    l.l_pid = 1;
    SHOW(fcntl(fd, F_OFD_SETLK, &l));
    SHOW(syscall(SYS_fcntl, fd, F_SETLK, 1));
    SHOW(syscall(SYS_fcntl, fd, F_GETLK, 1));
    close(reader);
    close(writer);
    close(path);
}

/* ---- closing ---- */

static void closing(int fd)
{
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    int copy = dup(fd);
    in_child(look, fd);
    SHOW(close(copy));
    in_child(look, fd);
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    int second = open("file", O_RDONLY);
    in_child(look, fd);
    SHOW(close(second));
    in_child(look, fd);
    SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 0));
    int other = open("/dev/null", O_RDWR);
    second = dup(fd);
    SHOW(dup2(other, second) == second);
    in_child(look, fd);
    close(other);
    close(second);
}

static void try_all(int fd)
{
    SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 10));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 10));
    SHOW(lock(fd, F_SETLK, F_RDLCK, 20, 10));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 20, 10));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 30, 10));
    SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

static void others(int fd)
{
    SHOW(lock(fd, F_SETLK, F_RDLCK, 0, 10));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 20, 10));
    in_child(try_all, fd);
    in_child(look, fd);
    SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

/* ---- open files ---- */

static void open_files(int fd)
{
    int other = open("file", O_RDWR), copy = dup(fd);
    SHOW(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 10));
    SHOW(lock(copy, F_OFD_SETLK, F_WRLCK, 5, 10));
    SHOW(lock(other, F_OFD_SETLK, F_WRLCK, 0, 1));
    SHOW(lock(other, F_OFD_SETLK, F_RDLCK, 14, 1));
    SHOW(lock(other, F_OFD_SETLK, F_WRLCK, 15, 1));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    in_child(look_as_file, fd);
    in_child(try_all, fd);
    SHOW(close(copy));
    in_child(look_as_file, fd);
    SHOW(close(other));
    in_child(look_as_file, fd);
    SHOW(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0));
}

/* ---- waiting ---- */

static int pipe_fds[2];

static void wait_for_it(int fd)
{
    if (write(pipe_fds[1], "x", 1) != 1) _exit(1);
    _exit(lock(fd, F_SETLKW, F_WRLCK, 0, 1) ? 2 : 3);
}

static void waiting(int fd)
{
    char byte;
    SHOW(pipe(pipe_fds));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) wait_for_it(fd);
    SHOW(read(pipe_fds[0], &byte, 1));
    usleep(20000);
    SHOW(waitpid(child, NULL, WNOHANG));
    SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));
}

static void deadlock(int fd)
{
    char byte;
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int result = lock(fd, F_SETLK, F_WRLCK, 1, 1);
        if (result || write(pipe_fds[1], "x", 1) != 1) _exit(1);
        _exit(lock(fd, F_SETLKW, F_WRLCK, 0, 1) ? 2 : 3);
    }
    SHOW(read(pipe_fds[0], &byte, 1));
    usleep(50000);
    SHOW(lock(fd, F_SETLKW, F_WRLCK, 1, 1));
    SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));
}

static void on_alarm(int signal) { (void)signal; }

static void wait_in_vain(int fd)
{
    struct sigaction action = { .sa_handler = on_alarm };
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    SHOW(lock(fd, F_SETLKW, F_WRLCK, 0, 1));
    int own = open("file", O_RDWR);
    ualarm(20000, 0);
    SHOW(flock(own, LOCK_EX));
}

static void interrupted(int fd)
{
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 1));
    SHOW(flock(fd, LOCK_EX));
    in_child(wait_in_vain, fd);
    SHOW(flock(fd, LOCK_UN));
    SHOW(lock(fd, F_SETLK, F_UNLCK, 0, 0));
}

/* ---- flock ---- */

static void whole_files(int fd)
{
    int other = open("file", O_RDONLY), copy = dup(fd);
    SHOW(flock(fd, LOCK_SH));
    SHOW(flock(other, LOCK_SH | LOCK_NB));
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    SHOW(flock(fd, LOCK_EX | LOCK_NB));
    SHOW(flock(other, LOCK_SH | LOCK_NB));
    SHOW(flock(copy, LOCK_EX));
    SHOW(lock(fd, F_SETLK, F_WRLCK, 0, 0));
    SHOW(flock(copy, LOCK_UN));
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    SHOW(flock(fd, LOCK_SH | LOCK_NB));
    SHOW(close(other));
    SHOW(flock(fd, LOCK_SH | LOCK_NB));
    SHOW(close(copy));
    other = open("file", O_RDONLY);
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    SHOW(flock(other, 0));
    SHOW(flock(other, LOCK_SH | LOCK_EX));
    SHOW(flock(99, LOCK_SH));
    SHOW(flock(fd, LOCK_UN));
    SHOW(flock(fd, LOCK_UN));
    close(other);
}

static void flock_of_parent(int fd)
{
    SHOW(flock(fd, LOCK_UN));
    int own = open("file", O_RDONLY);
    SHOW(flock(own, LOCK_EX | LOCK_NB));
}

static void shared_with_child(int fd)
{
    SHOW(flock(fd, LOCK_EX));
    in_child(flock_of_parent, fd); /* one open file, one lock: the child gives it up for both */
    SHOW(flock(fd, LOCK_EX | LOCK_NB));
    SHOW(flock(fd, LOCK_UN));
}

int main(int argc, char **argv)
{
    work_in(argc, argv);
    int fd = open("file", O_RDWR | O_CREAT, 0644);
    SHOW(write(fd, "0123456789", 10));
    shapes(fd);
    arguments(fd);
    closing(fd);
    others(fd);
    open_files(fd);
    waiting(fd);
    deadlock(fd);
    interrupted(fd);
    whole_files(fd);
    shared_with_child(fd);
    return 0;
}
