/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cpio.h"

#include "lib/bits.h"
#include "lib/string.h"

enum {
    FIELD_COUNT = 13,
    FIELD_CHARS = 8,
    NAME_AREA_MAX = 4096, /* the name with its NUL and padding; Linux skips longer ones */
    MODE_TYPE = 0170000,
    MODE_PERMISSIONS = 07777,
};

#define LANES(byte) ((byte) * 0x0101010101010101ull)

/* "070701" and "070702"; six bytes as a number, the last one masked off. */
#define MAGIC_PREFIX 0x3037303730ull

enum header_field {
    INODE,
    MODE,
    UID,
    GID,
    NLINK,
    MTIME,
    FILE_BYTES,
    DEVICE_MAJOR,
    DEVICE_MINOR,
    RDEV_MAJOR,
    RDEV_MINOR,
    NAME_BYTES,
    CHECKSUM,
};

/* Eight hexadecimal digits at once: a header has a hundred of them, an initramfs thousands of
 * headers. Each byte is a lane; the first digit is in the lowest and counts most. */
static bool parse_hex8(const uint8_t *at, uint32_t *out)
{
    uint64_t text = load_u64(at);
    if (text == LANES('0')) { /* most fields */
        *out = 0;
        return true;
    }
    uint64_t letter = (text >> 6) & LANES(1); /* bit 6 tells letters from digits */
    uint64_t value = (text & LANES(0x0f)) + 9 * letter;
    /* Digits are 0x3d, letters 0x4d or 0x6d; a digit's value is below 10, a letter's 10 to 15. */
    uint64_t high = text & LANES(0xf0) & ~((letter << 5) & text);
    uint64_t at_least_ten = ((value + LANES(6)) >> 4) & LANES(1);
    bool good = high == LANES(0x30) + letter * 0x10 && at_least_ten == letter && !(value & LANES(0xf0));
    value = (value << 4) | (value >> 8); /* pairs: the low lane's digit is the high half */
    value &= 0x00ff00ff00ff00ffull;
    value = (value | value >> 8) & 0x0000ffff0000ffffull;
    value |= value >> 16;
    *out = __builtin_bswap32((uint32_t)value);
    return good;
}

static err_t refuse(const char **why, const char *text)
{
    *why = text;
    return ERR_INVALID;
}

void cpio_reader_init(struct cpio_reader *reader, const void *archive, uint64_t bytes)
{
    *reader = (struct cpio_reader){ .archive = archive, .bytes = bytes };
}

/* ---- names ---- */

bool cpio_component(const char **rest, uint32_t *rest_bytes, const char **component, uint32_t *bytes)
{
    const char *at = *rest, *end = at + *rest_bytes;
    while (at < end && (*at == '/' || (*at == '.' && (at + 1 == end || at[1] == '/')))) at++;
    const char *first = at;
    while (at < end && *at != '/') at++;
    *rest = at;
    *rest_bytes = (uint32_t)(end - at);
    *component = first;
    *bytes = (uint32_t)(at - first);
    return at > first;
}

/* Where the first component starts and the last one ends; false when `..` is among them. */
static bool trim_name(const char **name, uint32_t *name_bytes)
{
    const char *rest = *name, *component, *first = NULL, *end = *name;
    uint32_t rest_bytes = *name_bytes, bytes;
    while (cpio_component(&rest, &rest_bytes, &component, &bytes)) {
        if (bytes == 2 && component[0] == '.' && component[1] == '.') return false;
        if (!first) first = component;
        end = component + bytes;
    }
    *name = first ? first : *name;
    *name_bytes = first ? (uint32_t)(end - first) : 0;
    return true;
}

/* `area` bytes hold the name and at least one NUL; builders add more to align the data. */
static err_t parse_name(const char *name, uint32_t area, struct cpio_entry *out, const char **why)
{
    const char *end = memchr(name, '\0', area);
    if (!end) return refuse(why, "an entry's name lacks its NUL");
    uint32_t bytes = (uint32_t)(end - name);
    if (bytes == 0) return refuse(why, "an entry has an empty name");
    if (bytes > CPIO_NAME_MAX) return refuse(why, "an entry's name is too long");
    if (!is_all_zero(end, (size_t)(name + area - end)))
        return refuse(why, "an entry's name goes on behind its NUL");
    out->name = name;
    out->name_bytes = bytes;
    if (!trim_name(&out->name, &out->name_bytes)) return refuse(why, "an entry's name holds a .. component");
    return OK;
}

/* ---- entries ---- */

static bool is_known_type(uint32_t type)
{
    return type == CPIO_FIFO || type == CPIO_CHARACTER_DEVICE || type == CPIO_DIRECTORY ||
           type == CPIO_BLOCK_DEVICE || type == CPIO_REGULAR || type == CPIO_SYMLINK;
}

static err_t check_type(const struct cpio_entry *entry, const char **why)
{
    if (!is_known_type(entry->type)) return refuse(why, "an entry has an unknown file type");
    if (entry->name_bytes == 0 && entry->type != CPIO_DIRECTORY)
        return refuse(why, "the root is not a directory");
    if (entry->type == CPIO_SYMLINK) {
        if (entry->data_bytes == 0) return refuse(why, "a symbolic link has no target");
        if (entry->data_bytes > CPIO_TARGET_MAX) return refuse(why, "a symbolic link's target is too long");
        if (memchr(entry->data, '\0', entry->data_bytes))
            return refuse(why, "a symbolic link's target holds a NUL");
    } else if (entry->type != CPIO_REGULAR && entry->data_bytes > 0) {
        return refuse(why, "an entry that is no file has data");
    }
    return OK;
}

