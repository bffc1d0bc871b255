/* SPDX-License-Identifier: Apache-2.0 */
/* Wants more memory than there is, in the way its first argument names. What can fail must fail with an
 * errno and leave the program whole, which then says so; what cannot fail ends it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, AREAS_MAX = 60000 };

static char buffer[PAGE];

static void fail(const char *what)
{
    printf("%s: %s\n", what, strerror(errno));
    exit(1);
}

static char *map(size_t bytes)
{
    char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) fail("mmap");
    return at;
}

/* ---- what cannot fail: each of these goes on until it is ended ---- */

static void touch_heap(void)
{
    long at = syscall(SYS_brk, 0);
    for (;; at += PAGE) {
        if (syscall(SYS_brk, at + PAGE) != at + PAGE) fail("brk");
        *(volatile char *)at = 1;
    }
}

static void touch_large(void)
{
    size_t bytes = 1ull << 30;
    volatile char *at = map(bytes);
    for (size_t i = 0; i < bytes; i += PAGE) at[i] = 1;
}

static int recurse(int depth)
{
    volatile char frame[PAGE];
    frame[0] = (char)depth;
    return depth == INT_MAX ? 0 : recurse(depth + 1) + frame[0];
}

static void touch_stack(void)
{
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    setrlimit(RLIMIT_STACK, &limit);
    recurse(0);
}

/* The kernel touches the pages for us. */
static void let_read(void)
{
    size_t bytes = 1ull << 30;
    char *at = map(bytes);
    int fd = open("/dev/zero", O_RDONLY);
    for (size_t i = 0; i < bytes; i += 2 * PAGE)
        if (read(fd, at + i, PAGE) != PAGE) fail("read");
}

static void copy_program(void)
{
    enum { COPIES = 4096 };
    static volatile char *copies[COPIES];
    int fd = open("/proc/self/exe", O_RDONLY);
    /* All areas first: what they cost the kernel is refused by the call. */
    for (size_t i = 0; i < COPIES; i++) {
        copies[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        if (copies[i] == MAP_FAILED) fail("mmap of a file");
    }
    for (size_t i = 0; i < COPIES; i++) *copies[i] = 1;
}

/* ---- what fails, and can be gone on from ---- */

static long fill_file(const char *path, int *error)
{
    int fd = open(path, O_CREAT | O_RDWR, 0600);
    long pages = 0;
    if (fd < 0) fail(path);
    while (write(fd, buffer, PAGE) == PAGE) pages++;
    *error = errno;
    close(fd);
    if (unlink(path) != 0) fail("unlink");
    return pages;
}

static void write_files(void)
{
    int error, again;
    long pages = fill_file("/hungry.data", &error);
    long second = fill_file("/hungry.data", &again);
    printf("write: %s, %s, %s\n", strerror(error), strerror(again),
           pages > 0 && second == pages ? "the same twice" : "not the same twice");
}

/* What it needs after the failure it has touched before: the last page may go to the kernel. */
static void open_files(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int count = 0;
    for (int round = 0; round < 2; round++) {
        printf("%s: ", "open");
        int fd, first = -1, last = -1;
        while ((fd = open("/", O_RDONLY)) >= 0) {
            if (first < 0) first = fd;
            last = fd;
        }
        int error = errno;
        for (fd = first; fd <= last; fd++) close(fd);
        printf("%s%s\n", strerror(error), last < count ? ", less than before" : "");
        count = last;
    }
}

static void map_areas(void)
{
    char *window = mmap(NULL, (size_t)AREAS_MAX * 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (window == MAP_FAILED) fail("mmap");
    int error = 0;
    for (size_t i = 0; i < AREAS_MAX && !error; i++)
        if (mprotect(window + 2 * i * PAGE, PAGE, PROT_READ) != 0) error = errno;
    if (munmap(window, (size_t)AREAS_MAX * 2 * PAGE) != 0) fail("munmap");
    volatile char *at = map(PAGE);
    *at = 1;
    printf("mprotect: %s\n", error ? strerror(error) : "never");
}

static void rest(void) {}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    { "heap", touch_heap }, { "large", touch_large },    { "stack", touch_stack },
    { "read", let_read },   { "program", copy_program }, { "write", write_files },
    { "open", open_files }, { "areas", map_areas },      { "rest", rest },
};

int main(int count, char **arguments)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; count > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(arguments[1], ways[i].name) == 0) {
            ways[i].run();
            return 0;
        }
    return 2;
}
