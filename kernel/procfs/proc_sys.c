/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/sys. What can be set on Linux and has a meaning here can be set; the rest refuses to be opened for writing
 * as in a container whose /proc/sys is read-only. */
#include "abi/linux/fcntl.h"
#include "config.h"
#include "core/entropy.h"
#include "core/log_records.h"
#include "core/machine_name.h"
#include "fs/inotify.h"
#include "lib/string.h"
#include "mm/charge.h"
#include "procfs/proc_text.h"

static err_t open_fixed(const struct made_node *node, uint32_t flags)
{
    if ((flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY) return OK;
    return node->row->mode & 0222 ? ERR_READ_ONLY : ERR_ACCESS;
}

static void write_value(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "%ld\n", (int64_t)text->node->row->argument);
}

static void write_string(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "%s\n", (const char *)text->node->row->argument);
}

static const struct text_source value = { .write = write_value, .open = open_fixed };
static const struct text_source string = { .write = write_string, .open = open_fixed };
#define VALUE(name, mode, number) MADE_FILE(name, mode, &value, (int64_t)(number))
#define STRING(name, mode, text)  MADE_FILE(name, mode, &string, text)

/* ---- names ---- */

static void write_name(struct text *text, uint64_t *cursor)
{
    char name[MACHINE_NAME_MAX + 1];
    if ((*cursor)++) return;
    machine_name_get((enum machine_name)text->node->row->argument, name);
    text_add(text, "%s\n", name);
}

static err_t store_name(const struct made_node *node, const char *bytes, size_t count)
{
    const char *end = strchr(bytes, '\n');
    size_t line = end ? (size_t)(end - bytes) : count;
    return machine_name_set((enum machine_name)node->row->argument, bytes, line);
}

static const struct text_source machine_name = { .write = write_name, .store = store_name };

/* ---- the log: the console's level, that of lines without one, and the former's least and first ---- */

static void write_printk(struct text *text, uint64_t *cursor)
{
    if (!(*cursor)++) text_add(text, "%u\t4\t1\t%u\n", log_console_level(), LOG_CONSOLE_LEVEL_MAX);
}

/* Of up to four numbers, the first; the others are as they are. */
static err_t store_printk(const struct made_node *node UNUSED, const char *bytes, size_t count UNUSED)
{
    uint64_t level;
    char first[2] = { bytes[0], '\0' }; /* a digit says it */
    bool is_alone = bytes[0] && strchr(" \t\n", bytes[1]);
    err_t e = is_alone ? text_parse_number(first, LOG_CONSOLE_LEVEL_MAX, &level) : ERR_INVALID;
    if (!failed(e)) log_set_console_level((uint32_t)level);
    return e;
}

static const struct text_source printk = { .write = write_printk, .store = store_printk };

/* ---- random ---- */

