/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of memory agrees with itself and with what the program does: on CloudKernel, where a page
 * is counted exactly and large areas have huge pages. Prints what holds and what does not.
 * Usage: memory_report AREAS_TO_MAKE | memory_report show FILE */
#include "tests/conformance/mm_window.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

enum { PIECE = 1 << 16 };

static char text[PIECE + 1], number_text[1 << 14];

/* ---- numbers out of texts ---- */

static const char *read_text(const char *path)
{
    int fd = open(path, O_RDONLY);
    ssize_t bytes = 0, got;
    if (fd < 0) exit(99);
    while ((got = read(fd, number_text + bytes, sizeof number_text - 1 - (size_t)bytes)) > 0) bytes += got;
    close(fd);
    number_text[bytes] = 0;
    return number_text;
}

/* Behind the name at the beginning of a line. */
static const char *value_in(const char *path, const char *name)
{
    const char *at = read_text(path);
    for (; *at; at += strcspn(at, "\n") + 1)
        if (!strncmp(at, name, strlen(name))) return at + strlen(name);
    exit(98);
}
static unsigned long number_in(const char *path, const char *name)
{
    return strtoul(value_in(path, name), NULL, 10);
}
static unsigned long status(const char *name) { return number_in("/proc/self/status", name); }
static unsigned long status_set(const char *name)
{
    return strtoul(value_in("/proc/self/status", name), NULL, 16);
}
static unsigned long meminfo(const char *name) { return number_in("/proc/meminfo", name); }
static unsigned long rollup(const char *name) { return number_in("/proc/self/smaps_rollup", name); }

static unsigned long statm(int which)
{
    char *at = (char *)read_text("/proc/self/statm");
    unsigned long value = strtoul(at, &at, 10);
    while (which-- > 0) value = strtoul(at, &at, 10);
    return value;
}

/* The sum of a line of smaps, in KiB, over areas inside the window or over all. */
static unsigned long smaps(const char *name, bool only_window)
{
    unsigned long sum = 0, start, end;
    size_t held = 0;
    bool counts = false;
    ssize_t got;
    int fd = open("/proc/self/smaps", O_RDONLY);
    while ((got = read(fd, text + held, PIECE - held)) > 0) {
        char *line = text, *stop = text + held + got, *newline;
        *stop = 0;
        for (; (newline = memchr(line, '\n', (size_t)(stop - line))); line = newline + 1) {
            if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
                counts = !only_window || (start >= WINDOW && end <= WINDOW + WINDOW_BYTES);
            else if (counts && !strncmp(line, name, strlen(name)))
                sum += strtoul(line + strlen(name), NULL, 10);
        }
        held = (size_t)(stop - line);
        memmove(text, line, held);
    }
    close(fd);
    return sum;
}

/* ---- what must hold ---- */

static void check_sums(void)
{
    CHECK(smaps("Size:", false) == 4 * statm(0));
    CHECK(smaps("Rss:", false) == 4 * statm(1));
    CHECK(smaps("Rss:", false) - smaps("Anonymous:", false) == 4 * statm(2));
    CHECK(rollup("Rss:") == 4 * statm(1));
    CHECK(rollup("Pss:") == rollup("Pss_Anon:") + rollup("Pss_File:") + rollup("Pss_Shmem:"));
    CHECK(rollup("Rss:") == rollup("Shared_Clean:") + rollup("Shared_Dirty:") + rollup("Private_Clean:") +
                                rollup("Private_Dirty:"));
    CHECK(rollup("AnonHugePages:") == smaps("AnonHugePages:", false));
    CHECK(status("VmSize:") == 4 * statm(0));
    CHECK(status("VmRSS:") == 4 * statm(1));
    CHECK(status("VmRSS:") == status("RssAnon:") + status("RssFile:") + status("RssShmem:"));
    CHECK(status("VmExe:") == 4 * statm(3));
    CHECK(status("VmData:") + status("VmStk:") == 4 * statm(5));
    CHECK(status("VmHWM:") >= status("VmRSS:"));
    CHECK(meminfo("AnonPages:") == status("RssAnon:"));
    CHECK(meminfo("AnonHugePages:") == rollup("AnonHugePages:"));
    CHECK(meminfo("Mapped:") == status("RssFile:") + status("RssShmem:"));
    CHECK(meminfo("PageTables:") == status("VmPTE:"));
    CHECK(meminfo("MemFree:") < meminfo("MemTotal:"));
}

static void check_huge(void)
{
    unsigned long free_before = meminfo("MemFree:"), peak;
    sys_mmap(page_at(0), 4 * MIB, RW, ANON | MAP_FIXED, -1, 0);
    CHECK(smaps("THPeligible:", true) == 1);
    CHECK(smaps("Rss:", true) == 0);
    page_mark(page_at(0), 1);
    CHECK(smaps("AnonHugePages:", true) == 2048);
    page_mark(page_at(1023), 1);
    CHECK(smaps("AnonHugePages:", true) == 4096);
    CHECK(smaps("Private_Dirty:", true) == 4096);
    CHECK(smaps("KernelPageSize:", true) == 4);
    unsigned long taken = free_before - meminfo("MemFree:");
    CHECK(taken >= 4096 && taken <= 4096 + 64);
    check_sums();

    sys_munmap(page_at(100), PAGE);
    CHECK(smaps("AnonHugePages:", true) == 2048);
    CHECK(smaps("Rss:", true) == 4092);
    sys_mprotect(page_at(600), PAGE, PROT_READ);
    CHECK(smaps("AnonHugePages:", true) == 0);
    CHECK(smaps("Rss:", true) == 4092);
    sys_mprotect(page_at(600), PAGE, RW);
    CHECK(smaps("AnonHugePages:", true) == 2048);
    peak = status("VmHWM:");
    window_clear();
    CHECK(smaps("Rss:", true) == 0);
    CHECK(status("VmHWM:") == peak);
    CHECK(status("VmPeak:") > status("VmSize:"));
    taken = free_before - meminfo("MemFree:");
    CHECK(taken <= 64);
}

