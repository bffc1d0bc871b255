/* SPDX-License-Identifier: Apache-2.0 */
/* Address spaces: a storm of the calls that change them, over areas that split and join, and the same with
 * clones of the space beside it that share its pages. */
#include "abi/linux/mman.h"
#include "process/process.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/page_table.h"
#include "sched/thread.h"
#include "syscall/sys_core.h"
#include "syscall/sys_file.h"
#include "tests/fail_nth/fail_nth.h"
#include "tests/harness/test.h"
#include "vm/space.h"
#include "vm/usercopy.h"

enum {
    WINDOW = 0x40000000, /* all mappings lie in it, three leaves of 2 MiB from here */
    WINDOW_PAGES = 3 * 512,
    HUGE_PAGE = 1024, /* where a leaf of 2 MiB is asked for */
    FILE_PAGES = 24,
    SPACES_MAX = 3,
    COUNTERS = 3, /* cells of a space beside its pages: areas, sizes */
};

static uint32_t spaces_max;
static struct space *spaces[SPACES_MAX];
static uint32_t current;
static uint64_t fd; /* a memfd, which areas show */

static uint64_t page_at(uint64_t page) { return WINDOW + page * PAGE_BYTES; }

static void enter(uint32_t which)
{
    current = which;
    fail_nth_process->space = spaces[which];
    thread_set_space(spaces[which], &spaces[which]->page_table);
}

/* ---- the picture ---- */

/* What a program would read there; what is not there yet is the file's, or zero. Page tables never allow what
 * the area does not. */
static uint64_t word_at(const struct space *space, const struct area *area, uint64_t at)
{
    static uint64_t bytes[PAGE_BYTES / 8];
    paddr_t frame;
    uint32_t flags;
    if (page_table_translate(&space->page_table, at, &frame, &flags, NULL)) {
        EXPECT((flags & PAGE_HIDDEN) || (area->flags & SPACE_PROTECTION));
        EXPECT(!(flags & PAGE_WRITE) || (area->flags & SPACE_WRITE));
        EXPECT(!(flags & PAGE_EXEC) || (area->flags & SPACE_EXEC));
        return *(const uint64_t *)direct_map(frame);
    }
    struct backing *file = area->backing;
    uint64_t page = area->backing_page + ((at - area->start) >> PAGE_SHIFT);
    return file && !failed(file->ops->read(file, page, bytes)) ? bytes[0] : 0;
}

static void look_at(struct space *space, uint32_t *cells)
{
    mutex_lock(&space->lock);
    const struct area *area = NULL;
    for (uint64_t page = 0; page < WINDOW_PAGES; page++) {
        uint64_t at = page_at(page);
        if (!area || area->end <= at) area = space_find_from_locked(space, at);
        if (!area || area->start > at) continue;
        uint64_t offset = area->backing ? area->backing_page + ((at - area->start) >> PAGE_SHIFT) : 0;
        cells[page] = cell_mix(cell_mix(area->flags + 1, offset), word_at(space, area, at));
    }
    mutex_unlock(&space->lock);
}

/* Counters of all spaces, then their pages. */
static void look(uint32_t *cells)
{
    uint32_t *counters = cells, *pages = cells + SPACES_MAX * COUNTERS;
    memset(counters, 0, SPACES_MAX * COUNTERS * sizeof(*counters));
    memset(pages, 0, spaces_max * WINDOW_PAGES * sizeof(*pages));
    for (uint32_t i = 0; i < spaces_max; i++, counters += COUNTERS, pages += WINDOW_PAGES) {
        struct space *space = spaces[i];
        if (!space) continue;
        counters[0] = space->area_count;
        counters[1] = (uint32_t)(space->mapped_bytes >> PAGE_SHIFT);
        counters[2] = (uint32_t)(space->data_bytes >> PAGE_SHIFT);
        look_at(space, pages);
    }
}

/* ---- steps ---- */

