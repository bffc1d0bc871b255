/* SPDX-License-Identifier: Apache-2.0 */
/* One good program, and what happens when one of its fields is something else. */
#include "lib/bits.h"
#include "lib/elf.h"
#include "tests/harness/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGE_BYTES = 0x3000 };

/* Program headers of the good program, in order. */
enum { PHDR, CODE, DATA, TLS, RELRO, STACK, HEADERS };

/* Offsets in the ELF header and in a program header. */
enum {
    E_TYPE = 16,
    E_MACHINE = 18,
    E_VERSION = 20,
    E_ENTRY = 24,
    E_PHOFF = 32,
    E_FLAGS = 48,
    E_EHSIZE = 52,
    E_PHENTSIZE = 54,
    E_PHNUM = 56
};
enum { P_TYPE = 0, P_FLAGS = 4, P_OFFSET = 8, P_VADDR = 16, P_FILESZ = 32, P_MEMSZ = 40, P_ALIGN = 48 };

static uint8_t image[IMAGE_BYTES];
static struct elf_program program;
static const char *why;
static int refused;

static uint8_t *header_of(int index) { return image + 64 + index * 56; }

static void put_header(int index, uint32_t type, uint32_t flags, uint64_t offset, uint64_t address,
                       uint64_t file_bytes, uint64_t memory_bytes, uint64_t align)
{
    uint8_t *at = header_of(index);
    store_u32(at + P_TYPE, type);
    store_u32(at + P_FLAGS, flags);
    store_u64(at + P_OFFSET, offset);
    store_u64(at + P_VADDR, address);
    store_u64(at + P_VADDR + 8, address);
    store_u64(at + P_FILESZ, file_bytes);
    store_u64(at + P_MEMSZ, memory_bytes);
    store_u64(at + P_ALIGN, align);
}

static void build(void)
{
    memset(image, 0, sizeof image);
    memcpy(image, "\177ELF\2\1\1", 7);
    store_u16(image + E_TYPE, 2);
    store_u16(image + E_MACHINE, 62);
    store_u32(image + E_VERSION, 1);
    store_u64(image + E_ENTRY, 0x400800);
    store_u64(image + E_PHOFF, 64);
    store_u16(image + E_EHSIZE, 64);
    store_u16(image + E_PHENTSIZE, 56);
    store_u16(image + E_PHNUM, HEADERS);
    put_header(PHDR, 6, 4, 64, 0x400040, 56 * HEADERS, 56 * HEADERS, 8);
    put_header(CODE, 1, 5, 0, 0x400000, 0x1000, 0x1000, 0x1000);
    put_header(DATA, 1, 6, 0x1100, 0x402100, 0x1000, 0x5000, 0x1000);
    put_header(TLS, 7, 4, 0x1100, 0x402100, 0x20, 0x60, 16);
    put_header(RELRO, 0x6474e552, 4, 0x1100, 0x402100, 0xf00, 0xf00, 1);
    put_header(STACK, 0x6474e551, 6, 0, 0, 0, 0, 16);
}

static err_t parse_bytes(size_t size)
{
    uint8_t *copy = malloc(size ? size : 1); /* of the exact size, guarded by the sanitizer */
    memcpy(copy, image, size);
    why = "";
    err_t e = elf_parse(copy, size, &program, &why);
    free(copy);
    return e;
}

static void expect_refused_size(size_t size, const char *reason)
{
    EXPECT_ERR(parse_bytes(size), ERR_EXEC_FORMAT);
    EXPECT_STR(why, reason);
    refused++;
}
static void expect_refused(const char *reason) { expect_refused_size(sizeof image, reason); }

static void put(uint8_t *at, int bytes, uint64_t value) { memcpy(at, &value, (size_t)bytes); }

/* The good program with one field changed. */
static void expect_field_refused(uint8_t *at, int bytes, uint64_t value, const char *reason)
{
    build();
    put(at, bytes, value);
    expect_refused(reason);
}

