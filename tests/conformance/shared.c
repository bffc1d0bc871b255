/* SPDX-License-Identifier: Apache-2.0 */
/* One file, mapped three times: generated writes, truncations and holes, each seen through two shared
 * mappings, a private one and read. */
#include "tests/conformance/mm_window.h"

enum {
    FILE_PAGES = 6,
    ALL_BYTES = FILE_PAGES * PAGE,
    FIRST = 0, /* where the mappings begin, in pages of the window */
    SECOND = 8,
    PRIVATE = 16,
    STEPS = 120,
};

static uint32_t seed;
static uint32_t pick(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static int fd;
static off_t size; /* kept here, as only what lies inside the file may be stored */

static void set_size(off_t bytes)
{
    printf("ftruncate %ld: %d\n", (long)bytes, ftruncate(fd, bytes));
    size = bytes;
}

static uint64_t hash_bytes(const unsigned char *bytes, size_t count)
{
    uint64_t hash = count;
    for (size_t i = 0; i < count; i++) hash = hash_add(hash, bytes[i]);
    return hash;
}

/* Pages that can be read, and everything in them. What follows the end of the file in its last page is
 * left out: a store there may be seen or not. */
static void show_mapping(const char *name, size_t page)
{
    uint64_t hash = 0;
    printf("  %s ", name);
    for (size_t i = 0; i < FILE_PAGES; i++) {
        unsigned char *p = page_at(page + i);
        bool is_readable = page_is_readable(p);
        putchar(is_readable ? 'r' : '.');
        size_t inside = size > (off_t)(i * PAGE) ? (size_t)size - i * PAGE : 0;
        if (is_readable) hash = hash_add(hash, hash_bytes(p, inside < PAGE ? inside : PAGE));
    }
    printf(" %016llx\n", (unsigned long long)hash);
}

static void show_all(void)
{
    static unsigned char bytes[ALL_BYTES];
    long got = pread(fd, bytes, sizeof bytes, 0);
    printf("  file %ld %016llx\n", got, (unsigned long long)hash_bytes(bytes, got > 0 ? (size_t)got : 0));
    show_mapping("first", FIRST);
    show_mapping("second", SECOND);
    show_mapping("private", PRIVATE);
}

/* A range inside the file, page aligned now and then; false when the file is empty. */
static bool pick_range(size_t *at, size_t *bytes)
{
    if (size == 0) return false;
    *at = pick((uint32_t)size);
    if (pick(3) == 0) *at -= *at % PAGE;
    size_t left = (size_t)size - *at;
    *bytes = 1 + pick((uint32_t)(left < 2 * PAGE ? left : 2 * PAGE));
    return true;
}

static void store(size_t page, const char *name)
{
    size_t at, bytes;
    if (!pick_range(&at, &bytes)) return;
    printf("store %s %zu %zu\n", name, at, bytes);
    memset(page_at(page) + at, 1 + (int)pick(255), bytes);
}

/* Bytes of the file come from a mapping of the file. */
static void write_from_mapping(size_t page)
{
    size_t at, bytes;
    if (!pick_range(&at, &bytes)) return;
    off_t to = (off_t)pick(ALL_BYTES - (uint32_t)bytes);
    /* Not onto itself: how much of the source a piece of the write replaces differs. */
    if (to < (off_t)(at + bytes) && to + (off_t)bytes > (off_t)at) return;
    printf("pwrite %zu %zu to %ld: %ld\n", at, bytes, (long)to,
           (long)pwrite(fd, page_at(page) + at, bytes, to));
    if (to + (off_t)bytes > size) size = to + (off_t)bytes;
}

static void write_bytes(void)
{
    static unsigned char bytes[2 * PAGE];
    size_t count = 1 + pick(sizeof bytes);
    off_t at = (off_t)pick((uint32_t)(ALL_BYTES - count));
    if (pick(3) == 0) at -= at % PAGE;
    memset(bytes, 1 + (int)pick(255), count);
    printf("pwrite %zu to %ld: %ld\n", count, (long)at, (long)pwrite(fd, bytes, count, at));
    if (at + (off_t)count > size) size = at + (off_t)count;
}

static void read_to_mapping(size_t page)
{
    size_t at, bytes;
    if (!pick_range(&at, &bytes)) return;
    size_t from = pick((uint32_t)size);
    if (from < at + bytes && from + bytes > at) return;
    printf("pread %zu %zu from %zu: %ld\n", at, bytes, from,
           (long)pread(fd, page_at(page) + at, bytes, (off_t)from));
}

static void punch(void)
{
    size_t at = pick(ALL_BYTES), bytes = 1 + pick(3 * PAGE);
    if (pick(2) == 0) at -= at % PAGE;
    printf("punch %zu %zu: %d\n", at, bytes,
           fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)at, (off_t)bytes));
}

