/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_vm.h"

#include "tests/fakes/fake_lock.h"
#include "vm/backing.h"
#include "vm/layout.h"
#include "vm/usercopy.h"

#include <string.h>

static uint64_t bad_start, bad_end;
static uint64_t all_start = USER_START, all_end = USER_END;
void (*fake_user_hook)(void);

void fake_user_poison(const void *start, size_t bytes)
{
    bad_start = (uint64_t)start;
    bad_end = bad_start + bytes;
}

void fake_user_confine(const void *start, const void *end)
{
    all_start = (uint64_t)start;
    all_end = (uint64_t)end;
}

/* Bytes before the first one that faults. Copies may fault pages in, which sleeps. */
static size_t reachable(uint64_t at, size_t bytes)
{
    ASSERT(fake_lock_held_count() == 0);
    if (fake_user_hook) fake_user_hook();
    if (at < all_start || at >= all_end) return 0;
    size_t end = MIN(bytes, all_end - at);
    if (bad_end > bad_start && at < bad_end && at + end > bad_start)
        return at >= bad_start ? 0 : bad_start - at;
    return end;
}

err_t user_copy_in(void *dst, uaddr_t src, size_t bytes)
{
    size_t good = bytes ? reachable(src.raw, bytes) : 0;
    if (good) memcpy(dst, (void *)src.raw, good);
    return good == bytes ? OK : ERR_FAULT;
}

err_t user_copy_out(uaddr_t dst, const void *src, size_t bytes)
{
    size_t good = bytes ? reachable(dst.raw, bytes) : 0;
    if (good) memcpy((void *)dst.raw, src, good);
    return good == bytes ? OK : ERR_FAULT;
}

struct user_u64 user_read_u64(uaddr_t src)
{
    struct user_u64 read = { 0 };
    read.is_bad = failed(user_copy_in(&read.value, src, sizeof(read.value)));
    return read;
}
err_t user_write_u64(uaddr_t dst, uint64_t value) { return user_copy_out(dst, &value, sizeof(value)); }

err_t user_zero(uaddr_t dst, size_t bytes)
{
    size_t good = bytes ? reachable(dst.raw, bytes) : 0;
    if (good) memset((void *)dst.raw, 0, good);
    return good == bytes ? OK : ERR_FAULT;
}

err_t user_copy_string(char *dst, uaddr_t src, size_t capacity, size_t *length)
{
    for (size_t i = 0; i < capacity; i++) {
        err_t e = user_copy_in(dst + i, UADDR(src.raw + i), 1);
        if (failed(e)) return e;
        *length = i;
        if (!dst[i]) return OK;
    }
    return ERR_NAME_TOO_LONG;
}

/* ---- mappings of files ---- */

struct fake_revocation fake_revocations[FAKE_REVOCATIONS_MAX];
uint32_t fake_revocation_count;
void (*fake_revocation_hook)(const struct fake_revocation *revocation);

void mapping_init(struct mapping *mapping)
{
    *mapping = (struct mapping){ 0 };
    list_init(&mapping->areas);
}

/* The real one takes locks of address spaces. */
void mapping_revoke(struct mapping *mapping, uint64_t first, uint64_t end, bool copies_too)
{
    ASSERT(fake_lock_held_count() == 0);
    ASSERT(first < end);
    struct fake_revocation revocation = { mapping, first, end, copies_too };
    if (fake_revocation_count < FAKE_REVOCATIONS_MAX) fake_revocations[fake_revocation_count] = revocation;
    fake_revocation_count++;
    if (fake_revocation_hook) fake_revocation_hook(&revocation);
}
