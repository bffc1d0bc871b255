/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self: the lines of maps and smaps for areas at fixed addresses, and how the texts behave as files.
 * Devices, inodes and directories are left out. */
#include "tests/conformance/mm_window.h"

#include <ctype.h>
#include <pthread.h>

enum { TEXT_MAX = 1 << 20 };

static char text[TEXT_MAX], again[TEXT_MAX];

static ssize_t read_all(const char *path, char *to, size_t piece)
{
    ssize_t bytes = 0, got;
    int proc = open(path, O_RDONLY);
    if (proc < 0) return -1;
    while ((got = read(proc, to + bytes, piece)) > 0 && bytes + 2 * (ssize_t)piece < TEXT_MAX) bytes += got;
    close(proc);
    to[bytes] = 0;
    return got < 0 ? -1 : bytes;
}

static bool parse_range(const char *line, unsigned long *start, unsigned long *end)
{
    return sscanf(line, "%lx-%lx ", start, end) == 2;
}

/* Addresses count from the window's start; of a path the last part is shown, and where it began. */
static void show_line(const char *line)
{
    unsigned long start, end, offset, inode;
    unsigned major, minor;
    char access[8];
    int front = 0;
    parse_range(line, &start, &end);
    sscanf(line, "%*x-%*x %7s %lx %x:%x %lu%n", access, &offset, &major, &minor, &inode, &front);
    const char *name = strchr(line, '\n') - 1;
    while (name > line + front && *name != '/' && *name != '[') name--;
    bool has_name = name > line + front;
    printf("+%lx-+%lx %s %08lx %s%s%.*s\n", start - WINDOW, end - WINDOW, access, offset,
           inode ? "inode" : "none", has_name ? " " : "", has_name ? (int)strcspn(name, "\n") : 0, name);
    if (has_name) CHECK(strchr(line + front + 1, '/') - line == 73);
    if (!has_name) CHECK(line[front] == ' ' && line[front + 1] == '\n');
}

static bool is_line_in_window(const char *line)
{
    unsigned long start, end;
    return parse_range(line, &start, &end) && start >= WINDOW && end <= WINDOW + WINDOW_BYTES;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end && end[1] ? end + 1 : NULL;
}

static void show_window(void)
{
    if (read_all("/proc/self/maps", text, 4096) < 0) exit(99);
    for (const char *line = text; line; line = next_line(line))
        if (is_line_in_window(line)) show_line(line);
}

/* "sd" depends on how Linux was built; "ac" stays on memory that could once be written. */
static bool is_compared(const char *flag, bool is_written)
{
    return strncmp(flag, "sd", 2) && (is_written || strncmp(flag, "ac", 2));
}

/* What both kernels count in the same way: sizes, and pages that were written. */
static void show_counts(void)
{
    static const char *const names[] = { "Size:",           "KernelPageSize:", "MMUPageSize:",
                                         "Private_Dirty:",  "Anonymous:",      "LazyFree:",
                                         "ShmemPmdMapped:", "Swap:",           "Locked:" };
    bool is_inside = false;
    if (read_all("/proc/self/smaps", text, 4096) < 0) exit(99);
    for (const char *line = text; line; line = next_line(line)) {
        if (isdigit(line[0]) || islower(line[0])) is_inside = is_line_in_window(line);
        if (!is_inside) continue;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (!strncmp(line, names[i], strlen(names[i]))) printf("%.*s\n", (int)strcspn(line, "\n"), line);
        if (strncmp(line, "VmFlags: ", 9)) continue;
        bool is_written = !strncmp(line + 9, "rd wr", 5);
        printf("VmFlags:");
        for (const char *flag = line + 9; *flag != '\n'; flag += 3)
            if (is_compared(flag, is_written)) printf(" %.2s", flag);
        printf("\n");
    }
}

