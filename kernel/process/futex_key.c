/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of words that are looked for as shared ones: by the file that shows there, so that every address of it in every
 * process is the same word. A word of private memory has its address, apart from the same word looked for as a
 * private one, as on Linux. */
#include "mm/page_table.h"
#include "process/futex_internal.h"

/* What shows at the address, as far as a key is concerned. */
enum shown { SHOWN_NOTHING, SHOWN_FILE, SHOWN_HUGE, SHOWN_PRIVATE };

static enum shown what_shows(const struct area *area, enum futex_access access)
{
    bool may_write = area->flags & SPACE_WRITE;
    if (!(area->flags & SPACE_PROTECTION) || (access == FUTEX_WRITES && !may_write)) return SHOWN_NOTHING;
    if (area->flags & SPACE_SHARED) return area->backing ? SHOWN_FILE : SHOWN_HUGE;
    if (may_write) return SHOWN_PRIVATE;
    return area->backing ? SHOWN_FILE : SHOWN_NOTHING; /* a private word that never changes is none */
}

static bool huge_key_locked(struct space *space, uaddr_t word, struct futex_key *out) REQUIRES(space->lock)
{
    paddr_t where;
    if (!page_table_translate(&space->page_table, word.raw, &where, NULL, NULL)) return false;
    *out = (struct futex_key){ 0, where.raw | FUTEX_IS_SHARED };
    return true;
}

static bool key_locked(struct space *space, uaddr_t word, enum futex_access access, struct futex_key *out)
    REQUIRES(space->lock)
{
    struct area *area = space_find_locked(space, word.raw);
    if (!area) return false;
    uint64_t offset = (area->backing_page << PAGE_SHIFT) + (word.raw - area->start);
    switch (what_shows(area, access)) {
    case SHOWN_FILE:
        *out = (struct futex_key){ identity_of(&area->backing->mapping->identity), offset | FUTEX_IS_SHARED };
        return true;
    case SHOWN_HUGE: return huge_key_locked(space, word, out); /* memory of no file that processes share */
    case SHOWN_PRIVATE:
        *out = (struct futex_key){ identity_of(&space->identity), word.raw | FUTEX_IS_SHARED };
        return true;
    case SHOWN_NOTHING: break;
    }
    return false;
}

/* The word is touched first: a file may end before it, and a stack may have to grow down to it. */
err_t futex_key_shared(uaddr_t word, enum futex_access access, struct futex_key *out)
{
    struct space *space = thread_current()->space;
    err_t e = futex_make_present(word, access);
    if (failed(e)) return e;
    mutex_lock(&space->lock);
    bool is_found = key_locked(space, word, access, out);
    mutex_unlock(&space->lock);
    return is_found ? OK : ERR_FAULT;
}
