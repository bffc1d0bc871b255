/* SPDX-License-Identifier: Apache-2.0 */
/* Building a newc cpio archive whose larger files start on page boundaries, so that a kernel can map
 * them in place. It stays an ordinary archive: the name is padded with NULs up to the boundary
 * (Linux takes names of up to 4096 bytes, padding included). */
#pragma once
#include "lib/cpio.h"

/* Smaller files are not aligned: they are cheaper to copy than to pad. */
enum { CPIO_ALIGN_FROM_BYTES = PAGE_BYTES };

/* Takes the archive's bytes in order. An error ends the building and is passed on. */
struct cpio_sink {
    err_t (*write)(struct cpio_sink *sink, const void *bytes, size_t count);
};

struct cpio_writer {
    struct cpio_sink *sink;
    uint64_t offset;    /* bytes written so far */
    uint64_t data_left; /* of the entry begun last */
};

/* The archive must be loaded at a page boundary for the alignment to hold there. */
void cpio_writer_init(struct cpio_writer *writer, struct cpio_sink *sink);

/* One entry: `entry` as it will be read back. Data is handed in here when `entry->data` is not NULL;
 * else exactly data_bytes must follow by cpio_write_data(). Names must be relative, without `.` and
 * `..` components (but "." for the root) and not "TRAILER!!!". ERR_INVALID, ERR_NAME_TOO_LONG, or the sink's error. */
err_t cpio_write_entry(struct cpio_writer *writer, const struct cpio_entry *entry);
/* ERR_INVALID: more than the entry announced. */
err_t cpio_write_data(struct cpio_writer *writer, const void *bytes, size_t count);

/* The trailer, and NULs up to a multiple of 512 as cpio programs write them. ERR_INVALID: the last
 * entry's data is incomplete. */
err_t cpio_write_end(struct cpio_writer *writer);
