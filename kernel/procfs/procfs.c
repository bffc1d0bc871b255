/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of /proc. */
#include "procfs/procfs.h"

#include "fs/rootfs.h"
#include "lib/format.h"
#include "process/process.h"
#include "procfs/proc_process.h"
#include "procfs/proc_text.h"
#include "procfs/sysfs.h"

#define TEXT(name, mode, text) MADE_FILE(name, mode, &text_constant, text)

/* ---- a process: what it has, and then what its threads have, too ---- */

static const struct made_series fd_series = {
    "",
    proc_find_fd,
    proc_next_fd,
    { .mode = LINUX_S_IFLNK | 0700, .kind = MADE_LINK, .link = &proc_fd_link },
};
static const struct made_series fdinfo_series = {
    "",
    proc_find_fd,
    proc_next_fd,
    { .mode = LINUX_S_IFREG | 0444, .kind = MADE_TEXT, .text = &proc_fdinfo },
};
static const struct made_table fd_table = { .series = &fd_series, .look = proc_look };
static const struct made_table fdinfo_table = { .series = &fdinfo_series, .look = proc_look };

/* The inodes of Linux's first name spaces. [linux include/linux/proc_ns.h] */
#define NAMESPACE(name, inode) MADE_MAGIC(name, &proc_namespace_link, inode)
static const struct made_row namespace_rows[] = {
    NAMESPACE("cgroup", 0xeffffffb), NAMESPACE("ipc", 0xefffffff),
    NAMESPACE("mnt", 0xeffffff8),    NAMESPACE("net", 0xeffffff9),
    NAMESPACE("pid", 0xeffffffc),    NAMESPACE("pid_for_children", 0xeffffffc),
    NAMESPACE("time", 0xeffffffa),   NAMESPACE("time_for_children", 0xeffffffa),
    NAMESPACE("user", 0xeffffffd),   NAMESPACE("uts", 0xeffffffe),
};
static const struct made_table namespace_table = { .rows = namespace_rows,
                                                   .count = ARRAY_LENGTH(namespace_rows),
                                                   .look = proc_look };

static const struct made_table net_table = { .path = "proc/net" };
static const struct made_table task_table;

#define ID_MAP "         0          0 4294967295\n"
static const struct made_row process_rows[] = {
    MADE_DIRECTORY("task", 0555, &task_table),
    TEXT("coredump_filter", 0444, "00000033\n"),
    TEXT("timers", 0444, ""),
    TEXT("autogroup", 0444, "/autogroup-1 nice 0\n"),
    /* those above are of a process alone: OF_PROCESS_ALONE */
    MADE_DIRECTORY("fd", 0500, &fd_table),
    MADE_DIRECTORY("fdinfo", 0555, &fdinfo_table),
    MADE_DIRECTORY("ns", 0511, &namespace_table),
    MADE_DIRECTORY("net", 0555, &net_table),
    MADE_MAGIC("exe", &proc_place_link, PROC_EXE),
    MADE_MAGIC("cwd", &proc_place_link, PROC_CWD),
    MADE_MAGIC("root", &proc_place_link, PROC_ROOT),
    MADE_FILE("stat", 0444, &proc_stat, 0),
    MADE_FILE("statm", 0444, &proc_statm, 0),
    MADE_FILE("status", 0444, &proc_status, 0),
    MADE_FILE("cmdline", 0444, &proc_cmdline, 0),
    MADE_FILE("environ", 0400, &proc_environ, 0),
    MADE_FILE("auxv", 0400, &proc_auxv, 0),
    MADE_FILE("comm", 0644, &proc_comm, 0),
    MADE_FILE("maps", 0444, &proc_maps, 0),
    MADE_FILE("smaps", 0444, &proc_smaps, 0),
    MADE_FILE("smaps_rollup", 0444, &proc_smaps_rollup, 0),
    MADE_FILE("limits", 0444, &proc_limits, 0),
    MADE_FILE("io", 0400, &proc_io, 0),
    MADE_FILE("sched", 0444, &proc_sched, 0),
    MADE_FILE("schedstat", 0444, &proc_schedstat, 0),
    MADE_FILE("mounts", 0444, &proc_mounts, 0),
    MADE_FILE("mountinfo", 0444, &proc_mountinfo, 0),
    MADE_FILE("mountstats", 0400, &proc_mountstats, 0),
    MADE_FILE("stack", 0400, &proc_hidden, 0),
    MADE_FILE("syscall", 0400, &proc_hidden, 0),
    TEXT("wchan", 0444, "0"),
    TEXT("personality", 0400, "00000000\n"),
    TEXT("cgroup", 0444, "0::/\n"),
    TEXT("cpuset", 0444, "/\n"),
    TEXT("cpu_resctrl_groups", 0444, ""),
    TEXT("oom_score", 0444, "0\n"),
    TEXT("oom_score_adj", 0644, "0\n"),
    TEXT("oom_adj", 0644, "0\n"),
    TEXT("loginuid", 0644, "4294967295"),
    TEXT("sessionid", 0444, "4294967295"),
    TEXT("uid_map", 0644, ID_MAP),
    TEXT("gid_map", 0644, ID_MAP),
    TEXT("projid_map", 0644, ID_MAP),
    TEXT("setgroups", 0644, "allow\n"),
};
enum { OF_PROCESS_ALONE = 4 };

