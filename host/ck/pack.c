/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/ck/memory_plan.h"
#include "host/ck/report.h"
#include "host/ck/rootfs.h"
#include "lib/cpio_write.h"

enum { CHUNK_BYTES = 256 << 10 };

struct packer {
    struct cpio_sink sink; /* first: the writer hands it back to us */
    struct cpio_writer writer;
    int fd;
    const char *name; /* of the output, for messages */
    uint32_t last_number;
    uint8_t *chunk; /* CHUNK_BYTES of output on its way */
    size_t chunk_bytes;
    uint8_t *input; /* CHUNK_BYTES for files being read */
};

/* ---- output ---- */

static err_t flush(struct packer *p)
{
    size_t bytes = p->chunk_bytes;
    p->chunk_bytes = 0;
    if (write_all(p->fd, p->chunk, bytes)) return OK;
    report_errno("%s: cannot write the archive", p->name);
    return ERR_IO;
}

static err_t write_chunked(struct cpio_sink *sink, const void *bytes, size_t count)
{
    struct packer *p = CONTAINER_OF(sink, struct packer, sink);
    const uint8_t *at = bytes;
    while (count > 0) {
        size_t part = MIN(count, CHUNK_BYTES - p->chunk_bytes);
        memcpy(p->chunk + p->chunk_bytes, at, part);
        p->chunk_bytes += part;
        at += part;
        count -= part;
        if (p->chunk_bytes < CHUNK_BYTES) continue;
        err_t e = flush(p);
        if (failed(e)) return e;
    }
    return OK;
}

/* Turns the writer's error into a reported one; the sink has reported its own. */
static bool is_written(err_t e, const char *path)
{
    if (failed(e) && e.code != ERR_IO.code) report("%s: cannot go into the archive: %s", path, err_text(e));
    return !failed(e);
}

/* ---- entries ---- */

static bool write_file_data(struct packer *p, const char *path, const struct tree_inode *inode)
{
    if (!inode->host_path) return is_written(cpio_write_data(&p->writer, inode->data, inode->bytes), path);
    int fd = open(inode->host_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        report_errno("%s: cannot read", inode->host_path);
        return false;
    }
    uint64_t left = inode->bytes;
    bool is_good = true;
    while (is_good && left > 0) {
        ssize_t count = read(fd, p->input, MIN(left, (uint64_t)CHUNK_BYTES));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) report_errno("%s: cannot read", inode->host_path);
        if (count == 0) report("%s: became shorter while it was read", inode->host_path);
        is_good = count > 0 && is_written(cpio_write_data(&p->writer, p->input, (size_t)count), path);
        if (is_good) left -= (uint64_t)count;
    }
    close(fd);
    return is_good;
}

static void number_inode(struct packer *p, struct tree_inode *inode)
{
    if (inode->number == 0) inode->number = ++p->last_number;
}

static bool write_node(void *context, const char *path, struct tree_node *node)
{
    struct packer *p = context;
    struct tree_inode *inode = node->inode;
    number_inode(p, inode);
    struct cpio_entry entry = { .name = path,
                                .name_bytes = (uint32_t)strlen(path),
                                .type = (enum cpio_type)(inode->mode & S_IFMT),
                                .permissions = inode->mode & 07777,
                                .uid = inode->uid,
                                .gid = inode->gid,
                                .mtime_s = (uint32_t)MIN(inode->mtime_s, (uint64_t)UINT32_MAX),
                                .nlink = S_ISDIR(inode->mode) ? 2 : inode->link_count,
                                .inode = inode->number,
                                .rdev_major = inode->device_major,
                                .rdev_minor = inode->device_minor };
    if (S_ISLNK(inode->mode)) {
        entry.data = (const uint8_t *)inode->target;
        entry.data_bytes = (uint32_t)strlen(inode->target);
    }
    if (strcmp(path, "TRAILER!!!") == 0) {
        report("%s: a cpio archive cannot hold a file of this name", path);
        return false;
    }
    if (inode->bytes > UINT32_MAX) {
        report("%s: a file in a cpio archive has at most 4 GiB less one byte", path);
        return false;
    }
    /* Of a file with several names, the last one carries the data. */
    bool has_data = S_ISREG(inode->mode) && ++inode->links_written == inode->link_count && inode->bytes > 0;
    if (has_data) entry.data_bytes = (uint32_t)inode->bytes;
    return is_written(cpio_write_entry(&p->writer, &entry), path) &&
           (!has_data || write_file_data(p, path, inode));
}

bool pack_tree(struct tree *tree, int fd, const char *name, uint64_t *out_bytes)
{
    struct packer p = { .sink = { write_chunked }, .fd = fd, .name = name };
    p.chunk = must_realloc(NULL, CHUNK_BYTES);
    p.input = must_realloc(NULL, CHUNK_BYTES);
    cpio_writer_init(&p.writer, &p.sink);
    bool is_good = write_node(&p, ".", tree->root) && tree_visit(tree, write_node, &p) &&
                   is_written(cpio_write_end(&p.writer), name) && !failed(flush(&p));
    /* What follows the trailer is not read; a machine can have whole granules only as its memory. */
    *out_bytes = align_up(p.writer.offset, MEMORY_PLAN_GRANULE);
    if (is_good && ftruncate(fd, (off_t)*out_bytes) < 0) {
        report_errno("%s: cannot write the archive", name);
        is_good = false;
    }
    free(p.chunk);
    free(p.input);
    return is_good;
}

int pack_tree_in_memory(struct tree *tree, uint64_t *out_bytes)
{
    int fd = memfd_create("rootfs", MFD_CLOEXEC);
    if (fd < 0) {
        report_errno("cannot make an archive in memory");
        return -1;
    }
    if (pack_tree(tree, fd, "the archive in memory", out_bytes)) return fd;
    close(fd);
    return -1;
}

bool pack_to_file(const char *rootfs, const char *output)
{
    struct rootfs source;
    if (!rootfs_read(&source, rootfs)) return false;
    /* Made beside its place and moved there when it is whole. */
    char *unfinished = must_format("%s.XXXXXX", output);
    uint64_t bytes;
    int fd = mkostemp(unfinished, O_CLOEXEC);
    bool is_good = fd >= 0;
    if (!is_good) {
        report_errno("%s: cannot write", output);
        goto release;
    }
    mode_t mask = umask(0);
    umask(mask);
    is_good = pack_tree(&source.tree, fd, output, &bytes);
    if (is_good && (fchmod(fd, 0666 & ~mask) < 0 || rename(unfinished, output) < 0)) {
        report_errno("%s: cannot write", output);
        is_good = false;
    }
    if (!is_good) unlink(unfinished);
    close(fd);

release:
    free(unfinished);
    rootfs_release(&source);
    return is_good;
}
