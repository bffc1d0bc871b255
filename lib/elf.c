/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/elf.h"

#include "lib/string.h"

#define ELF_MAGIC "\177ELF"

enum {
    CLASS_64 = 2,
    DATA_LITTLE_ENDIAN = 1,
    VERSION_CURRENT = 1,
    OSABI_SYSTEM_V = 0,
    OSABI_LINUX = 3, /* what linkers write when there are indirect functions */
    TYPE_EXEC = 2,
    TYPE_DYN = 3,
    MACHINE_X86_64 = 62,
    PN_XNUM = 0xffff,

    PT_LOAD = 1,
    PT_INTERP = 3,
    PT_PHDR = 6,
    PT_TLS = 7,
    PT_GNU_STACK = 0x6474e551,
    PT_GNU_RELRO = 0x6474e552,

    PF_X = 1,
    PF_W = 2,
    PF_R = 4,

    ALIGN_MAX = GIANT_BYTES,
};

struct elf_header {
    uint8_t ident[16]; /* magic, class, data, version, OS ABI, ABI version, zeros */
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_bytes, program_entry_bytes, program_count;
    uint16_t section_entry_bytes, section_count, section_names;
};
_Static_assert(sizeof(struct elf_header) == ELF_HEADER_BYTES, "fixed by the format");

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical_address, file_bytes, memory_bytes, align;
};
_Static_assert(sizeof(struct program_header) == ELF_PROGRAM_HEADER_BYTES, "fixed by the format");

struct image {
    const uint8_t *bytes;
    uint64_t size;
    struct elf_header header;
};

/* All checks below return the reason, or NULL when there is nothing to complain about. */

static const char *check_ident(const uint8_t ident[16])
{
    if (memcmp(ident, ELF_MAGIC, 4) != 0) return "not an ELF file";
    if (ident[4] != CLASS_64) return "not a 64-bit ELF file";
    if (ident[5] != DATA_LITTLE_ENDIAN) return "not a little-endian ELF file";
    if (ident[6] != VERSION_CURRENT) return "an unknown ELF version";
    if (ident[7] != OSABI_SYSTEM_V && ident[7] != OSABI_LINUX) return "made for another operating system";
    return NULL;
}

static const char *check_header(const struct image *image)
{
    const struct elf_header *header = &image->header;
    const char *problem = check_ident(header->ident);
    if (problem) return problem;
    if (header->machine != MACHINE_X86_64) return "made for another processor";
    if (header->type != TYPE_EXEC && header->type != TYPE_DYN)
        return "neither a program nor position-independent";
    if (header->version != VERSION_CURRENT) return "an unknown ELF version";
    if (header->flags != 0) return "unknown processor flags";
    if (header->header_bytes != sizeof(struct elf_header)) return "a wrong ELF header size";
    if (header->program_entry_bytes != sizeof(struct program_header)) return "a wrong program header size";
    if (header->program_count == 0) return "no program headers";
    if (header->program_count == PN_XNUM || header->program_count > ELF_PROGRAM_HEADERS_MAX)
        return "too many program headers";
    if (header->program_offset < sizeof *header) return "program headers that overlap the ELF header";
    if (header->program_offset % 8 != 0) return "program headers that are not aligned";
    uint64_t table_bytes = header->program_count * sizeof(struct program_header);
    if (header->program_offset > image->size || table_bytes > image->size - header->program_offset)
        return "program headers outside the file";
    return NULL;
}

static struct program_header read_program_header(const struct image *image, uint32_t index)
{
    struct program_header header;
    memcpy(&header, image->bytes + image->header.program_offset + index * sizeof header, sizeof header);
    return header;
}

/* ---- one segment at a time ---- */

static const char *check_file_part(const struct image *image, const struct program_header *ph)
{
    if (ph->offset > image->size || ph->file_bytes > image->size - ph->offset)
        return "a segment outside the file";
    return NULL;
}

