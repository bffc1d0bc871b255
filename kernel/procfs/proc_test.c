/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process, to the byte. */
#include "abi/linux/fcntl.h"
#include "fs/credentials.h"
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/fs_context.h"
#include "fs/memfd.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_proc.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_space.h"
#include "tests/harness/test.h"

#include <stdarg.h>
#include <stdio.h>

#define A(value) ((uint64_t)(value))

enum { TEXT_MAX = 1 << 16, DEVICE_ROOT = 21, DEVICE_NAMELESS = 24 };

static struct space space;

static void start(void)
{
    fake_process_start("", 0);
    fake_proc = (struct proc_process){
        .pid = 1,
        .tid = 1,
        .group = 1,
        .session = 1,
        .name = "program",
        .state = 'R',
        .thread_count = 1,
        .affinity = 1,
        .space = &space,
        .credentials = &credentials_of_root,
    };
    fake_proc_is_gone = false;
    fake_area_count = 0;
    memset(fake_areas, 0, sizeof(fake_areas));
    fake_space_report = (struct space_report){ 0 };
}

static void stop(void)
{
    fake_process_stop();
    EXPECT_EQ(fake_heap_blocks(), 0);
}

static struct fake_area *add_area(uint64_t start, uint64_t end, uint32_t flags)
{
    struct fake_area *a = &fake_areas[fake_area_count++];
    a->area = (struct area_report){ .start = start, .end = end, .flags = flags };
    return a;
}

