/* SPDX-License-Identifier: Apache-2.0 */
/* What the user named as a root file system, told apart by what it holds: a folder, a tar, or a cpio
 * archive (newc, plain or compressed with lz4). */
#pragma once
#include "host/ck/tree.h"

/* A folder or a tar, ready to be packed. */
struct rootfs {
    struct tree tree;
    void *mapped; /* the tar, which `tree` points into */
    size_t mapped_bytes;
};

/* False: reported, nothing to release. */
bool rootfs_read(struct rootfs *out, const char *path);
void rootfs_release(struct rootfs *rootfs);

/* The archive to boot with, to be read from its start; a folder or a tar becomes one in memory, so that no
 * file is left behind. The descriptor, or -1: reported. */
int rootfs_open(const char *path, uint64_t *out_bytes);

/* Likewise for a root file system of empty folders (/etc, /tmp, ...) and one program of the host, as
 * /BASENAME: *out_program, owned by the caller. *out_status is for the user when the result is -1. */
int rootfs_open_program(const char *host_path, uint64_t *out_bytes, char **out_program, int *out_status);
