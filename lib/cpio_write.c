/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cpio_write.h"

#include "lib/string.h"

enum {
    NAME_AREA_MAX = 4096,
    ALIGNING_AREA_MAX = 4094, /* headers are at multiples of 4 and have 110 bytes */
    END_ALIGN = 512,
};

static const char zeros[NAME_AREA_MAX];
static const char trailer[] = "TRAILER!!!";

void cpio_writer_init(struct cpio_writer *writer, struct cpio_sink *sink)
{
    *writer = (struct cpio_writer){ .sink = sink };
}

static err_t put(struct cpio_writer *writer, const void *bytes, size_t count)
{
    if (count == 0) return OK;
    writer->offset += count;
    return writer->sink->write(writer->sink, bytes, count);
}

static err_t put_padding(struct cpio_writer *writer, uint64_t align)
{
    return put(writer, zeros, align_up(writer->offset, align) - writer->offset);
}

static char *put_hex8(char *to, uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4) *to++ = "0123456789abcdef"[value >> shift & 15];
    return to;
}

/* Header and name; `area` is the name's bytes with NUL and padding. */
static err_t put_head(struct cpio_writer *writer, const struct cpio_entry *entry, uint32_t area)
{
    char header[CPIO_HEADER_BYTES];
    uint32_t fields[] = {
        entry->inode,
        entry->type | entry->permissions,
        entry->uid,
        entry->gid,
        entry->nlink,
        entry->mtime_s,
        entry->data_bytes,
        entry->device_major,
        entry->device_minor,
        entry->rdev_major,
        entry->rdev_minor,
        area,
        0, /* the checksum, unused in this format */
    };
    memcpy(header, "070701", 6);
    char *at = header + 6;
    for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) at = put_hex8(at, fields[i]);

    err_t e = put(writer, header, sizeof header);
    if (!failed(e)) e = put(writer, entry->name, entry->name_bytes);
    if (!failed(e)) e = put(writer, zeros, area - entry->name_bytes);
    return failed(e) ? e : put_padding(writer, 4);
}

/* The name area with which data behind a header at `offset` starts on a page boundary. */
static uint32_t aligning_area(uint64_t offset)
{
    uint64_t name = offset + CPIO_HEADER_BYTES;
    return (uint32_t)(align_up(name, PAGE_BYTES) - name);
}

/* The boundary is too near for the name: an entry for the root, which every reader already has, moves
 * the next header to where the name fits exactly. */
static err_t put_filler(struct cpio_writer *writer, uint32_t name_bytes)
{
    const struct cpio_entry root = {
        .name = ".",
        .name_bytes = 1,
        .type = CPIO_DIRECTORY,
        .permissions = 0755,
        .nlink = 2,
    };
    uint64_t wanted = align_up(writer->offset + CPIO_HEADER_BYTES + root.name_bytes + 1, 4);
    while (aligning_area(wanted) < name_bytes + 1) wanted += 4;
    return put_head(writer, &root, (uint32_t)(wanted - writer->offset - CPIO_HEADER_BYTES));
}

static err_t check(const struct cpio_entry *entry)
{
    const char *rest = entry->name, *component;
    uint32_t rest_bytes = entry->name_bytes, bytes, clean_bytes = 0;
    if (entry->name_bytes > CPIO_NAME_MAX) return ERR_NAME_TOO_LONG;
    if (memchr(entry->name, '\0', entry->name_bytes)) return ERR_INVALID;
    while (cpio_component(&rest, &rest_bytes, &component, &bytes)) {
        if (bytes == 2 && component[0] == '.' && component[1] == '.') return ERR_INVALID;
        clean_bytes += bytes + (clean_bytes > 0);
    }
    /* A name of clean components, each behind one slash, is as long as its parts say. "." is the root. */
    bool is_root = entry->name_bytes == 1 && entry->name[0] == '.';
    if (!is_root && (clean_bytes == 0 || clean_bytes != entry->name_bytes)) return ERR_INVALID;
    if (clean_bytes == sizeof trailer - 1 && memcmp(entry->name, trailer, clean_bytes) == 0)
        return ERR_INVALID;
    bool has_data = entry->type == CPIO_REGULAR || entry->type == CPIO_SYMLINK;
    return entry->data_bytes > 0 && !has_data ? ERR_INVALID : OK;
}

err_t cpio_write_entry(struct cpio_writer *writer, const struct cpio_entry *entry)
{
    err_t e = check(entry);
    if (failed(e)) return e;
    if (writer->data_left > 0) return ERR_INVALID;

    uint32_t area = entry->name_bytes + 1;
    bool is_large = entry->type == CPIO_REGULAR && entry->data_bytes >= CPIO_ALIGN_FROM_BYTES;
    if (is_large && area <= ALIGNING_AREA_MAX) {
        if (aligning_area(writer->offset) < area) {
            e = put_filler(writer, entry->name_bytes);
            if (failed(e)) return e;
        }
        area = aligning_area(writer->offset);
    }
    e = put_head(writer, entry, area);
    if (failed(e)) return e;
    writer->data_left = entry->data_bytes;
    return entry->data ? cpio_write_data(writer, entry->data, entry->data_bytes) : OK;
}

err_t cpio_write_data(struct cpio_writer *writer, const void *bytes, size_t count)
{
    if (count > writer->data_left) return ERR_INVALID;
    err_t e = put(writer, bytes, count);
    if (failed(e)) return e;
    writer->data_left -= count;
    return writer->data_left ? OK : put_padding(writer, 4);
}

err_t cpio_write_end(struct cpio_writer *writer)
{
    if (writer->data_left > 0) return ERR_INVALID;
    const struct cpio_entry end = { .name = trailer, .name_bytes = sizeof trailer - 1, .nlink = 1 };
    err_t e = put_head(writer, &end, sizeof trailer);
    return failed(e) ? e : put_padding(writer, END_ALIGN);
}
