/* SPDX-License-Identifier: Apache-2.0 */
/* A back end that only records what the GPU would see, and a program whose memory changes under it. */
#include "gpu/context_internal.h"
#include "gpu/memory_internal.h"
#include "vm/space_ktest.h"

enum { PAGES = 16, ALL = GPU_READABLE | GPU_WRITABLE };
#define GPU_BASE 0x500000000000ull

struct seen {
    uint64_t address;
    uint32_t flags; /* 0: nothing */
};
static struct seen seen[PAGES];
static uint32_t wakes, unmaps;
static uint32_t mirrors_at_unmap; /* when the GPU was last told to forget */

static err_t context_create(struct gpu_context *context)
{
    (void)context;
    return OK;
}
static bool may_change_at_stop; /* the program its memory */
static void context_stop(struct gpu_context *context)
{
    may_change_at_stop = false;
    if (!mutex_try_lock(&context->space->lock)) return;
    may_change_at_stop = true;
    mutex_unlock(&context->space->lock);
}
static void context_free(struct gpu_context *context) { (void)context; }
static err_t record_map(struct gpu_context *context, gpu_va_t at, const struct gpu_piece *piece,
                        uint32_t flags)
{
    (void)context;
    for (uint64_t i = 0; i < piece->bytes >> PAGE_SHIFT; i++)
        seen[((at.raw - GPU_BASE) >> PAGE_SHIFT) + i] =
            (struct seen){ piece->address + (i << PAGE_SHIFT), flags };
    return OK;
}
static void record_unmap(struct gpu_context *context, gpu_va_t at, uint64_t bytes)
{
    unmaps++;
    mirrors_at_unmap = 0;
    LIST_FOR_EACH (node, &context->mirrors) mirrors_at_unmap++;
    memset(&seen[(at.raw - GPU_BASE) >> PAGE_SHIFT], 0, (bytes >> PAGE_SHIFT) * sizeof(seen[0]));
}
static void wake(struct gpu_device *device)
{
    (void)device;
    wakes++;
}
static const struct gpu_backend backend = { .name = "record",
                                            .context_create = context_create,
                                            .context_stop = context_stop,
                                            .context_free = context_free,
                                            .map = record_map,
                                            .unmap = record_unmap,
                                            .wake = wake };
static struct gpu_owner owner;
static struct gpu_device device;
static struct gpu_context *context;
static paddr_t bells;

static void open_gpu(void)
{
    open_space();
    memset(seen, 0, sizeof(seen));
    wakes = unmaps = 0;
    bells = frame_alloc_run(2, PAGE_BYTES);
    device = (struct gpu_device){ .backend = &backend,
                                  .vram_base = PADDR(1ull << 46),
                                  .vram_bytes = HUGE_BYTES,
                                  .doorbells_base = bells,
                                  .doorbell_bytes = 2 * PAGE_BYTES,
                                  .contexts_max = 1,
                                  .queues_max = 8,
                                  .address_bits = 47 };
    EXPECT_OK(gpu_device_init(&device));
    EXPECT_OK(gpu_context_create(&device, space, &owner, &context));
}

static void close_gpu(void)
{
    gpu_context_destroy(context);
    gpu_device_fini(&device);
    frame_free_run(bells, 2);
    close_space();
}

static void touch(uint64_t at)
{
    for (uint64_t i = 0; i < PAGES; i++) poke(at + i * PAGE_BYTES, i);
}

static err_t show(uint64_t at, uint64_t pages, uint32_t flags)
{
    struct gpu_memory *memory;
    EXPECT_OK(gpu_memory_create_user(&device, at, pages << PAGE_SHIFT, &memory));
    err_t e = gpu_map(context, memory, GPU_VA(GPU_BASE), flags);
    gpu_memory_put(memory);
    return e;
}

static bool fix(uint64_t page, enum gpu_access access)
{
    struct gpu_event_fault fault = { .address = GPU_BASE + (page << PAGE_SHIFT) + 8,
                                     .access = access,
                                     .reason = GPU_FAULT_ABSENT };
    return gpu_context_fix_fault(context, &fault);
}

/* The GPU sees what the program sees. */
static bool agrees(uint64_t at, uint64_t page)
{
    paddr_t frame = PADDR(0);
    bool is_there = page_table_translate(&space->page_table, at + (page << PAGE_SHIFT), &frame, NULL, NULL);
    return is_there && seen[page].flags && seen[page].address == frame.raw;
}

TEST(a_program_s_own_memory_is_the_same_on_the_gpu_and_present_when_either_touches_it)
{
    open_gpu();
    uint64_t at = map(0, PAGES * PAGE_BYTES, RW);
    poke(at, 1);
    EXPECT_OK(show(at, PAGES, ALL));
    EXPECT(agrees(at, 0) && seen[0].flags == ALL && !seen[1].flags);
    poke(at + PAGE_BYTES, 1);
    EXPECT(fix(1, GPU_ACCESS_READ) && agrees(at, 1) && seen[1].flags == ALL);
    EXPECT(fix(2, GPU_ACCESS_WRITE) && agrees(at, 2) && seen[2].flags == ALL);
    EXPECT_EQ(peek(at + 2 * PAGE_BYTES), 0);
    EXPECT(show(at, PAGES, ALL).code == ERR_EXISTS.code);
    EXPECT_OK(gpu_unmap(context, GPU_VA(GPU_BASE)));
    EXPECT(!seen[0].flags && gpu_unmap(context, GPU_VA(GPU_BASE)).code == ERR_NOT_FOUND.code);
    close_gpu();
}

