/* SPDX-License-Identifier: Apache-2.0 */
/* An entry is a header block, then its data in whole blocks. In front of it may stand entries that
 * only describe it: GNU 'L' and 'K' (a long path, a long link target) and pax 'x' (a list of
 * "LENGTH KEY=VALUE\n"). They are collected into `struct extra` and applied to the next real header.
 * The archive ends with a block of zeroes. [posix.1-2017 pax, "ustar Interchange Format"] */
#include "host/ck/tar.h"

#include <string.h>

enum { BLOCK_BYTES = 512 };

struct tar_header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[8]; /* "ustar" NUL "00", or GNU's "ustar  " NUL */
    char user[32];
    char group[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155]; /* POSIX only; GNU keeps other things here */
    char padding[12];
};
_Static_assert(sizeof(struct tar_header) == BLOCK_BYTES, "on the medium");

/* What describing entries said about the entry that follows. */
struct extra {
    bool has_path, has_link, has_size, has_mtime, has_uid, has_gid;
    uint64_t size, mtime, uid, gid;
};

void tar_init(struct tar_reader *r, const void *archive, uint64_t bytes)
{
    *r = (struct tar_reader){ .archive = archive, .archive_bytes = bytes };
}

static bool broken(struct tar_reader *r, const char *why)
{
    r->why = why;
    return false;
}

/* ---- fields ---- */

/* Octal digits between blanks and NULs; an empty field is 0. Or, with the first bit set, a big-endian
 * number of the other bits, which is how GNU writes what octal cannot hold. Negative ones become 0. */
static bool parse_number(const char *field, size_t width, uint64_t *out)
{
    const uint8_t *at = (const uint8_t *)field, *end = at + width;
    uint64_t value = 0;
    if (*at & 0x80) {
        bool is_negative = *at & 0x40;
        value = *at++ & 0x3f;
        for (; at < end; at++) {
            if (!is_negative && value >> 56) return false;
            value = value << 8 | *at;
        }
        *out = is_negative ? 0 : value;
        return true;
    }
    while (at < end && *at == ' ') at++;
    for (; at < end && *at >= '0' && *at <= '7'; at++) value = value << 3 | (uint64_t)(*at - '0');
    for (; at < end; at++)
        if (*at != ' ' && *at != '\0') return false;
    *out = value;
    return true;
}

/* The sum over the header with the checksum's own bytes as blanks. Ancient tars summed signed chars. */
static bool is_checksum_right(const struct tar_header *h)
{
    const uint8_t *bytes = (const uint8_t *)h;
    uint64_t stored;
    int64_t sum = 0, signed_sum = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        bool is_own = i >= offsetof(struct tar_header, checksum) && i < offsetof(struct tar_header, type);
        uint8_t byte = is_own ? ' ' : bytes[i];
        sum += byte;
        signed_sum += (int8_t)byte;
    }
    return parse_number(h->checksum, sizeof h->checksum, &stored) &&
           ((int64_t)stored == sum || (int64_t)stored == signed_sum);
}

bool tar_is_archive(const void *bytes, uint64_t count)
{
    return count >= BLOCK_BYTES && is_checksum_right(bytes);
}

static bool is_zero_block(const uint8_t *block)
{
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        if (block[i]) return false;
    return true;
}

/* Up to a NUL or `width`, whichever comes first. False: it does not fit. */
static bool append_text(char *out, const char *field, size_t width)
{
    size_t have = strlen(out), length = strnlen(field, width);
    if (have + length >= TAR_TEXT_MAX) return false;
    memcpy(out + have, field, length);
    out[have + length] = '\0';
    return true;
}

static bool set_text(struct tar_reader *r, char *out, const char *text, uint64_t bytes, const char *why_long)
{
    out[0] = '\0';
    return append_text(out, text, bytes) ? true : broken(r, why_long);
}

/* ---- describing entries ---- */

static bool parse_decimal(const char *text, size_t length, uint64_t *out)
{
    uint64_t value = 0;
    bool is_negative = length > 0 && text[0] == '-';
    size_t i = is_negative;
    if (i == length) return false;
    for (; i < length && text[i] != '.'; i++) { /* times may have a fraction, which we drop */
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
            return false;
    }
    *out = is_negative ? 0 : value;
    return true;
}

static bool apply_pax_number(struct tar_reader *r, const char *value, size_t length, uint64_t *out, bool *has)
{
    *has = true;
    return parse_decimal(value, length, out) ? true : broken(r, "a pax header holds a number that is none");
}

