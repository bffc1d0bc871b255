/* SPDX-License-Identifier: Apache-2.0 */
/* What a program may do with the pages of the vDSO: write to a copy, move them, take them away. Prints what went
 * wrong, or "done". Built against a C library that looks the vDSO up, which is not called once it is gone. */
#define _GNU_SOURCE
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, RWX = PROT_READ | PROT_WRITE | PROT_EXEC };

static void expect(int holds, const char *what)
{
    if (holds) return;
    printf("not so: %s\n", what);
    exit(1);
}
#define EXPECT(condition) expect(condition, #condition)

typedef int get_time(clockid_t clock, struct timespec *out);

/* The strongest symbol of that name; the tables themselves are tried by tests/conformance/vdso.c. */
static uintptr_t offset_of(const char *file, const char *name)
{
    const Elf64_Phdr *headers = (const Elf64_Phdr *)(file + ((const Elf64_Ehdr *)file)->e_phoff);
    const Elf64_Dyn *d = NULL;
    const Elf64_Sym *symbols = NULL;
    const char *strings = NULL;
    for (int i = 0; i < ((const Elf64_Ehdr *)file)->e_phnum; i++)
        if (headers[i].p_type == PT_DYNAMIC) d = (const Elf64_Dyn *)(file + headers[i].p_vaddr);
    for (; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB) symbols = (const Elf64_Sym *)(file + d->d_un.d_ptr);
        if (d->d_tag == DT_STRTAB) strings = file + d->d_un.d_ptr;
    }
    for (symbols++; strcmp(strings + symbols->st_name, name); symbols++) {}
    return symbols->st_value;
}

int main(void)
{
    char *code = (char *)getauxval(AT_SYSINFO_EHDR), *data = code - PAGE;
    uintptr_t offset = offset_of(code, "__vdso_clock_gettime");
    struct timespec before, now;
    char first[PAGE];
    EXPECT(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    memcpy(first, code, PAGE);

    EXPECT(mprotect(code, PAGE, RWX) == 0);
    code[PAGE - 1] = 'x';
    EXPECT(!memcmp(code, first, PAGE - 1) && code[PAGE - 1] == 'x');
    EXPECT(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0);
    EXPECT(((get_time *)(code + offset))(CLOCK_MONOTONIC, &now) == 0);
    EXPECT(now.tv_sec > before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec));

    char *room = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(mremap(data, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room) == room);
    EXPECT(mremap(code, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room + PAGE) == room + PAGE);
    EXPECT(((get_time *)(room + PAGE + offset))(CLOCK_MONOTONIC, &before) == 0);
    EXPECT(before.tv_sec > now.tv_sec || (before.tv_sec == now.tv_sec && before.tv_nsec >= now.tv_nsec));
    EXPECT(madvise(room, 2 * PAGE, MADV_DONTNEED) == 0);
    EXPECT(((get_time *)(room + PAGE + offset))(CLOCK_REALTIME, &now) == 0 && room[2 * PAGE - 1] == 0);

    EXPECT(munmap(room, 2 * PAGE) == 0);
    unsigned char present;
    EXPECT(mincore(room, PAGE, &present) == -1);
    puts("done");
    fflush(stdout);
    _exit(0);
}