TEST(what_is_unmapped_on_the_gpu_cannot_be_shown_again_by_a_fault_on_its_way)
{
    open_gpu();
    uint64_t at = map(0, PAGES * PAGE_BYTES, RW);
    touch(at);
    EXPECT_OK(show(at, PAGES, ALL));
    EXPECT_OK(gpu_unmap(context, GPU_VA(GPU_BASE)));
    EXPECT_EQ(mirrors_at_unmap, 0);
    EXPECT(!seen[0].flags && !seen[PAGES - 1].flags);
    close_gpu();
}

TEST(a_large_range_with_little_in_it_is_shown_at_once)
{
    const uint64_t bytes = 16ull << 40; /* page by page this would take hours */
    open_gpu();
    uint64_t at = map(0, bytes, RW | SPACE_NO_RESERVE | SPACE_STACK);
    poke(at, 1);
    poke(at + PAGE_BYTES, 1);
    EXPECT_OK(show(at, bytes >> PAGE_SHIFT, ALL));
    EXPECT(agrees(at, 0) && agrees(at, 1));
    close_gpu();
}

TEST(a_context_ends_while_nobody_can_change_what_it_mirrors)
{
    open_gpu();
    may_change_at_stop = true;
    close_gpu();
    EXPECT(!may_change_at_stop);
}

TEST(memory_that_the_program_does_not_have_is_refused)
{
    open_gpu();
    uint64_t at = map(0, PAGES * PAGE_BYTES, RW);
    EXPECT_OK(space_unmap(space, at + 3 * PAGE_BYTES, PAGE_BYTES));
    EXPECT(show(at, PAGES, ALL).code == ERR_FAULT.code);
    EXPECT_OK(show(at, 3, ALL));
    EXPECT_OK(gpu_unmap(context, GPU_VA(GPU_BASE)));
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, SPACE_READ));
    EXPECT(show(at, 2, ALL).code == ERR_FAULT.code);
    EXPECT_OK(show(at, 2, GPU_READABLE));
    close_gpu();
    open_gpu();
    EXPECT(show(1ull << 47, 1, ALL).code == ERR_FAULT.code);
    EXPECT(show(0 - (uint64_t)PAGE_BYTES, 1, ALL).code == ERR_FAULT.code);
    close_gpu();
}

TEST(what_the_program_unmaps_goes_from_the_gpu_first_and_does_not_come_back)
{
    open_gpu();
    uint64_t at = map(0, PAGES * PAGE_BYTES, RW);
    touch(at);
    EXPECT_OK(show(at, PAGES, ALL));
    EXPECT_OK(space_unmap(space, at + 2 * PAGE_BYTES, 2 * PAGE_BYTES));
    EXPECT(agrees(at, 1) && !seen[2].flags && !seen[3].flags && agrees(at, 4));
    EXPECT(!fix(2, GPU_ACCESS_READ) && !seen[2].flags);
    map(at + 2 * PAGE_BYTES, PAGE_BYTES, RW | SPACE_FIXED);
    EXPECT(fix(2, GPU_ACCESS_WRITE) && agrees(at, 2));
    close_gpu();
}

TEST(a_right_that_the_program_gives_up_the_gpu_loses_too)
{
    open_gpu();
    uint64_t at = map(0, PAGES * PAGE_BYTES, RW);
    touch(at);
    EXPECT_OK(show(at, 2, ALL));
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, SPACE_READ));
    EXPECT(!seen[0].flags && agrees(at, 1));
    EXPECT(!fix(0, GPU_ACCESS_WRITE));
    EXPECT(fix(0, GPU_ACCESS_READ) && agrees(at, 0) && seen[0].flags == GPU_READABLE);
    EXPECT_OK(space_protect(space, at, PAGE_BYTES, RW));
    EXPECT(fix(0, GPU_ACCESS_WRITE) && agrees(at, 0) && seen[0].flags == ALL);
    close_gpu();
}

TEST(after_a_clone_the_gpu_writes_to_the_parent_s_copy)
{
    struct space *child;
    open_gpu();
    uint64_t at = map(0, 2 * PAGE_BYTES, RW);
    poke(at, 7);
    EXPECT_OK(show(at, 2, ALL));
    uint64_t shared = seen[0].address;
    EXPECT_OK(space_clone(space, &child));
    EXPECT(!seen[0].flags && !seen[1].flags);
    EXPECT(fix(0, GPU_ACCESS_WRITE) && agrees(at, 0) && seen[0].address != shared);
    *(uint64_t *)direct_map(PADDR(seen[0].address)) = 8;
    EXPECT_EQ(peek(at), 8);
    enter(child);
    EXPECT_EQ(peek(at), 7);
    enter(space);
    space_destroy(child);
    close_gpu();
}