static const char *check_memory_part(const struct program_header *ph)
{
    uint64_t end;
    if (ph->file_bytes > ph->memory_bytes) return "a segment larger in the file than in memory";
    if (add_overflows(ph->address, ph->memory_bytes, &end)) return "a segment that wraps around";
    if (end > ELF_USER_END) return "a segment above user memory";
    return NULL;
}

static const char *check_align(const struct program_header *ph)
{
    if (ph->align > 1 && !is_power_of_two(ph->align)) return "a segment's alignment that is no power of two";
    if (ph->align > ALIGN_MAX) return "a segment's alignment that is absurd";
    return NULL;
}

static const char *check_load(const struct image *image, const struct program_header *ph)
{
    const char *problem = check_file_part(image, ph);
    if (!problem) problem = check_memory_part(ph);
    if (!problem) problem = check_align(ph);
    if (problem) return problem;
    if (image->header.type == TYPE_EXEC && ph->address < ELF_USER_FIRST) return "a segment in the first page";
    /* Nothing of a segment without file contents is taken from its offset. */
    if (ph->file_bytes > 0 && (ph->address - ph->offset) % (ph->align > 1 ? ph->align : 1) != 0)
        return "a segment whose offset and address do not agree with its alignment";
    if (ph->file_bytes > 0 && !is_aligned(ph->address - ph->offset, PAGE_BYTES))
        return "a segment whose offset and address differ within the page";
    return NULL;
}

static const char *add_load(struct elf_program *out, const struct image *image,
                            const struct program_header *ph)
{
    if (ph->memory_bytes == 0 && ph->file_bytes == 0) return NULL;
    const char *problem = check_load(image, ph);
    if (problem) return problem;
    if (out->segment_count == ELF_SEGMENTS_MAX) return "too many segments";
    if (out->segment_count > 0) {
        const struct elf_segment *last = &out->segments[out->segment_count - 1];
        uint64_t last_end = last->address + last->memory_bytes;
        if (ph->address < last->address) return "segments that are not in ascending order";
        if (align_down(ph->address, PAGE_BYTES) < align_up(last_end, PAGE_BYTES))
            return "two segments in one page";
    }
    out->segments[out->segment_count++] = (struct elf_segment){
        .address = ph->address,
        .memory_bytes = ph->memory_bytes,
        .file_offset = ph->offset,
        .file_bytes = ph->file_bytes,
        .is_readable = ph->flags & PF_R,
        .is_writable = ph->flags & PF_W,
        .is_executable = ph->flags & PF_X,
    };
    out->align = MAX(out->align, ph->align);
    return NULL;
}

static const char *add_interpreter(struct elf_program *out, const struct image *image,
                                   const struct program_header *ph)
{
    if (out->interpreter) return "two interpreters";
    const char *problem = check_file_part(image, ph);
    if (problem) return problem;
    const char *path = (const char *)image->bytes + ph->offset;
    if (ph->file_bytes > ELF_INTERPRETER_MAX + 1) return "an interpreter's path that is too long";
    if (ph->file_bytes < 2 || path[ph->file_bytes - 1] != '\0')
        return "an interpreter's path that is malformed";
    out->interpreter = path;
    return NULL;
}

static const char *add_tls(struct elf_program *out, const struct image *image,
                           const struct program_header *ph)
{
    if (out->tls.align) return "two TLS segments";
    const char *problem = check_file_part(image, ph);
    if (!problem) problem = check_memory_part(ph);
    if (!problem) problem = check_align(ph);
    if (problem) return problem;
    out->tls = (struct elf_tls){
        .address = ph->address,
        .file_bytes = ph->file_bytes,
        .memory_bytes = ph->memory_bytes,
        .align = MAX(ph->align, 1ull),
    };
    return NULL;
}

static const char *add_relro(struct elf_program *out, const struct program_header *ph)
{
    if (out->relro_bytes) return "two RELRO segments";
    const char *problem = check_memory_part(ph);
    if (problem) return problem;
    out->relro = ph->address;
    out->relro_bytes = ph->memory_bytes;
    return NULL;
}

