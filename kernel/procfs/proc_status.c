/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/status and statm. */
#include "fs/credentials.h"
#include "fs/fd_table.h"
#include "fs/fs_context.h"
#include "procfs/proc_text.h"

static uint64_t resident_files(const struct proc_memory *memory)
{
    return proc_memory_sum(memory->bytes, PAGES_HUGETLB | PAGES_ANONYMOUS, 0);
}

static uint64_t resident(const struct proc_memory *memory)
{
    return proc_memory_sum(memory->bytes, PAGES_HUGETLB, 0);
}

/* ---- statm ---- */

static void write_statm(struct text *text, uint64_t *cursor)
{
    struct proc_process process;
    struct proc_memory memory = { 0 };
    struct space_report space = { 0 };
    if (!proc_begin(text, cursor, &process)) return;
    if (process.space && process.fs) {
        proc_memory_read(&process, &memory);
        space_report(process.space, &space);
    }
    proc_process_put(&process);
    text_add(text, "%lu %lu %lu %lu 0 %lu 0\n", space.mapped_bytes >> PAGE_SHIFT,
             resident(&memory) >> PAGE_SHIFT, resident_files(&memory) >> PAGE_SHIFT,
             memory.program_bytes >> PAGE_SHIFT, (space.data_bytes + memory.stack_bytes) >> PAGE_SHIFT);
}

/* ---- status ---- */

static uint32_t fd_capacity(struct fd_table *files)
{
    if (!files) return 0;
    spin_lock(&files->lock);
    uint32_t capacity = files->capacity;
    spin_unlock(&files->lock);
    return capacity;
}

/* The name is one line and has no other use for a backslash. */
static void add_name(struct text *text, const char *name)
{
    text_add(text, "Name:\t");
    for (; *name; name++) {
        if (*name == '\n' || *name == '\\')
            text_add(text, "\\%s", *name == '\n' ? "n" : "\\");
        else
            text_add(text, "%c", *name);
    }
}

static const char *state_name(char state)
{
    switch (state) {
    case 'R': return "running";
    case 'S': return "sleeping";
    case 'D': return "disk sleep";
    case 'T': return "stopped";
    default: return "zombie";
    }
}

static void add_umask(struct text *text, struct fs_context *fs)
{
    if (!fs) return;
    fs_lock();
    uint32_t umask = fs->umask;
    fs_unlock();
    text_add(text, "Umask:\t%#04o\n", umask);
}

static void add_ids(struct text *text, const char *name, const struct credential_ids *ids)
{
    text_add(text, "%s:\t%u\t%u\t%u\t%u\n", name, ids->real, ids->effective, ids->saved, ids->fs);
}

static void add_groups(struct text *text, const struct credential_groups *groups)
{
    text_add(text, "Groups:\t");
    for (uint32_t i = 0; groups && i < groups->count; i++) text_add(text, "%u ", groups->gids[i]);
    text_add(text, groups && groups->count ? "\n" : " \n");
}

static void add_identity(struct text *text, const struct proc_process *p)
{
    add_name(text, p->name);
    text_add(text, "\n");
    add_umask(text, p->fs);
    text_add(text, "State:\t%c (%s)\nTgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", p->state,
             state_name(p->state), p->pid, p->tid, p->parent_pid);
    add_ids(text, "Uid", &p->credentials->uid);
    add_ids(text, "Gid", &p->credentials->gid);
    text_add(text, "FDSize:\t%u\n", fd_capacity(p->files));
    add_groups(text, p->credentials->groups);
    text_add(text, "NStgid:\t%u\nNSpid:\t%u\nNSpgid:\t%u\nNSsid:\t%u\n", p->pid, p->tid, p->group,
             p->session);
}

static void add_memory(struct text *text, const struct proc_process *process)
{
    if (!process->space || !process->fs) return;
    struct proc_memory memory;
    struct space_report space;
    proc_memory_read(process, &memory);
    space_report(process->space, &space);
    uint64_t shared = proc_memory_sum(memory.bytes, PAGES_HUGETLB | PAGES_OF_NAMELESS, PAGES_OF_NAMELESS);
    uint64_t huge = proc_memory_sum(memory.bytes, PAGES_HUGETLB, PAGES_HUGETLB), now = resident(&memory);
    /* Linux does not count huge pages that were asked for as resident; those of now are told apart. */
    uint64_t peak = space.resident_peak_bytes - MIN(huge, space.resident_peak_bytes);
    const struct {
        const char *name;
        uint64_t bytes;
    } lines[] = {
        { "VmPeak", space.mapped_peak_bytes },
        { "VmSize", space.mapped_bytes },
        { "VmLck", memory.locked_bytes },
        { "VmPin", 0 },
        { "VmHWM", MAX(peak, now) },
        { "VmRSS", now },
        { "RssAnon", now - resident_files(&memory) },
        { "RssFile", resident_files(&memory) - shared },
        { "RssShmem", shared },
        { "VmData", space.data_bytes },
        { "VmStk", memory.stack_bytes },
        { "VmExe", memory.program_bytes },
        { "VmLib", memory.code_bytes - memory.program_bytes },
        { "VmPTE", space.table_bytes },
        { "VmSwap", 0 },
        { "HugetlbPages", huge },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(lines); i++)
        text_add(text, "%s:\t%8lu kB\n", lines[i].name, lines[i].bytes >> 10);
}

/* What the processor does about speculation is not known here, which Linux has a word for. */
static void add_state(struct text *text, const struct proc_process *p)
{
    if (p->space) text_add(text, "CoreDumping:\t0\nTHP_enabled:\t1\n");
    text_add(text, "Threads:\t%u\nSigQ:\t%u/%lu\n", p->thread_count, p->signals_queued,
             p->limits[LINUX_RLIMIT_SIGPENDING].soft);
    const struct {
        const char *name;
        uint64_t set;
    } sets[] = {
        { "SigPnd", p->signals.pending },        { "ShdPnd", p->signals.shared_pending },
        { "SigBlk", p->signals.blocked },        { "SigIgn", p->signals.ignored },
        { "SigCgt", p->signals.caught },         { "CapInh", p->credentials->inheritable },
        { "CapPrm", p->credentials->permitted }, { "CapEff", p->credentials->effective },
        { "CapBnd", p->credentials->bounding },  { "CapAmb", p->credentials->ambient },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(sets); i++)
        text_add(text, "%s:\t%016lx\n", sets[i].name, sets[i].set);
    text_add(text,
             "NoNewPrivs:\t%u\nSeccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tunknown\n"
             "SpeculationIndirectBranch:\tunknown\n",
             p->no_new_privileges);
    text_add(text, "Cpus_allowed:\t%lx\nCpus_allowed_list:\t", p->affinity);
    text_add_set(text, p->affinity);
    text_add(text, "\nMems_allowed:\t1\nMems_allowed_list:\t0\n");
    text_add(text, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n", p->voluntary_switches,
             p->involuntary_switches);
}

static void write_status(struct text *text, uint64_t *cursor)
{
    struct proc_process process;
    if (!proc_begin(text, cursor, &process)) return;
    add_identity(text, &process);
    add_memory(text, &process);
    add_state(text, &process);
    proc_process_put(&process);
}

const struct text_source proc_statm = { .write = write_statm };
const struct text_source proc_status = { .write = write_status };
