/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/fake_heap.h"

#include "mm/direct_map.h"
#include "mm/frame.h"
#include "mm/heap.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

uint64_t direct_map_host_base; /* 0: a physical address is the pointer */
uint64_t fake_heap_total_frames = 1 << 20;

static uint64_t fail_in, blocks, frames;
static bool has_failed;

void fake_heap_fail_at(uint64_t n)
{
    fail_in = n;
    has_failed = false;
}

bool fake_heap_has_failed(void) { return has_failed; }
uint64_t fake_heap_blocks(void) { return blocks; }
uint64_t fake_heap_frames(void) { return frames; }

static bool must_fail(void)
{
    if (fail_in == 0 || --fail_in > 0) return false;
    has_failed = true;
    return true;
}

/* Fresh memory is not zero, so that a forgotten initialisation shows. */
static void *take(size_t align, size_t bytes)
{
    if (must_fail()) return NULL;
    void *block = aligned_alloc(align, align_up(bytes ? bytes : 1, align));
    if (!block) abort();
    memset(block, 0xa5, bytes);
    return block;
}

void *heap_alloc(size_t bytes)
{
    /* Exactly as long as asked for, where the sanitizer draws its line. */
    if (must_fail()) return NULL;
    void *block = malloc(bytes ? bytes : 1);
    if (!block) abort();
    memset(block, 0xa5, bytes);
    blocks++;
    return block;
}

void *heap_alloc_zeroed(size_t bytes)
{
    void *block = heap_alloc(bytes);
    return block ? memset(block, 0, bytes) : NULL;
}

/* Always another block, so that a kept pointer to the old one shows. */
void *heap_resize(void *block, size_t bytes)
{
    void *larger = heap_alloc(bytes);
    if (!larger || !block) return larger;
    memcpy(larger, block, MIN(bytes, malloc_usable_size(block)));
    heap_free(block);
    return larger;
}

void heap_free(void *block)
{
    if (block) blocks--;
    free(block);
}

paddr_t frame_alloc(void)
{
    void *frame = take(PAGE_BYTES, PAGE_BYTES);
    if (!frame) return PADDR_NONE;
    frames++;
    return direct_map_to_paddr(frame);
}

paddr_t frame_alloc_zeroed(void)
{
    paddr_t frame = frame_alloc();
    if (!is_paddr_none(frame)) memset(direct_map(frame), 0, PAGE_BYTES);
    return frame;
}

void frame_free(paddr_t frame)
{
    frames--;
    free(direct_map(frame));
}

uint64_t frame_total_count(void) { return fake_heap_total_frames; }
