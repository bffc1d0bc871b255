/* SPDX-License-Identifier: Apache-2.0 */
#include "core/symbol.h"

/* The .symbols section: a count, `count` entries sorted by address, then NUL-terminated names.
 * Empty in the first of the two links that make the image. */
struct symbol_entry {
    uint32_t address; /* relative to kernel_start */
    uint32_t name;    /* relative to the first name */
};
extern const uint32_t symbols_start[], symbols_end[];
extern const char kernel_start[], kernel_text_end[];

const char *symbol_name(uint64_t address, uint64_t *offset)
{
    if (&symbols_start[0] == &symbols_end[0]) return NULL;
    if (address < (uint64_t)kernel_start || address >= (uint64_t)kernel_text_end) return NULL;
    uint32_t count = symbols_start[0], wanted = (uint32_t)(address - (uint64_t)kernel_start);
    const struct symbol_entry *entries = (const void *)(symbols_start + 1);
    const char *names = (const char *)(entries + count);

    uint32_t low = 0, high = count; /* entries[low - 1].address <= wanted < entries[high].address */
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (entries[middle].address <= wanted) low = middle + 1;
        else high = middle;
    }
    if (low == 0) return NULL;
    *offset = wanted - entries[low - 1].address;
    return names + entries[low - 1].name;
}
