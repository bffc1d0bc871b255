/* SPDX-License-Identifier: Apache-2.0 */
/* What the conformance programs share. Each runs on Linux and on CloudKernel and must print the same
 * bytes and end with the same status, so they print results and the names of errors, and never an
 * address, a time, an inode or a process number. */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not strerror: two C libraries word it differently, and the kernels must agree on the number. */
static inline const char *error_name(int error)
{
    static char other[24];
    static const struct {
        int number;
        const char *name;
    } names[] = {
#define NAME(x) { x, #x }
        NAME(EPERM),   NAME(ENOENT),    NAME(ESRCH),  NAME(EINTR),        NAME(EIO),       NAME(ENXIO),
        NAME(E2BIG),   NAME(ENOEXEC),   NAME(EBADF),  NAME(ECHILD),       NAME(EAGAIN),    NAME(ENOMEM),
        NAME(EACCES),  NAME(EFAULT),    NAME(EBUSY),  NAME(EEXIST),       NAME(EXDEV),     NAME(ENODEV),
        NAME(ENOTDIR), NAME(EISDIR),    NAME(EINVAL), NAME(ENFILE),       NAME(EMFILE),    NAME(ENOTTY),
        NAME(ETXTBSY), NAME(EFBIG),     NAME(ENOSPC), NAME(ESPIPE),       NAME(EROFS),     NAME(EMLINK),
        NAME(EPIPE),   NAME(EDOM),      NAME(ERANGE), NAME(ENAMETOOLONG), NAME(ENOSYS),    NAME(ENOTEMPTY),
        NAME(ELOOP),   NAME(EOVERFLOW), NAME(EILSEQ), NAME(EOPNOTSUPP),   NAME(ETIMEDOUT), NAME(ENOTSOCK),
        NAME(ENODATA), NAME(ELIBBAD),
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].number == error) return names[i].name;
    snprintf(other, sizeof other, "errno %d", error);
    return other;
}

/* A call's text and what it returned: a number, or the error's name. */
static inline long show_result(const char *text, long result)
{
    int error = errno;
    if (result == -1)
        printf("%s: %s\n", text, error_name(error));
    else
        printf("%s: %ld\n", text, result);
    errno = error;
    return result;
}
#define SHOW(call) show_result(#call, (errno = 0, (long)(call)))

/* A relation that must hold on both; the line is printed either way. */
#define CHECK(condition) printf("%s: %s\n", #condition, (condition) ? "yes" : "NO")

/* The first argument is a directory to work in; it is made when it is missing. Only the three
 * standard descriptors stay open, so that the numbers of new ones are the same everywhere. */
static inline void work_in(int argc, char **argv)
{
    const char *directory = argc > 1 ? argv[1] : ".";
    umask(022);
    if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
        perror(directory);
        exit(99);
    }
    if (chdir(directory) != 0) {
        perror(directory);
        exit(99);
    }
    for (int fd = 3; fd < 256; fd++) close(fd);
}