static uint32_t now; /* the step */
static uint64_t choose(uint32_t which, uint64_t below) { return fail_nth_random(now, which, below); }

struct range {
    uint64_t at, bytes;
};

/* Of every length, with every alignment. */
static struct range choose_range(uint32_t which)
{
    static const uint64_t lengths[] = { 1, 2, 8, 24, 300, 700 };
    uint64_t pages = 1 + choose(which, lengths[choose(which + 1, ARRAY_LENGTH(lengths))]);
    uint64_t page = choose(which + 2, WINDOW_PAGES);
    if (choose(which + 3, 4) == 0) page = align_down(page, 512);
    if (choose(which + 3, 8) == 1) pages = align_up(pages, 512);
    pages = MIN(pages, WINDOW_PAGES - page);
    return (struct range){ page_at(page), pages * PAGE_BYTES };
}

/* The same for calls that bring pages: few, or a whole leaf of them, as many runs for many pages of one call
 * would try the same thing. */
static struct range choose_populated(uint32_t which)
{
    struct range r = choose_range(which);
    if (!is_aligned(r.at, HUGE_BYTES) || r.bytes < HUGE_BYTES) r.bytes = MIN(r.bytes, 6ull * PAGE_BYTES);
    return (struct range){ r.at, MIN(r.bytes, HUGE_BYTES + 6ull * PAGE_BYTES) };
}

static uint64_t choose_protection(uint32_t which)
{
    static const uint8_t some[] = { 3, 3, 3, 1, 0, 7, 5, 3 };
    return some[choose(which, ARRAY_LENGTH(some))];
}

static int64_t map_anonymous(void)
{
    bool comes = choose(10, 4) == 0;
    struct range r = comes ? choose_populated(0) : choose_range(0);
    return sys_mmap(
        r.at, r.bytes, choose_protection(11),
        LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED | (comes ? LINUX_MAP_POPULATE : 0), 0, 0);
}

/* Where a leaf of 2 MiB will be, for others to cut. */
static int64_t map_large(void)
{
    uint64_t page = choose(0, WINDOW_PAGES / 512) * 512;
    return sys_mmap(page_at(page), HUGE_BYTES, 3,
                    LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED | LINUX_MAP_POPULATE, 0, 0);
}

/* Leaves of 2 MiB, which are there at once or not at all. They go as a whole too, or calls that would cut them
 * would all be refused from then on. */
static int64_t map_huge(void)
{
    uint64_t flags = LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED | LINUX_MAP_HUGETLB;
    if (choose(0, 3) == 0) flags ^= LINUX_MAP_PRIVATE ^ LINUX_MAP_SHARED;
    return sys_mmap(page_at(HUGE_PAGE), HUGE_BYTES, choose_protection(11), flags, 0, 0);
}

static int64_t map_shared(void)
{
    struct range r = choose_populated(0);
    return sys_mmap(r.at, r.bytes, choose_protection(11),
                    LINUX_MAP_SHARED | LINUX_MAP_ANONYMOUS | LINUX_MAP_FIXED, 0, 0);
}

static int64_t map_file(void)
{
    struct range r = choose_populated(0);
    uint64_t first = choose(10, FILE_PAGES);
    /* Which pages of a private mapping come, and miss later changes of the file, is not promised. */
    uint64_t kind =
        choose(12, 2) ? LINUX_MAP_PRIVATE : LINUX_MAP_SHARED | (choose(13, 2) ? LINUX_MAP_POPULATE : 0);
    return sys_mmap(r.at, r.bytes, choose_protection(14), LINUX_MAP_FIXED | kind, fd, first * PAGE_BYTES);
}

static int64_t unmap(void)
{
    struct range r = choose_range(0);
    return sys_munmap(r.at, r.bytes);
}

static int64_t protect(void)
{
    struct range r = choose_range(0);
    return sys_mprotect(r.at, r.bytes, choose_protection(10));
}

