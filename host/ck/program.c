/* SPDX-License-Identifier: Apache-2.0 */
#include "host/ck/program.h"

#include <elf.h>
#include <string.h>

#include "host/ck/report.h"

static const char *judge(const void *bytes, uint64_t count)
{
    Elf64_Ehdr header;
    if (count >= 2 && memcmp(bytes, "#!", 2) == 0)
        return "a script; put it and its interpreter into a --rootfs, and name the interpreter";
    if (count < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0) return "not an ELF program";
    if (count < sizeof header) return "an ELF program cut off inside its header";
    memcpy(&header, bytes, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return "a 32-bit program; the kernel runs 64-bit ones";
    if (header.e_machine != EM_X86_64) return "a program for another processor than x86-64";
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN) return "an ELF file that is no program";
    return NULL;
}

bool program_check(const void *bytes, uint64_t count, const char *path)
{
    const char *why = judge(bytes, count);
    if (why) report("%s: %s", path, why);
    return !why;
}