static struct file *open_file(const char *path)
{
    int64_t fd = sys_open(A(path), LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    EXPECT(fd >= 0);
    struct file *file = fd_get(process_current()->files, (uint32_t)fd);
    EXPECT_EQ(sys_close(A(fd)), 0);
    return file;
}

static char text[TEXT_MAX];

static const char *read_all(const char *path)
{
    int64_t fd = sys_open(A(path), LINUX_O_RDONLY, 0);
    EXPECT(fd >= 0);
    int64_t bytes = sys_read(A(fd), A(text), sizeof(text) - 1);
    EXPECT(bytes >= 0 && bytes < TEXT_MAX - 1);
    text[MAX(bytes, 0)] = '\0';
    EXPECT_EQ(sys_close(A(fd)), 0);
    return text;
}

/* The rest of the line that begins so. */
static const char *line(const char *whole, const char *name)
{
    static char value[128];
    const char *at = whole;
    while (at && strncmp(at, name, strlen(name))) at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
    EXPECT(at);
    snprintf(value, sizeof(value), "%.*s", at ? (int)strcspn(at, "\n") - (int)strlen(name) : 0,
             at ? at + strlen(name) : "");
    return value;
}

/* ---- maps ---- */

/* Takes a line off the text; `name` begins in column 73, or there is none. */
static void take_line(const char **got, const char *name, const char *format, ...) PRINTF_LIKE(3, 4);
static void take_line(const char **got, const char *name, const char *format, ...)
{
    char front[128], expected[256], line_got[256];
    va_list args;
    va_start(args, format);
    vsnprintf(front, sizeof(front), format, args);
    va_end(args);
    snprintf(expected, sizeof(expected), name ? "%-73s%s" : "%s%s", front, name ? name : "");
    size_t bytes = strcspn(*got, "\n");
    snprintf(line_got, sizeof(line_got), "%.*s", (int)bytes, *got);
    EXPECT_STR(line_got, expected);
    *got += bytes + ((*got)[bytes] == '\n');
}

TEST(maps_has_a_line_for_each_area)
{
    start();
    struct file *program = open_file("/program"), *memory, *zero;
    EXPECT_OK(memfd_open("m", false, &memory));
    EXPECT_OK(memfd_open_shared_memory(4096, &zero));
    struct fake_area *a = add_area(0x400000, 0x401000, SPACE_READ | SPACE_EXEC);
    a->area.backing = &program->backing;
    a->area.backing_page = 0x12345;
    add_area(0x10000000, 0x10002000, SPACE_READ | SPACE_WRITE | SPACE_HEAP);
    a = add_area(0x700000000000, 0x700000001000, SPACE_SHARED);
    a->area.backing = &memory->backing;
    a->area.backing_page = 2;
    a = add_area(0x700000001000, 0x700000002000, SPACE_SHARED | SPACE_READ | SPACE_WRITE);
    a->area.backing = &zero->backing;
    add_area(0x700000002000, 0x700000003000, 0)->area.backing_page = 7; /* says nothing without a file */
    add_area(0x700000200000, 0x700000400000, SPACE_READ | SPACE_HUGE_2M);
    a = add_area(0x7ffffffde000, 0x7ffffffff000, SPACE_READ | SPACE_WRITE | SPACE_EXEC);
    a->area.is_first_stack = true;

    const char *got = read_all("/proc/self/maps");
    take_line(&got, "/program", "00400000-00401000 r-xp 12345000 00:%02x %lu ", DEVICE_ROOT,
              program->vnode->inode);
    take_line(&got, "[heap]", "10000000-10002000 rw-p 00000000 00:00 0 ");
    take_line(&got, "/memfd:m (deleted)", "700000000000-700000001000 ---s 00002000 00:%02x %lu ",
              DEVICE_NAMELESS, memory->vnode->inode);
    take_line(&got, "/dev/zero (deleted)", "700000001000-700000002000 rw-s 00000000 00:%02x %lu ",
              DEVICE_NAMELESS, zero->vnode->inode);
    take_line(&got, NULL, "700000002000-700000003000 ---p 00000000 00:00 0 ");
    take_line(&got, "/anon_hugepage (deleted)", "700000200000-700000400000 r--p 00000000 00:00 0 ");
    take_line(&got, "[stack]", "7ffffffde000-7ffffffff000 rwxp 00000000 00:00 0 ");
    EXPECT_STR(got, "");
    file_put(program);
    file_put(memory);
    file_put(zero);
    stop();
}

TEST(a_name_in_maps_is_one_line_and_tells_whether_it_is_gone)
{
    start();
    struct file *odd = open_file("/a\nb\n"), *gone = open_file("/gone");
    EXPECT_EQ(sys_unlink(A("/gone")), 0);
    add_area(0x400000, 0x401000, SPACE_READ)->area.backing = &odd->backing;
    add_area(0x401000, 0x402000, SPACE_READ)->area.backing = &gone->backing;
    const char *got = read_all("/proc/1/maps");
    take_line(&got, "/a\\012b\\012", "00400000-00401000 r--p 00000000 00:%02x %lu ", DEVICE_ROOT,
              odd->vnode->inode);
    take_line(&got, "/gone (deleted)", "00401000-00402000 r--p 00000000 00:%02x %lu ", DEVICE_ROOT,
              gone->vnode->inode);
    EXPECT_STR(got, "");
    file_put(odd);
    file_put(gone);
    stop();
}

TEST(a_process_without_memory_has_none_to_show)
{
    static const char *const names[] = { "/proc/self/maps", "/proc/self/smaps", "/proc/self/smaps_rollup",
                                         "/proc/self/cmdline" };
    start();
    fake_proc.space = NULL;
    fake_proc.state = 'Z';
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) EXPECT_STR(read_all(names[i]), "");
    EXPECT_STR(read_all("/proc/self/statm"), "0 0 0 0 0 0 0\n");
    EXPECT_STR(line(read_all("/proc/self/status"), "State:"), "\tZ (zombie)");
    EXPECT(!strstr(text, "Vm"));
    stop();
}

