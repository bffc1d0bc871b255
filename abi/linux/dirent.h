/* SPDX-License-Identifier: Apache-2.0 */
/* A record of getdents64. [linux include/linux/dirent.h, include/linux/fs_types.h] */
#pragma once
#include "lib/base.h"

struct linux_dirent64 {
    uint64_t d_ino;
    int64_t d_off;     /* where the next record starts, for lseek */
    uint16_t d_reclen; /* this record with its name, a multiple of 8 */
    uint8_t d_type;
    char d_name[]; /* ends with a NUL */
};
_Static_assert(offsetof(struct linux_dirent64, d_name) == 19, "fixed by the ABI");

enum {
    LINUX_DT_FIFO = 1,
    LINUX_DT_CHR = 2,
    LINUX_DT_DIR = 4,
    LINUX_DT_BLK = 6,
    LINUX_DT_REG = 8,
    LINUX_DT_LNK = 10,
    LINUX_DT_SOCK = 12,
};