TEST(a_program_is_taken_apart)
{
    build();
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT(!program.is_position_independent && !program.is_stack_executable && !program.interpreter);
    EXPECT_EQ(program.entry, 0x400800);
    EXPECT_EQ(program.first, 0x400000);
    EXPECT_EQ(program.bytes, 0x8000);
    EXPECT_EQ(program.align, 4096);
    EXPECT_EQ(program.headers, 0x400040);
    EXPECT_EQ(program.header_count, HEADERS);
    EXPECT_EQ(program.segment_count, 2);
    const struct elf_segment *data = &program.segments[1];
    EXPECT(data->is_readable && data->is_writable && !data->is_executable);
    EXPECT(program.segments[0].is_executable && !program.segments[0].is_writable);
    EXPECT(data->address == 0x402100 && data->memory_bytes == 0x5000);
    EXPECT(data->file_offset == 0x1100 && data->file_bytes == 0x1000);
    EXPECT(program.tls.address == 0x402100 && program.tls.file_bytes == 0x20);
    EXPECT(program.tls.memory_bytes == 0x60 && program.tls.align == 16);
    EXPECT(program.relro == 0x402100 && program.relro_bytes == 0xf00);
}

TEST(variants_that_linkers_make_are_accepted)
{
    build();
    image[7] = 3; /* OS ABI: Linux, because of indirect functions */
    EXPECT_OK(parse_bytes(sizeof image));
    build();
    store_u32(header_of(STACK) + P_FLAGS, 7);
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT(program.is_stack_executable);
    build();
    put_header(DATA, 1, 6, 0x2345, 0x402100, 0, 0x5000, 0); /* zeros only: the offset says nothing */
    store_u64(header_of(TLS) + P_FILESZ, 0);
    EXPECT_OK(parse_bytes(sizeof image));
    build();
    put_header(RELRO, 1, 6, 0, 0, 0, 0, 0x1000); /* an empty segment */
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT_EQ(program.segment_count, 2);
    build();
    store_u32(header_of(PHDR) + P_TYPE, 0); /* without PT_PHDR the segments tell */
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT_EQ(program.headers, 0x400040);
    build();
    store_u64(header_of(CODE) + P_ALIGN, 0x200000);
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT_EQ(program.align, 0x200000);
}

TEST(a_position_independent_program_may_start_at_zero)
{
    build();
    store_u16(image + E_TYPE, 3);
    store_u64(image + E_ENTRY, 0x800);
    store_u64(header_of(CODE) + P_VADDR, 0);
    store_u64(header_of(PHDR) + P_VADDR, 64);
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT(program.is_position_independent);
    EXPECT_EQ(program.first, 0);
    EXPECT_EQ(program.headers, 64);
}

TEST(the_path_of_an_interpreter_is_told)
{
    build();
    memcpy(image + 0x900, "/lib/ld.so", 11);
    put_header(STACK, 3, 4, 0x900, 0x400900, 11, 11, 1);
    why = "";
    EXPECT_OK(elf_parse(image, sizeof image, &program, &why));
    EXPECT_STR(program.interpreter, "/lib/ld.so");
    EXPECT_EQ(program.segment_count, 2);
}

TEST(a_segment_may_be_writable_and_executable)
{
    build();
    store_u32(header_of(DATA) + P_FLAGS, 7);
    EXPECT_OK(parse_bytes(sizeof image));
    EXPECT(program.segments[1].is_writable && program.segments[1].is_executable);
}

TEST(files_that_are_cut_off_are_refused)
{
    refused = 0;
    build();
    for (size_t size = 0; size < 64; size++) expect_refused_size(size, "too short for an ELF file");
    for (size_t size = 64; size < 64 + 56 * HEADERS; size += 13)
        expect_refused_size(size, "program headers outside the file");
    for (size_t size = 64 + 56 * HEADERS; size < 0x2100; size += 331)
        expect_refused_size(size, "a segment outside the file");
    expect_refused_size(0x20ff, "a segment outside the file");
    EXPECT_OK(parse_bytes(0x2100));
    test_note("elf: %d cut-off files refused", refused);
}

