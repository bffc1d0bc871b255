/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_proc.h"

#include "fs/directory.h"
#include "core/cpus.h"
#include "core/time.h"
#include "fs/fd_table.h"
#include "process/process.h"
#include "procfs/proc_text.h"

#include <string.h>

enum { PID = 1 };

struct proc_process fake_proc;
bool fake_proc_is_gone;
void (*process_forgotten)(uint32_t pid, uint32_t tid);

uint32_t proc_own_process(void) { return PID; }
uint32_t proc_own_thread(void) { return PID; }

static bool find(uint32_t number, struct made_subject *child)
{
    *child = (struct made_subject){ .birth = 7, .number = PID };
    return number == PID && !fake_proc_is_gone;
}

struct process_id *proc_id_get(const struct made_subject *subject)
{
    (void)subject;
    return NULL;
}

bool proc_find_process(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    return find(number, child);
}

bool proc_next_process(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    *number = PID;
    return from <= PID && !fake_proc_is_gone;
}

bool proc_find_thread(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    (void)parent;
    bool is_there = find(number, child);
    child->index = PID;
    return is_there;
}

bool proc_next_thread(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    return proc_next_process(parent, from, number);
}

static struct fd_table *files(void) { return fake_proc_is_gone ? NULL : process_current()->files; }

bool proc_find_fd(const struct made_subject *parent, uint32_t number, struct made_subject *child)
{
    uint32_t found;
    (void)parent;
    *child = (struct made_subject){ .birth = 7, .number = PID, .index = number };
    return files() && fd_next(files(), number, &found) && found == number;
}

bool proc_next_fd(const struct made_subject *parent, uint32_t from, uint32_t *number)
{
    (void)parent;
    return files() && fd_next(files(), from, number);
}

bool proc_look(const struct made_subject *subject, struct made_owner *owner)
{
    (void)subject;
    *owner = (struct made_owner){ 0, 0 };
    return !fake_proc_is_gone;
}

err_t proc_check_look(const struct made_subject *subject)
{
    (void)subject;
    return OK;
}

err_t proc_open_looking(const struct made_node *node, uint32_t flags)
{
    (void)flags;
    return proc_check_look(&node->subject);
}

struct made_subject proc_of_fd(const struct made_subject *fd)
{
    return (struct made_subject){ .birth = fd->birth, .number = fd->number };
}

bool proc_place_locked(const struct made_subject *subject, enum proc_place place, struct vnode **vnode,
                       struct dir_entry **entry)
{
    const struct fs_context *fs = process_current()->fs;
    (void)subject;
    if (place == PROC_EXE) {
        if (fs->exe) file_get_vnode(fs->exe, vnode, entry);
        return fs->exe;
    }
    *vnode = vnode_get(place == PROC_CWD ? fs->cwd : fs->root);
    *entry = (*vnode)->directory.entry ? dir_entry_get((*vnode)->directory.entry) : NULL;
    return true;
}

uint32_t proc_fd_mode(const struct made_subject *subject)
{
    return files() ? fd_get_mode(files(), subject->index) : 0;
}

bool proc_fd_place_locked(const struct made_subject *subject, struct vnode **vnode, struct dir_entry **entry)
{
    return files() && fd_get_vnode(files(), subject->index, vnode, entry);
}

struct file *proc_file_get(const struct made_subject *subject)
{
    return files() ? fd_get(files(), subject->index) : NULL;
}

err_t proc_process_get(const struct made_subject *subject, struct proc_process *out)
{
    (void)subject;
    *out = fake_proc;
    out->fs = process_current()->fs;
    out->files = process_current()->files;
    return fake_proc_is_gone ? ERR_NO_PROCESS : OK;
}

void proc_process_put(struct proc_process *process) { (void)process; }

bool proc_begin(struct text *text, uint64_t *cursor, struct proc_process *process)
{
    if ((*cursor)++) return false;
    text->error = proc_process_get(&text->node->subject, process);
    return !failed(text->error);
}

err_t proc_set_name(const struct made_subject *subject, const char *name)
{
    (void)subject;
    memset(fake_proc.name, 0, sizeof(fake_proc.name));
    strncpy(fake_proc.name, name, sizeof(fake_proc.name) - 1);
    return OK;
}

struct proc_counts proc_count(void) { return (struct proc_counts){ 3, 1, 12, 14 }; }
uint64_t proc_idle_ns(uint32_t cpu) { return cpu * 1000000000ull; }

/* ---- what the texts of the machine need besides ---- */

uint64_t time_tsc_khz(void) { return 2000000; }
uint32_t cpus_online(void) { return 2; }

/* Programs have letters in memory. */
size_t space_read(struct space *space, uint64_t at, void *out, size_t bytes)
{
    (void)space;
    for (size_t i = 0; i < bytes; i++) ((char *)out)[i] = (char)('a' + (at + i) % 26);
    return bytes;
}
