/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "host/ck/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "host/ck/report.h"

enum { CHUNK_BYTES = 1 << 20 };
/* A few kilobytes can be packed such that they fill a disk. No image is that large. */
static const uint64_t unpacked_max_bytes = 64ull << 30;

void memory_file_close(struct memory_file *m)
{
    if (m->bytes) munmap(m->bytes, m->count);
    if (m->fd >= 0) close(m->fd);
    *m = (struct memory_file){ .fd = -1 };
}

/* Maps what the descriptor stands for. */
static bool map(struct memory_file *m)
{
    if (fstat(m->fd, &m->stat) < 0) return false;
    if (S_ISDIR(m->stat.st_mode)) return true;
    if (!S_ISREG(m->stat.st_mode)) {
        errno = 0;
        return false;
    }
    m->count = (size_t)m->stat.st_size;
    if (m->count == 0) return true;
    void *at = mmap(NULL, m->count, PROT_READ, MAP_PRIVATE, m->fd, 0);
    if (at == MAP_FAILED) return false;
    m->bytes = at;
    return true;
}

bool memory_file_open(struct memory_file *m, const char *path)
{
    *m = (struct memory_file){ .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
    if (m->fd < 0) return false;
    if (map(m)) return true;
    int error = errno;
    memory_file_close(m);
    errno = error;
    return false;
}

enum packing packing_of(const void *bytes, size_t count)
{
    if (count >= 2 && memcmp(bytes, "\x1f\x8b", 2) == 0) return PACKING_GZIP;
    if (count >= 4 && memcmp(bytes, "\x28\xb5\x2f\xfd", 4) == 0) return PACKING_ZSTD;
    return PACKING_NONE;
}

/* ---- unpacking ---- */

struct unpacker {
    int fd;
    uint64_t written;
    const char *name;
    uint8_t *chunk; /* CHUNK_BYTES */
};

static bool put(struct unpacker *u, size_t count)
{
    u->written += count;
    if (u->written > unpacked_max_bytes) {
        report("%s: more than 64 GiB when unpacked", u->name);
        return false;
    }
    if (write_all(u->fd, u->chunk, count)) return true;
    report_errno("%s: cannot unpack it into memory", u->name);
    return false;
}

static bool broken(const struct unpacker *u, const char *kind, const char *why)
{
    report("%s: broken %s: %s", u->name, kind, why);
    return false;
}

/* One or more members, as gzip writes them. [rfc1952 2.2] */
static bool unpack_gzip(struct unpacker *u, const uint8_t *bytes, size_t count)
{
    z_stream z = { 0 };
    if (inflateInit2(&z, MAX_WBITS + 16) != Z_OK) return broken(u, "gzip", "not enough memory");
    bool is_good = true;
    int step = Z_OK;
    while (is_good) {
        uInt part = (uInt)MIN(count, (size_t)1 << 30);
        z.next_in = (Bytef *)bytes;
        z.avail_in = part;
        z.next_out = u->chunk;
        z.avail_out = CHUNK_BYTES;
        step = inflate(&z, Z_NO_FLUSH);
        bytes += part - z.avail_in;
        count -= part - z.avail_in;
        is_good = (step == Z_OK || step == Z_STREAM_END) && put(u, CHUNK_BYTES - z.avail_out);
        /* What is left may be another member; zeroes are what a tape block ends with. */
        bool is_over = step == Z_STREAM_END && (count == 0 || packing_of(bytes, count) != PACKING_GZIP);
        if (!is_good || is_over) break;
        if (step == Z_STREAM_END) is_good = inflateReset(&z) == Z_OK;
    }
    const char *why = z.msg ? z.msg : step == Z_BUF_ERROR ? "it ends too early" : "damaged";
    inflateEnd(&z);
    return step == Z_OK || step == Z_STREAM_END ? is_good : broken(u, "gzip", why);
}

static bool unpack_zstd(struct unpacker *u, const uint8_t *bytes, size_t count)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    if (!z) return broken(u, "zstd", "not enough memory");
    ZSTD_inBuffer in = { bytes, count, 0 };
    size_t left = 0;
    bool is_good = true, has_room = false;
    /* A full chunk may have left something inside. */
    while (is_good && (in.pos < in.size || !has_room)) {
        ZSTD_outBuffer out = { u->chunk, CHUNK_BYTES, 0 };
        left = ZSTD_decompressStream(z, &out, &in);
        has_room = out.pos < out.size;
        is_good = !ZSTD_isError(left) && put(u, out.pos);
    }
    if (ZSTD_isError(left))
        is_good = broken(u, "zstd", ZSTD_getErrorName(left));
    else if (is_good && left > 0)
        is_good = broken(u, "zstd", "it ends too early");
    ZSTD_freeDStream(z);
    return is_good;
}

bool memory_file_unpack(struct memory_file *out, const void *bytes, size_t count, const char *name)
{
    *out = (struct memory_file){ .fd = memfd_create("unpacked", MFD_CLOEXEC) };
    struct unpacker u = { .fd = out->fd, .name = name };
    if (out->fd < 0) {
        report_errno("%s: cannot unpack it into memory", name);
        return false;
    }
    u.chunk = must_realloc(NULL, CHUNK_BYTES);
    bool is_good = packing_of(bytes, count) == PACKING_ZSTD ? unpack_zstd(&u, bytes, count)
                                                            : unpack_gzip(&u, bytes, count);
    free(u.chunk);
    if (is_good && !map(out)) {
        report_errno("%s: cannot read what was unpacked", name);
        is_good = false;
    }
    if (!is_good) memory_file_close(out);
    return is_good;
}