static const char *add_program_header(struct elf_program *out, const struct image *image,
                                      const struct program_header *ph)
{
    switch (ph->type) {
    case PT_LOAD: return add_load(out, image, ph);
    case PT_INTERP: return add_interpreter(out, image, ph);
    case PT_TLS: return add_tls(out, image, ph);
    case PT_GNU_RELRO: return add_relro(out, ph);
    case PT_GNU_STACK: out->is_stack_executable = ph->flags & PF_X; return NULL;
    case PT_PHDR:
        if (out->headers) return "two program header segments";
        if (ph->offset != image->header.program_offset)
            return "a program header segment elsewhere than the headers";
        out->headers = ph->address;
        return NULL;
    default: return NULL; /* notes, unwinding tables, the dynamic section: the program's own matter */
    }
}

/* ---- the whole ---- */

/* The segment whose pages hold [address, address + bytes). */
static const struct elf_segment *segment_with(const struct elf_program *program, uint64_t address,
                                              uint64_t bytes)
{
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        uint64_t end = align_up(segment->address + segment->memory_bytes, PAGE_BYTES);
        if (address >= segment->address && address <= end && bytes <= end - address) return segment;
    }
    return NULL;
}

/* Where the program headers end up in memory; 0 when no segment loads them. */
static uint64_t find_headers(const struct elf_program *program, const struct elf_header *header)
{
    uint64_t offset = header->program_offset;
    uint64_t bytes = header->program_count * sizeof(struct program_header);
    for (uint32_t i = 0; i < program->segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if (offset < segment->file_offset || offset - segment->file_offset > segment->file_bytes) continue;
        if (bytes > segment->file_bytes - (offset - segment->file_offset)) continue;
        return segment->address + (offset - segment->file_offset);
    }
    return 0;
}

static const char *check_program(struct elf_program *out, const struct elf_header *header)
{
    if (out->segment_count == 0) return "nothing to load";
    const struct elf_segment *entered = segment_with(out, out->entry, 1);
    if (!entered || !entered->is_executable || out->entry - entered->address >= entered->memory_bytes)
        return "an entry point outside the executable segments";
    uint64_t headers = find_headers(out, header);
    if (out->headers && out->headers != headers) return "a program header segment that is not loaded";
    out->headers = headers;
    if (out->tls.file_bytes > 0 && !segment_with(out, out->tls.address, out->tls.file_bytes))
        return "a TLS image outside the segments";
    if (out->relro_bytes > 0) {
        const struct elf_segment *segment = segment_with(out, out->relro, out->relro_bytes);
        if (!segment || !segment->is_writable) return "a RELRO segment outside the writable segments";
    }
    const struct elf_segment *last = &out->segments[out->segment_count - 1];
    out->first = align_down(out->segments[0].address, PAGE_BYTES);
    out->bytes = align_up(last->address + last->memory_bytes, PAGE_BYTES) - out->first;
    return NULL;
}

static const char *parse(const struct image *image, struct elf_program *out)
{
    const char *problem = check_header(image);
    for (uint32_t i = 0; i < image->header.program_count && !problem; i++) {
        struct program_header ph = read_program_header(image, i);
        problem = add_program_header(out, image, &ph);
    }
    return problem ? problem : check_program(out, &image->header);
}

err_t elf_parse(const void *bytes, uint64_t size, struct elf_program *out, const char **why)
{
    struct image image = { .bytes = bytes, .size = size };
    if (size < sizeof image.header) {
        *why = "too short for an ELF file";
        return ERR_EXEC_FORMAT;
    }
    memcpy(&image.header, bytes, sizeof image.header);

    /* Not cleared as a whole: most of it is the segment array. */
    out->segment_count = 0;
    out->is_position_independent = image.header.type == TYPE_DYN;
    out->is_stack_executable = false;
    out->entry = image.header.entry;
    out->align = PAGE_BYTES;
    out->headers = 0;
    out->header_count = image.header.program_count;
    out->tls = (struct elf_tls){ 0 };
    out->relro = out->relro_bytes = 0;
    out->interpreter = NULL;
    *why = parse(&image, out);
    return *why ? ERR_EXEC_FORMAT : OK;
}
