/* SPDX-License-Identifier: Apache-2.0 */
#include "arch/usercopy.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "vm/layout.h"
#include "vm/space_report.h"

/* Within one page; the lock keeps the space's own frames where they are. */
static bool read_page(struct space *space, uint64_t at, void *out, size_t bytes)
{
    paddr_t frame;
    uint32_t flags;
    mutex_lock(&space->lock);
    bool is_there = space_find_locked(space, at) &&
                    page_table_translate(&space->page_table, at, &frame, &flags, NULL) &&
                    (flags & PAGE_USER) && !(flags & PAGE_BORROWED);
    if (is_there) memcpy(out, direct_map(frame), bytes);
    mutex_unlock(&space->lock);
    return is_there;
}

size_t space_read(struct space *space, uint64_t at, void *out, size_t bytes)
{
    size_t done = 0;
    if (!is_user_range(at, bytes)) return 0;
    while (done < bytes) {
        size_t now = MIN(bytes - done, (size_t)(PAGE_BYTES - (at + done) % PAGE_BYTES));
        if (!read_page(space, at + done, (char *)out + done, now)) break;
        done += now;
    }
    return done;
}