static int64_t advise(void)
{
    static const uint8_t advices[] = {
        LINUX_MADV_DONTNEED,       LINUX_MADV_DONTNEED,   LINUX_MADV_POPULATE_READ, LINUX_MADV_POPULATE_WRITE,
        LINUX_MADV_POPULATE_WRITE, LINUX_MADV_FREE,       LINUX_MADV_DONTFORK,      LINUX_MADV_DOFORK,
        LINUX_MADV_WIPEONFORK,     LINUX_MADV_NOHUGEPAGE, LINUX_MADV_HUGEPAGE,      LINUX_MADV_REMOVE,
    };
    uint8_t advice = advices[choose(10, ARRAY_LENGTH(advices))];
    bool comes = advice == LINUX_MADV_POPULATE_READ || advice == LINUX_MADV_POPULATE_WRITE;
    struct range r = comes ? choose_populated(0) : choose_range(0);
    return sys_madvise(r.at, r.bytes, advice);
}

static int64_t lock(void)
{
    struct range r = choose_populated(0);
    return choose(10, 2) ? sys_mlock(r.at, r.bytes) : sys_munlock(r.at, r.bytes);
}

static int64_t remap(void)
{
    struct range from = choose_range(0), to = choose_range(10);
    uint64_t flags = LINUX_MREMAP_MAYMOVE | LINUX_MREMAP_FIXED;
    switch (choose(20, 5)) {
    case 0: return sys_mremap(from.at, from.bytes, to.bytes, 0, 0);
    case 1: to.bytes = from.bytes; break;
    case 2:
        to.bytes = from.bytes;
        flags |= LINUX_MREMAP_DONTUNMAP;
        break;
    default: break;
    }
    if (to.at + to.bytes > page_at(WINDOW_PAGES)) to.at = page_at(WINDOW_PAGES) - to.bytes;
    return sys_mremap(from.at, from.bytes, to.bytes, flags, to.at);
}

static int64_t write_page(void)
{
    uint64_t value = 1 + now;
    return user_copy_out(UADDR(page_at(choose(0, WINDOW_PAGES))), &value, sizeof(value)).code;
}

static int64_t write_file(void)
{
    uint64_t value = 1000 + now;
    return sys_pwrite64(fd, scratch_put(6, &value, sizeof(value)), sizeof(value),
                        choose(0, FILE_PAGES) * PAGE_BYTES);
}

static int64_t move_break(void)
{
    uint64_t wanted = 0x8000000 + choose(0, 64) * 1000;
    return sys_brk(wanted) == (int64_t)wanted ? 0 : ERR_NO_MEMORY.code;
}

enum { MAY_LOSE = 15 }; /* the ways of step_in_space below this put something in another's place */

static int64_t step_in_space(void)
{
    switch (choose(30, 40)) {
    case 0 ... 3: return map_anonymous();
    case 4 ... 5: return map_large();
    case 6 ... 8: return map_file();
    case 9: return map_shared();
    case 10: return map_huge();
    case 11 ... 14: return remap();
    case MAY_LOSE ... 17: return unmap();
    case 18 ... 22: return protect();
    case 23 ... 26: return advise();
    case 27: return lock();
    case 28 ... 29: return write_file();
    case 30: return move_break();
    case 31 ... 32: return sys_munmap(page_at(HUGE_PAGE), HUGE_BYTES);
    default: return write_page();
    }
}

/* ---- the storm ---- */

static void open_window(uint32_t space_count)
{
    spaces_max = space_count;
    memset(spaces, 0, sizeof(spaces));
    spaces[0] = fail_nth_process->space;
    current = 0;
    fd = (uint64_t)sys_memfd_create(scratch_text(0, "window"), 0);
    EXPECT((int64_t)fd >= 0);
    EXPECT_EQ(sys_ftruncate(fd, FILE_PAGES * PAGE_BYTES), 0);
    for (uint64_t value = 0; value < FILE_PAGES; value += 2)
        EXPECT_EQ(sys_pwrite64(fd, scratch_put(6, &value, 8), 8, value * PAGE_BYTES), 8);
}

