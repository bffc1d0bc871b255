/* SPDX-License-Identifier: Apache-2.0 */
/* What the user named as a root file system, told apart by what it holds: a folder, a tar, an OCI layout in either of
 * them, or a cpio archive (newc). Files may be packed with gzip or zstd, a cpio archive with lz4, too. */
#pragma once
#include "host/ck/memory_file.h"
#include "host/ck/oci.h"
#include "host/ck/tree.h"

/* Ready to be packed. */
struct rootfs {
    struct tree tree;
    struct tree files; /* of the layout that the image was in */
    bool is_image;     /* and `image` is filled */
    struct oci_image image;
    struct memory_file source; /* the tar, which the trees point into */
};

/* `path` is that of a file or a folder, or PATH:NAME for one image of a layout. False: reported, nothing to release. */
bool rootfs_read(struct rootfs *out, const char *path);
void rootfs_release(struct rootfs *rootfs);

/* The archive to boot with, to be read from its start; all but a cpio archive becomes one in memory, so that no file is
 * left behind. `use` sees the tree before that, NULL for a cpio archive; when it returns false, so much is reported and
 * nothing opened. The descriptor, or -1: reported. */
typedef bool rootfs_use_t(void *context, struct rootfs *rootfs);
int rootfs_open(const char *path, rootfs_use_t *use, void *context, uint64_t *out_bytes);

/* Likewise for a root file system of empty folders (/etc, /tmp, ...) and one program of the host, as
 * /BASENAME: *out_program, owned by the caller. *out_status is for the user when the result is -1. */
int rootfs_open_program(const char *host_path, uint64_t *out_bytes, char **out_program, int *out_status);