TEST(areas_that_come_and_go_between_reads_do_not_confuse_the_reader)
{
    start();
    for (uint64_t i = 0; i < 4; i++) add_area(0x400000 + i * 0x2000, 0x401000 + i * 0x2000, SPACE_READ);
    int64_t fd = sys_open(A("/proc/self/maps"), LINUX_O_RDONLY, 0);
    EXPECT_EQ(sys_read(A(fd), A(text), 10), 10); /* inside the first line */
    fake_areas[0] = fake_areas[2];
    fake_areas[1] = fake_areas[3];
    fake_area_count = 2;
    int64_t bytes = sys_read(A(fd), A(text), TEXT_MAX - 1);
    text[MAX(bytes, 0)] = '\0';
    const char *got = text;
    take_line(&got, NULL, "0401000 r--p 00000000 00:00 0 ");
    take_line(&got, NULL, "00404000-00405000 r--p 00000000 00:00 0 ");
    take_line(&got, NULL, "00406000-00407000 r--p 00000000 00:00 0 ");
    EXPECT_STR(got, "");
    EXPECT_EQ(sys_close(A(fd)), 0);
    stop();
}

/* ---- smaps ---- */

static void set_pages(struct fake_area *a, uint32_t class, uint64_t kib, uint64_t proportional_kib)
{
    a->pages.bytes[class] = kib << 10;
    a->pages.proportional[class] = proportional_kib << 10;
}

/* A file, heap with everything, shared memory, huge pages. */
static struct file *shared;
static void add_all_kinds(void)
{
    struct fake_area *a = add_area(0x400000, 0x500000, SPACE_READ | SPACE_EXEC);
    shared = open_file("/program");
    a->area.backing = &shared->backing;
    set_pages(a, 0, 100, 100);
    set_pages(a, PAGES_SHARED, 40, 20);
    set_pages(a, PAGES_ANONYMOUS | PAGES_DIRTY, 8, 8);
    fs_context_set_exe(process_current()->fs, shared);

    a = add_area(0x10000000, 0x10800000, SPACE_READ | SPACE_WRITE | SPACE_HEAP | SPACE_LOCKED);
    a->area.may_be_huge = true;
    set_pages(a, PAGES_ANONYMOUS | PAGES_DIRTY, 12, 12);
    set_pages(a, PAGES_ANONYMOUS | PAGES_DIRTY | PAGES_LARGE, 2048, 2048);
    set_pages(a, PAGES_ANONYMOUS | PAGES_DIRTY | PAGES_LARGE | PAGES_SHARED, 4096, 1024);

    a = add_area(0x20000000, 0x20100000, SPACE_READ | SPACE_WRITE | SPACE_SHARED | SPACE_MAY_WRITE);
    EXPECT_OK(memfd_open("m", false, &shared));
    a->area.backing = &shared->backing;
    set_pages(a, PAGES_DIRTY, 16, 16);
    set_pages(a, 0, 4, 4);

    a = add_area(0x40000000, 0x40400000, SPACE_READ | SPACE_WRITE | SPACE_HUGE_2M);
    set_pages(a, PAGES_ANONYMOUS | PAGES_DIRTY | PAGES_LARGE, 4096, 4096);
    a = add_area(0x7f0000000000, 0x7f0000021000, SPACE_READ | SPACE_WRITE | SPACE_GROWS_DOWN);
    set_pages(a, PAGES_ANONYMOUS | PAGES_DIRTY, 20, 20);
    fake_space_report = (struct space_report){ .start = 0x400000,
                                               .end = 0x7f0000021000,
                                               .mapped_bytes = 14 << 20,
                                               .mapped_peak_bytes = 15 << 20,
                                               .data_bytes = 12 << 20,
                                               .resident_peak_bytes = 12 << 20,
                                               .table_bytes = 28 << 10 };
}

