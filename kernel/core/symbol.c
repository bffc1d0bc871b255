/* SPDX-License-Identifier: Apache-2.0 */
#include "core/symbol.h"

/* The .symbols section: how many functions and how many pairs; for each function the distance of its
 * start from the one before (16 bits; the first one's from kernel_start); the pairs; and the names
 * as codes of one byte, each name ended by a 0. Small codes are characters, the others stand for two
 * codes: names made of the same few words take half the room. Empty in the first of the two links
 * that make the image. */
enum { FIRST_CHARACTER = '.', LAST_CHARACTER = 'z', LITERALS = LAST_CHARACTER - FIRST_CHARACTER + 1 };

extern const uint16_t symbols_start[], symbols_end[];
extern const char kernel_start[], kernel_text_end[];

struct expansion {
    const uint8_t (*pairs)[2];
    char *out;
    size_t used;
};

/* A pair is made of earlier codes, so the recursion ends; it is as deep as a word has doublings. */
static void expand(struct expansion *e, uint8_t code)
{
    if (code > LITERALS) {
        expand(e, e->pairs[code - LITERALS - 1][0]);
        expand(e, e->pairs[code - LITERALS - 1][1]);
    } else if (e->used < SYMBOL_NAME_MAX - 1) {
        e->out[e->used++] = (char)(code - 1 + FIRST_CHARACTER);
    }
}

bool symbol_find(uint64_t address, struct symbol *out)
{
    *out = (struct symbol){ .name = "?" };
    if (&symbols_start[0] == &symbols_end[0]) return false;
    if (address >= (uint64_t)kernel_text_end) return false;
    uint32_t function_count = symbols_start[0], pair_count = symbols_start[1], found = 0;
    const uint16_t *distances = &symbols_start[2];
    uint64_t start = (uint64_t)kernel_start;
    while (found < function_count && start + distances[found] <= address) start += distances[found++];
    if (found == 0) return false;
    out->offset = address - start;

    struct expansion e = { .pairs = (const void *)&distances[function_count], .out = out->name };
    const uint8_t *codes = e.pairs[pair_count];
    for (uint32_t ends = 1; ends < found; codes++) ends += *codes == 0;
    for (; *codes; codes++) expand(&e, *codes);
    out->name[e.used] = '\0';
    return true;
}