static const struct made_table thread_table = {
    .rows = process_rows + OF_PROCESS_ALONE,
    .count = ARRAY_LENGTH(process_rows) - OF_PROCESS_ALONE,
    .look = proc_look,
};
static const struct made_series task_series = {
    "",
    proc_find_thread,
    proc_next_thread,
    { .mode = LINUX_S_IFDIR | 0555, .kind = MADE_TABLE, .table = &thread_table },
};
static const struct made_table task_table = { .series = &task_series, .look = proc_look };
static const struct made_table process_table = {
    .path = "proc/PID", .rows = process_rows, .count = ARRAY_LENGTH(process_rows), .look = proc_look
};

/* ---- the machine ---- */

static const struct made_table tty_table = { .path = "proc/tty" };
static const struct made_table fs_table = { .path = "proc/fs" };
static const struct made_table driver_table = { .path = "proc/driver" };
static const struct made_table bus_table = { .path = "proc/bus" };

static const struct made_row root_rows[] = {
    MADE_MAGIC("self", &proc_own_link, false),
    MADE_MAGIC("thread-self", &proc_own_link, true),
    MADE_SYMLINK("mounts", "self/mounts"),
    MADE_SYMLINK("net", "self/net"),
    MADE_DIRECTORY("sys", 0555, &proc_sys_table),
    MADE_DIRECTORY("tty", 0555, &tty_table),
    MADE_DIRECTORY("fs", 0555, &fs_table),
    MADE_DIRECTORY("driver", 0555, &driver_table),
    MADE_DIRECTORY("bus", 0555, &bus_table),
    MADE_FILE("cmdline", 0444, &proc_boot_line, 0),
    MADE_FILE("cpuinfo", 0444, &proc_cpuinfo, 0),
    MADE_FILE("meminfo", 0444, &proc_meminfo, 0),
    MADE_FILE("stat", 0444, &proc_machine_stat, 0),
    MADE_FILE("uptime", 0444, &proc_uptime, 0),
    MADE_FILE("loadavg", 0444, &proc_loadavg, 0),
    MADE_FILE("version", 0444, &proc_version, 0),
    MADE_FILE("interrupts", 0444, &proc_interrupts, 0),
    MADE_FILE("vmstat", 0444, &proc_vmstat, 0),
    MADE_FILE("locks", 0444, &proc_locks, 0),
    MADE_FILE("zoneinfo", 0444, &proc_zoneinfo, 0),
    MADE_FILE("buddyinfo", 0444, &proc_buddyinfo, 0),
    MADE_FILE("cpu_counters", 0444, &proc_cpu_counters, 0),
    TEXT("filesystems", 0444,
         "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\nnodev\tdevtmpfs\nnodev\tdevpts\nnodev\tram"
         "fs\n"),
    MADE_FILE("devices", 0444, &proc_devices, 0),
    TEXT("swaps", 0444, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"),
    TEXT("partitions", 0444, "major minor  #blocks  name\n\n"),
    TEXT("diskstats", 0444, ""),
    MADE_FILE("modules", 0444, &proc_modules, 0),
    TEXT("locks", 0444, ""),
    TEXT("cgroups", 0444,
         "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t0\t1\t1\nmemory\t0\t1\t1\npids\t0\t1\t1\n"),
};
static const struct made_series process_series = {
    "",
    proc_find_process,
    proc_next_process,
    { .mode = LINUX_S_IFDIR | 0555, .kind = MADE_TABLE, .table = &process_table },
};
static const struct made_table root_table = {
    .path = "proc", .rows = root_rows, .count = ARRAY_LENGTH(root_rows), .series = &process_series
};
static const struct made_row proc_root = MADE_DIRECTORY("", 0555, &root_table);

err_t procfs_process(const struct file *file, struct process_id **out)
{
    const struct made_node *node = file->vnode->made;
    if (!node || node->row != &process_series.row) return ERR_BAD_FD;
    *out = proc_id_get(&node->subject);
    return *out ? OK : ERR_NO_PROCESS;
}

/* ---- the tree ---- */

static struct vnode *tree; /* the one that is attached; it outlives all processes */

static err_t create_proc(struct vnode **out, enum filesystem filesystem, int64_t time_ns)
{
    err_t e = made_create(&proc_root, filesystem, time_ns, out);
    if (!failed(e) && filesystem == FILESYSTEM_PROC) tree = *out;
    return e;
}

static void forget(uint32_t pid, uint32_t tid)
{
    char process[12], thread[12];
    const char *path[] = { process, "task", thread };
    if (!tree) return;
    format_string(process, sizeof(process), "%u", pid);
    format_string(thread, sizeof(thread), "%u", tid);
    made_forget(tree, path, tid ? 3 : 1);
}

void procfs_init(const char *boot_words)
{
    static struct mount_type types[] = {
        { "sysfs", LINUX_SYSFS_MAGIC, false, sysfs_create, NULL },
        { "proc", LINUX_PROC_MAGIC, false, create_proc, NULL },
    };
    static struct rootfs_tree trees[] = {
        { "sys", &types[0], FILESYSTEM_SYS, NULL },
        { "proc", &types[1], FILESYSTEM_PROC, NULL },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(trees); i++) rootfs_add_tree(&trees[i]);
    proc_boot_words = boot_words;
    process_forgotten = forget;
}