TEST(smaps_says_of_an_area_all_that_linux_says)
{
    start();
    add_all_kinds();
    fake_areas[0] = fake_areas[1];
    fake_area_count = 1;
    EXPECT_STR(read_all("/proc/self/smaps"),
               "10000000-10800000 rw-p 00000000 00:00 0                                  [heap]\n"
               "Size:               8192 kB\n"
               "KernelPageSize:        4 kB\n"
               "MMUPageSize:           4 kB\n"
               "Rss:                6156 kB\n"
               "Pss:                3084 kB\n"
               "Pss_Dirty:          3084 kB\n"
               "Shared_Clean:          0 kB\n"
               "Shared_Dirty:       4096 kB\n"
               "Private_Clean:         0 kB\n"
               "Private_Dirty:      2060 kB\n"
               "Referenced:         6156 kB\n"
               "Anonymous:          6156 kB\n"
               "LazyFree:              0 kB\n"
               "AnonHugePages:      6144 kB\n"
               "ShmemPmdMapped:        0 kB\n"
               "FilePmdMapped:         0 kB\n"
               "Shared_Hugetlb:        0 kB\n"
               "Private_Hugetlb:       0 kB\n"
               "Swap:                  0 kB\n"
               "SwapPss:               0 kB\n"
               "Locked:             3084 kB\n"
               "THPeligible:    1\n"
               "VmFlags: rd wr mr mw me lo ac \n");
    file_put(shared);
    stop();
}

TEST(smaps_rollup_is_the_sum_with_the_kinds_apart)
{
    start();
    add_all_kinds();
    EXPECT_STR(read_all("/proc/self/smaps_rollup"),
               "00400000-7f0000021000 ---p 00000000 00:00 0                              [rollup]\n"
               "Rss:                6344 kB\n"
               "Pss:                3252 kB\n"
               "Pss_Dirty:          3128 kB\n"
               "Pss_Anon:           3112 kB\n"
               "Pss_File:            120 kB\n"
               "Pss_Shmem:            20 kB\n"
               "Shared_Clean:         40 kB\n"
               "Shared_Dirty:       4096 kB\n"
               "Private_Clean:       104 kB\n"
               "Private_Dirty:      2104 kB\n"
               "Referenced:         6344 kB\n"
               "Anonymous:          6184 kB\n"
               "LazyFree:              0 kB\n"
               "AnonHugePages:      6144 kB\n"
               "ShmemPmdMapped:        0 kB\n"
               "FilePmdMapped:         0 kB\n"
               "Shared_Hugetlb:        0 kB\n"
               "Private_Hugetlb:    4096 kB\n"
               "Swap:                  0 kB\n"
               "SwapPss:               0 kB\n"
               "Locked:             3084 kB\n");
    file_put(shared);
    stop();
}

TEST(huge_pages_that_were_asked_for_are_told_apart_from_the_others)
{
    start();
    add_all_kinds();
    fake_areas[0] = fake_areas[3];
    fake_area_count = 1;
    const char *whole = read_all("/proc/self/smaps");
    EXPECT_STR(line(whole, "Rss:            "), "       0 kB");
    EXPECT_STR(line(whole, "KernelPageSize: "), "    2048 kB");
    EXPECT_STR(line(whole, "AnonHugePages:  "), "       0 kB");
    EXPECT_STR(line(whole, "Private_Hugetlb:"), "    4096 kB");
    EXPECT_STR(line(whole, "VmFlags: "), "rd wr mr mw me de ht ");
    fake_areas[0].area.flags ^= SPACE_HUGE_2M | SPACE_HUGE_1G;
    EXPECT_STR(line(read_all("/proc/self/smaps"), "MMUPageSize:    "), " 1048576 kB");
    file_put(shared);
    stop();
}

