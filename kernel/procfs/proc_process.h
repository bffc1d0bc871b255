/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process or a thread, taken at one moment. */
#pragma once
#include "abi/linux/system.h"
#include "fs/made.h"
#include "fs/text_file.h"

struct credentials;
struct fd_table;
struct process_id;
struct space;

struct proc_process {
    uint32_t pid, tid, parent_pid, group, session;
    uint32_t terminal;      /* device number of the session's; 0: none */
    int32_t terminal_group; /* in its foreground; -1: no terminal */
    char name[16];
    char state;                            /* as Linux has it: R S D T Z */
    const struct credentials *credentials; /* counted */
    uint32_t thread_count, cpu, end_signal, wait_status;
    struct space *space; /* counted; NULL: it has none, or not any more; as the next two */
    struct fs_context *fs;
    struct fd_table *files; /* watched */
    struct {                /* bit n - 1 of signal n */
        uint64_t pending, shared_pending, blocked, ignored, caught;
    } signals;
    uint32_t signals_queued; /* of the user, by all processes */
    uint64_t capabilities;   /* what root has of them */
    uint64_t start_ns;       /* since boot */
    uint64_t cpu_ns, children_cpu_ns;
    uint64_t voluntary_switches, involuntary_switches;
    uint64_t affinity;
    struct linux_rlimit limits[LINUX_RLIMIT_COUNT];
    bool no_new_privileges;
};

/* Of the process, or of the thread when the subject's index is not 0. NO_PROCESS: it is gone. Given back by
 * proc_process_put. */
err_t proc_process_get(const struct made_subject *subject, struct proc_process *out);
void proc_process_put(struct proc_process *process);

/* The number of a process's subject, counted. NULL: it is gone. */
struct process_id *proc_id_get(const struct made_subject *subject);

/* For a text of one piece: the process that it is about. False: it has been written, or the process is gone. */
bool proc_begin(struct text *text, uint64_t *cursor, struct proc_process *process);

/* ---- names of /proc ---- */
uint32_t proc_own_process(void), proc_own_thread(void);
bool proc_find_process(const struct made_subject *parent, uint32_t number, struct made_subject *child);
bool proc_next_process(const struct made_subject *parent, uint32_t from, uint32_t *number);
bool proc_find_thread(const struct made_subject *parent, uint32_t number, struct made_subject *child);
bool proc_next_thread(const struct made_subject *parent, uint32_t from, uint32_t *number);
bool proc_find_fd(const struct made_subject *parent, uint32_t number, struct made_subject *child);
bool proc_next_fd(const struct made_subject *parent, uint32_t from, uint32_t *number);
bool proc_look(const struct made_subject *subject, struct made_owner *owner);

/* ---- who may look ---- */
/* ACCESS when the running thread may not look into the process; OK also when that is gone. */
err_t proc_check_look(const struct made_subject *subject);
/* The same for a text that is opened. */
err_t proc_open_looking(const struct made_node *node, uint32_t flags);
/* The process of a subject of proc_find_fd. */
struct made_subject proc_of_fd(const struct made_subject *fd);

/* ---- where links lead: counted. False: it has no such thing (any more) ---- */
enum proc_place { PROC_EXE, PROC_CWD, PROC_ROOT };
bool proc_place_locked(const struct made_subject *subject, enum proc_place place, struct vnode **vnode,
                       struct dir_entry **entry) REQUIRES(fs_queue.lock);
uint32_t proc_fd_mode(const struct made_subject *subject); /* fd_get_mode; 0 when it is not open */
bool proc_fd_place_locked(const struct made_subject *subject, struct vnode **vnode, struct dir_entry **entry)
    REQUIRES(fs_queue.lock);
/* The open file behind a subject of proc_find_fd, counted, or NULL. */
struct file *proc_file_get(const struct made_subject *subject);

/* Another name; that of the whole process for its first thread. NO_PROCESS. */
err_t proc_set_name(const struct made_subject *subject, const char *name);
