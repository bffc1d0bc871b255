/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file_mapping.h"
#include "fs/fs_context.h"
#include "procfs/proc_text.h"

static bool is_program(struct fs_context *fs, const struct file *file)
{
    fs_lock();
    bool is = fs->exe && fs->exe->vnode == file->vnode;
    fs_unlock();
    return is;
}

/* Code by Linux's rule: what may be written is data, also when it may be executed. */
static bool is_code(uint32_t flags)
{
    return (flags & (SPACE_EXEC | SPACE_WRITE | SPACE_GROWS_DOWN)) == SPACE_EXEC;
}

void proc_memory_add(struct proc_memory *memory, const struct area_report *area,
                     const struct page_sums *pages, struct fs_context *fs)
{
    const struct file *file = file_of_backing(area->backing);
    uint64_t bytes = area->end - area->start;
    bool is_nameless = file && file->vnode->filesystem == FILESYSTEM_ANONYMOUS;
    bool is_hugetlb = area->flags & SPACE_HUGE, is_locked = area->flags & SPACE_LOCKED;
    for (uint32_t from = 0; from < PAGES_CLASSES; from++) {
        uint32_t to = from | (is_hugetlb ? PAGES_HUGETLB : 0);
        /* A private copy of a nameless file's page is as anonymous as any. */
        if (is_nameless && !(from & PAGES_ANONYMOUS)) to |= PAGES_OF_NAMELESS;
        memory->bytes[to] += pages->bytes[from];
        memory->proportional[to] += pages->proportional[from];
        if (is_locked && !is_hugetlb) memory->locked_proportional += pages->proportional[from];
    }
    if (is_locked) memory->locked_bytes += bytes;
    if (area->flags & SPACE_GROWS_DOWN) memory->stack_bytes += bytes;
    if (area->flags & SPACE_SHARED) memory->shared_bytes += bytes;
    if (!is_code(area->flags)) return;
    memory->code_bytes += bytes;
    if (file && is_program(fs, file)) memory->program_bytes += bytes;
}

void proc_memory_read(const struct proc_process *process, struct proc_memory *out)
{
    struct area_report area = { 0 };
    struct page_sums pages;
    *out = (struct proc_memory){ 0 };
    while (space_report_area(process->space, area.end, &area, &pages)) {
        proc_memory_add(out, &area, &pages, process->fs);
        backing_put(area.backing);
    }
}

uint64_t proc_memory_sum(const uint64_t sums[MEMORY_CLASSES], uint32_t mask, uint32_t match)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MEMORY_CLASSES; i++)
        if ((i & mask) == match) sum += sums[i];
    return sum;
}
