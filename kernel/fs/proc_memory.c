/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/file_mapping.h"
#include "fs/fs_context.h"
#include "fs/proc_text.h"

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
    const struct file *file = area->backing ? file_of_backing(area->backing) : NULL;
    uint64_t bytes = area->end - area->start;
    uint32_t more = area->flags & SPACE_HUGE                                  ? PAGES_HUGETLB
                    : file && file->vnode->filesystem == FILESYSTEM_ANONYMOUS ? PAGES_OF_NAMELESS
                                                                              : 0;
    for (uint32_t class = 0; class < PAGES_CLASSES; class ++) {
        /* A private copy of a nameless file's page is as anonymous as any. */
        uint32_t to = class | (class & PAGES_ANONYMOUS ? more & PAGES_HUGETLB : more);
        memory->bytes[to] += pages->bytes[class];
        memory->proportional[to] += pages->proportional[class];
        if (area->flags & SPACE_LOCKED) memory->locked_proportional += pages->proportional[class];
    }
    if (area->flags & SPACE_LOCKED) memory->locked_bytes += bytes;
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
    for (uint32_t class = 0; class < MEMORY_CLASSES; class ++)
        if ((class & mask) == match) sum += sums[class];
    return sum;
}