TEST(vm_flags_follow_what_an_area_is)
{
    static const struct {
        uint32_t flags;
        const char *names;
    } cases[] = {
        { 0, "mr mw me " },
        { SPACE_READ | SPACE_WRITE | SPACE_EXEC, "rd wr ex mr mw me ac " },
        { SPACE_READ | SPACE_SHARED, "rd mr me ms " },
        { SPACE_READ | SPACE_SHARED | SPACE_MAY_WRITE, "rd sh mr mw me ms " },
        { SPACE_READ | SPACE_WRITE | SPACE_GROWS_DOWN | SPACE_STACK, "rd wr mr mw me gd ac " },
        { SPACE_READ | SPACE_LOCKED | SPACE_LOCKED_ON_FAULT, "rd mr mw me lo lf " },
        { SPACE_WRITE | SPACE_NO_RESERVE | SPACE_NO_FORK | SPACE_WIPE_ON_FORK, "wr mr mw me dc nr wf " },
        { SPACE_WANTS_HUGE, "mr mw me hg " },
        { SPACE_NO_HUGE, "mr mw me nh " },
    };
    start();
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        fake_area_count = 0;
        add_area(0x400000, 0x401000, cases[i].flags);
        EXPECT_STR(line(read_all("/proc/self/smaps"), "VmFlags: "), cases[i].names);
    }
    stop();
}

/* ---- statm, status ---- */

TEST(statm_counts_pages)
{
    start();
    add_all_kinds();
    /* size, resident, shared, program, nothing, data and stack, nothing */
    EXPECT_STR(read_all("/proc/self/statm"), "3584 1586 40 256 0 3105 0\n");
    file_put(shared);
    stop();
}

TEST(status_is_to_the_byte_what_linux_writes)
{
    start();
    add_all_kinds();
    strcpy(fake_proc.name, "a\nb\\");
    fake_proc.signals.pending = 0x4;
    fake_proc.signals.shared_pending = 0x8001;
    fake_proc.signals_queued = 2;
    fake_proc.signals.blocked = 0x10000;
    fake_proc.signals.ignored = 0x1000;
    fake_proc.signals.caught = 2;
    fake_proc.limits[LINUX_RLIMIT_SIGPENDING].soft = 1000;
    fake_proc.credentials = &credentials_of_root;
    fake_proc.voluntary_switches = 11;
    fake_proc.involuntary_switches = 12;
    fake_proc.no_new_privileges = true;
    EXPECT_STR(read_all("/proc/self/status"), "Name:\ta\\nb\\\\\n"
                                              "Umask:\t0022\n"
                                              "State:\tR (running)\n"
                                              "Tgid:\t1\n"
                                              "Ngid:\t0\n"
                                              "Pid:\t1\n"
                                              "PPid:\t0\n"
                                              "TracerPid:\t0\n"
                                              "Uid:\t0\t0\t0\t0\n"
                                              "Gid:\t0\t0\t0\t0\n"
                                              "FDSize:\t64\n"
                                              "Groups:\t \n"
                                              "NStgid:\t1\n"
                                              "NSpid:\t1\n"
                                              "NSpgid:\t1\n"
                                              "NSsid:\t1\n"
                                              "VmPeak:\t   15360 kB\n"
                                              "VmSize:\t   14336 kB\n"
                                              "VmLck:\t    8192 kB\n"
                                              "VmPin:\t       0 kB\n"
                                              "VmHWM:\t    8192 kB\n"
                                              "VmRSS:\t    6344 kB\n"
                                              "RssAnon:\t    6184 kB\n"
                                              "RssFile:\t     140 kB\n"
                                              "RssShmem:\t      20 kB\n"
                                              "VmData:\t   12288 kB\n"
                                              "VmStk:\t     132 kB\n"
                                              "VmExe:\t    1024 kB\n"
                                              "VmLib:\t       0 kB\n"
                                              "VmPTE:\t      28 kB\n"
                                              "VmSwap:\t       0 kB\n"
                                              "HugetlbPages:\t    4096 kB\n"
                                              "CoreDumping:\t0\n"
                                              "THP_enabled:\t1\n"
                                              "Threads:\t1\n"
                                              "SigQ:\t2/1000\n"
                                              "SigPnd:\t0000000000000004\n"
                                              "ShdPnd:\t0000000000008001\n"
                                              "SigBlk:\t0000000000010000\n"
                                              "SigIgn:\t0000000000001000\n"
                                              "SigCgt:\t0000000000000002\n"
                                              "CapInh:\t0000000000000000\n"
                                              "CapPrm:\t000001ffffffffff\n"
                                              "CapEff:\t000001ffffffffff\n"
                                              "CapBnd:\t000001ffffffffff\n"
                                              "CapAmb:\t0000000000000000\n"
                                              "NoNewPrivs:\t1\n"
                                              "Seccomp:\t0\n"
                                              "Seccomp_filters:\t0\n"
                                              "Speculation_Store_Bypass:\tunknown\n"
                                              "SpeculationIndirectBranch:\tunknown\n"
                                              "Cpus_allowed:\t1\n"
                                              "Cpus_allowed_list:\t0\n"
                                              "Mems_allowed:\t1\n"
                                              "Mems_allowed_list:\t0\n"
                                              "voluntary_ctxt_switches:\t11\n"
                                              "nonvoluntary_ctxt_switches:\t12\n");
    file_put(shared);
    stop();
}