static bool apply_pax_text(struct tar_reader *r, const char *value, size_t length, char *out, bool *has)
{
    if (memchr(value, '\0', length)) return broken(r, "a pax header holds a path with a NUL in it");
    *has = true;
    return set_text(r, out, value, length, "a pax header holds a path longer than 4095 bytes");
}

static bool apply_pax_record(struct tar_reader *r, struct extra *x, const char *key, size_t key_length,
                             const char *value, size_t length)
{
#define KEY_IS(text) (key_length == sizeof(text) - 1 && memcmp(key, text, key_length) == 0)
    if (KEY_IS("path")) return apply_pax_text(r, value, length, r->path, &x->has_path);
    if (KEY_IS("linkpath")) return apply_pax_text(r, value, length, r->link, &x->has_link);
    if (KEY_IS("size")) {
        if (length > 0 && value[0] == '-') return broken(r, "a pax header with a negative size");
        return apply_pax_number(r, value, length, &x->size, &x->has_size);
    }
    if (KEY_IS("mtime")) return apply_pax_number(r, value, length, &x->mtime, &x->has_mtime);
    if (KEY_IS("uid")) return apply_pax_number(r, value, length, &x->uid, &x->has_uid);
    if (KEY_IS("gid")) return apply_pax_number(r, value, length, &x->gid, &x->has_gid);
#undef KEY_IS
    if (key_length >= 11 && memcmp(key, "GNU.sparse.", 11) == 0) return broken(r, "a sparse file (pax)");
    return true; /* comments, user names, extended attributes: nothing the guest has a place for */
}

static bool apply_pax(struct tar_reader *r, struct extra *x, const char *records, uint64_t bytes)
{
    const char *at = records, *end = records + bytes;
    while (at < end) {
        uint64_t length = 0;
        const char *start = at;
        while (at < end && *at >= '0' && *at <= '9' && length <= bytes)
            length = length * 10 + (uint64_t)(*at++ - '0');
        bool has_room = length <= (uint64_t)(end - start) && length > (uint64_t)(at - start) + 1;
        if (!has_room || *at != ' ' || start[length - 1] != '\n')
            return broken(r, "a pax header whose records do not add up");
        const char *key = at + 1, *last = start + length - 1;
        const char *equals = memchr(key, '=', (size_t)(last - key));
        if (!equals) return broken(r, "a pax record without '='");
        if (!apply_pax_record(r, x, key, (size_t)(equals - key), equals + 1, (size_t)(last - equals - 1)))
            return false;
        at = last + 1;
    }
    return true;
}

static bool apply_describing(struct tar_reader *r, struct extra *x, char type, const char *data,
                             uint64_t bytes)
{
    switch (type) {
    case 'L': x->has_path = true; return set_text(r, r->path, data, bytes, "a path longer than 4095 bytes");
    case 'K':
        x->has_link = true;
        return set_text(r, r->link, data, bytes, "a link target longer than 4095 bytes");
    case 'x': return apply_pax(r, x, data, bytes);
    default: return true; /* 'g', for all entries: comments and the like. 'V': the volume's name. */
    }
}

static bool is_describing(char type) { return type && strchr("LKxgV", type); }

/* ---- entries ---- */

static bool choose_kind(struct tar_reader *r, const struct tar_header *h, enum tar_kind *out)
{
    size_t path_length = strlen(r->path);
    switch (h->type) {
    case '0':
    case '7': /* "contiguous": a file like any other */
    case '\0':
        /* Before POSIX a directory was a file whose name ends in a slash. */
        *out = path_length && r->path[path_length - 1] == '/' ? TAR_DIRECTORY : TAR_FILE;
        return true;
    case '1': *out = TAR_HARD_LINK; return true;
    case '2': *out = TAR_SYMLINK; return true;
    case '3': *out = TAR_CHARACTER_DEVICE; return true;
    case '4': *out = TAR_BLOCK_DEVICE; return true;
    case '5': *out = TAR_DIRECTORY; return true;
    case '6': *out = TAR_FIFO; return true;
    case 'S': return broken(r, "a sparse file (GNU)");
    case 'M': return broken(r, "the continuation of a file from another volume");
    default: return broken(r, "an entry of a type unknown to ck");
    }
}

static bool read_names(struct tar_reader *r, const struct tar_header *h, const struct extra *x)
{
    if (!x->has_path) {
        r->path[0] = '\0';
        bool is_posix = memcmp(h->magic, "ustar", sizeof "ustar") == 0;
        /* 155 + 1 + 100 bytes always fit. */
        if (is_posix && h->prefix[0])
            (void)(append_text(r->path, h->prefix, sizeof h->prefix) && append_text(r->path, "/", 1));
        (void)append_text(r->path, h->name, sizeof h->name);
    }
    if (!x->has_link) {
        r->link[0] = '\0';
        (void)append_text(r->link, h->link, sizeof h->link);
    }
    if (r->path[0] == '\0') return broken(r, "an entry without a name");
    return true;
}

