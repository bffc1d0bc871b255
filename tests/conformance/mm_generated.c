/* SPDX-License-Identifier: Apache-2.0 */
/* Generated calls of the memory family. Each run has a seed; after a call comes its result and, every
 * few calls, the access and the first word of each page of the window.
 *
 * The generator keeps its own picture of the window, only to leave out what has no one answer: mremap
 * of a range that a kernel may hold in one piece or in several, mremap of nothing onto itself (the error
 * changed in Linux 6.17), and memory after MADV_FREE. */
#include "tests/conformance/mm_window.h"

enum {
    UNITS = 48,
    UNIT_PAGES_MAX = 128,
    PAGES_MAX = UNITS * UNIT_PAGES_MAX,
    CALLS_PER_RUN = 130,
    FILE_PAGES = 240
};

struct run {
    uint64_t seed;
    size_t unit_pages; /* places and lengths are multiples of this, or a page off */
    bool has_files;
    int show_every;
};
static const struct run runs[] = {
    { 1, 1, false, 1 },  { 2, 1, false, 5 },   { 3, 1, false, 12 },  { 4, 1, true, 1 },
    { 5, 1, true, 6 },   { 6, 128, false, 1 }, { 7, 128, false, 7 }, { 8, 128, false, 20 },
    { 9, 128, true, 4 }, { 10, 60, true, 1 },
};

static const struct run *run;
static int read_fd, write_fd; /* one file, not a whole number of pages long */
static uint64_t state;

/* Knuth's MMIX multiplier; the upper bits are the good ones. */
static uint32_t pick(uint32_t below)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)((state >> 33) % below);
}
#define PICK(array) ((array)[pick(sizeof(array) / sizeof *(array))])

/* ---- the picture of the window ---- */

struct page {
    uint32_t origin; /* 0: not mapped. Equal: mapped by one call, and treated alike since then */
    uint8_t protection;
    bool is_file;
    bool may_be_locked;
};
static struct page pages[PAGES_MAX];
static uint32_t next_origin;

struct range {
    size_t first, count; /* pages */
};

static size_t page_total(void) { return UNITS * run->unit_pages; }

static struct range pick_range(void)
{
    size_t unit = run->unit_pages;
    struct range r = { pick(UNITS) * unit, (1 + pick(pick(2) ? 4 : 14)) * unit };
    if (unit > 1 && pick(3) == 0) r.first += 1 + pick(3);
    if (unit > 1 && pick(3) == 0) r.count -= 1 + pick(3);
    if (r.first + r.count > page_total()) r.count = page_total() - r.first;
    return r;
}

static void note_mapped(struct range r, struct page like)
{
    like.origin = ++next_origin;
    for (size_t i = r.first; i < r.first + r.count; i++) pages[i] = like;
}
static void note_unmapped(struct range r) { memset(&pages[r.first], 0, r.count * sizeof *pages); }

/* The pages may be areas of their own from now on, whatever is said about them later. */
static void note_set_apart(struct range r)
{
    uint32_t before = 0;
    for (size_t i = r.first; i < r.first + r.count; i++) {
        if (pages[i].origin != before) next_origin++;
        before = pages[i].origin;
        if (before) pages[i].origin = next_origin;
    }
}

static bool is_one_area(struct range r)
{
    for (size_t i = r.first; i < r.first + r.count; i++)
        if (pages[i].origin != pages[r.first].origin || pages[i].protection != pages[r.first].protection)
            return false;
    return true;
}
/* The longest part of `r` from its start that is surely one area. */
static struct range one_area(struct range r)
{
    while (!is_one_area(r)) r.count--;
    return r;
}

/* Mostly without holes, which tend to be all there is to say about a call. */
static struct range pick_mapped_range(void)
{
    struct range r = pick_range();
    if (pick(4) == 0) return r;
    for (int tries = 0; tries < 20 && !pages[r.first].origin; tries++) r = pick_range();
    size_t mapped = 0;
    while (mapped < r.count && pages[r.first + mapped].origin) mapped++;
    if (mapped) r.count = mapped;
    return r;
}

/* ---- calls ---- */

static void show_range(const char *call, struct range r) { printf("%s %zu+%zu", call, r.first, r.count); }
static long show_outcome(long result)
{
    if (result == -1)
        printf(": %s\n", error_name(errno));
    else
        printf(": %ld\n", result);
    return result;
}