/* ---- meminfo ---- */

TEST(meminfo_adds_up)
{
    static const char *const names[] = {
        "MemTotal:",        "MemFree:",        "MemAvailable:",
        "Buffers:",         "Cached:",         "SwapCached:",
        "Active:",          "Inactive:",       "Active(anon):",
        "Inactive(anon):",  "Active(file):",   "Inactive(file):",
        "Unevictable:",     "Mlocked:",        "SwapTotal:",
        "SwapFree:",        "Dirty:",          "Writeback:",
        "AnonPages:",       "Mapped:",         "Shmem:",
        "KReclaimable:",    "Slab:",           "SReclaimable:",
        "SUnreclaim:",      "KernelStack:",    "PageTables:",
        "SecPageTables:",   "NFS_Unstable:",   "Bounce:",
        "WritebackTmp:",    "CommitLimit:",    "Committed_AS:",
        "VmallocTotal:",    "VmallocUsed:",    "VmallocChunk:",
        "Percpu:",          "AnonHugePages:",  "ShmemHugePages:",
        "ShmemPmdMapped:",  "FileHugePages:",  "FilePmdMapped:",
        "HugePages_Total:", "HugePages_Free:", "HugePages_Rsvd:",
        "HugePages_Surp:",  "Hugepagesize:",   "Hugetlb:",
        "DirectMap4k:",     "DirectMap2M:",    "DirectMap1G:",
    };
    start();
    add_all_kinds();
    charge_start(1 << 18); /* 1 GiB */
    EXPECT(charge_try(CHARGE_ANONYMOUS, 10280 / 4));
    EXPECT(charge_try(CHARGE_FILE, 5));
    EXPECT(charge_try(CHARGE_KERNEL, 100));
    charge_set_limit(3000); /* is the container's, not the machine's */
    const char *at = read_all("/proc/meminfo");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
        size_t bytes = strcspn(at, "\n");
        bool is_pages = !strncmp(names[i], "HugePages_", 10);
        EXPECT(!strncmp(at, names[i], strlen(names[i])));
        EXPECT_EQ(bytes, is_pages ? 24 : strstr(names[i], "VmallocTotal") ? 28 : 27);
        at += bytes + 1;
    }
    EXPECT_STR(at, "");
    EXPECT_STR(line(text, "MemTotal:       "), " 1048576 kB");
    EXPECT_STR(line(text, "MemFree:        "), " 1037876 kB");
    EXPECT_STR(line(text, "MemAvailable:   "), " 1033780 kB");
    EXPECT_STR(line(text, "Cached:         "), "      20 kB");
    EXPECT_STR(line(text, "AnonPages:      "), "    6184 kB");
    EXPECT_STR(line(text, "Active:         "), "    6204 kB");
    EXPECT_STR(line(text, "Mapped:         "), "     160 kB");
    EXPECT_STR(line(text, "Mlocked:        "), "    8192 kB");
    EXPECT_STR(line(text, "Slab:           "), "      40 kB");
    EXPECT_STR(line(text, "KernelStack:    "), "      32 kB");
    EXPECT_STR(line(text, "PageTables:     "), "      28 kB");
    EXPECT_STR(line(text, "Committed_AS:   "), "   13444 kB");
    EXPECT_STR(line(text, "AnonHugePages:  "), "    6144 kB");
    EXPECT_STR(line(text, "HugePages_Total:"), "       2");
    EXPECT_STR(line(text, "HugePages_Free: "), "       0");
    EXPECT_STR(line(text, "HugePages_Surp: "), "       2");
    EXPECT_STR(line(text, "Hugepagesize:   "), "    2048 kB");
    EXPECT_STR(line(text, "Hugetlb:        "), "    4096 kB");
    EXPECT_STR(line(text, "DirectMap2M:    "), " 1048576 kB");
    EXPECT_STR(line(text, "DirectMap1G:    "), " 2097152 kB");
    charge_drop(CHARGE_ANONYMOUS, 10280 / 4);
    charge_drop(CHARGE_FILE, 5);
    charge_drop(CHARGE_KERNEL, 100);
    charge_set_limit(CHARGE_NO_LIMIT);
    file_put(shared);
    stop();
}

