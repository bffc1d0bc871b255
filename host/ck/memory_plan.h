/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory the machine has, and how the archive gets into it.
 *
 * A small archive goes by QEMU's -initrd: firmware copies it into the guest below 4 GiB. A large one is a part of
 * the guest's memory from the start: QEMU maps the file behind the program's memory, privately, so that a page
 * costs nothing until it is read, and pages that are only read are those of the file, shared by every machine. */
#pragma once
#include "host/ck/options.h"

struct memory_plan {
    uint64_t bytes;         /* of the machine */
    uint64_t archive_bytes; /* 0: goes by -initrd. Else what of the file is mapped */
    uint64_t archive_at;    /* its physical address, when it is mapped */
};

/* For the archive in `archive_fd`; `name` is what messages call it. False: it does not fit; reported. */
bool memory_plan_make(const struct run_options *options, int archive_fd, uint64_t archive_bytes,
                      const char *name, struct memory_plan *out);

/* Where the machine has its memory: at most two pieces of its own, and the archive, which is never written. */
enum { MEMORY_PIECES_MAX = 3 };
struct memory_piece {
    uint64_t address, bytes; /* physical */
    uint64_t offset;         /* in the archive's file, or in a file with the rest */
    bool is_archive;
};
uint32_t memory_plan_pieces(const struct memory_plan *plan, enum machine_kind machine,
                            struct memory_piece out[MEMORY_PIECES_MAX]);

/* A file that is to be mapped has this granularity: archives made here are padded to it. */
enum { MEMORY_PLAN_GRANULE = 8192 }; /* what QEMU's -m keeps of a size */
