/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/ck/folder.h"
#include "host/ck/pack.h"
#include "host/ck/program.h"
#include "host/ck/report.h"
#include "host/ck/status.h"
#include "host/ck/tar_tree.h"
#include "host/ck/tar.h"
#include "lib/cpio.h"
#include "lib/lz4_frame.h"

/* ---- what kind of file is it ---- */

enum format { FORMAT_CPIO, FORMAT_LZ4, FORMAT_TAR, FORMAT_REFUSED };

struct magic {
    const char *bytes;
    size_t count;
    enum format format;
    const char *hint; /* for those we refuse */
};
#define MAGIC(text) text, sizeof(text) - 1

static const struct magic magics[] = {
    { MAGIC("070701"), FORMAT_CPIO, NULL },
    { MAGIC("070702"), FORMAT_CPIO, NULL },
    { MAGIC("\x04\x22\x4d\x18"), FORMAT_LZ4, NULL }, /* a frame */
    { MAGIC("\x02\x21\x4c\x18"), FORMAT_LZ4, NULL }, /* `lz4 -l`, what Linux takes */
    { MAGIC("070707"), FORMAT_REFUSED, "an old cpio archive; make it with cpio -H newc" },
    { MAGIC("\x1f\x8b"), FORMAT_REFUSED, "compressed with gzip; unpack it with gunzip first" },
    { MAGIC("\xfd"
            "7zXZ"),
      FORMAT_REFUSED, "compressed with xz; unpack it with unxz first" },
    { MAGIC("\x28\xb5\x2f\xfd"), FORMAT_REFUSED, "compressed with zstd; unpack it with unzstd first" },
    { MAGIC("BZh"), FORMAT_REFUSED, "compressed with bzip2; unpack it with bunzip2 first" },
    { MAGIC("\x7f"
            "ELF"),
      FORMAT_REFUSED, "a program; name it without --rootfs to run it alone" },
};

static enum format tell_format(const uint8_t *bytes, size_t count, const char **out_why)
{
    for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
        if (count < magics[i].count || memcmp(bytes, magics[i].bytes, magics[i].count) != 0) continue;
        *out_why = magics[i].hint;
        return magics[i].format;
    }
    if (tar_is_archive(bytes, count)) return FORMAT_TAR;
    *out_why = count == 0 ? "the file is empty" : "neither a tar nor a cpio (newc) archive, nor a folder";
    return FORMAT_REFUSED;
}

/* ---- files in memory ---- */

struct mapping {
    int fd;
    struct stat stat;
    uint8_t *bytes; /* NULL for a folder and for an empty file */
};

static void mapping_close(struct mapping *m)
{
    if (m->bytes) munmap(m->bytes, (size_t)m->stat.st_size);
    if (m->fd >= 0) close(m->fd);
}

/* On failure errno says why, or is 0 for something that is neither file nor folder. */
static bool mapping_open(struct mapping *m, const char *path)
{
    *m = (struct mapping){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
    if (m->fd < 0) return false;
    bool is_good = fstat(m->fd, &m->stat) == 0;
    if (is_good && S_ISREG(m->stat.st_mode) && m->stat.st_size > 0) {
        void *at = mmap(NULL, (size_t)m->stat.st_size, PROT_READ, MAP_PRIVATE, m->fd, 0);
        is_good = at != MAP_FAILED;
        if (is_good) m->bytes = at;
    } else if (is_good && !S_ISREG(m->stat.st_mode) && !S_ISDIR(m->stat.st_mode)) {
        errno = 0;
        is_good = false;
    }
    int error = errno;
    if (!is_good) mapping_close(m);
    errno = error;
    return is_good;
}

static bool report_unusable(const char *path)
{
    if (errno)
        report_errno("%s", path);
    else
        report("%s: neither a file nor a folder", path);
    return false;
}

/* ---- root file systems ---- */

static bool read_archive(struct rootfs *out, struct mapping *m, const char *path)
{
    const char *why = NULL;
    enum format format = tell_format(m->bytes, (size_t)m->stat.st_size, &why);
    if (format == FORMAT_CPIO || format == FORMAT_LZ4) why = "a cpio archive already";
    if (format != FORMAT_TAR) {
        report("%s: %s", path, why);
        return false;
    }
    out->mapped = m->bytes;
    out->mapped_bytes = (size_t)m->stat.st_size;
    m->bytes = NULL;
    return tar_fill_tree(&out->tree, path, out->mapped, out->mapped_bytes);
}

static bool read_mapped(struct rootfs *out, struct mapping *m, const char *path)
{
    *out = (struct rootfs){ 0 };
    tree_init(&out->tree);
    bool is_good = S_ISDIR(m->stat.st_mode) ? folder_read(&out->tree, path) : read_archive(out, m, path);
    if (!is_good) rootfs_release(out);
    return is_good;
}

bool rootfs_read(struct rootfs *out, const char *path)
{
    struct mapping m;
    if (!mapping_open(&m, path)) return report_unusable(path);
    bool is_good = read_mapped(out, &m, path);
    mapping_close(&m);
    return is_good;
}

void rootfs_release(struct rootfs *rootfs)
{
    tree_fini(&rootfs->tree);
    if (rootfs->mapped) munmap(rootfs->mapped, rootfs->mapped_bytes);
}

static bool check_cpio(const void *bytes, uint64_t count, const char *path, const char *where)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    const char *why = NULL;
    err_t e;
    cpio_reader_init(&reader, bytes, count);
    do e = cpio_next(&reader, &entry, &why);
    while (!failed(e));
    if (e.code == ERR_NOT_FOUND.code) return true;
    report("%s: broken at byte %llu%s: %s", path, (unsigned long long)reader.offset, where,
           why ? why : err_text(e));
    return false;
}