static void check_shared(void)
{
    unsigned long before = status("RssShmem:"), files = meminfo("Shmem:");
    int fd = (int)syscall(SYS_memfd_create, "m", 0);
    if (ftruncate(fd, 8 * PAGE)) exit(97);
    sys_mmap(page_at(0), 8 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
    sys_mmap(page_at(8), 8 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0);
    for (int i = 0; i < 4; i++) page_mark(page_at(i), 1);
    CHECK(status("RssShmem:") - before == 16);
    CHECK(meminfo("Shmem:") - files == 16);
    CHECK(smaps("Private_Dirty:", true) == 16);
    page_mark(page_at(8), 1);
    page_mark(page_at(9), 1);
    CHECK(smaps("Shared_Dirty:", true) == 16);
    CHECK(smaps("Private_Dirty:", true) == 8);
    CHECK(smaps("Pss:", true) == 16);
    check_sums();
    close(fd);
    window_clear();
}

/* Asked for by size, they are counted for themselves and not as resident memory. */
static void check_hugetlb(void)
{
    unsigned long resident = status("VmRSS:"), anonymous = meminfo("AnonPages:");
    int flags = ANON | MAP_FIXED | MAP_HUGETLB;
    CHECK(sys_mmap(page_at(0), 4 * MIB, RW, flags, -1, 0) == (void *)WINDOW);
    page_mark(page_at(0), 1);
    page_mark(page_at(1023), 1);
    CHECK(status("HugetlbPages:") == 4096);
    CHECK(status("VmRSS:") == resident);
    CHECK(smaps("Private_Hugetlb:", true) == 4096);
    CHECK(smaps("KernelPageSize:", true) == 2048);
    CHECK(smaps("Rss:", true) == 0);
    CHECK(smaps("AnonHugePages:", true) == 0);
    CHECK(meminfo("Hugetlb:") == 4096);
    CHECK(meminfo("HugePages_Total:") == 2 && meminfo("HugePages_Surp:") == 2);
    CHECK(meminfo("AnonPages:") == anonymous);
    check_sums();
    window_clear();
}

static void handler(int signal) { (void)signal; }

static void check_process(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGTERM, handler);
    CHECK(status_set("SigBlk:") == 1ul << (SIGUSR1 - 1));
    CHECK(status_set("ShdPnd:") == 1ul << (SIGUSR1 - 1));
    CHECK(status_set("SigIgn:") == 1ul << (SIGUSR2 - 1));
    CHECK(status_set("SigCgt:") == 1ul << (SIGTERM - 1));
    CHECK(status("SigQ:") == 1);
    CHECK(status("NoNewPrivs:") == 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    CHECK(status("NoNewPrivs:") == 1);
    prctl(PR_SET_NAME, "another");
    CHECK(!strncmp(value_in("/proc/self/status", "Name:"), "\tanother\n", 9));
    umask(0027);
    CHECK(status("Umask:") == 27);
    unsigned long switches = status("voluntary_ctxt_switches:");
    for (int i = 0; i < 3; i++) nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    CHECK(status("voluntary_ctxt_switches:") >= switches + 3);
    unsigned long tables = status("VmPTE:");
    sys_mmap((void *)0x300000000000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    page_mark((void *)0x300000000000, 1);
    CHECK(status("VmPTE:") - tables == 12);
}

/* Every other page has other rights, so that no two areas join. */
static void check_many(unsigned long count)
{
    unsigned long lines = 0, end = 0;
    int fd;
    ssize_t got;
    sys_mmap((void *)WINDOW, count * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
    for (unsigned long i = 0; i < count; i += 2) sys_mprotect(page_at(i), PAGE, RW);
    fd = open("/proc/self/maps", O_RDONLY);
    unsigned long slab = meminfo("Slab:");
    while ((got = read(fd, text, PIECE)) > 0) {
        for (ssize_t i = 0; i < got; i++) lines += text[i] == '\n';
        end += (unsigned long)got;
    }
    CHECK(lines >= count);
    CHECK(meminfo("Slab:") - slab <= 64);
    CHECK(pread(fd, text, PIECE, (off_t)end - 10) == 10 && text[9] == '\n');
    close(fd);
    CHECK(4 * statm(0) == status("VmSize:"));
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        if (argc == 3) fputs(read_text(argv[2]), stdout);
        return argc != 3;
    }
    probe_fd = open("/tmp/probe", O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (probe_fd < 0 || write(probe_fd, "12345678", 8) != 8) exit(99);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    smaps("Rss:", false); /* touches what the others touch */
    check_sums();
    check_huge();
    check_shared();
    check_hugetlb();
    check_process();
    check_many(strtoul(argv[1], NULL, 10));
    return 0;
}
