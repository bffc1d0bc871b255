/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the bytes: a program that is accepted can be mapped as it says. */
#include "lib/elf.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(const struct elf_program *p, size_t size)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < p->segment_count; i++) {
        const struct elf_segment *s = &p->segments[i];
        ASSERT(s->memory_bytes > 0 && s->file_bytes <= s->memory_bytes);
        ASSERT(s->file_offset <= size && s->file_bytes <= size - s->file_offset);
        ASSERT(s->address < ELF_USER_END && s->memory_bytes <= ELF_USER_END - s->address);
        ASSERT(p->is_position_independent || s->address >= ELF_USER_FIRST);
        ASSERT(s->file_bytes == 0 || is_aligned(s->address - s->file_offset, PAGE_BYTES));
        ASSERT(i == 0 || align_down(s->address, PAGE_BYTES) >= end);
        end = align_up(s->address + s->memory_bytes, PAGE_BYTES);
        ASSERT(s->address >= p->first && end <= p->first + p->bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct elf_program p;
    const char *why = NULL;
    err_t e = elf_parse(data, size, &p, &why);
    if (failed(e)) {
        ASSERT(e.code == ERR_EXEC_FORMAT.code && why != NULL);
        return 0;
    }
    ASSERT(p.segment_count > 0 && p.segment_count <= ELF_SEGMENTS_MAX);
    ASSERT(p.header_count > 0 && p.header_count <= ELF_PROGRAM_HEADERS_MAX);
    ASSERT(is_power_of_two(p.align) && p.align >= PAGE_BYTES && p.align <= GIANT_BYTES);
    ASSERT(is_aligned(p.first, PAGE_BYTES) && is_aligned(p.bytes, PAGE_BYTES));
    ASSERT(p.first + p.bytes <= ELF_USER_END && p.entry >= p.first && p.entry < p.first + p.bytes);
    ASSERT(p.tls.align == 0 || (is_power_of_two(p.tls.align) && p.tls.file_bytes <= p.tls.memory_bytes));
    ASSERT(p.relro_bytes == 0 || (p.relro >= p.first && p.relro_bytes <= p.bytes));
    check_segments(&p, size);
    if (p.interpreter) ASSERT(strlen(p.interpreter) <= ELF_INTERPRETER_MAX);
    return 0;
}