TEST(wrong_header_fields_are_refused)
{
    refused = 0;
    for (int i = 0; i < 4; i++) expect_field_refused(image + i, 1, 0, "not an ELF file");
    expect_field_refused(image, 4, 0x0a2f2123, "not an ELF file");
    expect_field_refused(image + 4, 1, 1, "not a 64-bit ELF file");
    expect_field_refused(image + 4, 1, 0, "not a 64-bit ELF file");
    expect_field_refused(image + 5, 1, 2, "not a little-endian ELF file");
    expect_field_refused(image + 5, 1, 0, "not a little-endian ELF file");
    expect_field_refused(image + 6, 1, 0, "an unknown ELF version");
    expect_field_refused(image + 6, 1, 2, "an unknown ELF version");
    static const uint8_t systems[] = { 1, 2, 6, 9, 12, 97, 255 };
    for (size_t i = 0; i < ARRAY_LENGTH(systems); i++)
        expect_field_refused(image + 7, 1, systems[i], "made for another operating system");
    static const uint16_t types[] = { 0, 1, 4, 0xfe00, 0xffff };
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        expect_field_refused(image + E_TYPE, 2, types[i], "neither a program nor position-independent");
    static const uint16_t machines[] = { 0, 3, 40, 183, 243, 63, 0xffff };
    for (size_t i = 0; i < ARRAY_LENGTH(machines); i++)
        expect_field_refused(image + E_MACHINE, 2, machines[i], "made for another processor");
    expect_field_refused(image + E_VERSION, 4, 0, "an unknown ELF version");
    expect_field_refused(image + E_VERSION, 4, 0x101, "an unknown ELF version");
    for (int bit = 0; bit < 32; bit += 7)
        expect_field_refused(image + E_FLAGS, 4, 1u << bit, "unknown processor flags");
    static const uint16_t sizes[] = { 0, 52, 63, 65, 128, 0xffff };
    for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
        expect_field_refused(image + E_EHSIZE, 2, sizes[i], "a wrong ELF header size");
        expect_field_refused(image + E_PHENTSIZE, 2, sizes[i], "a wrong program header size");
    }
    expect_field_refused(image + E_PHNUM, 2, 0, "no program headers");
    static const uint16_t counts[] = { 129, 1000, 0x7fff, 0xfffe, 0xffff };
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++)
        expect_field_refused(image + E_PHNUM, 2, counts[i], "too many program headers");
    for (uint64_t offset = 0; offset < 64; offset += 8)
        expect_field_refused(image + E_PHOFF, 8, offset, "program headers that overlap the ELF header");
    static const uint64_t offsets[] = { IMAGE_BYTES, IMAGE_BYTES - 56 * HEADERS + 8, 1ull << 32, 1ull << 63,
                                        UINT64_MAX - 7 };
    for (size_t i = 0; i < ARRAY_LENGTH(offsets); i++)
        expect_field_refused(image + E_PHOFF, 8, offsets[i], "program headers outside the file");
    for (uint64_t shift = 1; shift < 8; shift++)
        expect_field_refused(image + E_PHOFF, 8, 64 + shift, "program headers that are not aligned");
    static const uint64_t entries[] = {
        0, 1, 0x3fffff, 0x401000, 0x402100, 0x800000, UINT64_MAX, 1ull << 63
    };
    for (size_t i = 0; i < ARRAY_LENGTH(entries); i++)
        expect_field_refused(image + E_ENTRY, 8, entries[i],
                             "an entry point outside the executable segments");
    test_note("elf: %d wrong header fields refused", refused);
}

TEST(wrong_segments_are_refused)
{
    refused = 0;
    for (int i = CODE; i <= DATA; i++) {
        uint8_t *at = header_of(i);
        static const uint64_t outside[] = { IMAGE_BYTES - 1, IMAGE_BYTES + 1, 1ull << 32, 1ull << 63,
                                            UINT64_MAX };
        for (size_t k = 0; k < ARRAY_LENGTH(outside); k++) {
            expect_field_refused(at + P_OFFSET, 8, outside[k], "a segment outside the file");
            if (outside[k] > IMAGE_BYTES)
                expect_field_refused(at + P_FILESZ, 8, outside[k], "a segment outside the file");
        }
        expect_field_refused(at + P_MEMSZ, 8, 0, "a segment larger in the file than in memory");
        expect_field_refused(at + P_MEMSZ, 8, 0xfff, "a segment larger in the file than in memory");
        expect_field_refused(at + P_MEMSZ, 8, UINT64_MAX, "a segment that wraps around");
        expect_field_refused(at + P_VADDR, 8, UINT64_MAX - 0x100, "a segment that wraps around");
        expect_field_refused(at + P_MEMSZ, 8, ELF_USER_END, "a segment above user memory");
        expect_field_refused(at + P_MEMSZ, 8, 1ull << 62, "a segment above user memory");
        expect_field_refused(at + P_VADDR, 8, ELF_USER_END, "a segment above user memory");
        expect_field_refused(at + P_VADDR, 8, ELF_USER_END - 0xfff, "a segment above user memory");
        expect_field_refused(at + P_VADDR, 8, 1ull << 63, "a segment above user memory");
        expect_field_refused(at + P_VADDR, 8, 0xffff800000000000, "a segment above user memory");
        static const uint64_t odd_aligns[] = { 3, 0xfff, 0x1001, 0x3000, UINT64_MAX, (1ull << 63) + 1 };
        for (size_t k = 0; k < ARRAY_LENGTH(odd_aligns); k++)
            expect_field_refused(at + P_ALIGN, 8, odd_aligns[k],
                                 "a segment's alignment that is no power of two");
        expect_field_refused(at + P_ALIGN, 8, 1ull << 31, "a segment's alignment that is absurd");
        expect_field_refused(at + P_ALIGN, 8, 1ull << 63, "a segment's alignment that is absurd");
    }
    expect_field_refused(header_of(CODE) + P_VADDR, 8, 0, "a segment in the first page");
    expect_field_refused(header_of(CODE) + P_VADDR, 8, 0xfff, "a segment in the first page");
    expect_field_refused(header_of(DATA) + P_OFFSET, 8, 0x1101,
                         "a segment whose offset and address do not agree with its alignment");
    expect_field_refused(header_of(DATA) + P_ALIGN, 8, 0x2000,
                         "a segment whose offset and address do not agree with its alignment");
    build();
    store_u64(header_of(DATA) + P_ALIGN, 0x10);
    store_u64(header_of(DATA) + P_OFFSET, 0x1110);
    expect_refused("a segment whose offset and address differ within the page");
    build();
    store_u64(header_of(DATA) + P_ALIGN, 0);
    store_u64(header_of(DATA) + P_OFFSET, 0x1101);
    expect_refused("a segment whose offset and address differ within the page");
    test_note("elf: %d wrong segments refused", refused);
}