static bool read_numbers(struct tar_reader *r, const struct tar_header *h, const struct extra *x,
                         struct tar_entry *out)
{
    uint64_t mode, uid, gid, major, minor;
    if (!parse_number(h->mode, sizeof h->mode, &mode) || !parse_number(h->uid, sizeof h->uid, &uid) ||
        !parse_number(h->gid, sizeof h->gid, &gid) ||
        !parse_number(h->mtime, sizeof h->mtime, &out->mtime_s) ||
        !parse_number(h->device_major, sizeof h->device_major, &major) ||
        !parse_number(h->device_minor, sizeof h->device_minor, &minor))
        return broken(r, "a header with a number that is none");
    if (x->has_uid) uid = x->uid;
    if (x->has_gid) gid = x->gid;
    if (x->has_mtime) out->mtime_s = x->mtime;
    if (uid > UINT32_MAX || gid > UINT32_MAX || major > UINT32_MAX || minor > UINT32_MAX)
        return broken(r, "an owner or a device number of more than 32 bits");
    out->mode = mode & 07777;
    out->uid = (uint32_t)uid;
    out->gid = (uint32_t)gid;
    out->device_major = (uint32_t)major;
    out->device_minor = (uint32_t)minor;
    return true;
}

static bool read_entry(struct tar_reader *r, const struct tar_header *h, const struct extra *x,
                       const uint8_t *data, uint64_t bytes, struct tar_entry *out)
{
    *out = (struct tar_entry){ .path = r->path, .link = r->link, .data = data };
    if (!read_names(r, h, x) || !choose_kind(r, h, &out->kind) || !read_numbers(r, h, x, out)) return false;
    bool is_link = out->kind == TAR_HARD_LINK || out->kind == TAR_SYMLINK;
    if (is_link && r->link[0] == '\0') return broken(r, "a link without a target");
    if (!is_link) r->link[0] = '\0';
    out->bytes = out->kind == TAR_FILE ? bytes : 0;
    return true;
}

/* The next header block and its data; the cursor moves behind both. NULL: the end, or `why`. */
static const struct tar_header *take_header(struct tar_reader *r, const struct extra *x,
                                            const uint8_t **out_data, uint64_t *out_bytes)
{
    r->header_at = r->at;
    if (r->archive_bytes - r->at < BLOCK_BYTES) {
        r->why = r->archive_bytes == r->at ? "the archive stops without an end marker: it is cut off"
                                           : "the archive stops inside a header: it is cut off";
        return NULL;
    }
    const uint8_t *block = r->archive + r->at;
    const struct tar_header *h = (const struct tar_header *)block;
    if (is_zero_block(block)) return NULL;
    if (!is_checksum_right(h)) {
        r->why = "a header with a wrong checksum";
        return NULL;
    }
    r->at += BLOCK_BYTES;
    bool is_negative = (h->size[0] & 0xc0) == 0xc0;
    if (is_negative || !parse_number(h->size, sizeof h->size, out_bytes)) {
        r->why = "a header whose size is not a number of bytes";
        return NULL;
    }
    if (x->has_size && !is_describing(h->type)) *out_bytes = x->size;
    /* Links, devices and directories have no data, though some writers give them a size. */
    if (h->type >= '1' && h->type <= '6') *out_bytes = 0;
    uint64_t rest = r->archive_bytes - r->at;
    if (*out_bytes > rest) {
        r->why = "an entry longer than the rest of the archive: it is cut off";
        return NULL;
    }
    *out_data = r->archive + r->at;
    r->at += MIN(align_up(*out_bytes, BLOCK_BYTES), rest);
    return h;
}

enum tar_step tar_next(struct tar_reader *r, struct tar_entry *out)
{
    struct extra extra = { 0 };
    bool has_extra = false;
    if (r->why) return TAR_BROKEN;
    for (;;) {
        const uint8_t *data = NULL;
        uint64_t bytes = 0;
        const struct tar_header *h = take_header(r, &extra, &data, &bytes);
        if (!h && !r->why && has_extra) r->why = "a long name with no entry behind it";
        if (!h) return r->why ? TAR_BROKEN : TAR_END;
        if (!is_describing(h->type))
            return read_entry(r, h, &extra, data, bytes, out) ? TAR_ENTRY : TAR_BROKEN;
        if (!apply_describing(r, &extra, h->type, (const char *)data, bytes)) return TAR_BROKEN;
        has_extra |= h->type != 'g' && h->type != 'V';
    }
}
