/* SPDX-License-Identifier: Apache-2.0 */
/* System V IPC. [linux uapi linux/ipc.h, sem.h, msg.h, shm.h, asm-generic/ipcbuf.h and its like] */
#pragma once
#include "lib/base.h"

enum {
    LINUX_IPC_PRIVATE = 0,
    LINUX_IPC_CREAT = 01000,
    LINUX_IPC_EXCL = 02000,
    LINUX_IPC_NOWAIT = 04000,
    /* operations of all three */
    LINUX_IPC_RMID = 0,
    LINUX_IPC_SET = 1,
    LINUX_IPC_STAT = 2,
    LINUX_IPC_INFO = 3,
};

struct linux_ipc_perm {
    int32_t key;
    uint32_t uid, gid, cuid, cgid;
    uint32_t mode;
    uint16_t seq, padding;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_ipc_perm) == 48, "ABI");

/* ---- semaphores ---- */

enum {
    LINUX_SEM_UNDO = 0x1000,
    LINUX_SEM_GETPID = 11,
    LINUX_SEM_GETVAL = 12,
    LINUX_SEM_GETALL = 13,
    LINUX_SEM_GETNCNT = 14,
    LINUX_SEM_GETZCNT = 15,
    LINUX_SEM_SETVAL = 16,
    LINUX_SEM_SETALL = 17,
    LINUX_SEM_STAT = 18,
    LINUX_SEM_INFO = 19,
    LINUX_SEM_STAT_ANY = 20,
    /* limits [linux uapi linux/sem.h] */
    LINUX_SEMMNI = 32000,
    LINUX_SEMMSL = 32000,
    LINUX_SEMOPM = 500,
    LINUX_SEMVMX = 32767,
};

struct linux_sembuf {
    uint16_t number;
    int16_t change;
    int16_t flags;
};
_Static_assert(sizeof(struct linux_sembuf) == 6, "ABI");

struct linux_semid_ds {
    struct linux_ipc_perm perm;
    int64_t operated_s;
    uint64_t unused1;
    int64_t changed_s;
    uint64_t unused2;
    uint64_t count;
    uint64_t unused3[2];
};
_Static_assert(sizeof(struct linux_semid_ds) == 104, "ABI");

struct linux_seminfo {
    int32_t map, sets_max, semaphores_max, undos_max, per_set_max, operations_max, undos_each, undo_bytes,
        value_max, undo_max;
};
_Static_assert(sizeof(struct linux_seminfo) == 40, "ABI");

/* ---- messages ---- */

enum {
    LINUX_MSG_NOERROR = 010000,
    LINUX_MSG_EXCEPT = 020000,
    LINUX_MSG_COPY = 040000,
    LINUX_MSG_STAT = 11,
    LINUX_MSG_INFO = 12,
    LINUX_MSG_STAT_ANY = 13,
    LINUX_MSGMNI = 32000,
    LINUX_MSGMAX = 8192,
    LINUX_MSGMNB = 16384,
};

struct linux_msqid_ds {
    struct linux_ipc_perm perm;
    int64_t sent_s, received_s, changed_s;
    uint64_t bytes, messages, bytes_max;
    int32_t sender, receiver;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_msqid_ds) == 120, "ABI");

struct linux_msginfo {
    int32_t pool, map, message_max, queue_max, queues_max, segment_bytes, headers;
    uint16_t segments;
};
_Static_assert(sizeof(struct linux_msginfo) == 32, "ABI");

/* ---- shared memory ---- */

enum {
    LINUX_SHM_HUGETLB = 04000,
    LINUX_SHM_NORESERVE = 010000,
    LINUX_SHM_RDONLY = 010000,
    LINUX_SHM_RND = 020000,
    LINUX_SHM_REMAP = 040000,
    LINUX_SHM_EXEC = 0100000,
    LINUX_SHM_DEST = 01000, /* in the mode */
    LINUX_SHM_LOCKED = 02000,
    LINUX_SHM_LOCK = 11,
    LINUX_SHM_UNLOCK = 12,
    LINUX_SHM_STAT = 13,
    LINUX_SHM_INFO = 14,
    LINUX_SHM_STAT_ANY = 15,
    LINUX_SHMMNI = 4096,
};
#define LINUX_SHMMAX (UINT64_MAX - (1ull << 24))

struct linux_shmid_ds {
    struct linux_ipc_perm perm;
    uint64_t bytes;
    int64_t attached_s, detached_s, changed_s;
    int32_t maker, last;
    uint64_t attached;
    uint64_t unused[2];
};
_Static_assert(sizeof(struct linux_shmid_ds) == 112, "ABI");

struct linux_shminfo {
    uint64_t bytes_max, bytes_min, segments_max, per_process_max, pages_max, unused[4];
};
_Static_assert(sizeof(struct linux_shminfo) == 72, "ABI");

struct linux_shm_info {
    int32_t segments;
    uint64_t pages, resident, swapped, swap_attempts, swap_successes;
};
_Static_assert(sizeof(struct linux_shm_info) == 48, "ABI");