static void add_uuid(struct text *text, uint8_t b[16])
{
    b[6] = (b[6] & 0x0f) | 0x40; /* version 4, variant 1. [rfc4122 4.4] */
    b[8] = (b[8] & 0x3f) | 0x80;
    for (uint32_t i = 0; i < 16; i++)
        text_add(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", b[i]);
    text_add(text, "\n");
}

static void write_uuid(struct text *text, uint64_t *cursor)
{
    uint8_t bytes[16];
    if ((*cursor)++) return;
    entropy_read(bytes, sizeof(bytes));
    add_uuid(text, bytes);
}

/* The same until the machine is started again; chosen by the first reader. */
static void write_boot_id(struct text *text, uint64_t *cursor)
{
    static uint64_t halves[2];
    uint64_t fresh[2], nobody = 0, none = 0;
    if ((*cursor)++) return;
    entropy_read(fresh, sizeof(fresh));
    __atomic_compare_exchange_n(&halves[0], &nobody, fresh[0] | 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    __atomic_compare_exchange_n(&halves[1], &none, fresh[1] | 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    memcpy(fresh, halves, sizeof(fresh));
    add_uuid(text, (uint8_t *)fresh);
}

static const struct text_source uuid = { .write = write_uuid }, boot_id = { .write = write_boot_id };

static uint64_t threads_max(void) { return CONFIG_PROCESS_IDS_MAX; }

/* ---- the tables ---- */

#define TABLE(name, path_, rows_) \
    static const struct made_table name = { .path = (path_), .rows = (rows_), .count = ARRAY_LENGTH(rows_) }

static const struct made_row random_rows[] = {
    VALUE("entropy_avail", 0444, 256), /* as Linux says once it is seeded */
    VALUE("poolsize", 0444, 256),
    VALUE("write_wakeup_threshold", 0644, 256),
    VALUE("urandom_min_reseed_secs", 0644, 60),
    MADE_FILE("uuid", 0444, &uuid, 0),
    MADE_FILE("boot_id", 0444, &boot_id, 0),
};
TABLE(random_table, NULL, random_rows);

static const struct made_row kernel_rows[] = {
    STRING("ostype", 0444, MACHINE_SYSTEM),
    STRING("osrelease", 0444, MACHINE_RELEASE),
    STRING("version", 0444, MACHINE_VERSION),
    MADE_FILE("hostname", 0644, &machine_name, MACHINE_HOST),
    MADE_FILE("domainname", 0644, &machine_name, MACHINE_DOMAIN),
    STRING("core_pattern", 0644, "core"),
    VALUE("core_uses_pid", 0644, 0),
    VALUE("pid_max", 0644, CONFIG_PROCESS_IDS_MAX),
    MADE_FILE("threads-max", 0444, &text_number, threads_max),
    VALUE("cap_last_cap", 0444, 40),
    VALUE("ngroups_max", 0444, 65536),
    VALUE("overflowuid", 0644, 65534),
    VALUE("overflowgid", 0644, 65534),
    VALUE("randomize_va_space", 0644, 2),
    VALUE("kptr_restrict", 0644, 1),
    VALUE("dmesg_restrict", 0644, 0),
    VALUE("perf_event_paranoid", 0644, 3),
    VALUE("unprivileged_bpf_disabled", 0644, 2),
    VALUE("panic", 0644, 0),
    VALUE("panic_on_oops", 0644, 1),
    VALUE("tainted", 0444, 0),
    VALUE("numa_balancing", 0644, 0),
    VALUE("sched_child_runs_first", 0644, 0),
    VALUE("sched_rt_period_us", 0644, 1000000),
    VALUE("sched_rt_runtime_us", 0644, 950000),
    VALUE("sched_autogroup_enabled", 0644, 0),
    VALUE("io_uring_disabled", 0644, 2),
    MADE_FILE("printk", 0644, &printk, 0),
    STRING("shmmax", 0644, "18446744073692774399"),
    STRING("shmall", 0644, "18446744073692774399"),
    VALUE("shmmni", 0644, 4096),
    STRING("sem", 0644, "32000\t1024000000\t500\t32000"),
    VALUE("msgmax", 0644, 8192),
    VALUE("msgmnb", 0644, 16384),
    VALUE("msgmni", 0644, 32000),
    MADE_DIRECTORY("random", 0555, &random_table),
};
TABLE(kernel_table, "proc/sys/kernel", kernel_rows);

static const struct made_row vm_rows[] = {
    VALUE("overcommit_memory", 0644, 0),
    VALUE("overcommit_ratio", 0644, 50),
    VALUE("overcommit_kbytes", 0644, 0),
    VALUE("max_map_count", 0644, CONFIG_AREAS_MAX),
    VALUE("mmap_min_addr", 0644, 65536),
    VALUE("swappiness", 0644, 0),
    VALUE("nr_hugepages", 0644, 0),
    VALUE("nr_overcommit_hugepages", 0644, 0),
    VALUE("min_free_kbytes", 0644, CONFIG_RESERVE_FRAMES_MAX * 4),
    VALUE("dirty_ratio", 0644, 20),
    VALUE("dirty_background_ratio", 0644, 10),
    VALUE("zone_reclaim_mode", 0644, 0),
    VALUE("panic_on_oom", 0644, 0),
    VALUE("oom_kill_allocating_task", 0644, 1),
    VALUE("compact_memory", 0200, 0),
};
TABLE(vm_table, "proc/sys/vm", vm_rows);

static const struct made_row inotify_rows[] = {
    MADE_FILE("max_queued_events", 0644, &text_limit, &inotify_limits.queued_events),
    MADE_FILE("max_user_instances", 0644, &text_limit, &inotify_limits.user_instances),
    MADE_FILE("max_user_watches", 0644, &text_limit, &inotify_limits.user_watches),
};
TABLE(inotify_table, NULL, inotify_rows);
static const struct made_row epoll_rows[] = { VALUE("max_user_watches", 0644, 1000000) };
TABLE(epoll_table, NULL, epoll_rows);
static const struct made_table mqueue_table = { .path = "proc/sys/fs/mqueue" };
static const struct made_row fs_rows[] = {
    STRING("file-max", 0644, "9223372036854775807"),
    VALUE("nr_open", 0644, 1048576),
    VALUE("pipe-max-size", 0644, 1048576),
    VALUE("pipe-user-pages-soft", 0644, 16384),
    VALUE("pipe-user-pages-hard", 0644, 0),
    VALUE("aio-max-nr", 0644, 0),
    VALUE("aio-nr", 0444, 0),
    VALUE("suid_dumpable", 0644, 0),
    VALUE("protected_hardlinks", 0644, 0),
    VALUE("protected_symlinks", 0644, 0),
    MADE_DIRECTORY("inotify", 0555, &inotify_table),
    MADE_DIRECTORY("epoll", 0555, &epoll_table),
    MADE_DIRECTORY("mqueue", 0555, &mqueue_table),
};
TABLE(fs_table, "proc/sys/fs", fs_rows);

static const struct made_row core_rows[] = { VALUE("somaxconn", 0644, 4096) };
TABLE(net_core_table, "proc/sys/net/core", core_rows);
static const struct made_table net_ipv4_table = { .path = "proc/sys/net/ipv4" };
static const struct made_table net_ipv6_table = { .path = "proc/sys/net/ipv6" };
static const struct made_row net_rows[] = {
    MADE_DIRECTORY("core", 0555, &net_core_table),
    MADE_DIRECTORY("ipv4", 0555, &net_ipv4_table),
    MADE_DIRECTORY("ipv6", 0555, &net_ipv6_table),
};
TABLE(net_table, "proc/sys/net", net_rows);

static const struct made_row sys_rows[] = {
    MADE_DIRECTORY("kernel", 0555, &kernel_table),
    MADE_DIRECTORY("vm", 0555, &vm_table),
    MADE_DIRECTORY("fs", 0555, &fs_table),
    MADE_DIRECTORY("net", 0555, &net_table),
};
const struct made_table proc_sys_table = { .path = "proc/sys",
                                           .rows = sys_rows,
                                           .count = ARRAY_LENGTH(sys_rows) };