/* The kernel would find the same faults, but only after a boot. */
static bool check_lz4(const struct mapping *m, const char *path)
{
    uint64_t content_bytes = 0;
    size_t bytes = 0;
    const char *why = NULL;
    uint8_t *content = NULL;
    err_t e = lz4_frame_content_bytes(m->bytes, (size_t)m->stat.st_size, &content_bytes, &why);
    if (!failed(e)) {
        content = must_realloc(NULL, content_bytes);
        e = lz4_frame_decompress(m->bytes, (size_t)m->stat.st_size, content, content_bytes, &bytes, &why);
    }
    if (failed(e)) report("%s: broken lz4: %s", path, why ? why : err_text(e));
    bool is_good = !failed(e) && check_cpio(content, bytes, path, " of its contents");
    free(content);
    return is_good;
}

static int take_descriptor(struct mapping *m)
{
    int fd = m->fd;
    m->fd = -1;
    return fd;
}

int rootfs_open(const char *path, uint64_t *out_bytes)
{
    struct mapping m;
    if (!mapping_open(&m, path)) {
        report_unusable(path);
        return -1;
    }
    const char *why;
    int fd = -1;
    struct rootfs source;
    enum format format =
        S_ISDIR(m.stat.st_mode) ? FORMAT_TAR : tell_format(m.bytes, (size_t)m.stat.st_size, &why);
    bool is_cpio = format == FORMAT_CPIO && check_cpio(m.bytes, (uint64_t)m.stat.st_size, path, "");
    bool is_lz4 = format == FORMAT_LZ4 && check_lz4(&m, path);
    if (is_cpio || is_lz4) {
        *out_bytes = (uint64_t)m.stat.st_size;
        fd = take_descriptor(&m);
    } else if (format != FORMAT_CPIO && format != FORMAT_LZ4 && read_mapped(&source, &m, path)) {
        fd = pack_tree_in_memory(&source.tree, out_bytes);
        rootfs_release(&source);
    }
    mapping_close(&m);
    return fd;
}

/* ---- one program ---- */

static bool check_program(const struct mapping *m, const char *path, int *out_status)
{
    *out_status = STATUS_CANNOT_EXECUTE;
    if (S_ISDIR(m->stat.st_mode)) {
        report("%s: a folder, not a program", path);
        return false;
    }
    if (!(m->stat.st_mode & 0111)) {
        report("%s: not marked as executable (chmod +x)", path);
        return false;
    }
    return program_check(m->bytes, (uint64_t)m->stat.st_size, path);
}

static int pack_program(const struct mapping *m, const char *host_path, const char *name, uint64_t *out_bytes)
{
    static const char *const folders[] = { "etc", "root", "sys" }; /* the kernel makes /dev and /proc */
    struct tree tree;
    tree_init(&tree);
    struct tree_inode inode = folder_inode(host_path, &m->stat);
    inode.uid = inode.gid = 0;
    int fd = -1;
    const char *why = tree_put(&tree, name, &inode);
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) tree_ensure_directory(&tree, folders[i], 0755);
    tree_ensure_directory(&tree, "tmp", 01777);
    if (why)
        report("%s: %s", host_path, why);
    else
        fd = pack_tree_in_memory(&tree, out_bytes);
    tree_fini(&tree);
    return fd;
}

int rootfs_open_program(const char *host_path, uint64_t *out_bytes, char **out_program, int *out_status)
{
    struct mapping m;
    *out_program = NULL;
    if (!mapping_open(&m, host_path)) {
        bool is_missing = errno == ENOENT || errno == ENOTDIR;
        *out_status = is_missing ? STATUS_NOT_FOUND : STATUS_CANNOT_EXECUTE;
        report_unusable(host_path);
        return -1;
    }
    int fd = -1;
    if (check_program(&m, host_path, out_status)) {
        const char *slash = strrchr(host_path, '/');
        const char *name = slash ? slash + 1 : host_path;
        *out_status = STATUS_CK_FAILED;
        fd = pack_program(&m, host_path, name, out_bytes);
        *out_program = must_format("/%s", name);
    }
    mapping_close(&m);
    return fd;
}