/* ---- as files ---- */

TEST(cpu_counters_has_a_line_for_each_cpu_that_runs)
{
    start();
    EXPECT_STR(read_all("/proc/cpu_counters"), "cpu0 1 2 18446744073709551615\ncpu3 30 0 0\n");
    stop();
}

TEST(self_is_a_link_to_the_number_of_the_process)
{
    start();
    char target[8] = "";
    EXPECT_EQ(sys_readlink(A("/proc/self"), A(target), sizeof(target)), 1);
    EXPECT_STR(target, "1");
    struct linux_stat by_name, by_number;
    EXPECT_EQ(sys_stat(A("/proc/self/maps"), A(&by_name)), 0);
    EXPECT_EQ(sys_stat(A("/proc/1/maps"), A(&by_number)), 0);
    EXPECT_EQ(by_name.st_ino, by_number.st_ino);
    EXPECT_EQ(by_name.st_mode, LINUX_S_IFREG | 0444);
    EXPECT_EQ(by_name.st_size, 0);
    EXPECT_EQ(sys_stat(A("/proc/2/maps"), A(&by_name)), ERR_NOT_FOUND.code);
    stop();
}

TEST(texts_are_read_and_nothing_else)
{
    start();
    add_area(0x400000, 0x401000, SPACE_READ);
    int64_t fd = sys_open(A("/proc/self/maps"), LINUX_O_RDWR | LINUX_O_TRUNC, 0);
    EXPECT_EQ(fd, 3);
    EXPECT_EQ(sys_write(A(fd), A("x"), 1), ERR_INVALID.code);
    EXPECT_EQ(sys_ftruncate(A(fd), 5), 0);
    EXPECT_EQ(sys_fallocate(A(fd), 0, 0, 5), ERR_NOT_SUPPORTED.code);
    EXPECT_EQ(sys_fsync(A(fd)), ERR_INVALID.code);
    EXPECT_EQ(sys_lseek(A(fd), 0, LINUX_SEEK_END), ERR_INVALID.code);
    EXPECT_EQ(sys_lseek(A(fd), 9, LINUX_SEEK_SET), 9);
    EXPECT_EQ(sys_read(A(fd), A(text), 8), 8);
    EXPECT(!memcmp(text, "00401000", 8));
    EXPECT_EQ(sys_pread64(A(fd), A(text), 8, 0), 8);
    EXPECT(!memcmp(text, "00400000", 8));
    EXPECT_EQ(sys_lseek(A(fd), 0, LINUX_SEEK_CUR), 17);
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_EQ(sys_unlink(A("/proc/self/maps")), ERR_NOT_PERMITTED.code);
    stop();
}