static err_t agree(const struct area *area, uint64_t unused)
{
    (void)area, (void)unused;
    return OK;
}

TEST(discarded_memory_is_new_to_both)
{
    open_gpu();
    uint64_t at = map(0, 2 * PAGE_BYTES, RW);
    poke(at, 7);
    EXPECT_OK(show(at, 2, ALL));
    EXPECT_OK(space_advise(space, at, 2 * PAGE_BYTES, agree, 0, true));
    EXPECT(!seen[0].flags && !seen[1].flags);
    EXPECT_EQ(peek(at), 0);
    EXPECT(fix(0, GPU_ACCESS_READ) && agrees(at, 0));
    EXPECT(fix(1, GPU_ACCESS_WRITE) && agrees(at, 1));
    close_gpu();
}

TEST(doorbells_are_seen_until_the_device_wants_to_sleep_and_the_next_ring_wakes_it)
{
    open_gpu();
    struct backing *backing = backing_get(&context->bell->backing);
    uint64_t at = 0;
    EXPECT_OK(space_map(space, 0, 2 * PAGE_BYTES, RW | SPACE_SHARED | SPACE_MAY_WRITE, backing, 0, &at));
    EXPECT_EQ(wakes, 0);
    poke(at + 8, 5);
    EXPECT_EQ(wakes, 1);
    EXPECT_EQ(((uint64_t *)direct_map(bells))[1], 5);
    poke(at + 8, 6);
    EXPECT_EQ(wakes, 1);
    gpu_tell_idle(&device);
    EXPECT_EQ(leaf_at(space, at), 0);
    poke(at + 8, 7);
    EXPECT(wakes >= 2);
    EXPECT_EQ(((uint64_t *)direct_map(bells))[1], 7);
    EXPECT_OK(space_unmap(space, at, 2 * PAGE_BYTES));
    close_gpu();
}

TEST(memory_for_gpus_is_mapped_by_large_leaves_which_are_cut_where_the_program_cuts_them)
{
    struct gpu_memory *memory;
    uint64_t at = 0;
    open_gpu();
    EXPECT_OK(gpu_memory_create(&device, GPU_MEMORY_SYSTEM, HUGE_BYTES + PAGE_BYTES, &memory));
    EXPECT_OK(space_map(space, 0, HUGE_BYTES + PAGE_BYTES, RW | SPACE_SHARED | SPACE_MAY_WRITE,
                        backing_get(&memory->backing), 0, &at));
    EXPECT(is_aligned(at, HUGE_BYTES));
    poke(at + 5 * PAGE_BYTES, 5);
    poke(at + HUGE_BYTES, 6);
    EXPECT(leaf_at(space, at) == HUGE_SHIFT && leaf_at(space, at + HUGE_BYTES) == PAGE_SHIFT);
    EXPECT_OK(space_protect(space, at, HUGE_BYTES, SPACE_READ));
    EXPECT(peek(at + 5 * PAGE_BYTES) == 5 && !can_write(at));
    EXPECT_OK(space_protect(space, at, HUGE_BYTES, RW));
    poke(at + 7 * PAGE_BYTES, 7);
    EXPECT(leaf_at(space, at) == HUGE_SHIFT && peek(at + 5 * PAGE_BYTES) == 5);
    EXPECT_OK(space_unmap(space, at + 6 * PAGE_BYTES, PAGE_BYTES));
    EXPECT(!can_read(at + 6 * PAGE_BYTES) && peek(at + 5 * PAGE_BYTES) == 5 &&
           peek(at + 7 * PAGE_BYTES) == 7);
    EXPECT_EQ(leaf_at(space, at), PAGE_SHIFT);

    uint64_t other = 0; /* where the addresses do not suit */
    EXPECT_OK(space_map(space, 0, HUGE_BYTES, RW | SPACE_SHARED | SPACE_MAY_WRITE,
                        backing_get(&memory->backing), 1, &other));
    EXPECT_EQ(peek(other + 4 * PAGE_BYTES), 5);
    EXPECT_EQ(leaf_at(space, other), PAGE_SHIFT);
    gpu_memory_put(memory);
    close_gpu();
}

TEST(doorbells_of_a_context_that_has_ended_are_out_of_reach_though_a_program_still_has_them_mapped)
{
    open_gpu();
    uint64_t at = 0;
    EXPECT_OK(space_map(space, 0, 2 * PAGE_BYTES, RW | SPACE_SHARED | SPACE_MAY_WRITE,
                        backing_get(&context->bell->backing), 0, &at));
    poke(at + 8, 5);
    gpu_context_destroy(context);
    EXPECT_EQ(leaf_at(space, at), 0);
    EXPECT_OK(
        gpu_context_create(&device, space, &owner, &context)); /* it has the number, and the doorbells */
    uint64_t value = 6;
    EXPECT(failed(user_copy_out(UADDR(at + 8), &value, sizeof(value))));
    EXPECT_EQ(((uint64_t *)direct_map(bells))[1], 5);
    EXPECT_OK(space_unmap(space, at, 2 * PAGE_BYTES));
    close_gpu();
}