static void open_storm(void) { open_window(1); }

static int64_t step_storm(uint32_t i)
{
    now = i;
    return step_in_space();
}

/* What lies where a mapping is to be put goes first, as on Linux, and may be gone when it fails. */
static bool may_lose_storm(uint32_t i)
{
    now = i;
    return choose(30, 40) < MAY_LOSE;
}

static const struct workload storm = {
    .name = "mmap storm",
    .steps = 200,
    .cells = SPACES_MAX * COUNTERS + WINDOW_PAGES,
    .loose_cells = SPACES_MAX * COUNTERS,
    .open = open_storm,
    .step = step_storm,
    .look = look,
    .may_lose = may_lose_storm,
};

TEST(every_allocation_can_fail_in_an_mmap_storm) { fail_nth(&storm); }
TEST(campaign_in_an_mmap_storm) { fail_nth_campaign(&storm); }

/* ---- clones ---- */

/* Huge leaves, single pages, file pages on either side of the copy. */
static void open_clones(void)
{
    const uint64_t fixed = LINUX_MAP_FIXED | LINUX_MAP_POPULATE;
    uint64_t value = 77;
    open_window(SPACES_MAX);
    EXPECT_EQ(sys_mmap(page_at(0), HUGE_BYTES, 3, fixed | LINUX_MAP_PRIVATE | LINUX_MAP_ANONYMOUS, 0, 0),
              WINDOW);
    EXPECT_EQ(sys_mmap(page_at(1024), FILE_PAGES * PAGE_BYTES, 3, fixed | LINUX_MAP_SHARED, fd, 0),
              (int64_t)page_at(1024));
    EXPECT_EQ(sys_mmap(page_at(1100), FILE_PAGES * PAGE_BYTES, 3, LINUX_MAP_FIXED | LINUX_MAP_PRIVATE, fd, 0),
              (int64_t)page_at(1100));
    EXPECT_OK(user_copy_out(UADDR(page_at(1101)), &value, sizeof(value)));
    EXPECT_EQ(sys_mprotect(page_at(100), 8 * PAGE_BYTES, 1), 0);
}

static int64_t clone_or_end(void)
{
    uint32_t which = (uint32_t)choose(0, SPACES_MAX);
    if (!spaces[which]) return space_clone(spaces[current], &spaces[which]).code;
    if (which == current) return 0;
    space_destroy(spaces[which]);
    spaces[which] = NULL;
    return 1;
}

static int64_t change_side(void)
{
    uint32_t which = (uint32_t)choose(0, SPACES_MAX);
    if (spaces[which]) enter(which);
    return which;
}

static int64_t step_clones(uint32_t i)
{
    now = i;
    switch (choose(40, 8)) {
    case 0 ... 1: return clone_or_end();
    case 2 ... 3: return change_side();
    case 4 ... 5: return write_page();
    default: return step_in_space();
    }
}

/* One of them is left, which the harness ends. */
static void close_clones(void)
{
    for (uint32_t i = 0; i < SPACES_MAX; i++)
        if (spaces[i] && i != current) space_destroy(spaces[i]);
}

static const struct workload clones = {
    .name = "address-space clones",
    .steps = 100,
    .cells = SPACES_MAX * (COUNTERS + WINDOW_PAGES),
    .loose_cells = SPACES_MAX * COUNTERS,
    .open = open_clones,
    .step = step_clones,
    .look = look,
    .may_lose = may_lose_storm,
    .close = close_clones,
};

TEST(every_allocation_can_fail_where_spaces_are_cloned) { fail_nth(&clones); }
TEST(campaign_where_spaces_are_cloned) { fail_nth_campaign(&clones); }