static void advise(void)
{
    size_t page = pick(FILE_PAGES), count = 1 + pick((uint32_t)(FILE_PAGES - page));
    size_t base = pick(2) ? FIRST : pick(2) ? SECOND : PRIVATE;
    int advice = pick(2) ? MADV_DONTNEED : MADV_REMOVE;
    printf("advise %d on %zu %zu: ", advice, base + page, count);
    printf("%s\n", sys_madvise(page_at(base + page), count * PAGE, advice) ? error_name(errno) : "ok");
}

static void map_again(void)
{
    size_t page = pick(FILE_PAGES), count = 1 + pick((uint32_t)(FILE_PAGES - page));
    bool is_private = pick(2);
    size_t base = is_private ? PRIVATE : SECOND;
    printf("map %zu %zu again\n", base + page, count);
    sys_mmap(page_at(base + page), count * PAGE, RW, MAP_FIXED | (is_private ? MAP_PRIVATE : MAP_SHARED), fd,
             (off_t)page * PAGE);
}

static void step(void)
{
    switch (pick(16)) {
    case 0:
    case 1: store(FIRST, "first"); break;
    case 2: store(SECOND, "second"); break;
    case 3:
    case 4: store(PRIVATE, "private"); break;
    case 5:
    case 6: write_bytes(); break;
    case 7: write_from_mapping(FIRST); break;
    case 8: write_from_mapping(PRIVATE); break;
    case 9: read_to_mapping(SECOND); break;
    case 10: set_size((off_t)pick(ALL_BYTES)); break;
    case 11: set_size((off_t)pick(FILE_PAGES + 1) * PAGE); break;
    case 12: punch(); break;
    case 13: advise(); break;
    case 14: map_again(); break;
    case 15: printf("sync: %ld\n", sys_msync(page_at(FIRST), ALL_BYTES, pick(2) ? MS_SYNC : MS_ASYNC)); break;
    }
}

static void run(const char *name, int file, uint32_t first_seed)
{
    begin_case(name);
    fd = file;
    seed = first_seed;
    set_size(3 * PAGE + 77);
    sys_mmap(page_at(FIRST), ALL_BYTES, RW, MAP_SHARED | MAP_FIXED, fd, 0);
    sys_mmap(page_at(SECOND), ALL_BYTES, RW, MAP_SHARED | MAP_FIXED, fd, 0);
    sys_mmap(page_at(PRIVATE), ALL_BYTES, RW, MAP_PRIVATE | MAP_FIXED, fd, 0);
    for (int i = 0; i < STEPS; i++) {
        printf("%d: ", i);
        step();
        show_all();
    }
    close(fd);
}

static int open_fresh(void) { return open("file", O_RDWR | O_CREAT | O_TRUNC, 0600); }

int main(int argc, char **argv)
{
    window_open(argc, argv);
    for (uint32_t i = 1; i <= 3; i++) run("a file", open_fresh(), i * 1000 + 7);
    for (uint32_t i = 1; i <= 3; i++) run("a memfd", (int)syscall(SYS_memfd_create, "m", 0), i * 1000 + 8);
    printf("# %d cases\n", case_count * STEPS);
    return 0;
}
