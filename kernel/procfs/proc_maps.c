/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/maps, smaps, smaps_rollup: an area is a piece, and the cursor the address it ended at, so that
 * neither many areas nor changes between reads matter. */
#include "abi/linux/fcntl.h"
#include "fs/file_mapping.h"
#include "fs/fs_context.h"
#include "lib/string.h"
#include "procfs/proc_text.h"

enum { NAME_COLUMN = 73 };

/* ---- the line of an area ---- */

static void add_padding(struct text *text, size_t line)
{
    size_t column = text->used - line;
    text_add(text, "%*s", column < NAME_COLUMN ? (int)(NAME_COLUMN - column) : 1, "");
}

/* A newline would look like the end of the line. */
static void escape_newlines(struct text *text, size_t from)
{
    for (; from < text->used; from++) {
        if (text->bytes[from] != '\n' || !text_reserve(text, 3)) continue;
        memmove(text->bytes + from + 4, text->bytes + from + 1, text->used - from - 1);
        memcpy(text->bytes + from, "\\012", 4);
        text->used += 3;
    }
}

static void add_file_name(struct text *text, const struct file *file, const struct vnode *root)
{
    size_t length, room = LINUX_PATH_MAX;
    err_t e = ERR_RANGE;
    for (; e.code == ERR_RANGE.code; room *= 2) {
        char *to = text_reserve(text, room);
        if (!to) return;
        fs_lock();
        e = file_write_name_locked(file, root, to, room, &length);
        fs_unlock();
    }
    size_t from = text->used;
    if (!failed(e)) text->used += length;
    escape_newlines(text, from);
}

static void add_range(struct text *text, uint64_t start, uint64_t end, const char *access, uint64_t offset,
                      const struct vnode_attributes *file)
{
    text_add(text, "%08lx-%08lx %s %08lx %02x:%02x %lu ", start, end, access, offset,
             linux_major(file->device), linux_minor(file->device), file->inode);
}

static void add_area_line(struct text *text, const struct area_report *area, const struct fs_context *fs)
{
    size_t line = text->used;
    uint32_t flags = area->flags;
    char access[] = { flags & SPACE_READ ? 'r' : '-', flags & SPACE_WRITE ? 'w' : '-',
                      flags & SPACE_EXEC ? 'x' : '-', flags & SPACE_SHARED ? 's' : 'p', '\0' };
    struct vnode_attributes attributes = { 0 };
    const struct file *file = file_of_backing(area->backing);
    if (file) vnode_get_attributes(file->vnode, &attributes);
    add_range(text, area->start, area->end, access, file ? area->backing_page << PAGE_SHIFT : 0, &attributes);

    const char *name = area->is_first_stack ? "[stack]" : flags & SPACE_HEAP ? "[heap]" : NULL;
    if (area->backing && !file) name = area->backing->ops->name;
    if (flags & SPACE_HUGE) name = "/anon_hugepage (deleted)"; /* a file of hugetlbfs, on Linux */
    if (file || name) add_padding(text, line);
    if (file)
        add_file_name(text, file, fs->root);
    else if (name)
        text_add(text, "%s", name);
    text_add(text, "\n");
}

/* ---- what is in it ---- */

struct row {
    char name[17];
    enum { BYTES, PROPORTIONAL, ROLLUP_PROPORTIONAL } what;
    uint8_t mask, match; /* of classes */
};
enum { SHARING = PAGES_HUGETLB | PAGES_SHARED | PAGES_DIRTY, HUGE_ANONYMOUS = PAGES_ANONYMOUS | PAGES_LARGE };
/* Nothing is swapped, merged, freed lazily, or mapped from files in large leaves. */
#define ZERO BYTES, 0, 1
static const struct row rows[] = {
    { "Rss:", BYTES, PAGES_HUGETLB, 0 },
    { "Pss:", PROPORTIONAL, PAGES_HUGETLB, 0 },
    { "Pss_Dirty:", PROPORTIONAL, PAGES_HUGETLB | PAGES_DIRTY, PAGES_DIRTY },
    { "Pss_Anon:", ROLLUP_PROPORTIONAL, PAGES_HUGETLB | PAGES_ANONYMOUS, PAGES_ANONYMOUS },
    { "Pss_File:", ROLLUP_PROPORTIONAL, PAGES_HUGETLB | PAGES_ANONYMOUS | PAGES_OF_NAMELESS, 0 },
    { "Pss_Shmem:", ROLLUP_PROPORTIONAL, PAGES_HUGETLB | PAGES_OF_NAMELESS, PAGES_OF_NAMELESS },
    { "Shared_Clean:", BYTES, SHARING, PAGES_SHARED },
    { "Shared_Dirty:", BYTES, SHARING, PAGES_SHARED | PAGES_DIRTY },
    { "Private_Clean:", BYTES, SHARING, 0 },
    { "Private_Dirty:", BYTES, SHARING, PAGES_DIRTY },
    { "Referenced:", BYTES, PAGES_HUGETLB, 0 },
    { "Anonymous:", BYTES, PAGES_HUGETLB | PAGES_ANONYMOUS, PAGES_ANONYMOUS },
    { "LazyFree:", ZERO },
    { "AnonHugePages:", BYTES, PAGES_HUGETLB | HUGE_ANONYMOUS, HUGE_ANONYMOUS },
    { "ShmemPmdMapped:", ZERO },
    { "FilePmdMapped:", ZERO },
    { "Shared_Hugetlb:", BYTES, PAGES_HUGETLB | PAGES_SHARED, PAGES_HUGETLB | PAGES_SHARED },
    { "Private_Hugetlb:", BYTES, PAGES_HUGETLB | PAGES_SHARED, PAGES_HUGETLB },
    { "Swap:", ZERO },
    { "SwapPss:", ZERO },
};

