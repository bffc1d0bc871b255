/* SPDX-License-Identifier: Apache-2.0 */
/* What a mount is told in words, and the room that follows from it. [linux mm/shmem.c, admin-guide tmpfs.rst] */
#include "fs/mount_internal.h"

#include "fs/tmpfs.h"
#include "lib/format.h"
#include "lib/string.h"

enum { MODE_DEFAULT = 01777, PERCENT = 100 };

/* ---- reading ---- */

static bool parse_digits(const char **at, const char *end, uint32_t base, uint64_t *out)
{
    const char *start = *at;
    uint64_t value = 0;
    for (; *at < end && **at >= '0' && **at < (char)('0' + base); (*at)++)
        if (__builtin_mul_overflow(value, base, &value) ||
            add_overflows(value, (uint64_t)(**at - '0'), &value))
            return false;
    *out = value;
    return *at > start;
}

static bool parse_number(const char *at, const char *end, uint32_t base, uint64_t most, uint64_t *out)
{
    return parse_digits(&at, end, base, out) && at == end && *out <= most;
}

/* With a k, m, g, t behind it, or, where `whole` is something, a percentage of that. */
static bool parse_size(const char *at, const char *end, uint64_t whole, uint64_t *out)
{
    static const char units[] = "kmgt";
    if (!parse_digits(&at, end, 10, out)) return false;
    if (at == end) return true;
    if (*at == '%' && whole) {
        *out = whole / PERCENT * *out;
        return at + 1 == end;
    }
    for (uint32_t i = 0; units[i]; i++)
        if ((*at | 0x20) == units[i]) {
            *out <<= 10 * (i + 1);
            return at + 1 == end;
        }
    return false;
}

static bool is_word(const char *word, const char *at, const char *end)
{
    size_t bytes = strlen(word);
    return (size_t)(end - at) == bytes && !memcmp(at, word, bytes);
}

static bool parse_option(const char *at, const char *end, struct mount_options *o)
{
    const char *equals = at;
    uint64_t number = 0;
    while (equals < end && *equals != '=') equals++;
    const char *value = MIN(equals + 1, end);
    bool is_good = false;
    if (is_word("size", at, equals)) {
        is_good = parse_size(value, end, tmpfs_page_limit() * 2 * PAGE_BYTES, &number);
        o->page_limit = (number + PAGE_BYTES - 1) >> PAGE_SHIFT;
        o->has_size = true;
    } else if (is_word("nr_blocks", at, equals)) {
        is_good = parse_size(value, end, 0, &o->page_limit);
        o->has_size = true;
    } else if (is_word("nr_inodes", at, equals)) {
        is_good = parse_size(value, end, 0, &o->inode_limit);
        o->has_inodes = true;
    } else if (is_word("mode", at, equals)) {
        is_good = parse_number(value, end, 8, UINT32_MAX, &number);
        o->mode = (uint32_t)number & LINUX_S_IALLUGO;
        o->has_mode = true;
    } else if (is_word("uid", at, equals)) {
        is_good = parse_number(value, end, 10, UINT32_MAX - 1, &number);
        o->uid = (uint32_t)number;
        o->has_uid = true;
    } else if (is_word("gid", at, equals)) {
        is_good = parse_number(value, end, 10, UINT32_MAX - 1, &number);
        o->gid = (uint32_t)number;
        o->has_gid = true;
    }
    return is_good;
}

err_t mount_options_parse(const struct mount_type *type, const char *options, struct mount_options *out)
{
    *out = (struct mount_options){ .mode = MODE_DEFAULT };
    for (const char *at = options; at && *at;) {
        const char *end = at;
        while (*end && *end != ',') end++;
        if (end > at && (!type->has_space || !parse_option(at, end, out))) return ERR_INVALID;
        at = *end ? end + 1 : end;
    }
    return OK;
}

/* ---- acting on it ---- */

static uint64_t pages_of(const struct mount_options *o)
{
    if (!o->has_size) return tmpfs_page_limit();
    return o->page_limit ? o->page_limit : UINT64_MAX; /* 0: as much as there is */
}

void mount_options_apply(struct mount *m)
{
    const struct mount_options *o = &m->options;
    m->space.page_limit = pages_of(o);
    m->space.inode_limit = o->has_inodes ? o->inode_limit : 0;
    if (!m->type->has_space) return;
    m->root->mode = (uint16_t)(LINUX_S_IFDIR | o->mode);
    if (o->has_uid) m->root->uid = o->uid;
    if (o->has_gid) m->root->gid = o->gid;
}

err_t mount_options_change(struct mount *m, const struct mount_options *o)
{
    uint64_t pages = __atomic_load_n(&m->space.pages, __ATOMIC_RELAXED),
             inodes = __atomic_load_n(&m->space.inodes, __ATOMIC_RELAXED);
    if (o->has_size && pages_of(o) < pages) return ERR_INVALID;
    if (o->has_inodes && o->inode_limit && o->inode_limit < inodes) return ERR_INVALID;
    if (o->has_size) {
        m->options.has_size = true;
        m->options.page_limit = o->page_limit;
        m->space.page_limit = pages_of(o);
    }
    if (o->has_inodes) {
        m->options.has_inodes = true;
        m->options.inode_limit = m->space.inode_limit = o->inode_limit;
    }
    return OK;
}

void mount_write_options(const struct mount *m, char text[MOUNT_OPTIONS_BYTES])
{
    const struct mount_options *o = &m->options;
    size_t at = 0;
    text[0] = '\0';
    if (!m->type->has_space) return;
    if (o->has_size)
        at += format_string(text + at, MOUNT_OPTIONS_BYTES - at, ",size=%lluk",
                            (unsigned long long)o->page_limit << (PAGE_SHIFT - 10));
    if (o->has_inodes)
        at += format_string(text + at, MOUNT_OPTIONS_BYTES - at, ",nr_inodes=%llu",
                            (unsigned long long)o->inode_limit);
    if (o->has_mode && o->mode != MODE_DEFAULT)
        at += format_string(text + at, MOUNT_OPTIONS_BYTES - at, ",mode=%03o", o->mode);
    if (o->uid) at += format_string(text + at, MOUNT_OPTIONS_BYTES - at, ",uid=%u", o->uid);
    if (o->gid) at += format_string(text + at, MOUNT_OPTIONS_BYTES - at, ",gid=%u", o->gid);
}
