/* SPDX-License-Identifier: Apache-2.0 */
/* What a debug build does with free memory: fill it, remember who freed it, and look when it is
 * handed out again. The first two words of a poisoned frame hold the caller of frame_free and its
 * complement; a bit per frame says that the poison is there, as memory that was never used has none. */
#include "core/panic.h"
#include "core/symbol.h"
#include "lib/string.h"
#include "mm/direct_map.h"
#include "mm/frame_internal.h"

#define POISON 0xf4eef4eef4eef4eeull
enum { POISON_WORDS = PAGE_BYTES / 8, POISON_OWNER_WORDS = 2 };

static uint64_t *poison_word(uint64_t address)
{
    uint64_t frame = frame_index(address);
    return &group_of(address)->bits[block_index(address)].poisoned[frame / 64];
}

void frame_debug_freed(uint64_t address, uint64_t frames, const void *caller)
{
    if (!CONFIG_DEBUG) return;
    for (; frames; frames--, address += PAGE_BYTES) {
        uint64_t *words = direct_map(PADDR(address));
        words[0] = (uint64_t)caller;
        words[1] = ~(uint64_t)caller;
        for (uint32_t i = POISON_OWNER_WORDS; i < POISON_WORDS; i++) words[i] = POISON;
        mask_put(poison_word(address), frame_index(address) % 64);
    }
}

static void check_poison(uint64_t address)
{
    const uint64_t *words = direct_map(PADDR(address));
    struct symbol owner;
    if (words[0] != ~words[1])
        panic("write to frame 0x%lx after it was freed: its first words are 0x%lx 0x%lx", address, words[0],
              words[1]);
    for (uint32_t i = POISON_OWNER_WORDS; i < POISON_WORDS; i++) {
        if (likely(words[i] == POISON)) continue;
        symbol_find(words[0], &owner);
        panic("write to frame 0x%lx after it was freed by %s+0x%lx: 0x%lx at offset 0x%lx", address,
              owner.name, owner.offset, words[i], (uint64_t)i * 8);
    }
}

void frame_debug_allocated(uint64_t address, uint64_t frames)
{
    if (!CONFIG_DEBUG) return;
    for (; frames; frames--, address += PAGE_BYTES)
        if (mask_take(poison_word(address), frame_index(address) % 64)) check_poison(address);
}

void frame_double_free(uint64_t address, const void *caller)
{
    struct symbol second, first;
    symbol_find((uint64_t)caller, &second);
    bool is_live = count_read(&group_of(address)->count[block_index(address)]) & COUNT_LIVE;
    if (CONFIG_DEBUG && is_live && mask_has(poison_word(address), frame_index(address) % 64)) {
        const uint64_t *words = direct_map(PADDR(address));
        symbol_find(words[0], &first);
        panic("free of frame 0x%lx, which is free, by %s+0x%lx; first freed by %s+0x%lx", address,
              second.name, second.offset, first.name, first.offset);
    }
    panic("free of frame 0x%lx, which is not in use, by %s+0x%lx", address, second.name, second.offset);
}