/* Usually page aligned; now and then an end that is not, which the kernel rounds up. */
static size_t bytes_of(struct range r) { return r.count * PAGE - (pick(8) == 0 ? 1 + pick(PAGE - 1) : 0); }

static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ, RW, RW, RW, RW, RWX, PROT_WRITE };

static void do_map(void)
{
    static const int extras[] = {
        0, 0, 0, MAP_POPULATE, MAP_NORESERVE, MAP_STACK, MAP_LOCKED, MAP_POPULATE | MAP_NORESERVE
    };
    static const int places[] = { MAP_FIXED, MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0 };
    struct range r = pick_range();
    int protection = PICK(protections), place = PICK(places), extra = PICK(extras), fd = -1, kind = ANON;
    size_t bytes = bytes_of(r), offset = 0;
    if (run->has_files && pick(2)) {
        kind = MAP_PRIVATE;
        fd = pick(2) ? read_fd : write_fd;
        offset = (pick(2) ? pick(FILE_PAGES) : FILE_PAGES + 1 - pick(12)) * PAGE;
        if (pick(4) == 0) kind = MAP_SHARED, protection = PROT_READ, fd = read_fd;
    }
    show_range("mmap", r);
    printf(" protection %d flags %#x file %d page %zu", protection, kind | place | extra, fd == -1 ? 0 : 1,
           offset / PAGE);
    unsigned char *p = sys_mmap(page_at(r.first), bytes, protection, kind | place | extra, fd, (off_t)offset);
    show_place("", p);
    if (p == page_at(r.first))

        note_mapped(r, (struct page){ .protection = (uint8_t)protection,
                                      .is_file = fd != -1,
                                      .may_be_locked = extra & MAP_LOCKED });
    else if (p != MAP_FAILED)
        sys_munmap(p, bytes);
}

static void do_unmap(void)
{
    struct range r = pick_range();
    show_range("munmap", r);
    if (show_outcome(sys_munmap(page_at(r.first), bytes_of(r))) == 0) note_unmapped(r);
}

static void do_protect(void)
{
    struct range r = pick_mapped_range();
    int protection = PICK(protections);
    show_range("mprotect", r);
    printf(" %d", protection);
    show_outcome(sys_mprotect(page_at(r.first), bytes_of(r), protection));
    for (size_t i = r.first; i < r.first + r.count; i++)
        if (pages[i].origin) pages[i].protection = (uint8_t)protection;
    note_set_apart(r); /* after an error too, when only the first areas have changed */
}

static void do_advise(void)
{
    static const int advices[] = { MADV_DONTNEED,
                                   MADV_DONTNEED,
                                   MADV_DONTNEED,
                                   MADV_NORMAL,
                                   MADV_RANDOM,
                                   MADV_SEQUENTIAL,
                                   MADV_FREE,
                                   MADV_HUGEPAGE,
                                   MADV_NOHUGEPAGE,
                                   MADV_DONTDUMP,
                                   MADV_DODUMP,
                                   MADV_DONTFORK,
                                   MADV_DOFORK,
                                   MADV_COLD,
                                   MADV_WIPEONFORK,
                                   MADV_KEEPONFORK,
                                   MADV_REMOVE,
                                   22 /* POPULATE_READ */,
                                   23 /* POPULATE_WRITE */,
                                   24 /* DONTNEED_LOCKED */,
                                   7 /* no such advice */ };
    struct range r = pick_mapped_range();
    int advice = PICK(advices);
    size_t bytes = bytes_of(r);
    show_range("madvise", r);
    printf(" %d", advice);
    show_outcome(sys_madvise(page_at(r.first), bytes, advice));
    if (advice == MADV_FREE) /* page by page, since a locked one stops it */
        for (size_t i = r.first; i < r.first + r.count; i++) sys_madvise(page_at(i), PAGE, MADV_DONTNEED);
    note_set_apart(r);
}