TEST(segments_in_disorder_are_refused)
{
    refused = 0;
    build();
    put_header(CODE, 1, 6, 0x1100, 0x402100, 0x1000, 0x5000, 0x1000);
    put_header(DATA, 1, 5, 0, 0x400000, 0x1000, 0x1000, 0x1000);
    expect_refused("segments that are not in ascending order");
    expect_field_refused(header_of(DATA) + P_VADDR, 8, 0x400100, "two segments in one page");
    expect_field_refused(header_of(CODE) + P_MEMSZ, 8, 0x2001, "two segments in one page");
    expect_field_refused(header_of(CODE) + P_MEMSZ, 8, 0x10000, "two segments in one page");
    build();
    store_u32(header_of(CODE) + P_TYPE, 0);
    store_u32(header_of(DATA) + P_TYPE, 0);
    expect_refused("nothing to load");
    build();
    store_u32(header_of(CODE) + P_FLAGS, 4);
    expect_refused("an entry point outside the executable segments");
    build();
    store_u16(image + E_PHNUM, 40);
    for (int i = 0; i < 40; i++)
        put_header(i, 1, 4, 0, 0x400000 + 0x1000ull * (uint64_t)i, 0x1000, 0x1000, 0x1000);
    expect_refused("too many segments");
    test_note("elf: %d disordered programs refused", refused);
}

TEST(wrong_auxiliary_headers_are_refused)
{
    refused = 0;
    uint8_t *tls = header_of(TLS), *relro = header_of(RELRO), *phdr = header_of(PHDR);
    expect_field_refused(tls + P_OFFSET, 8, IMAGE_BYTES, "a segment outside the file");
    expect_field_refused(tls + P_FILESZ, 8, UINT64_MAX, "a segment outside the file");
    expect_field_refused(tls + P_MEMSZ, 8, 0x1f, "a segment larger in the file than in memory");
    expect_field_refused(tls + P_MEMSZ, 8, UINT64_MAX, "a segment that wraps around");
    expect_field_refused(tls + P_VADDR, 8, 1ull << 63, "a segment above user memory");
    expect_field_refused(tls + P_ALIGN, 8, 24, "a segment's alignment that is no power of two");
    expect_field_refused(tls + P_ALIGN, 8, 1ull << 40, "a segment's alignment that is absurd");
    static const uint64_t outside[] = { 0x1000, 0x3fffff, 0x401000, 0x402000, 0x407ff0, 0x408000, 0x500000 };
    for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) {
        expect_field_refused(tls + P_VADDR, 8, outside[i], "a TLS image outside the segments");
        expect_field_refused(relro + P_VADDR, 8, outside[i], "a RELRO segment outside the writable segments");
    }
    expect_field_refused(relro + P_VADDR, 8, 0x400000, "a RELRO segment outside the writable segments");
    expect_field_refused(relro + P_MEMSZ, 8, 0x6000, "a RELRO segment outside the writable segments");
    expect_field_refused(relro + P_MEMSZ, 8, 0xeff, "a segment larger in the file than in memory");
    expect_field_refused(relro + P_MEMSZ, 8, UINT64_MAX, "a segment that wraps around");
    expect_field_refused(phdr + P_OFFSET, 8, 0, "a program header segment elsewhere than the headers");
    expect_field_refused(phdr + P_OFFSET, 8, 120, "a program header segment elsewhere than the headers");
    expect_field_refused(phdr + P_VADDR, 8, 0x400048, "a program header segment that is not loaded");
    expect_field_refused(phdr + P_VADDR, 8, 0x402040, "a program header segment that is not loaded");
    static const struct {
        int copy;
        const char *why;
    } doubles[] = { { PHDR, "two program header segments" },
                    { TLS, "two TLS segments" },
                    { RELRO, "two RELRO segments" } };
    for (size_t i = 0; i < ARRAY_LENGTH(doubles); i++) {
        build();
        memcpy(header_of(STACK), header_of(doubles[i].copy), 56);
        expect_refused(doubles[i].why);
    }
    test_note("elf: %d wrong auxiliary headers refused", refused);
}

