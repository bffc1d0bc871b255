/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder beside LLVM's disassembler (libLLVM-19, by its C interface), over random words of every
 * encoding and over compiled kernels: both must agree on what is legal, on size, mnemonic and operands. */
#include "host/ckdev/gfx9/isa.h"
#include "tests/gfx9/machine.h"
#include "tests/harness/test.h"

#include <dlfcn.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

enum { PER_OPCODE = 400, SHOWN_MAX = 40 };

typedef size_t disassemble_fn(void *context, uint8_t *bytes, uint64_t size, uint64_t pc, char *text,
                              size_t room);

static disassemble_fn *llvm_disassemble;
static void *llvm_context;

static bool llvm_open(void)
{
    if (llvm_context) return true;
    void *library = dlopen("libLLVM.so.19.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) return false;
    static const char *const starts[] = { "LLVMInitializeAMDGPUTargetInfo", "LLVMInitializeAMDGPUTargetMC",
                                          "LLVMInitializeAMDGPUDisassembler" };
    for (unsigned k = 0; k < ARRAY_LENGTH(starts); k++) {
        void (*start)(void) = (void (*)(void))dlsym(library, starts[k]);
        if (!start) return false;
        start();
    }
    void *(*create)(const char *, const char *, void *, int, void *, void *) =
        (void *(*)(const char *, const char *, void *, int, void *, void *))dlsym(library,
                                                                                  "LLVMCreateDisasmCPU");
    llvm_disassemble = (disassemble_fn *)dlsym(library, "LLVMDisasmInstruction");
    llvm_context = create ? create("amdgcn-amd-amdhsa", "gfx900", NULL, 0, NULL, NULL) : NULL;
    return llvm_context && llvm_disassemble;
}

/* One space between words, none at the ends, no comments. */
static void tidy(const char *from, char *to)
{
    char *start = to;
    for (; *from && *from != ';' && !(from[0] == '/' && from[1] == '/'); from++) {
        bool blank = *from == ' ' || *from == '\t' || *from == '\n';
        if (!blank)
            *to++ = *from;
        else if (to > start && to[-1] != ' ')
            *to++ = ' ';
    }
    while (to > start && to[-1] == ' ') to--;
    *to = 0;
}

static uint64_t seed = 42;
static uint32_t random_u32(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 32);
}

static unsigned compared, differences, illegal_in_both;

/* What one of the two may see differently, with the reason. */
static bool is_known_difference(const char *ours, const char *theirs)
{
    if (strstr(theirs, "/*Invalid")) return true; /* LLVM prints what it knows to be wrong */
    if (strncmp(ours, "s_sendmsg", 9) == 0)
        return strncmp(theirs, "s_sendmsg", 9) == 0; /* graphics' messages */
    if (strncmp(ours, "ds_swizzle", 10) == 0)
        return strncmp(theirs, "ds_swizzle", 10) == 0; /* names of patterns */
    if (strcmp(ours, "illegal") != 0) return false;
    if (strncmp(theirs, "flat_", 5) == 0 && strstr(theirs, "offset:")) return true; /* more than 12 bits */
    static const char *const theirs_alone[] = {
        "/* Invalid",          /* the same, of DPP */
        "v_cvt_pkrtz_f16_f32", /* its output modifiers */
        "_e64 src_",           /* a result written to a constant */
        "row_newbcast",
        "v_interp",        /* graphics */
        "null",            /* a register that only later chips have */
        ":103]",           /* SGPRs end at 101 */
        "v_readfirstlane", /* from other than a VGPR, to other than an SGPR */
        "v_swap_b32",      /* the same */
        "v_cvt_pk_u8_f32", /* sign extension, which VOP3 has not */
        ", src_",          /* as a mask */
    };
    for (unsigned k = 0; k < ARRAY_LENGTH(theirs_alone); k++)
        if (strstr(theirs, theirs_alone[k])) return true;
    return false;
}

/* LLVM 19 crashes on these: SDWA with a seventh part of a register. */
static bool is_sdwa_of_no_part(const uint32_t words[4])
{
    bool sdwa = words[0] >> 31 == 0 && (words[0] & 0x1ff) == 249;
    return sdwa && ((words[1] >> 8 & 7) == 7 || (words[1] >> 16 & 7) == 7 || (words[1] >> 24 & 7) == 7);
}

