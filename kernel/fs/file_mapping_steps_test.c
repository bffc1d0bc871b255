/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a mapped file in any order: whatever a page table still holds must show the file. */
#include "fs/file_mapping.h"

#include "abi/linux/fcntl.h"
#include "abi/linux/stat.h"
#include "fs/fd_table.h"
#include "fs/file.h"
#include "fs/tmpfs.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "syscall/sys_file.h"
#include "tests/fakes/fake_heap.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/fake_vm.h"
#include "tests/harness/test.h"

#define A(value) ((uint64_t)(value))

enum {
    PUNCH = LINUX_FALLOC_PUNCH_HOLE | LINUX_FALLOC_KEEP_SIZE,
    STEPS = 30000,
    MODEL_PAGES = 6,
    MODEL_BYTES = MODEL_PAGES * PAGE_BYTES
};

static int64_t fd;
static struct backing *backing;
static uint8_t area[2 * PAGE_BYTES] ALIGNED(PAGE_BYTES);
static uint8_t lower[MODEL_BYTES] ALIGNED(PAGE_BYTES);

static uint8_t model[MODEL_BYTES]; /* what the file holds; zeros beyond its end */
static uint64_t model_size;

/* The page table of an address space that maps the whole file shared. */
static struct backing_page present[MODEL_PAGES];
static bool is_present[MODEL_PAGES];

static uint32_t seed;
static uint32_t pick(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static void forget_pages(const struct fake_revocation *r)
{
    for (uint64_t i = r->first; i < MIN(r->end, (uint64_t)MODEL_PAGES); i++) is_present[i] = false;
}

static uint64_t model_pages(void) { return (model_size + PAGE_BYTES - 1) / PAGE_BYTES; }

static void touch(uint64_t index)
{
    if (is_present[index]) return;
    struct backing_page page;
    err_t e = backing->ops->page(backing, index, false, &page);
    if (index >= model_pages()) {
        EXPECT_ERR(e, ERR_IO);
        return;
    }
    if (failed(e)) {
        EXPECT_ERR(e, ERR_NOT_SUPPORTED);
        return;
    }
    present[index] = page;
    is_present[index] = true;
}

static void store(uint64_t index)
{
    if (index >= model_pages()) {
        EXPECT_ERR(backing->ops->own(backing, index), ERR_IO);
        return;
    }
    if (!is_present[index] || !present[index].is_own) {
        EXPECT_OK(backing->ops->own(backing, index));
        is_present[index] = false; /* the fault replaces it itself */
        touch(index);
    }
    EXPECT(present[index].is_own);
    uint64_t at = index * PAGE_BYTES + pick(PAGE_BYTES);
    uint8_t value = (uint8_t)pick(256);
    ((uint8_t *)direct_map(present[index].frame))[at % PAGE_BYTES] = value;
    if (at < model_size) model[at] = value; /* else it is stored behind the end and lost */
}

static void change_model(uint64_t from, uint64_t to, const uint8_t *bytes)
{
    if (bytes)
        memcpy(model + from, bytes, to - from);
    else
        memset(model + from, 0, to - from);
}

static void step(void)
{
    uint64_t from = pick(MODEL_BYTES), bytes = 1 + pick((uint32_t)MIN(MODEL_BYTES - from, 2ul * PAGE_BYTES));
    if (pick(3) == 0) from = align_down(from, PAGE_BYTES), bytes = MIN(bytes, MODEL_BYTES - from);
    uint64_t end = from + bytes;
    switch (pick(8)) {
    case 0:
        memset(area, (int)pick(256), bytes);
        EXPECT_EQ(sys_pwrite64(A(fd), A(area), bytes, from), bytes);
        change_model(from, end, area);
        model_size = MAX(model_size, end);
        break;
    case 1:
        EXPECT_EQ(sys_ftruncate(A(fd), from), 0);
        change_model(from, MODEL_BYTES, NULL);
        model_size = from;
        break;
    case 2:
        EXPECT_EQ(sys_fallocate(A(fd), PUNCH, from, bytes), 0);
        change_model(from, MIN(end, (uint64_t)MODEL_BYTES), NULL);
        break;
    case 3: {
        bool keep = pick(2);
        EXPECT_EQ(sys_fallocate(A(fd), keep ? LINUX_FALLOC_KEEP_SIZE : 0, from, bytes), 0);
        if (!keep) model_size = MAX(model_size, end);
        break;
    }
    case 4:
    case 5: store(from / PAGE_BYTES); break;
    default: touch(from / PAGE_BYTES); break;
    }
}

static uint64_t pages_with_data(void)
{
    struct vnode *v = CONTAINER_OF(backing, struct file, backing)->vnode;
    uint64_t pages = 0;
    fs_lock();
    for (uint64_t i = 0; i <= 2 * MODEL_PAGES; i++)
        pages += i * PAGE_BYTES < v->regular.lower_bytes || page_tree_find(&v->regular.pages, i);
    fs_unlock();
    return pages;
}

/* What is in the page table shows the file, which holds what the model does. */
static void check_all(uint32_t number)
{
    static uint8_t got[MODEL_BYTES];
    bool is_right = sys_pread64(A(fd), A(got), MODEL_BYTES, 0) == (int64_t)model_size;
    is_right &= memcmp(got, model, model_size) == 0;
    struct linux_stat s;
    is_right &= sys_fstat(A(fd), A(&s)) == 0 && (uint64_t)s.st_blocks == pages_with_data() * 8;
    for (uint64_t i = 0; i < MODEL_PAGES; i++) {
        if (!is_present[i]) continue;
        uint64_t start_at = i * PAGE_BYTES;
        uint64_t inside = i < model_pages() ? MIN(model_size - start_at, (uint64_t)PAGE_BYTES) : 0;
        is_right &= inside > 0;
        is_right &= memcmp(direct_map(present[i].frame), model + start_at, inside) == 0;
    }
    if (!is_right) test_fail(__FILE__, __LINE__, "step %u", number);
}

/* The file begins with an archive's data that lies `offset` bytes off a page border. */
static void run_steps(size_t offset, size_t lower_bytes, uint32_t first_seed)
{
    fake_process_start("", 0);
    fd = sys_open(A("/f"), LINUX_O_RDWR | LINUX_O_CREAT, 0644);
    struct file *file = fd_get(process_current()->files, (uint32_t)fd);
    backing = &file->backing;
    for (size_t i = 0; i < sizeof(lower); i++) lower[i] = (uint8_t)(i * 5 + i / 253 + 1);
    tmpfs_set_lower(file->vnode, lower + offset, lower_bytes);
    file->vnode->regular.was_shared = true;
    __atomic_store_n(&backing->mapping->area_count, 1, __ATOMIC_RELAXED);

    seed = first_seed;
    memset(model, 0, sizeof(model));
    memcpy(model, lower + offset, lower_bytes);
    model_size = lower_bytes;
    memset(is_present, 0, sizeof(is_present));
    fake_revocation_hook = forget_pages;
    for (uint32_t i = 0; i < STEPS; i++) {
        step();
        check_all(i);
    }
    fake_revocation_hook = NULL;
    EXPECT_EQ(sys_close(A(fd)), 0);
    file_put(file);
    fake_process_stop();
    EXPECT_EQ(fake_heap_frames(), 0);
}

TEST(after_any_change_no_mapping_shows_anything_but_the_file)
{
    run_steps(0, 0, 1);
    for (uint32_t i = 2; i < 6; i++) {
        run_steps(0, 3 * PAGE_BYTES + 77, i);
        run_steps(8, 3 * PAGE_BYTES + 77, i);
    }
}