static void do_lock(void)
{
    struct range r = pick_mapped_range();
    size_t shift = pick(3) == 0 ? pick(PAGE) : 0; /* these calls round out by themselves */
    size_t bytes = r.count * PAGE - shift;
    uint32_t what = pick(4);
    show_range(what == 0 ? "mlock" : what == 1 ? "mlock2" : "munlock", r);
    unsigned char *p = page_at(r.first) + shift;
    show_outcome(what == 0   ? sys_mlock(p, bytes)
                 : what == 1 ? sys_mlock2(p, bytes, 1)
                             : sys_munlock(p, bytes));
    for (size_t i = r.first; i < r.first + r.count; i++) pages[i].may_be_locked = true;
    note_set_apart(r);
}

static void do_sync(void)
{
    struct range r = pick_mapped_range();
    int flags = (int)pick(8);
    show_range("msync", r);
    printf(" %d", flags);
    show_outcome(sys_msync(page_at(r.first), bytes_of(r), flags));
}

/* Only small pages of anonymous memory: whether the rest is in memory is the kernel's own business. */
static void do_core(void)
{
    struct range r = pick_mapped_range();
    if (run->unit_pages > 1 || run->has_files) return;
    show_range("mincore", r);
    show_core("", page_at(r.first), r.count * PAGE);
}

static void do_touch(void)
{
    struct range r = pick_mapped_range();
    size_t step = run->unit_pages > 1 ? 1 + pick(run->unit_pages) : 1, good = 0;
    for (size_t i = r.first; i < r.first + r.count; i += step) good += page_mark(page_at(i), pick(1 << 30));
    show_range("touch", r);
    printf(": %zu\n", good);
}

static void do_shrink(void)
{
    struct range r = pick_mapped_range();
    size_t left = 1 + pick((uint32_t)r.count);
    show_range("mremap", r);
    printf(" to %zu", left);
    if (show_place("", sys_mremap(page_at(r.first), r.count * PAGE, left * PAGE, (int)pick(2), NULL)) !=
        MAP_FAILED)
        note_unmapped((struct range){ r.first + left, r.count - left });
}

static void do_grow(void)
{
    struct range r = one_area(pick_mapped_range());
    size_t wanted = r.count + 1 + pick(8 * (uint32_t)run->unit_pages);
    int flags = (int)pick(2) * MREMAP_MAYMOVE;
    if (r.first + wanted > page_total()) return;
    show_range("mremap", r);
    printf(" to %zu flags %d", wanted, flags);
    struct page was = pages[r.first];
    unsigned char *p =
        show_place("", sys_mremap(page_at(r.first), r.count * PAGE, wanted * PAGE, flags, NULL));
    if (p == MAP_FAILED) return;
    if (p == page_at(r.first)) {
        for (size_t i = r.first; i < r.first + wanted; i++) pages[i] = was;
        note_set_apart((struct range){ r.first, wanted });
        return;
    }
    show_pages("  there", p, wanted < 64 ? wanted : 64);
    sys_munmap(p, wanted * PAGE);
    note_unmapped(r);
}

static void do_move(void)
{
    struct range r = one_area(pick_mapped_range()), to = pick_range();
    /* Without unmapping, Linux takes the lock off the whole area that the range is a part of. */
    bool keeps = pick(3) == 0 && !pages[r.first].is_file && !pages[r.first].may_be_locked;
    int flags = MREMAP_MAYMOVE | MREMAP_FIXED | (keeps ? MREMAP_DONTUNMAP : 0);
    if (keeps || pick(3)) to.count = r.count;
    bool overlaps = r.first < to.first + to.count && to.first < r.first + r.count;
    if (to.first + to.count > page_total() || (overlaps && !pages[r.first].origin)) return;
    show_range("mremap", r);
    printf(" to %zu+%zu flags %d", to.first, to.count, flags);
    struct page was = pages[r.first];
    void *p = sys_mremap(page_at(r.first), r.count * PAGE, to.count * PAGE, flags, page_at(to.first));
    if (show_place("", p) == MAP_FAILED) {
        /* The place may have been cleared before the mistake was found; a look tells. */
        for (size_t i = to.first; i < to.first + to.count; i++)
            if (sys_msync(page_at(i), PAGE, MS_ASYNC) != 0) pages[i] = (struct page){ 0 };
        return;
    }
    if (!keeps) note_unmapped(r);
    note_mapped(to, was);
    note_set_apart(r);
}