static uint32_t sum_bytes(const uint8_t *data, uint32_t bytes)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < bytes; i++) sum += data[i];
    return sum;
}

static err_t parse_header(const uint8_t *at, uint32_t fields[FIELD_COUNT], bool *has_checksum,
                          const char **why)
{
    uint64_t magic = load_u64(at) & 0xffffffffffffull;
    uint8_t version = (uint8_t)(magic >> 40);
    if ((magic & 0xffffffffffull) != MAGIC_PREFIX || (version != '1' && version != '2'))
        return refuse(why, "an entry has a wrong magic number");
    *has_checksum = version == '2';
    at += 6;
    for (int i = 0; i < FIELD_COUNT; i++, at += FIELD_CHARS) {
        if (!parse_hex8(at, &fields[i])) return refuse(why, "a header field is not hexadecimal");
    }
    return OK;
}

/* *end_out: where the next header would start. */
static err_t parse_entry(const struct cpio_reader *reader, struct cpio_entry *out, uint64_t *end_out,
                         const char **why)
{
    uint64_t left = reader->bytes - reader->offset;
    const uint8_t *at = reader->archive + reader->offset;
    if (left < CPIO_HEADER_BYTES) return refuse(why, "the archive ends inside a header");
    uint32_t fields[FIELD_COUNT];
    bool has_checksum;
    err_t e = parse_header(at, fields, &has_checksum, why);
    if (failed(e)) return e;

    /* All three are below 2^32 and `left` bounds them, so these sums cannot wrap. */
    uint64_t name_bytes = fields[NAME_BYTES], data_bytes = fields[FILE_BYTES];
    if (name_bytes == 0) return refuse(why, "an entry has an empty name");
    if (name_bytes > NAME_AREA_MAX) return refuse(why, "an entry's name is too long");
    if (name_bytes > left - CPIO_HEADER_BYTES) return refuse(why, "the archive ends inside a name");
    uint64_t data_offset = align_up(reader->offset + CPIO_HEADER_BYTES + name_bytes, 4) - reader->offset;
    if (data_offset > left) data_offset = left; /* a last entry without data may lack its padding */
    if (data_bytes > left - data_offset) return refuse(why, "the archive ends inside a file");

    *out = (struct cpio_entry){
        .type = fields[MODE] & MODE_TYPE,
        .permissions = fields[MODE] & MODE_PERMISSIONS,
        .uid = fields[UID],
        .gid = fields[GID],
        .mtime_s = fields[MTIME],
        .nlink = fields[NLINK],
        .inode = fields[INODE],
        .device_major = fields[DEVICE_MAJOR],
        .device_minor = fields[DEVICE_MINOR],
        .rdev_major = fields[RDEV_MAJOR],
        .rdev_minor = fields[RDEV_MINOR],
        .data = at + data_offset,
        .data_bytes = (uint32_t)data_bytes,
    };
    *end_out = MIN(align_up(reader->offset + data_offset + data_bytes, 4), reader->bytes);
    e = parse_name((const char *)at + CPIO_HEADER_BYTES, (uint32_t)name_bytes, out, why);
    if (failed(e)) return e;
    if (fields[MODE] > 0177777) return refuse(why, "an entry has an absurd mode");
    if (has_checksum && sum_bytes(out->data, out->data_bytes) != fields[CHECKSUM])
        return refuse(why, "a file has a wrong checksum");
    return OK;
}

/* By the name as it is written: "./TRAILER!!!" is a file. */
static bool is_trailer(const struct cpio_reader *reader, const struct cpio_entry *entry)
{
    static const char trailer[] = "TRAILER!!!";
    const char *name = (const char *)reader->archive + reader->offset + CPIO_HEADER_BYTES;
    return entry->name == name && entry->name_bytes == sizeof trailer - 1 &&
           memcmp(name, trailer, sizeof trailer - 1) == 0;
}

/* Between archives, and behind the last, there may be any number of NULs. */
static void skip_padding(struct cpio_reader *reader)
{
    const uint8_t *archive = reader->archive;
    uint64_t at = reader->offset;
    while (reader->bytes - at >= 8 && load_u64(archive + at) == 0) at += 8;
    while (at < reader->bytes && archive[at] == 0) at++;
    reader->offset = at;
}

err_t cpio_next(struct cpio_reader *reader, struct cpio_entry *out, const char **why)
{
    for (;;) {
        if (reader->is_after_trailer) skip_padding(reader);
        if (reader->offset == reader->bytes) {
            if (reader->is_after_trailer) return ERR_NOT_FOUND;
            return refuse(why, "the archive ends without its trailer");
        }
        if (!is_aligned(reader->offset, 4))
            return refuse(why, "an archive starts at an offset that is no multiple of 4");
        uint64_t end;
        err_t e = parse_entry(reader, out, &end, why);
        if (failed(e)) return e;
        bool trailer = is_trailer(reader, out);
        if (!trailer) {
            e = check_type(out, why);
            if (failed(e)) return e;
        } else if (out->data_bytes > 0) {
            return refuse(why, "the trailer has data");
        }
        reader->offset = end;
        reader->is_after_trailer = trailer;
        if (!trailer) return OK;
    }
}