static void add_rows(struct text *text, const struct proc_memory *memory, bool is_rollup)
{
    for (const struct row *row = rows; row < rows + ARRAY_LENGTH(rows); row++) {
        if (row->what == ROLLUP_PROPORTIONAL && !is_rollup) continue;
        const uint64_t *sums = row->what == BYTES ? memory->bytes : memory->proportional;
        text_add_kib(text, row->name, proc_memory_sum(sums, row->mask, row->match));
    }
    text_add_kib(text, "Locked:", memory->locked_proportional);
}

/* ---- flags ---- */

/* What Linux has flags for and an area here has not, above those of SPACE_*. */
enum { MAY_READ = 1 << 24, MAY_WRITE = 1 << 25, IS_SHARED = 1 << 26, IS_COUNTED = 1 << 27 };

static uint32_t flags_as_linux_has_them(uint32_t flags)
{
    uint32_t is_private = !(flags & SPACE_SHARED);
    uint32_t all = flags | MAY_READ; /* and execute */
    if (is_private || (flags & SPACE_MAY_WRITE)) all |= MAY_WRITE;
    if (!is_private && (flags & SPACE_MAY_WRITE)) all |= IS_SHARED;
    if (is_private && (flags & (SPACE_WRITE | SPACE_HUGE | SPACE_NO_RESERVE)) == SPACE_WRITE)
        all |= IS_COUNTED;
    return all;
}

static void add_flags(struct text *text, uint32_t flags)
{
    static const struct {
        uint32_t flag;
        char name[3];
    } names[] = {
        { SPACE_READ, "rd" },
        { SPACE_WRITE, "wr" },
        { SPACE_EXEC, "ex" },
        { IS_SHARED, "sh" },
        { MAY_READ, "mr" },
        { MAY_WRITE, "mw" },
        { MAY_READ, "me" },
        { SPACE_SHARED, "ms" },
        { SPACE_GROWS_DOWN, "gd" },
        { SPACE_LOCKED, "lo" },
        { SPACE_NO_FORK, "dc" },
        { SPACE_HUGE, "de" },
        { SPACE_LOCKED_ON_FAULT, "lf" },
        { IS_COUNTED, "ac" },
        { SPACE_NO_RESERVE, "nr" },
        { SPACE_HUGE, "ht" },
        { SPACE_WIPE_ON_FORK, "wf" },
        { SPACE_WANTS_HUGE, "hg" },
        { SPACE_NO_HUGE, "nh" },
    };
    flags = flags_as_linux_has_them(flags);
    text_add(text, "VmFlags: ");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        if (flags & names[i].flag) text_add(text, "%s ", names[i].name);
    text_add(text, "\n");
}

static uint64_t page_bytes(uint32_t flags)
{
    return flags & SPACE_HUGE_1G ? GIANT_BYTES : flags & SPACE_HUGE_2M ? HUGE_BYTES : PAGE_BYTES;
}

static void add_area_contents(struct text *text, const struct area_report *area,
                              const struct page_sums *pages, struct fs_context *fs)
{
    struct proc_memory memory = { 0 };
    proc_memory_add(&memory, area, pages, fs);
    text_add_kib(text, "Size:", area->end - area->start);
    text_add_kib(text, "KernelPageSize:", page_bytes(area->flags));
    text_add_kib(text, "MMUPageSize:", page_bytes(area->flags));
    add_rows(text, &memory, false);
    text_add(text, "THPeligible:    %u\n", area->may_be_huge);
    add_flags(text, area->flags);
}

/* ---- the files ---- */

static void write_area(struct text *text, uint64_t *cursor, bool has_contents)
{
    struct proc_process process;
    struct area_report area;
    struct page_sums pages;
    text->error = proc_process_get(&text->node->subject, &process);
    if (failed(text->error)) return;
    if (process.space && process.fs &&
        space_report_area(process.space, *cursor, &area, has_contents ? &pages : NULL)) {
        add_area_line(text, &area, process.fs);
        if (has_contents) add_area_contents(text, &area, &pages, process.fs);
        backing_put(area.backing);
        *cursor = area.end;
    }
    proc_process_put(&process);
}

static void write_maps(struct text *text, uint64_t *cursor) { write_area(text, cursor, false); }
static void write_smaps(struct text *text, uint64_t *cursor) { write_area(text, cursor, true); }

static void add_rollup(struct text *text, const struct proc_process *process)
{
    struct proc_memory memory;
    struct space_report space;
    proc_memory_read(process, &memory);
    space_report(process->space, &space);
    size_t line = text->used;
    add_range(text, space.start, space.end, "---p", 0, &(struct vnode_attributes){ 0 });
    add_padding(text, line);
    text_add(text, "[rollup]\n");
    add_rows(text, &memory, true);
}

static void write_rollup(struct text *text, uint64_t *cursor)
{
    struct proc_process process;
    if (!proc_begin(text, cursor, &process)) return;
    if (process.space && process.fs) add_rollup(text, &process);
    proc_process_put(&process);
}

const struct text_source proc_maps = { .write = write_maps, .open = proc_open_looking };
const struct text_source proc_smaps = { .write = write_smaps, .open = proc_open_looking };
const struct text_source proc_smaps_rollup = { .write = write_rollup, .open = proc_open_looking };
