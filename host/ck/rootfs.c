/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/ck/folder.h"
#include "host/ck/memory_file.h"
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
    { MAGIC("\xfd"
            "7zXZ"),
      FORMAT_REFUSED, "compressed with xz; unpack it with unxz first" },
    { MAGIC("\x1f\x8b"), FORMAT_REFUSED, "compressed twice" },
    { MAGIC("\x28\xb5\x2f\xfd"), FORMAT_REFUSED, "compressed twice" },
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

static bool report_unusable(const char *path)
{
    if (errno)
        report_errno("%s", path);
    else
        report("%s: neither a file nor a folder", path);
    return false;
}

/* ---- root file systems ---- */

/* What the user named: a file, unpacked when it is packed; or a folder. */
static bool open_source(struct memory_file *out, const char *path)
{
    if (!memory_file_open(out, path)) return report_unusable(path);
    if (!out->bytes || packing_of(out->bytes, out->count) == PACKING_NONE) return true;
    struct memory_file packed = *out;
    bool is_good = memory_file_unpack(out, packed.bytes, packed.count, path);
    memory_file_close(&packed);
    return is_good;
}

/* `files` holds a folder or a tar; a layout in it stands for the image inside. */
static bool take_files(struct rootfs *out, struct tree *files, const char *path, const char *wanted)
{
    if (!oci_is_layout(files)) {
        if (tree_find(files, "manifest.json") && tree_find(files, "repositories"))
            report("%s: an archive of Docker's older kind; save it with --format oci-archive", path);
        else if (wanted)
            report("%s: no OCI layout, so there is no image %s in it", path, wanted);
        out->tree = *files;
        *files = (struct tree){ 0 };
        return !wanted;
    }
    tree_init(&out->tree);
    out->is_image = oci_read(&out->tree, files, path, wanted, &out->image);
    return out->is_image;
}

static bool read_files(struct rootfs *out, struct memory_file *source, const char *path, const char *wanted)
{
    *out = (struct rootfs){ 0 };
    tree_init(&out->files);
    bool is_folder = S_ISDIR(source->stat.st_mode);
    if (!is_folder) {
        out->source = *source;
        *source = (struct memory_file){ .fd = -1 };
    }
    bool is_good = is_folder ? folder_read(&out->files, path)
                             : tar_fill_tree(&out->files, path, out->source.bytes, out->source.count);
    is_good = is_good && take_files(out, &out->files, path, wanted);
    if (!is_good) rootfs_release(out);
    return is_good;
}

/* PATH, or PATH:NAME of an image in a layout, when only that exists. Owned by the caller: *out_wanted. */
static char *split_name(const char *text, char **out_wanted)
{
    struct stat st;
    char *path = must_copy_string(text), *colon = strrchr(path, ':');
    *out_wanted = NULL;
    if (!colon || colon[1] == '\0' || lstat(path, &st) == 0) return path;
    *colon = '\0';
    if (stat(path, &st) == 0)
        *out_wanted = must_copy_string(colon + 1);
    else
        *colon = ':';
    return path;
}

bool rootfs_read(struct rootfs *out, const char *text)
{
    struct memory_file source;
    const char *why = "a cpio archive already";
    char *wanted, *path = split_name(text, &wanted);
    bool is_good = open_source(&source, path);
    if (is_good && !S_ISDIR(source.stat.st_mode)) {
        enum format format = tell_format(source.bytes, source.count, &why);
        is_good = format == FORMAT_TAR;
        if (!is_good) report("%s: %s", path, why ? why : "a cpio archive already");
    }
    is_good = is_good && read_files(out, &source, path, wanted);
    memory_file_close(&source);
    free(path);
    free(wanted);
    return is_good;
}

void rootfs_release(struct rootfs *rootfs)
{
    tree_fini(&rootfs->tree);
    tree_fini(&rootfs->files);
    if (rootfs->is_image) oci_image_free(&rootfs->image);
    if (rootfs->source.count) memory_file_close(&rootfs->source);
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
static bool check_lz4(const struct memory_file *m, const char *path)
{
    uint64_t content_bytes = 0;
    size_t bytes = 0;
    const char *why = NULL;
    uint8_t *content = NULL;
    err_t e = lz4_frame_content_bytes(m->bytes, m->count, &content_bytes, &why);
    if (!failed(e)) {
        content = must_realloc(NULL, content_bytes);
        e = lz4_frame_decompress(m->bytes, m->count, content, content_bytes, &bytes, &why);
    }
    if (failed(e)) report("%s: broken lz4: %s", path, why ? why : err_text(e));
    bool is_good = !failed(e) && check_cpio(content, bytes, path, " of its contents");
    free(content);
    return is_good;
}

static int take_descriptor(struct memory_file *m)
{
    int fd = m->fd;
    m->fd = -1;
    return fd;
}

/* A cpio archive is what the machine gets, as it is. */
static int open_cpio(struct memory_file *source, enum format format, const char *path, uint64_t *out_bytes)
{
    bool is_good =
        format == FORMAT_LZ4 ? check_lz4(source, path) : check_cpio(source->bytes, source->count, path, "");
    *out_bytes = source->count;
    return is_good ? take_descriptor(source) : -1;
}

int rootfs_open(const char *text, rootfs_use_t *use, void *context, uint64_t *out_bytes)
{
    const char *why = NULL;
    char *wanted, *path = split_name(text, &wanted);
    struct memory_file source;
    struct rootfs rootfs;
    int fd = -1;
    if (!open_source(&source, path)) goto done;
    enum format format =
        S_ISDIR(source.stat.st_mode) ? FORMAT_TAR : tell_format(source.bytes, source.count, &why);
    if (format == FORMAT_REFUSED) {
        report("%s: %s", path, why);
    } else if (format == FORMAT_CPIO || format == FORMAT_LZ4) {
        fd = use(context, NULL) ? open_cpio(&source, format, path, out_bytes) : -1;
    } else if (read_files(&rootfs, &source, path, wanted)) {
        if (use(context, &rootfs)) fd = pack_tree_in_memory(&rootfs.tree, out_bytes);
        rootfs_release(&rootfs);
    }
    memory_file_close(&source);

done:
    free(path);
    free(wanted);
    return fd;
}

/* ---- one program ---- */

static bool check_program(const struct memory_file *m, const char *path, int *out_status)
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
    return program_check(m->bytes, m->count, path);
}

static int pack_program(const struct memory_file *m, const char *host_path, const char *name,
                        uint64_t *out_bytes)
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
    struct memory_file m;
    *out_program = NULL;
    if (!memory_file_open(&m, host_path)) {
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
    memory_file_close(&m);
    return fd;
}