static void areas(void)
{
    begin_case("anonymous areas");
    sys_mmap(page_at(0), 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    sys_mmap(page_at(4), PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0);
    sys_mmap(page_at(5), PAGE, RWX, ANON | MAP_FIXED, -1, 0);
    sys_mmap(page_at(7), PAGE, PROT_READ | PROT_EXEC, ANON | MAP_FIXED, -1, 0);
    show_window();
    sys_mprotect(page_at(1), 2 * PAGE, PROT_READ);
    show_window();
    sys_mprotect(page_at(1), 2 * PAGE, RW);
    show_window();
    sys_munmap(page_at(2), PAGE);
    show_window();

    begin_case("a file");
    int fd = open("a file", O_RDWR | O_CREAT | O_TRUNC, 0600), reader = open("a file", O_RDONLY);
    ftruncate(fd, 16 * PAGE);
    sys_mmap(page_at(0), 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE);
    sys_mmap(page_at(2), 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 5 * PAGE);
    sys_mmap(page_at(4), 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, reader, 7 * PAGE);
    sys_mmap(page_at(6), 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, reader, 9 * PAGE);
    show_window();
    sys_munmap(page_at(1), 2 * PAGE);
    show_window();
    rename("a file", "another\nname");
    show_window();
    unlink("another\nname");
    show_window();
    page_mark(page_at(3), 1);
    page_mark(page_at(6), 1);
    show_counts();
    close(fd);
    close(reader);

    begin_case("shared memory");
    fd = (int)syscall(SYS_memfd_create, "memory", 0);
    ftruncate(fd, 4 * PAGE);
    sys_mmap(page_at(0), 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, PAGE);
    sys_mmap(page_at(2), 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    sys_mmap(page_at(4), 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 2 * PAGE);
    close(fd);
    page_mark(page_at(0), 1);
    page_mark(page_at(2), 1);
    page_mark(page_at(5), 1);
    show_window();
    show_counts();
}

static void contents(void)
{
    begin_case("pages that were written");
    window_fill(0, 6);
    sys_mmap(page_at(8), 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    page_mark(page_at(9), 1);
    sys_mprotect(page_at(2), PAGE, PROT_NONE);
    show_counts();
    sys_madvise(page_at(0), 2 * PAGE, MADV_DONTNEED);
    show_counts();

    begin_case("what was said about areas");
    window_fill(0, 8);
    sys_madvise(page_at(0), PAGE, MADV_DONTFORK);
    sys_madvise(page_at(1), PAGE, MADV_WIPEONFORK);
    sys_madvise(page_at(2), PAGE, MADV_HUGEPAGE);
    sys_madvise(page_at(3), PAGE, MADV_NOHUGEPAGE);
    sys_mlock(page_at(4), PAGE);
    sys_mlock2(page_at(5), PAGE, 1 /* MLOCK_ONFAULT */);
    show_window();
    show_counts();
}

/* ---- the process ---- */

static long number_in(const char *path, const char *name)
{
    if (read_all(path, text, 4096) < 0) return -1;
    const char *at = name[0] ? strstr(text, name) : text;
    return at ? atol(at + strlen(name)) : -1;
}

static void sums(void)
{
    unsigned long start, end, total = 0, own = 0;
    bool has_stack = false, has_heap = false, has_local = false;
    begin_case("the process");
    syscall(SYS_brk, syscall(SYS_brk, 0) + PAGE);
    if (read_all("/proc/self/maps", text, 4096) < 0) exit(99);
    for (const char *line = text; line; line = next_line(line)) {
        if (!parse_range(line, &start, &end) || start >> 63) continue; /* Linux's [vsyscall] */
        total += end - start;
        const char *name = strchr(line, '[');
        size_t rest = strcspn(line, "\n");
        bool is_named = name && name < line + rest;
        bool is_stack = is_named && !strncmp(name, "[stack]\n", 8);
        has_stack |= is_stack;
        has_heap |= is_named && !strncmp(name, "[heap]\n", 7);
        if (is_stack && start <= (uintptr_t)&own && (uintptr_t)&own < end) has_local = true;
        if (start <= (uintptr_t)&sums && (uintptr_t)&sums < end) own++;
    }
    CHECK(has_stack);
    CHECK(has_local);
    CHECK(has_heap);
    CHECK(own == 1);
    CHECK(number_in("/proc/self/statm", "") * PAGE == (long)total);
    CHECK(number_in("/proc/self/status", "\nVmSize:\t") * 1024 == (long)total);
    CHECK(number_in("/proc/self/status", "\nVmPeak:\t") * 1024 >= (long)total);
    CHECK(number_in("/proc/self/status", "\nVmHWM:\t") >= number_in("/proc/self/status", "\nVmRSS:\t"));
    sys_mmap(page_at(0), 64 * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    sys_munmap(page_at(0), 64 * PAGE);
    CHECK(number_in("/proc/self/status", "\nVmPeak:\t") * 1024 >= (long)total + 64 * PAGE);
    long locked = number_in("/proc/self/status", "\nVmLck:\t");
    window_fill(0, 4);
    sys_mlock(page_at(0), 3 * PAGE);
    CHECK(number_in("/proc/self/status", "\nVmLck:\t") - locked == 12);
    CHECK(number_in("/proc/self/status", "\nPid:\t") == getpid());
    SHOW(number_in("/proc/self/status", "\nThreads:\t"));
    SHOW(number_in("/proc/self/status", "\nTracerPid:\t"));
    SHOW(number_in("/proc/self/status", "\nVmSwap:\t"));
    CHECK(number_in("/proc/meminfo", "MemTotal:") > number_in("/proc/meminfo", "\nMemFree:"));
    CHECK(number_in("/proc/meminfo", "\nMemAvailable:") > 0);
    SHOW(number_in("/proc/meminfo", "\nHugepagesize:"));

    pthread_attr_t attributes;
    void *stack = NULL;
    size_t bytes = 0;
    SHOW(pthread_getattr_np(pthread_self(), &attributes));
    pthread_attr_getstack(&attributes, &stack, &bytes);
    CHECK((char *)stack <= (char *)&own && (char *)&own < (char *)stack + bytes);
}

/* ---- as files ---- */

static void files(void)
{
    struct stat st;
    char target[32] = "";
    begin_case("texts as files");
    SHOW(stat("/proc/self/maps", &st));
    printf("mode %o, %ld bytes, %ld links\n", st.st_mode, (long)st.st_size, (long)st.st_nlink);
    CHECK(readlink("/proc/self", target, sizeof target - 1) > 0 && atoi(target) == getpid());
    int fd = open("/proc/self/maps", O_RDONLY);
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED && errno == ENODEV);
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(lseek(fd, 5, SEEK_SET));
    SHOW(read(fd, target, 7));
    SHOW(lseek(fd, 2, SEEK_CUR));
    SHOW(lseek(fd, -20, SEEK_CUR));
    SHOW(pread(fd, target, 20, 1ul << 40));
    SHOW(syscall(SYS_read, fd, 8, 20));
    SHOW(close(fd));

    ssize_t bytes = read_all("/proc/self/maps", text, 65536);
    static const size_t pieces[] = { 1, 2, 3, 7, 64, 73, 100, 1000 };
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        CHECK(read_all("/proc/self/maps", again, pieces[i]) == bytes && !memcmp(text, again, (size_t)bytes));
    fd = open("/proc/self/maps", O_RDONLY);
    bool is_same = true;
    for (ssize_t at = bytes; at-- > 0;) is_same &= pread(fd, again, 5, at) > 0 && again[0] == text[at];
    CHECK(is_same);
    CHECK(pread(fd, again, 1, bytes) == 0);
    close(fd);
}

int main(int argc, char **argv)
{
    window_open(argc, argv);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    areas();
    contents();
    sums();
    files();
    printf("# %d cases\n", case_count);
    return 0;
}
