/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a newc cpio archive in memory, without copying: what an initramfs is.
 *
 * Several archives may follow each other with NUL padding between them, as Linux allows. Every entry
 * that comes out lies inside the buffer and has a usable name. [linux driver-api/early-userspace/
 * buffer-format] */
#pragma once
#include "lib/base.h"

enum {
    CPIO_HEADER_BYTES = 110,
    CPIO_NAME_MAX = 4095,   /* bytes, NUL not counted */
    CPIO_TARGET_MAX = 4095, /* of a symbolic link */
};

enum cpio_type { /* the file type bits of a Linux mode */
                 CPIO_FIFO = 0010000,
                 CPIO_CHARACTER_DEVICE = 0020000,
                 CPIO_DIRECTORY = 0040000,
                 CPIO_BLOCK_DEVICE = 0060000,
                 CPIO_REGULAR = 0100000,
                 CPIO_SYMLINK = 0120000,
};

struct cpio_entry {
    /* Relative to the root, not terminated. Slashes and `.` components at both ends are gone; in
     * between they may remain, so walk it with cpio_component(). Empty: the root itself. */
    const char *name;
    uint32_t name_bytes;
    enum cpio_type type;
    uint32_t permissions; /* the lower 12 bits of the mode */
    uint32_t uid, gid;
    uint32_t mtime_s;
    /* Files with nlink > 1 and one (device, inode) are one file. Its data comes with one of the
     * entries, the last as a rule; the others have none. */
    uint32_t nlink, inode;
    uint32_t device_major, device_minor;
    uint32_t rdev_major, rdev_minor; /* of a device node */
    const uint8_t *data;             /* file contents or link target, in the archive */
    uint32_t data_bytes;
};

struct cpio_reader {
    const uint8_t *archive;
    uint64_t bytes;
    uint64_t offset; /* of the next header; after an error, of the entry that is wrong */
    bool is_after_trailer;
};

void cpio_reader_init(struct cpio_reader *reader, const void *archive, uint64_t bytes);

/* The next entry. ERR_NOT_FOUND at the end; ERR_INVALID with the reason in *why (static), and again
 * on every further call. */
err_t cpio_next(struct cpio_reader *reader, struct cpio_entry *out, const char **why);

/* Takes the first component off *rest, stepping over slashes and `.`; false when none is left. */
bool cpio_component(const char **rest, uint32_t *rest_bytes, const char **component, uint32_t *bytes);
