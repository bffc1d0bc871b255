/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a tar archive that lies in memory: ustar, GNU long names, pax headers. [posix.1-2017 pax]
 *
 * Archives come from anywhere. The reader allocates nothing, reads nothing outside the archive, and
 * refuses with a reason what is torn, inconsistent or of a kind it does not know; where a path may
 * point is for the caller to judge. */
#pragma once
#include "lib/base.h"

enum { TAR_TEXT_MAX = 4096 }; /* of a path or a link's target, NUL included */

enum tar_step { TAR_ENTRY, TAR_END, TAR_BROKEN };

enum tar_kind {
    TAR_FILE,
    TAR_HARD_LINK, /* `link` is the path of an earlier entry */
    TAR_SYMLINK,   /* `link` is the target */
    TAR_CHARACTER_DEVICE,
    TAR_BLOCK_DEVICE,
    TAR_DIRECTORY,
    TAR_FIFO,
};

struct tar_entry {
    enum tar_kind kind;
    const char *path; /* in the reader: good until the next tar_next() */
    const char *link; /* likewise; empty unless a link */
    uint32_t mode;    /* permission bits only */
    uint32_t uid, gid;
    uint64_t mtime_s; /* 0 for times before 1970 */
    uint32_t device_major, device_minor;
    const uint8_t *data; /* in the archive */
    uint64_t bytes;      /* 0 unless TAR_FILE */
};

struct tar_reader {
    const uint8_t *archive;
    uint64_t archive_bytes;
    uint64_t at;
    uint64_t header_at; /* where the header being read began, for messages */
    const char *why;    /* after TAR_BROKEN */
    char path[TAR_TEXT_MAX];
    char link[TAR_TEXT_MAX];
};

void tar_init(struct tar_reader *reader, const void *archive, uint64_t bytes);
/* TAR_BROKEN: reader->why, in the header at byte reader->header_at; nothing can be read after it. */
enum tar_step tar_next(struct tar_reader *reader, struct tar_entry *out);
/* True when the first block looks like a tar header. */
bool tar_is_archive(const void *bytes, uint64_t count);