/* Arguments that no call may accept as they are. */
static void do_wrong(void)
{
    static const size_t lengths[] = { 0, 1, PAGE, -1ul, -(size_t)PAGE, 1ul << 47, 1ul << 62 };
    struct range r = pick_range();
    size_t bytes = PICK(lengths);
    unsigned char *p = page_at(r.first) + (pick(2) ? 1 + pick(PAGE - 1) : 0);
    bool is_aligned = (uintptr_t)p % PAGE == 0;
    uint32_t what = pick(6);
    if (is_aligned && (bytes == 1 || bytes == PAGE)) bytes = -(size_t)PAGE;
    printf("wrong %u at %zu bytes %zx", what, r.first, bytes);
    switch (what) {
    case 0: show_place("", sys_mmap(p, bytes, RW, ANON | MAP_FIXED, -1, 0)); break;
    case 1: show_outcome(sys_munmap(p, bytes)); break;
    case 2: show_outcome(sys_mprotect(p, bytes, RW)); break;
    case 3: show_outcome(sys_madvise(p, bytes, MADV_NORMAL)); break;
    case 4: show_outcome(sys_msync(p, bytes, MS_SYNC)); break;
    case 5: show_place("", sys_mremap(p, PAGE, is_aligned ? 0 : PAGE, MREMAP_MAYMOVE, NULL)); break;
    }
    note_set_apart((struct range){ r.first, page_total() - r.first });
}

static const struct {
    void (*call)(void);
    uint32_t weight;
} calls[] = {
    { do_map, 28 }, { do_unmap, 5 },  { do_protect, 14 }, { do_advise, 14 }, { do_lock, 6 }, { do_sync, 3 },
    { do_core, 4 }, { do_touch, 12 }, { do_shrink, 4 },   { do_grow, 8 },    { do_move, 8 }, { do_wrong, 4 },
};

static void call_one(void)
{
    uint32_t total = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) total += calls[i].weight;
    uint32_t at = pick(total);
    size_t i = 0;
    while (at >= calls[i].weight) at -= calls[i++].weight;
    calls[i].call();
}

/* Each page where units are pages; else the first and the last page of each unit. */
static void show_window(void)
{
    char access[2 * UNITS + 1] = { 0 };
    uint64_t hash = 0;
    size_t parts = run->unit_pages > 1 ? 2 : 1;
    for (size_t i = 0; i < UNITS * parts; i++) {
        unsigned char *p = page_at(i / parts * run->unit_pages + (i % parts ? run->unit_pages - 1 : 0));
        access[i] = page_access(p);
        if (access[i] == '.') continue;
        uint64_t word;
        memcpy(&word, p, sizeof word);
        hash = hash_add(hash, word + i);
    }
    printf("  %s %016llx\n", access, (unsigned long long)hash);
}

static void make_file(void)
{
    write_fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < FILE_PAGES; i++) {
        uint64_t page[PAGE / 8];
        for (size_t k = 0; k < PAGE / 8; k++) page[k] = 0xf000000 + (uint64_t)i * 1000 + k;
        if (write(write_fd, page, PAGE) != PAGE) exit(99);
    }
    if (ftruncate(write_fd, FILE_PAGES * PAGE - 1000) != 0) exit(99);
    read_fd = open("file", O_RDONLY);
}

/* All but the last quarter of the window is one area, and a third of that has been touched. */
static void begin_run(void)
{
    struct range all = { 0, page_total() / 4 * 3 };
    state = run->seed;
    window_clear();
    memset(pages, 0, sizeof pages);
    sys_mmap(page_at(0), all.count * PAGE, RW, ANON | MAP_FIXED, -1, 0);
    for (size_t i = 0; i < all.count / 3; i++) page_mark(page_at(i), i);
    note_mapped(all, (struct page){ .protection = RW });
}

int main(int argc, char **argv)
{
    int cases = 0;
    window_open(argc, argv);
    make_file();
    for (run = runs; run < runs + sizeof runs / sizeof *runs; run++) {
        printf("---- seed %d\n", (int)run->seed);
        begin_run();
        for (int i = 1; i <= CALLS_PER_RUN; i++, cases++) {
            call_one();
            if (i % run->show_every == 0) show_window();
        }
        show_window();
    }
    printf("# %d cases\n", cases);
    return 0;
}