TEST(wrong_interpreters_are_refused)
{
    refused = 0;
    static const struct {
        uint64_t offset, bytes;
        const char *why;
    } bad[] = {
        { 0x900, 0, "an interpreter's path that is malformed" },
        { 0x900, 1, "an interpreter's path that is malformed" },
        { 0x900, 10, "an interpreter's path that is malformed" },
        { 0x900, 4097, "an interpreter's path that is too long" },
        { 0x900, UINT64_MAX, "a segment outside the file" },
        { IMAGE_BYTES - 5, 6, "a segment outside the file" },
        { UINT64_MAX, 1, "a segment outside the file" },
    };
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        build();
        memcpy(image + 0x900, "/lib/ld.so", 11);
        put_header(STACK, 3, 4, bad[i].offset, 0x400900, bad[i].bytes, bad[i].bytes, 1);
        expect_refused(bad[i].why);
    }
    build();
    memcpy(image + 0x900, "/lib/ld.so", 11);
    put_header(STACK, 3, 4, 0x900, 0x400900, 11, 11, 1);
    put_header(RELRO, 3, 4, 0x900, 0x400900, 11, 11, 1);
    expect_refused("two interpreters");
    test_note("elf: %d wrong interpreters refused", refused);
}

/* ---- what compilers really make ---- */

static err_t parse_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) return ERR_NOT_FOUND;
    fseek(f, 0, SEEK_END);
    size_t size = (size_t)ftell(f);
    uint8_t *bytes = malloc(size + 1);
    rewind(f);
    size = fread(bytes, 1, size, f);
    fclose(f);
    why = "";
    err_t e = elf_parse(bytes, size, &program, &why);
    program.interpreter = NULL; /* it pointed into the file */
    free(bytes);
    return e;
}

TEST(programs_of_the_installed_compilers_are_accepted)
{
    static const struct {
        const char *compiler, *options;
        bool is_position_independent;
    } builds[] = {
        { "gcc", "-static", false },      { "gcc", "-static-pie -fPIE", true },
        { "musl-gcc", "-static", false }, { "musl-gcc", "-static-pie -fPIE -Wl,--no-dynamic-linker", true },
        { "clang-19", "-static", false }, { "gcc", "", true },
        { "gcc", "-no-pie", false },      { "musl-gcc", "", true },
    };
    char folder[] = "/tmp/elf_test.XXXXXX", command[512], path[64];
    EXPECT(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/out", folder);
    for (size_t i = 0; i < ARRAY_LENGTH(builds); i++) {
        snprintf(command, sizeof command,
                 "command -v %s >/dev/null && echo 'static _Thread_local int x = 1; int main(void) { return "
                 "x; }' | "
                 "%s %s -x c - -o %s 2>/dev/null",
                 builds[i].compiler, builds[i].compiler, builds[i].options, path);
        if (system(command) != 0) {
            test_note("skipped: %s %s does not build here", builds[i].compiler, builds[i].options);
            continue;
        }
        EXPECT_OK(parse_file(path));
        EXPECT_EQ(program.is_position_independent, builds[i].is_position_independent);
        EXPECT(program.headers != 0 && program.tls.align != 0 && !program.is_stack_executable);
        unlink(path);
    }
    rmdir(folder);
}

TEST(programs_installed_here_are_well_formed)
{
    static const char *const paths[] = { "/proc/self/exe", "/bin/sh", "/bin/ls", "/usr/bin/env" };
    for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
        err_t e = parse_file(paths[i]);
        if (failed(e)) test_fail(__FILE__, __LINE__, "%s: %s", paths[i], why);
    }
}