TEST(a_file_of_a_process_that_has_ended_says_so)
{
    start();
    int64_t fd = sys_open(A("/proc/1/stat"), LINUX_O_RDONLY, 0);
    int64_t directory = sys_open(A("/proc/1"), LINUX_O_RDONLY, 0);
    EXPECT_EQ(fd, 3);
    fake_proc_is_gone = true;
    EXPECT_EQ(sys_read(A(fd), A(text), 8), ERR_NO_PROCESS.code);
    EXPECT_EQ(sys_openat(A(directory), A("stat"), LINUX_O_RDONLY, 0), ERR_NOT_FOUND.code);
    EXPECT_EQ(sys_getdents64(A(directory), A(text), sizeof(text)), ERR_NOT_FOUND.code);
    EXPECT_EQ(sys_open(A("/proc/1/stat"), LINUX_O_RDONLY, 0), ERR_NOT_FOUND.code);
    fake_proc_is_gone = false;
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_EQ(sys_close(A(directory)), 0);
    stop();
}

TEST(stat_has_52_fields_and_the_name_between_brackets)
{
    start();
    fake_proc.parent_pid = 5;
    fake_proc.cpu_ns = 1234567890;
    const char *got = read_all("/proc/self/stat");
    EXPECT(!strncmp(got, "1 (program) R 5 1 1 0 0 ", 24));
    size_t fields = 1;
    for (const char *at = got; *at; at++) fields += *at == ' ';
    EXPECT_EQ(fields, 52);
    EXPECT(strstr(got, " 123 0 0 0 20 0 1 0 "));
    stop();
}

TEST(a_name_is_written_by_its_own_process)
{
    start();
    int64_t fd = sys_open(A("/proc/self/comm"), LINUX_O_RDWR | LINUX_O_TRUNC, 0);
    EXPECT_EQ(sys_write(A(fd), A("a name that is too long"), 23), 23);
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_STR(read_all("/proc/self/comm"), "a name that is \n");
    stop();
}

TEST(what_cannot_be_set_is_not_opened_for_writing)
{
    start();
    EXPECT_EQ(sys_open(A("/proc/sys/vm/swappiness"), LINUX_O_WRONLY, 0), ERR_READ_ONLY.code);
    EXPECT_EQ(sys_open(A("/proc/sys/kernel/osrelease"), LINUX_O_WRONLY, 0), ERR_ACCESS.code);
    EXPECT_STR(read_all("/proc/sys/vm/swappiness"), "0\n");
    int64_t fd = sys_open(A("/proc/sys/kernel/hostname"), LINUX_O_WRONLY, 0);
    EXPECT_EQ(sys_write(A(fd), A("box\nrest"), 8), 8);
    EXPECT_EQ(sys_close(A(fd)), 0);
    EXPECT_STR(read_all("/proc/sys/kernel/hostname"), "box\n");
    stop();
}

TEST(sys_shows_the_cpus_that_run)
{
    start();
    EXPECT_STR(read_all("/sys/devices/system/cpu/online"), "0,3\n");
    EXPECT_STR(read_all("/sys/devices/system/node/node0/cpulist"), "0,3\n");
    EXPECT_STR(read_all("/sys/devices/system/node/node0/cpumap"), "00000009\n");
    EXPECT_STR(read_all("/sys/devices/system/cpu/cpu3/topology/physical_package_id"), "0\n");
    EXPECT_EQ(sys_open(A("/sys/devices/system/cpu/cpu1"), LINUX_O_RDONLY, 0), ERR_NOT_FOUND.code);
    EXPECT_STR(read_all("/sys/fs/cgroup/memory.max"), "max\n");
    stop();
}

TEST(mounts_and_limits_are_tables)
{
    start();
    EXPECT(strstr(read_all("/proc/mounts"), "\nproc /proc proc rw,relatime 0 0\n"));
    fake_proc.limits[LINUX_RLIMIT_NOFILE] = (struct linux_rlimit){ 1024, LINUX_RLIM_INFINITY };
    EXPECT(strstr(read_all("/proc/self/limits"),
                  "\nMax open files            1024                 unlimited            files     \n"));
    stop();
}