static void compare(const uint32_t words[4])
{
    if (is_sdwa_of_no_part(words)) return;
    char raw[512] = "", theirs[512], ours[GFX9_TEXT_BYTES], ours_tidy[512];
    size_t size = llvm_disassemble(llvm_context, (uint8_t *)words, 16, 0, raw, sizeof raw);
    unsigned our_size = gfx9_disassemble(words, ours);
    tidy(size ? raw : "illegal", theirs);
    tidy(ours, ours_tidy);
    compared++;
    illegal_in_both += size == 0 && our_size == 0;
    if ((size == our_size && strcmp(theirs, ours_tidy) == 0) || is_known_difference(ours_tidy, theirs))
        return;
    if (differences++ < SHOWN_MAX)
        test_note("%08x %08x: \"%s\" (%u), LLVM: \"%s\" (%zu)", words[0], words[1], ours_tidy, our_size,
                  theirs, size);
}

/* Words of an encoding: `first` with random bits everywhere but where `fixed` says. */
static void compare_encoding(uint32_t first, uint32_t fixed, unsigned opcode_low, unsigned opcodes)
{
    for (unsigned opcode = 0; opcode < opcodes; opcode++)
        for (unsigned k = 0; k < PER_OPCODE; k++) {
            uint32_t words[4] = { random_u32(), random_u32(), random_u32(), random_u32() };
            uint32_t mask = fixed | (opcodes - 1) << opcode_low;
            words[0] = (words[0] & ~mask) | first | opcode << opcode_low;
            compare(words);
        }
}

static void expect_agreement(void)
{
    test_note("%u compared, %u illegal to both, %u differ", compared, illegal_in_both, differences);
    EXPECT_EQ(differences, 0);
    compared = differences = illegal_in_both = 0;
}

#define AGREES(name, first, fixed, low, count)                                         \
    TEST(random_words_of_##name##_are_read_as_llvm_reads_them)                         \
    {                                                                                  \
        if (!llvm_open()) test_fail(__FILE__, __LINE__, "libLLVM.so.19.1 is missing"); \
        if (llvm_context) compare_encoding(first, fixed, low, count);                  \
        expect_agreement();                                                            \
    }
AGREES(sop1, 0xbe800000, 0xff800000, 8, 256)
AGREES(sop2, 0x80000000, 0xc0000000, 23, 128)
AGREES(sopc, 0xbf000000, 0xff800000, 16, 128)
AGREES(sopp, 0xbf800000, 0xff800000, 16, 128)
AGREES(sopk, 0xb0000000, 0xf0000000, 23, 32)
AGREES(smem, 0xc0000000, 0xfc000000, 18, 256)
AGREES(vop1, 0x7e000000, 0xfe000000, 9, 256)
AGREES(vop2, 0x00000000, 0x80000000, 25, 64)
AGREES(vopc, 0x7c000000, 0xfe000000, 17, 256)
AGREES(vop3, 0xd0000000, 0xfc000000, 16, 1024)
AGREES(ds, 0xd8000000, 0xfc000000, 17, 256)
AGREES(flat, 0xdc000000, 0xfc000000, 18, 128)
AGREES(mubuf, 0xe0000000, 0xfc000000, 18, 128)
AGREES(mtbuf, 0xe8000000, 0xfc000000, 15, 16)

TEST(compiled_kernels_are_read_as_llvm_reads_them)
{
    static const char *const objects[] = { "build/gfx9/kernels-O3.hsaco", "build/gfx9/kernels-O0.hsaco" };
    for (unsigned k = 0; llvm_open() && k < ARRAY_LENGTH(objects); k++) {
        struct machine *m = machine_create();
        EXPECT(machine_load(m, objects[k]));
        const Elf64_Ehdr *header = (const void *)m->object;
        const Elf64_Shdr *sections = (const void *)(m->object + header->e_shoff);
        for (unsigned s = 0; s < header->e_shnum; s++) {
            if (!(sections[s].sh_flags & SHF_EXECINSTR)) continue;
            uint64_t left = sections[s].sh_size / 4;
            for (const uint32_t *at = (const void *)(m->object + sections[s].sh_offset); left > 0;) {
                uint32_t words[4] = { 0 };
                char text[GFX9_TEXT_BYTES];
                memcpy(words, at, MIN(left, 4ull) * 4);
                compare(words);
                unsigned step = MAX(gfx9_disassemble(words, text) / 4, 1u);
                at += step, left -= MIN(left, step);
            }
        }
        machine_destroy(m);
    }
    EXPECT(compared > 1000);
    expect_agreement();
}
